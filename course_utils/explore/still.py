"""Widgets as HTML for a page without a kernel: pictures, words, and where the controls stand."""

from collections.abc import Iterator
from html import escape

import ipywidgets as widgets
from IPython import get_ipython

from course_utils.explore.chart import Chart
from course_utils.explore.panel import Panel
from course_utils.explore.picture import LivePicture
from course_utils.explore.plots.look import signed
from course_utils.explore.sharing import CopyButton

INSTEAD = "In JupyterLab you move this:"


def show_stills() -> None:
    """Let this kernel show every widget as `still` gives it, in place of the live one."""
    formatter = get_ipython().display_formatter.mimebundle_formatter
    formatter.for_type(widgets.Widget, lambda widget, **_: {"text/html": still(widget)})
    formatter.for_type(Chart, lambda chart, **_: {"text/html": still_chart(chart)})


def still_chart(chart: Chart) -> str:
    """A lesson's own chart, and what it says."""
    shown = picture(chart.svg(), chart.summary)
    return f'<div class="still">{shown}<p>{escape(chart.summary)}</p></div>'


def picture(svg: str, says: str) -> str:
    return f'<div class="nt-picture" role="img" aria-label="{escape(says)}">{svg}</div>'


def still(widget: widgets.Widget) -> str:
    """All that is visible in a widget, as HTML. Waits until a panel's own work is done."""
    summary = ""
    if isinstance(widget, Panel):
        if widget.job is not None:
            widget.job.join()
        summary = widget.text
    # Its picture first: on a page, the controls and words beside it come below.
    parts = sorted(visible_parts(widget), key=lambda part: not isinstance(part, LivePicture))
    body = "".join(part_html(part, summary) for part in parts)
    said = " · ".join(filter(None, map(setting, parts)))
    return f'<div class="still">{body}<p class="controls">{INSTEAD} {said}.</p></div>'


def visible_parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """The widgets in it that hold nothing else, from top to bottom."""
    if widget.layout.display == "none":
        return
    if isinstance(widget, widgets.Box):
        for child in widget.children:
            yield from visible_parts(child)
    else:
        yield widget


def part_html(part: widgets.Widget, summary: str) -> str:
    """A picture or a text; nothing for what only a kernel can move."""
    if isinstance(part, LivePicture):
        return picture(part.value, summary)
    return part.value if isinstance(part, widgets.HTML) else ""


def setting(part: widgets.Widget) -> str:
    """The name of a control, and where it stands if it has a place to stand."""
    if isinstance(part, LivePicture | CopyButton | widgets.HTML):
        return ""
    value = getattr(part, "value", None)
    if value is None or isinstance(value, bool):  # a button
        return f"<b>{escape(part.description)}</b>"
    shown = signed(value, "g") if isinstance(value, float) else str(value)
    return f"<b>{escape(part.description)}</b> {escape(shown)}"
