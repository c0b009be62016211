"""The text of a module as a notebook, and what is wrong in it, by line."""

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CELL = re.compile(r"\s*#\s*(%%(%*\s.*)?|<codecell>|In\[[0-9 ]*\]:?)\s*")  # as jupytext reads it
MAGIC = re.compile(r"^\s*[%!]|\?\s*$", re.MULTILINE)
MARKS = ("SOLUTION", "HIDDEN TESTS")
MARK = re.compile(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS)")  # anywhere in a line, to nbgrader
LIKE_A_MARK = re.compile(
    r"\s*(?:#{2,}\s*(?:BEGIN|END)\b|#+\s*(?i:(?:begin|end)[ _-](?:solution|hidden[ _-]?tests?)\b))"
)
FLAGS = ("grade", "locked", "solution", "task")
KEYS = (*FLAGS, "cell_type", "grade_id", "points", "schema_version")


def source_notebook(path: Path) -> NotebookNode:
    """The notebook of one module's text, with answers and hidden tests.

    Raises ValueError, one line of FILE:LINE: MISTAKE each, if Python or nbgrader cannot read it.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        complain(path, [(line, "this is not UTF-8 text; save the file as UTF-8")])
    complain(path, list(wrong_beginning(text.splitlines())))
    try:
        read = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext's parsers raise many kinds
        mark = getattr(error, "problem_mark", None)  # in the header: its line 0 is the second here
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        complain(path, [(mark.line + 2 if mark else 1, f"jupytext cannot read it: {said}")])
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    ids: set[str] = set()
    wrong = []
    for cell, line in zip(read.cells, cell_lines(text, read.cells), strict=True):
        found = list(mistakes(cell))
        name = None if found else cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in ids:
            found.append((0, f"grade_id {name!r} is used twice"))
            name = None
        wrong += [(line + offset, said) for offset, said in found]
        metadata = {k: v for k, v in cell.metadata.items() if not k.startswith("lines_to_")}
        ids.add(cell_id := name or text_id(cell, ids))
        make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
        notebook.cells.append(make(cell.source, id=cell_id, metadata=metadata))
    complain(path, wrong)
    return notebook


def wrong_beginning(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Line and mistake, if anything but jupytext's header is above the first cell."""
    first = next((i for i, line in enumerate(lines) if CELL.fullmatch(line)), None)
    if first is None:
        yield 1, "there is no cell; each begins with a line `# %%` or `# %% [markdown]`"
        return
    top = 0
    if lines[0] == "# ---":
        if "# ---" not in lines[1:first]:
            yield 1, "the header that begins with `# ---` has no second `# ---` to end it"
            return
        top = lines.index("# ---", 1) + 1
    for i in range(top, first):
        if lines[i].strip():
            yield i + 1, "this is above the first cell; put `# %%` or `# %% [markdown]` before it"
            return


def cell_lines(text: str, cells: list[NotebookNode]) -> list[int]:
    """The line of each cell's marker; the cell's first line is the next one."""
    markers = [i for i, line in enumerate(text.splitlines(), 1) if CELL.fullmatch(line)]
    found, below = [], 1
    for cell in cells:
        # What looks like a marker inside a cell, in a string say, is above the cell's end.
        line = next((i for i in markers if i >= below), below)
        found.append(line)
        below = line + 1 + len(cell.source.split("\n")) * bool(cell.source)
    return found


def mistakes(cell: NotebookNode) -> Iterator[tuple[int, str]]:
    """Line in the cell, 0 for its marker, and what is wrong there: what Python or nbgrader would
    refuse, or would take for something else."""
    meta = cell.metadata.get("nbgrader")
    title = str(cell.metadata.get("title", ""))
    if title.startswith("["):
        yield 0, f"unknown kind of cell {title!r}; use [markdown], [raw], or nothing for code"
    if "incorrectly_encoded_metadata" in cell.metadata or not isinstance(meta, dict | None):
        yield 0, "the metadata is not JSON; expected a line such as # %% nbgrader={…}"
        return
    for key in cell.metadata:
        if key != "nbgrader" and "grade" in key.lower():
            yield 0, f"unknown metadata {key!r}; is it nbgrader?"
    if cell.cell_type == "code":
        yield from wrong_python(cell.source)
    yield from wrong_marks(cell.source)
    if meta is None:
        meta = {"grade": False, "solution": False}
    elif wrong := list(wrong_metadata(meta, cell.cell_type)):
        yield from wrong
        return
    name = meta.get("grade_id")
    marked = {mark: line for line, mark in reversed(list(marks(cell.source)))}
    if "BEGIN SOLUTION" in marked and not meta["solution"]:
        line = marked["BEGIN SOLUTION"]
        yield line, 'BEGIN SOLUTION in a cell whose metadata has no "solution": true'
    if meta["solution"] and "BEGIN SOLUTION" not in marked and cell.cell_type == "code":
        yield 0, f"{name} is a solution, but has no BEGIN SOLUTION and END SOLUTION"
    if "BEGIN HIDDEN TESTS" in marked and (not meta["grade"] or meta["solution"]):
        yield marked["BEGIN HIDDEN TESTS"], "HIDDEN TESTS in a cell that is not a graded test"


