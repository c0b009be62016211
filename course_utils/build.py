"""From the text of the modules in quizzes/source/ to the notebooks that learners open."""

import ast
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from nbformat import NotebookNode

from course_utils.grading import stock

NAME = re.compile(r"\d\d_[a-z0-9_]+")
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MARKS = ("SOLUTION", "HIDDEN TESTS")
NOT_DATA = (".ipynb", ".pyc")


def build(root: Path) -> list[Path]:
    """Make `notebooks/NAME/NAME.ipynb` for every `quizzes/source/NAME/NAME.py` of the course.

    Also writes `quizzes/source/NAME/NAME.ipynb`, which stock nbgrader wants. Replaces only files
    that an earlier build made, and removes none. Returns the notebooks of the learners.
    Raises ValueError if a module's text is not right, or if a file of someone else is in the way;
    nothing is written then.
    """
    names = modules(root)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        course = Path(folder, "quizzes")
        copy_sources(root, course, names)
        released = stock.run(course, names)["released"]
        made = {}
        for name in names:
            source = Path("quizzes", "source", name, f"{name}.ipynb")
            made[root / source] = (course / "source" / name / f"{name}.ipynb").read_bytes()
            for path in files(Path(released[name])):
                target = root / "notebooks" / name / path.relative_to(released[name])
                made[target] = path.read_bytes()
        for path, data in made.items():
            check_ours(root, path, data)
        for path, data in made.items():
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    return [root / "notebooks" / name / f"{name}.ipynb" for name in names]


def modules(root: Path) -> list[str]:
    """The names of the modules of a course, in order. ValueError if there are none."""
    source = root / "quizzes" / "source"
    folders = sorted(p for p in source.glob("*") if p.is_dir() and p.name[0] not in "._")
    if not folders:
        raise ValueError(f"no modules in {source}; expected folders such as 02_temperature")
    for folder in folders:
        if not NAME.fullmatch(folder.name):
            raise ValueError(
                f"quizzes/source/{folder.name}: a module's name must be two digits, an underscore, "
                "then lower-case letters, digits or underscores, such as 02_temperature"
            )
        if not (folder / f"{folder.name}.py").is_file():
            raise ValueError(f"quizzes/source/{folder.name}: {folder.name}.py is missing")
    return [folder.name for folder in folders]


def copy_sources(root: Path, course: Path, names: list[str]) -> None:
    """Make a nbgrader course folder with the settings and sources of these modules."""
    settings = root / "quizzes" / "nbgrader_config.py"
    if not settings.is_file():
        raise ValueError(f"{settings} is missing")
    course.mkdir(parents=True)
    shutil.copyfile(settings, course / settings.name)
    for name in names:
        folder = root / "quizzes" / "source" / name
        text = folder / f"{name}.py"
        data = [path for path in files(folder) if path != text and path.suffix not in NOT_DATA]
        for path in data:
            target = course / "source" / name / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        notebook = source_notebook(text)
        notebook.metadata["next_token"] = {
            "module": name,
            "cells": fingerprint(notebook),
            "files": {
                path.relative_to(folder).as_posix(): sha1(path.read_bytes()) for path in data
            },
        }
        target = course / "source" / name / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="\n") as out:
            nbformat.write(notebook, out)


def source_notebook(path: Path) -> NotebookNode:
    """The notebook of one module's text, with answers and hidden tests.

    Raises ValueError, with the line, if the quiz cells are not what nbgrader needs.
    """
    text = path.read_text("utf-8")
    try:
        read = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext's parsers raise many kinds
        raise ValueError(f"{path.name}: jupytext cannot read it: {error}")
    lines = cell_lines(text, read)
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    ids: set[str] = set()
    for cell, line in zip(read.cells, lines, strict=True):
        try:
            check_cell(cell, text.split("\n")[line - 1])
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in ids:
                raise ValueError(f"grade_id {name!r} is used twice")
        except ValueError as error:
            raise ValueError(f"{path.name}, line {line}: {error}")
        metadata = {k: v for k, v in cell.metadata.items() if not k.startswith("lines_to_")}
        ids.add(cell_id := name or text_id(cell, ids))
        make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
        notebook.cells.append(make(cell.source, id=cell_id, metadata=metadata))
    return notebook


