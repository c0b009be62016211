"""Answers that look alike are shown; what the module gives, or many write, is not."""

import re

import nbformat
import pytest
from grading.tiny import NAME, make_course, submission

from course_utils.cli import main
from course_utils.grading import similar
from course_utils.grading.grade import Course

LESSON = '''# %%
import math

# %% [markdown] question="Areas" points=1
# Write it.

# %% answer="area"
def area(sides):
    """The area of a rectangle, of which the sides are given as a list of two numbers."""
    checked = [float(side) for side in sides if side is not None and side >= 0]
    ### BEGIN SOLUTION
    return checked[0] * checked[1]
    ### END SOLUTION

# %% test="area"
assert area([1, 2]) == 2

# %% [markdown] question="In your words" points=1
# Why?

# %% [markdown] answer="explain"
# ### BEGIN SOLUTION
# So.
# ### END SOLUTION
'''
GIVEN = LESSON.split('answer="area"\n')[1].split("    ### BEGIN")[0]
LOOP = (
    "    total = 0.0\n    for step in range(int(checked[0])):\n"
    "        total += checked[1] if step % 2 == 0 else checked[1] * 1.0\n    return total"
)
RENAMED = LOOP.replace("total", "summe").replace("step", "k").replace("    for", "    for  ")
OTHER = "    import math\n    return math.exp(math.log(checked[0]) + math.log(checked[-1]))"
WORDS = "Because each row has as many squares as the longer side, and there are that many rows."

pytestmark = [pytest.mark.grading, pytest.mark.slow]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("alike"), LESSON)


@pytest.fixture
def course(made):
    """Nobody's work yet; what is graded is read, however it came there."""
    for path in made.glob("autograded/*/*/*"):
        path.unlink()
    return made


def graded(course, student: str, **answers: str) -> None:
    folder = course / "autograded" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(submission(course, **answers), folder / f"{NAME}.ipynb")


def pairs(course) -> list[tuple]:
    _, found = similar.similar(Course(course), NAME)
    return [(pair.title, *pair.students) for pair in found]


@pytest.mark.full
def test_renaming_hides_nothing_and_what_is_given_counts_for_nothing(course, capsys):
    graded(course, "ann", area=GIVEN + LOOP, explain=WORDS)
    graded(course, "bob", area=GIVEN + RENAMED, explain="Two by two.")
    graded(course, "cyd", area=GIVEN + OTHER, explain=f"{WORDS} So it is.")
    graded(course, "dan", area=GIVEN)  # as it was given, but for a blank line
    graded(course, "eve")
    found = pairs(course)
    assert sorted(found) == [("1.1 Areas", "ann", "bob"), ("1.2 In your words", "ann", "cyd")]
    path = course / "analysis" / f"{NAME}.similar.html"
    page = path.read_text("utf-8")
    assert "1.1 Areas: ann, bob (100%)" in page
    marked = "".join(re.findall("<mark>(.*?)</mark>", page, re.S))
    assert "total" in marked and "summe" in marked and "rectangle" not in marked
    assert main(["similar", NAME, "--course", str(course)]) == 0
    assert capsys.readouterr().out == f"2 pairs of answers share a third or more\n{path}\n"
    assert path.read_text("utf-8") == page  # another run says the same


def test_what_many_write_is_the_usual_way_to_say_it(course):
    for i in range(similar.MANY):
        graded(course, f"student{i}", area=GIVEN + LOOP)
    assert len(pairs(course)) == similar.MANY * (similar.MANY - 1) // 2
    graded(course, "one more", area=GIVEN + LOOP)
    assert pairs(course) == []


def test_what_students_write_is_text_on_the_page_and_costs_little(course):
    script = "<script>alert(1)</script>" * 3
    slow = "'" + r"\N{" * 50_000  # a lexer takes minutes
    for student in ("ann", "b<b>ob"):
        graded(course, student, area=f"x = {script!r}\n{slow}", explain=script)
    assert len(pairs(course)) == 2
    page = (course / "analysis" / f"{NAME}.similar.html").read_text("utf-8")
    assert "<script" not in page and "<b>" not in page and "b&lt;b&gt;ob" in page
