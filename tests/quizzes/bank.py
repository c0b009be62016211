"""Runs the scored items of a module in this process, by nbgrader's rules for points.

An item is a solution cell, and the test cell whose grade_id starts with the item's and "_". An
answer is the text in place of the solution, as a learner would write it.
"""

import ast
import contextlib
import io
import re
import textwrap
from pathlib import Path

import jupytext

SOURCES = Path(__file__).parents[2] / "quizzes" / "source"
SOLUTION = re.compile(
    r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION", re.MULTILINE | re.DOTALL
)
HIDDEN = re.compile(
    r"^ *### BEGIN HIDDEN TESTS\n.*?^ *### END HIDDEN TESTS", re.MULTILINE | re.DOTALL
)


class Module:
    """A module's prose, and its marked code cells by grade_id."""

    def __init__(self, name: str):
        notebook = jupytext.read(SOURCES / name / f"{name}.py")
        self.prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        self.cells = {
            cell.metadata["nbgrader"]["grade_id"]: cell
            for cell in notebook.cells
            if cell.cell_type == "code" and "nbgrader" in cell.metadata
        }
        self.answers = {i: c for i, c in self.cells.items() if c.metadata["nbgrader"]["solution"]}
        self.tests = {i: c for i, c in self.cells.items() if c.metadata["nbgrader"]["grade"]}

    def worth(self) -> dict[str, float]:
        """The points of each item."""
        return {item: self.test(item).metadata["nbgrader"]["points"] for item in self.answers}

    def test(self, item: str):
        found = [cell for name, cell in self.tests.items() if name.startswith(f"{item}_")]
        assert len(found) == 1, f"{item} has {len(found)} test cells"
        return found[0]

    def score(self, answers: dict[str, str | None]) -> dict[str, float]:
        """Points by item. Items not in `answers` get the reference; None is an untouched cell."""
        space = {"__name__": "__main__"}
        for name, cell in self.cells.items():
            if name in self.answers:
                run(answered(cell.source, answers[name]) if name in answers else cell.source, space)
            elif name not in self.tests:
                run(cell.source, space)
        return {item: points(self.test(item), space) for item in self.answers}


def answered(source: str, answer: str | None) -> str:
    """The source of a solution cell with `answer` in place of the solution."""
    text = "" if answer is None else textwrap.dedent(answer).strip("\n")
    return SOLUTION.sub(lambda found: textwrap.indent(text, found[1]), source)


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
