"""Seeded augmentations of whole batches, on the CPU and the GPU, for training data only.

Each augmentation is split in two: numbers drawn by chance (``draw``), and a change with fixed numbers
(``apply``, or the plain functions ``crop``, ``flip``, …). Chapter 19 shows pictures of each.

A new augmentation is a file and a line here: every name imported below is public.
"""

# ruff: noqa: F401
# mypy: implicit-reexport

from cnncourse.augment.affine import RandomAffine, RandomRotation, affine
from cnncourse.augment.colour import ColorJitter, brightness, contrast, hue, saturation
from cnncourse.augment.compose import Compose
from cnncourse.augment.crop import RandomCrop, crop, pad
from cnncourse.augment.erase import Cutout, RandomErasing, erase
from cnncourse.augment.flip import AlternatingFlip, RandomHorizontalFlip, flip
from cnncourse.augment.mix import CutMix, MixedLabels, MixUp, cutmix, mixup
from cnncourse.augment.parse import Setting, pipeline, register, specs
from cnncourse.augment.resident import Augmented
from cnncourse.augment.resized import RandomResizedCrop, Resize, resized_crop
from cnncourse.augment.step import Augmentation, keyed
from cnncourse.augment.translate import RandomTranslate, translate
