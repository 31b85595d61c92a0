"""A training run as curves in TensorBoard, where that is installed."""

import dataclasses
from pathlib import Path

from cnncourse.errors import MissingDependencyError
from cnncourse.train.history import EpochRecord


class TensorBoardWriter:
    """Write each epoch of a run where ``tensorboard --logdir`` looks for it.

    Args:
        log_dir: the folder; each run needs one of its own.

    Raises:
        MissingDependencyError: TensorBoard is not installed.

    Example:
        >>> TensorBoardWriter("runs/lenet")  # doctest: +SKIP
    """

    def __init__(self, log_dir: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingDependencyError(
                "log_dir expects TensorBoard, which is not installed — pip install tensorboard"
            ) from None
        self._writer = SummaryWriter(str(log_dir))

    def add(self, record: EpochRecord) -> None:
        """Add the numbers of an epoch to the curves."""
        for name, value in dataclasses.asdict(record).items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()
