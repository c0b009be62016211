"""The picture of a pipeline: the same tokens stage by stage, and the line that the die falls on."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.explore.plots.look import (
    CUT,
    DRAWN,
    DRAWN_TEXT,
    EDGE,
    GRID,
    INK,
    KEPT,
    PAPER,
    QUIET,
)
from course_utils.explore.plots.style import DPI, WIDTH, Picture, fit, in_lines, shorten, width

# All in dots.
WIDE = WIDTH * DPI
LABELS, LEFT, RIGHT = 108, 118, 588  # the end of the labels, and both ends of the stages
HEAD, TOP, ROW = 72, 91, 23  # the names of the stages, the first row, a row
FORMULA, LINE = 18, 15  # under the last row; from line to line
FALL, STRIP = 96, 24  # the die's line under the last row, and how high it is
UNDER = 72  # from the line to the end of the picture
NUMBER = 46  # beside a bar
LABEL_ROOM = 96


@dataclass(frozen=True)
class Cell:
    """A token at a stage. value: a logit or a probability; None once an earlier stage cut it, and
    for many tokens together, which have no logit.

    cut: whether this stage cuts it, and `value` is what it had; says: for who points at it.
    """

    value: float | None
    number: str = ""
    cut: bool = False
    says: str = ""


@dataclass(frozen=True)
class Column:
    """A stage. probs: whether its values are probabilities, on a scale from 0 to 1, or logits, on
    one that all logits share; formula: two lines; left: how many tokens are left."""

    name: str
    formula: tuple[str, str]
    left: str
    probs: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Segment:
    """A piece of the die's line, from `start` to `end` in [0, 1]. named: a token with a row."""

    label: str
    start: float
    end: float
    named: bool
    says: str = ""


class PipelinePicture(Picture):
    """Stages side by side, a row a token, each stage's formula below it, and below all the line."""

    def __init__(self, rows: int, columns: int):
        self.bottom = TOP + rows * ROW
        self.high = self.bottom + FALL + UNDER
        super().__init__(self.high / DPI)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, WIDE), ylim=(self.high, 0))
        self.axes.set_axis_off()
        self.title = self.say(14, 20, size=10.5, weight="bold")
        self.subtitle = self.say(14, 41)
        self.labels = [
            self.say(LABELS, TOP + (row + 0.5) * ROW, size=10, ha="right") for row in range(rows)
        ]
        step = (RIGHT - LEFT) / columns
        self.columns = [
            ColumnArtists(self, LEFT + i * step, step - 6, rows, first=not i)
            for i in range(columns)
        ]
        at = self.bottom + FALL
        self.die = self.say(LABELS, at + STRIP / 2, "die", size=10, ha="right", weight="bold")
        self.landed = self.say(LEFT, at - 19, weight="bold")
        for share in (0, 0.5, 1):
            self.say(
                on_line(share), at + STRIP + 11, f"{share:g}", size=8, color=QUIET, ha="center"
            )
        self.key = self.say(14, self.high - 14, size=8, color=QUIET)
        (self.needle,) = self.axes.plot([], [], color=DRAWN, linewidth=2.2, zorder=5)
        (self.tip,) = self.axes.plot([], [], "v", color=DRAWN, markersize=8, zorder=6)
        self.pieces: list[Rectangle] = []
        self.names = []

    def draw(
        self,
        labels: Sequence[str],
        columns: Sequence[Column],
        segments: Sequence[Segment],
        number: float | None = None,
        landed: str = "",
        chosen: int = 0,
        title: str = "",
        subtitle: str = "",
    ) -> Figure:
        """Show these stages; the name of the `chosen` one is underlined. Returns the one figure.

        number: of the die, in [0, 1), None before it falls; landed: the label that it fell on.
        """
        self.marks = []
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, WIDE - 28)
        for text, label in zip(self.labels, labels, strict=True):
            text.set_text(label)
            shorten(text, LABEL_ROOM)
        scale = logit_scale(columns)
        for i, (artists, column) in enumerate(zip(self.columns, columns, strict=True)):
            artists.show(column, scale, i == chosen)
        self.draw_line(segments, number, landed)
        cut = any(cell.cut for column in columns for cell in column.cells)
        parts = ["solid: kept", *(["hatched: cut here"] if cut else [])]
        parts.append("line: kept tokens end to end, by id")
        self.key.set_text(in_lines(parts, WIDE - 28))
        return self.figure

    def draw_line(self, segments: Sequence[Segment], number: float | None, landed: str) -> None:
        top = self.bottom + FALL
        for artist in [*self.pieces, *self.names]:
            artist.remove()
        self.pieces, self.names = [], []
        for i, segment in enumerate(segments):
            left, right = on_line(segment.start), on_line(segment.end)
            look = {"facecolor": KEPT if segment.named else CUT, "linewidth": 0, "zorder": 3}
            # What stands beside another is set apart, as far as it is wide enough for that.
            gap = 1.2 if right - left > 3 else 0
            piece = Rectangle((left, top), max(right - left - gap, 0.2), STRIP, **look)
            self.pieces.append(self.axes.add_patch(piece))
            if width(segment.label, 8.5) < right - left - 8:
                color = PAPER if segment.named else INK
                middle = (left + right) / 2, top + STRIP / 2
                self.names.append(
                    self.say(*middle, segment.label, size=8.5, color=color, ha="center")
                )
            if right - left > 2:
                self.mark(f"die {i}", segment.says, (left, top, right, top + STRIP))
        shown = number is not None
        x = on_line(number or 0)
        self.needle.set_data([x, x] if shown else [], [top - 3, top + STRIP + 2] if shown else [])
        self.tip.set_data([x] if shown else [], [top - 6] if shown else [])
        said = f"{number:.3f} lands on {landed}" if shown else "Roll: a number falls on this line."
        self.landed.set(text=said, color=DRAWN_TEXT if shown else QUIET)
        self.landed.set_fontweight("bold" if shown else "normal")
        shorten(self.landed, RIGHT - LEFT)


