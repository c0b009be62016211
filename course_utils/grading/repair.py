"""Mending a submission, so that what is odd in it does not stop its scoring."""

from collections.abc import Mapping
from copy import deepcopy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from traitlets.config import Config

from course_utils.author.source import imports

MOST_NOTES = 60  # of one submission: more than the cells of a module


def as_given(source: NotebookNode, config: Config | None = None) -> NotebookNode:
    """A module's source notebook as learners got it, without answers and hidden tests.

    config: nbgrader's, for the text that stands where an answer goes.
    """
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions  # takes seconds

    given = deepcopy(source)
    for clear in (ClearSolutions(config=config), ClearHiddenTests(config=config)):
        given, _ = clear(given, {})
    return given


def repair(
    notebook: NotebookNode, given: NotebookNode, earlier: Mapping[str, str] | None = None
) -> list[str]:
    """Make the quiz cells of `notebook` those of `given`, in place; return a note for each change.

    Answers stay. Locked cells become as they were given, and missing ones come back; of two cells
    with one id the first counts, the other becomes an ordinary cell. earlier: ids of an earlier
    edition, whose cells count as those that have the new ids.
    """
    notes = []
    wanted = {quiz_id(cell): cell for cell in given.cells if quiz_id(cell)}
    titles = given.metadata.get("next_token", {}).get("titles", {})

    def called(name: str) -> str:
        if name not in titles:
            return f"cell {name}"
        which = "the answer to" if is_answer(wanted[name]) else "the test of"
        return f"{which} {titles[name]}"

    if renamed := rename(notebook, wanted, earlier or {}):
        notes.append(
            f"this is a notebook of an earlier edition: {renamed} of its cells have other names "
            "now, and count under these"
        )
    seen = set()
    for i, cell in enumerate(notebook.cells):
        name = quiz_id(cell)
        if name in seen:
            notes.append(f"{called(name)} was there more than once: only the first one counts")
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
            same = cell.source == original.source and cell.cell_type == original.cell_type
            if not same and not renamed:  # else it may be the course that changed it
                notes.append(f"{called(name)} was edited: scored as it was given")
            notebook.cells[i] = deepcopy(original)

    before = None
    for name, original in wanted.items():
        if name not in seen:
            if is_answer(original) and not original.metadata.nbgrader.grade:
                notes.append(f"{called(name)} was missing: its cell was taken out")
                continue
            notes.append(f"{called(name)} was missing: put back as it was given")
            ids = [quiz_id(cell) for cell in notebook.cells]
            notebook.cells.insert(ids.index(before) + 1 if before else 0, deepcopy(original))
        before = name

    places = [i for i, cell in enumerate(notebook.cells) if quiz_id(cell)]
    found = [notebook.cells[i] for i in places]
    # A test must not run before the locked cells that define its helpers: it would take the
    # submission's own of that name.
    order = list(wanted)
    moved = sorted(found, key=lambda cell: order.index(quiz_id(cell)))
    if moved != found:
        notes.append("quiz cells were in another order: scored in the order that was given")
    for i, cell in zip(places, moved, strict=True):
        notebook.cells[i] = cell

    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"
        # JSON can hold halves of characters, which no file can.
        cell.source = cell.source.encode("utf-8", "replace").decode("utf-8")
    notebook.metadata = deepcopy(given.metadata)
    notebook.nbformat_minor = given.nbformat_minor
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"and {len(notes) - MOST_NOTES} more of this kind"]
    return notes


def rename(
    notebook: NotebookNode, wanted: Mapping[str, NotebookNode], earlier: Mapping[str, str]
) -> int:
    """Give cells with ids of an earlier edition the new ones, in place; how many there were.

    Where the notebook has a cell with the new id as well, it is of this edition: nothing changes.
    """
    there = {quiz_id(cell) for cell in notebook.cells}
    found = 0
    for cell in notebook.cells:
        name = quiz_id(cell)
        new = earlier.get(name)
        if new in wanted and name not in wanted and new not in there:
            cell.metadata.nbgrader.grade_id = new
            found += 1
    return found


def quiz_id(cell: NotebookNode) -> str | None:
    meta = cell.metadata.get("nbgrader")
    name = meta.get("grade_id") if isinstance(meta, dict) else None
    return name if isinstance(name, str) else None


def marked(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader") or {}


def is_test(cell: NotebookNode) -> bool:
    meta = marked(cell)
    return cell.cell_type == "code" and bool(meta.get("grade")) and not meta.get("solution")


def is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.solution)


def like(original: NotebookNode, cell: NotebookNode) -> NotebookNode:
    """The learner's text in a cell of the original's type and metadata."""
    make = new_code_cell if original.cell_type == "code" else new_markdown_cell
    return make(cell.source, metadata=deepcopy(original.metadata))


def is_ours(cell: NotebookNode) -> bool:
    """Locked cells that are no tests: set-up, which runs on both sides."""
    meta = marked(cell)
    return cell.cell_type == "code" and bool(meta.get("locked")) and not is_test(cell)


def modules_needed(notebook: NotebookNode) -> list[str]:
    """The modules that the course's own cells import."""
    ours = [cell for cell in notebook.cells if is_ours(cell)]
    return sorted({name for cell in ours for name in imports(cell.source)})
