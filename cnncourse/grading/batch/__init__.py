"""Many submissions: one ``task`` each, handed out by ``runner`` to ``threads`` or to a ``cluster``.

What has a verdict in the ``journal`` is not graded again; the ``lock`` keeps a second run away.
"""
