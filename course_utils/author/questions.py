"""From a question's three short cells to the cells that nbgrader wants.

    # %% [markdown] question="The token on the line" points=2     the task
    # %% answer="line_repair"                                     where the learner answers
    # %% test="line_repair"                                       what is scored

The build numbers the questions and writes number, title and points above the task. A test that is
one call of check.choice, number, text or ids is hidden whole: the build puts the visible look
before it, and the reference answer into the answer's cell. An answer in prose has no test: a person
reads it. `locked="setup"` marks a cell that runs with the tests too.
"""

import ast
import difflib
import functools
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from course_utils.author.source import (
    HIDDEN,
    SOLUTION,
    Cell,
    Mistake,
    inside,
    marks,
    regions,
    wrong_marks,
    wrong_python,
)
from course_utils.author.values import is_text, simple, simple_call
from course_utils.project import PACKAGE

KINDS = ("question", "answer", "test", "locked")
KNOWN = (*KINDS, "points", "tags", "jupyter", "editable", "deletable", "slideshow")
NAME = re.compile(r"[a-z][a-z0-9_]{1,49}")
LONGEST_TITLE = 60
TEST = "_test"  # behind an answer's id: that of its test
CHECK = "## Check your understanding"
STUB = "# YOUR CODE HERE"  # as quizzes/nbgrader_config.py has it


@dataclass
class Question:
    """A question while its cells are read. cell: the one with its task; text: as its author wrote
    it."""

    cell: NotebookNode
    line: int
    title: str
    points: float
    text: str
    closed: bool = False


