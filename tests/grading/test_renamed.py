"""Questions that got other ids in mid-course: old notebooks count, and the gradebook keeps all."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from grading.tiny import LESSON, NAME, make_course, results, scores, submission, submit

from course_utils.author.build import build
from course_utils.author.renamed import earlier_names
from course_utils.grading.grade import Course
from course_utils.grading.repair import repair
from course_utils.grading.score import score

ROOT = Path(__file__).resolve().parents[2]
NEW = LESSON.replace('"square"', '"a_power"').replace('"explain"', '"in_words"')
RENAMED = "".join(
    f"{NAME}\t{old}\t{new}\n"
    for old, new in {
        "square": "a_power",
        "square_test": "a_power_test",
        "explain": "in_words",
    }.items()
)
HEAD = "module\told\tnew\n"

pytestmark = pytest.mark.grading


@pytest.fixture(scope="module")
def renamed(tmp_path_factory) -> Path:
    """A course of the old edition with one graded submission, then the new edition's sources."""
    folder = tmp_path_factory.mktemp("renamed")
    course = make_course(folder)
    submit(course, "ann", square="def square(x):\n    return x * x", explain="Two minuses.")
    assert results(course)["ann"].points == 2
    with sqlite3.connect(course / "gradebook.db") as book:
        book.execute(
            "update grade set manual_score = 0.5, needs_manual_grade = 0 where cell_id in"
            " (select id from base_cell where name = 'explain')"
        )
    (course / "source" / NAME / f"{NAME}.py").write_text(NEW, "utf-8")
    (course / "renamed.tsv").write_text(HEAD + RENAMED, "utf-8")
    build(folder, execute=False)
    return folder


@pytest.fixture
def course(renamed, tmp_path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(renamed, tmp_path / "course", symlinks=True) / "quizzes"


def commands() -> str:
    """What docs/classroom.md has an instructor do to the gradebook."""
    page = (ROOT / "docs" / "classroom.md").read_text("utf-8")
    return re.search(r"python - <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.full
def test_a_gradebook_in_mid_course_keeps_its_points(course, sandboxed):
    subprocess.run([sys.executable, "-c", commands()], cwd=course, check=True)
    assert Course(course).api().generate_assignment(NAME, force=True)["success"]
    assert results(course)["ann"].points == 2.5
    assert scores(course) == [
        ("ann", "a_power_test", 2.0, None),
        ("ann", "in_words", None, 0.5),
        ("ann", "sides_test", 0.0, None),
    ]


@pytest.mark.full
def test_a_learner_s_notebook_of_the_old_edition_is_scored_and_told(course):
    old = course / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    report = score(old, course.parent)
    assert [item.points for item in report.items] == [0, 2, 0]
    assert [item.question for item in report.items][:2] == ["1.1 Sides", "1.2 Squares"]
    (note,) = [note for note in report.notes if "earlier edition" in note]
    assert "3 of its cells have other names now" in note


def test_a_notebook_with_new_ids_is_of_this_edition(course):
    given = nbformat.read(course.parent / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    notebook = submission(course, a_power="def square(x):\n    return 1")
    extra = nbformat.v4.new_code_cell(
        "square = None", metadata={"nbgrader": {"grade_id": "square"}}
    )
    notebook.cells.append(extra)
    notes = repair(notebook, given, earlier_names(course, NAME))
    assert notes == ["cell square is not part of this module: not scored"]


def test_cells_that_the_edition_changed_are_not_called_edited(course):
    given = nbformat.read(course.parent / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    old = nbformat.read(course / "submitted" / "ann" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in old.cells:
        if cell.metadata.get("nbgrader", {}).get("locked"):
            cell.source += "  # as it was then"
    notes = repair(old, given, earlier_names(course, NAME))
    assert len(notes) == 1 and "earlier edition" in notes[0]


BROKEN = {
    "a column short": (HEAD + f"{NAME}\tsquare\n", r"renamed\.tsv:2: a row is module, old and new"),
    "spaces": (HEAD + f"{NAME} square a_power\n", r"renamed\.tsv:2: a row is module, old and new"),
    "twice": (HEAD + RENAMED + RENAMED, r"renamed\.tsv:5: square of 01_tiny has a new id already"),
    "unknown": (HEAD + f"{NAME}\tsquare\tcube\n", r"renamed\.tsv:2: 01_tiny has no id 'cube'"),
    "bytes": ("module\told\tn\xe9w\n", r"renamed\.tsv: this is not UTF-8 text"),
}


@pytest.mark.parametrize("text, said", BROKEN.values(), ids=BROKEN)
def test_a_broken_table_is_named_with_its_line(text, said, tmp_path):
    assert earlier_names(tmp_path, NAME) == {}
    (tmp_path / "renamed.tsv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=said):
        earlier_names(tmp_path, NAME, known=["a_power", "a_power_test", "in_words"])


def test_a_broken_table_gives_no_score(course):
    """It is the course's fault: no learner's history gets a 0 for it."""
    (course / "renamed.tsv").write_text(HEAD + "x\n", "utf-8")
    old = course / "submitted" / "ann" / NAME / f"{NAME}.ipynb"
    with pytest.raises(ValueError, match=r"renamed\.tsv:2: a row is"):
        score(old, course.parent)
    with pytest.raises(ValueError, match=r"renamed\.tsv:2: a row is"):
        build(course.parent, execute=False)
