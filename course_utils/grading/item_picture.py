"""The picture of an item analysis: how hard each question is, and how well it tells apart."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from course_utils.explore.plots.look import DRAWN, GRID, INK, KEPT, QUIET
from course_utils.explore.plots.style import FONT, Picture, shorten

ROW, ABOVE, BELOW = 0.3, 0.5, 0.35  # inches
NAMES = 250  # dots
BARS, DOTS = (0.37, 0.27), (0.72, 0.26)  # left and width, of the figure


class ItemPicture(Picture):
    """A bar of the share of points and a dot of the discrimination for each question.

    items: title, difficulty in [0, 1], discrimination in [-1, 1] or None, from the top down.
    poor: dots below it are hollow and of another colour.
    """

    def __init__(self, items: Sequence[tuple[str, float, float | None]], poor: float):
        height = ABOVE + ROW * len(items) + BELOW
        super().__init__(height, 7.0)
        rows = range(len(items))
        bars = self.panel(BARS, height, len(items), (0.0, 1.0), "difficulty: share of the points")
        dots = self.panel(DOTS, height, len(items), (-1.0, 1.0), "discrimination")
        bars.barh(rows, [item[1] for item in items], height=0.62, color=KEPT)
        for x, line in ((0, "-"), (poor, (0, (4, 3)))):
            dots.axvline(x, color=QUIET, linewidth=0.8, linestyle=line, zorder=1)
        for row, (title, share, told) in enumerate(items):
            name = self.text(0.02, self.up(bars, row), title)
            shorten(name, NAMES - 0.02 * self.figure.bbox.width)
            inside = share > 0.75
            self.text(
                share - 0.02 if inside else share + 0.02,
                row,
                f"{share:.0%}",
                transform=bars.transData,
                size=8.5,
                color="white" if inside else INK,
                ha="right" if inside else "left",
            )
            if told is None:
                self.text(0, row, "not known", transform=dots.transData, color=QUIET, ha="center")
                continue
            look = {"color": DRAWN, "markerfacecolor": "white"} if told < poor else {"color": KEPT}
            dots.plot(told, row, "o", markersize=7, clip_on=False, zorder=3, **look)

    def panel(
        self, place: tuple[float, float], height: float, rows: int, span: tuple, said: str
    ) -> Axes:
        """Axes with a line a question, the first one at the top."""
        left, width = place
        axes = self.figure.add_axes((left, BELOW / height, width, ROW * rows / height))
        axes.set(xlim=span, ylim=(rows - 0.5, -0.5), yticks=[])
        axes.tick_params(length=0, labelsize=8, labelcolor=QUIET, labelfontfamily=FONT)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
        self.text(left, 1 - 0.25 / height, said, weight="bold")
        return axes

    def up(self, axes: Axes, row: int) -> float:
        """The height of a row in figure coordinates."""
        return self.figure.transFigure.inverted().transform(axes.transData.transform((0, row)))[1]
