"""A whole training set on the device, from which augmented batches are gathered."""

from torch import Tensor

from cnncourse.augment.compose import Compose
from cnncourse.augment.crop import RandomCrop, crop, pad
from cnncourse.augment.step import Table, check_images, image_size, rows
from cnncourse.errors import ArgumentError


class Augmented:
    """Training images that come out of their pipeline a batch at a time.

    If the pipeline begins with a crop, the border is added once, when the set is built: a batch is then one
    gather from the padded bytes. CIFAR-10 with 4 pixels around it takes 240 MB.

    Which pictures come out depends on the seed, the epoch and the numbers of the images. On several devices
    each takes its part of the order, and together they show what one device would have shown.

    Args:
        images: the whole training set, uint8 or float, shape (n, c, h, w), on the device where batches are
            wanted.
        pipeline: what happens to each image.
        seed: the seed of the run.

    Raises:
        ShapeError: images is no batch.
        ArgumentError: pipeline is no ``Compose``.

    Example:
        >>> import torch
        >>> from cnncourse.augment import Compose, RandomCrop
        >>> pictures = torch.arange(5 * 64, dtype=torch.float32).reshape(5, 1, 8, 8)
        >>> augmented = Augmented(pictures, Compose(RandomCrop(8, padding=2)), seed=1)
        >>> both = augmented.batch(torch.tensor([4, 2]), epoch=0)
        >>> torch.equal(both[1:], augmented.batch(torch.tensor([2]), epoch=0))  # alone or in company
        True

    Introduced in chapter 19; chapter 21 measures it.
    """

    def __init__(self, images: Tensor, pipeline: Compose, *, seed: int = 0) -> None:
        check_images(images)
        if not isinstance(pipeline, Compose):
            raise ArgumentError(f"pipeline expects a Compose, got {pipeline!r} — wrap it: Compose(…)")
        self.pipeline, self.seed = pipeline, seed
        self._size, self._device, self._length = image_size(images), images.device, len(images)
        first = pipeline.steps[0] if pipeline.steps else None
        self._first = first if isinstance(first, RandomCrop) else None
        self._images = images if self._first is None else pad(images, self._first.padding, self._first.mode)
        self._rest = pipeline if self._first is None else Compose(*pipeline.steps[1:])
        self._epoch: int | None = None
        self._tables: list[Table] = []

    def __len__(self) -> int:
        return self._length

    def batch(self, index: Tensor, epoch: int) -> Tensor:
        """Return some images as they look in one epoch.

        Args:
            index: which images, int64, shape (b,).
            epoch: the epoch, from 0.

        Returns:
            Augmented images of the set's type, shape (b, c, h, w).
        """
        tables = self._of(epoch)
        if self._first is None:
            return self._rest.apply(self._images[index.to(self._device)], tables, index)
        place = rows(tables[0], index)
        window = crop(self._images, place["top"], place["left"], self._first.window, index)
        return self._rest.apply(window, tables[1:], index)

    def _of(self, epoch: int) -> list[Table]:
        if epoch != self._epoch:
            drawn = self.pipeline.draw(len(self), self._size, seed=self.seed, epoch=epoch)
            self._tables = [
                {name: values.to(self._device) for name, values in table.items()} for table in drawn
            ]
            self._epoch = epoch
        return self._tables
