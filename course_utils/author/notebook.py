"""The notebook of a module's text, as stock nbgrader wants it."""

import hashlib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.author.questions import Questions, read_questions
from course_utils.author.source import Cell, complain, read_cells


def source_notebook(path: Path) -> NotebookNode:
    """The notebook of one module's text, with answers and hidden tests.

    Its metadata holds, under next_token, number and title of each question by the ids of its cells.
    Raises ValueError, one line of FILE:LINE: MISTAKE each, if Python or nbgrader cannot read it, or
    a question is not whole.
    """
    questions, _ = read_module(path)
    return written(questions)


def read_module(path: Path) -> tuple[Questions, list[Cell]]:
    """The questions of a module's text, and its cells as its author wrote them.

    Raises ValueError as `source_notebook` does.
    """
    cells = read_cells(path)
    questions = read_questions(cells, int(path.stem[:2]) if path.stem[:2].isdecimal() else 0)
    complain(path, sorted(questions.wrong))
    return questions, cells


def written(questions: Questions) -> NotebookNode:
    """The notebook of questions that are whole."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "next_token": {"titles": questions.titles},
        }
    )
    ids: set[str] = set()
    for cell in questions.cells:
        metadata = {k: v for k, v in cell.metadata.items() if not k.startswith("lines_to_")}
        ids.add(cell_id := metadata.get("nbgrader", {}).get("grade_id") or text_id(cell, ids))
        make = getattr(nbformat.v4, f"new_{cell.cell_type}_cell")
        notebook.cells.append(make(cell.source, id=cell_id, metadata=metadata))
    return notebook


def text_id(cell: NotebookNode, taken: set[str]) -> str:
    """An id that stays the same as long as the cell's text does."""
    again = 0
    while (name := sha1(f"{cell.cell_type}{again}\n{cell.source}".encode())[:12]) in taken:
        again += 1
    return name


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
