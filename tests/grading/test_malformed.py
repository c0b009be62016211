"""Whatever is submitted ends as graded, or as failed with a reason; and the others go on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from grading.tiny import NAME, RIGHT, make_course, results, scores, submission, submit
from nbgrader.api import Gradebook

from course_utils.grading.grade import read_files

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]
LATE = "2026-11-21 12:00:10 UTC"


def raw(data: bytes) -> Callable:
    return lambda notebook: data


def changed(change: Callable) -> Callable:
    """The notebook with its JSON changed in place."""

    def make(notebook: nbformat.NotebookNode) -> bytes:
        data = json.loads(nbformat.writes(notebook))
        change(data)
        return json.dumps(data).encode()

    return make


def cell(data: dict, name: str) -> dict:
    (found,) = [
        c for c in data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    ]
    return found


def without(name: str) -> Callable:
    return changed(lambda data: data["cells"].remove(cell(data, name)))


def flood(data: dict) -> None:
    lines = ["x" * 999 + "\n"] * 50_000
    cell(data, "sides")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": lines}]


def odd_outputs(data: dict) -> None:
    cell(data, "sides")["outputs"] = "many"
    cell(data, "square")["outputs"] = [7, {"output_type": "display_data", "data": []}]
    cell(data, "square")["execution_count"] = "first"


def wrong_kernel(data: dict) -> None:
    data["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    data["metadata"]["language_info"] = {"name": "R"}


def source_as_list(data: dict) -> None:
    for c in data["cells"]:
        c["source"] = "".join(c["source"]).splitlines(keepends=True)


def no_metadata(data: dict) -> None:
    del data["metadata"]
    del data["cells"][0]["metadata"]


def strange_metadata(data: dict) -> None:
    data["metadata"] |= {"widgets": 3, "next_token": [], "kernelspec": "python"}
    cell(data, "sides")["metadata"]["nbgrader"]["points"] = "all"
    data["cells"][0]["metadata"] = {"nbgrader": "yes"}


NO_JSON = "01_tiny.ipynb is not a notebook: it does not hold notebook JSON"
OTHER_JSON = "01_tiny.ipynb is not a notebook: it holds other JSON"
NOT_VALID = "01_tiny.ipynb is not a valid notebook: it has no list of cells"
NO_PARSER = {
    "cell_type": "code",
    "source": "1" + "+1" * 50_000,
    "metadata": {"magics_language": ["html"]},
    "outputs": [],
    "execution_count": None,
}
# By student: how the right notebook was spoiled, and its points or the reason why it failed.
SPOILED = {
    "cut short": (raw(b'{"cells": ['), "01_tiny.ipynb breaks off in line 1"),
    "empty file": (raw(b""), "01_tiny.ipynb is empty"),
    "binary": (raw(bytes(range(256)) * 100), NO_JSON),
    "utf-16": (lambda notebook: nbformat.writes(notebook).encode("utf-16"), 3),
    "other JSON": (raw(b"[1, 2]"), OTHER_JSON),
    "deep JSON": (raw(b"[" * 100_000), NO_JSON),
    "NaN": (raw(b'{"nbformat": NaN}'), "notebook format nan"),
    "format 3": (changed(lambda data: data.update(nbformat=3)), "notebook format 3"),
    "format 5": (changed(lambda data: data.update(nbformat=5)), "notebook format 5"),
    "no format": (changed(lambda data: data.pop("nbformat")), OTHER_JSON),
    "newer minor": (changed(lambda data: data.update(nbformat_minor=99)), 3),
    "no cells key": (changed(lambda data: data.pop("cells")), NOT_VALID),
    "cells of text": (changed(lambda data: data.update(cells="none")), NOT_VALID),
    "zero cells": (changed(lambda data: data.update(cells=[])), 0),
    "50 MB": (changed(flood), 3),
    "outputs": (changed(odd_outputs), 3),
    "kernel": (changed(wrong_kernel), 3),
    "sources": (changed(source_as_list), 3),
    "no metadata": (changed(no_metadata), 3),
    "metadata": (changed(strange_metadata), 3),
    "lost test": (without("square_test"), 3),
    "lost answer": (without("square"), 1),
    "reordered": (changed(lambda data: data["cells"].reverse()), 3),
    "twice": (changed(lambda data: data["cells"].append(cell(data, "square"))), 3),
    "raw cell": (changed(lambda data: cell(data, "sides").update(cell_type="raw")), 3),
    "no parser": (changed(lambda data: data["cells"].insert(0, NO_PARSER)), 3),
    "untouched": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    # Names of folders
    "böb ✓ 学生": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    "100% %s {x}": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    ".dot": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    "-rf": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    "*": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    "[a]+?": (lambda notebook: nbformat.writes(notebook).encode(), 3),
    "n" * 252: (lambda notebook: nbformat.writes(notebook).encode(), 3),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> tuple[Path, dict]:
    course = make_course(tmp_path_factory.mktemp("malformed"))
    right = submission(course, **RIGHT)
    for student, (spoil, _) in SPOILED.items():
        folder = course / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(spoil(right))
    submitted = course / "submitted"
    submit(course, "other name", **RIGHT).joinpath(f"{NAME}.ipynb").rename(
        submitted / "other name" / NAME / "answers.ipynb"
    )
    (submitted / "no file" / NAME).mkdir(parents=True)
    (submitted / "a file").mkdir()
    (submitted / "a file" / NAME).write_text("my answers")
    (submit(course, "folder") / f"{NAME}.ipynb").rename(submitted / "folder" / "x.ipynb")
    (submitted / "folder" / NAME / f"{NAME}.ipynb").mkdir()
    (submitted / "stray.txt").write_text("of no student")
    (submit(course, "late", **RIGHT) / "timestamp.txt").write_text(LATE)
    (submit(course, "broken time", **RIGHT) / "timestamp.txt").write_text("yesterday at noon or so")
    (submit(course, "no time", **RIGHT) / "timestamp.txt").write_text("")
    with (submit(course, "large", **RIGHT) / "big.bin").open("wb") as file:
        file.truncate(101 * 2**20)
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-11-21 12:00:00 UTC")
    return course, results(course, count=2)


@pytest.mark.full
@pytest.mark.parametrize("student", SPOILED)
def test_it_ends_as_graded_or_failed_with_its_reason(graded, student):
    expected, found = SPOILED[student][1], graded[1][student]
    if type(expected) is str:
        assert expected in found.failed
    else:
        assert (found.failed, found.points) == ("", expected)


def test_folders_that_are_none(graded):
    found = {student: out.failed for student, out in graded[1].items()}
    assert graded[1]["other name"].points == 3
    assert graded[1]["other name"].notes == ["the notebook was found as 'answers.ipynb'"]
    assert "01_tiny.ipynb is missing; the submission holds no file" in found["no file"]
    assert "is a file; a submission is a folder" in found["a file"]
    assert "01_tiny.ipynb is missing" in found["folder"]
    assert "holds 105,9" in found["large"] and "at most 104,857,600" in found["large"]
    assert "stray.txt" not in found


def test_late_ones_are_graded_and_counted_as_stock_nbgrader_does(graded):
    course, found = graded
    assert found["late"].points == found["no time"].points == 3
    assert "timestamp.txt holds no time but b'yesterday" in found["broken time"].failed
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        late = {s.student.id: s.total_seconds_late for s in gradebook.assignment_submissions(NAME)}
    assert late["late"] == 10 and sum(late.values()) == 10


def test_the_gradebook_has_each_graded_one_once_and_no_other(graded):
    course, found = graded
    rows = [row[:2] for row in scores(course)]
    assert len(rows) == len(set(rows))
    assert {student for student, _ in rows} == {s for s, out in found.items() if not out.failed}


def test_a_spoiled_second_submission_fails_and_the_first_score_is_named(graded):
    course, _ = graded
    (course / "submitted" / "untouched" / NAME / f"{NAME}.ipynb").write_text("{")
    again = results(course, only="untouched")["untouched"]
    assert "01_tiny.ipynb breaks off in line 1" in again.failed
    assert again.notes == ["the gradebook still has 3/4 from before"]


@pytest.mark.full
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root becomes another")
def test_a_submission_that_may_not_be_read_says_so(tmp_path):
    """As an ordinary user, as root may read all."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:  # pytest-xdist has one more
        parent.chmod(0o755)
    folder = tmp_path / "ann"
    folder.mkdir()
    (folder / "inside").mkdir(mode=0)
    code = (
        "import os, sys; from course_utils.grading.grade import read_files; os.setuid(65534)\n"
        "from pathlib import Path; read_files(Path(sys.argv[1]))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
    assert "PermissionError" in run.stderr and "inside" in run.stderr
    (folder / "inside").chmod(0o700)
    (folder / "a.txt").write_text("a")
    folder.chmod(0o555)  # not to be written, only read
    assert read_files(folder) == {"a.txt": b"a"}
