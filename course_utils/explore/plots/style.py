"""One style for every picture: three colours, one font, and tokens shown as they are.

A picture is numbers in, a matplotlib Figure out: no pyplot, no widget. It keeps its artists and
only moves them, which is what makes a slider feel immediate.
"""

import functools
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text
from PIL import Image

# Three colours, far apart in lightness, so that a grey print still tells them apart.
KEPT = "#1f4e79"
CUT = "#e3e6ea"
DRAWN = "#d9730d"
INK = "#1a1a1a"
QUIET = "#5f6770"
GRID = "#e8eaed"

FONT = "DejaVu Sans"  # comes with matplotlib, so every machine draws the same picture
WIDTH = 7.0  # inches
DPI = 100

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}


class Picture:
    """A figure of the course's width on white, which is what dark pages show it on too."""

    def __init__(self, height: float):
        self.figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.still: tuple | None = None  # what the resting artists show, and their pixels

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
            color=color,
            weight=weight,
            ha=ha,
            va="center",
            family=FONT,
            parse_math=False,
            transform=transform or self.figure.transFigure,
        )

    def png(self) -> bytes:
        """The picture as it is now, as the bytes of a PNG file."""
        self.canvas.draw()
        return self.pixels()

    def png_over(self, moving: Sequence[Artist], resting: object) -> bytes:
        """As `png`, with all but the `moving` artists kept as pixels while `resting` is equal.

        Text is what takes long to draw. resting: all that the other artists show.
        """
        if self.still is None or resting != self.still[0]:
            for artist in moving:
                artist.set_animated(True)
            self.canvas.draw()
            for artist in moving:
                artist.set_animated(False)
            self.still = (resting, self.canvas.copy_from_bbox(self.figure.bbox))
        self.canvas.restore_region(self.still[1])
        for artist in moving:
            artist.draw(self.canvas.get_renderer())
        return self.pixels()

    def pixels(self) -> bytes:
        buffer = io.BytesIO()
        image = Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
        image.save(buffer, "png", compress_level=1, dpi=(DPI, DPI))
        return buffer.getvalue()


def visible(token: str) -> str:
    """The token as text that shows its spaces and line breaks, and that the font can draw."""
    return "".join(VISIBLE.get(char) or drawable(char) for char in token)


def drawable(char: str) -> str:
    return char if char.isprintable() and ord(char) in characters() else ascii(char)[1:-1]


@functools.cache
def characters() -> frozenset[int]:
    """The code points that the font can draw; matplotlib warns on others and draws a box."""
    return frozenset(get_font(findfont(FONT)).get_charmap())


def shorten(text: Text, room: float) -> None:
    """Cut what the text says so that it takes no more than `room` dots."""
    said = text.get_text()
    while len(said) > 1 and text.get_window_extent().width > room:
        said = said[:-1]
        text.set_text(said + "…")


def percent(share: float) -> str:
    """Three digits at most, and never 0.0% or 100.0% for what is not quite 0 or 1.

    >>> percent(0.4123), percent(0.00004), percent(1.0), percent(0.0)
    ('41.2%', '<0.1%', '100%', '0%')
    """
    if share <= 0:
        return "0%"
    if share < 0.0005:
        return "<0.1%"
    if share >= 1 - 1e-9:
        return "100%"
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"
