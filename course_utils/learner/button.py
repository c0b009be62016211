"""The button that scores the notebook it is in."""

import html
import json
import time
from datetime import datetime
from pathlib import Path

import ipywidgets

from course_utils.learner import here, scorer
from course_utils.learner.progress import record

SAVE = "Ctrl+S, on a Mac Cmd+S"
SECONDS = 5  # that the page has to save the notebook


def order(command: str) -> str:
    """HTML that has JupyterLab run a command as soon as it is shown.

    JupyterLab does that when an element with this attribute is clicked ("Commands in Markdown
    Output and Files" in its documentation). A kernel has no other way to ask a page for something;
    and as it cannot click, the image does. Elsewhere nothing happens.
    """
    return (
        f'<span data-commandlinker-command="{command}"><img alt="" onload="this.click()" '
        'src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAIBAAA="></span>'
    )


class ScoreButton:
    """Saves the notebook, scores it as an instructor would, and shows a table.

    What is scored is what the page shows: if the page does not save, nothing is scored until the
    learner has saved.
    """

    def __init__(self):
        self.button = ipywidgets.Button(description="Score my answers", button_style="primary")
        self.shown = ipywidgets.HTML("Saves the notebook, then scores it.")
        self.page = ipywidgets.HTML(layout=ipywidgets.Layout(display="none"))
        self.refused: tuple | None = None  # the version that was not scored
        self.button.on_click(self.on_click)
        self.box = ipywidgets.VBox([self.button, self.shown, self.page])
        scorer.prepare()

    def on_click(self, _) -> None:
        self.button.disabled = True
        try:
            self.shown.value = self.result()
        finally:
            self.button.disabled = False
        scorer.prepare()  # for the next time

    def result(self) -> str:
        """The score of the notebook being edited, or why there is none, as HTML."""
        path = here.notebook()
        if path is None:
            return (
                "This notebook's file could not be found from here. If you renamed it, restart its "
                "kernel and run its cells. Otherwise save it, and in a terminal run "
                "<code>course score FILE.ipynb</code>."
            )
        self.shown.value = "Saving…"
        if not self.is_saved(path):
            return (
                f"<b>Save first</b> ({SAVE}), then press the button again. Nothing was scored: the "
                f"page did not save {html.escape(path.name)}, so it may lack your last changes. If "
                "you renamed the notebook, restart its kernel."
            )
        self.shown.value = "Scoring… the whole notebook runs once more."
        try:
            return self.scored(path)
        except KeyboardInterrupt:
            return "Stopped: nothing was scored."
        except Exception as error:  # a button has nobody to raise to: the learner sees the reason
            return f"No score this time. {html.escape(f'{type(error).__name__}: {error}')}"

    def is_saved(self, path: Path) -> bool:
        """Ask the page to save. True if it did, or if the learner has since the last refusal."""
        before = version(path)
        self.page.value = order("docmanager:save")
        end = time.monotonic() + SECONDS
        while (now := version(path)) in (None, before) and time.monotonic() < end:
            time.sleep(0.05)
        self.page.value = ""  # it would ask again whenever the page is loaded
        saved = now is not None and (now != before or self.refused not in (None, now))
        self.refused = None if saved else now
        return saved

    def scored(self, path: Path) -> str:
        """The score of a notebook's file, with how it compares to earlier ones, as HTML."""
        saved = datetime.fromtimestamp(path.stat().st_mtime)
        report = scorer.take().score(path, self.progress)
        result, *more = record(path, report)
        lines = [f"<b>{html.escape(result)}</b>", *map(html.escape, more)]
        lines.append(f"Scored as saved at {saved:%H:%M:%S}.")
        return f"<p>{'<br>'.join(lines)}</p>{report.html_table()}"

    def progress(self, cell: int, of: int) -> None:
        self.shown.value = f"Scoring… cell {cell} of {of}."


def version(path: Path) -> tuple | None:
    """Something that is another after each save; None while a save is half done."""
    found = path.stat()
    try:
        json.loads(path.read_bytes())
    except ValueError:  # Jupyter Server empties the file, then writes it
        return None
    return found.st_mtime_ns, found.st_size
