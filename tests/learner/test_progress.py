import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils import cli
from course_utils.grading.score import Item, Report
from course_utils.learner import home, progress
from course_utils.learner.own_copies import copy_modules
from course_utils.learner.progress import Score, append, best, history, history_file, record, told


def score(points: float, most: float = 17, days: int = 0) -> Score:
    when = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days)
    return Score(when, points, most, {"1.1 a": [points, most]})


def report(points: float, most: float = 2) -> Report:
    items = [Item("0.1 a<b", points, most, "why"), Item("essay", 0, 5, "by hand", by_hand=True)]
    return Report("module", items)


@pytest.fixture
def root(tmp_path) -> Path:
    """A course of two modules, copied for a learner."""
    for name, minutes in {"01_first": "About 45", "02_next": "Two"}.items():
        cells = [
            new_markdown_cell(f"# The <i>{name[3:]}</i> one", id="a"),
            new_markdown_cell(f"> **{minutes} minutes** · difficulty", id="b"),
            new_code_cell("answer = None", id="c"),
        ]
        path = tmp_path / "notebooks" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=cells), path)
    copy_modules(tmp_path, tmp_path / "my-course")
    return tmp_path


def copy_of(root: Path, name: str) -> Path:
    return root / "my-course" / name / f"{name}.ipynb"


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ([score(12)], "12 of 17 points."),
        ([score(9), score(12)], "12 of 17 points, best so far 12; last time 9."),
        ([score(14), score(9), score(12.5)], "12.5 of 17 points, best so far 14; last time 9."),
        ([score(16, 16), score(4)], "4 of 17 points, best so far 16 of 16; last time 16 of 16."),
        ([score(0, 0), score(0, 0)], "0 of 0 points, best so far 0; last time 0."),
    ],
)
def test_a_score_is_told_beside_the_best_and_the_one_before(scores, text):
    assert told(scores) == text


def test_the_best_is_by_share_and_of_equals_the_last():
    scores = [score(10, 10), score(17, 17), score(16, 17)]
    assert best(scores) is scores[1]


def test_scores_are_kept_beside_the_notebook_and_read_again(root):
    path = copy_of(root, "01_first")
    assert history(path) == []
    assert record(path, report(1), root) == ["1 of 2 points."]
    assert record(path, report(2), root) == ["2 of 2 points, best so far 2; last time 1."]
    assert [(s.points, s.max_points, s.items) for s in history(path)] == [
        (1, 2, {"0.1 a<b": [1, 2]}),
        (2, 2, {"0.1 a<b": [2, 2]}),
    ]
    assert history_file(path).name.startswith(".")  # no file of the learner's to see


def test_lines_that_are_no_score_are_skipped_and_stay(root):
    path = copy_of(root, "01_first")
    record(path, report(1), root)
    half = history_file(path).read_text("utf-8")[:30]
    for broken in ("[]", "7", '{"when": "soon"}', "\x00", half):
        append(history_file(path), broken)
    text = history_file(path).read_text("utf-8")
    history_file(path).write_text(text.rstrip("\n"), "utf-8")  # the last line was cut short
    record(path, report(2), root)
    assert [s.points for s in history(path)] == [1, 2]
    assert half in history_file(path).read_text("utf-8").splitlines()


def test_a_score_that_cannot_be_kept_is_still_told(root):
    path = copy_of(root, "01_first")
    history_file(path).mkdir()
    result, note = record(path, report(1), root)
    assert result == "1 of 2 points."
    assert note.startswith("Not everything could be kept: ")


def test_a_finished_course_gives_a_summary(root):
    first, second = copy_of(root, "01_first"), copy_of(root, "02_next")
    page = root / "my-course" / "summary.html"
    record(first, report(1), root)
    record(first, report(0), root)
    assert not page.exists()
    assert (
        record(second, report(2), root)[1] == f"Every module has a score: your summary is {page}."
    )
    text = page.read_text("utf-8")
    assert "All 2 modules scored, 3 of 4 points at best" in text
    assert "<td>1 of 2</td><td>0 of 2</td><td>2</td>" in text
    assert "<li>01 first: 0.1 a&lt;b</li>" in text and "02 next: " not in text
    assert "essay" not in text  # read by a person, no part of the score
    record(first, report(2), root)
    assert "Nothing: every question is right." in page.read_text("utf-8")


