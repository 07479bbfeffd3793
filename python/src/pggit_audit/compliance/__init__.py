"""What compliance reads and signs: the state of the audit layer on one page."""
