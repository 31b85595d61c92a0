"""What happened while a net was trained, an epoch a row: kept, compared, written to JSON."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from cnncourse.errors import ArgumentError, DataError
from cnncourse.files import given_path


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a training run.

    Attributes:
        epoch: its number, from 1.
        train_loss: mean loss over the training images, measured while the weights were moving.
        train_accuracy: share of the training images that were right, 0 to 1, measured likewise.
        val_loss: mean loss over the validation images after the epoch, or None without a validation set.
        val_accuracy: share of the validation images that were right, 0 to 1, or None.
        lr: the learning rate of the epoch's last step.
        seconds: time for the epoch with its validation, in seconds.

    Example:
        >>> EpochRecord(1, 0.3, 0.9, 0.2, 0.95, 1e-3, 4.0).val_accuracy
        0.95
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    lr: float
    seconds: float


@dataclass
class History:
    """The epochs of one training run, in order.

    Attributes:
        epochs: one record for each epoch that was finished.
        stopped: how the run ended: ``"finished"``, ``"early"`` (nothing better for too long),
            ``"interrupted"``, ``"diverged"`` or ``"failed"`` (by an error).
        saving: time that went into checkpoints, in seconds; it belongs to no epoch and is not written down.

    Example:
        >>> history = History([EpochRecord(1, 0.3, 0.9, 0.2, 0.95, 1e-3, 4.0)])
        >>> history.best.epoch, len(history)
        (1, 1)

    Introduced in chapter 18.
    """

    epochs: list[EpochRecord] = field(default_factory=list)
    stopped: str = "finished"
    saving: float = field(default=0.0, compare=False)

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def best(self) -> EpochRecord:
        """The epoch to keep: highest validation accuracy, and of equals the lowest validation loss.

        Where nothing was validated, the lowest training loss decides.

        Raises:
            ArgumentError: no epoch was finished.
        """
        if not self.epochs:
            raise ArgumentError(
                "a History without a finished epoch has no best one — train for at least one epoch"
            )
        return max(self.epochs, key=_merit)

    @property
    def seconds(self) -> float:
        """The time of all epochs together, in seconds."""
        return sum(record.seconds for record in self.epochs)

    def to_dict(self) -> dict[str, Any]:
        """Return the history as plain data that JSON can hold.

        Example:
            >>> History().to_dict()
            {'stopped': 'finished', 'epochs': []}
        """
        return {"stopped": self.stopped, "epochs": [dataclasses.asdict(record) for record in self.epochs]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild a history from what ``to_dict`` gave.

        Raises:
            DataError: a field is missing or unknown.

        Example:
            >>> History.from_dict(History().to_dict()) == History()
            True
        """
        try:
            return cls([EpochRecord(**record) for record in data["epochs"]], data["stopped"])
        except (KeyError, TypeError) as error:
            raise DataError(f"this is not a History: {error}") from None

    def to_json(self, path: str | Path) -> None:
        """Write the history to a JSON file.

        Example:
            >>> history.to_json("lenet.json")  # doctest: +SKIP
        """
        given_path("path", path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Read a history that ``to_json`` wrote.

        Raises:
            DataError: the file is not there, is not JSON, or holds something else.

        Example:
            >>> History.from_json("lenet.json").best  # doctest: +SKIP
        """
        try:
            data = json.loads(given_path("path", path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"there is no file {path}") from None
        except ValueError as error:
            raise DataError(f"{path} is not a JSON file: {error}") from None
        if not isinstance(data, dict):
            raise DataError(
                f"{path} does not hold a History: expected an object, got a {type(data).__name__}"
            )
        return cls.from_dict(data)


def _merit(record: EpochRecord) -> tuple[float, float]:
    if record.val_accuracy is None or record.val_loss is None:
        return 0.0, -record.train_loss
    return record.val_accuracy, -record.val_loss
