"""The judge outside the sandbox: it holds the tests, and receives plain data only."""
