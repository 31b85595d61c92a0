"""Batches for training and evaluation: a whole image set on the device, or the reader's own DataLoader."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cnncourse.augment import Augmented, Setting, keyed, pipeline
from cnncourse.augment.step import Table, rows
from cnncourse.data import standardiser
from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.stand_in import mention
from cnncourse.train.hardware.distributed import Processes
from cnncourse.train.loaded import Loaded
from cnncourse.train.targets import Labels, check_labels, classes_of


class LabelledImages(Protocol):
    """What training needs of an image set; ``cnncourse.data.ImageSet`` has it.

    Attributes:
        images: the pictures, uint8, shape (n, c, h, w).
        labels: the class of each, int64, shape (n,).
        mean: mean of each channel over the training set, on the scale 0 to 1.
        std: standard deviation of each channel, likewise.
    """

    @property
    def images(self) -> Tensor:
        """The pictures."""

    @property
    def labels(self) -> Tensor:
        """Their classes."""

    @property
    def mean(self) -> Any:
        """Mean of each channel."""

    @property
    def std(self) -> Any:
        """Standard deviation of each channel."""


ImageData = LabelledImages | DataLoader[Any]


class Batches(Protocol):
    """Batches of standardised images and their labels, on the device."""

    images: int

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def sample(self) -> Tensor:
        """Return an image or two, as the net gets them, to try it on."""

    def plain(self, most: int) -> Tensor:
        """Return up to so many images without augmentation."""

    def smallest(self) -> int | None:
        """Return the number of images in the smallest batch of an epoch; None where nobody can tell."""

    def expect(self, classes: int) -> None:
        """Refuse labels from ``classes`` upwards, now or as soon as they come."""

    def epoch(
        self, generator: torch.Generator | None = None, number: int = 0
    ) -> Iterator[tuple[Tensor, Labels]]:
        """Yield the batches of an epoch, counted from 0; the generator, if there is one, orders them."""


class Resident:
    """An image set that lies on the device as bytes and is gathered a batch at a time.

    A byte a value is a quarter of the memory of floats: MNIST takes 47 MB, so all of it fits beside the net.
    A batch is then one gather and one multiplication, with no worker processes. The batches of an epoch
    differ by at most one image in size, so there is never a left-over batch of one, which batch normalisation
    could not use.

    Augmentation happens on the device, in bytes. What becomes of an image depends on the seed, the epoch and
    the image alone, so several processes together see exactly the batches of one.

    Args:
        source: the images and labels.
        batch_size: the largest number of images in a batch, of all processes together.
        device: where images and labels go.
        augment: augmentations as text, see ``augment.specs``.
        seed: their seed.
        drop_last: leave out the images that do not fill a batch.
        processes: the processes that share each batch.

    Raises:
        ArgumentError: the set is empty, an augmentation makes no sense, or a batch has fewer images than
            there are processes.
        ShapeError: images are not (n, c, h, w) bytes, or the labels do not match them.

    Introduced in chapter 18; chapter 21 measures it.
    """

    def __init__(
        self,
        source: LabelledImages,
        batch_size: int,
        device: torch.device,
        *,
        augment: Sequence[str] = (),
        seed: int = 0,
        drop_last: bool = False,
        processes: Processes | None = None,
    ) -> None:
        check_images(source.images, source.labels)
        self.images = len(source.images)
        self.batch_size, self._seed, self._processes = batch_size, seed, processes or Processes()
        self._drop = drop_last and self.images >= batch_size
        if self.images // len(self) < self._processes.size:
            raise ArgumentError(
                f"every batch expects an image for each of the {self._processes.size} processes, got batches "
                f"of {self.images // len(self)} — start fewer, or take a larger batch_size"
            )
        self._labels = classes_of(source.labels, self.images).to(device)
        self._standardised = standardiser(source.mean, source.std, device)
        self._pixels = source.images.to(device)
        height, width = self._pixels.shape[2:]
        mean = torch.as_tensor(source.mean, dtype=torch.float32).reshape(-1)
        colour = tuple((mean * 255).round().tolist())
        self._steps, self._mix = pipeline(augment, Setting((height, width), colour))
        self._augmented = Augmented(self._pixels, self._steps, seed=seed) if self._steps.steps else None
        self._mixture: tuple[int, Table] | None = None

    def __len__(self) -> int:
        return self.images // self.batch_size if self._drop else -(-self.images // self.batch_size)

    def sample(self) -> Tensor:
        """Return the first two images, augmented and standardised."""
        first = torch.arange(min(2, self.images), device=self._pixels.device)
        return self._standardised(self._look(first, 0))

    def plain(self, most: int) -> Tensor:
        """Return the first images, standardised."""
        return self._standardised(self._pixels[:most])

    def smallest(self) -> int:
        """Return the number of images in the smallest batch, of this process's part of it."""
        return self.images // len(self) // self._processes.size if not self._drop else self.batch_size

    def expect(self, classes: int) -> None:
        """Check that all labels are below ``classes``."""
        check_labels(self._labels, classes)

    def epoch(
        self, generator: torch.Generator | None = None, number: int = 0
    ) -> Iterator[tuple[Tensor, Labels]]:
        """Yield standardised float images (b, c, h, w) and labels (b,), shuffled if there is a generator."""
        order = (
            torch.arange(self.images)
            if generator is None
            else torch.randperm(self.images, generator=generator)
        )
        if self._drop:
            order = order[: len(self) * self.batch_size]
        for whole in order.to(self._pixels.device).tensor_split(len(self)):
            index = self._processes.shard(whole)
            images, labels = self._standardised(self._look(index, number)), self._labels[index]
            yield (images, labels) if self._mix is None else self._mixed(images, labels, index, number)

    def _look(self, index: Tensor, number: int) -> Tensor:
        """Return images as they look in one epoch, in bytes."""
        return self._pixels[index] if self._augmented is None else self._augmented.batch(index, number)

    def _mixed(self, images: Tensor, labels: Tensor, index: Tensor, number: int) -> tuple[Tensor, Labels]:
        """Mix images with their partners of this epoch, which may be any images of the whole set."""
        assert self._mix is not None
        if self._mixture is None or self._mixture[0] != number:
            dice = keyed(self._seed, number, place=len(self._steps.steps))
            height, width = images.shape[2:]
            table = self._mix.draw(self.images, (height, width), dice)
            self._mixture = number, {name: value.to(images.device) for name, value in table.items()}
        drawn = rows(self._mixture[1], index)
        partner = drawn.pop("partner")
        mixed = self._mix.apply(images, self._standardised(self._look(partner, number)), drawn)
        return mixed, self._mix.labels(labels, self._labels[partner], drawn)


