"""From the text of the modules in quizzes/source/ to the notebooks that learners open."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from course_utils.author import banks, stock
from course_utils.author.notebook import read_module, sha1, source_notebook
from course_utils.author.overview import with_overview
from course_utils.author.questions import STUB, TEST
from course_utils.author.renamed import TABLE, earlier_names
from course_utils.author.source import SOLUTION, Mistake, complain, names, put, shown

NAME = re.compile(r"\d\d_[a-z0-9_]+")
NOT_DATA = (".ipynb", ".pyc")
LONGEST_CELL = 120
POLL = 0.4


def build(root: Path, names: list[str] | None = None, execute: bool = True) -> list[Path]:
    """Make `notebooks/NAME/NAME.ipynb` for every `quizzes/source/NAME/NAME.py` of the course.

    names: these modules alone. Also writes `quizzes/source/NAME/NAME.ipynb`, which stock nbgrader
    wants. Replaces only files that an earlier build made, and removes none. A module whose code has
    changed since is executed first, if `execute`, with its reference answers and hidden tests.
    Returns the notebooks of the learners. Raises ValueError, with file and line of each mistake, if
    a module's text is not right, an error stops it or a reference answer loses points; and if a
    file of someone else is in the way. Nothing is written then.
    """
    here = modules(root)
    check_names(names, here)
    names = names or here
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        course = Path(folder, "quizzes")
        copy_sources(root, course, names)
        say(f"nbgrader's generate_assignment, about a second a module: {', '.join(names)}")
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
        check_banks(root, names)
        changed = changed_code(root, course, names)
        if execute:
            run_changed(root, course, changed)
        for name in changed:
            not_run(root, name).unlink(missing_ok=True) if execute else not_run(root, name).touch()
        for path, data in made.items():
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    tell(root)
    return [root / "notebooks" / name / f"{name}.ipynb" for name in names]


def tell(root: Path) -> None:
    """Bring the README's table of modules up to date, if there is one."""
    readme = root / "README.md"
    if readme.exists():
        texts = [root / "quizzes" / "source" / name / f"{name}.py" for name in modules(root)]
        before = readme.read_text("utf-8")
        if (after := with_overview(before, texts)) != before:
            readme.write_text(after, "utf-8")


def say(line: str) -> None:
    """Progress, on stderr: stdout is for the paths."""
    print(line, file=sys.stderr, flush=True)


def check_names(names: list[str] | None, here: list[str]) -> None:
    if unknown := sorted(set(names or ()) - set(here)):
        raise ValueError(f"no module {unknown[0]!r}; there are {', '.join(here)}")


def check_banks(root: Path, names: list[str]) -> None:
    """ValueError, with file and line, for what is misspelt in the modules' banks of answers."""
    wrong = []
    for name in names:
        path = root / banks.FOLDER / f"{name}.py"
        if path.is_file():
            questions, _ = read_module(root / "quizzes" / "source" / name / f"{name}.py")
            try:
                complain(path, banks.misspelt(path.read_text("utf-8"), questions))
            except ValueError as error:
                wrong.append(str(error))
    if names == modules(root):
        for path in sorted((root / banks.FOLDER).glob("[0-9][0-9]_*.py")):
            if path.stem not in names:
                wrong.append(f"{shown(path)}:1: there is no module {path.stem}")
    if wrong:
        raise ValueError("\n".join(wrong))


def watch(root: Path, names: list[str] | None = None, execute: bool = True) -> None:
    """Build each module whose text or data changes, until interrupted; print what went wrong.

    Begins with the modules whose notebooks are not up to date. Raises ValueError as `build` does
    for names and for a course without modules; later mistakes are printed only.
    """
    check_names(names, modules(root))
    handled = {name: now for name, now in stamps(root).items() if name and fresh(root, name)}
    print(f"watching {root / 'quizzes' / 'source'}; Ctrl-C stops", flush=True)
    before = None
    while True:
        now = stamps(root)
        if now == before:  # no editor is in the middle of saving
            changed = [
                name
                for name in now
                if now[name] != handled.get(name) and (name in (names or now) or not name)
            ]
            for name in changed:
                rebuild(root, name, now[name], execute)
            handled.pop("", None)
            handled |= now
        before = now
        time.sleep(POLL)


def stamps(root: Path) -> dict[str, object]:
    """What tells whether a module has changed, by name; under no name why there are none."""
    try:
        settings = (root / "quizzes" / "nbgrader_config.py").stat().st_mtime_ns
        return {
            name: (settings, stamp(root / "quizzes" / "source" / name), bank_stamp(root, name))
            for name in modules(root)
        }
    except (ValueError, OSError) as error:
        return {"": str(error)}