class ColumnArtists:
    """What one stage is drawn with."""

    def __init__(self, picture: PipelinePicture, left: float, wide: float, rows: int, first: bool):
        self.picture, self.left, self.wide = picture, left, wide
        self.room = wide - NUMBER
        self.name = picture.say(left, HEAD, size=9.5, weight="bold")
        if not first:
            picture.say(left - 12, HEAD, "→", size=8, color=QUIET, ha="center")
        (self.rule,) = picture.axes.plot([], [], solid_capstyle="butt", zorder=1)
        (self.zero,) = picture.axes.plot([], [], color=GRID, linewidth=1, zorder=0)
        self.bars = [
            picture.axes.add_patch(Rectangle((left, TOP + row * ROW + 5), 0, ROW - 10, zorder=2))
            for row in range(rows)
        ]
        self.numbers = [picture.say(left, TOP + (row + 0.5) * ROW, size=8) for row in range(rows)]
        under = picture.bottom + FORMULA
        self.formula = [picture.say(left, under + i * LINE, size=8) for i in range(2)]
        self.left_over = picture.say(left, under + 2 * LINE + 2, size=8, color=QUIET)

    def show(self, column: Column, scale: tuple[float, float], chosen: bool) -> None:
        self.name.set_text(column.name)
        shorten(self.name, self.wide - 10)
        self.rule.set_data([self.left, self.left + self.wide - 4], [HEAD + 13] * 2)
        self.rule.set(color=KEPT if chosen else GRID, linewidth=2.4 if chosen else 1)
        for text, said in zip(
            (*self.formula, self.left_over), (*column.formula, column.left), strict=True
        ):
            text.set_text(said)
            shorten(text, self.wide)
        low, high = (0.0, 1.0) if column.probs else scale
        origin = self.left + self.room * -low / (high - low)
        self.zero.set_data([origin, origin], [TOP + 2, self.picture.bottom - 2])
        for row, cell in enumerate(column.cells):
            self.show_cell(row, cell, origin, self.room / (high - low))
            top = TOP + row * ROW
            if cell.says:
                box = (self.left - 3, top, self.left + self.wide - 3, top + ROW)
                self.picture.mark(f"{column.name} {row}", cell.says, box)

    def show_cell(self, row: int, cell: Cell, origin: float, dots: float) -> None:
        bar, number = self.bars[row], self.numbers[row]
        bar.set_visible(cell.value is not None)
        length = (cell.value or 0.0) * dots
        bar.set_x(origin + min(length, 0))
        bar.set_width(abs(length))
        bar.set(
            facecolor=CUT if cell.cut else KEPT,
            edgecolor=EDGE if cell.cut else KEPT,
            linewidth=0.8 if cell.cut else 0,
            hatch="////" if cell.cut else None,
        )
        number.set_text("cut" if cell.cut else cell.number)
        number.set_color(QUIET if cell.cut or cell.value is None else INK)
        number.set_x(origin + max(length, 0) + 5)


def on_line(share: float) -> float:
    """Where a number from 0 to 1 lies, in dots."""
    return LEFT + share * (RIGHT - 4 - LEFT)


def logit_scale(columns: Sequence[Column]) -> tuple[float, float]:
    """The lowest and the highest logit of all stages, with 0 between."""
    values = [
        cell.value
        for column in columns
        if not column.probs
        for cell in column.cells
        if cell.value is not None
    ]
    low, high = min([0.0, *values]), max([0.0, *values])
    return (low, high) if high > low else (0.0, 1.0)
