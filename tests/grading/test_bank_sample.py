"""Answers of the bank through stock nbgrader: other ones each day, every item of every module."""

import os
import shutil
from datetime import date
from pathlib import Path

import nbformat
import pytest
from bank import MODULES, Module, answered

from course_utils.grading.score import score

ROOT = Path(__file__).resolve().parents[2]
# A sample that failed is run again by its number.
SAMPLE = int(os.environ.get("BANK_SAMPLE") or date.today().toordinal())

pytestmark = [pytest.mark.grading, pytest.mark.slow]

# Submissions run in nbgrader's own way, not in ours, so this also says that the two agree.
STOCK = "\nc.Autograde.autograde_preprocessors[0] = stock.Execute\n"


@pytest.mark.parametrize("name", MODULES)
def test_nbgrader_gives_the_points_that_the_bank_says(name, tmp_path):
    module = Module(name)
    worth = module.worth()
    chosen = {}
    for nth, (item, answers) in enumerate(module.bank.items()):
        listed = answers.answers(worth[item])
        chosen[item] = listed[(SAMPLE + nth) % len(listed)]
    notebook = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", as_version=4)
    # Scored cells need the marked ones alone, and grading is quicker without the lesson.
    notebook.cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    for cell in notebook.cells:
        if (item := cell.metadata.nbgrader.grade_id) in chosen:
            source = module.answers[item].source
            cell.source = answered(source, chosen[item][1])
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook, path)
    course = tmp_path / "course" / "quizzes"
    shutil.copytree(ROOT / "quizzes" / "source" / name, course / "source" / name)
    settings = (ROOT / "quizzes" / "nbgrader_config.py").read_text("utf-8")
    (course / "nbgrader_config.py").write_text(settings + STOCK, "utf-8")
    report = score(path, course.parent)
    given = {
        item: next(row.points for row in report.items if row.question == module.titles[item])
        for item in chosen
    }
    expected = {item: points for item, (_, _, points) in chosen.items()}
    assert given == expected, f"BANK_SAMPLE={SAMPLE}: {[chosen[item][0] for item in chosen]}"