def batches(source: ImageData, batch_size: int, device: torch.device, **options: Any) -> Batches:
    """Wrap an image set or a DataLoader, so that training need not know which it is.

    Args:
        source: an ``ImageSet``, anything with its four attributes, or a DataLoader.
        batch_size: images in a batch; a DataLoader has its own.
        device: where the batches are wanted.
        options: further ones of ``Resident``.

    Raises:
        ArgumentError: the source is neither, it is empty, or a DataLoader is to be augmented.
        ShapeError: images and labels do not fit together.

    Example:
        >>> from types import SimpleNamespace
        >>> tiny = SimpleNamespace(images=torch.zeros(5, 1, 2, 2, dtype=torch.uint8), labels=torch.arange(5),
        ...                        mean=(0.5,), std=(0.25,))
        >>> [(len(y), x[0, 0, 0, 0].item()) for x, y in batches(tiny, 2, torch.device("cpu")).epoch()]
        [(2, -2.0), (2, -2.0), (1, -2.0)]
    """
    mention(getattr(getattr(source, "source", None), "stand_in", ""))
    if isinstance(source, DataLoader):
        mention(getattr(getattr(source.dataset, "source", None), "stand_in", ""))
        if options.get("augment"):
            raise ArgumentError(
                "augment works on an image set; a DataLoader brings its own transforms, for example "
                "torchvision.transforms.v2 — leave augment empty"
            )
        return Loaded(source, device)
    if all(hasattr(source, name) for name in ("images", "labels", "mean", "std")):
        return Resident(source, batch_size, device, **options)
    raise ArgumentError(
        f"expected an image set of cnncourse.data or a DataLoader, got a {type(source).__name__} — wrap a "
        "torch Dataset as DataLoader(dataset, batch_size=…, shuffle=True)"
    )


def check_images(images: Tensor, labels: Tensor) -> None:
    """Check that an image set is one: bytes (n, c, h, w) with a label for each picture, and not empty.

    Raises:
        ArgumentError: there are no images.
        ShapeError: anything else is wrong.

    Example:
        >>> check_images(torch.zeros(2, 1, 4, 4), torch.tensor([0, 1]))
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: images must be uint8 (n, c, h, w), got torch.float32 (2, 1, 4, 4)
    """
    if images.ndim != 4 or images.dtype != torch.uint8:
        raise ShapeError(f"images must be uint8 (n, c, h, w), got {images.dtype} {tuple(images.shape)}")
    if len(images) == 0:
        raise ArgumentError("the image set is empty: expected at least one image, got 0")
    if labels.shape not in ((len(images),), (len(images), 1)) or labels.is_floating_point():
        raise ShapeError(
            f"labels must be whole numbers, one for each of the {len(images)} images, got {labels.dtype} "
            f"of shape {tuple(labels.shape)}"
        )
