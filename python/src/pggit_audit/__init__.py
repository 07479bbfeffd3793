"""Rebuilds the schema history that pgGit v1 recorded, and runs what dbt cannot: servers, loads, cutover."""
