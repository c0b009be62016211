"""No submission ends a run: not in grading, collecting, feedback or analysis."""

import json
import os
import pwd
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from grading.tiny import NAME, RIGHT, results, submission, submit
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.converters.base import NbGraderException

from course_utils.cli import main
from course_utils.grading import plugin, separate, submitted
from course_utils.grading.grade import Course, grade
from course_utils.grading.repair import MOST_NOTES, quiz_id, repair

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]


def nested(folder: Path, depth: int) -> None:
    """So many folders in each other, below what one path can name."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@pytest.fixture(autouse=True)
def cleared(tmp_path):
    """What is nested too deep for shutil, and so for pytest, is removed whatever happens."""
    yield
    subprocess.run(["rm", "-rf", str(tmp_path)], check=True)


def rewritten(folder: Path, change) -> None:
    """Change the JSON of the submitted notebook."""
    path = folder / f"{NAME}.ipynb"
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")


def odd_languages(data: dict) -> None:
    data["metadata"]["language_info"] = {"name": ["python"], "pygments_lexer": ["html"]}
    for cell in data["cells"]:
        cell["metadata"]["magics_language"] = ["html"]
        cell["metadata"]["language_info"] = 3
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    data["cells"].append(code | {"source": "%%html\n<b>bold</b>"})


def many_cells(data: dict) -> None:
    data["cells"] += [{"cell_type": "raw", "metadata": {}, "source": ""}] * 3000


def no_parser_reads(data: dict) -> None:
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    data["cells"].insert(0, code | {"source": "1" + "+1" * 50_000})


LONG = "n" * 252


def hand_in(course: Path) -> None:
    """Odd submissions, and two right ones around them by name."""
    for student in ("aaa", "zzz", LONG):
        submit(course, student, **RIGHT)
    for student, change in {
        "languages": odd_languages,
        "many": many_cells,
        "parser": no_parser_reads,
    }.items():
        rewritten(submit(course, student, **RIGHT), change)
    nested(submit(course, "nested", **RIGHT), 1200)
    submit(course, "two\nlines", **RIGHT)
    (submit(course, "year", **RIGHT) / "timestamp.txt").write_text("0001-01-01 00:00:00 +0900")
    axes = "import torch\ndef square(x):\n    return torch.zeros([1] * 100_000)"
    submit(course, "axes", square=axes, sides="sides = 3")


@pytest.mark.prove
def test_odd_submissions_end_as_outcomes_and_every_other_one_is_graded(course, caplog):
    hand_in(course)
    found = results(course, count=2)
    right = {"aaa", "zzz", LONG, "languages", "parser"}
    assert {s: out.points for s, out in found.items() if not out.failed} == {
        **dict.fromkeys(right, 3.0),
        "axes": 1.0,
    }
    why = {student: out.failed for student, out in found.items() if out.failed}
    assert why.keys() == {"nested", "two\nlines", "year", "many"}
    assert "more than 40 folders in each other" in why["nested"]
    assert "cannot be printed" in why["two\nlines"] and "timestamp.txt" in why["year"]
    assert "3,0" in why["many"] and "at most 2,000" in why["many"]
    again = results(course)
    assert {s: out.points for s, out in again.items()} == {s: o.points for s, o in found.items()}
    assert Course(course).api().generate_feedback(NAME)["success"]
    pages = {path.parts[-3] for path in (course / "feedback").glob(f"*/*/{NAME}.html")}
    assert pages == right | {"axes"}
    broken = course / "autograded" / "axes" / NAME / f"{NAME}.ipynb"
    broken.chmod(0o600)
    broken.write_text('{"cells": [{"cell_type": []}]}')
    assert main(["analyse", NAME, "--course", str(course)]) == 0
    assert "axes: left out" in caplog.text


@pytest.mark.prove
def test_a_gradebook_that_is_locked_in_mid_run_costs_no_other_submission(course):
    for student in ("ann", "bob", "cyd"):
        submit(course, student, **RIGHT)
    results(course, only="ann")
    locked = sqlite3.connect(course / "gradebook.db", check_same_thread=False)
    taken, outcomes = threading.Event(), {}
    for outcome, left in grade(NAME, course, count=1):
        outcomes[outcome.student] = outcome
        if not taken.is_set():
            locked.execute("begin exclusive")
            taken.set()
        if left == 1:
            locked.rollback()
    assert outcomes.keys() == {"ann", "bob", "cyd"}
    assert sum("locked" in outcome.failed for outcome in outcomes.values()) == 1
    assert {s: out.points for s, out in results(course).items()} == dict.fromkeys(outcomes, 3.0)


@pytest.mark.full
@pytest.mark.parametrize("damage", ["", "[", "[]", "\0"])
def test_a_kept_result_that_was_damaged_counts_as_none(damage, course):
    path = Course(course).result(NAME, "ann")
    path.parent.mkdir(parents=True)
    path.write_text(damage)
    assert Course(course).kept(NAME, "ann") == {}


def test_what_is_too_much_is_refused_before_it_is_made():
    def notebook(**cells) -> bytes:
        return json.dumps({"nbformat": 4, "metadata": {}, **cells}).encode()

    cell = {"cell_type": "raw", "metadata": {}, "source": "x" * 1_000}
    with pytest.raises(ValueError, match="at most 524,288"):
        submitted.parse(notebook(cells=[cell] * 600), "a.ipynb")
    assert len(submitted.parse(notebook(cells=[cell] * 500), "a.ipynb").cells) == 500


@pytest.mark.parametrize(
    "stamp", [b"1 " * 10**7, b"9" * 10**7, b"2026-11-21 12:00:00 UTC" + b" " * 99]
)
def test_a_time_is_looked_at_only_if_it_can_be_one(stamp, tmp_path):
    """Ten million digits would take a library minutes, and memory."""
    with pytest.raises(ValueError, match=r"timestamp\.txt holds no time"):
        plugin.check_time(stamp)
    plugin.check_time(b"2026-11-21 12:00:00.123456 Europe/Berlin\n")


def test_what_takes_far_more_memory_than_its_file_is_not_read():
    with pytest.raises(ValueError, match="more than 2,097,152 brackets"):
        submitted.parse(b'{"nbformat": 4, "cells": [' + b"{}," * 2**21 + b"0]}", "a.ipynb")


def test_names_of_cells_that_nbgrader_would_not_take_are_none():
    cells = [new_code_cell(metadata={"nbgrader": {"grade_id": "x" * n}}) for n in (100, 101)]
    cells += [new_code_cell(metadata={"nbgrader": {"grade_id": name}}) for name in ("a b", "ä", "")]
    read = submitted.parse(nbformat.writes(new_notebook(cells=cells)).encode(), "a.ipynb")
    assert [quiz_id(cell) for cell in read.cells] == ["x" * 100, None, None, None, None]


def test_notes_have_an_end():
    cells = [new_code_cell(metadata={"nbgrader": {"grade_id": f"x{i}"}}) for i in range(1_000)]
    notes = repair(new_notebook(cells=cells), new_notebook())
    assert len(notes) == MOST_NOTES + 1 and notes[-1] == "and 940 more of this kind"


def test_all_outputs_together_have_an_end():
    cells = [new_code_cell("print('x' * 19_999)") for _ in range(30)] + [new_code_cell("x = 1")]
    made = new_notebook(cells=cells)
    separate.execute(made, sandbox=False)
    assert len(nbformat.writes(made)) < 1.5 * separate.MOST_OUTPUT
    assert made.cells[5].outputs[0].text.startswith("xxx")
    assert made.cells[29].outputs[0].text == separate.TOO_MUCH and not made.cells[30].outputs


# Collecting


@pytest.mark.parametrize("kind", ["deep", "many", "loop"])
def test_a_folder_that_no_one_can_walk_is_refused(kind, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    if kind == "deep":
        nested(source, 1200)
    elif kind == "many":
        for i in range(plugin.MOST_FILES + 1):
            (source / str(i)).touch()
    else:
        (source / "again").symlink_to(".")
    with pytest.raises((NbGraderException, OSError)):
        plugin.copy_plain(source, tmp_path / "copy", 10**6)
    with pytest.raises(NbGraderException):
        plugin.check_plain(source)


@pytest.mark.prove
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root can")
def test_collecting_goes_on_and_loses_nothing(course, tmp_path):
    """A broken time of what was collected before, and an update that is refused."""
    users = [user for user in pwd.getpwall() if user.pw_uid][:3]
    ann, bob, eve = users
    root = tmp_path / "exchange"
    inbound = root / "next_token" / "inbound"
    inbound.mkdir(parents=True)
    root.chmod(0o777)

    def hand_in(user: pwd.struct_passwd, when: str) -> Path:
        folder = inbound / f"{user.pw_name}+{NAME}+{when}+x"
        folder.mkdir()
        nbformat.write(submission(course, **RIGHT), folder / f"{NAME}.ipynb")
        (folder / "timestamp.txt").write_text(when)
        os.chown(folder, user.pw_uid, user.pw_gid)
        return folder

    def collect(*options: str) -> str:
        command = ["-m", "nbgrader", "collect", NAME, f"--Exchange.root={root}", *options]
        ran = subprocess.run([sys.executable, *command], cwd=course, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stderr

    for user in users:
        hand_in(user, "2030-01-01 00:00:00 UTC")
    collect()
    before = course / "submitted" / ann.pw_name / NAME / "timestamp.txt"
    before.write_text("0001-01-01 00:00:00 +0900")
    for user in users:
        folder = hand_in(user, "2031-01-01 00:00:00 UTC")
        if user is eve:
            nested(folder, 1200)
    hand_in(bob, "0001-01-01 00:00:00 +0900")
    said = collect("--update")
    assert said.count("Not collected:") == 3

    def when(user: pwd.struct_passwd) -> str:
        return (course / "submitted" / user.pw_name / NAME / "timestamp.txt").read_text()[:4]

    assert [when(user) for user in users] == ["0001", "2031", "2030"]
