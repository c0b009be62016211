"""The home page of a learner: all modules with their time, state and scores, and links to each."""

import contextlib
import html
import os
import re
import threading
from pathlib import Path

import ipywidgets
import nbformat
from IPython.display import display
from nbformat import NotebookNode

from course_utils.learner import own_copies, progress
from course_utils.learner.button import order
from course_utils.project import module_names

NAME = "home.ipynb"
SECONDS = 2  # between two looks at the files
SETTLED = 1  # second, after which the page has the cell's number, to save that too
HEADS = ("Module", "Time", "State", "Best", "Last")
LEFT = "style='text-align: left'"  # JupyterLab centres and right-aligns by itself
TEXT = """# The Next Token

Your modules, in `my-course/`. Click one to open it. Run the cell below (Shift+Enter), and the table
follows what you do.
"""
CODE = "from course_utils.learner.home import home\n\nhome()"

following = threading.Event()  # set when another call of `home` takes over


def home(folder: Path | None = None) -> None:
    """Show the table of the modules in `folder`, by default the notebook's, and keep it up to date.

    The table follows the files until the kernel stops or `home` is called again. It is a widget,
    as what changes in one does not mark the notebook as changed; and what running the cell changed
    is saved, so that there is nothing to ask about when the page is closed.
    """
    global following
    following.set()
    following = stop = threading.Event()
    folder = folder or Path.cwd()
    shown = ipywidgets.Output()
    page = ipywidgets.HTML(layout=ipywidgets.Layout(display="none"))

    def show() -> None:
        data = {"text/html": table(folder)}
        shown.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    def follow() -> None:
        stop.wait(SETTLED)
        # All that is open, as another notebook may be in front by now.
        page.value = order("docmanager:save-all")
        before = seen
        while not stop.wait(SECONDS):
            page.value = ""
            with contextlib.suppress(OSError):  # a file is being written: look again
                if (now := state(folder)) != before:
                    show()
                    before = now

    seen = state(folder)
    show()
    display(ipywidgets.VBox([shown, page]))
    threading.Thread(target=follow, daemon=True).start()


def state(folder: Path) -> list[tuple[str, int, int]]:
    """What differs after a notebook or a score was written."""
    names = ("*/*.ipynb", "*/.*.scores.jsonl", progress.SUMMARY)
    paths = [path for name in names for path in folder.glob(name)]
    stats = [(path, path.stat()) for path in sorted(paths)]
    return [(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats]


def table(folder: Path, root: Path = progress.ROOT) -> str:
    """The modules of `folder` and of the course, as HTML with links relative to `folder`."""
    names = sorted({*module_names(root), *(p.stem for p in modules_in(folder))})
    rows = "\n".join(row(folder, root, name) for name in names)
    heads = "".join(f"<th scope='col' {LEFT}>{head}</th>" for head in HEADS)
    page = folder / progress.SUMMARY
    below = f"<p><a href='{page.name}'>Your summary of the course</a></p>" if page.exists() else ""
    return f"<table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>{below}"


def modules_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("[0-9][0-9]_*/*.ipynb") if path.stem == path.parent.name]


def row(folder: Path, root: Path, name: str) -> str:
    path = folder / name / f"{name}.ipynb"
    given = root / "notebooks" / name / f"{name}.ipynb"
    scores = progress.history(path)
    title, minutes = about(path if path.exists() else given, name)
    if path.exists():
        link = f"<a href='{html.escape(f'{name}/{name}.ipynb')}'>{html.escape(title)}</a>"
    else:
        link = html.escape(title)
    number = html.escape(name[:2])
    points = (str(progress.best(scores)), str(scores[-1])) if scores else ("", "")
    cells = (f"{number} {link}", minutes, progress_of(path, scores), *points)
    return "<tr>" + "".join(f"<td {LEFT}>{cell}</td>" for cell in cells) + "</tr>"


def about(path: Path, name: str) -> tuple[str, str]:
    """A module's title and how long it takes, as its first cells say."""
    notebook = own_copies.readable(path) if path.exists() else None
    text = "\n".join(cell.source for cell in notebook.cells[:5]) if notebook else ""
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    minutes = re.search(r"\*\*(?:About )?(\w+ minutes)\b", text)
    return title[1] if title else progress.title(name), minutes[1].lower() if minutes else ""


def progress_of(path: Path, scores: list[progress.Score]) -> str:
    """What the last score found, begun, not started; or what is the matter with the notebook."""
    if not path.exists():
        return "not copied: run course lab"
    if (notebook := own_copies.readable(path)) is None:
        return "cannot be read"
    if scores:
        return scores[-1].state
    given = path.parents[1] / own_copies.GIVEN / path.parent.name / path.name
    ran = any(cell.get("execution_count") for cell in notebook.cells)
    edited = given.exists() and own_copies.content(given) != own_copies.content(path)
    return "begun" if ran or edited else "not started"


def write(folder: Path) -> Path | None:
    """Write the home notebook with the table of this moment; None if it is not ours to write.

    A home notebook whose cells the learner changed, or made, stays as it is.
    """
    path, given = folder / NAME, folder / own_copies.GIVEN / NAME
    ours = given.exists() and own_copies.content(path) == own_copies.content(given)
    if os.path.lexists(path) and not ours:
        return None
    new = notebook(folder)
    given.parent.mkdir(parents=True, exist_ok=True)
    for target in (path, given):
        with target.open("w", encoding="utf-8", newline="\n") as out:
            nbformat.write(new, out)
    return path


def notebook(folder: Path) -> NotebookNode:
    v4 = nbformat.v4
    output = v4.new_output("display_data", {"text/html": table(folder)})
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(TEXT.strip(), id="title"),
            v4.new_code_cell(CODE, id="modules", outputs=[output]),
        ],
        metadata=own_copies.lab_metadata(),
    )
