"""How hard each question is, how well it tells strong from weak, and what was got wrong most."""

import csv
import io
import math
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from grading.tiny import LESSON, NAME, make_course, submit
from PIL import Image

from course_utils.cli import main
from course_utils.grading import analysis
from course_utils.grading.analysis import Answered, analyse, summary, table
from course_utils.grading.grade import Course, grade
from course_utils.grading.item_picture import ItemPicture

QUIZ = """
# %% [markdown] question="A right angle" points=1
# How many degrees has a right angle?

# %% answer="degrees"
angle = None
### BEGIN SOLUTION
angle = 90
### END SOLUTION

# %% test="degrees"
from course_utils import quiz as check

check.is_number(angle)
### BEGIN HIDDEN TESTS
check.number(angle, right=90, within=0.1, why={}, hint="A quarter of a full turn.")
### END HIDDEN TESTS
"""

pytestmark = pytest.mark.grading


def items(*columns: list[float], most: float = 1.0, wrong: dict | None = None) -> list[Answered]:
    """Automatic items, a column of points each, of students s0, s1, …"""
    return [
        Answered(f"1.{i} item{i}", f"item{i}", most, False, students(column), wrong or {})
        for i, column in enumerate(columns, 1)
    ]


def students(column: list[float]) -> dict[str, float]:
    return {f"s{i}": points for i, points in enumerate(column) if not math.isnan(points)}


def test_difficulty_is_the_mean_share_of_the_points():
    first, second = analyse(items([2, 1, 0, 1], [2, 2, 2, 2], most=2.0))
    assert (first.difficulty, second.difficulty) == (0.5, 1.0)


def test_discrimination_leaves_the_item_out_of_the_total():
    columns = [[1, 1, 0, 0, 1], [1, 0, 0, 1, 1], [1, 1, 0, 1, 0]]
    found = [row.discrimination for row in analyse(items(*columns))]
    for i, column in enumerate(columns):
        others = [c for j, c in enumerate(columns) if j != i]
        rest = [sum(points) for points in zip(*others, strict=True)]
        mean, other = statistics.fmean(column), statistics.fmean(rest)
        both = sum((a - mean) * (b - other) for a, b in zip(column, rest, strict=True))
        spread = math.sqrt(
            sum((a - mean) ** 2 for a in column) * sum((b - other) ** 2 for b in rest)
        )
        assert found[i] == pytest.approx(both / spread)


def test_what_cannot_be_known_is_not_made_up():
    one = analyse(items([1], [0]))
    assert [(row.difficulty, row.discrimination) for row in one] == [(1.0, None), (0.0, None)]
    assert "Too few or too equal answers" in summary(one)
    equal = analyse(items([1, 1, 1, 1], [0, 1, 0, 1]))
    assert [row.discrimination for row in equal] == [None, None]
    alone = analyse(items([1, 0, 1]))
    assert alone[0].discrimination is None
    for rows in (one, equal, alone):
        assert "nan" not in table(rows).lower()
        assert ItemPicture([(r.title, r.difficulty, r.discrimination) for r in rows], 0.2).png()


def test_items_that_wait_for_a_person_count_only_those_who_have_points():
    listed = items([1, 0, 1, 0], [1, 0, 1, 1])
    essay = Answered("1.3 why", "why", 4.0, True, students([4, 0, math.nan, math.nan]), {})
    waits = Answered("1.4 essay", "essay", 4.0, True, {}, {})
    half = Answered("1.5 half", "half", 4.0, True, students([0, 0]), {}, {"s2", "s3"})
    rows = analyse([*listed, essay, waits, half])
    assert [row.name for row in rows] == ["item1", "item2", "why"]
    assert (rows[2].students, rows[2].difficulty) == (2, 0.5)
    # What a person gave so far to some is no part of the others' rest.
    assert rows[0].discrimination == analyse(listed)[0].discrimination


def test_the_most_chosen_wrong_answer_has_its_share_of_all_students():
    wrong = {"s0": "B", "s1": "not answered", "s2": "C", "s3": "C", "s4": "B", "s5": "not answered"}
    (row,) = analyse(items([0, 0, 0, 0, 0, 0, 1, 1], wrong=wrong))
    assert (row.wrong, row.share, row.blank) == ("B", 0.25, 0.25)  # of equals the first by name


def test_a_small_class_is_told_what_chance_does():
    assert "With 10 students chance alone" in table(analyse(items([1, 0] * 5, [1, 1, 0, 0, 1] * 2)))
    assert "chance" not in table(analyse(items([1, 0] * 20, [1, 1, 0, 0] * 10)))


