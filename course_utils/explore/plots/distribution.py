"""The picture of a distribution: bars before and after the knobs, and what was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.explore.plots.look import CUT, DRAWN, EDGE, INK, KEPT, PAPER, QUIET, percent
from course_utils.explore.plots.style import DPI, WIDTH, Picture, fit, in_lines, plain_axes, shorten

ROW = 0.27
ABOVE = 0.62
BELOW = 0.52
# In dots.
LEFT, RIGHT, END = 124, 436, 588  # of the scale, and of the numbers of draws
LABEL_ROOM, TITLE_ROOM, SUBTITLE_ROOM = 110, 520, 576


@dataclass(frozen=True)
class Bar:
    """One line of the picture. Probabilities are from 0 to 1; a cut token has `after` 0.

    drawn: how often it was drawn, None before the first draw.
    yours: its probability from the learner's function, None without one.
    pinned: its probability in what was pinned, None if nothing is; sought: whether it was looked
    for. says: exact values, for who points at it; key: its name to the kernel.
    """

    label: str
    before: float
    after: float
    kept: bool = True
    drawn: int | None = None
    yours: float | None = None
    pinned: float | None = None
    sought: bool = False
    says: str = ""
    key: str = ""


class DistributionPicture(Picture):
    """Horizontal bars: the distribution now over what it was, and how often each token was drawn.

    The scale is 0 to 100% at every setting: bars that grow are probabilities that grow.
    """

    def __init__(self, rows: int):
        height = ABOVE + BELOW + rows * ROW
        super().__init__(height)
        wide = WIDTH * DPI
        box = (LEFT / wide, BELOW / height, (RIGHT - LEFT) / wide, 1 - (ABOVE + BELOW) / height)
        self.axes = self.figure.add_axes(box)
        self.axes.set(xlim=(0, 1), ylim=(rows - 0.4, -0.6), yticks=[])
        self.axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        plain_axes(self.axes, "x")
        self.title = self.text(0.02, 1 - 0.2 / height, size=10.5, weight="bold")
        self.subtitle = self.text(0.02, 1 - 0.43 / height)
        self.drawn = self.text(END / wide, 1 - 0.2 / height, color=DRAWN, weight="bold", ha="right")
        self.key = self.text(0.02, 0.14 / height, size=8, color=QUIET)
        self.lines = [BarArtists(self, row) for row in range(rows)]

    def draw(
        self, bars: Sequence[Bar], title: str = "", subtitle: str = "", window: str = ""
    ) -> Figure:
        """Show these bars; there may be fewer than the picture has rows. Returns its one figure.

        window: which part of a long list of bars these are, if they are a part.
        """
        draws = sum(bar.drawn or 0 for bar in bars)
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        shorten(self.title, TITLE_ROOM)
        fit(self.subtitle, SUBTITLE_ROOM)
        self.drawn.set_text("drawn" if draws else "")
        self.key.set_text(key(bars, draws, window))
        for row, line in enumerate(self.lines):
            line.show(bars[row] if row < len(bars) else None, draws)
        self.marks = []
        top, line = ABOVE * DPI, ROW * DPI
        for row, bar in enumerate(bars):
            self.mark(
                bar.key, bar.says, (8, top + row * line, WIDTH * DPI - 8, top + (row + 1) * line)
            )
        return self.figure


def place(share: float) -> float:
    """Where a share lies on the scale, in percent of the picture's width."""
    return 100 * (LEFT + share * (RIGHT - LEFT)) / (WIDTH * DPI)


class BarArtists:
    """What one row of the picture is drawn with."""

    def __init__(self, picture: DistributionPicture, row: int):
        self.row = row
        axes = picture.axes
        self.named = "", False
        self.label = picture.text(-0.03, row, size=10, ha="right", transform=axes.transData)
        self.before = Rectangle((0, row - 0.36), 0, 0.72, zorder=3)
        self.after = Rectangle((0, row - 0.24), 0, 0.48, zorder=2, facecolor=KEPT, linewidth=0)
        axes.add_patch(self.before)
        axes.add_patch(self.after)
        diamond = {"marker": "D", "markersize": 6.5, "markeredgewidth": 1, "linestyle": ""}
        (self.drawn,) = axes.plot(
            [], [], color=DRAWN, markeredgecolor=PAPER, zorder=5, clip_on=False, **diamond
        )
        # A cross in black on white: it needs no fourth colour.
        stroke = {"marker": "x", "markersize": 7, "linestyle": "", "clip_on": False}
        (self.halo,) = axes.plot([], [], color=PAPER, markeredgewidth=4, zorder=5.8, **stroke)
        (self.yours,) = axes.plot([], [], color=INK, markeredgewidth=1.8, zorder=6, **stroke)
        ring = {"marker": "o", "markersize": 7, "markerfacecolor": PAPER, "markeredgewidth": 1.6}
        (self.pinned,) = axes.plot(
            [], [], linestyle="", markeredgecolor=INK, clip_on=False, zorder=4.5, **ring
        )
        self.number = picture.text(0, row, weight="bold", transform=axes.transData)
        self.count = picture.text(
            (END - LEFT) / (RIGHT - LEFT),
            row,
            ha="right",
            color=DRAWN,
            weight="bold",
            transform=axes.transData,
        )

    def name(self, label: str, sought: bool) -> None:
        """Write the label, shortened to the room that it has; one that was sought in bold."""
        if (label, sought) == self.named:
            return
        self.named = label, sought
        self.label.set_weight("bold" if sought else "normal")
        self.label.set_text(f"▸ {label}" if sought else label)
        shorten(self.label, LABEL_ROOM)

    def show(self, bar: Bar | None, draws: int) -> None:
        for artist in (self.before, self.after, self.number, self.count):
            artist.set_visible(bar is not None)
        shown = [bar.drawn / draws] if bar and draws and bar.drawn is not None else []
        yours = [bar.yours] if bar and bar.yours is not None else []
        pinned = [bar.pinned] if bar and bar.pinned is not None else []
        marks = ((self.drawn, shown), (self.halo, yours), (self.yours, yours))
        for artist, values in (*marks, (self.pinned, pinned)):
            artist.set_data(values, [self.row] * len(values))
            artist.set_visible(bool(values))
        self.name(bar.label if bar else "", bar is not None and bar.sought)
        if bar is None:
            return
        self.before.set_width(bar.before)
        self.before.set(
            facecolor="none" if bar.kept else CUT,
            edgecolor=INK if bar.kept else EDGE,
            linewidth=0.8,
            hatch=None if bar.kept else "////",
        )
        self.after.set_width(bar.after)
        self.number.set_text(percent(bar.after) if bar.kept else "cut")
        self.number.set_color(INK if bar.kept else QUIET)
        self.number.set_weight("bold" if bar.kept else "normal")
        self.number.set_x(max([bar.before, bar.after, *shown, *yours, *pinned]) + 0.025)
        self.count.set_text(f"{bar.drawn:,} / {draws:,}" if shown else "")


def key(bars: Sequence[Bar], draws: int, window: str = "") -> str:
    """What the marks mean, naming only those that are there."""
    parts = ["solid: now", "outline: temperature 1"]
    if any(not bar.kept for bar in bars):
        parts.append("hatched: cut")
    if draws:
        parts.append("◆ share of the draws")
    if any(bar.yours is not None for bar in bars):
        parts.append("✕ your function")
    if any(bar.pinned is not None for bar in bars):
        parts.append("○ A")
    if window:
        parts.append(window)
    return in_lines(parts, SUBTITLE_ROOM)
