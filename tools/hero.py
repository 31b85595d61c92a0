"""Draw the README's picture: a window slides over a photo, and its feature map grows.

The photo is Grace Hopper (U.S. Navy, 1984; public domain), as matplotlib ships it. Run from the root:
``python tools/hero.py`` writes book/assets/hero.gif.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import cbook
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from cnncourse import plots
from cnncourse.conv import KERNELS

OUT = Path(__file__).resolve().parents[1] / "book" / "assets" / "hero.gif"
SIZE = 64  # pixels across the photo
WINDOW = 7  # the kernel is 3×3; a wider frame can be seen in a small picture
FRAMES = 48


def photo() -> torch.Tensor:
    """The face in grey, (SIZE, SIZE), values 0..1."""
    face = Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).crop(
        (85, 20, 425, 360)
    )
    picture = face.convert("L").resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255)


def edges(picture: torch.Tensor) -> torch.Tensor:
    """How strongly brightness changes at each pixel: both Sobel kernels together."""
    bank = torch.stack([KERNELS["sobel_x"], KERNELS["sobel_y"]])[:, None].float()
    padded = F.pad(picture[None, None], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, bank)[0].square().sum(0).sqrt()


def colours() -> NDArray[np.uint8]:
    """The few colours the picture needs, (k, 3): greys, greens and the roles."""
    ramps = [mpl.colormaps[name](np.linspace(0, 1, 40))[:, :3] for name in ("gray", "Greens")]
    roles = [mpl.colors.to_rgb(plots.COLOURS[role]) for role in ("input", "kernel", "output")]
    return np.round(255 * np.concatenate([*ramps, np.array(roles)])).astype(np.uint8)


def draw() -> None:
    """Write the animation."""
    plots.use_style()
    picture = photo()
    feature = edges(picture)
    figure = plt.figure(figsize=(6.4, 3.3), dpi=110)
    canvas, axes = FigureCanvasAgg(figure), figure.subplots(1, 2)
    axes[0].imshow(picture, cmap="gray")
    grown: AxesImage = axes[1].imshow(
        torch.full_like(feature, torch.nan), cmap="Greens", vmin=0, vmax=float(feature.quantile(0.99))
    )
    frame, mark = (
        Rectangle((0, 0), WINDOW, WINDOW, fill=False, edgecolor=plots.COLOURS["kernel"], linewidth=3)
        for _ in range(2)
    )
    for ax, patch, title, role in (
        (axes[0], frame, "a window slides over a photo …", "input"),
        (axes[1], mark, "… and its feature map grows", "output"),
    ):
        ax.add_patch(patch)
        ax.set_title(title, color=plots.COLOURS[role], fontsize=12)
        ax.axis("off")

    def step(number: int) -> Image.Image:
        done = (number + 1) / FRAMES * SIZE * SIZE
        row, column = divmod(int(done) - 1, SIZE)
        shown = feature.clone()
        shown[row + 1 :] = torch.nan
        shown[row, column + 1 :] = torch.nan
        grown.set_data(shown)
        for patch in (frame, mark):
            patch.set_xy((column - WINDOW / 2, row - WINDOW / 2))
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        return Image.fromarray(pixels).convert("RGB")

    frames = [step(number) for number in range(FRAMES)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(list(colours().tobytes()))
    first, *rest = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in frames)
    # The last frame, complete, stays for a while.
    first.save(
        OUT, save_all=True, append_images=rest, duration=[110] * (FRAMES - 1) + [2500], loop=0, optimize=True
    )


if __name__ == "__main__":
    draw()
