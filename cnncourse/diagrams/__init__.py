"""What a net is, counted and drawn: its trace, its summary, its features, its drawing.

Chapters 11 to 15 and 20 look at nets with it.
"""

from cnncourse.diagrams.draw import draw
from cnncourse.diagrams.features import features
from cnncourse.diagrams.summary import summary
from cnncourse.diagrams.trace import input_shape, trace

__all__ = ["draw", "features", "input_shape", "summary", "trace"]
