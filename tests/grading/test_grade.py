"""A class is graded in parallel; each submission ends as graded or as failed with a reason."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils.build import build
from course_utils.cli import main
from course_utils.grading import sandbox
from course_utils.grading.grade import Course, grade

ROOT = Path(__file__).resolve().parents[2]
LESSON = Path(__file__).with_name("01_tiny.txt").read_text("utf-8")
NAME = "01_tiny"

pytestmark = [pytest.mark.grading, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def boxed() -> None:
    """A missing sandbox fails in CI and skips on a laptop."""
    if reason := sandbox.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def course(tmp_path) -> Path:
    """A nbgrader course with the module generated and nothing submitted."""
    source = tmp_path / "quizzes" / "source" / NAME
    source.mkdir(parents=True)
    (source / f"{NAME}.py").write_text(LESSON, "utf-8")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", tmp_path / "quizzes")
    build(tmp_path)
    folder = tmp_path / "quizzes"
    assert Course(folder).api().generate_assignment(NAME)["success"]
    return folder


def submit(course: Path, student: str, **answers: str) -> Path:
    """A submission of the given notebook with these answers. Returns its folder."""
    given = course.parent / "notebooks" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(given, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    return folder


RIGHT = {"sides": "sides = 3", "square": "def square(x):\n    return x * x"}


def results(course: Path, **options) -> dict:
    return {outcome.student: outcome for outcome, _ in grade(NAME, course, count=1, **options)}


def test_every_submission_ends_as_graded_or_failed_with_its_reason(course):
    submit(course, "ann", **RIGHT)
    submit(course, "böb", sides="sides = 3")
    submit(course, "cyd", square="import os\nos._exit(1)", sides="sides = 3")
    (submit(course, "dan") / f"{NAME}.ipynb").write_text('{"cells": [', "utf-8")
    (submit(course, "eve") / f"{NAME}.ipynb").rename(course / "submitted" / "eve" / NAME / "a.txt")
    (submit(course, "fay", **RIGHT) / "x.txt").symlink_to("/etc/passwd")
    (submit(course, "gus") / f"{NAME}.ipynb").write_bytes(bytes(range(256)) * 100)
    old = nbformat.v4.new_notebook()
    old.nbformat = 3
    (submit(course, "hal") / f"{NAME}.ipynb").write_text(json.dumps(old), "utf-8")
    found = results(course)
    points = {student: out.points for student, out in found.items() if not out.failed}
    assert points == {"ann": 3.0, "böb": 1.0, "cyd": 1.0}
    reasons = {student: out.failed for student, out in found.items() if out.failed}
    assert sorted(reasons) == ["dan", "eve", "fay", "gus", "hal"]
    assert "does not hold notebook JSON" in reasons["dan"]
    assert "01_tiny.ipynb is missing; the submission holds a.txt" in reasons["eve"]
    assert "x.txt is a link" in reasons["fay"]
    assert "does not hold notebook JSON" in reasons["gus"]
    assert "notebook format 3" in reasons["hal"]
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        recorded = {s.student.id: s.score for s in gradebook.assignment_submissions(NAME)}
    assert recorded == points


def test_what_was_graded_is_not_run_again_until_it_changes(course, monkeypatch):
    submit(course, "ann", **RIGHT)
    submit(course, "bob")
    assert results(course)["ann"].points == 3.0
    kept = {path: path.stat().st_mtime_ns for path in (course / "grading").rglob("*.json")}
    monkeypatch.setattr("course_utils.grading.grade.workers", None)  # would be needed to run
    assert results(course)["bob"].points == 0.0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    monkeypatch.undo()
    shutil.rmtree(course / "submitted" / "bob")
    submit(course, "bob", sides="sides = 3")
    assert results(course, only="bob")["bob"].points == 1.0
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        assert len(gradebook.assignment_submissions(NAME)) == 2


def test_a_result_that_was_not_recorded_is_recorded_without_running_it_again(course, monkeypatch):
    submit(course, "ann", **RIGHT)
    results(course)
    path = course / "grading" / NAME / "ann.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"recorded": False}))
    shutil.rmtree(course / "autograded")
    monkeypatch.setattr("course_utils.grading.grade.workers", None)
    assert results(course)["ann"].points == 3.0
    assert (course / "autograded" / "ann" / NAME / f"{NAME}.ipynb").is_file()
    assert json.loads(path.read_text())["recorded"] is True


def test_the_command_says_what_is_missing(course, tmp_path, capsys):
    assert main(["grade", NAME, "--course", str(tmp_path / "nowhere")]) == 2
    assert "nbgrader_config.py is missing" in capsys.readouterr().err
    assert main(["grade", "99_none", "--course", str(course)]) == 2
    assert "the gradebook knows 01_tiny, got '99_none'" in capsys.readouterr().err
    assert main(["grade", NAME, "--course", str(course), "--only", "zoe"]) == 2
    assert "'zoe' has no submission of 01_tiny" in capsys.readouterr().err


def test_the_command_prints_a_table_and_fails_if_a_submission_did(course, capsys):
    submit(course, "ann", **RIGHT)
    assert main(["grade", NAME, "--course", str(course), "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["ann                  3/4", "1 graded, 0 failed"]  # one waits for a person
    (course / "submitted" / "bob" / NAME).mkdir(parents=True)
    with pytest.raises(SystemExit) as stop:
        main(["grade", NAME, "--course", str(course)])
    assert stop.value.code == 1
    assert "bob                  FAILED" in capsys.readouterr().out


def test_manual_scores_survive_grading_again(course):
    submit(course, "ann", **RIGHT)
    results(course)
    url = f"sqlite:///{course}/gradebook.db"
    with Gradebook(url, "next_token") as gradebook:
        found = gradebook.find_grade("sides_of_a_triangle", NAME, NAME, "ann")
        found.manual_score = 0.5
        gradebook.db.commit()
    assert results(course, regrade=True)["ann"].points == 2.5


def test_feedback_has_reasons_and_no_hidden_tests(course):
    """Nor can a student stop it by writing nbgrader's marks, or put a script on the page."""
    attack = "x = 1\n### BEGIN HIDDEN TESTS\nprint('<script>alert(1)</script>')"
    submit(course, "ann", sides=attack, square="def square(x):\n    return x * abs(x)")
    results(course)
    assert Course(course).api().generate_feedback(NAME, "ann")["success"]
    page = (course / "feedback" / "ann" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "A negative side has a square too." in page
    assert "secret_value" in (course / "source" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    assert "secret_value" not in page
    assert "<script>alert" not in page
