"""Make the samples that ship in ``cnncourse/data/samples`` from the full sets.

    CNNCOURSE_DATA=… python tools/samples.py

The same images in the same order come out every time: ``ImageSet.take`` with seed 0. The packed file may
differ in a few bytes where another zlib packs it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnncourse.data import entry, load, names
from cnncourse.errors import DataError

FOLDER = Path(__file__).resolve().parents[1] / "cnncourse" / "data" / "samples"


def sample(name: str) -> dict[str, NDArray[np.uint8]]:
    """Draw the sample of one set.

    Returns:
        ``train_images`` and ``test_images``, uint8 (n, c, h, w); ``train_labels`` and ``test_labels``, uint8
        (n,).

    Raises:
        DataError: the full set is not on this machine.
    """
    arrays: dict[str, NDArray[np.uint8]] = {}
    for split, size in entry(name).sample.items():
        full = load(name, split)
        if full.source.kind != "full":
            raise DataError(
                f"{name}: expected the full set, got the {full.source.variant} — set CNNCOURSE_DATA"
            )
        part = full.take(size, seed=0)
        arrays[f"{split}_images"] = part.images.numpy()
        arrays[f"{split}_labels"] = part.labels.numpy().astype(np.uint8)
    return arrays


def main() -> None:
    """Write every sample and say how large it is."""
    FOLDER.mkdir(exist_ok=True)
    for name in [name for name in names() if entry(name).sample]:
        path = FOLDER / f"{name}.npz"
        np.savez_compressed(path, allow_pickle=False, **sample(name))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
