"""A tiny course of one module, for tests of grading a class."""

import shutil
import sqlite3
from pathlib import Path

import nbformat

from course_utils.author.build import build
from course_utils.grading.grade import Course, grade

ROOT = Path(__file__).resolve().parents[2]
LESSON = Path(__file__).with_name("01_tiny.txt").read_text("utf-8")
NAME = "01_tiny"
RIGHT = {"sides": "sides = 3", "square": "def square(x):\n    return x * x"}


def make_course(root: Path, lesson: str = LESSON) -> Path:
    """A nbgrader course with the module generated and nothing submitted."""
    source = root / "quizzes" / "source" / NAME
    source.mkdir(parents=True)
    (source / f"{NAME}.py").write_text(lesson, "utf-8")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    build(root, execute=False)
    folder = root / "quizzes"
    assert Course(folder).api().generate_assignment(NAME)["success"]
    return folder


def submission(course: Path, **answers: str) -> nbformat.NotebookNode:
    """The given notebook with these answers."""
    given = course.parent / "notebooks" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(given, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    return notebook


def submit(course: Path, student: str, **answers: str) -> Path:
    """Submit the given notebook with these answers. Returns the submission's folder."""
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(submission(course, **answers), folder / f"{NAME}.ipynb")
    return folder


def results(course: Path, **options) -> dict:
    """How each submission ended, by student."""
    options = {"count": 1} | options
    return {outcome.student: outcome for outcome, _ in grade(NAME, course, **options)}


def scores(course: Path) -> list[tuple]:
    """Every row of grades in the gradebook: student, cell, points given by nbgrader and by hand."""
    with sqlite3.connect(f"{(course / 'gradebook.db').as_uri()}?mode=ro", uri=True) as database:
        return sorted(
            database.execute(
                "select a.student_id, c.name, g.auto_score, g.manual_score from grade g "
                "join base_cell c on g.cell_id = c.id "
                "join submitted_notebook n on g.notebook_id = n.id "
                "join submitted_assignment a on n.assignment_id = a.id"
            )
        )
