"""The learner's own copies of the modules, and what changed in the course since they were made.

Beside the copies, in a hidden folder, lies each file as it was given. It tells what the course
changed from what the learner did.
"""

import difflib
import functools
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = "my-course"
GIVEN = ".given"  # in FOLDER: every file as the learner got it

Cell = tuple[str, str]  # its type and its source


@dataclass(frozen=True)
class Change:
    """A file that differs between the course and the learner's copy of it.

    `pending`: how many cells the course changed, added or took out, and the copy does not show it.
    `mine`: how many cells the learner changed; `both`: how many of these the course changed too.
    `diff`: from the file as given to the course's, as lines. If `given` is False, nothing tells
    what was given, so the diff is from the learner's copy, and `mine` and `both` are 0.
    """

    path: Path
    pending: int
    mine: int
    both: int
    diff: list[str]
    given: bool = True


def own_folder(here: Path) -> Path:
    """The learner's folder for somebody in `here`: the one around it, else a new one in it."""
    around = [folder for folder in (here, *here.parents) if (folder / GIVEN).is_dir()]
    return around[0] if around else here / FOLDER


def copy_modules(root: Path, target: Path) -> list[Path]:
    """Copy the files of `root`/notebooks that `target` lacks; return the new ones.

    A file that is there stays as it is, also when its module has changed since.
    """
    made = [target / path for path in missing(root, target)]
    for relative in course_files(root):
        source, copy, given = places(root, target, relative)
        if copy in made:
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("xb") as out:
                out.write(as_saved_here(source))
        # A copy that took over all that is new counts as made from the new text.
        if content(copy) == content(source):
            given.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, given)
    return made


def as_saved_here(path: Path) -> bytes:
    """A file of the course; a notebook with the metadata that JupyterLab will give it.

    With others, a notebook would be marked as changed as soon as it is opened.
    """
    data = path.read_bytes()
    if path.suffix == ".ipynb" and readable(path):
        notebook = json.loads(data)
        notebook["metadata"] |= lab_metadata()
        data = f"{json.dumps(notebook, indent=1, ensure_ascii=False)}\n".encode()
    return data


@functools.cache
def lab_metadata() -> dict:
    """What JupyterLab writes into a notebook whose kernel is this Python."""
    from ipykernel.ipkernel import IPythonKernel
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    return {
        "kernelspec": {
            "display_name": spec.display_name,
            "language": spec.language,
            "name": "python3",
        },
        "language_info": IPythonKernel.language_info,
    }


def changes(root: Path, target: Path) -> list[Change]:
    """What changed in the course since the learner's copies were made, and is not in them yet."""
    found = [change(*places(root, target, path), path) for path in course_files(root)]
    return [each for each in found if each and each.pending]


def missing(root: Path, target: Path) -> list[Path]:
    """The files of the course that the learner does not have."""
    return [path for path in course_files(root) if not os.path.lexists(target / path)]


def gone(root: Path, target: Path) -> list[Path]:
    """The notebooks that the learner got and the course no longer has."""
    given = [path.relative_to(target / GIVEN) for path in target.glob(f"{GIVEN}/*/*.ipynb")]
    return sorted(path for path in given if not (root / "notebooks" / path).exists())


def course_files(root: Path) -> Iterator[Path]:
    """The files that a learner gets, relative to `root`/notebooks."""
    source = root / "notebooks"
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        hidden = any(part.startswith((".", "__")) for part in relative.parts)
        if path.is_file() and not hidden and not path.name.endswith(".report.html"):
            yield relative


def places(root: Path, target: Path, relative: Path) -> tuple[Path, Path, Path]:
    """Where a file lies in the course, in the learner's folder, and as it was given."""
    return root / "notebooks" / relative, target / relative, target / GIVEN / relative


def change(source: Path, copy: Path, given: Path, relative: Path) -> Change | None:
    new, mine = content(source), content(copy)
    if new == mine or not copy.exists():
        return None
    if not given.exists():
        return Change(relative, 1, 0, 0, diff(copy, source, "your copy"), given=False)
    old = content(given)
    added = [cell for cell in new if cell not in old and cell not in mine]
    dropped = [cell for cell in old if cell not in new and cell in mine]
    own = [cell for cell in old if cell not in mine]
    both = [cell for cell in own if cell not in new]
    pending = max(len(added), len(dropped))  # a cell that changed is one in each
    return Change(relative, pending, len(own), len(both), diff(given, source, "as you got it"))


def content(path: Path) -> list[Cell]:
    """A notebook's cells; of any other file one piece for the whole.

    A notebook that cannot be read, after a crash say, counts as any other file.
    """
    if not path.exists():
        return []
    if path.suffix == ".ipynb" and (notebook := readable(path)):
        return cells_of(notebook)
    return [("file", path.read_bytes().decode("latin-1"))]  # every byte has a letter there


def cells_of(notebook: NotebookNode) -> list[Cell]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def readable(path: Path) -> NotebookNode | None:
    """The notebook in a file, or None if there is none to read."""
    try:
        notebook = nbformat.read(path, as_version=4)
        cells_of(notebook)
        return notebook
    except Exception:  # nbformat raises many kinds, and a broken file must not stop JupyterLab
        return None


def diff(before: Path, after: Path, name: str) -> list[str]:
    lines = [text(path) for path in (before, after)]
    titles = (f"{after.name}, {name}", f"{after.name}, as it is now")
    return list(difflib.unified_diff(*lines, *titles, n=2, lineterm=""))


def text(path: Path) -> list[str]:
    """A file as lines to read: a notebook's cells without outputs and metadata."""
    import jupytext  # half a second that only course lab --diff needs

    if path.suffix == ".ipynb" and (notebook := readable(path)):
        notebook.metadata = {"jupytext": {"notebook_metadata_filter": "-all"}}
        for cell in notebook.cells:
            cell.metadata = {}
        return jupytext.writes(notebook, fmt="py:percent").splitlines()
    return path.read_text("utf-8", errors="replace").splitlines()


def news(change: Change) -> str:
    """One line on a changed file."""
    name = change.path.as_posix()
    if not change.given:
        return f"{name}: differs from the course's, and nothing tells whether you changed it or not"
    told = f"{name}: the course changed {cells(change.pending)}"
    if not change.mine:
        return f"{told}; your copy is as you got it"
    both = f", {change.both} of which the course changed too" if change.both else ""
    return f"{told}; you changed {cells(change.mine)}{both}"


def cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