def bank_stamp(root: Path, name: str) -> int:
    """When a module's bank was saved; 0 without one."""
    path = root / banks.FOLDER / f"{name}.py"
    return path.stat().st_mtime_ns if path.is_file() else 0


def stamp(folder: Path) -> list[tuple]:
    """Name, time and size of the files that a module is made from."""
    texts = [path for path in files(folder) if path.suffix not in NOT_DATA]
    return [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in texts]


def rebuild(root: Path, name: str, stamp: object, execute: bool) -> None:
    """Build one module, or say what is wrong; `stamp` is what is wrong if there is no name."""
    at = time.strftime("%H:%M:%S")
    try:
        if not name:
            raise ValueError(stamp)
        (path,) = build(root, [name], execute)
        print(f"{at} built {path.relative_to(root)}", flush=True)
    except (ValueError, OSError) as error:
        print(f"{at} not built\n{error}", flush=True)


def fresh(root: Path, name: str) -> bool:
    """Whether the notebook of learners was made from the module's text and data as they are now."""
    folder = root / "quizzes" / "source" / name
    try:
        new = marked_notebook(folder).metadata["next_token"]
    except ValueError:
        return False
    return built_mark(root / "notebooks" / name / f"{name}.ipynb") == new


def same_code(root: Path, notebook: NotebookNode) -> bool:
    """Whether an earlier build has seen this module's code, with the same data files."""
    new = notebook.metadata["next_token"]
    name = new["module"]
    if built_mark(root / "notebooks" / name / f"{name}.ipynb") == new:
        return True
    path = root / "quizzes" / "source" / name / f"{name}.ipynb"
    old = built_mark(path)
    return old.get("files") == new["files"] and code(nbformat.read(path, 4)) == code(notebook)


def code(notebook: NotebookNode) -> list:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, cell.metadata.get("nbgrader")) for cell in cells]


def not_run(root: Path, name: str) -> Path:
    """A file that is there as long as a module's code was built and never run."""
    return root / "quizzes" / "source" / name / ".not-run"


def changed_code(root: Path, course: Path, names: list[str]) -> list[str]:
    """The modules whose code no build has run; the others are told."""
    changed = []
    for name in names:
        notebook = nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)
        if not_run(root, name).exists() or not same_code(root, notebook):
            changed.append(name)
        else:
            say(f"{name}: not run, as its code has not changed")
    return changed


def run_changed(root: Path, course: Path, names: list[str]) -> None:
    """Run these modules. ValueError with the mistakes of all of them."""
    wrong = []
    for name in names:
        say(f"running {name} with its reference answers")
        notebook = nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)
        text = root / "quizzes" / "source" / name / f"{name}.py"
        try:
            run_reference(notebook, course / "source" / name, text)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))


def run_reference(notebook: NotebookNode, folder: Path, text: Path) -> None:
    """Run a module with its reference answers in `folder`, where its data files are; then each test
    once more, on the answer's cell as learners get it.

    Raises ValueError with the lines of `text` that raised an error, up to the first cell that is no
    test, and the tests at which a reference answer loses points or an untouched one gains some.
    """
    _, cells = read_module(text)
    pairs = list(zip(cells, notebook.cells, strict=True))
    # The line of each cell's marker, less the lines that the build has put above the author's.
    lines = [line - made.source.split(cell.source)[0].count("\n") for (cell, line), made in pairs]
    again = [(place, cell) for place in tests(notebook) for cell in untouched(notebook, place)]
    notebook.cells += [cell for _, cell in again]
    run(notebook, folder, text, lines)
    wrong = list(wrong_reference(notebook.cells[: len(lines)], lines))
    for place, cell in again if not wrong else ():
        if is_grade(cell) and (points := worth(cell)):
            most = cell.metadata.nbgrader.points
            wrong.append((lines[place], f"an untouched answer gets {points:g} of {most:g}"))
    complain(text, wrong)


def tests(notebook: NotebookNode) -> list[int]:
    """The places of the test cells."""
    cells = enumerate(notebook.cells)
    return [i for i, cell in cells if cell.cell_type == "code" and is_grade(cell)]


def untouched(notebook: NotebookNode, place: int) -> list[NotebookNode]:
    """Cells that run a test on its answer's cell as learners get it, without the reference."""
    test = notebook.cells[place]
    name = test.metadata.nbgrader.grade_id.removesuffix(TEST)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    answer = cells[name].source
    forget = f"for _ in {sorted(names(answer)[1])}: globals().pop(_, None)"
    return [
        nbformat.v4.new_code_cell(forget),
        nbformat.v4.new_code_cell(put(answer, SOLUTION, STUB)),
        nbformat.v4.new_code_cell(test.source, metadata=test.metadata),
    ]


