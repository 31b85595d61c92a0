"""Exactly what enters the sandbox. Nothing here imports the judge, the records or an assignment."""
