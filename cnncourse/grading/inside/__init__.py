"""All that enters the sandbox: it imports no test, no record and no assignment.

``limits`` holds a process to what it may use; ``forkserver`` forks one for each submission, which
``namespaces`` and ``seccomp`` shut off; ``executor`` runs its cells in a ``shell`` that is like Jupyter's,
with stand-ins for packages that are ``absent`` and for windows (``backends``); and ``agent`` answers the
judge over the ``wire``.
"""

NOTE = "note: "
"""Begins what is said of a cell that did not stop."""

LACKING = "_is_not_installed_in_the_grader"
"""Ends the class of what stands for a package that is not here: whoever prints the type sees why."""
