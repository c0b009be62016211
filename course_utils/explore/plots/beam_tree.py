"""The picture of a search: its tree from left to right, with what each step cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from course_utils.explore.plots.look import DRAWN, INK, KEPT, QUIET, signed
from course_utils.explore.plots.style import DPI, WIDTH, Picture, in_lines, shortened, width

# All in dots.
ROW = 31
ABOVE = 66
BELOW = 38
LEFT = 14
ROOT = 62
SCORES = 86  # right of the last step: totals and scores
BEND = 14  # where a branch swings from its parent's line to its own
WIDEST = 200  # a step of a short tree
TITLE_ROOM = 572
MOST_ROWS = 17  # what fits in a window
MOST_PRUNED = 2  # a step, or fewer where there are too many rows


@dataclass(frozen=True)
class Branch:
    """One token of the tree. The list of branches holds every parent before its children.

    parent: place in the list, None for the start, which is the first; depth: 0 for the start;
    logprob: of this token; total: of the text up to here; kept: whether the search went on with it.
    score: what a finished text is ranked by, None for others; winner, greedy, yours: whether the
    token lies on the best text, on what greedy takes, on what the learner's function found.
    """

    label: str
    parent: int | None
    depth: int
    logprob: float = 0.0
    total: float = 0.0
    kept: bool = True
    score: float | None = None
    winner: bool = False
    greedy: bool = False
    yours: bool = False


class BeamTreePicture(Picture):
    """Branches that were kept are solid, pruned ones thin and dashed, the winner bold and on top.

    The tree has another shape at every setting, so it is drawn anew and as high as it needs.
    """

    def __init__(self):
        super().__init__(1)

    def draw(self, branches: Sequence[Branch], title: str = "", subtitle: str = "") -> Figure:
        """Show a tree; a step shows the best pruned branches and counts the rest."""
        for pruned in reversed(range(MOST_PRUNED + 1)):
            shown = most_telling(branches, pruned)
            rows = layout(branches, shown)
            if max(rows.values()) < MOST_ROWS:
                break
        height = ABOVE + BELOW + (max(rows.values()) + 1) * ROW
        self.figure.clear()
        self.resize(height / DPI)
        # Dots from the top left; axes would only take time.
        self.say(14, 18, shortened(title, TITLE_ROOM, 10.5, "bold"), size=10.5, weight="bold")
        self.say(14, 40, shortened(subtitle, TITLE_ROOM))
        self.say(14, height - 20, key(branches, len(branches) - len(shown)), size=8, color=QUIET)

        deepest = max(branch.depth for branch in branches)
        self.step = min(WIDEST, (WIDTH * DPI - LEFT - ROOT - SCORES) / max(deepest, 1))
        places = {i: ABOVE + (rows[i] + 0.5) * ROW for i in shown}
        parents = {branches[i].parent for i in shown}
        self.marks = []
        for i in shown:
            self.write(branches[i], places[i], is_leaf=i not in parents)
            end = self.end(branches[i].depth)
            start = LEFT if branches[i].parent is None else end - self.step
            self.mark(
                str(i), says(branches[i]), (start, places[i] - ROW / 2, end, places[i] + ROW / 2)
            )
        self.add_lines(branches, places)
        return self.figure

    def end(self, depth: int) -> float:
        """Where the line of a branch of this depth ends."""
        return LEFT + ROOT + depth * self.step

    def write(self, branch: Branch, y: float, is_leaf: bool) -> None:
        """Write the token over its line and the numbers below."""
        end = self.end(branch.depth)
        start = LEFT if branch.parent is None else end - self.step + BEND + 2
        weight = "bold" if branch.winner else "normal"
        color = INK if branch.kept else QUIET
        marks = ("◆" if branch.greedy else "") + ("✕" if branch.yours else "")
        room = end - start - 3
        if marks:
            self.say(end - 3, y - 9, marks, size=7, color=DRAWN, ha="right")
            room -= width(marks, 7) + 2
        label = shortened(branch.label, room, 9, weight)
        self.say(start, y - 9, label, size=9, weight=weight, color=color)
        if branch.parent is None:
            return
        logprob, total = number(branch.logprob), f"Σ{number(branch.total)}"
        both = width(logprob, 7.5, weight) + width(total, 7.5) + 4
        fit = both <= end - 2 - start
        # Where a leaf has room for one number, it is the total: the other is said when pointed at.
        if fit or not is_leaf or branch.score is not None:
            self.say(start, y + 8, logprob, size=7.5, weight=weight, color=QUIET)
        if branch.score is not None:
            self.say(end + 6, y - 7, f"total {number(branch.total)}", size=8, weight=weight)
            self.say(end + 6, y + 7, f"score {number(branch.score)}", size=8, weight=weight)
        elif fit or is_leaf:
            self.say(end - 2, y + 8, total, size=7.5, color=QUIET, ha="right")

    def add_lines(self, branches: Sequence[Branch], places: dict[int, float]) -> None:
        """A bend and a straight line for each branch; the later ones lie on top."""
        order = sorted(places, key=lambda i: (branches[i].winner, branches[i].kept))
        paths, widths, styles, colors = [], [], [], []
        for i in order:
            branch, y = branches[i], places[i]
            end = self.end(branch.depth)
            if branch.parent is None:
                paths.append([(LEFT, y), (end, y)])
            else:
                start = end - self.step
                paths.append([*bend(start, places[branch.parent], y), (end - 1, y)])
            widths.append(3.2 if branch.winner else 1.5 if branch.kept else 0.9)
            styles.append("solid" if branch.kept else (0, (4, 3)))
            colors.append(KEPT if branch.kept else QUIET)
        look = {"linewidths": widths, "linestyles": styles, "colors": colors}
        self.lines = LineCollection(paths, transform=self.dots, **look)
        self.figure.add_artist(self.lines)


def bend(x: float, above: float, below: float) -> list[tuple[float, float]]:
    """An S from one height to another within `BEND` dots."""
    shares = [i / 8 for i in range(9)]
    smooth = [share * share * (3 - 2 * share) for share in shares]
    return [
        (x + BEND * share, above + (below - above) * rise)
        for share, rise in zip(shares, smooth, strict=True)
    ]


def most_telling(branches: Sequence[Branch], most: int) -> list[int]:
    """The places of all kept branches, and of the pruned ones that came nearest to being kept.

    most: how many of these in a step, besides greedy's and the learner's.
    """
    pruned = [i for i, branch in enumerate(branches) if not branch.kept]
    pruned.sort(key=lambda i: -branches[i].total)
    drawn: dict[int, int] = {}
    hidden = set()
    for i in pruned:
        depth = branches[i].depth
        if drawn.get(depth, 0) >= most and not (branches[i].greedy or branches[i].yours):
            hidden.add(i)
        else:
            drawn[depth] = drawn.get(depth, 0) + 1
    return [i for i in range(len(branches)) if i not in hidden]


def layout(branches: Sequence[Branch], shown: Sequence[int]) -> dict[int, int]:
    """The row of each branch: the winner runs straight along the top, and no two meet.

    A subtree moves up as far as the one above leaves room, column by column.
    """
    children: dict[int, list[int]] = {i: [] for i in shown}
    for i in shown:
        if branches[i].parent is not None:
            children[branches[i].parent].append(i)
    rows: dict[int, int] = {}
    free = [0] * (max(branch.depth for branch in branches) + 2)  # the next row of each column

    def place(i: int, least: int) -> None:
        branch = branches[i]
        # A finished text has its score to the right of it.
        columns = (branch.depth, branch.depth + 1)[: 1 if branch.score is None else 2]
        row = max(least, *(free[column] for column in columns), first_free(i))
        rows[i] = row
        for column in columns:
            free[column] = row + 1
        for child in ordered(i):
            place(child, row)

    def ordered(i: int) -> list[int]:
        better = [
            (not branches[c].winner, not branches[c].kept, -branches[c].total, c)
            for c in children[i]
        ]
        return [c for *_, c in sorted(better)]

    def first_free(i: int) -> int:
        """The least row at which this branch and all first ones below it lie in a straight line."""
        below = ordered(i)
        least = free[branches[i].depth]
        return max(least, first_free(below[0])) if below else least

    place(shown[0], 0)
    return rows


def number(value: float) -> str:
    """Two decimals while there is room for them."""
    return signed(value, ".2f" if value > -9.995 else ".1f")


def says(branch: Branch) -> str:
    """Exact values, for who points at a branch."""
    if branch.parent is None:
        return "where the search starts"
    logprob, total = signed(branch.logprob, ".4f"), signed(branch.total, ".4f")
    parts = [f"log-probability {logprob}, total {total}"]
    parts += ["kept" if branch.kept else "pruned"]
    parts += [] if branch.score is None else [f"score {signed(branch.score, '.4f')}"]
    parts += ["greedy's choice"] * branch.greedy + ["your function"] * branch.yours
    return f"'{branch.label}'\n" + ", ".join(parts)


def key(branches: Sequence[Branch], hidden: int) -> str:
    """What the lines and signs mean, naming only those that are there."""
    parts = ["bold: winner", "solid: kept"]
    if any(not branch.kept for branch in branches):
        parts.append("dashed: pruned")
    if any(branch.score is None for branch in branches[1:]):
        parts.append("Σ: total")
    if any(branch.greedy for branch in branches):
        parts.append("◆ greedy's choice")
    if any(branch.yours for branch in branches):
        parts.append("✕ your function")
    if hidden:
        parts.append(f"{hidden} more pruned")
    return in_lines(parts, TITLE_ROOM)
