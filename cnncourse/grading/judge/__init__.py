"""The judge outside the sandbox: it holds the tests, and receives plain data only.

``client`` has what other rooms call, ``grade_submission``. It starts a ``server``, which forks for each
submission and does what ``grade_one`` says: ``student`` runs the student's cells, ``plan`` takes the
instructor's notebook apart, ``judge`` runs its tests with a ``proxy`` for each answer, and ``cell_reports``
says what came of it.
"""
