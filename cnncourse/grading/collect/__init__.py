"""From an archive of a learning platform to submissions: whose each file is, and when it was handed in.

::

    archive ──▶ entries ──▶ claims ──▶ owners ──▶ submissions
                             │           │ roster: the instructor's list
      platforms, sidecars ───┤           │ identities: who was who in earlier imports
      filenames, folders ────┘
                                         times: when it was handed in

``archive`` lists files. ``claims`` asks what each says of its owner: ``platforms`` is the table of what
learning platforms write, ``sidecars`` reads what they put beside; ``filenames``, ``folders`` know the rest.
``owners`` gives files to students, or to nobody. ``submissions`` brings them into nbgrader's folders.
"""
