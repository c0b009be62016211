"""The picture of how likely each token of a text was to the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from course_utils.explore.plots.look import DRAWN, KEPT, PAPER, QUIET, percent
from course_utils.explore.plots.style import DPI, WIDTH, Picture, in_lines, plain_axes, shorten

LEFT, RIGHT = 0.2, 0.755
NAME_ROOM, KEY_ROOM = 90, 576  # dots
STRIP, BETWEEN = 0.68, 0.2  # inches
ABOVE, BELOW = 0.46, 0.62
WINDOW = 10  # tokens in the running mean
SURE = 0.9


@dataclass(frozen=True)
class Strip:
    """One text: its name, how it was made, the probability of each token, and numbers beside."""

    name: str
    detail: str
    probs: Sequence[float]
    numbers: Sequence[str] = ()


class TracePicture(Picture):
    """A strip a text, one below the other, on the same scales."""

    def __init__(self, strips: int):
        height = ABOVE + BELOW + strips * (STRIP + BETWEEN) - BETWEEN
        super().__init__(height)
        self.title = self.text(0.02, 1 - 0.2 / height, size=10.5, weight="bold")
        self.key = self.text(0.02, 0.19 / height, size=8, color=QUIET)
        parts = ["bars: probability of each token", f"line: mean of the last {WINDOW} tokens"]
        parts += [f"dashed: {SURE}", "→: from first half to second"]
        self.key.set_text(in_lines(parts, KEY_ROOM))
        self.strips = []
        for i in range(strips):
            bottom = height - ABOVE - i * (STRIP + BETWEEN) - STRIP
            box = (LEFT, bottom / height, RIGHT - LEFT, STRIP / height)
            self.strips.append(StripArtists(self, box, last=i == strips - 1))

    def draw(self, strips: Sequence[Strip], title: str = "") -> Figure:
        """Show these texts, as many as the picture has strips. Returns its one figure."""
        self.title.set_text(title)
        longest = max(10, *(len(strip.probs) for strip in strips))
        for artists, strip in zip(self.strips, strips, strict=True):
            artists.show(strip, longest)
        self.marks = []
        wide = (RIGHT - LEFT) * WIDTH * DPI / longest
        bottom = self.figure.bbox.height - BELOW * DPI
        for i in range(longest):
            said = [f"{s.name}: {percent(s.probs[i])}" for s in strips if i < len(s.probs)]
            left = LEFT * WIDTH * DPI + i * wide
            if said:
                box = (left, ABOVE * DPI, left + wide, bottom)
                self.mark(str(i), "\n".join([f"token {i + 1}", *said]), box)
        return self.figure


class StripArtists:
    """What one strip is drawn with."""

    def __init__(self, picture: TracePicture, box: tuple[float, ...], last: bool):
        left, bottom, width, height = box
        self.axes = picture.figure.add_axes(box)
        self.axes.set(ylim=(0, 1))
        self.axes.set_yticks([0, 1], ["0", "1"])
        plain_axes(self.axes, "y")
        self.axes.tick_params(labelbottom=last)
        self.bars = self.axes.stairs([0], fill=True, color=KEPT, linewidth=0)
        self.axes.axhline(SURE, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
        (self.halo,) = self.axes.plot([], [], color=PAPER, linewidth=4)
        (self.mean,) = self.axes.plot([], [], color=DRAWN, linewidth=2)
        middle = bottom + height / 2
        inch = 1 / picture.figure.get_size_inches()[1]
        self.name = picture.text(0.02, middle + 0.09 * inch, size=10, weight="bold")
        self.detail = picture.text(0.02, middle - 0.11 * inch, size=8, color=QUIET)
        self.numbers = [
            picture.text(left + width + 0.015, middle + (1 - i) * 0.21 * inch, size=8.5)
            for i in range(3)
        ]

    def show(self, strip: Strip, longest: int) -> None:
        self.name.set_text(strip.name)
        shorten(self.name, NAME_ROOM)
        self.detail.set_text(strip.detail)
        probs = np.array(strip.probs or [0.0])
        self.bars.set_data(probs, np.arange(len(probs) + 1) + 0.5)
        self.axes.set_xlim(0.5, longest + 0.5)
        self.axes.set_xticks(range(10, longest + 1, 10))
        sums = np.cumsum([0.0, *probs])
        means = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
        for line in (self.halo, self.mean):
            line.set_data(np.arange(len(means)) + WINDOW, means)
        for text, said in zip(self.numbers, [*strip.numbers, "", "", ""], strict=False):
            text.set_text(said)
