"""Layers that steady a net, by hand: each equals its namesake in ``torch.nn``.

Chapter 07 builds dropout.
"""

from cnncourse.norm.dropout import (
    Dropout,
    SpatialDropout,
    all_masks,
    apply_mask,
    dropout,
    dropout_channels,
    keep_channels,
    keep_mask,
    variance_ratio,
)

__all__ = [
    "Dropout",
    "SpatialDropout",
    "all_masks",
    "apply_mask",
    "dropout",
    "dropout_channels",
    "keep_channels",
    "keep_mask",
    "variance_ratio",
]
