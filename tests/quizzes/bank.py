"""Runs the scored items of the modules in this process, by nbgrader's rules for points.

An item is an answer's cell and its test. An answer of the bank is the text in place of the
solution, as a learner would write it; that of a repair is the whole body of the function.
banks/MODULE.py holds the answers. `python tests/quizzes/bank.py` runs all of them and prints how
well each item tells right from wrong; its exit status is 1 if an item does not.
"""

import ast
import contextlib
import functools
import importlib.util
import io
import sys
import textwrap
import time
from pathlib import Path
from typing import NamedTuple

import torch

from course_utils.author.banks import misspelt
from course_utils.author.notebook import read_module, written
from course_utils.author.questions import STUB, TEST
from course_utils.author.source import SOLUTION, complain, put, regions
from course_utils.author.values import OPTION

torch.set_num_threads(1)  # on small tensors a second thread only waits

SOURCES = Path(__file__).parents[2] / "quizzes" / "source"
BANKS = Path(__file__).parent / "banks"
MODULES = sorted(path.stem for path in SOURCES.glob("*/*.py"))
KINDS = ("choice", "number", "predict", "repair", "write")


class Item(NamedTuple):
    """Answers by name. A wrong one scores 0, or the points beside it; the first is the likeliest
    misconception."""

    kind: str
    right: dict[str, str]
    wrong: dict[str, str | tuple[str, float]]

    def answers(self, most: float) -> list[tuple[str, str, float]]:
        """Name, answer and points of each, the right ones first."""
        right = [(name, code, most) for name, code in self.right.items()]
        wrong = [
            (name, *(code if isinstance(code, tuple) else (code, 0.0)))
            for name, code in self.wrong.items()
        ]
        return right + wrong


def choice(variable: str, right: str) -> Item:
    """The right letter in several hands, and each wrong one."""
    wrong = [letter for letter in "ABCD" if letter != right]
    return Item(
        "choice",
        {
            "letter": f'{variable} = "{right}"',
            "lower case": f'{variable} = "{right.lower()}"',
            "with spaces": f"{variable} = ' {right} '",
        },
        {
            **{f"letter {letter}": f'{variable} = "{letter}"' for letter in wrong},
            "not a letter": f"{variable} = 2",
            "equal to anything": f"""
                class Any(str):
                    __eq__ = lambda self, other: True
                    __hash__ = str.__hash__
                    strip = upper = lambda self: self
                {variable} = Any("{wrong[0]}")
            """,
        },
    )


def number(variable: str, right: dict, wrong: dict, kind: str = "number") -> Item:
    return Item(
        kind,
        {name: f"{variable} = {value}" for name, value in right.items()},
        {name: f"{variable} = {value}" for name, value in wrong.items()}
        | {"text": f"{variable} = 'many'", "NaN": f"{variable} = float('nan')"},
    )


def predict(variable: str, right: dict, wrong: dict) -> Item:
    """What a cell prints or returns, as the text of a Python value."""
    return number(variable, right, wrong, kind="predict")


def repair(right: dict, wrong: dict) -> Item:
    return Item("repair", right, wrong)


def write(right: dict, wrong: dict) -> Item:
    return Item("write", right, wrong)


@functools.cache
def parsed(name: str) -> tuple:
    """A module's text as it is read, and the notebook that is written from it: do not change it."""
    questions, _ = read_module(SOURCES / name / f"{name}.py")
    return questions, written(questions)


class Module:
    """A module's prose, its marked code cells by grade_id, and the titles of its questions."""

    def __init__(self, name: str):
        self.questions, notebook = parsed(name)
        self.name = name
        self.titles = notebook.metadata["next_token"]["titles"]
        self.prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        self.cells = {
            cell.metadata["nbgrader"]["grade_id"]: cell
            for cell in notebook.cells
            if cell.cell_type == "code" and "nbgrader" in cell.metadata
        }
        self.answers = {i: c for i, c in self.cells.items() if c.metadata["nbgrader"]["solution"]}
        self.tests = {i: c for i, c in self.cells.items() if c.metadata["nbgrader"]["grade"]}

    @functools.cached_property
    def bank(self) -> dict[str, Item]:
        path = BANKS / f"{self.name}.py"
        if not path.is_file():
            raise ValueError(f"{path} is missing: {self.name} has no answers")
        complain(path, misspelt(path.read_text("utf-8"), self.questions, whole=True))
        spec = importlib.util.spec_from_file_location(f"bank_{self.name}", path)
        answers = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(answers)
        return answers.BANK

    def task(self, item: str) -> str:
        """The text of a question."""
        return next(text for text in self.prose if text.startswith(f"### {self.titles[item]} *("))

    def options(self, item: str) -> dict[str, str]:
        """The texts of a choice by letter."""
        found = OPTION.findall(self.task(item))
        return {letter: " ".join(text.split()) for letter, text in found}

    def worth(self) -> dict[str, float]:
        """The points of each item."""
        return {item: self.test(item).metadata["nbgrader"]["points"] for item in self.answers}

    def test(self, item: str):
        return self.tests[item + TEST]

    def space(self, answers: dict[str, str | None]) -> dict:
        """The names there are once all cells but the tests have run.

        Items not in `answers` get the reference; None is an untouched cell.
        """
        space = {"__name__": "__main__"}
        for name, cell in self.cells.items():
            if name in self.answers:
                run(answered(cell.source, answers[name]) if name in answers else cell.source, space)
            elif name not in self.tests:
                run(cell.source, space)
        return space

    def score(self, answers: dict[str, str | None]) -> dict[str, float]:
        """Points by item."""
        space = self.space(answers)
        return {item: points(self.test(item), space) for item in self.answers}

    def score_item(self, item: str, answer: str) -> float:
        return points(self.test(item), self.space({item: answer}))


