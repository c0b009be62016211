"""What is misspelt in a module's bank of answers, by line."""

import ast
import builtins
import difflib
import textwrap
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course_utils.author.questions import Questions
from course_utils.author.source import SOLUTION, Mistake, names, put

FOLDER = Path("tests", "quizzes", "banks")  # of a checkout
ONE_VALUE = ("choice", "number", "predict")  # calls that take the answer's variable first
CALLS = (*ONE_VALUE, "repair", "write")  # of tests/quizzes/bank.py


def misspelt(text: str, questions: Questions, whole: bool = False) -> Iterator[Mistake]:
    """Lines of a bank that name an item, a variable or a function that there is not.

    whole: an answer without an entry is a mistake too. What cannot be read as Python is the first
    mistake, and the last.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield error.lineno or 1, error.msg
        return
    bank = next(
        (
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BANK"
        ),
        None,
    )
    if not isinstance(bank, ast.Dict):
        yield 1, "there is no BANK = {…} with an answer's id for each entry"
        return
    yield from unknown_names(tree, text)
    cells = {name: each.cell for name, each in questions.answers.items()}
    answers = {name: cell for name, cell in cells.items() if cell.cell_type == "code"}
    known = bound(questions.cells)
    named = {key.value for key in bank.keys if isinstance(key, ast.Constant)}
    for name in answers if whole and None not in bank.keys else ():
        if name not in named:
            yield bank.lineno, f"there are no answers for {name!r}"
    for key, value in zip(bank.keys, bank.values, strict=True):
        item = getattr(key, "value", None)
        if key is None:
            continue  # **entries, from elsewhere
        if item not in answers:
            near = difflib.get_close_matches(str(item), answers, n=1) or answers
            yield key.lineno, f"no answer {item!r} in this module; there is {', '.join(near)}"
        elif isinstance(value, ast.Call):
            yield from wrong_entry(
                value, answers[item].source, questions.variables.get(item), known
            )


def unknown_names(tree: ast.Module, text: str) -> Iterator[Mistake]:
    """Names that a bank uses and does not bind, or imports and bank.py does not have."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "bank":
            for alias in node.names:
                if alias.name not in CALLS:
                    yield alias.lineno, f"bank.py has no {alias.name!r}; it has {', '.join(CALLS)}"
    used, bound_here = names(text)
    unknown = used - bound_here - set(vars(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in unknown:
            yield node.lineno, f"no name {node.id!r} in this file; bank.py has {', '.join(CALLS)}"


def bound(cells: list[NotebookNode]) -> set[str]:
    """The names that a module's code cells bind."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return set().union(*(names(source)[1] for source in code), vars(builtins))


def wrong_entry(
    call: ast.Call, answer: str, variable: str | None, known: set[str]
) -> Iterator[Mistake]:
    """What is misspelt in one entry: the variable of a value, or names in the code of answers."""
    if ast.unparse(call.func) in ONE_VALUE:
        first = call.args[0] if call.args else None
        given = getattr(first, "value", None)
        if variable and given != variable:
            yield (first or call).lineno, f"the answer's variable is {variable}, got {given!r}"
        return
    for line, code in answers_in(call):
        # In the cell of the answer, so that the arguments of its function are known.
        used, bound_here = names(put(answer, SOLUTION, textwrap.dedent(code).strip("\n")))
        if unknown := sorted(used - bound_here - known):
            yield line, f"no name {unknown[0]!r} in this answer or in the module"


def answers_in(call: ast.Call) -> Iterator[tuple[int, str]]:
    """Line and code of the answers in an entry: texts, or pairs of a text and its points."""
    for argument in call.args:
        for value in argument.values if isinstance(argument, ast.Dict) else ():
            code = value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.lineno, code.value
