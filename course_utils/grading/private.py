"""Hidden tests that an instructor keeps for themselves, as those of a public repository are public.

They are a file beside the modules' sources, private/NAME.py in the course folder, by grade id:

    # %% square_test
    assert square(0.5) == 0.25, "Halves have squares too."

    # %% sides_test replace
    assert sides == 3, "Draw one, and count."

A block runs besides the hidden tests of its test cell, or with `replace` in place of them. It is
put in when a submission is executed and into no file, so neither feedback nor the autograded
notebooks hold it.
"""

import ast
import difflib
import re
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from course_utils.author.source import HIDDEN, hidden_lines, marks, put, regions
from course_utils.grading import repair

FOLDER = "private"  # of a course, git-ignored
MARKER = re.compile(r"#\s*%%(.*)")


class Block(NamedTuple):
    """Private tests of one test cell. line: of the file, where its first line of text stands."""

    name: str
    replace: bool
    line: int
    text: str


def private_tests(course: Path, module: str, source: NotebookNode) -> dict[str, str]:
    """The sources of the test cells that have private tests, by grade id, with these put in.

    course: the course folder; source: the module's source notebook. Empty without a file.
    Raises ValueError, with file and line, for what is no private test of this module.
    """
    path = course / FOLDER / f"{module}.py"
    if not path.is_file():
        return {}
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in source.cells if marked(cell)}
    found: dict[str, str] = {}
    for block in blocks(path):
        check(path, block, cells)
        if block.name in found:
            raise wrong(path, block.line - 1, f"{block.name} has private tests already, above")
        found[block.name] = merged(cells[block.name].source, block)
    return found


def marked(cell: NotebookNode) -> bool:
    return bool(repair.marked(cell).get("grade_id"))


def blocks(path: Path) -> list[Block]:
    """The blocks of a file of private tests, in its order."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}; save it as UTF-8")
    starts = [i for i, line in enumerate(lines) if MARKER.match(line)]
    for i, line in enumerate(lines[: starts[0] if starts else None]):
        if line.strip() and not line.startswith("#"):
            raise wrong(path, i + 1, "this stands above the first marker, such as # %% grade_id")
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = MARKER.match(lines[start])[1].split()
        if len(words) not in (1, 2) or words[1:] not in ([], ["replace"]):
            raise wrong(
                path,
                start + 1,
                f"a marker is # %% grade_id or # %% grade_id replace, got {lines[start].strip()!r}",
            )
        text = "\n".join(lines[start + 1 : end])
        found.append(Block(words[0], len(words) == 2, start + 2, text))
    return found


def check(path: Path, block: Block, cells: dict[str, NotebookNode]) -> None:
    """ValueError unless the block is Python, and belongs to a test cell of the module."""
    marker = block.line - 1
    tests = [name for name, cell in cells.items() if repair.is_test(cell)]
    if block.name not in tests:
        kind = "no grade id of this module"
        if block.name in cells:
            kind = "the id of a cell that is no test"
        near = [name for name in tests if name.startswith(f"{block.name}_")]
        near = near or difflib.get_close_matches(block.name, tests, n=1) or tests
        raise wrong(path, marker, f"{block.name!r} is {kind}; test cells: {', '.join(near)}")
    try:
        compile(block.text, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise wrong(path, marker + (error.lineno or 1), error.msg)
    for line, word, what in marks(block.text):
        raise wrong(path, marker + line, f"{word} {what} is a mark of modules; take it out")
    if not ast.parse(block.text).body:
        raise wrong(path, marker, f"there is no test for {block.name}; write some, or take it out")
    if block.replace and not regions(cells[block.name].source, HIDDEN):
        raise wrong(path, marker, f"{block.name} has no hidden tests to replace; leave it out")


def merged(test: str, block: Block) -> str:
    """The source of a test cell with the block put in."""
    marked_hidden = f"### BEGIN {HIDDEN}\n{block.text}\n### END {HIDDEN}"
    if block.replace:
        return put(test, HIDDEN, marked_hidden)
    lines = test.split("\n")
    # The value of a last line is partial credit: it stays the last one, and a block adds none.
    last = ast.parse(test).body[-1:]
    if last and isinstance(last[0], ast.Expr):
        at = last[0].lineno - 1
        inside = last[0].lineno in hidden_lines(test)
        return "\n".join([*lines[:at], block.text if inside else marked_hidden, *lines[at:]])
    return f"{test}\n{marked_hidden}\nNone"


def wrong(path: Path, line: int, what: str) -> ValueError:
    return ValueError(f"{path}:{line}: {what}")