@dataclass
class Questions:
    """Reads the cells of a module in order; what it has made of them is in `cells`.

    number: the module's. titles: number and title of each question, by the ids of its cells.
    variables: by answer id, the variable of an answer that is one value.
    """

    number: int
    cells: list[NotebookNode] = field(default_factory=list)
    wrong: list[Mistake] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    answers: dict[str, Cell] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)

    def read(self, cells: list[Cell]) -> None:
        for each in cells:
            each = Cell(deepcopy(each.cell), each.line)
            self.wrong += [(each.line + offset, said) for offset, said in wrong_cell(each.cell)]
            found = [kind for kind in KINDS if kind in each.cell.metadata]
            if len(found) == 1:
                getattr(self, f"read_{found[0]}")(each)
            self.cells.append(each.cell)
        self.close()
        for name, answer in self.answers.items():
            if name not in self.titles:
                self.complain(answer.line, f"answer {name!r} has no cell with test={name!r} below")
        titles = [question.title for question in self.asked]
        for i, question in enumerate(self.asked):
            if question.title in titles[:i]:
                self.complain(question.line, f"two questions are called {question.title!r}")
        self.count()

    def complain(self, line: int, said: str) -> None:
        self.wrong.append((line, said))

    def close(self) -> None:
        """Complain if the last question has no test."""
        if self.asked and not self.asked[-1].closed:
            question = self.asked[-1]
            question.closed = True
            self.complain(question.line, f"question {question.title!r} has no test below it")

    def read_question(self, each: Cell) -> None:
        self.close()
        title, points = each.cell.metadata.pop("question"), each.cell.metadata.pop("points", None)
        if each.cell.cell_type != "markdown":
            self.complain(each.line, "a question is text: write # %% [markdown] question=…")
        text = title.strip() if isinstance(title, str) else ""
        if not 1 <= len(text) <= LONGEST_TITLE or not text.isprintable():
            what = f"a title, one line of 1 to {LONGEST_TITLE} characters"
            self.complain(each.line, f"question must be {what}, got {title!r}")
            title = "?"
        number = isinstance(points, int | float) and not isinstance(points, bool)
        if points is None:
            self.complain(each.line, f"question {title!r} has no points; write points=1, say")
        elif not number or not 0 <= points < float("inf"):
            self.complain(each.line, f"points must be a number of at least 0, got {points!r}")
        if found := re.match(r"\*\*\d|#|.*\*\([^)]*point", each.cell.source):
            what = "number, title and points are written by the build"
            self.complain(each.line + 1, f"{what}; take out {found[0]!r}")
        points = points if number else 0
        asked = Question(each.cell, each.line, title.strip(), points, each.cell.source)
        self.asked.append(asked)

    def read_answer(self, each: Cell) -> None:
        name = self.name(each, "answer")
        if name in self.answers:
            self.complain(each.line, f"answer {name!r} is there twice")
            return
        self.answers[name] = each
        by_hand = each.cell.cell_type == "markdown"
        question = self.question(each, name) if by_hand else None
        mark(each.cell, name, question, grade=by_hand, solution=True)
        if question:
            self.head(question, [name], by_hand=True)

    def read_test(self, each: Cell) -> None:
        name = self.name(each, "test")
        answer = self.answers.get(name)
        question = self.question(each, name)
        if not answer:
            self.complain(each.line, f"test {name!r} has no cell with answer={name!r} above it")
        elif name in self.titles:
            self.complain(each.line, f"answer {name!r} has two tests")
        mark(each.cell, name + TEST, question, grade=True, locked=True)
        if not (answer and question):
            return
        self.head(question, [name, name + TEST])
        if any(wrong_python(each.cell.source)) or any(wrong_python(answer.cell.source)):
            return  # said already
        if unknown := list(unknown_checks(each)):
            self.wrong += unknown
        elif call := simple_call(each.cell.source):
            self.wrong += list(simple(call, answer, each, question))
            if call.args and isinstance(call.args[0], ast.Name):
                self.variables[name] = call.args[0].id
        else:
            self.wrong += list(coded(answer, each, question))

    def read_locked(self, each: Cell) -> None:
        name = self.name(each, "locked")
        if name in self.locked:
            self.complain(each.line, f"locked {name!r} is there twice")
        self.locked.add(name)
        mark(each.cell, name, locked=True)

    def name(self, each: Cell, kind: str) -> str:
        """The id that a cell names. One that cannot be an id is named, and replaced."""
        name = each.cell.metadata.pop(kind)
        if isinstance(name, str) and NAME.fullmatch(name):
            return name
        rule = "2 to 50 lower-case letters, digits or underscores, a letter first"
        self.complain(each.line, f"{kind} must be {rule}; got {name!r}")
        return f"cell_{each.line}"

    def question(self, each: Cell, name: str) -> Question | None:
        """The open question that a cell closes."""
        if not self.asked or self.asked[-1].closed:
            self.complain(each.line, f"{name!r} has no question above it that is still open")
            return None
        self.asked[-1].closed = True
        return self.asked[-1]

    def head(self, question: Question, ids: list[str], by_hand: bool = False) -> None:
        """Write number, title and points above a question's task."""
        title = f"{self.number}.{len(self.asked)} {question.title}"
        worth = points(question.points)
        if by_hand:
            worth += ", read by your instructor" + " if you have one" * (not question.points)
        question.cell.source = f"### {title} *({worth})*\n\n{question.cell.source}"
        self.titles |= dict.fromkeys(ids, title)

    def count(self) -> None:
        """Say how much there is to score where the questions begin."""
        scored = [question for question in self.asked if question.points]
        much = f"{len(scored)} question{'s' * (len(scored) != 1)}, "
        much += f"{points(sum(question.points for question in scored))}"
        without = len(self.asked) - len(scored)
        much += f", and {without} without points." if without else "."
        for cell in self.cells:
            if cell.cell_type == "markdown" and cell.source.startswith(CHECK):
                rest = cell.source.removeprefix(CHECK).strip()
                cell.source = f"{CHECK}\n\n{much} {rest}".strip()


def mark(cell: NotebookNode, name: str, question: Question | None = None, **flags: bool) -> None:
    """Write nbgrader's metadata; question: the one whose points the cell gives."""
    off = dict.fromkeys(("grade", "locked", "solution", "task"), False)
    cell.metadata["nbgrader"] = {**off, **flags, "grade_id": name, "schema_version": 3}
    if question:
        cell.metadata["nbgrader"]["points"] = question.points


def read_questions(cells: list[Cell], number: int) -> Questions:
    """The questions of a module with this number. What is wrong with them is in `wrong`."""
    questions = Questions(number)
    questions.read(cells)
    return questions


def points(number: float) -> str:
    return "no points" if not number else f"{number:g} point{'s' * (number != 1)}"


