"""The data sets of the course: found on this machine, downloaded, or replaced by a sample that ships with it.

``load`` and ``from_folder`` give an ``ImageSet``. Chapter 18 introduces them. Nothing here imports
torchvision.

Example:
    >>> load("shapes10", announce=False)
    ImageSet(shapes10 train: 10,000 images of 3×32×32, 10 classes, generated)
"""

from cnncourse.data import sets  # noqa: F401 - importing it registers them
from cnncourse.data.cache import cache_folder
from cnncourse.data.folders import from_folder
from cnncourse.data.imageset import ImageSet, Source, channel_statistics, standardiser
from cnncourse.data.inventory import Found, found
from cnncourse.data.loading import load
from cnncourse.data.registry import entry, names

__all__ = [
    "Found",
    "ImageSet",
    "Source",
    "cache_folder",
    "channel_statistics",
    "entry",
    "found",
    "from_folder",
    "load",
    "names",
    "standardiser",
]
