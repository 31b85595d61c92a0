"""The samples that ship with the course, so that everything runs with no network and no download.

``tools/samples.py`` makes them: the first images that ``ImageSet.take`` deals with seed 0, every class with
its share. The licences and credits are in ``samples/ATTRIBUTION.txt``.
"""

from importlib.resources import files

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.data.registry import Entry, Split
from cnncourse.data.sources import DataSource


def sample_source(entry: Entry) -> DataSource | None:
    """The shipped sample of a set, or None when it has none.

    Example:
        >>> from cnncourse.data.registry import entry
        >>> sample_source(entry("mnist")).variant
        'sample of 5,000 + 1,000'
        >>> sample_source(entry("cifar10")) is None
        True
    """
    if not entry.sample:
        return None

    def read(split: Split) -> Arrays:
        with (
            (files("cnncourse.data") / "samples" / f"{entry.name}.npz").open("rb") as file,
            np.load(file) as stored,
        ):
            return stored[f"{split}_images"], stored[f"{split}_labels"].astype(np.int64)

    variant = f"sample of {entry.sample['train']:,} + {entry.sample['test']:,}"
    return DataSource("sample", variant, "the package", {**entry.sample}, read, lambda split: "")
