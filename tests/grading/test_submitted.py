"""A notebook counts however it was saved, and what is no notebook is called what it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from grading.tiny import NAME, results, submission
from same_scores import PLAIN, nbgrader, points

from course_utils.author import stock
from course_utils.author.build import modules
from course_utils.grading import plugin
from course_utils.grading.score import score
from course_utils.grading.submitted import find, parse

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.grading


def released(module: str = "00_start_here") -> dict:
    return json.loads((ROOT / "notebooks" / module / f"{module}.ipynb").read_bytes())


def counts(notebook: nbformat.NotebookNode) -> list[tuple]:
    """What counts in a notebook."""
    mark = notebook.metadata.get("next_token", {}).get("module")
    cells = [
        (cell.cell_type, cell.source, cell.metadata.get("nbgrader", {}).get("grade_id"))
        for cell in notebook.cells
    ]
    return [mark, *cells]


def saved(data: dict) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def each(change: Callable, kind: str | None = None) -> Callable:
    """Change all cells of a kind."""

    def changed(data: dict) -> bytes:
        for i, cell in enumerate(data["cells"]):
            if kind in (None, cell["cell_type"]):
                change(cell, i)
        return saved(data)

    return changed


def top(**values) -> Callable:
    return lambda data: saved(data | values)


def about(**values) -> Callable:
    return lambda data: saved(data | {"metadata": data["metadata"] | values})


def lines(end: str) -> Callable:
    def change(cell: dict, i: int) -> None:
        cell["source"] = "".join(cell["source"]).replace("\n", end)

    return each(change)


ERROR = [{"output_type": "error"}]
# How other editors, sites and tools save a notebook.
WAYS = {
    "as it was": saved,
    "unknown key": each(lambda cell, i: cell.update(executionInfo={"status": "ok"})),
    "unknown keys above": top(orig_nbformat=4, signature="x"),
    "outputs on Markdown": each(lambda cell, i: cell.update(outputs=ERROR), "markdown"),
    "no outputs on code": each(lambda cell, i: cell.pop("outputs"), "code"),
    "count on Markdown": each(lambda cell, i: cell.update(execution_count=1), "markdown"),
    "attachments on code": each(lambda cell, i: cell.update(attachments={}), "code"),
    "ids in minor 4": top(nbformat_minor=4),
    "no minor": lambda data: (data.pop("nbformat_minor"), saved(data))[1],
    "no ids": each(lambda cell, i: cell.pop("id")),
    "odd ids": each(lambda cell, i: cell.update(id=f"a cell/{i}")),
    "same ids": each(lambda cell, i: cell.update(id="one")),
    "numbers as ids": each(lambda cell, i: cell.update(id=i)),
    "kernel without a name to show": about(kernelspec={"name": "python3"}),
    "kernel without any name": about(kernelspec={}),
    "another kernel": about(kernelspec={"name": "ir", "display_name": "R"}),
    "language without a name": about(language_info={"version": "3.14"}),
    "widgets": about(widgets="none", vscode=[], colab={"provenance": []}),
    "tags twice": each(lambda cell, i: cell["metadata"].update(tags=["a", "a", "b,c"])),
    "odd tags": each(lambda cell, i: cell["metadata"].update(tags=3, collapsed="yes")),
    "mark of bytes": lambda data: b"\xef\xbb\xbf" + saved(data),
    "UTF-16": lambda data: saved(data).decode().encode("utf-16"),
    "Windows' lines": lines("\r\n"),
    "old Mac's lines": lines("\r"),
    "Windows' lines of the file": lambda data: (
        json.dumps(data, indent=1).replace("\n", "\r\n").encode()
    ),
    "one text": lines("\n"),
    "ASCII": lambda data: json.dumps(data).encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_counts_is_read_whoever_saved_it(way):
    wanted = counts(nbformat.from_dict(parse(saved(released()), "x")))
    assert wanted[0] == "00_start_here" and any(cell[2] for cell in wanted[1:])
    found = parse(WAYS[way](released()), "x")
    assert counts(found) == wanted
    nbformat.validate(found)


@pytest.mark.parametrize("module", modules(ROOT))
def test_nothing_that_counts_is_left_behind(module):
    path = ROOT / "notebooks" / module / f"{module}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert counts(parse(path.read_bytes(), "x")) == counts(notebook)


CONFLICT = b'{\n "cells": [\n<<<<<<< HEAD\n  {},\n=======\n  [],\n>>>>>>> theirs\n ]}'
NO_CELL = {"nbformat": 4, "metadata": {}}
WRONG = {
    "nothing": (b"", "x.ipynb is empty"),
    "blanks": (b"\r\n \0\0", "x.ipynb is empty"),
    "conflict": (CONFLICT, "holds a merge conflict of Git, from line 3 on"),
    "conflict on Windows": (CONFLICT.replace(b"\n", b"\r\n"), "merge conflict of Git, from line 3"),
    "page": (b"\n<!DOCTYPE html>\n<html>", "is not a notebook but a web page: download"),
    "page in small letters": (b"<html lang='en'>", "is not a notebook but a web page"),
    "archive": (b"PK\x03\x04\x00\xff", "is not a notebook but a zip archive: unpack it"),
    "PDF": (b"%PDF-1.7\n\xff", "is not a notebook but a PDF"),
    "placeholder": (b"version https://git-lfs.github.com/spec/v1\n", "placeholder of Git LFS"),
    "script": (b"# %%\nimport torch\n", "is not a notebook but Python text"),
    "half": (saved(released())[:5000], "x.ipynb breaks off in line 1"),
    "half a line": (b'{\n "cells": [\n  {"cell', "x.ipynb breaks off in line 3"),
    "comma": (b'{"cells": [],\n "metadata": {},}', "its JSON is broken in line 2"),
    "bytes": (bytes(range(256)), "does not hold notebook JSON"),
    "Latin-1": ('{"cells": "ü"}'.encode("latin-1"), "does not hold notebook JSON"),
    "list": (b"[1]", "it holds other JSON, a list"),
    "other": (b'{"cells": []}', "it holds other JSON, without nbformat"),
    "old": (b'{"nbformat": 3, "worksheets": []}', "has notebook format 3; open it in JupyterLab"),
    "no cells": (saved(NO_CELL), "is not a valid notebook: it has no list of cells"),
    "no cell": (saved(NO_CELL | {"cells": [3]}), "its cell 1 is none"),
    "heading": (
        saved(NO_CELL | {"cells": [{"cell_type": "heading", "source": ""}]}),
        "its cell 1 has the type 'heading'; it can be code, markdown or raw",
    ),
    "type of lists": (saved(NO_CELL | {"cells": [{"cell_type": []}]}), "has the type []"),
    "no text": (
        saved(NO_CELL | {"cells": [{"cell_type": "code", "source": [1]}]}),
        "its cell 1 has no text as its source",
    ),
}


def test_a_file_that_ends_anywhere_breaks_off():
    whole = (
        r'{"cells": [null, true, false, -1.5e-3, "x\n\u00e9\ud83e\udd8ay", {"a": NaN}, '
        r'-Infinity, Infinity], "nbformat": 4}'
    )
    for end in range(2, len(whole)):
        with pytest.raises(ValueError, match=r"x\.ipynb breaks off in line 1"):
            parse(whole[:end].encode(), "x.ipynb")


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_notebook_is_named_in_one_line(kind):
    data, said = WRONG[kind]
    with pytest.raises(ValueError) as error:
        parse(data, "x.ipynb")
    assert said in str(error.value) and str(error.value).startswith("x.ipynb ")
    assert "\n" not in str(error.value)


def test_a_renamed_notebook_is_found_by_its_mark():
    ours, other = saved(released("03_top_k")), saved(released("04_top_p"))
    name, broken = "03_top_k.ipynb", {"b.ipynb": CONFLICT}
    assert find({name: ours, "a.ipynb": ours}, "03_top_k")[0] == name
    assert find({"03_top_k (1).ipynb": ours, "b.ipynb": other}, "03_top_k")[0] != "b.ipynb"
    assert find({"mine/x.ipynb": ours, "notes.txt": b""} | broken, "03_top_k")[0] == "mine/x.ipynb"
    assert find({name: saved(released("03_top_k") | {"metadata": {}})}, "03_top_k")[0] == name
    for files, said in (
        ({name: other}, "03_top_k.ipynb is the notebook of 04_top_p, under the name of 03_top_k"),
        ({"a.ipynb": ours, "b.ipynb": ours}, "more than one could be it: a.ipynb, b.ipynb"),
        ({"b.ipynb": other}, "03_top_k.ipynb is missing; the submission holds b.ipynb"),
        ({}, "03_top_k.ipynb is missing; the submission holds no file"),
        (broken, "the submission holds b.ipynb; b.ipynb holds a merge conflict of Git"),
    ):
        with pytest.raises(ValueError) as error:
            find(files, "03_top_k")
        assert said in str(error.value)


def test_collecting_gives_a_renamed_notebook_its_name(tmp_path):
    (tmp_path / "03_top_k (1).ipynb").write_bytes(saved(released("03_top_k")))
    told = plugin.name_as_module(tmp_path, "03_top_k")
    assert told == "collected '03_top_k (1).ipynb' as 03_top_k.ipynb"
    assert [path.name for path in tmp_path.iterdir()] == ["03_top_k.ipynb"]
    assert plugin.name_as_module(tmp_path, "03_top_k") == ""
    (tmp_path / "03_top_k.ipynb").rename(tmp_path / "04_top_p.ipynb")
    assert "is the notebook of 03_top_k" in plugin.name_as_module(tmp_path, "04_top_p")
    assert [path.name for path in tmp_path.iterdir()] == ["04_top_p.ipynb"]


# Right answers as people write them: tensors that are views, and pictures.
PEOPLE = {
    "sides": "%matplotlib inline\nimport torch\nimport matplotlib.pyplot as plt\n"
    "plt.plot([1, 2])\nplt.show()\nsides = torch.tensor([[1, 3, 5]])[:, 1]",
    "square": "import torch\nassert get_ipython().kernel\ndef square(x):\n    display(x)\n"
    "    plt.show()\n    return torch.tensor([x, 0, 0])[::2][:1] ** 2",
}
# What ends or stops a kernel here, and costs nothing.
BEYOND = {"sides": "%matplotlib widget\n", "square": "%matplotlib notebook\n"}


@pytest.mark.prove
def test_one_verdict_whoever_runs_it(course, sandboxed, tmp_path):
    """In a kernel with the tests, by `course score`, `course grade` and `nbgrader autograde`.

    `course score` is what the button runs.
    """
    people = json.loads(nbformat.writes(submission(course, **PEOPLE)))
    beyond = {name: f"{BEYOND[name]}{PEOPLE[name]}\nexit()" for name in PEOPLE}
    odd = json.loads(nbformat.writes(submission(course, **beyond)))
    odd = b"\xef\xbb\xbf" + WAYS["unknown key"](odd)
    stocks, plain = (shutil.copytree(course, tmp_path / name) for name in ("stocks", "plain"))
    (plain / "nbgrader_config.py").write_text(PLAIN)
    environment = stock.environment(tmp_path / "jupyter")
    for folder, data in ((course, odd), (stocks, odd), (plain, saved(people))):
        place = folder / "submitted" / "ann" / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_bytes(data)
    for folder in (stocks, plain):
        nbgrader(folder, environment, "autograde", NAME)
    mine = tmp_path / "mine (1).ipynb"
    mine.write_bytes(odd)
    report = score(mine, course.parent)
    assert [item.points for item in report.items] == [1, 2, 0], report.table()
    assert results(course)["ann"].points == 3
    for folder in (course, stocks, plain):
        found = points(folder, NAME)["ann"]
        assert (found["sides_test"], found["square_test"]) == (1, 2), folder.name
