"""The picture of many tries: the answers to one sum, and how often more tries come out right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.explore.plots.look import CUT, DRAWN, DRAWN_TEXT, EDGE, INK, KEPT, QUIET, percent
from course_utils.explore.plots.style import DPI, WIDTH, Picture, fit, in_lines, plain_axes, shorten

# All in dots.
WIDE = WIDTH * DPI
HEAD, TOP, ROW = 74, 92, 27
LABELS, BARS, LONGEST = 76, 84, 64  # the end of the labels, and where bars begin and how long
TAGS_END = 324
LEFT, RIGHT = 368, 514  # of the curves; their names stand to the right
NAMES = 523
UNDER = 72
APART = 15  # between two names
NUMBER = 16  # wide, below the curves
ASIDE = 1.06  # from one interval to the next, which would lie upon each other

CURVES = {
    "pass@n": {"color": KEPT, "marker": "o"},
    "vote of n": {"color": DRAWN, "marker": "D"},
    "likeliest": {"color": QUIET, "marker": "s"},
}


@dataclass(frozen=True)
class Answer:
    """What some of the tries gave. tags: "vote" and the like; says: for who points at it."""

    label: str
    count: int
    right: bool
    tags: Sequence[str] = ()
    says: str = ""
    key: str = ""


@dataclass(frozen=True)
class Point:
    """The mean share of right answers with n tries, in [0, 1], and its interval."""

    n: int
    share: float
    low: float
    high: float


class VotesPicture(Picture):
    """Left the answers to one sum as bars, right a curve each for what can be made of n tries."""

    def __init__(self, rows: int):
        self.high = TOP + rows * ROW + UNDER
        super().__init__(self.high / DPI)
        self.page = self.figure.add_axes((0, 0, 1, 1))
        self.page.set(xlim=(0, WIDE), ylim=(self.high, 0))
        self.page.set_axis_off()
        self.title = self.say(14, 20, size=10.5, weight="bold")
        self.subtitle = self.say(14, 41)
        self.head = self.say(14, HEAD, size=9.5, weight="bold")
        self.rows = [RowArtists(self, TOP + row * ROW) for row in range(rows)]
        self.curves_head = self.say(LEFT - 40, HEAD, size=9.5, weight="bold")
        bottom = self.high - UNDER - 6
        box = (LEFT / WIDE, 1 - bottom / self.high)
        size = ((RIGHT - LEFT) / WIDE, (bottom - TOP - 8) / self.high)
        self.axes = self.figure.add_axes((*box, *size))
        self.axes.set(xscale="log", ylim=(0, 1))
        self.axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        plain_axes(self.axes, "y")
        self.across = self.say((LEFT + RIGHT) / 2, bottom + 32, "n tries", size=8, color=QUIET)
        self.across.set_ha("center")
        self.curves = {}
        for name, look in CURVES.items():
            (line,) = self.axes.plot(
                [], [], linewidth=1.8, markersize=4.5, clip_on=False, zorder=4, **look
            )
            label = self.say(NAMES, TOP, name, size=8.5, color=look["color"], weight="bold")
            self.curves[name] = line, label
        self.spans = []
        self.key = self.say(14, self.high - 20, size=8, color=QUIET)

    def draw(
        self,
        answers: Sequence[Answer],
        curves: dict[str, Sequence[Point]],
        sums: int,
        title: str = "",
        subtitle: str = "",
    ) -> Figure:
        """Show these answers, and these curves over so many sums. Returns the one figure."""
        self.marks = []
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, WIDE - 28)
        total = sum(answer.count for answer in answers)
        self.head.set_text(f"{total} {'try' if total == 1 else 'tries'} at this sum")
        most = max((answer.count for answer in answers), default=1)
        for row, artists in enumerate(self.rows):
            artists.show(self, answers[row] if row < len(answers) else None, most)
        self.curves_head.set_text(f"Right, over {sums} sum{'' if sums == 1 else 's'}")
        self.draw_curves(curves)
        parts = ["solid: right", *(["hatched: wrong"] if any(not a.right for a in answers) else [])]
        self.key.set_text(in_lines([*parts, "upright: 95% intervals over sums"], WIDE - 28))
        return self.figure

    def draw_curves(self, curves: dict[str, Sequence[Point]]) -> None:
        for span in self.spans:
            span.remove()
        self.spans = []
        ns = sorted({point.n for points in curves.values() for point in points}) or [1]
        low, high = ns[0] * 0.88, max(2, ns[-1]) * 1.12
        self.axes.set_xlim(low, high)
        doubled = (RIGHT - LEFT) / math.log2(high / low)
        clear = [n for n in ns if doubled * math.log2(ns[-1] / n) > NUMBER]
        self.axes.set_xticks(ns, [str(n) if n in (*clear, ns[-1]) else "" for n in ns])
        self.axes.set_xticks([], minor=True)
        ends = {}
        for name, (line, label) in self.curves.items():
            points = curves.get(name, ())
            aside = ASIDE ** (list(self.curves).index(name) - 1)
            line.set_data([p.n * aside for p in points], [p.share for p in points])
            label.set_visible(bool(points))
            if not points:
                continue
            color = CURVES[name]["color"]
            for p in points:
                span = [p.n * aside] * 2, [p.low, p.high]
                self.spans += self.axes.plot(*span, color=color, linewidth=1.2, zorder=3)
            ends[name] = self.down(points[-1].share)
        for name, y in spread(ends).items():
            self.curves[name][1].set_y(y)
        self.mark_curves(curves, ns)

    def mark_curves(self, curves: dict[str, Sequence[Point]], ns: list[int]) -> None:
        """A column for each number of tries, with what all curves say there."""
        places = [float(self.axes.transData.transform((n, 0))[0]) for n in ns]
        for i, n in enumerate(ns):
            left = (places[i - 1] + places[i]) / 2 if i else LEFT - 8
            right = (places[i] + places[i + 1]) / 2 if i + 1 < len(ns) else RIGHT + 8
            said = [f"{n} tries of each sum" if n > 1 else "1 try of each sum"]
            for name, points in curves.items():
                for point in points:
                    if point.n == n:
                        span = f"{percent(point.low)} to {percent(point.high)}"
                        said.append(f"{name} {percent(point.share)} ({span})")
            bottom = self.high - UNDER - 6
            if len(said) > 1:
                self.mark(f"n {n}", "\n".join(said), (left, TOP + 8, right, bottom))

    def down(self, share: float) -> float:
        """Where a share stands in the curves, in dots from the top."""
        return self.high - float(self.axes.transData.transform((1, share))[1])


class RowArtists:
    """What one answer is drawn with."""

    def __init__(self, picture: VotesPicture, top: float):
        self.top = top
        middle = top + ROW / 2
        self.label = picture.say(LABELS, middle, size=10, ha="right")
        self.bar = picture.page.add_patch(Rectangle((BARS, top + 6), 0, ROW - 12, zorder=2))
        self.count = picture.say(BARS, middle, size=9)
        self.tags = picture.say(BARS, middle, size=9, color=DRAWN_TEXT, weight="bold")

    def show(self, picture: VotesPicture, answer: Answer | None, most: int) -> None:
        for artist in (self.label, self.bar, self.count, self.tags):
            artist.set_visible(answer is not None)
        if answer is None:
            return
        self.label.set_text(answer.label)
        shorten(self.label, LABELS - 14)
        length = LONGEST * answer.count / most
        self.bar.set_width(length)
        self.bar.set(
            facecolor=KEPT if answer.right else CUT,
            edgecolor=KEPT if answer.right else EDGE,
            linewidth=0 if answer.right else 0.8,
            hatch=None if answer.right else "////",
        )
        self.count.set_text(str(answer.count))
        self.count.set_color(INK)
        self.count.set_x(BARS + length + 6)
        self.tags.set_text(", ".join(answer.tags))
        self.tags.set_x(BARS + length + 30)
        self.tags.set_fontsize(9 if len(answer.tags) < 3 else 8)
        shorten(self.tags, TAGS_END - BARS - length - 30)
        box = (8, self.top, TAGS_END, self.top + ROW)
        picture.mark(answer.key, answer.says, box)


def spread(ends: dict[str, float]) -> dict[str, float]:
    """Heights for names beside the ends of their curves, none upon another."""
    placed, last = {}, -APART
    for name in sorted(ends, key=ends.get):
        placed[name] = last = max(ends[name], last + APART)
    return placed
