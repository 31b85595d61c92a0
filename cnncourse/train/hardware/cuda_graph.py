"""A training step that a GPU is told once, and then repeats on a single word."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

StepOf = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

FIRST = 3
"""Steps that are carried out as usual before one is recorded, so that all memory has found its place."""


@dataclass(frozen=True, eq=False)
class _Recording:
    """The orders of a step, where they look for a batch, and where they leave the answer."""

    graph: torch.cuda.CUDAGraph
    images: Tensor
    labels: Tensor
    answer: tuple[Tensor, Tensor]


class Replay:
    """Records what a step orders from a GPU, and replays the recording.

    A small net keeps a GPU busy for a few microseconds a kernel, while Python takes longer than that to order
    the next one. A recording (a CUDA graph) holds the orders of a whole step: forwards, backwards, weights
    moved. One call starts them all.

    What is recorded are places in memory, not numbers. So each batch is copied to the place where the
    recording looks for it, and learning rates must be tensors. Batches of another size have a recording of
    their own, and so has another choice of weights to train.

    Args:
        weights: all weights that may be trained.
        home: the GPU they are on.

    Example:
        >>> replay = Replay(list(net.parameters()), torch.device("cuda"))  # doctest: +SKIP
        >>> logits, loss = replay(step, images, labels)  # doctest: +SKIP

    Introduced in chapter 21.

    Source: Nguyen, Carilli et al., Accelerating PyTorch with CUDA Graphs (2021).
    """

    def __init__(self, weights: Sequence[Tensor], home: torch.device) -> None:
        self._weights = weights
        self._stream = torch.cuda.Stream(home)  # type: ignore[no-untyped-call]
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._recordings: dict[tuple[Any, ...], _Recording] = {}

    def __call__(self, step: StepOf, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Take the step with a batch.

        Args:
            step: maps images and labels to the logits and the loss, and moves the weights. It must not wait
                for the GPU. It comes with each call and is not kept: what holds the recordings must not be
                held by them, or gigabytes would wait for the garbage collector.
            images: shape (b, c, h, w), on the GPU.
            labels: classes, int64, shape (b,), likewise.

        Returns:
            The logits and the loss. The next call writes over them.
        """
        key = (images.shape, labels.shape, *(weight.requires_grad for weight in self._weights))
        if self._seen[key] < FIRST:
            self._seen[key] += 1
            return self._aside(lambda: step(images, labels))
        if key not in self._recordings:
            self._recordings[key] = self._record(step, images, labels)
        recording = self._recordings[key]
        recording.images.copy_(images)
        recording.labels.copy_(labels)
        recording.graph.replay()
        return recording.answer

    def _record(self, step: StepOf, images: Tensor, labels: Tensor) -> _Recording:
        graph, batch = torch.cuda.CUDAGraph(), (images.clone(), labels.clone())

        def record() -> tuple[Tensor, Tensor]:
            graph.capture_begin()
            try:
                return step(*batch)
            finally:
                graph.capture_end()

        return _Recording(graph, *batch, self._aside(record))

    def _aside(self, work: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Work in a queue of its own, as recording demands, between what was ordered before and after."""
        here = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            answer = work()
        here.wait_stream(self._stream)
        return answer
