"""The picture of likelihood against diversity: one dot a setting, and where human text lies."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from course_utils.explore.plots.look import DRAWN, EDGE, INK, KEPT, PAPER, QUIET, signed
from course_utils.explore.plots.style import DPI, Picture, fit, plain_axes, shorten, width

HEIGHT = 4.3
LEFT, RIGHT = 0.085, 0.965
BELOW, ABOVE = 0.62, 0.82  # inches
NAME_ROOM, SUBTITLE_ROOM = 130, 576  # dots
MORE_DIVERSE = "more diverse → (share of different tokens in a set of texts)"
DOT, REACH = 8, 11  # dots, from the middle to the side: to see, and to point at

# Shapes tell the families apart; the colours only help.
LOOKS = {
    "temperature": {"marker": "o", "color": KEPT, "markersize": 8},
    "top_k": {"marker": "s", "color": QUIET, "markersize": 7.5},
    "top_p": {"marker": "^", "color": DRAWN, "markersize": 8.5},
    "min_p": {"marker": "D", "color": DRAWN, "markersize": 7, "markerfacecolor": PAPER},
    "other": {"marker": "p", "color": KEPT, "markersize": 8.5, "markerfacecolor": PAPER},
    "yours": {"marker": "X", "color": INK, "markersize": 9.5},
    "human": {"marker": "*", "color": INK, "markersize": 15},
}


@dataclass(frozen=True)
class Dot:
    """One setting. family: a name in LOOKS; diversity: in [0, 1]; logprob: mean a token.

    spread: the standard deviation of each of the two over sets of texts, if there are several.
    """

    label: str
    family: str
    diversity: float
    logprob: float
    spread: tuple[float, float] | None = None

    def said(self, digits: int) -> tuple[str, str]:
        """Both numbers in words, each with its spread."""
        form = f".{digits}f"
        wide, high = (f" ± {value:{form}}" for value in self.spread) if self.spread else ("", "")
        return f"{self.diversity:{form}}{wide}", f"{signed(self.logprob, form)}{high}"


class FrontierPicture(Picture):
    """Dots with their names beside them, lines through the human text, a ring around one dot."""

    def __init__(self):
        super().__init__(HEIGHT)
        box = (LEFT, BELOW / HEIGHT, RIGHT - LEFT, 1 - (ABOVE + BELOW) / HEIGHT)
        self.axes = self.figure.add_axes(box)
        plain_axes(self.axes, "both")
        self.axes.tick_params(axis="x", pad=8)
        self.title = self.text(0.02, 1 - 0.2 / HEIGHT, size=10.5, weight="bold")
        self.subtitle = self.text(0.02, 1 - 0.43 / HEIGHT)
        self.across = self.text(RIGHT, 0.16 / HEIGHT, size=8.5, color=QUIET, ha="right")
        self.up = self.text(0.02, 1 - 0.68 / HEIGHT, size=8.5, color=QUIET)
        self.up.set_text("↑ likelier: mean log-probability of a token by the model")
        human = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 3)), "visible": False}
        self.human = (self.axes.axhline(0, **human), self.axes.axvline(0, **human))
        (self.ring,) = self.axes.plot(
            [], [], "o", markersize=14, color="none", markeredgecolor=INK, markeredgewidth=1.6
        )
        self.artists = []
        self.dots: tuple[Dot, ...] = ()

    def draw(
        self, dots: Sequence[Dot], picked: str = "", title: str = "", subtitle: str = ""
    ) -> Figure:
        """Show these dots, with a ring around the one that has the label `picked`."""
        if tuple(dots) != self.dots:
            self.lay_out(tuple(dots))
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, SUBTITLE_ROOM)
        at = [(dot.diversity, dot.logprob) for dot in dots if dot.label == picked]
        self.ring.set_data([x for x, _ in at], [y for _, y in at])
        self.marks = []
        for dot in dots:
            x, y = self.axes.transData.transform((dot.diversity, dot.logprob))
            y = HEIGHT * DPI - y
            diverse, likely = dot.said(4)
            said = f"{dot.label}\ndiversity {diverse}, log-probability {likely}"
            box = (x - REACH, y - REACH, x + REACH, y + REACH)
            self.mark(dot.label, said, box)
        return self.figure

    def lay_out(self, dots: tuple[Dot, ...]) -> None:
        """Scales, dots, and names beside them."""
        self.dots = dots
        for artist in self.artists:
            artist.remove()
        self.artists = []
        self.axes.set_xlim(limits([dot.diversity for dot in dots], 0.1))
        self.axes.set_ylim(limits([dot.logprob for dot in dots], 0.5))
        spread = any(dot.spread for dot in dots)
        self.across.set_text(MORE_DIVERSE + ("; bars: ± one standard deviation" if spread else ""))
        for dot in dots:
            self.artists += self.bars(dot)
            self.artists += self.axes.plot(
                dot.diversity, dot.logprob, linestyle="", zorder=3, **LOOKS[dot.family]
            )
        across, upright = self.human
        for dot in dots:
            if dot.family == "human":
                across.set_ydata([dot.logprob] * 2)
                upright.set_xdata([dot.diversity] * 2)
        for line in self.human:
            line.set_visible(any(dot.family == "human" for dot in dots))
        self.name(dots)

    def bars(self, dot: Dot) -> list:
        """Lines as long as its spread, to both sides of a dot."""
        if not dot.spread:
            return []
        (x, y), (wide, high) = (dot.diversity, dot.logprob), dot.spread
        look = {"color": EDGE, "linewidth": 0.9, "zorder": 2}
        across = self.axes.plot([x - wide, x + wide], [y, y], **look)
        return across + self.axes.plot([x, x], [y - high, y + high], **look)

    def name(self, dots: tuple[Dot, ...]) -> None:
        """Write each name where it meets no other name and no dot, with a line if it is far."""
        places = [self.axes.transData.transform((dot.diversity, dot.logprob)) for dot in dots]
        taken = [Bbox.from_extents(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in places]
        inside = self.axes.bbox
        for dot, (x, y) in zip(dots, places, strict=True):
            if dot.spread:
                corner = dot.diversity + dot.spread[0], dot.logprob + dot.spread[1]
                wide, high = self.axes.transData.transform(corner) - (x, y)
                taken.append(Bbox.from_extents(x - wide, y - 1, x + wide, y + 1))
                taken.append(Bbox.from_extents(x - 1, y - high, x + 1, y + high))
            if dot.family == "human":
                taken.append(Bbox.from_extents(inside.x0, y - 1, inside.x1, y + 1))
                taken.append(Bbox.from_extents(x - 1, inside.y0, x + 1, inside.y1))
        for dot, (x, y) in zip(dots, places, strict=True):
            text = self.text(0, 0, dot.label, size=8.5, weight=weight(dot))
            shorten(text, NAME_ROOM)
            wide, high = width(text.get_text(), 8.5, weight(dot)), 8.5 / 72 * DPI
            spots = [
                spot
                for spot in around(x, y, wide, high)
                if spot.x0 >= inside.x0 and spot.y0 >= inside.y0
                if spot.x1 <= inside.x1 and spot.y1 <= inside.y1
            ]
            spot = min(spots, key=lambda spot: sum(spot.padded(1).overlaps(box) for box in taken))
            taken.append(spot)
            self.put(text, spot)
            self.artists.append(text)
            self.artists += self.leader(x, y, spot)

    def put(self, text: Text, spot: Bbox) -> None:
        middle = self.figure.transFigure.inverted().transform((spot.x0, (spot.y0 + spot.y1) / 2))
        text.set_position(middle)

    def leader(self, x: float, y: float, spot: Bbox) -> list:
        """A thin line from a dot to its name, if that is not next to it."""
        end = min(max(x, spot.x0), spot.x1), min(max(y, spot.y0), spot.y1)
        if math.dist((x, y), end) <= DOT + 10:
            return []
        xs, ys = zip(*self.axes.transData.inverted().transform([(x, y), end]), strict=True)
        return self.axes.plot(xs, ys, color=QUIET, linewidth=0.7, zorder=2)


def weight(dot: Dot) -> str:
    return "bold" if dot.family in ("human", "yours") else "normal"


def limits(values: Sequence[float], step: float) -> tuple[float, float]:
    """A range in whole steps, with room around the values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return math.floor(low / step - 0.4) * step, math.ceil(high / step + 0.4) * step


def around(x: float, y: float, width: float, height: float) -> Iterator[Bbox]:
    """Boxes of this size about a point, the nearest first, and to the right before the left."""
    for away in range(0, 60, 7):
        gap = DOT + 4 + away
        right, left, over = x + gap, x - gap - width, x - width / 2
        middle, above, below = y - height / 2, y + gap, y - gap - height
        corner = DOT / 2
        for x0, y0 in itertools.chain(
            [(right, middle), (left, middle), (over, above), (over, below)],
            [(right - corner, above - corner), (right - corner, below + corner)],
            [(left + corner, above - corner), (left + corner, below + corner)],
        ):
            yield Bbox.from_bounds(x0, y0, width, height)
