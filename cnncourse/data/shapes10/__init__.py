"""The drawn set: shapes10 needs no file at all."""
