"""The samples that ship with the course, so that everything runs with no network and no download.

``tools/samples.py`` makes them: the first images that ``ImageSet.take`` deals with seed 0, every class with
its share. The licences and credits are in ``samples/ATTRIBUTION.txt``.
"""

from importlib.resources import files

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.data.registry import Entry, Split
from cnncourse.data.sources import Place

SIZES: dict[str, dict[Split, int]] = {
    "mnist": {"train": 5_000, "test": 1_000},
    "fashion_mnist": {"train": 2_000, "test": 500},
}
"""Images in each sample, by set and split."""


def sample_place(entry: Entry) -> Place | None:
    """The shipped sample of a set, or None when it has none.

    Example:
        >>> from cnncourse.data.registry import entry
        >>> sample_place(entry("mnist")).variant
        'sample of 5,000 + 1,000'
        >>> sample_place(entry("cifar10")) is None
        True
    """
    if entry.name not in SIZES:
        return None

    def read(split: Split) -> Arrays:
        with (
            (files("cnncourse.data") / "samples" / f"{entry.name}.npz").open("rb") as file,
            np.load(file) as stored,
        ):
            return stored[f"{split}_images"], stored[f"{split}_labels"].astype(np.int64)

    sizes = SIZES[entry.name]
    variant = f"sample of {sizes['train']:,} + {sizes['test']:,}"
    return Place("sample", variant, "the package", {**sizes}, read, lambda split: "")