def run(notebook: NotebookNode, folder: Path, text: Path, lines: list[int]) -> None:
    """Run all cells, whatever they raise. ValueError, with its line, if one does not end."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    jupyter = folder.parents[2] / f"run_{text.stem}"
    environment = stock.environment(jupyter)
    kernels = KernelSpecManager(kernel_dirs=[str(jupyter / "kernels")])
    begun: list[int] = []
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels),
        timeout=LONGEST_CELL,
        allow_errors=True,
        on_cell_start=lambda cell, cell_index: begun.append(cell_index),
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env=environment, stderr=subprocess.DEVNULL, cleanup_kc=True)  # its own log
        return
    except CellTimeoutError:
        stopped = f"the cell ran for more than {LONGEST_CELL} s and was stopped"
    except DeadKernelError:
        stopped = "the cell ended Python"
    complain(text, [(lines[min(begun[-1], len(lines) - 1)], stopped)])


def wrong_reference(cells: list[NotebookNode], lines: list[int]) -> Iterator[Mistake]:
    """What went wrong in cells that ran with the reference answers, up to the first that is no
    test: those below may only miss what it should have made."""
    start = {
        cell.execution_count: line
        for cell, line in zip(cells, lines, strict=True)
        if cell.get("execution_count")
    }
    for cell, line in zip(cells, lines, strict=True):
        graded = cell.cell_type == "code" and is_grade(cell)
        errors = [out for out in cell.get("outputs", ()) if out.output_type == "error"]
        for error in errors:
            trace = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
            # The innermost line that is in the module, not in a library.
            frames = re.findall(r"Cell In\[(\d+)\], line (\d+)", trace) or [(0, 0)]
            count, offset = map(int, frames[-1])
            said = " ".join(f"{error.ename}: {error.evalue}".split())
            yield start.get(count, line) + offset, said
        if graded and not errors and (points := worth(cell)) != cell.metadata.nbgrader.points:
            loud = any(out.get("name") == "stderr" for out in cell.outputs)
            why = ": what a test cell writes to stderr costs its points" if loud else ""
            most = cell.metadata.nbgrader.points
            yield line, f"the reference answer gets {points:g} of {most:g}{why}"
        if errors and not graded:
            return


def is_grade(cell: NotebookNode) -> bool:
    meta = cell.metadata.get("nbgrader", {})
    return bool(meta.get("grade")) and not meta.get("solution")


def worth(cell: NotebookNode) -> float:
    """What nbgrader gives for a test cell that has run; more than its points stops nbgrader."""
    from nbgrader.utils import determine_grade

    most = cell.metadata.nbgrader.points
    cell = nbformat.from_dict(cell)
    cell.metadata.nbgrader.points = float("inf")  # it would refuse a number above
    points, _ = determine_grade(cell)
    return most if points == float("inf") else points


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
    if (renamed := settings.with_name(TABLE)).is_file():
        shutil.copyfile(renamed, course / TABLE)
    notebooks, wrong = {}, []
    for name in names:
        try:
            notebooks[name] = marked_notebook(root / "quizzes" / "source" / name)
            earlier_names(settings.parent, name, notebooks[name].metadata.next_token.titles)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))
    for name, notebook in notebooks.items():
        for data in notebook.metadata["next_token"]["files"]:
            target = course / "source" / name / data
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "quizzes" / "source" / name / data, target)
        target = course / "source" / name / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="\n") as out:
            nbformat.write(notebook, out)


def marked_notebook(folder: Path) -> NotebookNode:
    """The notebook of the module in `folder`, with a note of what it is made from."""
    text = folder / f"{folder.name}.py"
    data = [path for path in files(folder) if path != text and path.suffix not in NOT_DATA]
    notebook = source_notebook(text)
    notebook.metadata["next_token"] |= {
        "module": folder.name,
        "cells": fingerprint(notebook),
        "files": {path.relative_to(folder).as_posix(): sha1(path.read_bytes()) for path in data},
    }
    return notebook


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


def files(folder: Path) -> Iterator[Path]:
    """The files below a folder, without hidden ones, caches, and the copies that editors make."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        left_out = any(
            part == "__pycache__" or part[0] in ".#" or part[-1] == "~" for part in parts
        )
        if path.is_file() and not left_out:
            yield path
