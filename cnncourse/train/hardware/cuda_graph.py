"""A training step that a GPU is told once, and then repeats on a single word."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

StepOf = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

WARM_UP = 3
"""Steps that are carried out as usual before one is recorded, so that all memory has found its place."""


@dataclass(frozen=True, eq=False)
class _Graph:
    """The orders of a step, where they look for a batch, and where they leave the answer."""

    orders: torch.cuda.CUDAGraph
    images: Tensor
    labels: Tensor
    answer: tuple[Tensor, Tensor]


class GraphedStep:
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
        >>> graphed = GraphedStep(list(net.parameters()), torch.device("cuda"))  # doctest: +SKIP
        >>> logits, loss = graphed(step, images, labels)  # doctest: +SKIP

    Introduced in chapter 21.

    Source: Nguyen, Carilli et al., Accelerating PyTorch with CUDA Graphs (2021).
    """

    def __init__(self, weights: Sequence[Tensor], home: torch.device) -> None:
        self._weights = weights
        self._stream = torch.cuda.Stream(home)  # type: ignore[no-untyped-call]
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._graphs: dict[tuple[Any, ...], _Graph] = {}

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
        if self._seen[key] < WARM_UP:
            self._seen[key] += 1
            return self._on_side_stream(lambda: step(images, labels))
        if key not in self._graphs:
            self._graphs[key] = self._capture(step, images, labels)
        graph = self._graphs[key]
        graph.images.copy_(images)
        graph.labels.copy_(labels)
        graph.orders.replay()
        return graph.answer

    def _capture(self, step: StepOf, images: Tensor, labels: Tensor) -> _Graph:
        graph, batch = torch.cuda.CUDAGraph(), (images.clone(), labels.clone())

        def capture() -> tuple[Tensor, Tensor]:
            graph.capture_begin()
            try:
                return step(*batch)
            finally:
                graph.capture_end()

        return _Graph(graph, *batch, self._on_side_stream(capture))

    def _on_side_stream(self, work: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Work in a queue of its own, as recording demands, between what was ordered before and after."""
        here = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            answer = work()
        here.wait_stream(self._stream)
        return answer
