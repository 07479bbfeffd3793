"""Random migrations: made up, recorded by the test tracker, rebuilt, and compared with what was true."""
