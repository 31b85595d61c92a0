"""Grading that can be trusted with strangers' code: a sandbox for their programs, a judge outside of it.

``command`` asks for it, ``intake`` takes in what a class has handed in, ``pipeline`` leads it through::

    a zip ── collect ──▶ one file a student
                              │
                 batch: one task each, in threads here or on a cluster; the journal keeps each verdict
                              │
                 judge/client ──▶ server: torch and tests are ready; a fork for each submission
                              │
              repair ──▶ the student's cells        plan ──▶ the instructor's tests
                              │                                 │
                              │                       judge: a proxy stands for each answer
                              │ cells                           │ calls ▲ results
    ┌─ sandbox ───────────────▼─────────── wire: data only ─────▼───────│──────────────────┐
    │  inside: fork server ──▶ executor runs the cells ──▶ agent calls what they define    │
    │  no tests, no answers, no network           (outside: spawner, watchdog, limits)     │
    └──────────────────────────────────────────────────────────────────────────────────────┘
                                                                │
                 records ◀── report: the verdict ◀── cell reports: passed, or why not
                    │
                 gradebook · graded notebook · feedback page · tables · statistics

A ``job`` is all that a verdict depends on but the submission: ``assignment``, limits, a sandbox or none. It
gives the verdict's key and the seed of hidden inputs. ``course`` is a class's folder, ``cells`` knows what
each cell is to nbgrader. Rooms import the rooms below them: the table is in ``tests/grading/test_rooms.py``.
"""
