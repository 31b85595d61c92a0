"""Read the official Python batches of CIFAR-10 and CIFAR-100 without trusting what is inside a pickle."""

import io
import pickle
from typing import Any

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.errors import DataError

_ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numbers, text and arrays; anything else could run code, so it is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def parse(data: bytes, shown: str, labels_key: str = "labels") -> Arrays:
    """Turn one official batch into arrays.

    A batch is a pickled dictionary: ``data`` has a row of 3,072 bytes for each image (red, green, blue; each
    by rows), ``labels`` or ``fine_labels`` a number for each.

    Args:
        data: the file's bytes.
        shown: the file's name in an error.
        labels_key: what the labels are called in it.

    Returns:
        Images uint8 (n, 3, 32, 32) and labels int64 (n,).

    Raises:
        DataError: this is not such a batch.

    Example:
        >>> rows = np.zeros((2, 3072), np.uint8)
        >>> images, labels = parse(pickle.dumps({b"data": rows, b"labels": [3, 5]}), "data_batch_1")
        >>> images.shape, labels.tolist()
        ((2, 3, 32, 32), [3, 5])

    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009); the layout is described
        on the page of the set.
    """
    try:
        batch = _ArraysOnly(io.BytesIO(data), encoding="bytes").load()
        images = np.asarray(batch[b"data"], dtype=np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch[labels_key.encode()], dtype=np.int64)
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise DataError(
            f"{shown}: expected a batch of CIFAR images, got something else ({error}) — delete it and load "
            "again, or copy it again"
        ) from None
    if len(images) != len(labels):
        raise DataError(
            f"{shown}: expected a label for each of {len(images):,} images, got {len(labels):,} labels"
        )
    return images, labels
