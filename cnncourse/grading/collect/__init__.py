"""From an archive of a learning platform to submissions: whose each file is, and when it was handed in.

``archive`` lists files, ``filenames`` understands what they are called, ``submissions`` brings them into
nbgrader's folders.
"""
