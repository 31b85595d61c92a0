"""From an archive of a learning platform to submissions: which file is whose, and when it was handed in."""
