"""All that enters the sandbox: it imports no test, no record and no assignment.

``limits`` holds a process to what it may use; ``forkserver`` forks one for each submission, which
``namespaces`` and ``seccomp`` shut off; ``executor`` runs its cells, and ``agent`` answers the judge over the
``wire``.
"""
