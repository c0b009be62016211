import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from course_utils import quiz
from course_utils.grading.score import Item, Report
from course_utils.learner import button
from course_utils.learner.progress import history


class Page:
    """A notebook's page: presses the button, and saves when it is asked to, unless told not to.

    What a real page does is tested in tests/browser.
    """

    def __init__(self, path):
        self.path, self.saves, self.edits = path, True, 0
        self.button, self.shown, self.asked = quiz.score_button().children
        self.asked.observe(self.on_asked, "value")

    def on_asked(self, change) -> None:
        if "docmanager:save" in change.new and self.saves:
            self.save()

    def save(self) -> None:
        self.edits += 1
        self.path.write_text(json.dumps({"edits": self.edits * "i"}))

    def press(self) -> str:
        self.button.click()
        assert not self.button.disabled
        return self.shown.value


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    path = tmp_path / "02_temperature.ipynb"
    path.write_text("{}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    monkeypatch.setattr(button, "SECONDS", 0.2)
    return path


@pytest.fixture
def scorer(monkeypatch):
    """A stand-in for the slow one."""
    item = Item("2.1 From one to three", 0.0, 1.0, "<script> and why")
    made = SimpleNamespace(score=lambda path, _: Report(path.stem, [item], ["<b> was missing"]))
    monkeypatch.setattr(button.scorer, "take", lambda: made)
    return made


def test_it_shows_a_table_with_the_reasons_escaped(notebook, scorer):
    shown = Page(notebook).press()
    assert "<b>0 of 1 points.</b>" in shown
    assert "Scored as saved at " in shown
    assert "&lt;script&gt; and why" in shown
    assert "&lt;b&gt; was missing" in shown
    assert "<script>" not in shown


def test_each_score_is_kept_and_compared(notebook, scorer):
    page = Page(notebook)
    for points in (9, 14, 12):
        item = Item("all", points, 17, "why")
        scorer.score = lambda path, _, item=item: Report(path.stem, [item])
        shown = page.press()
    assert "<b>12 of 17 points, best so far 14; last time 14.</b>" in shown
    assert [score.points for score in history(notebook)] == [9, 14, 12]


def test_a_page_that_does_not_save_gets_no_score_until_the_learner_saved(notebook, scorer):
    page = Page(notebook)
    page.saves = False
    for _ in range(2):
        shown = page.press()
        assert shown.startswith(
            "<b>Save first</b> (Ctrl+S, on a Mac Cmd+S), then press the button again."
        )
        assert "the page did not save 02_temperature.ipynb" in shown
    page.save()
    assert "0 of 1 points" in page.press()
    # Saved once is not saved for ever.
    assert "Save first" in page.press()
    assert len(history(notebook)) == 1


def test_half_a_save_is_not_scored(notebook, scorer):
    page = Page(notebook)
    page.save = lambda: notebook.write_text('{"edits":')
    assert "Save first" in page.press()
    assert history(notebook) == []


def test_it_asks_the_page_once_a_press(notebook, scorer):
    page = Page(notebook)
    page.press()
    page.press()
    assert page.edits == 2
    assert page.asked.value == ""  # else it would save whenever the notebook is opened


def test_an_error_is_one_line(notebook, scorer):
    def fail(path, _):
        raise ValueError("no module of this <name>")

    scorer.score = fail
    shown = Page(notebook).press()
    assert shown == "No score this time. ValueError: no module of this &lt;name&gt;"


def test_an_interrupt_stops_it(notebook, scorer):
    def interrupted(path, _):
        raise KeyboardInterrupt

    scorer.score = interrupted
    assert Page(notebook).press() == "Stopped: nothing was scored."


def test_it_shows_how_far_it_is(notebook, scorer):
    shown = []

    def score(path, progress):
        progress(3, 40)
        shown.append(page.shown.value)
        return Report(path.stem, [])

    scorer.score = score
    page = Page(notebook)
    page.press()
    assert shown == ["Scoring… cell 3 of 40."]


@pytest.mark.parametrize("name", ["", "/no/such/notebook.ipynb", "console"])
def test_without_a_notebook_file_it_names_what_to_do(monkeypatch, tmp_path, name):
    monkeypatch.setenv("JPY_SESSION_NAME", name)
    said = Page(tmp_path / "none").press()
    assert "course score FILE.ipynb" in said and "If you renamed it, restart its kernel" in said


def test_the_button_shows_without_what_only_scoring_needs():
    code = (
        "import sys; from course_utils import quiz; quiz.score_button(); "
        "print(sys.modules.keys() & {'jsonschema', 'jupytext', 'nbformat', 'nbgrader'})"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
