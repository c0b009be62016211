"""The picture of penalties: where each seen token's logit was, and where it went."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from course_utils.explore.plots.look import INK, KEPT, PAPER, QUIET, signed
from course_utils.explore.plots.style import DPI, WIDTH, Picture, fit, in_lines, plain_axes, shorten

# All in dots.
ROW = 24
ABOVE = 88
BELOW = 64
LABEL_ROOM, TITLE_ROOM = 98, 572
# Where the columns end; the scale reaches from LEFT to RIGHT.
NAMED, SEEN, MOVED, CHANCE = 112, 164, 470, 590
LEFT, RIGHT = 182, 408
STEP = 2  # the scale ends at a multiple, so that it rests while a slider moves a little


@dataclass(frozen=True)
class Move:
    """One token. after: -inf if it is banned; seen: how often it came, in words.

    chance: probability before and after, in words; yours: the logit from the learner's function.
    """

    label: str
    seen: str
    before: float
    after: float
    chance: str = ""
    yours: float | None = None

    @property
    def banned(self) -> bool:
        return self.after == -math.inf


class PenaltiesPicture(Picture):
    """A ring where the logit was, a solid mark where it is, and an arrow's shaft between them.

    A banned token leaves the scale on the left: its shaft is dashed and ends in a cross.
    """

    def __init__(self, rows: int):
        self.height = ABOVE + BELOW + rows * ROW
        super().__init__(self.height / DPI)
        self.axes = self.figure.add_axes(
            (
                LEFT / (WIDTH * DPI),
                BELOW / self.height,
                (RIGHT - LEFT) / (WIDTH * DPI),
                rows * ROW / self.height,
            )
        )
        self.axes.set(ylim=(rows - 0.5, -0.5), yticks=[])
        plain_axes(self.axes, "x")
        self.axes.axvline(0, color=QUIET, linewidth=1.2, zorder=1)
        self.title = self.say(14, 20, size=10.5, weight="bold")
        self.subtitle = self.say(14, 43)
        self.seen = self.say(SEEN, ABOVE - 14, size=8, color=QUIET, ha="right")
        for x, said in ((LEFT + 4, "logit"), (MOVED, "move"), (CHANCE, "probability")):
            align = "left" if said == "logit" else "right"
            self.say(x, ABOVE - 14, said, size=8, color=QUIET, ha=align)
        self.key = self.say(14, self.height - 20, size=8, color=QUIET)
        self.lines = [MoveArtists(self, row) for row in range(rows)]
        self.limits = None

    def draw(
        self,
        moves: Sequence[Move],
        title: str = "",
        subtitle: str = "",
        seen: str = "seen",
        remarks: Sequence[str] = (),
    ) -> Figure:
        """Show these tokens, the first on top; returns the picture's one figure.

        seen: what the numbers beside the tokens are; remarks: what to add to the key.
        """
        self.title.set_text(title)
        self.subtitle.set_text(subtitle)
        shorten(self.title, TITLE_ROOM)
        fit(self.subtitle, TITLE_ROOM)
        self.seen.set_text(seen)
        self.key.set_text(in_lines([*key(moves), *remarks], TITLE_ROOM))
        limits = scale(moves)
        if limits != self.limits:
            self.limits = limits
            self.axes.set_xlim(limits)
        for row, line in enumerate(self.lines):
            line.show(moves[row] if row < len(moves) else None, self.limits[0])
        self.marks = []
        for row, move in enumerate(moves):
            top = ABOVE + row * ROW
            self.mark(move.label, says(move), (8, top, WIDTH * DPI - 8, top + ROW))
        return self.figure


class MoveArtists:
    """What one row of the picture is drawn with."""

    def __init__(self, picture: PenaltiesPicture, row: int):
        self.row = row
        axes, y = picture.axes, ABOVE + (row + 0.5) * ROW
        self.label = picture.say(NAMED, y, size=10, ha="right")
        self.seen = picture.say(SEEN, y, color=QUIET, ha="right")
        self.number = picture.say(MOVED, y, weight="bold", ha="right")
        self.chance = picture.say(CHANCE, y, size=8.5, ha="right")
        look = {"linestyle": "", "clip_on": False}
        (self.shaft,) = axes.plot([], [], color=KEPT, linewidth=2.2, zorder=2, clip_on=False)
        (self.before,) = axes.plot(
            [], [], marker="o", markersize=7, color=PAPER, markeredgecolor=INK, zorder=3, **look
        )
        (self.after,) = axes.plot([], [], markersize=8, color=KEPT, zorder=4, **look)
        cross = {"marker": "x", "markersize": 7, **look}
        (self.halo,) = axes.plot([], [], color=PAPER, markeredgewidth=4, zorder=5, **cross)
        (self.yours,) = axes.plot([], [], color=INK, markeredgewidth=1.8, zorder=6, **cross)
        self.named = ""
        # In the order in which they lie on each other.
        self.moving = (self.shaft, self.before, self.after, self.halo, self.yours)
        self.moving += (self.number, self.chance)

    def name(self, label: str) -> None:
        """Write the label, shortened to the room that it has."""
        if label == self.named:
            return
        self.named = label
        self.label.set_text(label)
        shorten(self.label, LABEL_ROOM)

    def show(self, move: Move | None, edge: float) -> None:
        """edge: the left end of the scale, where a banned token goes."""
        for artist in self.moving:
            artist.set_visible(move is not None)
        self.name(move.label if move else "")
        self.seen.set_text(move.seen if move else "")
        self.number.set_text(moved(move) if move else "")
        self.chance.set_text(move.chance if move else "")
        if move is None:
            return
        end = edge if move.banned else move.after
        self.shaft.set_data([move.before, end], [self.row] * 2)
        self.shaft.set(
            linestyle=(0, (3, 2)) if move.banned else "solid", color=QUIET if move.banned else KEPT
        )
        self.before.set_data([move.before], [self.row])
        self.after.set_data([end], [self.row])
        self.after.set_marker("X" if move.banned else sign(move.after - move.before))
        self.after.set_color(QUIET if move.banned else KEPT)
        self.number.set_color(QUIET if move.banned or move.after == move.before else INK)
        yours = [] if move.yours is None else [max(move.yours, edge)]
        for artist in (self.halo, self.yours):
            artist.set_data(yours, [self.row] * len(yours))
            artist.set_visible(bool(yours))


def says(move: Move) -> str:
    """Exact values, for who points at a row."""
    yours = "" if move.yours is None else f"\nyour function: {signed(move.yours, '.4f')}"
    after = "banned" if move.banned else signed(move.after, ".4f")
    before = signed(move.before, ".4f")
    said = f"'{move.label}', seen {move.seen}\nlogit {before} → {after}{yours}"
    return f"{said}\nprobability {move.chance}"


def sign(move: float) -> str:
    """The marker that points where the logit went; none if it stayed."""
    return "<" if move < 0 else ">" if move > 0 else ""


def moved(move: Move) -> str:
    if move.banned:
        return "banned"
    return signed(move.after - move.before, "+.2f").replace("+0.00", "0").replace("0.00", "0")


def scale(moves: Sequence[Move]) -> tuple[float, float]:
    """From one multiple of `STEP` to another, with zero and all finite logits inside."""
    values = [0.0]
    for move in moves:
        values += [move.before, move.after, move.before if move.yours is None else move.yours]
    finite = [value for value in values if math.isfinite(value)]
    low = math.floor(min(finite) / STEP - 0.1) * STEP
    high = math.ceil(max(finite) / STEP + 0.1) * STEP
    return low, high


def key(moves: Sequence[Move]) -> list[str]:
    """What the marks mean, naming only those that are there."""
    parts = ["○ the model's logit"]
    if any(move.after > move.before for move in moves):
        parts.append("▶ lifted")
    if any(-math.inf < move.after < move.before for move in moves):
        parts.append("◀ lowered")
    if any(move.banned for move in moves):
        parts.append("dashed to ✖: banned")
    if any(move.yours is not None for move in moves):
        parts.append("✕ your function")
    return parts
