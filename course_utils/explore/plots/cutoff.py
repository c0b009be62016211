"""The picture of a cut that moves: how many tokens each rule keeps along a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from course_utils.explore.plots.look import DRAWN, INK, KEPT, PAPER, QUIET, visible
from course_utils.explore.plots.style import DPI, Picture, fit, plain_axes, shorten

HEIGHT = 3.8
LEFT, RIGHT = 0.095, 0.815
BELOW, ABOVE = 0.8, 0.62  # inches
LABELS = 44  # tokens named below the axis; of a longer text every second, third, …
LABEL_ROOM, SUBTITLE_ROOM = 68, 576  # dots
GAP = 18  # dots between the names of two lines

# Dashes, markers and lightness differ as well as the colours.
LOOKS = {
    "top_k": {"color": QUIET, "linestyle": (0, (5, 2)), "linewidth": 1.8},
    "top_p": {"color": KEPT, "linestyle": "-", "linewidth": 1.4, "marker": "o", "markersize": 4},
    "min_p": {
        "color": DRAWN,
        "linestyle": (0, (1, 1)),
        "linewidth": 1.4,
        "marker": "D",
        "markersize": 4.5,
        "markerfacecolor": PAPER,
    },
    "yours": {"color": INK, "linestyle": "", "marker": "x", "markersize": 6, "zorder": 5},
}


@dataclass(frozen=True)
class Track:
    """One line: how many tokens are kept at each step, and what to call it.

    look: a name in LOOKS.
    """

    look: str
    label: str
    kept: Sequence[int]

    @property
    def name(self) -> str:
        return self.look.replace("_", "-")


class CutoffPicture(Picture):
    """Numbers kept over the tokens of a text, on a log scale from 1 to the whole vocabulary."""

    def __init__(self):
        super().__init__(HEIGHT)
        box = (LEFT, BELOW / HEIGHT, RIGHT - LEFT, 1 - (ABOVE + BELOW) / HEIGHT)
        self.axes = self.figure.add_axes(box)
        self.axes.set_yscale("log")
        self.axes.minorticks_off()
        plain_axes(self.axes, "y")
        self.title = self.text(0.02, 1 - 0.2 / HEIGHT, size=10.5, weight="bold")
        self.subtitle = self.text(0.02, 1 - 0.43 / HEIGHT)
        self.band = self.axes.axvspan(-0.5, 0.5, -0.3, 1, color=DRAWN, linewidth=0, alpha=0.22)
        self.band.set_clip_on(False)
        self.lines = {
            name: self.axes.plot([], [], drawstyle="steps-mid", clip_on=False, **look)[0]
            for name, look in LOOKS.items()
        }
        colours = {name: look["color"] for name, look in LOOKS.items()}
        self.names = {
            name: self.text(RIGHT + 0.02, 0, color=colour, weight="bold")
            for name, colour in colours.items()
        }
        self.labels = []
        self.text_shown = None

    def draw(
        self,
        tokens: Sequence[str],
        vocabulary: int,
        tracks: Sequence[Track],
        step: int,
        subtitle: str = "",
    ) -> Figure:
        """Show these tracks, one number a token each, with a band over one step."""
        if self.text_shown != (tokens, vocabulary):
            self.lay_out(tokens, vocabulary)
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, SUBTITLE_ROOM)
        self.band.set_x(step - 0.5)
        shown = {track.look: track for track in tracks}
        for name, line in self.lines.items():
            track = shown.get(name)
            line.set_data(range(len(tokens)) if track else [], track.kept if track else [])
            self.names[name].set_text(track.label if track else "")
        self.place_names(shown)
        self.marks = []
        for i, token in enumerate(tokens):
            counts = ", ".join(f"{track.name} {track.kept[i]:,}" for track in tracks)
            box = self.column(i)
            self.mark(str(i + 1), f"after '{visible(token)}' (step {i + 1:,})\n{counts} kept", box)
        return self.figure

    def column(self, i: int) -> tuple[float, float, float, float]:
        """The room of a step, its label included."""
        (left, _), (right, _) = self.axes.transData.transform([(i - 0.5, 1), (i + 0.5, 1)])
        return left, ABOVE * DPI, right, HEIGHT * DPI - 4

    def lay_out(self, tokens: Sequence[str], vocabulary: int) -> None:
        """Scale and labels for a text."""
        self.text_shown = (tokens, vocabulary)
        self.title.set_text(f"How many of {vocabulary:,} tokens are kept along the text")
        self.axes.set(xlim=(-0.6, len(tokens) - 0.4), xticks=[])
        self.axes.set_ylim(0.75, vocabulary * 1.25)
        powers = [10**i for i in range(10) if 10**i * 2 <= vocabulary]
        ticks = [*powers, vocabulary]
        self.axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
        for label in self.labels:
            label.remove()
        every = -(-len(tokens) // LABELS)
        across = self.axes.get_xaxis_transform()
        self.labels = [
            self.text(i, -0.03, size=8, transform=across) for i in range(0, len(tokens), every)
        ]
        for label, token in zip(self.labels, tokens[::every], strict=True):
            label.set_text(visible(token))
            shorten(label, LABEL_ROOM)
            label.set(rotation=90, ha="center", va="top")
        for line in self.lines.values():
            line.set_markevery(every)

    def place_names(self, shown: dict[str, Track]) -> None:
        """Each name at the height of its line's end, moved apart where two would meet."""
        ends = {
            name: self.axes.transData.transform((0, t.kept[-1]))[1] for name, t in shown.items()
        }
        order = sorted(ends, key=ends.get)
        heights = apart([ends[name] for name in order], self.axes.bbox.y0 + 4, self.axes.bbox.y1)
        for name, y in zip(order, heights, strict=True):
            self.names[name].set_y(y / self.figure.bbox.height)


def apart(heights: Sequence[float], low: float, high: float, gap: float = GAP) -> list[float]:
    """Rising heights, moved up and down as little as keeps them `gap` apart within the limits.

    >>> apart([10, 12, 100], 0, 100, gap=5)
    [10, 15, 100]
    """
    placed = []
    for y in heights:
        placed.append(max(y, placed[-1] + gap if placed else low))
    ceiling = high
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed
