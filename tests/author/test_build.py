import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils.author.build import build
from course_utils.author.notebook import source_notebook

ROOT = Path(__file__).resolve().parents[2]
LESSON = (ROOT / "tests" / "grading" / "01_tiny.txt").read_text("utf-8")
NAME = "01_tiny"


def write_course(root: Path) -> Path:
    folder = root / "quizzes" / "source" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.py").write_text(LESSON, "utf-8")
    (folder / "sides.csv").write_text("triangle,3\n", "utf-8")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    root = write_course(tmp_path_factory.mktemp("course"))
    assert build(root) == [root / "notebooks" / NAME / f"{NAME}.ipynb"]
    return root


@pytest.fixture
def course(built, tmp_path) -> Path:
    return shutil.copytree(built, tmp_path / "course")


@pytest.mark.slow
def test_release_has_no_answers_hidden_tests_or_outputs(built):
    path = built / "notebooks" / NAME / f"{NAME}.ipynb"
    text = path.read_text("utf-8")
    for secret in ("SOLUTION", "HIDDEN", "secret_value", "x * x", "sides = 3", "Minus by minus"):
        assert secret not in text
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert "jupytext" not in notebook.metadata
    assert {p.name for p in path.parent.iterdir()} == {f"{NAME}.ipynb", "sides.csv"}


@pytest.mark.slow
def test_build_leaves_only_notebooks_and_their_sources(built):
    assert set(contents(built)) == {
        "quizzes/nbgrader_config.py",
        f"quizzes/source/{NAME}/{NAME}.py",
        f"quizzes/source/{NAME}/{NAME}.ipynb",
        f"quizzes/source/{NAME}/sides.csv",
        f"notebooks/{NAME}/{NAME}.ipynb",
        f"notebooks/{NAME}/sides.csv",
    }


@pytest.mark.slow
def test_second_build_changes_nothing_and_keeps_other_files(course):
    (course / "notebooks" / NAME / "mine.txt").write_text("mine")
    (course / "notebooks" / "other.ipynb").write_text("not even JSON")
    before = contents(course)
    build(course)
    assert contents(course) == before


@pytest.mark.full
def test_build_takes_over_changes_of_the_text_and_its_data(course):
    folder = course / "quizzes" / "source" / NAME
    (folder / f"{NAME}.py").write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
    (folder / "sides.csv").write_text("triangle,3\nsquare,4\n", "utf-8")
    build(course)
    released = course / "notebooks" / NAME
    assert "any triangle?" in (released / f"{NAME}.ipynb").read_text("utf-8")
    assert "square" in (released / "sides.csv").read_text("utf-8")


def replace_notebook(course: Path) -> str:
    nbformat.write(nbformat.v4.new_notebook(), course / "notebooks" / NAME / f"{NAME}.ipynb")
    return "not made by course build"


def change_data(course: Path) -> str:
    (course / "notebooks" / NAME / "sides.csv").write_text("mine")
    return "sides.csv was not made by course build"


def edit_source_notebook(course: Path) -> str:
    path = course / "quizzes" / "source" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += " with my remark"
    nbformat.write(notebook, path)
    return "was edited"


@pytest.mark.full
@pytest.mark.parametrize("put", [replace_notebook, change_data, edit_source_notebook])
def test_file_of_someone_else_stops_the_build_and_stays(course, put):
    said = put(course)
    lesson = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    lesson.write_text(LESSON.replace("tiny module", "small module"), "utf-8")
    (lesson.parent / "sides.csv").write_text("triangle,three\n", "utf-8")
    before = contents(course)
    with pytest.raises(ValueError, match=said):
        build(course)
    assert contents(course) == before


def test_cell_ids_are_unique_and_stay_when_another_cell_changes(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_text(LESSON + "\n# %%\nimport math\n", "utf-8")
    ids = [cell.id for cell in source_notebook(path).cells]
    assert len(set(ids)) == len(ids)
    assert "square_test" in ids
    path.write_text("# %% [markdown]\n# First.\n\n" + path.read_text("utf-8"), "utf-8")
    assert [cell.id for cell in source_notebook(path).cells][1:] == ids


# A question of each kind whose answer is one value.
VALUES = """# %% [markdown]
# ## Check your understanding
#
# Answer below.

# %% [markdown] question="A corner" points=1
# How many degrees has it?
#
# - **A** Thirty of them, as a clock has
#   hours.
# - **B** Sixty.
# - **C** Ninety of them, a quarter of a turn.

# %% answer="corner"
letter = ""  # "A", "B" or "C"

# %% test="corner"
check.choice(
    letter,
    right="C",
    why={"A": "Hours are not degrees.", "B": "Three of those make a straight line."},
)

# %% [markdown] question="A side" points=2
# A square has an area of 25. How long is a side?

# %% answer="side"
side = None  # a number

# %% test="side"
check.number(side, right=10 / 2, within=0.1, why={25: "That is the area."}, hint="Take the root.")

# %% [markdown] question="A name" points=1
# What has three sides?

# %% answer="name"
name = ""

# %% test="name"
check.text(name, right="a triangle", why={"a square": "Count its sides."}, hint="Draw one.")

# %% [markdown] question="Even places" points=0.5
# Which of 0 to 3 are even?

# %% answer="even"
places = []

# %% test="even"
check.ids(places, right={2, 0}, why={(1, 3): "Those are odd."}, hint="Divide by two.")
"""


def read(folder: Path, text: str) -> nbformat.NotebookNode:
    path = folder / f"{NAME}.py"
    path.write_text(text, "utf-8")
    return source_notebook(path)


def test_a_question_without_points_is_counted_apart(tmp_path):
    notebook = read(tmp_path, VALUES.replace("points=2", "points=0"))
    assert "3 questions, 2.5 points, and 1 without points. Answer" in notebook.cells[0].source


def test_the_build_writes_what_an_answer_of_one_value_needs(tmp_path):
    notebook = read(tmp_path, VALUES)
    cells = {cell.id: cell for cell in notebook.cells}
    assert notebook.cells[0].source == (
        "## Check your understanding\n\n4 questions, 4.5 points. Answer below."
    )
    assert notebook.cells[1].source.startswith("### 1.1 A corner *(1 point)*\n\nHow many degrees")
    assert notebook.cells[4].source.startswith("### 1.2 A side *(2 points)*\n\nA square")
    assert notebook.cells[10].source.startswith("### 1.4 Even places *(0.5 points)*\n\n")
    assert cells["side"].source == (
        "side = None  # a number\n### BEGIN SOLUTION\nside = 10 / 2\n### END SOLUTION"
    )
    test = VALUES.split('test="side"\n')[1].split("\n\n")[0]
    assert cells["side_test"].source == (
        f"check.is_number(side)\n### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"
    )
    for name, variable, right in (("corner", "letter", "C"), ("even", "places", [0, 2])):
        exec(cells[name].source, space := {})
        assert space[variable] == right
    assert cells["name_test"].metadata.nbgrader == {
        "grade": True,
        "grade_id": "name_test",
        "locked": True,
        "points": 1,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    assert notebook.metadata.next_token.titles == {
        "corner": "1.1 A corner",
        "corner_test": "1.1 A corner",
        "side": "1.2 A side",
        "side_test": "1.2 A side",
        "name": "1.3 A name",
        "name_test": "1.3 A name",
        "even": "1.4 Even places",
        "even_test": "1.4 Even places",
    }


def test_options_may_differ_by_a_sign_alone(tmp_path):
    text = VALUES.replace("**B** Sixty.", "**B** z > g.").replace(
        "**A** Thirty of them, as a clock has\n#   hours.", "**A** z < g."
    )
    assert "z < g." in text and "z > g." in text
    read(tmp_path, text)


def test_an_answer_in_prose_is_read_by_a_person(tmp_path):
    notebook = read(tmp_path, LESSON)
    title, explain = notebook.cells[-2:]
    assert title.source.startswith("### 1.3 In your words *(1 point, read by your instructor)*")
    assert explain.metadata.nbgrader.grade and explain.metadata.nbgrader.solution
    assert explain.metadata.nbgrader.points == 1
    title = read(tmp_path, LESSON.replace('words" points=1', 'words" points=0')).cells[-2]
    assert "*(no points, read by your instructor if you have one)*" in title.source


def test_a_test_may_stand_far_below_its_answer(tmp_path):
    """As for what a lesson has its learner build: the question at its end is the open one."""
    build, rest = VALUES.split('# %% answer="side"')
    answer, rest = rest.split('# %% test="side"')
    text = f'# %% answer="side"{answer}{build}# %% test="side"{rest}'
    notebook = read(tmp_path, text)
    assert notebook.metadata.next_token.titles["side_test"] == "1.2 A side"


# What is written in place of what, the text whose line is to be named, and what is to be said. The
# first of LESSON and VALUES that has it is taken.
WRONG = {
    "same id twice": (
        'answer="square"',
        'answer="sides"',
        'answer="sides"\ndef square',
        "answer 'sides' is there twice",
    ),
    "bad id": ('answer="square"', 'answer="the square"', None, "got 'the square'"),
    "id in capitals": ('answer="square"', 'answer="Square"', None, "got 'Square'"),
    "no points": (
        '"Squares" points=2',
        '"Squares"',
        None,
        "'Squares' has no points; write points=1",
    ),
    "negative points": ("points=2", "points=-2", None, "at least 0, got -2"),
    "points in words": ("points=2", 'points="two"', None, "a number of at least 0, got 'two'"),
    "points elsewhere": ('test="square"', 'test="square" points=2', None, "with the question"),
    "title of two lines": ('question="Squares"', 'question="A\\nB"', None, "one line of 1 to 60"),
    "title that cannot be printed": ('question="Squares"', 'question="A\\u001b"', None, "one line"),
    "no title": ('question="Squares"', 'question=""', None, "1 to 60 characters, got ''"),
    "long title": ('"Squares"', f'"{"x" * 61}"', None, "1 to 60 characters"),
    "same title": (
        'question="Squares"',
        'question="Sides"',
        'question="Sides" points=2',
        "two questions are called 'Sides'",
    ),
    "question in code": ('[markdown] question="Squares"', 'question="Squares"', None, "is text"),
    "title by hand": ("# Write the square.", "# **2** Write.", None, "take out '**2'"),
    "points by hand": (
        "# Write the square.",
        "# Write. *(2 points)*",
        None,
        "written by the build",
    ),
    "misspelt key": ('answer="square"', 'anwser="square"', None, "unknown metadata 'anwser'"),
    "two kinds": ('answer="square"', 'answer="square" test="square"', None, "is answer and test"),
    "not JSON": ('answer="square"', "answer=square", None, "is not JSON"),
    "words behind the marker": (
        'answer="square"',
        "square",
        "# %% square\n",
        "'square' is no metadata",
    ),
    "half converted": (
        '# %% answer="sides"',
        '# %% nbgrader={"grade": false, "grade_id": "sides", "solution": true}',
        None,
        "nbgrader={…} is what the build makes",
    ),
    "test without its answer": (
        'test="square"',
        'test="sqare"',
        None,
        "no cell with answer='sqare'",
    ),
    "answer without its test": (
        '# %% test="square"\n',
        "# %%\nassert True\n\n# %%\n",
        '# %% [markdown] question="Squares"',
        "question 'Squares' has no test below it",
    ),
    "no question": (
        '# %% [markdown] question="Squares" points=2',
        "# %% [markdown]",
        '# %% test="square"',
        "'square' has no question above it that is still open",
    ),
    "two tests": (
        'test="square"',
        'test="sides"',
        'test="sides"\nassert square',
        "answer 'sides' has two tests",
    ),
    "unknown kind of cell": ("# %%\nimport math", "# %% [markdwn]\n# Hi", None, "'[markdwn]'"),
    "no marks": (
        "### BEGIN SOLUTION\nsides = 3\n### END SOLUTION",
        "sides = 3",
        '# %% answer="sides"',
        "no BEGIN",
    ),
    "no end": (
        "sides = 3\n### END SOLUTION",
        "sides = 3",
        "### BEGIN SOLUTION\nsides",
        "without an END SOLUTION",
    ),
    "no begin": (
        "### BEGIN SOLUTION\nsides = 3",
        "sides = 3",
        '### END SOLUTION\n\n# %% test="sides"',
        "without a BEGIN SOLUTION",
    ),
    "two begins": (
        "sides = 3\n### END SOLUTION",
        "sides = 3\n### BEGIN HIDDEN TESTS",
        "### BEGIN HIDDEN TESTS\n\n",
        "before SOLUTION has ended",
    ),
    "unknown mark": (
        "### BEGIN HIDDEN TESTS",
        "### BEGIN SECRET TESTS",
        None,
        "unknown mark '### BEGIN SECRET TESTS'",
    ),
    "mark in small letters": ("### BEGIN HIDDEN", "### begin hidden", None, "unknown mark"),
    "mark with one sign": ("### BEGIN HIDDEN", "# BEGIN HIDDEN", None, "begins with three #"),
    "mark behind code": ("### BEGIN HIDDEN", "x = 1  ### BEGIN HIDDEN", None, "three #"),
    "answer elsewhere": ("import math", "### BEGIN SOLUTION\n### END SOLUTION", None, "no answer"),
    "hidden elsewhere": (
        "import math",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
        None,
        "in a cell that is no test",
    ),
    "hidden twice": (
        "### END HIDDEN TESTS",
        "### END HIDDEN TESTS\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS ",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS ",
        "one such part",
    ),
    "answer left above its mark": (
        "    ### BEGIN SOLUTION\n    return x * x",
        "    return x * x\n    ### BEGIN SOLUTION\n    return x * x",
        "    return x * x\n    ### BEGIN",
        "'return x * x' stands in the answer too",
    ),
    "a reason with a line of the answer": (
        '"A negative side has a square too."',
        '"Write return x * x."',
        None,
        "this reason holds a line of the answer",
    ),
    "more points than the question": (
        'assert square(secret_value) == 9, "A negative side has a square too."',
        "float(min(3.0, 3))",
        None,
        "gives at most 3, its question 2 points",
    ),
    "answer left in a value": ('letter = ""', 'letter = "C"', None, 'letter must be "" until'),
    "answer left in a number": ("side = None", "side = 5", None, "side must be None until"),
    "answer left in ids": ("places = []", "places = [0, 2]", None, "places must be [] until"),
    "marks round a value": (
        "side = None  # a number",
        "side = None\n### BEGIN SOLUTION\nside = 5\n### END SOLUTION",
        "side = None\n###",
        "the build makes it from right=10 / 2",
    ),
    "another variable": (
        'letter = ""',
        'leter = ""',
        '    letter,\n    right="C"',
        "the answer's cell sets leter, got letter",
    ),
    "variable misspelt in the test": (
        "check.number(side",
        "check.number(sied",
        None,
        "the answer's cell sets side, got sied",
    ),
    "more than one line": (
        "side = None  # a number",
        "side = None\nprint()",
        None,
        "one line, side",
    ),
    "a number in a text": ("right=10 / 2", 'right="5"', None, "right must be a number, got '5'"),
    "no number": ("right=10 / 2", "right=None", None, "right must be a number, got None"),
    "ids that are one": (
        "right={2, 0}",
        "right=1",
        "check.ids(places, right=1",
        "a set of token ids such as {0, 2}, got 1",
    ),
    "ids that are words": ("right={2, 0}", 'right={"a"}', None, "a set of token ids"),
    "a text that is none": ('right="a triangle"', "right=3", None, "right must be a text, got 3"),
    "a letter that is none": ('right="C"', "right=3", None, "right must be a letter, got 3"),
    "a reason for no number": ("why={25: ", 'why={"25": ', None, "a reason is for a number"),
    "a reason for no ids": ("why={(1, 3): ", "why={(1): ", None, "such as (0, 2) or (1,), got 1"),
    "within a text": ("within=0.1", 'within="0.1"', None, "within must be a number"),
    "unknown check": ("check.ids(", "check.idz(", None, "no check.idz in quiz.py; see ids"),
    "a reason that holds the letter": (
        '"Hours are not degrees."',
        '"No: C is right."',
        None,
        "this reason holds the right answer",
    ),
    "more points than there are, to see": (
        'assert square(2) == 4, "Two by two is a square of four."',
        '3.0 * check.passes("two", example)',
        None,
        "this shows 3.0 points, the question has 2",
    ),
    "wrong letter without a reason": (
        ', "B": "Three of those make a straight line."',
        "",
        '    why={"A": "Hours are not degrees."}',
        "the wrong letter B has no reason",
    ),
    "right letter with a reason": ('"B": "Three', '"C": "Three', '    why={"A"', "C is right"),
    "reason for no letter": (
        '"B": "Three',
        '"B": "No.", "D": "Three',
        '    why={"A"',
        "'D', which",
    ),
    "right is no option": ('right="C"', 'right="E"', None, "right must be one of A, B, C"),
    "two identical options": (
        "**B** Sixty.",
        "**B** Ninety of them, a quarter\n#   of a turn.",
        "# - **C** Ninety",
        "B and C are the same",
    ),
    "a letter left out": ("- **B** Sixty.", "- **D** Sixty.", '"A corner"', "got A, D, C"),
    "a reason that holds the option": (
        '"Hours are not degrees."',
        '"It has ninety of them: a quarter of a turn."'.replace(":", ","),
        None,
        "this reason holds the right answer",
    ),
    "a reason that holds the number": ('"That is the area."', '"No, 5."', None, "holds the right"),
    "a reason that holds the share": (
        '"That is the area."',
        '"No, 500%."',
        None,
        "holds the right",
    ),
    "a hint that holds the number in words": (
        '"Take the root."',
        '"It is five."',
        None,
        "holds the",
    ),
    "a reason that holds the text": ('"Count its sides."', '"No, a Triangle!"', None, "holds the"),
    "a hint that holds the ids": (
        '"Divide by two."',
        '"They are 0 and 2."',
        None,
        "holds the right",
    ),
    "no hint": (
        ', hint="Take the root."',
        "",
        "check.number(side",
        "check.number needs hint, right",
    ),
    "reasons that are computed": ("why={(1, 3): ", "why=dict() or {(1, 3): ", None, "written out"),
    "not Python": ("import math", "x = 1\nnothing =\n", "nothing =\n", "invalid syntax"),
    "not Python in a test": (
        'assert square(secret_value) == 9, "A',
        'assert square(secret_value == 9, "A',
        None,
        "'(' was never closed",
    ),
    "return outside": ("import math", "x = 1\nreturn x", "return x\n", "outside function"),
    "bad indent": ("    return x * x", "  return x * x\n   y = 1", "   y = 1", "indent"),
    "escape that warns": ("import math", 'x = "\\d"', None, "invalid escape sequence"),
    "below a magic": (
        "import math",
        "%matplotlib inline\nnothing =",
        "nothing =\n",
        "invalid syntax",
    ),
    "below a marker in a text": (
        "import math",
        'x = """\n# %% no cell\n"""\nnothing =',
        "nothing =\n",
        "invalid syntax",
    ),
    "test in prose": ('# %% test="square"', '# %% [markdown] test="square"', None, "cell of code"),
    "text above the first cell": ("# %% [markdown]\n# # A t", "# # A t", None, "above the first"),
    "header without an end": (
        "# %% [markdown]\n# # A t",
        "# ---\n# a: 1\n# # A t",
        None,
        "`# ---`",
    ),
    "header that is no YAML": (
        "# %% [markdown]\n# # A t",
        "# ---\n# jupyter:\n#   kernelspec: [\n# ---\n\n# %% [markdown]\n# # A t",
        "#   kernelspec",
        "jupytext cannot read it",
    ),
}


@pytest.mark.parametrize("old, new, at, said", WRONG.values(), ids=WRONG)
def test_wrong_text_is_refused_with_its_line(tmp_path, old, new, at, said, monkeypatch):
    whole = LESSON if old in LESSON else VALUES
    assert whole.count(old) == 1
    text = whole.replace(old, new)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as error:
        read(tmp_path, text)
    wanted = f"{NAME}.py:{line_of(at or new, text)}: "
    lines = str(error.value).split("\n")
    assert any(line.startswith(wanted) and said in line for line in lines), lines


def line_of(part: str, text: str) -> int:
    """The line on which a part of a text begins, where there is one such part."""
    assert text.count(part) == 1
    return text[: text.index(part) + len(part) - len(part.lstrip("\n"))].count("\n") + 1


def test_every_mistake_is_named_and_a_folder_elsewhere_by_its_whole_path(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_text(LESSON.replace(" points=2", "").replace("import math", "import"), "utf-8")
    with pytest.raises(ValueError) as error:
        source_notebook(path)
    first, second = str(error.value).split("\n")
    assert first.startswith(f"{path}:5: ")
    assert "has no points" in second


def test_a_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_bytes(LESSON.encode("utf-8").replace(b"A tiny", b"\n# na\xefve"))
    with pytest.raises(ValueError, match=rf"{NAME}\.py:3: .*UTF-8"):
        source_notebook(path)


# As above, for what shows only when the module runs.
LAST = 'assert square(secret_value) == 9, "A negative side has a square too."'
FAILS = {
    "reference raises": ("sides = 3", "sides = 3 / 0", None, "ZeroDivisionError: division by zero"),
    "lesson raises": ("import math", "import math\nmath.sqrt(-1)", "math.sqrt", "ValueError: "),
    "reference is wrong": ("x * x", "x + x", LAST, "AssertionError: A negative side has"),
    "raises in a function": ("return x * x", "return x * y", None, "NameError: name 'y'"),
    "fewer points": (LAST, "0.5", 'test="square"', "gets 0.5 of 2"),
    "more points": (LAST, "2.5", 'test="square"', "gets 2.5 of 2"),
    "stderr": (LAST, "import sys; print(1, file=sys.stderr)", 'test="square"', "costs its points"),
    "untouched": (
        'assert sides == 3, "Draw one, and count."',
        "assert True",
        'test="sides"',
        "an untouched answer gets 1 of 1",
    ),
    "ends Python": ("import math", "import os\nos._exit(1)", "# %%\nimport os", "ended Python"),
}


def kernels() -> set[psutil.Process]:
    """Those that this process has started, and that have not ended."""
    started = psutil.Process().children(recursive=True)
    return {p for p in started if p.status() != "zombie" and "ipykernel_launcher" in p.cmdline()}


@pytest.mark.full
def test_what_fails_when_it_runs_is_named_with_its_line_and_nothing_is_written(tmp_path):
    """A module each, in one build."""
    root = write_course(tmp_path)
    shutil.rmtree(root / "quizzes" / "source" / NAME)
    expected = []
    for n, (old, new, at, said) in enumerate(FAILS.values(), 1):
        assert LESSON.count(old) == 1
        text = LESSON.replace(old, new)
        path = root / "quizzes" / "source" / f"{n:02}_wrong" / f"{n:02}_wrong.py"
        path.parent.mkdir()
        path.write_text(text, "utf-8")
        expected.append((f"{path}:{line_of(at or new, text)}", said))
    before, running = contents(root), kernels()
    with pytest.raises(ValueError) as error:
        build(root)
    assert contents(root) == before
    assert kernels() <= running
    places = dict(line.split(": ", 1) for line in str(error.value).split("\n"))
    assert [(place, said) for place, said in expected if said not in places.get(place, "")] == []


@pytest.mark.full
def test_only_changed_code_is_run(course, capsys):
    path = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    path.write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
    build(course)
    assert "running" not in capsys.readouterr().err
    path.write_text(LESSON.replace("import math", "import math, cmath"), "utf-8")
    build(course, execute=False)
    assert "running" not in capsys.readouterr().err
    build(course)
    assert f"running {NAME}" in capsys.readouterr().err
    build(course)
    assert "running" not in capsys.readouterr().err


@pytest.mark.slow
def test_one_module_can_be_built_alone(course):
    other = course / "quizzes" / "source" / "02_other"
    other.mkdir()
    (other / "02_other.py").write_text("# %%\nimport", "utf-8")
    assert build(course, [NAME]) == [course / "notebooks" / NAME / f"{NAME}.ipynb"]
    with pytest.raises(ValueError, match="no module 'three'; there are 01_tiny, 02_other"):
        build(course, ["three"])


@pytest.mark.slow
def test_what_editors_leave_beside_a_text_is_not_released(course):
    folder = course / "quizzes" / "source" / NAME
    for name in (f".{NAME}.py.swp", f"{NAME}.py~", f"#{NAME}.py#", ".DS_Store"):
        (folder / name).write_bytes(b"\x00")
    before = contents(course / "notebooks")
    build(course)
    assert contents(course / "notebooks") == before


class Watch:
    """`course build --watch` on a course, and what it prints."""

    def __init__(self, root: Path):
        run = "import sys; from pathlib import Path; from course_utils import cli; "
        run += "cli.ROOT = Path(sys.argv[1]); sys.exit(cli.main(['build', '--watch']))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", run, str(root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=root,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, text: str) -> list[str]:
        """The lines up to the first with this text."""
        found = []
        while not found or text not in found[-1]:
            try:
                found.append(self.lines.get(timeout=60))
            except queue.Empty:
                pytest.fail(f"never said {text!r}, but {found}")
        return found


@pytest.mark.full
def test_watch_builds_what_changes_says_what_is_wrong_and_goes_on(course):
    build(course)
    text = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    notebook = course / "notebooks" / NAME / f"{NAME}.ipynb"
    second = text.parent.with_name("02_second") / "02_second.py"
    watch = Watch(course)
    try:
        watch.until("watching")
        text.write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
        watch.until(f"built {notebook.relative_to(course)}")
        assert "any triangle?" in notebook.read_text("utf-8")

        text.write_text(LESSON.replace("import math", "import"), "utf-8")
        watch.until("not built")
        watch.until(f"{text.relative_to(course)}:{line_of('import math', LESSON)}: ")
        assert "any triangle?" in notebook.read_text("utf-8")

        second.parent.mkdir()
        watch.until("02_second.py is missing")
        second.write_text(LESSON, "utf-8")
        said = watch.until("built notebooks/02_second/02_second.ipynb")
        assert not any(NAME in line for line in said), "it had not changed"

        replacement = text.with_suffix(".new")  # many editors save so
        replacement.write_text(LESSON.replace("sides = 3", "sides = 4"), "utf-8")
        replacement.replace(text)
        watch.until("AssertionError: Draw one, and count.")
        replacement.write_text(LESSON.replace("a triangle?", "the triangle?"), "utf-8")
        replacement.replace(text)
        watch.until(f"built {notebook.relative_to(course)}")
        assert "the triangle?" in notebook.read_text("utf-8")
    finally:
        watch.process.send_signal(signal.SIGINT)
        code = watch.process.wait(30)
    assert code == 0
    assert not any("Traceback" in line for line in watch.lines.queue)


def test_folder_without_its_text_or_with_another_kind_of_name_is_refused(tmp_path):
    root = write_course(tmp_path)
    (root / "quizzes" / "source" / "02_empty").mkdir()
    with pytest.raises(ValueError, match=r"02_empty\.py is missing"):
        build(root)
    (root / "quizzes" / "source" / "02_empty").rename(root / "quizzes" / "source" / "Two")
    with pytest.raises(ValueError, match="source/Two: a module's name"):
        build(root)
    shutil.rmtree(root / "quizzes" / "source")
    with pytest.raises(ValueError, match="no modules"):
        build(root)


@pytest.mark.slow
def test_notebooks_of_the_repository_are_fresh(tmp_path):
    (tmp_path / "quizzes").mkdir()
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", tmp_path / "quizzes")
    texts = shutil.ignore_patterns("*.ipynb")
    shutil.copytree(ROOT / "quizzes" / "source", tmp_path / "quizzes" / "source", ignore=texts)
    for path in build(tmp_path, execute=False):
        committed = ROOT / path.relative_to(tmp_path)
        assert committed.read_bytes() == path.read_bytes(), f"{committed}: run course build"
