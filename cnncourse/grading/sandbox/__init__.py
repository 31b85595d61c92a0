"""The walls round students' programs, seen from outside.

``spawner`` starts a student's process, in ``bubblewrap`` or else in a ``container``; ``watchdog`` ends what
uses too much; ``provisioner`` puts the same walls round a Jupyter kernel, for nbgrader's own commands.
"""
