"""What is misspelt in a bank of answers is named with its line, by the build and by bank.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.author.banks import misspelt
from course_utils.author.build import build
from course_utils.author.notebook import read_module

ROOT = Path(__file__).resolve().parents[2]
NAME = "01_tiny"
LESSON = (
    (ROOT / "tests" / "grading" / "01_tiny.txt").read_text("utf-8")
    + """
# %% [markdown] question="A side" points=1
# A square has an area of 25. How long is a side?

# %% answer="side"
length = None

# %% test="side"
check.number(length, right=5, within=0.1, why={}, hint="Take the root.")
"""
)
BANK = '''"""Answers."""

from bank import number, write

BANK = {
    "sides": number("sides", {"whole": 3}, {"four": 4}),
    "square": write(
        {
            "product": "return x * x",
            "power": """
                power = 2
                return x**power
            """,
            "by the module": "return math.pow(x, 2)",
        },
        {"double": "return x + x", "half right": ("return abs(x) * x", 1)},
    ),
    "side": number("length", {"whole": 5}, {"area": 25}),
}
'''

# What is written in place of what, the text whose line is named, and what is said.
WRONG = {
    "item": (
        '"square": write',
        '"sqare": write',
        None,
        "no answer 'sqare' in this module; there is square",
    ),
    "item far off": ('"side": number', '"zebra": number', None, "there is sides, square, "),
    "variable": ('number("length"', 'number("lenght"', None, "variable is length, got 'lenght'"),
    "no variable": ('number("length", ', "number(", 'number({"whole": 5}', "got None"),
    "name in an answer": ('"return x * x"', '"return x * y"', None, "no name 'y' in this answer"),
    "name in a long answer": (
        "return x**power",
        "return x**powr",
        '"power": """',
        "no name 'powr'",
    ),
    "name with its points": ("return abs(x) * x", "return asb(x) * x", '"half right"', "'asb'"),
    "no Python": ('"side": number(', '"side" number(', None, "expected after dictionary key"),
    "unknown call": ('"side": number', '"side": ids', None, "no name 'ids' in this file"),
    "unknown import": (
        "from bank import number, write",
        "from bank import ids, number, write",
        None,
        "bank.py has no 'ids'; it has choice, number, predict, repair, write",
    ),
    "no bank": ("BANK = {", "BANKS = {", '"""Answers."""', "there is no BANK = {…}"),
}


@pytest.fixture
def course(tmp_path) -> Path:
    module = tmp_path / "quizzes" / "source" / NAME / f"{NAME}.py"
    module.parent.mkdir(parents=True)
    module.write_text(LESSON, "utf-8")
    config = (ROOT / "quizzes" / "nbgrader_config.py").read_text("utf-8")
    (tmp_path / "quizzes" / "nbgrader_config.py").write_text(config, "utf-8")
    (tmp_path / "tests" / "quizzes" / "banks").mkdir(parents=True)
    return tmp_path


def mistakes(course: Path, bank: str) -> list[tuple[int, str]]:
    questions, _ = read_module(course / "quizzes" / "source" / NAME / f"{NAME}.py")
    return list(misspelt(bank, questions))


def test_a_bank_that_fits_has_no_mistakes(course):
    assert mistakes(course, BANK) == []


@pytest.mark.parametrize("old, new, at, said", WRONG.values(), ids=WRONG)
def test_what_is_misspelt_is_named_with_its_line(course, old, new, at, said):
    assert BANK.count(old) == 1
    bank = BANK.replace(old, new)
    (found,) = mistakes(course, bank)
    assert found[0] == bank[: bank.index(at or new)].count("\n") + 1
    assert said in found[1]


def test_what_comes_from_elsewhere_is_not_looked_at(course):
    assert mistakes(course, BANK.replace("BANK = {", "MORE = {}\nBANK = {\n    **MORE,")) == []


def test_an_answer_without_an_entry_is_named_where_all_are_wanted(course):
    bank = "\n".join(line for line in BANK.split("\n") if not line.startswith('    "side"'))
    assert mistakes(course, bank) == []
    questions, _ = read_module(course / "quizzes" / "source" / NAME / f"{NAME}.py")
    assert list(misspelt(bank, questions, whole=True)) == [(5, "there are no answers for 'side'")]


@pytest.mark.full
def test_the_build_stops_and_writes_nothing(course):
    path = course / "tests" / "quizzes" / "banks" / f"{NAME}.py"
    path.write_text(BANK.replace('number("length"', 'number("lenght"'), "utf-8")
    with pytest.raises(ValueError, match=rf"banks/{NAME}\.py:18: the answer's variable is length"):
        build(course, execute=False)
    assert not (course / "notebooks").exists()
    path.write_text(BANK, "utf-8")
    build(course, execute=False)


@pytest.mark.full
def test_a_bank_without_a_module_is_named(course):
    folder = course / "tests" / "quizzes" / "banks"
    (folder / f"{NAME}.py").write_text(BANK, "utf-8")
    (folder / "01_tinny.py").write_text(BANK, "utf-8")
    with pytest.raises(ValueError, match=r"banks/01_tinny\.py:1: there is no module 01_tinny"):
        build(course, execute=False)


@pytest.mark.full
@pytest.mark.parametrize(
    "name, said", [(NAME, "01_tiny has no answers"), ("02_x", "no module '02_x'")]
)
def test_the_bank_s_command_names_what_is_not_there(course, name, said):
    command = course / "tests" / "quizzes" / "bank.py"
    command.write_text((ROOT / "tests/quizzes/bank.py").read_text("utf-8"), "utf-8")
    done = subprocess.run([sys.executable, str(command), name], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and said in done.stderr


@pytest.mark.slow
def test_the_bank_s_command_says_it_in_a_line_each(course):
    path = course / "tests" / "quizzes" / "banks" / f"{NAME}.py"
    path.write_text(BANK.replace('"side": number', '"sidde": number'), "utf-8")
    source = (ROOT / "tests" / "quizzes" / "bank.py").read_text("utf-8")
    command = path.parents[1] / "bank.py"
    command.write_text(source, "utf-8")
    done = subprocess.run([sys.executable, str(command), NAME], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 2
    assert f"{NAME}.py:5: there are no answers for 'side'" in done.stderr
    assert f"{NAME}.py:18: no answer 'sidde' in this module; there is side" in done.stderr
