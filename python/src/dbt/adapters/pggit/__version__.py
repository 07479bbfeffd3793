"""Version of the adapter; its first two numbers are those of the dbt-adapters that it is made for."""

version = "1.11.0"
