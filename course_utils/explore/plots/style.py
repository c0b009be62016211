"""One style for every picture: its size, its font, and words that fit.

A picture is numbers in, a matplotlib Figure out: no pyplot, no widget. It keeps its artists and
only moves them, which is what makes a slider feel immediate.
"""

import functools
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

from course_utils.explore.plots import svg
from course_utils.explore.plots.look import (  # noqa: F401  earlier notebooks take colours from here
    CLASSES,
    CUT,
    DRAWN,
    GRID,
    INK,
    KEPT,
    PAPER,
    QUIET,
    READABLE,
    printable,
    visible,
)
from course_utils.explore.plots.svg import FONT, SvgRenderer

WIDTH = 6.0  # inches; beside controls there is no more room for letters of a readable size
DPI = 100
# The page may have Verdana in its place, up to 4% wider, or Arial, narrower; Agg rounds up to dots.
WIDER = 1.06


class Picture:
    """A figure, sizes in inches, for the page as SVG and for other pages as PNG on white.

    marks: what in it can be pointed at and chosen, filled by `mark` as the picture is drawn.
    """

    def __init__(self, height: float, width: float = WIDTH):
        self.figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.marks: list[Mark] = []
        self.resize(height)

    def resize(self, height: float) -> None:
        """Make the picture so many inches high."""
        self.figure.set_figheight(height)
        wide, high = self.figure.bbox.size
        self.dots = Affine2D().scale(1 / wide, -1 / high).translate(0, 1) + self.figure.transFigure

    def say(self, x: float, y: float, said: str = "", **look) -> Text:
        """Text at so many dots from the left and the top."""
        return self.text(x, y, said, transform=self.dots, **look)

    def text(
        self,
        x: float,
        y: float,
        said: str = "",
        *,
        transform=None,
        size: float = 9,
        color: str = INK,
        weight: str = "normal",
        ha: str = "left",
    ) -> Text:
        """Text at a place in figure coordinates, or in those of `transform`.

        It stays text: a token may be "$" or "_" and must appear as it is.
        """
        return self.figure.text(
            x,
            y,
            said,
            size=size,
            color=READABLE.get(color, color),
            weight=weight,
            ha=ha,
            va="center",
            family=FONT,
            parse_math=False,
            transform=transform or self.figure.transFigure,
        )

    def mark(self, key: str, says: str, box: Sequence[float]) -> None:
        """Let a rectangle be pointed at, which then says exact values, and chosen.

        key: what the kernel hears; box: left, top, right, bottom in dots from the top left.
        """
        left, top, right, bottom = box
        wide, high = self.figure.bbox.width, self.figure.bbox.height
        shares = (left / wide, top / high, (right - left) / wide, (bottom - top) / high)
        self.marks.append((key, says, *(round(100 * share, 2) for share in shares)))

    def svg(self) -> str:
        """The picture as it is now, for a page that has the palette; the same bytes each time."""
        renderer = SvgRenderer(self.figure, CLASSES)
        self.figure.draw(renderer)
        return renderer.svg()

    def png(self) -> bytes:
        """The picture as it is now, as the bytes of a PNG file."""
        written = [(text, text.get_text()) for text in self.figure.findobj(Text)]
        for text, said in written:
            text.set_text(drawable(said))
        self.canvas.draw()
        for text, said in written:
            text.set_text(said)
        buffer = io.BytesIO()
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
        image.save(buffer, "png", compress_level=1, dpi=(DPI, DPI))
        return buffer.getvalue()


# Its key, what it says, and its left, top, width and height in percent of the picture.
Mark = tuple[str, str, float, float, float, float]


def plain_axes(axes: Axes, grid: str) -> None:
    """No box, no ticks, quiet numbers, and thin lines across ("x", "y" or "both")."""
    axes.patch.set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=QUIET, labelfontfamily=FONT)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


@functools.cache
def characters() -> frozenset[int]:
    """The code points that the font can draw."""
    return frozenset(get_font(findfont(FONT)).get_charmap())


def drawable(said: str) -> str:
    """The text with a box for what the font cannot draw: on the page, another font does."""
    known = characters() | {ord("\n")}
    return "".join(char if ord(char) in known else "▯" for char in printable(said))


def width(said: str, size: float = 9, weight: str = "normal") -> float:
    """How many dots the text may take, in any font that the page may have for it."""
    return svg.width(said, size / 72 * DPI, weight == "bold") * WIDER


def shortened(said: str, room: float, size: float = 9, weight: str = "normal") -> str:
    """The text, cut so that it takes no more than `room` dots."""
    if width(said, size, weight) <= room:
        return said
    while said and width(said + "…", size, weight) > room:
        said = said[:-1]
    return said + "…"


def fit(text: Text, room: float) -> None:
    """Set a line in smaller letters, and cut it only if that is not enough."""
    text.set_fontsize(9)
    while text.get_fontsize() > 8 and width(text.get_text(), text.get_fontsize()) > room:
        text.set_fontsize(text.get_fontsize() - 0.5)
    shorten(text, room)


def in_lines(parts: Sequence[str], room: float, size: float = 8) -> str:
    """The parts with dots between them, in as many lines as they need."""
    lines = []
    for part in parts:
        longer = f"{lines[-1]}{DOT}{part}" if lines else part
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(shortened(part, room, size))
    return "\n".join(lines)


DOT = "   ·   "


def shorten(text: Text, room: float) -> None:
    """Cut what the text says so that it takes no more than `room` dots."""
    text.set_text(shortened(text.get_text(), room, text.get_fontsize(), text.get_weight()))
