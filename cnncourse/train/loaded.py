"""The batches of a reader's own DataLoader, whatever they are made of."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.train.hardware import rng
from cnncourse.train.targets import Labels, check_labels, classes_of


class Loaded:
    """The batches of a DataLoader, taken as they come and moved to the device.

    The loader decides order, size and transforms. Its images must be floating point and standardised already.

    Args:
        loader: yields (images, labels).
        device: where the batches go.

    On several processes each needs a loader with its own part: give it torch's ``DistributedSampler``.

    Raises:
        ArgumentError: the loader is empty, or does not know its length.
    """

    def __init__(self, loader: DataLoader[Any], device: torch.device) -> None:
        try:
            steps, self.images = len(loader), len(loader.dataset)  # type: ignore[arg-type]
        except TypeError:
            raise ArgumentError(
                "the DataLoader has no length, so an epoch has no end — give it a dataset with __len__"
            ) from None
        if steps == 0:
            raise ArgumentError("the DataLoader is empty: expected at least one batch, got 0")
        self._loader, self._device, self._classes = loader, device, -1
        self._first: Labels | None = None

    def __len__(self) -> int:
        return len(self._loader)

    def sample(self) -> Tensor:
        """Return two images of a first batch, leaving every random generator as it was."""
        return self.plain(2)

    def plain(self, most: int) -> Tensor:
        """Return the images of a first batch as the loader gives them."""
        before = rng.get_state()
        try:
            images, self._first = next(self.epoch())
        except (TypeError, RuntimeError) as error:  # of the reader's data set or of what makes its batches
            said = str(error).splitlines()[0]
            raise ArgumentError(f"the DataLoader cannot make its first batch: {said}") from error
        finally:
            rng.set_state(before)
        return images[:most]

    def smallest(self) -> int | None:
        """Return the number of images in the last batch, which may be short; None if the loader hides it."""
        size = self._loader.batch_size
        if size is None:  # a batch sampler of the reader's own
            return None
        if self._loader.drop_last:
            return size
        return self.images % size or size

    def expect(self, classes: int) -> None:
        """Check the labels of the batch that was looked at, and of every batch from now on."""
        self._classes = classes
        if isinstance(self._first, Tensor):
            check_labels(self._first, classes)

    def epoch(
        self, generator: torch.Generator | None = None, number: int = 0
    ) -> Iterator[tuple[Tensor, Labels]]:
        """Yield the loader's batches; its own sampler decides the order, so the generator is not used."""
        for batch in self._loader:
            images, labels = pair(batch)
            if self._classes >= 0:
                check_labels(labels, self._classes)
            yield images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)


def pair(batch: Any) -> tuple[Tensor, Tensor]:
    """Take a loader's batch for what it should be, or say what it is.

    Args:
        batch: images, floating point, and labels as ``targets.classes_of`` takes them.

    Returns:
        The images, and the labels in the form that training uses.

    Raises:
        ShapeError: the images are not floating point, or are not tensors.
        ArgumentError: the batch is no pair, or the labels do not fit.

    Example:
        >>> pair({"image": torch.zeros(2, 1, 4, 4), "label": torch.zeros(2)})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: a DataLoader's batch must be a pair (images, labels), got a dict of
            'image', 'label'...
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise ArgumentError(
            f"a DataLoader's batch must be a pair (images, labels), got {_described(batch)} — let the "
            "dataset return two things, or give the DataLoader a collate_fn that does"
        )
    images, labels = batch
    if not isinstance(images, Tensor) or not isinstance(labels, Tensor):
        raise ShapeError(
            f"a DataLoader's images and labels must be tensors, got {_described(images)} and "
            f"{_described(labels)} — let the dataset return a tensor and a number"
        )
    if not images.is_floating_point():
        raise ShapeError(
            f"a DataLoader's images must be floating point, got {images.dtype} — add "
            "v2.ToDtype(torch.float32, scale=True) and v2.Normalize to its transforms"
        )
    return images, classes_of(labels, len(images))


def _described(value: Any) -> str:
    """Say what something is, in a few words."""
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} of {', '.join(repr(key) for key in value)}"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    length = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{length}"
