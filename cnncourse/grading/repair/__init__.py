"""From the bytes that a student handed in to a notebook that can be graded.

``parse`` reads them, ``matching`` recognises the instructor's cells among them, ``repair`` mends the rest.
"""
