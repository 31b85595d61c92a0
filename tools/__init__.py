"""The maintainers' scripts. Run them from the root, as in ``python -m tools.notebooks normalise book``."""
