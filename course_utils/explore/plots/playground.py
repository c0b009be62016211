"""The picture of texts: every token on a ground as strong as it was unlikely."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, Transform

from course_utils.explore.plots.look import DRAWN, INK, QUIET
from course_utils.explore.plots.style import DPI, WIDTH, Picture, in_lines, shortened, width

# From likely to unlikely: the least probability, its name, how strong the ground is, and the line
# below the token, which tells the unlikely ones apart without colour.
LEVELS = (
    (0.5, "50% or more", 0.0, None),
    (0.2, "20 to 50%", 0.12, None),
    (0.05, "5 to 20%", 0.26, None),
    (0.01, "1 to 5%", 0.42, "dotted"),
    (0.0, "below 1%", 0.6, "solid"),
)

# In inches, but for the size of the letters.
SIZE = 9
LINE = 0.225
LEFT = 0.14
TEXT_LEFT = 0.85
RIGHT = WIDTH - 0.14
MOST_LINES = 6  # of one text


@dataclass(frozen=True)
class Cell:
    """One token as the picture shows it, and its probability from 0 to 1; None for the prompt."""

    text: str
    probability: float | None


@dataclass(frozen=True)
class Block:
    """Texts that were written in one way: a heading, numbers below it, and a label for each."""

    title: str
    numbers: Sequence[str]
    labels: Sequence[str]
    texts: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Placed:
    """A cell in its place: inches from the left and from the top, and its width."""

    cell: Cell
    x: float
    y: float
    width: float


def level(probability: float) -> int:
    """Which of `LEVELS` a probability belongs to.

    >>> level(0.5), level(0.49), level(0.001)
    (0, 1, 4)
    """
    return sum(probability < least for least, *_ in LEVELS)


class PlaygroundPicture(Picture):
    """Texts set in lines, with what was unlikely standing out. It is as high as they need."""

    def __init__(self):
        super().__init__(1.0)

    def draw(self, blocks: Sequence[Block]) -> Figure:
        """Show these blocks below each other. Returns the picture's one figure."""
        self.figure.clear()
        cells, texts, y = [], [], 0.2
        for block in blocks:
            title = fitting(block.title, RIGHT - LEFT, 10.5, "bold")
            texts.append((LEFT, y, title, 10.5, INK, "bold"))
            for line in in_lines(block.numbers, (RIGHT - LEFT) * DPI, SIZE).split("\n"):
                y += 0.22
                texts.append((LEFT, y, line, SIZE, INK, "normal"))
            y += 0.3
            for label, text in zip(block.labels, block.texts, strict=True):
                placed = list(self.place(text, y))
                label = fitting(label, TEXT_LEFT - LEFT)
                texts.append((LEFT, y, label, SIZE, QUIET, "normal"))
                cells += placed
                y = (placed[-1].y if placed else y) + LINE
                if len(placed) < len(text):
                    more = f"… and {len(text) - len(placed):,} more tokens"
                    texts.append((TEXT_LEFT, y, more, SIZE, QUIET, "normal"))
                    y += LINE
                y += 0.08
            y += 0.12
        cells += self.key(y)
        texts.append((LEFT, y, "the model gave", 8, QUIET, "normal"))
        self.figure.set_figheight(y + 0.2)
        page = self.page()
        for placed in cells:
            self.add_cell(placed, page)
        for x, top, said, size, color, weight in texts:
            self.text(x, top, said, transform=page, size=size, color=color, weight=weight)
        return self.figure

    def page(self) -> Transform:
        """Inches from the upper left corner."""
        flip = Affine2D().scale(1, -1).translate(0, self.figure.get_figheight())
        return flip + self.figure.dpi_scale_trans

    def place(self, text: Sequence[Cell], y: float) -> Iterator[Placed]:
        """Cells from left to right, in at most `MOST_LINES` lines, the first one at `y`."""
        x, bottom = TEXT_LEFT, y + (MOST_LINES - 1) * LINE
        for cell in text:
            said = fitting(cell.text, RIGHT - TEXT_LEFT)
            if x + inches(said) > RIGHT:
                x, y = TEXT_LEFT, y + LINE
            if x == TEXT_LEFT:
                said = said.lstrip(" ") or said
            end = x + inches(said)
            if y > bottom + 1e-9:
                return
            yield Placed(Cell(said, cell.probability), x, y, end - x)
            x = end

    def key(self, y: float) -> Iterator[Placed]:
        """What the grounds mean, in a line at `y`."""
        x = LEFT + 0.95
        for least, name, *_ in LEVELS:
            cell = Cell(name, least)
            yield Placed(cell, x, y, inches(cell.text))
            x += inches(cell.text) + 0.12

    def add_cell(self, placed: Placed, page: Transform) -> None:
        """The token on its ground; the space before it stays white and parts it from the last."""
        word = placed.cell.text.lstrip(" ") or placed.cell.text
        left = placed.x + placed.width - inches(word)
        if placed.cell.probability is not None:
            self.add_ground(left, placed.y, inches(word), placed.cell.probability, page)
        color = QUIET if placed.cell.probability is None else INK
        self.text(left, placed.y, word, transform=page, size=SIZE, color=color)

    def add_ground(self, x: float, y: float, wide: float, share: float, page: Transform) -> None:
        _, _, strength, line = LEVELS[level(share)]
        look = {"facecolor": (DRAWN, strength), "linewidth": 0}
        self.figure.add_artist(Rectangle((x, y - 0.09), wide, 0.19, transform=page, **look))
        if line:
            look = {"color": INK, "linewidth": 1.1, "linestyle": line, "solid_capstyle": "butt"}
            ends = (x + 0.01, x + wide - 0.01), (y + 0.09, y + 0.09)
            self.figure.add_artist(Line2D(*ends, transform=page, **look))


def fitting(text: str, room: float, size: float = SIZE, weight: str = "normal") -> str:
    """The text, shortened to so many inches."""
    return shortened(text, room * DPI, size, weight)


def inches(text: str) -> float:
    return width(text, SIZE) / DPI
