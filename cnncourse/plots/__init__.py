"""Figures of the course: arrays or a History in, matplotlib Axes out. Nothing here trains or loads data.

The colours mean the same everywhere: what goes in is blue, the kernel is orange, what comes out is green.
"""

from cnncourse.plots.charts import bars, confusion, curves
from cnncourse.plots.grids import compare, convolution_step, heatmap, numbers
from cnncourse.plots.pictures import images
from cnncourse.plots.style import COLOURS, use_style
from cnncourse.plots.wiring import wiring

__all__ = [
    "COLOURS",
    "bars",
    "compare",
    "confusion",
    "convolution_step",
    "curves",
    "heatmap",
    "images",
    "numbers",
    "use_style",
    "wiring",
]