def cell_lines(text: str, notebook: NotebookNode) -> list[int]:
    """The line of each cell's marker; 1 for all if a text inside a cell looks like a marker."""
    found = [i for i, line in enumerate(text.split("\n"), 1) if re.match(r"# ?%%(?!%)", line)]
    first = [1] if len(notebook.cells) == len(found) + 1 else []  # text before the first marker
    found = first + found
    return found if len(found) == len(notebook.cells) else [1] * len(notebook.cells)


def check_cell(cell: NotebookNode, marker: str) -> None:
    """Raise ValueError if nbgrader would refuse the cell, or would take it for something else."""
    meta = cell.metadata.get("nbgrader")
    if "nbgrader" in marker and not isinstance(meta, dict):
        raise ValueError("the nbgrader metadata is not JSON")
    if cell.cell_type == "code" and not re.search(r"^\s*[%!]|\?\s*$", cell.source, re.MULTILINE):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            raise ValueError(f"{error.msg} in line {error.lineno} of the cell")
    for mark in MARKS:
        ends = re.findall(rf"(BEGIN|END) {mark}", cell.source)
        if ends != ["BEGIN", "END"] * (len(ends) // 2):
            raise ValueError(f"BEGIN {mark} and END {mark} must come in pairs")
    meta = meta or {"grade": False, "solution": False}
    if cell.metadata.get("nbgrader") is not None:
        for key in ("grade", "grade_id", "locked", "schema_version", "solution"):
            if key not in meta:
                raise ValueError(f"the nbgrader metadata has no {key!r}")
        name = meta["grade_id"]
        if not (isinstance(name, str) and GRADE_ID.fullmatch(name)):
            raise ValueError(
                f"grade_id must be 1 to 64 letters, digits, underscores or hyphens, got {name!r}"
            )
    points = meta.get("points")
    if meta["grade"] and (isinstance(points, bool) or not isinstance(points, int | float)):
        raise ValueError(f"{name} is graded, but its points are missing")
    if meta["grade"] and points < 0:
        raise ValueError(f"points of {name} must be at least 0, got {points}")
    marked = "BEGIN SOLUTION" in cell.source
    if marked and not meta["solution"]:
        raise ValueError('BEGIN SOLUTION in a cell whose metadata has no "solution": true')
    if meta["solution"] and not marked and cell.cell_type == "code":
        raise ValueError(f"{name} is a solution, but has no BEGIN SOLUTION and END SOLUTION")
    if "BEGIN HIDDEN TESTS" in cell.source and (not meta["grade"] or meta["solution"]):
        raise ValueError("HIDDEN TESTS in a cell that is not a graded test")


def text_id(cell: NotebookNode, taken: set[str]) -> str:
    """An id that stays the same as long as the cell's text does."""
    again = 0
    while (name := sha1(f"{cell.cell_type}{again}\n{cell.source}".encode())[:12]) in taken:
        again += 1
    return name


def check_ours(root: Path, path: Path, data: bytes) -> None:
    """Raise ValueError if `path` holds anything but what an earlier build wrote there."""
    if not path.exists() or path.read_bytes() == data:
        return
    shown = path.relative_to(root).as_posix()
    if path.suffix == ".ipynb" and (mark := built_mark(path)):
        if path.is_relative_to(root / "notebooks"):
            return
        if mark.get("cells") == fingerprint(nbformat.read(path, as_version=4)):
            return
        raise ValueError(
            f"{shown} was edited, but the module is written in {path.stem}.py; "
            "take over what you need, move the notebook away, then build again"
        )
    folder = root / "notebooks" / path.relative_to(root).parts[1]
    if path.is_relative_to(folder):
        made = built_mark(folder / f"{folder.name}.ipynb").get("files", {})
        if made.get(path.relative_to(folder).as_posix()) == sha1(path.read_bytes()):
            return
    raise ValueError(f"{shown} was not made by course build; move it away, then build again")


def built_mark(path: Path) -> dict:
    """What build noted in a notebook's metadata; empty if the file is not one of ours."""
    try:
        mark = json.loads(path.read_text("utf-8"))["metadata"]["next_token"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return mark if isinstance(mark, dict) and mark.get("module") == path.stem else {}


def fingerprint(notebook: NotebookNode) -> str:
    cells = [[c.cell_type, c.source, c.metadata.get("nbgrader")] for c in notebook.cells]
    return sha1(json.dumps(cells, sort_keys=True).encode())


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def files(folder: Path) -> Iterator[Path]:
    hidden = (".ipynb_checkpoints", "__pycache__")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part in hidden for part in path.relative_to(folder).parts):
            yield path
