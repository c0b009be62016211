"""Reads a notebook that was handed in, whichever editor, website or mail program it came through.

Its cells' types, sources and quiz marks count, and its module's mark. The rest is left behind, so
nothing odd in it can matter.
"""

import json
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
MOST_CELLS = 2_000
MOST_TEXT = 2**19  # characters in all cells; the longest module has a tenth of it
MOST_OPENED = 2**21  # brackets in a file: each may be a list or an object, of 200 bytes in memory
GRADE_ID = re.compile(r"[\w-]{1,100}", re.ASCII)  # as nbgrader wants them
CONFLICT = re.compile(rb"^(<{7}|={7}|>{7})(?= |\r?$)", re.MULTILINE)
OTHERS = {  # how files begin that are handed in instead
    rb"\s*<(!doctype|html)": "a web page: download the notebook file itself",
    rb"PK\x03\x04": "a zip archive: unpack it, and give the notebook that is inside",
    rb"%PDF": "a PDF: give the notebook that it was made from",
    rb"version https://git-lfs": "a placeholder of Git LFS: run git lfs pull",
    rb"\s*(#|import |from )": "Python text: give the notebook that it was made from",
}


def parse(data: bytes, name: str) -> NotebookNode:
    """The notebook in a file's content, made anew. ValueError, in one line, if there is none."""
    found = content(data, name)
    if "nbformat" not in found:
        raise ValueError(f"{name} is not a notebook: it holds other JSON, without nbformat")
    if (version := found["nbformat"]) != 4:
        raise ValueError(f"{name} has notebook format {version}; open it in JupyterLab and save it")
    if not isinstance(cells := found.get("cells"), list):
        raise ValueError(f"{name} is not a valid notebook: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise ValueError(f"{name} has {len(cells):,} cells; at most {MOST_CELLS:,} are graded")
    made, length = [], 0
    for i, given in enumerate(cells):
        try:
            made.append(cell(given, f"cell-{i}"))
        except ValueError as error:
            raise ValueError(f"{name} is not a valid notebook: its cell {i + 1} {error}")
        length += len(made[-1].source)
    if length > MOST_TEXT:
        raise ValueError(
            f"{name} has {length:,} characters in its cells; at most {MOST_TEXT:,} are graded"
        )
    mark = module_mark(found)
    return new_notebook(cells=made, metadata={"next_token": {"module": mark}} if mark else {})


def content(data: bytes, name: str) -> dict:
    """The JSON object in a file. ValueError says what is there instead."""
    if data.count(b"[") + data.count(b"{") > MOST_OPENED:
        raise ValueError(f"{name} holds too much: more than {MOST_OPENED:,} brackets")
    try:
        found = json.loads(data)  # UTF-8, 16 or 32, with a mark of its order or without
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} {unreadable(data, error)}")
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not a notebook: it holds other JSON, a {type(found).__name__}")
    return found


def unreadable(data: bytes, error: Exception) -> str:
    """What a file that is no JSON is, and the way out."""
    if not data.strip(b" \t\r\n\0"):
        return "is empty: save the notebook, and give it again"
    if conflict := CONFLICT.search(data):
        line = data.count(b"\n", 0, conflict.start()) + 1
        return f"holds a merge conflict of Git, from line {line} on: settle it, and save it"
    for beginning, what in OTHERS.items():
        if re.match(beginning, data, re.IGNORECASE):
            return f"is not a notebook but {what}"
    if isinstance(error, json.JSONDecodeError) and data.lstrip(b"\xef\xbb\xbf \r\n").startswith(
        b"{"
    ):
        in_a_word = re.fullmatch(r"[-+.\w]*", error.doc[error.pos :].rstrip())  # or at its end
        if in_a_word or error.msg.startswith("Unterminated"):
            return f"breaks off in line {error.lineno}: save or copy it again, whole"
        return f"is not a notebook: its JSON is broken in line {error.lineno}: {error.msg}"
    return "is not a notebook: it does not hold notebook JSON"


def cell(given: object, name: str) -> NotebookNode:
    """A cell with the id `name`. ValueError if it has no known type or no text."""
    if not isinstance(given, dict):
        raise ValueError("is none")
    if (kind := given.get("cell_type")) not in list(MAKE):
        raise ValueError(f"has the type {kind!r}; it can be code, markdown or raw")
    source = given.get("source")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise ValueError("has no text as its source")
    made = MAKE[kind]("".join(lines).replace("\r\n", "\n").replace("\r", "\n"), id=name)
    metadata = given.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    mark, tags = metadata.get("nbgrader"), metadata.get("tags")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    if isinstance(name, str) and GRADE_ID.fullmatch(name):
        made.metadata["nbgrader"] = {"grade_id": name}
    if isinstance(tags, list) and "raises-exception" in tags:  # an error that the lesson shows
        made.metadata["tags"] = ["raises-exception"]
    return made


def module_mark(notebook: dict) -> str | None:
    """The module that `course build` wrote into a notebook."""
    mark = notebook.get("metadata")
    mark = mark.get("next_token") if isinstance(mark, dict) else None
    mark = mark.get("module") if isinstance(mark, dict) else None
    return mark if isinstance(mark, str) else None


def find(files: dict[str, bytes], module: str) -> tuple[str, NotebookNode]:
    """A module's notebook among the files of a submission, with its path.

    The one that has the module's name, or else, as it was renamed, the only one with its mark.
    ValueError if there is none, or if it is another module's.
    """
    name = f"{module}.ipynb"
    if name in files:
        notebook = parse(files[name], name)
        if (mark := module_mark(notebook)) not in (None, module):
            raise ValueError(f"{name} is the notebook of {mark}, under the name of {module}")
        return name, notebook
    ours, why = {}, ""
    for path in (path for path in files if path.endswith(".ipynb")):
        try:
            notebook = parse(files[path], path)
        except ValueError as error:
            why = why or f"; {error}"
            continue
        if module_mark(notebook) == module:
            ours[path] = notebook
    if len(ours) > 1:
        raise ValueError(f"{name} is missing, and more than one could be it: {', '.join(ours)}")
    if not ours:
        found = ", ".join(sorted(files)) or "no file"
        raise ValueError(f"{name} is missing; the submission holds {found}{why}")
    return next(iter(ours.items()))
