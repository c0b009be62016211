"""A chart that a lesson draws itself, in the style of the explorers' pictures."""

from matplotlib.axes import Axes

from course_utils.explore.panel import replace_panels_of_this_cell, still_bundle
from course_utils.explore.picture import LivePicture
from course_utils.explore.plots import look, style


class Chart(style.Picture):
    """One set of axes to draw on, and a sentence that says what the picture says.

    x, y: what the axes show. height: in inches, of 7 inches width.

    >>> chart = Chart(x="step", y="tokens kept")
    >>> line = chart.axes.plot([3, 1, 2], color=look.KEPT)
    >>> chart.says("Between 1 and 3 tokens are kept.")
    Between 1 and 3 tokens are kept.
    """

    def __init__(self, x: str, y: str, height: float = 3.0):
        super().__init__(height, 7.0)
        self.summary = ""
        self.axes: Axes = self.figure.add_axes((0.1, 0.55 / height, 0.87, 1 - 0.75 / height))
        self.axes.set_xlabel(x, family=style.FONT, size=9, color=look.INK)
        self.axes.set_ylabel(y, family=style.FONT, size=9, color=look.INK)
        self.axes.tick_params(labelsize=9, colors=look.QUIET, labelfontfamily=style.FONT)
        self.axes.grid(color=look.GRID)
        self.axes.set_axisbelow(True)
        for side, spine in self.axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(look.GRID)

    def label(self, x: float, y: float, said: str, color: str = look.INK) -> None:
        """Text at a place of the axes, where a legend would send the eye away."""
        self.text(x, y, said, transform=self.axes.transData, color=color)

    def says(self, summary: str) -> "Chart":
        """Set the sentence below the picture. Returns the chart, for the last line of a cell."""
        self.summary = summary
        return self

    def __repr__(self) -> str:
        return self.summary

    def _repr_mimebundle_(self, **kwargs) -> dict:
        live = LivePicture(says=self.summary, captioned=True)
        live.show(self)
        replace_panels_of_this_cell(live)
        png = self.png()
        data, _ = live._repr_mimebundle_(**kwargs)
        return data | still_bundle(png, self.summary, self.summary)
