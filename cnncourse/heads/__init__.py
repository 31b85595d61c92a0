"""What is put on a backbone: a feature pyramid, an embedding with its losses, several tasks at once."""

from cnncourse.heads.embedding import Embedding, Quadruplet, Siamese, Triplet, embed_together
from cnncourse.heads.fpn import FPN, Pyramid, channels_of
from cnncourse.heads.metric_losses import contrastive_loss, distances, quadruplet_loss, triplet_loss
from cnncourse.heads.mining import (
    Quadruplets,
    Triplets,
    hard_quadruplets,
    hard_triplets,
    semi_hard_triplets,
)
from cnncourse.heads.multitask import MultiTask, UncertaintyWeights, multi_task_loss
from cnncourse.heads.trunk import trunk

__all__ = [
    "FPN",
    "Embedding",
    "MultiTask",
    "Pyramid",
    "Quadruplet",
    "Quadruplets",
    "Siamese",
    "Triplet",
    "Triplets",
    "UncertaintyWeights",
    "channels_of",
    "contrastive_loss",
    "distances",
    "embed_together",
    "hard_quadruplets",
    "hard_triplets",
    "multi_task_loss",
    "quadruplet_loss",
    "semi_hard_triplets",
    "triplet_loss",
    "trunk",
]
