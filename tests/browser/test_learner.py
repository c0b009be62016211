"""A learner alone: from the home notebook into a module, to a score, and on."""

import json
import shutil

import nbformat
import pytest
from bank import MODULES
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

START = "00_start_here/00_start_here.ipynb"
ADD = '''def add(a, b):
    """The sum of a and b."""
    return a + b'''


def edit(page, old: str, new: str) -> None:
    """Change a cell on the page without running or saving it."""
    found = page.evaluate(
        """([old, text]) => {
            const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
            const cell = cells.find(cell => cell.sharedModel.source.startsWith(old));
            cell?.sharedModel.setSource(text);
            return Boolean(cell);
        }""",
        [old, new],
    )
    assert found


def show(page, path: str) -> None:
    """Bring the tab of a notebook to the front."""
    page.evaluate(
        "path => void window.jupyterapp.commands.execute('docmanager:open', {path})", path
    )
    page.wait_for_function(
        "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path
    )


def run_cell(lab, source: str) -> None:
    lab.scroll_to(source)
    lab.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-cell')")


def close(page) -> None:
    """Close the tab in front, as its cross does."""
    before = page.locator(".jp-NotebookPanel").count()
    page.evaluate("() => void window.jupyterapp.commands.execute('application:close')")
    page.wait_for_function(
        """before => document.querySelector('.jp-Dialog')
            || document.querySelectorAll('.jp-NotebookPanel').length < before""",
        arg=before,
    )


def is_dirty(page) -> bool:
    return page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty")


def press_score(lab) -> None:
    lab.scroll_to("check.score_button()")
    lab.page.get_by_role("button", name="Score my answers").click()


def sources(lab, path: str) -> list[str]:
    return [cell.source for cell in nbformat.read(lab.folder / path, as_version=4).cells]


def test_home_leads_into_a_module_and_unsaved_answers_are_saved_and_scored(open_lab):
    lab = open_lab()
    page = lab.open("home.ipynb", run=False)
    # The table is there before anything ran.
    link = page.locator(".jp-OutputArea-output").get_by_role("link", name="Start here")
    link.wait_for()
    row = page.locator(".jp-OutputArea-output tr").filter(has_text="Start here")
    lab.shoot("home_opened")
    lab.run_all()
    rows = page.locator(".jp-OutputArea-output tr")
    expect(rows).to_have_count(len(MODULES) + 1)  # and the heads
    assert "seven minutes" in row.inner_text()

    link.click()
    page.wait_for_function(
        "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=START
    )
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
    lab.run_all()

    edit(page, "answer_share = None", "answer_share = 71.3")
    run_cell(lab, "answer_share = 71.3")
    page.get_by_text("Right: 1 point.").wait_for()
    assert "answer_share = 71.3" not in sources(lab, START)
    press_score(lab)
    page.get_by_text("1 of 2 points.").wait_for()
    assert "answer_share = 71.3" in sources(lab, START)
    assert not page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty")
    edit(page, "def add", ADD)
    press_score(lab)
    page.get_by_text("2 of 2 points, best so far 2; last time 1.").wait_for()
    lab.shoot("scored_twice")
    kept = (lab.folder / "00_start_here" / ".00_start_here.scores.jsonl").read_text("utf-8")
    assert [json.loads(line)["points"] for line in kept.splitlines()] == [1, 2]

    # The table of the home notebook, open all the time, has followed.
    show(page, "home.ipynb")
    row.filter(has_text="2 right").filter(has_text="2 of 2").wait_for()
    lab.shoot("home_after")
    # Nothing asks about news, and nothing of nbgrader's is there: it is for a class.
    for words in ("Jupyter news", "Validate", "Nbgrader", "Assignment List", "Formgrader"):
        assert page.get_by_text(words).count() == 0
    close(page)
    assert page.locator(".jp-Dialog").count() == 0
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_what_the_page_could_not_save_is_not_scored(open_lab):
    lab = open_lab()
    path = "unsaved/00_start_here.ipynb"
    (lab.folder / "unsaved").mkdir()
    notebook = nbformat.read(lab.folder / START, as_version=4)
    nbformat.write(notebook, lab.folder / path)
    page = lab.open(path)
    edit(page, "answer_share = ", "answer_share = 71.4")
    # Another program writes the file: Lab's save asks the learner what to do, and saves nothing.
    notebook.cells[0].source += " again"
    nbformat.write(notebook, lab.folder / path)
    press_score(lab)
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    page.get_by_text("Save first (Ctrl+S, on a Mac Cmd+S), then press the button again.").wait_for()
    assert not (lab.folder / "unsaved" / ".00_start_here.scores.jsonl").exists()
    lab.shoot("save_first")

    dialog.get_by_role("button", name="Overwrite").click()
    dialog.wait_for(state="detached")
    press_score(lab)
    page.get_by_text("of 2 points.").wait_for()
    assert "answer_share = 71.4" in sources(lab, path)
    # Again, with nothing to save: that is no reason not to score.
    press_score(lab)
    page.get_by_text("of 2 points, best so far").wait_for()


@pytest.mark.full
def test_what_is_opened_and_not_edited_has_not_changed(open_lab):
    lab = open_lab()
    for path in ("home.ipynb", "02_temperature/02_temperature.ipynb"):
        page = lab.open(path, run=False)
        lab.wait_until_ready()
        page.wait_for_timeout(2000)  # in which the page takes over what the kernel says of itself
        assert not is_dirty(page)
        close(page)
        assert page.locator(".jp-Dialog").count() == 0


@pytest.mark.full
def test_home_that_has_run_closes_without_a_question(open_lab):
    lab = open_lab()
    page = lab.open("home.ipynb")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.wait_for_timeout(3000)
    assert not is_dirty(page)
    close(page)
    assert page.locator(".jp-Dialog").count() == 0


@pytest.mark.full
def test_a_renamed_notebook_is_scored(open_lab):
    lab = open_lab()
    (lab.folder / "renamed").mkdir()
    shutil.copy(lab.folder / START, lab.folder / "renamed" / "before.ipynb")
    page = lab.open("renamed/before.ipynb")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.rename('after (1).ipynb')")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.path === 'renamed/after (1).ipynb'"
    )
    press_score(lab)
    page.get_by_text("of 2 points.").wait_for()
    assert (lab.folder / "renamed" / ".after (1).scores.jsonl").exists()


@pytest.mark.full
def test_course_is_found_in_labs_terminal(open_lab):
    lab = open_lab()
    page = lab.open("home.ipynb", run=False)
    done = lab.folder / "said.txt"
    page.evaluate("() => void window.jupyterapp.commands.execute('terminal:create-new')")
    page.locator(".jp-Terminal .xterm-screen").wait_for()
    page.locator(".jp-Terminal").click()
    page.keyboard.type(f"course --help > '{done}' 2>&1; echo done >> '{done}'\n")
    for _ in range(300):
        if done.exists() and done.read_text().endswith("done\n"):
            break
        page.wait_for_timeout(100)
    assert "Open JupyterLab on your own copies" in done.read_text()
