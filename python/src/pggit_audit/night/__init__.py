"""The night of the move: what it takes to go from pgGit v1 to pggit_v0, and back."""