def wrong_cell(cell: NotebookNode) -> Iterator[Mistake]:
    """Line in the cell, 0 for its marker, and what is wrong with it by itself."""
    title = str(cell.metadata.get("title", ""))
    if title.startswith("["):
        yield 0, f"unknown kind of cell {title!r}; use [markdown], [raw], or nothing for code"
    elif title:
        yield 0, f"{title!r} is no metadata; write question=, answer=, test= or locked="
    if "incorrectly_encoded_metadata" in cell.metadata:
        said = cell.metadata["incorrectly_encoded_metadata"]
        form = 'write key="text", with \\" for a quotation mark in it, or key=number'
        yield 0, f"{said!r} is not JSON; {form}"
    if "nbgrader" in cell.metadata:
        yield 0, "nbgrader={…} is what the build makes; write question=, answer=, test= or locked="
    for key in cell.metadata:
        ours = key.startswith("lines_to_") or key in ("title", "incorrectly_encoded_metadata")
        if key not in (*KNOWN, "nbgrader") and not ours:
            yield 0, f"unknown metadata {key!r}; known are {', '.join(KNOWN)}"
    found = [kind for kind in KINDS if kind in cell.metadata]
    if len(found) > 1:
        yield 0, f"a cell is one of {', '.join(KINDS)}; this one is {' and '.join(found)}"
    if "points" in cell.metadata and "question" not in cell.metadata:
        yield 0, "points stand with the question, not here"
    if cell.cell_type == "code":
        yield from wrong_python(cell.source)
    elif "test" in cell.metadata or "locked" in cell.metadata:
        yield 0, f"{found[0]} is for a cell of code"
    yield from wrong_marks(cell.source)
    if len(parts := regions(cell.source, HIDDEN)) > 1:
        yield parts[1][0], f"{HIDDEN} for the second time; a test has one such part"
    first = {what: line for line, _, what in reversed(list(marks(cell.source)))}
    if SOLUTION in first and "answer" not in cell.metadata:
        yield first[SOLUTION], f"{SOLUTION} in a cell that is no answer"
    if HIDDEN in first and "test" not in cell.metadata:
        yield first[HIDDEN], f"{HIDDEN} in a cell that is no test"


# Answers that are code


def coded(answer: Cell, test: Cell, question: Question) -> Iterator[Mistake]:
    """What is wrong with an answer in code, and with its test."""
    source, name = answer.cell.source, answer.cell.metadata["nbgrader"]["grade_id"]
    parts = regions(source, SOLUTION)
    if not parts:
        yield answer.line, f"answer {name!r} has no BEGIN {SOLUTION} and END {SOLUTION}"
        return
    secret = {line.strip() for line in inside(source, SOLUTION).split("\n")} - {""}
    above = source.split("\n")[: parts[0][0] - 1]
    for i, line in enumerate(above, 1):
        code = line.strip()
        if code in secret and not code.startswith("#"):
            yield answer.line + i, f"{code!r} stands in the answer too: learners would get it"
    tree = ast.parse(test.cell.source)
    for node in ast.walk(tree):
        if is_text(node) and any(len(line) > 9 and line in node.value for line in secret):
            yield test.line + node.lineno, "this reason holds a line of the answer"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp):
            # What learners see ends in points * check.passes(…): their Lab shows it as the score.
            times, most = node.value, node.value.left
            shown = isinstance(times.op, ast.Mult) and isinstance(most, ast.Constant)
            if shown and "passes" in ast.unparse(times.right) and most.value != question.points:
                said = f"this shows {most.value!r} points, the question has {question.points:g}"
                yield test.line + node.lineno, said
    for node in ast.walk(tree.body[-1]):  # what the cell gives
        minimum = isinstance(node, ast.Call) and ast.unparse(node.func) == "min"
        if minimum and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
            most = node.args[1].value
            if most != question.points:
                said = f"the test gives at most {most!r}, its question {question.points:g} points"
                yield test.line + node.lineno, said


def unknown_checks(test: Cell) -> Iterator[Mistake]:
    """Lines of a test that call what quiz.py, imported as check, does not have."""
    for node in ast.walk(ast.parse(test.cell.source)):
        of_quiz = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "check"
        if of_quiz and node.attr not in checks():
            near = difflib.get_close_matches(node.attr, checks(), n=1) or sorted(checks())
            yield test.line + node.lineno, f"no check.{node.attr} in quiz.py; see {', '.join(near)}"


@functools.cache
def checks() -> frozenset[str]:
    """The functions of quiz.py, read and not imported: that takes a second."""
    tree = ast.parse(Path(PACKAGE, "quiz.py").read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
