"""Many submissions: one ``task`` each, in this process or on a ``cluster``; ``runner`` hands them out.

What has a verdict in the ``journal`` is not graded again; the ``lock`` keeps a second run away.
"""
