"""The error surface around a trained net: directions of a fair length, and the loss along them.

Chapter 13 looks at nets with and without shortcuts with it.
"""

from cnncourse.landscape.directions import Direction, filter_direction
from cnncourse.landscape.surface import moved, surface

__all__ = ["Direction", "filter_direction", "moved", "surface"]
