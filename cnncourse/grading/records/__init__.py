"""What is left of a verdict: gradebook, feedback pages, tables and statistics."""