def test_a_file_of_the_learners_called_summary_stays(root):
    page = root / "my-course" / "summary.html"
    page.write_text("my own", "utf-8")
    record(copy_of(root, "01_first"), report(1), root)
    said = record(copy_of(root, "02_next"), report(2), root)
    assert said[0] == "2 of 2 points." and "rename it" in said[1]
    assert page.read_text("utf-8") == "my own"


def rows(root: Path) -> dict[str, list[str]]:
    """The cells of the home table by module number."""
    lines = home.table(root / "my-course", root).split("<tr>")[2:]
    cells = [line.split("</td>")[:-1] for line in lines]
    texts = [[cell.split(">", 1)[1] for cell in row] for row in cells]
    return {row[0][:2]: row for row in texts}


def test_home_lists_each_module_with_minutes_state_and_scores(root):
    name = "The &lt;i&gt;first&lt;/i&gt; one"
    link = f"01 <a href='01_first/01_first.ipynb'>{name}</a>"
    assert rows(root)["01"] == [link, "45 minutes", "not started", "", ""]
    assert rows(root)["02"][1:3] == ["two minutes", "not started"]

    path = copy_of(root, "01_first")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].source = "answer = 1"
    nbformat.write(notebook, path)
    assert rows(root)["01"][2] == "begun"
    record(path, report(2), root)
    record(path, report(1), root)
    assert rows(root)["01"] == [link, "45 minutes", "1 to mend", "2 of 2", "1 of 2"]


def test_a_cell_that_ran_is_a_beginning_and_a_broken_file_is_named(root):
    path = copy_of(root, "02_next")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].execution_count = 1
    nbformat.write(notebook, path)
    assert rows(root)["02"][2] == "begun"
    path.write_text("{", "utf-8")
    assert rows(root)["02"][2] == "cannot be read"
    path.unlink()
    assert rows(root)["02"][0] == "02 The &lt;i&gt;next&lt;/i&gt; one"  # nothing to open
    assert rows(root)["02"][2] == "not copied: run course lab"


def test_the_home_notebook_is_refreshed_unless_the_learner_changed_it(root):
    folder = root / "my-course"
    path = home.write(folder)
    assert "not started" in path.read_text("utf-8")
    record(copy_of(root, "01_first"), report(2), root)
    assert home.write(folder) == path
    assert "2 of 2" in path.read_text("utf-8")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells.append(new_markdown_cell("A note to myself", id="mine"))
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert home.write(folder) is None
    assert path.read_bytes() == before


def test_course_score_keeps_the_score_too(root, monkeypatch, capsys):
    monkeypatch.setattr("course_utils.grading.score.score", lambda path: report(1))
    path = copy_of(root, "01_first")
    for _ in range(2):
        assert cli.main(["score", str(path)]) == 0
    assert capsys.readouterr().out.endswith("1 of 2 points, best so far 1; last time 1.\n")
    assert [json.loads(line)["points"] for line in history_file(path).open()] == [1, 1]
    assert progress.history(path)[0].when.tzinfo


def test_home_tells_what_is_wrong_from_what_is_not_answered(root):
    path = copy_of(root, "01_first")
    items = [
        Item("1.1 One", 1, 1, "right"),
        Item("1.2 Two", 0, 1, "Both sum to 1."),
        Item("1.3 Three", 0.5, 1, "Ties stay."),
        Item("1.4 Four", 0, 1, "not answered yet"),
        Item("1.5 Five", 0, 1, "Not answered yet: write a number in digits in place of None."),
        Item("1.6 Six", 0, 0, "graded by hand", by_hand=True),
    ]
    record(path, Report("01_first", items), root)
    assert rows(root)["01"][2] == "1 right, 2 to mend, 2 not answered"
    record(path, Report("01_first", items[:1]), root)
    assert rows(root)["01"][2] == "1 right"
    # What the first edition kept does not tell.
    lines = history_file(path).read_text("utf-8").splitlines()
    old = json.loads(lines[0])
    del old["unanswered"]
    history_file(path).write_text(json.dumps(old) + "\n", "utf-8")
    assert rows(root)["01"][2] == "scored"
