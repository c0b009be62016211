"""Mending a submission, so that deleted, copied or edited quiz cells do not stop its scoring."""

from copy import deepcopy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions


def as_given(source: NotebookNode) -> NotebookNode:
    """A module's source notebook as learners got it, without answers and hidden tests."""
    given = deepcopy(source)
    for clear in (ClearSolutions(), ClearHiddenTests()):
        given, _ = clear(given, {})
    return given


def repair(notebook: NotebookNode, given: NotebookNode) -> list[str]:
    """Make the quiz cells of `notebook` those of `given`, in place; return a note for each change.

    Answers stay. Locked cells become as they were given, and missing ones come back; of two cells
    with one id the first counts, the other becomes an ordinary cell.
    """
    notes = []
    wanted = {quiz_id(cell): cell for cell in given.cells if quiz_id(cell)}
    seen = set()
    for i, cell in enumerate(notebook.cells):
        name = quiz_id(cell)
        if name in seen:
            notes.append(f"cell {name} was there more than once: only the first one counts")
        elif name and name not in wanted:
            notes.append(f"cell {name} is not part of this module: not scored")
        if name in seen or name not in wanted:
            cell.metadata.pop("nbgrader", None)
            continue
        seen.add(name)
        original = wanted[name]
        if is_answer(original):
            notebook.cells[i] = like(original, cell)
        else:
            if cell.source != original.source or cell.cell_type != original.cell_type:
                notes.append(f"cell {name} was edited: scored as it was given")
            notebook.cells[i] = deepcopy(original)

    before = None
    for name, original in wanted.items():
        if name not in seen:
            if is_answer(original) and not original.metadata.nbgrader.grade:
                notes.append(f"cell {name}, where an answer goes, was missing")
                continue
            notes.append(f"cell {name} was missing: put back as it was given")
            ids = [quiz_id(cell) for cell in notebook.cells]
            notebook.cells.insert(ids.index(before) + 1 if before else 0, deepcopy(original))
        before = name

    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"
    notebook.metadata = deepcopy(given.metadata)
    notebook.nbformat_minor = given.nbformat_minor
    return notes


def quiz_id(cell: NotebookNode) -> str | None:
    return meta.get("grade_id") if isinstance(meta := cell.metadata.get("nbgrader"), dict) else None


def is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.solution)


def like(original: NotebookNode, cell: NotebookNode) -> NotebookNode:
    """The learner's text in a cell of the original's type and metadata."""
    make = new_code_cell if original.cell_type == "code" else new_markdown_cell
    return make(cell.source, metadata=deepcopy(original.metadata))