def test_the_picture_shows_each_item_and_its_summary_the_extremes():
    rows = analyse(items([1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]))
    assert "3 questions, 4 students. Hardest: 1.2 item2, with 25% of its points." in summary(rows)
    assert "Tells strong from weak least: 1.3 item3 (-0.87)." in summary(rows)
    picture = ItemPicture([(r.title, r.difficulty, r.discrimination) for r in rows], 0.2)
    said = [text.get_text() for text in picture.figure.texts]
    assert {"1.1 item1", "1.2 item2", "1.3 item3", "25%", "75%"} <= set(said)
    assert Image.open(io.BytesIO(picture.png())).width == 700


@pytest.fixture(scope="module")
def course(sandboxed, tmp_path_factory) -> Path:
    """A class of five, graded, of which one handed in nothing that can be graded."""
    course = make_course(tmp_path_factory.mktemp("class"), LESSON + QUIZ)
    square = "def square(x):\n    return x * x"
    right = {"sides": "sides = 3", "square": square, "degrees": "angle = 90"}
    submit(course, "ann", **right, explain="Minus by minus is plus.")
    submit(course, "bob", sides="sides = 4", square=square, degrees="angle = 45 + 45")
    submit(course, "cyd", sides="sides = 4", square="def square(x):\n    return x * abs(x)")
    submit(
        course, "dan", sides="1 / 0", square="def square(x):\n    return 2", degrees="angle = 180"
    )
    submit(course, "eve", degrees="angle = 180.0")
    (submit(course, "fay") / f"{NAME}.ipynb").write_text("{", "utf-8")
    assert len(list(grade(NAME, course, count=1))) == 6
    return course


@pytest.mark.full
def test_a_graded_class_is_analysed(course, capsys):
    assert main(["analyse", NAME, "--course", str(course)]) == 0
    printed = capsys.readouterr().out
    assert "3 questions, 5 students." in printed
    with (course / "analysis" / f"{NAME}.csv").open(encoding="utf-8", newline="") as text:
        rows = {row["name"]: row for row in csv.DictReader(text)}
    sides, square = rows["sides_test"], rows["square_test"]
    degrees = rows["degrees_test"]
    assert [float(row["difficulty"]) for row in (sides, square, degrees)] == [0.2, 0.4, 0.4]
    assert sides["wrong"] == "Draw one, and count."
    assert (float(sides["share"]), float(sides["blank"])) == (0.4, 0.2)  # dan's stopped by itself
    assert square["wrong"] == "A negative side has a square too."
    assert (degrees["wrong"], float(degrees["share"]), float(degrees["blank"])) == ("180", 0.4, 0.2)
    assert "180 (40%)" in printed
    assert "Left out: 1.3 In your words; still to be graded by hand: 1." in printed
    with (course / "analysis" / f"{NAME}.scores.csv").open(encoding="utf-8", newline="") as text:
        scores = {row["student"]: row for row in csv.DictReader(text)}
    assert list(scores) == ["ann", "bob", "cyd", "dan", "eve"]
    assert scores["bob"]["square_test"] == "2.0"
    assert scores["ann"]["explain"] == ""  # nobody has read it yet
    assert Image.open(course / "analysis" / f"{NAME}.png").width == 700


@pytest.mark.slow
def test_a_manual_score_counts(course):
    with Course(course).gradebook() as gradebook:
        gradebook.find_grade("explain", NAME, NAME, "ann").manual_score = 0.5
        gradebook.db.commit()
    rows = {row.name: row for row in analyse(analysis.read(Course(course), NAME))}
    found = rows["explain"]
    assert (found.students, found.difficulty, found.blank) == (5, 0.1, 0.8)
    assert (found.wrong, found.share) == ("", 0.0)


@pytest.mark.slow
def test_nbgrader_exports_the_scores_of_the_class(course):
    command = [sys.executable, "-m", "nbgrader", "export", "--to", "grades.csv"]
    subprocess.run(command, cwd=course, check=True, capture_output=True, timeout=120)
    with (course / "grades.csv").open(encoding="utf-8", newline="") as text:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(text)}
    with Course(course).gradebook() as gradebook:
        assert scores == {
            s.id: gradebook.find_submission(NAME, s.id).score
            for s in gradebook.students
            if s.id in scores
        }
    assert {"ann", "bob", "cyd", "dan", "eve"} <= scores.keys()


@pytest.mark.slow
def test_what_is_missing_is_said(course, capsys):
    assert main(["analyse", "99_none", "--course", str(course)]) == 2
    assert "got '99_none'" in capsys.readouterr().err
    submitted = course / "autograded"
    submitted.rename(course / "elsewhere")
    try:
        assert main(["analyse", NAME, "--course", str(course)]) == 2
        assert f"nothing of {NAME} is graded yet; run: course grade" in capsys.readouterr().err
    finally:
        (course / "elsewhere").rename(submitted)