def wrong_python(source: str) -> Iterator[tuple[int, str]]:
    """What Python's parser says of a code cell."""
    if source.startswith("%%"):
        return  # the text is the magic's own
    if MAGIC.search(source):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            source = TransformerManager().transform_cell(source)
        except SyntaxError as error:
            yield error.lineno or 1, error.msg
            return
    try:
        with warnings.catch_warnings():
            # Printed, a warning would cost a test its points. Python 3.11 says Deprecation.
            warnings.simplefilter("error", SyntaxWarning)
            warnings.simplefilter("error", DeprecationWarning)
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        yield error.lineno or 1, error.msg
    except ValueError as error:
        yield 1, str(error)


def marks(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each BEGIN or END that nbgrader sees."""
    for line, text in enumerate(source.split("\n"), 1):
        if found := MARK.search(text):
            yield line, found[0]


def wrong_marks(source: str) -> Iterator[tuple[int, str]]:
    """Marks that nbgrader would not know, or that are not in pairs."""
    for line, text in enumerate(source.split("\n"), 1):
        if LIKE_A_MARK.match(text) and not MARK.search(text):
            yield (
                line,
                f"unknown mark {text.strip()!r}; write BEGIN or END, then {' or '.join(MARKS)}",
            )
    opened = None
    for line, mark in marks(source):
        word, what = mark.split(" ", 1)
        if word == "BEGIN" and opened:
            yield line, f"{mark} before {opened[1]} has ended"
        if word == "END" and (not opened or opened[1] != what):
            yield line, f"{mark} without a BEGIN {what} above it"
        opened = (line, what) if word == "BEGIN" else None
    if opened:
        yield opened[0], f"BEGIN {opened[1]} without an END {opened[1]} below it"


def wrong_metadata(meta: dict, cell_type: str) -> Iterator[tuple[int, str]]:
    """What nbgrader would refuse in a cell's metadata, or would pass over."""
    for key in meta:
        if key not in KEYS:
            yield 0, f"unknown nbgrader metadata {key!r}; known are {', '.join(KEYS)}"
    for key in ("grade", "grade_id", "locked", "schema_version", "solution"):
        if key not in meta:
            yield 0, f"the nbgrader metadata has no {key!r}"
    for key in FLAGS:
        if not isinstance(meta.get(key, False), bool):
            yield 0, f"{key} must be true or false, got {meta[key]!r}"
    if meta.get("schema_version", 3) != 3:
        yield 0, f"schema_version must be 3, got {meta['schema_version']!r}"
    name = meta.get("grade_id", "x")
    if not (isinstance(name, str) and GRADE_ID.fullmatch(name)):
        yield (
            0,
            f"grade_id must be 1 to 64 letters, digits, underscores or hyphens, got {name!r}",
        )
    points = meta.get("points")
    if meta.get("grade"):
        if points is None:
            yield 0, f"{name} is graded, but its points are missing"
        elif isinstance(points, bool) or not isinstance(points, int | float):
            yield 0, f"points of {name} must be a number, got {points!r}"
        elif not 0 <= points < float("inf"):
            yield 0, f"points of {name} must be at least 0, got {points}"
    if cell_type != "code" and not meta.get("task") and meta.get("grade") != meta.get("solution"):
        yield 0, f"{name} is text, so grade and solution must both be true: it is graded by hand"


def text_id(cell: NotebookNode, taken: set[str]) -> str:
    """An id that stays the same as long as the cell's text does."""
    again = 0
    while (name := sha1(f"{cell.cell_type}{again}\n{cell.source}".encode())[:12]) in taken:
        again += 1
    return name


def complain(path: Path, wrong: list[tuple[int, str]]) -> None:
    """Raise ValueError with one line a mistake, FILE:LINE: first; nothing if there are none."""
    if wrong:
        raise ValueError("\n".join(f"{shown(path)}:{line}: {said}" for line, said in wrong))


def shown(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