def answered(source: str, answer: str | None) -> str:
    """The source of an answer's cell with `answer` in place of the solution, and of what is below
    it: a repair's faulty lines. None is what learners get."""
    if answer is None:
        return put(source, SOLUTION, STUB)
    lines = source.split("\n")[: regions(source, SOLUTION)[-1][-1]]
    return put("\n".join(lines), SOLUTION, textwrap.dedent(answer).strip("\n"))


def points(cell, space: dict) -> float:
    """What nbgrader gives for a test cell: all, nothing, or the number in its last line."""
    most = cell.metadata["nbgrader"]["points"]
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            value = run(cell.source, space)
    except Exception:
        return 0.0
    if errors.getvalue():
        return 0.0
    if type(value) not in (int, float):
        return float(most)
    assert 0 <= value <= most, "a number outside this range fails the whole submission"
    return float(value)


def run(source: str, space: dict) -> object:
    """Run a cell; its value is that of a last line which is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "cell", "exec"), space)
        return last and eval(compile(ast.Expression(last.value), "cell", "eval"), space)


class Row(NamedTuple):
    """How an item did: the names of right answers that lost points, and of wrong ones that got
    other points than they should."""

    module: str
    item: str
    points: float
    answers: Item
    such_as: str
    refused: list[str]
    accepted: list[str]

    @property
    def good(self) -> bool:
        enough = len(self.answers.right) >= 2 and len(self.answers.wrong) >= 3
        return enough and not self.refused and not self.accepted


def such_as(module: Module, item: str) -> str:
    """The likeliest wrong answer in words: of a choice, the text that stands there to choose."""
    answers = module.bank[item]
    name = next(iter(answers.wrong))
    if answers.kind != "choice":
        return name
    return textwrap.shorten(module.options(item)[name[-1]], 60, placeholder="…")


def measure(name: str, every: int = 1) -> list[Row]:
    """Score every answer of a module's bank, or of each item every second, third, …"""
    module = Module(name)
    rows = []
    for item, most in module.worth().items():
        answers = module.bank[item]
        missed = [
            answer
            for answer, code, expected in answers.answers(most)[::every]
            if module.score_item(item, code) != expected
        ]
        rows.append(
            Row(
                name,
                item,
                most,
                answers,
                such_as(module, item),
                refused=[answer for answer in missed if answer in answers.right],
                accepted=[answer for answer in missed if answer in answers.wrong],
            )
        )
    return rows


def table(rows: list[Row]) -> str:
    """One line an item, and the totals."""
    lines = [
        "module           item                        kind     points   right   wrong  such as"
    ]
    for row in rows:
        right, wrong = row.answers.right, row.answers.wrong
        failed = "" if row.good else f"   REFUSED {row.refused} ACCEPTED {row.accepted}"
        lines.append(
            f"{row.module:<16} {row.item:<27} {row.answers.kind:<8} {row.points:>6g} "
            f"{len(right) - len(row.refused):>3}/{len(right):<3} "
            f"{len(wrong) - len(row.accepted):>3}/{len(wrong):<3}  {row.such_as}{failed}"
        )
    kinds = [row.answers.kind for row in rows]
    lines.append(
        f"{len(rows)} items, {sum(row.points for row in rows):g} points ("
        + ", ".join(f"{kinds.count(kind)} {kind}" for kind in KINDS)
        + f"); right answers refused: {sum(len(row.refused) for row in rows)} of "
        f"{sum(len(row.answers.right) for row in rows)}; wrong answers accepted: "
        f"{sum(len(row.accepted) for row in rows)} of {sum(len(row.answers.wrong) for row in rows)}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    start = time.monotonic()
    if unknown := sorted(set(sys.argv[1:]) - set(MODULES)):
        sys.exit(f"bank: no module {unknown[0]!r}; there are {', '.join(MODULES)}")
    try:
        measured = [row for name in sys.argv[1:] or MODULES for row in measure(name)]
    except ValueError as error:
        sys.exit(f"bank: {error}")
    print(table(measured))
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(not all(row.good for row in measured))
