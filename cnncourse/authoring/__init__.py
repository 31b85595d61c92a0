"""What an author's folder needs: notebooks in one stored form, the rules they keep, the students' versions.

``clean`` and ``rules`` know notebooks, ``released`` adds the last step to nbgrader's, and ``students`` makes
the students' versions. They need what ``pip install "cnncourse[grade]"`` installs.
"""
