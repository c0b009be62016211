"""A class is graded in parallel, each submission once until it changes."""

import csv
import json
import shutil

import pytest
from grading.tiny import NAME, RIGHT, results, submit
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from course_utils.cli import main
from course_utils.grading.grade import Course

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]


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


@pytest.mark.full
def test_a_result_that_was_not_recorded_is_recorded_without_running_it_again(course, monkeypatch):
    submit(course, "ann", **RIGHT)
    results(course)
    path = course / "grading" / NAME / "ann.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"recorded": False}))
    shutil.rmtree(course / "autograded")
    monkeypatch.setattr("course_utils.grading.grade.workers", None)
    assert results(course)["ann"].points == 3.0
    assert (course / "autograded" / "ann" / NAME / f"{NAME}.ipynb").is_file()
    assert json.loads(path.read_text())["recorded"].startswith("sqlite:///")


def test_the_command_says_what_is_missing(course, tmp_path, capsys):
    assert main(["grade", NAME, "--course", str(tmp_path / "nowhere")]) == 2
    assert "nbgrader_config.py is missing" in capsys.readouterr().err
    assert main(["grade", "99_none", "--course", str(course)]) == 2
    assert "knows 01_tiny, got '99_none'; run `nbgrader generate_assignment 99_none`" in (
        capsys.readouterr().err
    )
    assert main(["grade", NAME, "--course", str(course), "--only", "zoe"]) == 2
    assert "'zoe' has no submission of 01_tiny" in capsys.readouterr().err


@pytest.mark.full
def test_a_gradebook_that_was_lost_is_filled_again_without_running_anything(course, monkeypatch):
    submit(course, "ann", **RIGHT)
    results(course)
    (course / "gradebook.db").unlink()
    assert Course(course).api().generate_assignment(NAME)["success"]
    monkeypatch.setattr("course_utils.grading.grade.workers", None)
    assert results(course)["ann"].points == 3.0


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


@pytest.mark.full
def test_manual_scores_survive_grading_again(course):
    submit(course, "ann", **RIGHT)
    results(course)
    url = f"sqlite:///{course}/gradebook.db"
    with Gradebook(url, "next_token") as gradebook:
        found = gradebook.find_grade("sides_test", NAME, NAME, "ann")
        found.manual_score = 0.5
        gradebook.db.commit()
    assert results(course, regrade=True)["ann"].points == 2.5


@pytest.mark.full
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


@pytest.mark.full
def test_a_new_policy_counts_at_once_and_nothing_is_run_for_it(course, monkeypatch, capsys):
    """The grade in the table is the one that the gradebook exports."""
    for student, answers in {"ann": RIGHT, "bob": {"sides": "sides = 3"}}.items():
        folder = submit(course, student, **answers)
        (folder / "timestamp.txt").write_text("2026-11-21 12:00:10 UTC")
    assert results(course)["ann"].points == 3.0
    monkeypatch.setattr("course_utils.grading.grade.workers", None)
    monkeypatch.setattr("course_utils.grading.grade.Record", None)

    def table() -> dict[str, str]:
        assert main(["grade", NAME, "--course", str(course)]) == 0
        rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
        exported = course / "grades.csv"
        with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
            CsvExportPlugin(to=str(exported)).export(gradebook)
        for row in csv.DictReader(exported.open()):
            grade = f"{float(row['score']):g}/{float(row['max_score']):g}"
            assert rows[row["student_id"]].startswith(grade)
        return rows

    def change(**changes) -> None:
        with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
            if "due" in changes:
                gradebook.update_or_create_assignment(NAME, duedate=changes["due"])
            if "extra" in changes:
                grade = gradebook.find_grade("sides_test", NAME, NAME, "ann")
                grade.extra_credit = changes["extra"]
                gradebook.db.commit()

    assert table()["ann"] == "3/4"
    change(due="2026-11-20 12:00:00 UTC", extra=0.5)
    assert table()["ann"] == "3.5/4, late by 1 day, 0:00:10"
    settings = course / "nbgrader_config.py"
    stock = settings.read_text("utf-8")
    settings.write_text(f"{stock}\nc.LateSubmissionPlugin.penalty_method = 'zero'\n", "utf-8")
    assert table()["ann"] == "0/4, late by 1 day, 0:00:10, 3.5 taken off"
    change(due="2026-11-22 12:00:00 UTC")
    assert table() == {"ann": "3.5/4", "bob": "1/4", "2": "graded, 0 failed"}
    settings.write_text(stock, "utf-8")
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        gradebook.find_grade("sides_test", NAME, NAME, "bob").needs_manual_grade = True
        gradebook.db.commit()
    assert table()["bob"] == "1/4, 1 to be graded by hand"
