"""How good a net is on a set of images: loss, accuracy, confusion matrix, and every answer it gave."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import runtime
from cnncourse.augment.crop import crop, pad
from cnncourse.errors import ArgumentError
from cnncourse.train.batches import Batches, ImageData, batches
from cnncourse.train.hardware.precision import precision as halved
from cnncourse.train.look import device_of, evaluating, match
from cnncourse.train.targets import main_class

TTA = ("none", "mirror", "mirror-shift")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a net answered on a set of images.

    Attributes:
        loss: mean cross-entropy, in nats.
        accuracy: share of the images that were right, 0 to 1.
        confusion: counts, int64, shape (k, k): the row is the true class, the column the answer.
        logits: the net's outputs, float32 on the CPU, shape (n, k), in the order of the images.
        predictions: the class with the largest logit, int64, shape (n,).
    """

    loss: float
    accuracy: float
    confusion: Tensor
    logits: Tensor
    predictions: Tensor


def evaluate(
    model: nn.Module,
    image_set: ImageData,
    *,
    batch_size: int = 1000,
    device: torch.device | str | None = None,
    tta: str = "none",
    precision: str = "float32",
) -> Evaluation:
    """Ask a net about every image of a set, without changing the net.

    The net works in evaluation mode and without gradients; each of its layers is put back in the mode it had.

    Args:
        model: maps images (b, c, h, w) to logits (b, k).
        image_set: an ``ImageSet``, or a DataLoader that does not shuffle.
        batch_size: images at a time; it changes speed and memory, not the result.
        device: where to work; None means where the net's weights are.
        tta: test-time augmentation. ``"mirror"`` averages the logits of each image and its mirror image;
            ``"mirror-shift"`` adds, at half the weight, the same of the image moved by one pixel up and to
            the left, and down and to the right. It takes 2 or 6 times as long.
        precision: of the computation, as in a ``Recipe``.

    Returns:
        An ``Evaluation``.

    Raises:
        ArgumentError: the set is empty, a label is not below k, or ``tta`` is unknown.
        ShapeError: the net cannot take the images, or does not return logits.

    Example:
        >>> from types import SimpleNamespace
        >>> tiny = SimpleNamespace(images=torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1),
        ...                        labels=torch.tensor([0, 1]), mean=(0.5,), std=(0.5,))
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
        >>> _ = net[1].weight.data.copy_(torch.tensor([[-1.0], [1.0]]))
        >>> evaluate(net, tiny).accuracy
        1.0

    Introduced in chapter 18; ``tta`` in chapter 20.

    Source: ``"mirror-shift"`` — Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU (2024), section 3.5.
    """
    if tta not in TTA:
        raise ArgumentError(f"tta expects one of {', '.join(TTA)}, got {tta!r}")
    home = runtime.device(device_of(model) if device is None else device)
    model.to(home)
    source = batches(image_set, batch_size, home)
    match(model, source)
    return ask(model, source, tta, halved(precision, home))


def ask(model: nn.Module, source: Batches, tta: str = "none", dtype: torch.dtype | None = None) -> Evaluation:
    """Do the work of ``evaluate`` on batches that are known to fit the net."""
    outputs, targets = [], []
    with evaluating(model), torch.no_grad():
        for images, labels in source.epoch():
            with torch.autocast(images.device.type, dtype, enabled=dtype is not None):
                outputs.append(views(model, images, tta).float())
            targets.append(main_class(labels))
    logits, labels = torch.cat(outputs), torch.cat(targets)
    predictions = logits.argmax(1)
    classes = logits.shape[1]
    confusion = torch.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)
    return Evaluation(
        loss=F.cross_entropy(logits, labels).item(),
        accuracy=int((predictions == labels).sum()) / len(labels),
        confusion=confusion.cpu(),
        logits=logits.cpu(),
        predictions=predictions.cpu(),
    )


def views(model: Callable[[Tensor], Tensor], images: Tensor, tta: str) -> Tensor:
    """Return the logits of images, averaged over several views of each.

    Args:
        model: maps images (b, c, h, w) to logits (b, k).
        images: standardised, shape (b, c, h, w).
        tta: which views, see ``evaluate``.

    Returns:
        Logits, shape (b, k).

    Example:
        >>> views(lambda x: x[:, 0, :, 0], torch.tensor([[[[1.0, 3.0]]]]), "mirror")
        tensor([[2.]])
    """
    if tta == "none":
        return model(images)
    logits = (model(images) + model(images.flip(-1))) / 2
    if tta == "mirror":
        return logits
    wide, size = pad(images, 1, "reflect"), (images.shape[2], images.shape[3])
    corners = [torch.full((len(images),), place, device=images.device) for place in (0, 2)]
    moved = [views(model, crop(wide, corner, corner, size), "mirror") for corner in corners]
    return logits / 2 + (moved[0] + moved[1]) / 4
