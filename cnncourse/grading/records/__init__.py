"""What is left of a verdict, for the instructor and for the student.

nbgrader's ``gradebook``, with a ``backup`` before each run; the ``autograded`` notebook that formgrader
shows; the student's ``feedback`` page; tables (``exports``) and ``statistics``.
"""
