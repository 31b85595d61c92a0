"""Kernels that people designed by hand, long before networks learned theirs."""

import torch
from torch import Tensor

KERNELS: dict[str, Tensor] = {
    "identity": torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": torch.ones(3, 3) / 9,
    "gaussian": torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    "sharpen": torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "sobel_x": torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "sobel_y": torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "laplacian": torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
}
"""Seven famous 3×3 kernels by name, each of shape (3, 3), introduced in chapter 02.

``sobel_x`` answers where brightness grows to the right (a vertical edge), ``sobel_y`` where it grows
downwards; ``laplacian`` answers where a pixel differs from its four neighbours.

Source: Gonzalez & Woods, Digital Image Processing (2018), chapter 3.
"""
