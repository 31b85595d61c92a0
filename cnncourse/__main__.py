"""``python -m cnncourse`` and ``torchrun -m cnncourse``: the same as the command ``cnncourse``."""

from cnncourse.cli import main

if __name__ == "__main__":
    main()
