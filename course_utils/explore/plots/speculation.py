"""The picture of speculative sampling: where each token of a text came from, and acceptance."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.explore.plots.look import (
    CUT,
    DRAWN,
    DRAWN_TEXT,
    EDGE,
    INK,
    KEPT,
    PAPER,
    QUIET,
    percent,
)
from course_utils.explore.plots.style import (
    DPI,
    WIDTH,
    Picture,
    fit,
    in_lines,
    plain_axes,
    shortened,
    width,
)

# All in dots.
WIDE = WIDTH * DPI
LEFT, RIGHT = 14, 588
TOP, LINE, HIGH = 62, 25, 19  # the first line of tokens, from line to line, a token
LINES = 6
SIZE, PAD, GAP = 8.5, 4, 3
LONGEST = 120  # a token
HEAD = TOP + LINES * LINE + 22
AXES = (58, 376, HEAD + 18, HEAD + 122)  # left, right, top, bottom
NUMBERS = 404
HEIGHT = HEAD + 206

# Face, edge, letters, and hatch.
LOOKS = {
    "accepted": (KEPT, KEPT, PAPER, None),
    "refused": (CUT, EDGE, QUIET, None),
    "redrawn": (PAPER, DRAWN, DRAWN_TEXT, None),
    "bonus": (PAPER, INK, INK, None),
}


@dataclass(frozen=True)
class Piece:
    """A token, and what became of it: a name in LOOKS."""

    label: str
    kind: str
    says: str = ""


@dataclass(frozen=True)
class Share:
    """How many of the drafted tokens were accepted at a temperature, in [0, 1], and how sure."""

    temperature: float
    share: float
    low: float
    high: float


class SpeculationPicture(Picture):
    """A text token by token, with the refused ones between; below, acceptance against T."""

    def __init__(self, hottest: float):
        super().__init__(HEIGHT / DPI)
        self.page = self.figure.add_axes((0, 0, 1, 1))
        self.page.set(xlim=(0, WIDE), ylim=(HEIGHT, 0))
        self.page.set_axis_off()
        self.title = self.say(LEFT, 20, size=10.5, weight="bold")
        self.subtitle = self.say(LEFT, 41)
        self.say(LEFT, HEAD, "Accepted, against T", size=9.5, weight="bold")
        self.head = self.say(NUMBERS, HEAD, "This text", size=9.5, weight="bold")
        left, right, top, bottom = AXES
        box = (left / WIDE, 1 - bottom / HEIGHT, (right - left) / WIDE, (bottom - top) / HEIGHT)
        self.axes = self.figure.add_axes(box)
        self.axes.set(xlim=(-0.05, hottest + 0.05), ylim=(0, 1))
        self.axes.set_xticks([0, 0.5, 1, 1.5], ["0", "0.5", "1", "1.5"])
        self.axes.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        plain_axes(self.axes, "y")
        (self.line,) = self.axes.plot([], [], "o-", color=KEPT, linewidth=1.8, clip_on=False)
        self.line.set_markersize(5)
        (self.now,) = self.axes.plot([], [], color=DRAWN, linewidth=1.6, linestyle="--", zorder=1)
        self.spans = []
        self.numbers = [self.say(NUMBERS, HEAD + 26 + i * 22) for i in range(5)]
        self.key = self.say(LEFT, HEIGHT - 28, size=8, color=QUIET)
        self.boxes: list[Rectangle] = []
        self.labels = []

    def draw(
        self,
        pieces: Sequence[Piece],
        shares: Sequence[Share],
        temperature: float,
        numbers: Sequence[str],
        title: str = "",
        subtitle: str = "",
    ) -> Figure:
        """Show this text and these shares. numbers: lines beside. Returns the one figure."""
        self.marks = []
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, WIDE - 2 * LEFT)
        self.draw_text(pieces)
        self.draw_shares(shares, temperature)
        for text, said in zip(self.numbers, [*numbers, *[""] * 5], strict=False):
            text.set_text(said)
        parts = ["filled: drafted and accepted", "pale: drafted and refused"]
        parts += ["orange: redrawn in its place", "outline: bonus", "dashed: T of this text"]
        self.key.set_text(in_lines(parts, WIDE - 2 * LEFT))
        return self.figure

    def draw_text(self, pieces: Sequence[Piece]) -> None:
        for artist in [*self.boxes, *self.labels]:
            artist.remove()
        self.boxes, self.labels = [], []
        x, line = float(LEFT), 0
        for i, piece in enumerate(pieces):
            label = shortened(piece.label, LONGEST, SIZE)
            wide = max(width(label, SIZE), 4) + 2 * PAD
            if line == LINES - 1 and x + wide > RIGHT - 30:
                self.labels.append(self.say(x + PAD, TOP + line * LINE + HIGH / 2, "…"))
                return
            if x + wide > RIGHT:
                x, line = float(LEFT), line + 1
            top = TOP + line * LINE
            self.draw_piece(piece, label, (x, top, wide))
            self.mark(str(i), piece.says, (x, top, x + wide, top + HIGH))
            x += wide + GAP

    def draw_piece(self, piece: Piece, label: str, place: tuple[float, float, float]) -> None:
        x, top, wide = place
        face, edge, letters, hatch = LOOKS[piece.kind]
        look = {"facecolor": face, "edgecolor": edge, "linewidth": 0.9, "hatch": hatch, "zorder": 2}
        self.boxes.append(self.page.add_patch(Rectangle((x, top), wide, HIGH, **look)))
        self.labels.append(self.say(x + PAD, top + HIGH / 2, label, size=SIZE, color=letters))
        if piece.kind == "refused":
            across = [x + 2, x + wide - 2], [top + HIGH / 2] * 2
            self.boxes += self.page.plot(*across, color=QUIET, linewidth=0.9, zorder=4)

    def draw_shares(self, shares: Sequence[Share], temperature: float) -> None:
        for span in self.spans:
            span.remove()
        self.spans = []
        self.line.set_data([one.temperature for one in shares], [one.share for one in shares])
        self.now.set_data([temperature] * 2, [0, 1])
        _, _, top, bottom = AXES
        for one in shares:
            span = [one.temperature] * 2, [one.low, one.high]
            self.spans += self.axes.plot(*span, color=KEPT, linewidth=1.2, zorder=3)
            x = float(self.axes.transData.transform((one.temperature, 0))[0])
            says = (
                f"T {one.temperature:g}: {percent(one.share)} accepted "
                f"({percent(one.low)} to {percent(one.high)})"
            )
            self.mark(f"T {one.temperature:g}", says, (x - 12, top, x + 12, bottom))
