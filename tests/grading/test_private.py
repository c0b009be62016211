"""Private tests count on every way that grades, and are in nothing that anybody gets."""

import subprocess
import sys
from pathlib import Path

import pytest
from grading.tiny import NAME, submit
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

from course_utils.author.build import build
from course_utils.author.notebook import source_notebook
from course_utils.cli import main
from course_utils.grading.grade import Course, grade
from course_utils.grading.private import private_tests

PRIVATE = """# Mine alone.

# %% square_test
only_here = 0.5
assert square(only_here) == 0.25, "Halves have squares too."
"""
NO_HALVES = "def square(x):\n    return x * x if x == int(x) else 1"

pytestmark = pytest.mark.grading


def keep(course: Path, text: str) -> Path:
    path = course / "private" / f"{NAME}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def scores(course: Path) -> dict[str, float]:
    """Points of the gradebook by student."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(NAME)}


def button(course: Path) -> NbGraderAPI:
    """What Formgrader's buttons call."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.root = str(course)
    return NbGraderAPI(config=config)


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(command, cwd=course, capture_output=True, text=True, timeout=120)


@pytest.mark.full
def test_every_way_of_grading_uses_them_and_no_file_holds_them(course, sandboxed):
    submit(course, "ann", square=NO_HALVES)
    submit(course, "bob", square="def square(x):\n    return x * x")
    assert {o.student: o.points for o, _ in grade(NAME, course, count=1)} == {"ann": 2, "bob": 2}
    keep(course, PRIVATE)
    assert {o.student: o.points for o, _ in grade(NAME, course, count=1)} == {"ann": 0, "bob": 2}
    assert scores(course) == {"ann": 0, "bob": 2}
    assert Course(course).api().generate_feedback(NAME)["success"]
    page = (course / "feedback" / "ann" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "Halves have squares too." in page

    keep(course, PRIVATE.replace("0.25", "0.5"))  # it takes the points of the other one
    done = nbgrader(course, "autograde", NAME, "--force")
    assert done.returncode == 0, done.stderr[-3000:]
    assert scores(course) == {"ann": 0, "bob": 0}
    keep(course, "# %% square_test replace\npass\n")
    assert button(course).autograde(NAME, "ann")["success"]
    assert scores(course) == {"ann": 2, "bob": 0}
    build(course.parent)
    assert Course(course).api().generate_assignment(NAME, force=True)["success"]
    for path in course.parent.rglob("*"):
        if path.is_file() and path.parent.name != "private":
            assert b"only_here" not in path.read_bytes(), path


@pytest.mark.full
def test_a_mistake_in_them_stops_grading_before_it_starts(course, sandboxed, capsys):
    submit(course, "ann", square=NO_HALVES)
    path = keep(course, "# %% square_test\n\nassert square(2 == 4\n")
    assert main(["grade", NAME, "--course", str(course)]) == 2
    assert f"{path}:3: '(' was never closed" in capsys.readouterr().err
    done = nbgrader(course, "autograde", NAME)
    assert done.returncode != 0
    assert f"{path}:3: '(' was never closed" in done.stderr
    assert not (course / "autograded" / "ann" / NAME).exists()


SOURCE = """# %%
n = 3

# %% [markdown] question="Twice" points=2
# Write it.

# %% answer="double"
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% test="double"
points = 1.0 * (double(1) == 2)
### BEGIN HIDDEN TESTS
points += double(2) == 4
### END HIDDEN TESTS
float(points)

# %% [markdown] question="In the open" points=1
# Double n.

# %% answer="opened"
### BEGIN SOLUTION
opened = double(n)
### END SOLUTION

# %% test="opened"
assert double(n) == 6

# %% [markdown] question="In words" points=1
# Why?

# %% [markdown] answer="why"
# ### BEGIN SOLUTION
# It is n + n.
# ### END SOLUTION
"""


def put_in(folder: Path, text: str | bytes) -> dict[str, str]:
    (folder / "private").mkdir()
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "private" / "02_double.py").write_bytes(data)
    (folder / "02_double.py").write_text(SOURCE, "utf-8")
    return private_tests(folder, "02_double", source_notebook(folder / "02_double.py"))


def value(test: str, double) -> object:
    """What a test cell gives: the value of its last line."""
    lines = test.split("\n")
    space = {"double": double, "n": 3}
    exec("\n".join(lines[:-1]), space)
    return eval(lines[-1], space)


def test_without_a_file_there_are_none(tmp_path):
    (tmp_path / "02_double.py").write_text(SOURCE, "utf-8")
    assert private_tests(tmp_path, "02_double", source_notebook(tmp_path / "02_double.py")) == {}


def test_an_added_test_leaves_the_points_to_the_last_line_of_the_cell(tmp_path):
    found = put_in(
        tmp_path, "# %% double_test\nassert double(9) == 18\n# %% opened_test\ndouble(0)\n"
    )
    assert list(found) == ["double_test", "opened_test"]
    assert value(found["double_test"], lambda x: 2 * x) == 2.0
    assert value(found["double_test"], lambda x: 2 * x * (x != 2)) == 1.0
    with pytest.raises(AssertionError):
        value(found["double_test"], lambda x: 2 * x * (x != 9))
    # A value of the private test is not taken for points.
    assert value(found["opened_test"], lambda x: 2 * x) is None


def test_a_test_that_replaces_takes_the_place_of_the_hidden_ones_alone(tmp_path):
    found = put_in(tmp_path, "# %% double_test replace\npoints += double(9) == 18\n")
    assert value(found["double_test"], lambda x: 2 * x * (x != 2)) == 2.0
    assert value(found["double_test"], lambda x: 2 * x * (x != 9)) == 1.0
    assert value(found["double_test"], lambda x: 2 * x * (x != 1)) == 1.0


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    found = put_in(tmp_path, b"\xef\xbb\xbf# %% opened_test\r\nassert n\r\nassert n > 1\r\n")
    assert "assert n\nassert n > 1" in found["opened_test"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n# %% double_test\npass", ":1: this stands above the first marker"),
        ("pass", ":1: this stands above the first marker"),
        ("# Mine\n# %%\npass", ":2: a marker is # %% grade_id or # %% grade_id replace, got"),
        ("# %% double_test instead\npass", ":1: a marker is # %% grade_id"),
        ("# %% double_tset\npass", ":1: 'double_tset' is no grade id of this module"),
        ("# %% double_tset\npass", "test cells: double_test"),
        ("# %% double\npass", ":1: 'double' is the id of a cell that is no test"),
        ("# %% why\npass", ":1: 'why' is the id of a cell that is no test"),
        ("# %% double_test\n\n# Soon.\n", ":1: there is no test for double_test"),
        ("# %% opened_test replace\npass", ":1: opened_test has no hidden tests to replace"),
        ("# %% opened_test\npass\n# %% opened_test\npass", ":3: opened_test has private"),
        ("# %% opened_test\n\n\nif n\n", ":4: expected ':'"),
        ("# %% opened_test\npass\n# %% double_test\nreturn 1", ":4: 'return' outside"),
        ("# %% opened_test\n%timeit double(1)", ":2: invalid syntax"),
        (b"# %% opened_test\nassert '\xff'", "is no text in UTF-8"),
    ],
)
def test_what_is_wrong_with_them_is_said_with_file_and_line(text, said, tmp_path):
    with pytest.raises(ValueError) as error:
        put_in(tmp_path, text)
    assert str(tmp_path / "private" / "02_double.py") in str(error.value)
    assert said in str(error.value)
