"""Measuring: recorded histories, how long a build takes, how right it is. Nothing that dbt runs needs it."""
