import json
import shutil
from pathlib import Path

import nbformat
import pytest
from cases import at_least

from course_utils.author.build import build, modules
from course_utils.author.notebook import source_notebook
from course_utils.grading.score import Item, Report, one_line, score

ROOT = Path(__file__).resolve().parents[2]
LESSON = Path(__file__).with_name("01_tiny.txt").read_text("utf-8")
NAME = "01_tiny"

pytestmark = pytest.mark.grading


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("course")
    folder = root / "quizzes" / "source" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.py").write_text(LESSON, "utf-8")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    with (root / "quizzes" / "nbgrader_config.py").open("a") as settings:
        settings.write("\nc.Separate.timeout = 2\n")
    build(root)
    return root


def given(root: Path, name: str = NAME) -> nbformat.NotebookNode:
    return nbformat.read(root / "notebooks" / name / f"{name}.ipynb", as_version=4)


def quiz_cell(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def scored(root: Path, notebook: nbformat.NotebookNode, path: Path) -> tuple[Report, dict]:
    """The report, and its items by question; the learner's file must stay as it was."""
    nbformat.write(notebook, path)
    before = path.read_bytes()
    report = score(path, root)
    assert path.read_bytes() == before
    return report, {item.question: item for item in report.items}


def test_right_answers_get_all_points_and_a_report(course, tmp_path, capfd):
    notebook = given(course)
    quiz_cell(notebook, "sides").source = "sides = 1 + 2"
    quiz_cell(notebook, "square").source = "def square(x):\n    return x**2"
    report, items = scored(course, notebook, tmp_path / "renamed.ipynb")
    assert (report.module, report.points, report.max_points) == (NAME, 3, 3)
    assert (
        items["1.3 In your words"].by_hand and items["1.3 In your words"].reason == "graded by hand"
    )
    assert not report.notes
    assert {path.name for path in tmp_path.iterdir()} == {"renamed.ipynb", "renamed.report.html"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.full
def test_each_lost_point_has_its_reason_without_hidden_tests(course, tmp_path):
    notebook = given(course)
    quiz_cell(notebook, "square").source = "def square(x):\n    return x * abs(x)"
    report, items = scored(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert report.points == 0
    assert items["1.1 Sides"].reason == "not answered yet"
    assert items["1.2 Squares"].reason == "A negative side has a square too."
    page = (tmp_path / f"{NAME}.report.html").read_text("utf-8")
    assert "A negative side has a square too." in page
    for text in (page, report.table()):
        assert "secret_value" not in text and "assert" not in text


@pytest.mark.full
def test_deleted_copied_and_edited_quiz_cells_are_mended_and_noted(course, tmp_path):
    notebook = given(course)
    quiz_cell(notebook, "sides").source = "sides = 3"
    quiz_cell(notebook, "square").source = "def square(x):\n    return x * x"
    quiz_cell(notebook, "sides_test").source = "pass"
    notebook.cells.append(nbformat.from_dict({**quiz_cell(notebook, "square"), "id": "copy"}))
    notebook.cells.remove(quiz_cell(notebook, "square_test"))
    quiz_cell(notebook, "explain").metadata.nbgrader.grade_id = "mine"
    report, items = scored(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert report.points == 3
    assert list(items) == ["1.1 Sides", "1.2 Squares", "1.3 In your words"]
    assert report.notes == [
        "the test of 1.1 Sides was edited: scored as it was given",
        "cell mine is not part of this module: not scored",
        "the answer to 1.2 Squares was there more than once: only the first one counts",
        "the test of 1.2 Squares was missing: put back as it was given",
        "the answer to 1.3 In your words was missing: put back as it was given",
    ]


@pytest.mark.full
def test_deleted_answer_and_failing_lesson_cell_are_noted(course, tmp_path):
    notebook = given(course)
    notebook.cells.remove(quiz_cell(notebook, "square"))
    quiz_cell(notebook, "sides").source = "import sys\nsides = len(sys.nothing)"
    next(c for c in notebook.cells if c.source == "import math").source = "import nothing_at_all"
    report, items = scored(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert report.points == 0
    assert items["1.1 Sides"].reason.startswith("the answer stopped with AttributeError")
    assert report.notes[0] == "the answer to 1.2 Squares was missing: its cell was taken out"
    assert "'import nothing_at_all' stopped with ModuleNotFoundError" in report.notes[1]


@pytest.mark.full
def test_dead_kernel_and_endless_loop_cost_only_their_own_points(course, tmp_path):
    notebook = given(course)
    quiz_cell(notebook, "sides").source = "import os\nos._exit(1)"
    quiz_cell(notebook, "square").source = "def square(x):\n    return x * x"
    report, items = scored(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert report.points == 2
    assert "ended the Python process" in items["1.1 Sides"].reason
    quiz_cell(notebook, "sides").source = "sides = 3"
    quiz_cell(notebook, "square").source = "def square(x):\n    while True:\n        pass"
    report, items = scored(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert report.points == 1
    assert "ran too long" in items["1.2 Squares"].reason


def broken(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_what_is_no_notebook_of_ours_is_refused(course, tmp_path):
    empty = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    cases = {
        "is not a file": tmp_path / "absent.ipynb",
        "must end in .ipynb": broken(tmp_path / "a.txt", "x"),
        "breaks off in line 1": broken(tmp_path / "b.ipynb", "{"),
        "notebook format 3": broken(tmp_path / "c.ipynb", json.dumps({**empty, "nbformat": 3})),
        "the modules are 01_tiny": broken(tmp_path / "d.ipynb", json.dumps(empty)),
        "not a valid notebook": broken(tmp_path / "e.ipynb", json.dumps({**empty, "cells": [{}]})),
    }
    marked = {**empty, "metadata": {"next_token": "mine"}}
    cases["not a module of this course"] = broken(tmp_path / "g.ipynb", json.dumps(marked))
    broken(tmp_path / "f.ipynb", "[1]")
    cases["holds other JSON, a list"] = tmp_path / "f.ipynb"
    for said, path in cases.items():
        with pytest.raises(ValueError) as error:
            score(path, course)
        assert said in str(error.value)
        assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.html"))


def test_table_and_page_show_the_same_and_escape_text():
    items = [Item("short", 1, 1, "right"), Item("longer_one", 0.5, 12, "<b> is not it")]
    report = Report("01_tiny", items, ["a note"])
    assert report.table().split("\n") == [
        "question    points  reason",
        "short          1/1  right",
        "longer_one  0.5/12  <b> is not it",
        "total       1.5/13",
        "Note: a note.",
    ]
    assert "&lt;b&gt; is not it" in report.html() and "<b>" not in report.html()
    assert one_line("\x1b[31mred\x1b[0m\n  text") == "red text"


@pytest.mark.slow
@pytest.mark.parametrize("name", at_least("04_top_p", of=modules(ROOT)))
def test_reference_answers_get_everything_and_an_untouched_module_nothing(name, tmp_path):
    notebook = given(ROOT, name)
    report, _ = scored(ROOT, notebook, tmp_path / f"{name}.ipynb")
    assert report.points == 0 and report.max_points > 0
    text = source_notebook(ROOT / "quizzes" / "source" / name / f"{name}.py")
    for cell in text.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            quiz_cell(notebook, cell.metadata.nbgrader.grade_id).source = cell.source
    report, _ = scored(ROOT, notebook, tmp_path / f"{name}.ipynb")
    assert not report.notes
    assert report.points == report.max_points, report.table()


@pytest.mark.full
def test_where_the_course_itself_fails_there_is_no_score(course, tmp_path):
    """No points, no page, and so nothing for a learner's history."""
    lacking = LESSON.replace("# %%\nimport math", '# %% locked="lacking"\nimport no_such_module')
    shutil.copytree(course, tmp_path / "course")
    text = tmp_path / "course" / "quizzes" / "source" / NAME / f"{NAME}.py"
    text.write_text(lacking, "utf-8")
    notebook = tmp_path / f"{NAME}.ipynb"
    nbformat.write(given(course), notebook)
    with pytest.raises(ValueError, match=r"could not be run to its end: .*'lacking' fails on this"):
        score(notebook, tmp_path / "course")
    assert not list(tmp_path.glob("*.html"))
