"""The picture of a duel: right and wrong guesses, and how likely both texts were, by round."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from course_utils.explore.plots.look import DRAWN, DRAWN_TEXT, INK, KEPT, PAPER, QUIET
from course_utils.explore.plots.style import DPI, WIDTH, Picture, fit, in_lines, plain_axes

# All in dots.
WIDE, HEIGHT = WIDTH * DPI, 318
LEFT, RIGHT = 84, 588
GUESSES = 78  # from the top: where right and wrong stand
TOP, BOTTOM = 126, 254
SCALE = (1, 1000)
ASIDE = 0.15  # of a column, from its middle to each dot


@dataclass(frozen=True)
class Outcome:
    """A round that was guessed. human, sampler: perplexities of the two texts to the model."""

    right: bool
    human: float
    sampler: float


class DuelPicture(Picture):
    """A column a round: whether the guess was right, and the perplexities of both texts."""

    def __init__(self, rounds: int):
        super().__init__(HEIGHT / DPI)
        self.rounds = rounds
        box = (LEFT / WIDE, 1 - BOTTOM / HEIGHT, (RIGHT - LEFT) / WIDE, (BOTTOM - TOP) / HEIGHT)
        self.axes = self.figure.add_axes(box)
        self.axes.set(xlim=(0.5, rounds + 0.5), yscale="log", ylim=SCALE)
        self.axes.set_xticks(range(1, rounds + 1))
        self.axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
        self.axes.yaxis.set_minor_locator(NullLocator())
        plain_axes(self.axes, "y")
        self.title = self.say(14, 20, size=10.5, weight="bold")
        self.subtitle = self.say(14, 41)
        self.say(14, GUESSES, "guess", size=9, color=QUIET)
        self.say(14, TOP - 20, "perplexity", size=8, color=QUIET)
        self.guesses = [
            self.say(self.across(i), GUESSES, size=11, weight="bold", ha="center")
            for i in range(1, rounds + 1)
        ]
        look = {"linestyle": "", "markeredgewidth": 1, "clip_on": False, "zorder": 3}
        (self.human,) = self.axes.plot([], [], "*", color=INK, markersize=11, **look)
        (self.sampler,) = self.axes.plot(
            [], [], "o", color=DRAWN, markeredgecolor=PAPER, markersize=7.5, **look
        )
        means = {"linewidth": 1.2, "linestyle": (0, (4, 3)), "zorder": 1, "visible": False}
        self.means = (
            self.axes.axhline(1, color=INK, **means),
            self.axes.axhline(1, color=DRAWN, **means),
        )
        self.key = self.say(14, HEIGHT - 20, size=8, color=QUIET)

    def across(self, number: float) -> float:
        """Where the column of a round, from 1, has its middle."""
        return LEFT + (number - 0.5) * (RIGHT - LEFT) / self.rounds

    def draw(
        self,
        outcomes: Sequence[Outcome],
        means: tuple[float, float] | None,
        title: str = "",
        subtitle: str = "",
    ) -> Figure:
        """Show these rounds; means: perplexities over all, human and sampler, at the end."""
        self.title.set_text(title.removesuffix("."))
        self.subtitle.set_text(subtitle)
        fit(self.subtitle, WIDE - 28)
        for i, text in enumerate(self.guesses):
            known = outcomes[i].right if i < len(outcomes) else None
            text.set_text("·" if known is None else "✓" if known else "✗")
            text.set_color(QUIET if known is None else KEPT if known else DRAWN_TEXT)
        numbers = range(1, len(outcomes) + 1)
        for dots, name, by in ((self.human, "human", -ASIDE), (self.sampler, "sampler", ASIDE)):
            values = [within(getattr(one, name)) for one in outcomes]
            dots.set_data([number + by for number in numbers], values)
        for line, mean in zip(self.means, means or (1.0, 1.0), strict=True):
            line.set(ydata=[within(mean)] * 2, visible=means is not None)
        parts = ["★ human", "● sampler", "across: rounds"]
        parts += ["dashed: over all rounds"] if means else []
        self.key.set_text(in_lines(parts, WIDE - 28))
        self.marks = []
        for number, one in zip(numbers, outcomes, strict=True):
            x, half = self.across(number), (RIGHT - LEFT) / self.rounds / 2
            says = (
                f"round {number}: {'right' if one.right else 'wrong'}\n"
                f"perplexity of human {one.human:.1f}, of sampler {one.sampler:.1f}"
            )
            self.mark(str(number), says, (x - half, GUESSES - 14, x + half, BOTTOM))
        return self.figure


def within(perplexity: float) -> float:
    """The perplexity, or the end of the scale that it is beyond."""
    return min(max(perplexity, SCALE[0]), SCALE[1])
