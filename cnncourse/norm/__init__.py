"""Layers that steady a net, by hand: dropout, batch norm and its relatives, and norms folded away.

Every function gives the same numbers as its namesake in PyTorch. Chapters 07 and 08 build them.
"""

from cnncourse.norm.batch import BatchNorm, batch_norm, batch_norm_backward, standardise, update_running
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
from cnncourse.norm.folding import fold_conv, fold_net
from cnncourse.norm.groups import group_norm, instance_norm, layer_norm
from cnncourse.norm.local_response import local_response_norm

__all__ = [
    "BatchNorm",
    "Dropout",
    "SpatialDropout",
    "all_masks",
    "apply_mask",
    "batch_norm",
    "batch_norm_backward",
    "dropout",
    "dropout_channels",
    "fold_conv",
    "fold_net",
    "group_norm",
    "instance_norm",
    "keep_channels",
    "keep_mask",
    "layer_norm",
    "local_response_norm",
    "standardise",
    "update_running",
    "variance_ratio",
]
