"""From the bytes that a student handed in to a notebook that can be graded: read, match, mend."""
