"""A class graded by stock nbgrader, one submission after the other, and by `course grade`.

`python benchmarks/grading.py` prints both tables by themselves.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from engine import Result

from course_utils.author.build import build
from course_utils.author.stock import environment
from course_utils.grading.grade import RESULTS, Course, grade

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "quizzes"))
from bank import Module, answered  # noqa: E402

MODULE = "02_temperature"
STUDENTS = 24
CLASSES = (10, 30, 100, 300, 1000)
# What stock nbgrader needs to read the same sources, and nothing of ours.
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "next_token"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "[0-9][0-9]_*.py"]
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
"""


def make_course(root: Path) -> Path:
    """A course with the module generated and one real submission a student, no two alike."""
    source = root / "quizzes" / "source" / MODULE
    source.mkdir(parents=True)
    shutil.copy(ROOT / "quizzes" / "source" / MODULE / f"{MODULE}.py", source)
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    build(root, execute=False)
    course = root / "quizzes"
    assert Course(course).api().generate_assignment(MODULE)["success"]
    module = Module(MODULE)
    for i in range(STUDENTS):
        notebook = nbformat.read(root / "notebooks" / MODULE / f"{MODULE}.ipynb", as_version=4)
        cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
        for j, (item, points) in enumerate(module.worth().items()):
            answers = [code for _, code, _ in module.bank[item].answers(points)]
            code = answers[(i + j) % len(answers)]
            cells[item].source = answered(module.cells[item].source, code)
        folder = course / "submitted" / name(i) / MODULE
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{MODULE}.ipynb")
    return course


def name(i: int) -> str:
    return f"student_{i:04}"


def stock_seconds(course: Path, root: Path) -> tuple[float, float]:
    """`nbgrader autograde` with nbgrader's own preprocessors, on a copy of the class; and again,
    with nothing new."""
    plain = root / "quizzes"
    for part in ("source", "submitted"):
        shutil.copytree(course / part, plain / part)
    (plain / "nbgrader_config.py").write_text(STOCK, "utf-8")
    variables = environment(root / "jupyter")
    run = {"cwd": plain, "env": variables, "check": True, "capture_output": True}
    nbgrader = [sys.executable, "-m", "nbgrader"]
    subprocess.run([*nbgrader, "generate_assignment", MODULE], **run)
    autograde = [*nbgrader, "autograde", MODULE]
    return timed(autograde, **run), timed(autograde, **run)


def our_seconds(course: Path) -> tuple[float, float]:
    """`course grade` of the whole class; and again, with nothing new."""
    command = [sys.executable, "-m", "course_utils.cli", "grade", MODULE, "--course", str(course)]
    run = {"check": True, "capture_output": True}
    return timed([*command, "--regrade"], **run), timed(command, **run)


def timed(command: list[str], **run) -> float:
    began = time.perf_counter()
    subprocess.run(command, **run)
    return time.perf_counter() - began


def points(course: Path) -> dict[str, float]:
    with Course(course).gradebook() as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(MODULE)}


def replayed(executed: Path, students: int) -> float:
    """Seconds to grade a class whose submissions were executed before: all work but that one.

    executed: a graded course, whose submissions stand for many here, each with the result that its
    run gave. Reading, comparing and recording them, in an empty gradebook, are real.
    """
    with TemporaryDirectory() as folder:
        course = Path(folder, "quizzes")
        course.mkdir()
        shutil.copy(executed / "nbgrader_config.py", course)
        shutil.copytree(executed / "source", course / "source")
        assert Course(course).api().generate_assignment(MODULE)["success"]
        (course / RESULTS / MODULE).mkdir(parents=True)
        for i in range(students):
            known = name(i % STUDENTS)
            shutil.copytree(executed / "submitted" / known, course / "submitted" / name(i))
            result = json.loads((executed / RESULTS / MODULE / f"{known}.json").read_text("utf-8"))
            result.pop("recorded")
            path = course / RESULTS / MODULE / f"{name(i)}.json"
            path.write_text(json.dumps(result), "utf-8")
        began = time.perf_counter()
        with closing(grade(MODULE, course)) as outcomes:
            assert not any(outcome.failed for outcome, _ in outcomes)
        return time.perf_counter() - began


def side_by_side(course: Path, repeats: int) -> list[Result]:
    """Stock nbgrader's and our time for the class, in turn, all new and then with nothing new.

    Both give the same points.
    """
    theirs, ours = [], []
    for _ in range(repeats):
        with TemporaryDirectory() as folder:
            theirs.append(stock_seconds(course, Path(folder)))
            ours.append(our_seconds(course))
            assert points(course) == points(Path(folder, "quizzes"))
    (their_first, their_again), (our_first, our_again) = (
        zip(*s, strict=True) for s in (theirs, ours)
    )
    what = f"{STUDENTS} submissions of {MODULE} on {os.cpu_count()} cores"
    return [
        Result(
            f"grading {what}",
            f"{60 * STUDENTS / statistics.median(their_first):.1f}/min",
            f"{60 * STUDENTS / statistics.median(our_first):.1f}/min",
            statistics.median(t / o for t, o in zip(their_first, our_first, strict=True)),
            "3.9",
        ),
        Result(
            f"grading again {what}, nothing new",
            f"{statistics.median(their_again):.1f} s",
            f"{statistics.median(our_again):.1f} s",
            statistics.median(t / o for t, o in zip(their_again, our_again, strict=True)),
            "5 s",
        ),
    ]


def classes(course: Path) -> str:
    """A table of how the time grows with the class."""
    lines = [
        f"Recording a class of simulated students. Each has one of {STUDENTS} real submissions of "
        f"{MODULE} and the result that its run gave, so this is all work but executing:",
        "",
        "| students | seconds | ms a student |",
        "|---:|---:|---:|",
    ]
    for students in CLASSES:
        seconds = replayed(course, students)
        lines.append(f"| {students:,} | {seconds:.1f} | {1000 * seconds / students:.0f} |")
    return "\n".join(lines)


def grading(repeats: int) -> tuple[list[Result], str]:
    """The rows of `make bench`, and the table of growing classes."""
    with TemporaryDirectory() as folder:
        course = make_course(Path(folder))
        return side_by_side(course, repeats), classes(course)


if __name__ == "__main__":
    rows, table = grading(1)
    for row in rows:
        print(f"{row.what}: {row.theirs} by stock nbgrader, {row.ours} here, ratio {row.ratio:.2f}")
    print(table)
