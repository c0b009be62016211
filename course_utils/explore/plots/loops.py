"""The picture of repetition: how far back each part of a text has been written before."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from course_utils.explore.plots.look import DRAWN, FRESH, KEPT, PAPER, QUIET, percent
from course_utils.explore.plots.style import DPI, WIDTH, Picture, in_lines, plain_axes, shorten

# All in dots.
ABOVE = 44
BELOW = 62
BAND = 104
GAP = 0.7  # between two cells
HEAD = 26  # of a band: its name and its numbers
LEFT, RIGHT = 44, 588
NAME_ROOM = 200
# The strip of cells lies below the dots; dots stand on a scale of logarithms.
STRIP = (0.15, 0.48)
SCALE = (0.12, 200)


@dataclass(frozen=True)
class Track:
    """One text, token by token. lags: how long ago the n tokens that end here came last, or None.

    again: whether the token is part of n tokens that had come before; share: how many of all runs
    of n had, None for a text too short. loop: the token it begins at, counted from 0, and how many
    tokens it has, None without one; ended: the text came to end-of-text.
    """

    name: str
    lags: Sequence[int | None] = ()
    again: Sequence[bool] = ()
    share: float | None = None
    loop: tuple[int, int] | None = None
    ended: bool = False


class LoopsPicture(Picture):
    """A band a text: a strip of its tokens, and above it dots at how far back a repeat goes.

    A loop is a level line of dots: the same tokens, always the same way back.
    """

    def __init__(self, bands: int, length: int):
        self.height = ABOVE + BELOW + bands * BAND
        super().__init__(self.height / DPI)
        self.title = self.say(14, 20, size=10.5, weight="bold")
        self.key = self.say(14, self.height - 20, size=8, color=QUIET)
        self.bands = [BandArtists(self, band, length, band == bands - 1) for band in range(bands)]

    def draw(self, tracks: Sequence[Track], title: str = "", n: int = 4) -> Figure:
        """Show these texts, one in each band; returns the picture's one figure."""
        self.title.set_text(title)
        shorten(self.title, WIDTH * DPI - 28)
        self.key.set_text(key(tracks, n))
        for band, track in zip(self.bands, tracks, strict=True):
            band.show(track, n)
        self.marks = []
        for number, (band, track) in enumerate(zip(self.bands, tracks, strict=True)):
            top = ABOVE + number * BAND + HEAD
            for again, start, end in runs(track.again):
                left, right = (band.axes.transData.transform((i - 0.5, 1))[0] for i in (start, end))
                box = (left, top, right, top + BAND - HEAD - 8)
                self.mark(f"{number} {start}", says(track, again, start, end), box)
        return self.figure


class BandArtists:
    """What one text is drawn with."""

    def __init__(self, picture: LoopsPicture, band: int, length: int, is_last: bool):
        top = ABOVE + band * BAND
        self.name = picture.say(14, top + 12, size=9.5, weight="bold")
        self.numbers = picture.say(RIGHT, top + 12, size=8.5, ha="right")
        width, height = WIDTH * DPI, picture.height
        bottom = 1 - (top + BAND - 8) / height
        self.axes = picture.figure.add_axes(
            (LEFT / width, bottom, (RIGHT - LEFT) / width, (BAND - HEAD - 8) / height)
        )
        self.axes.set(xlim=(-0.5, length - 0.5), yscale="log", ylim=SCALE)
        self.axes.set_yticks([1, 10, 100], ["1", "10", "100"])
        self.axes.yaxis.set_minor_locator(NullLocator())
        plain_axes(self.axes, "y")
        self.axes.tick_params(labelbottom=is_last)
        if is_last:
            self.axes.set_xticks([*range(0, length, 20)])
        self.cells = PolyCollection([], linewidth=0, zorder=2)
        self.axes.add_collection(self.cells, autolim=False)
        # What parts the cells: one line across, as thick as the strip is high, of short dashes.
        shares = math.log(STRIP[1] / STRIP[0]) / math.log(SCALE[1] / SCALE[0])
        thick = shares * (BAND - HEAD - 8)
        dashes = [GAP / thick, ((RIGHT - LEFT) / length - GAP) / thick]
        look = {"linewidth": thick * 72 / DPI, "linestyle": (0, dashes), "dash_capstyle": "butt"}
        (self.gaps,) = self.axes.plot([], [], color=PAPER, zorder=2.5, clip_on=False, **look)
        (self.dots,) = self.axes.plot([], [], "o", color=KEPT, markersize=3.2, zorder=3)
        (self.start,) = self.axes.plot([], [], color=DRAWN, linewidth=1.6, linestyle="--", zorder=1)

    def show(self, track: Track, n: int) -> None:
        self.name.set_text(track.name)
        shorten(self.name, NAME_ROOM)
        self.numbers.set_text(numbers(track, n))
        low, high = STRIP
        thin = (low * 1.35, high / 1.35)  # so that fresh cells differ in shape, too
        spans = runs(track.again)
        cells = [
            [(start - 0.5, bottom), (end - 0.5, bottom), (end - 0.5, top), (start - 0.5, top)]
            for again, start, end in spans
            for bottom, top in [STRIP if again else thin]
        ]
        self.cells.set_verts(cells)
        self.cells.set_facecolor([KEPT if again else FRESH for again, *_ in spans])
        ends = [-0.5, len(track.again) - 0.5] if spans else []
        self.gaps.set_data(ends, [math.sqrt(low * high)] * len(ends))
        repeats = [(i, lag) for i, lag in enumerate(track.lags) if lag is not None]
        self.dots.set_data([i for i, _ in repeats], [lag for _, lag in repeats])
        begins = [track.loop[0] - 0.5] * 2 if track.loop else []
        self.start.set_data(begins, SCALE if track.loop else [])


def runs(marks: Sequence[bool]) -> list[tuple[bool, int, int]]:
    """Where equal ones follow each other: which they are, the first place, and the one after.

    >>> runs([False, True, True])
    [(False, 0, 1), (True, 1, 3)]
    """
    found, place = [], 0
    for again, group in itertools.groupby(marks):
        size = sum(1 for _ in group)
        found.append((again, place, place + size))
        place += size
    return found


def says(track: Track, again: bool, start: int, end: int) -> str:
    """What is known of a run of tokens, for who points at it."""
    where = f"token {start + 1}" if end == start + 1 else f"tokens {start + 1} to {end}"
    if not again:
        return f"{track.name}, {where}: new"
    back = sorted({lag for lag in track.lags[start:end] if lag is not None})
    return f"{track.name}, {where}: came before, {', '.join(map(str, back))} tokens back"


def numbers(track: Track, n: int) -> str:
    """The share of repeats, and how the text ends."""
    if track.share is None:
        return f"fewer than {n} tokens"
    parts = [f"{percent(track.share)} of its {n}-grams repeat"]
    if track.loop:
        start, size = track.loop
        parts.append(f"loop of {size} from token {start}")
    else:
        parts.append("comes to an end" if track.ended else "no loop at its end")
    return "   ·   ".join(parts)


def key(tracks: Sequence[Track], n: int) -> str:
    """What the marks mean, naming only those that are there."""
    parts = ["across: tokens", f"tall: in a repeated {n}-gram", "dot: how many tokens back"]
    if any(track.loop for track in tracks):
        parts.append("dashed: the loop begins")
    return in_lines(parts, RIGHT - 14)
