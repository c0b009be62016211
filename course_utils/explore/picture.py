"""The widget that shows a picture in the page."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets

from course_utils.explore.plots.look import PALETTE
from course_utils.explore.plots.style import Picture

HERE = Path(__file__).parent


def palette(scheme: int) -> str:
    """The colours as CSS variables. scheme: 0 for light, 1 for dark."""
    return "".join(
        f"--nt-{name}:{(light, dark)[scheme]};" for light, (name, dark) in PALETTE.items()
    )


# JupyterLab says on the page which theme it has; elsewhere the reader's system has its way.
CSS = f"""\
:root {{ {palette(0)} }}
[data-jp-theme-light="false"] {{ {palette(1)} }}
@media (prefers-color-scheme: dark) {{
  :root:not(:has([data-jp-theme-light])) {{ {palette(1)} }}
}}
""" + "".join(
    f".nt-picture .f-{name}, .nt-picture .t-{name} {{ fill: var(--nt-{name}); }}\n"
    for name, _ in PALETTE.values()
)
CSS += (HERE / "picture.css").read_text("utf-8")


class LivePicture(anywidget.AnyWidget):
    """A picture as SVG, sharp at any size and in the colours of the page's theme.

    says: what screen readers call it; captioned: whether it stands below, too.
    marks: as a `Picture` has them. choosable: whether something follows when one is chosen; chosen:
    the key of the last one, and how many were chosen so far. scrollable: whether more of it lies
    above and below; rolled: the steps that were asked for, all together. landed: the key of the
    mark that something falls onto, where across the picture, in percent, and how many fell so far.
    """

    # As a path, it would be watched, and the watch would hold every picture that ever was.
    _esm = (HERE / "picture.js").read_text("utf-8")
    _css = CSS
    value = traitlets.Unicode().tag(sync=True)
    says = traitlets.Unicode().tag(sync=True)
    captioned = traitlets.Bool(False).tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    choosable = traitlets.Bool(False).tag(sync=True)
    chosen = traitlets.Tuple(traitlets.Unicode(), traitlets.Int(), default_value=("", 0)).tag(
        sync=True
    )
    scrollable = traitlets.Bool(False).tag(sync=True)
    rolled = traitlets.Int(0).tag(sync=True)
    landed = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Float(), traitlets.Int(), default_value=("", 0.0, 0)
    ).tag(sync=True)

    def scrolls(self, follow: Callable[[int], None]) -> None:
        """Let keys and the wheel ask for more: `follow` hears by how many steps, down is above 0.

        The page may put several into one message, so it sends their sum from the beginning.
        """
        self.scrollable = True
        self.observe(lambda change: follow(change["new"] - change["old"]), "rolled")

    def land(self, key: str, left: float) -> None:
        """Let a draw fall onto a mark, unless the reader's system asks for less motion."""
        self.landed = (key, left, self.landed[2] + 1)

    def show(self, picture: Picture) -> None:
        """Put the picture as it is now into the page, in one message."""
        with self.hold_sync():
            self.value = picture.svg()
            self.marks = list(map(list, picture.marks))
