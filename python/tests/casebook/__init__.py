"""Small histories as files (`python/tests/cases/*.sql`): recorded, built, and compared with what was true."""
