import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils import cli
from course_utils.learner.lab import HOST, SETTINGS, difference, free_port, lab
from course_utils.learner.own_copies import changes, copy_modules, own_folder
from course_utils.project import SELF_PACED


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in {"02_b/02_b.ipynb": "b", "01_a/01_a.ipynb": "a", "01_a/d/x.csv": "1"}.items():
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_copies_what_is_missing_and_never_overwrites(root):
    target = root / "my-course"
    made = copy_modules(root, target)
    assert [path.relative_to(target).as_posix() for path in made] == [
        "01_a/01_a.ipynb",
        "01_a/d/x.csv",
        "02_b/02_b.ipynb",
    ]
    (target / "01_a" / "01_a.ipynb").write_text("my work")
    (root / "notebooks" / "01_a" / "01_a.ipynb").write_text("a new edition")
    (target / "02_b" / "02_b.ipynb").unlink()
    assert copy_modules(root, target) == [target / "02_b" / "02_b.ipynb"]
    assert (target / "01_a" / "01_a.ipynb").read_text() == "my work"


def test_what_an_author_left_behind_is_not_copied(root):
    for name in (".01_a.scores.jsonl", "01_a.report.html", ".ipynb_checkpoints/01_a.ipynb"):
        path = root / "notebooks" / "01_a" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("an author's")
    made = {path.name for path in copy_modules(root, root / "my-course")}
    assert made == {"01_a.ipynb", "x.csv", "02_b.ipynb"}


NAME = "03_c/03_c.ipynb"
TEXTS = ["# Title", "Some prose.", "answer = None", "Before the last.", "check(answer)"]


def put(path: Path, texts: list[str]) -> None:
    """A notebook of these cells; what looks like code becomes code."""
    kinds = [new_code_cell if "answer" in text else new_markdown_cell for text in texts]
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        make(text, id=f"c{i}") for i, (make, text) in enumerate(zip(kinds, texts, strict=True))
    ]
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def updated(root) -> Path:
    """A course that changed, after the learner had answered; its copy of 03_c is the learner's."""
    put(root / "notebooks" / NAME, TEXTS)
    copy_modules(root, root / "my-course")
    put(root / "my-course" / NAME, [t.replace("None", "1") for t in TEXTS])
    new = ["# Title", "Some better prose.", *TEXTS[2:], "One more answer."]
    put(root / "notebooks" / NAME, new)
    copy_modules(root, root / "my-course")
    return root


def test_what_the_course_changed_is_told_from_what_the_learner_did(updated):
    (change,) = changes(updated, updated / "my-course")
    assert (change.path.as_posix(), change.pending, change.mine, change.both) == (NAME, 2, 1, 0)
    text = difference(updated, updated / "my-course")
    assert f"{NAME}: the course changed 2 cells; you changed 1 cell\n" in text
    for line in ("-# Some prose.", "+# Some better prose.", "+One more answer."):
        assert f"    {line}\n" in text
    assert "answer = 1" not in text and '"metadata"' not in text and "jupytext" not in text
    assert "rename your copy" in text
    assert [cell.source for cell in nbformat.read(updated / "my-course" / NAME, 4).cells][2] == (
        "answer = 1"
    )


def test_a_cell_that_both_changed_is_counted(updated):
    new = ["# Title", "Some prose.", "answer = None  # a number", *TEXTS[3:]]
    put(updated / "notebooks" / NAME, new)
    (change,) = changes(updated, updated / "my-course")
    assert (change.pending, change.mine, change.both) == (1, 1, 1)
    assert "you changed 1 cell, 1 of which the course changed too" in difference(
        updated, updated / "my-course"
    )


def test_a_change_that_the_learner_took_over_is_no_news(updated):
    mine = ["# Title", "Some better prose.", "answer = 1", *TEXTS[3:], "One more answer."]
    put(updated / "my-course" / NAME, mine)
    assert (
        difference(updated, updated / "my-course") == "Your copies are up to date with the course."
    )


def test_a_cell_that_the_course_took_out_is_a_change(updated):
    put(updated / "notebooks" / NAME, TEXTS[:3] + TEXTS[4:])
    (change,) = changes(updated, updated / "my-course")
    assert change.pending == 1
    assert "    -# Before the last.\n" in difference(updated, updated / "my-course")


def test_outputs_and_running_are_no_change(root):
    put(root / "notebooks" / NAME, TEXTS)
    copy_modules(root, root / "my-course")
    path = root / "my-course" / NAME
    notebook = nbformat.read(path, 4)
    notebook.cells[2].update(
        execution_count=3, outputs=[nbformat.v4.new_output("stream", text="x")]
    )
    notebook.metadata["mine"] = True
    nbformat.write(notebook, path)
    assert changes(root, root / "my-course") == []


def test_a_module_made_afresh_starts_from_the_new_text(updated):
    path = updated / "my-course" / NAME
    path.rename(path.with_name("old.ipynb"))
    assert copy_modules(updated, updated / "my-course") == [path]
    assert changes(updated, updated / "my-course") == []


def test_data_files_are_compared_whole(root):
    target = root / "my-course"
    copy_modules(root, target)
    (root / "notebooks" / "01_a" / "d" / "x.csv").write_text("1\n2\n")
    (change,) = changes(root, target)
    assert change.mine == 0 and change.diff[-1] == "+2"


def test_a_copy_from_before_this_was_noted_is_shown_against_the_course(updated):
    shutil.rmtree(updated / "my-course" / ".given")
    text = difference(updated, updated / "my-course")
    assert f"{NAME}: differs from the course's, and nothing tells whether you changed it" in text
    assert "    -answer = 1\n" in text and "    +answer = None\n" in text
    # The copies that equal the course's count from now on.
    copy_modules(updated, updated / "my-course")
    (updated / "notebooks" / "01_a" / "01_a.ipynb").write_text("a new edition")
    text = difference(updated, updated / "my-course")
    assert "01_a/01_a.ipynb: the course changed 1 cell; your copy is as you got it" in text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 4, "cells": [{}]}'])
def test_a_broken_copy_stops_nothing(updated, text):
    (updated / "my-course" / NAME).write_text(text)
    assert NAME in difference(updated, updated / "my-course")
    assert copy_modules(updated, updated / "my-course") == []


def test_modules_that_came_and_went_are_named(updated):
    (updated / "my-course" / "02_b" / "02_b.ipynb").unlink()
    shutil.rmtree(updated / "notebooks" / "01_a")
    lines = difference(updated, updated / "my-course").splitlines()
    assert lines[:2] == [
        "02_b/02_b.ipynb: new, course lab copies it",
        "01_a/01_a.ipynb: no longer in the course",
    ]


def test_diff_is_a_command(updated, monkeypatch, capsys):
    monkeypatch.setattr(cli, "ROOT", updated)
    assert cli.main(["lab", "--diff"]) == 0
    assert capsys.readouterr().out == difference(updated, updated / "my-course") + "\n"


def test_an_installed_course_keeps_the_copies_where_the_learner_is(updated, monkeypatch, capsys):
    monkeypatch.setattr(cli, "ROOT", updated)
    monkeypatch.setattr(cli, "CARRIED", updated)
    elsewhere = updated / "elsewhere"
    elsewhere.mkdir()
    assert own_folder(elsewhere) == elsewhere / "my-course"
    for inside in ("my-course", "my-course/01_a"):
        monkeypatch.chdir(updated / inside)
        assert own_folder(Path.cwd()) == updated / "my-course"
        assert cli.main(["lab", "--diff"]) == 0
        assert f"{NAME}: the course changed 2 cells" in capsys.readouterr().out
    monkeypatch.chdir(elsewhere)
    assert cli.main(["lab", "--diff"]) == 0
    assert f"{NAME}: new, course lab copies it" in capsys.readouterr().out


def test_a_copy_has_the_metadata_that_its_jupyterlab_will_write(root):
    put(root / "notebooks" / NAME, TEXTS)
    copy_modules(root, root / "my-course")
    copy, source = root / "my-course" / NAME, root / "notebooks" / NAME
    made, given = json.loads(copy.read_text("utf-8")), json.loads(source.read_text("utf-8"))
    assert made["metadata"]["language_info"]["version"] == platform.python_version()
    assert made["metadata"]["kernelspec"]["name"] == "python3"
    assert made["cells"] == given["cells"]
    assert (root / "my-course" / ".given" / NAME).read_bytes() == source.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="there it is a child")
def test_what_jupyterlab_is_started_with(updated, monkeypatch):
    """The setting of who learns alone, the course's settings first, and `course` in terminals."""
    started = []

    def execv(program, command):
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setenv("SHELL", "/bin/some shell")
    monkeypatch.setenv("PATH", "/usr/bin")
    for name in (SELF_PACED, "JUPYTER_CONFIG_PATH", "JUPYTER_TOKEN"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(updated)
    with pytest.raises(SystemExit):
        lab(updated, updated / "my-course", browser=False)
    assert os.environ[SELF_PACED] == "1"
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert os.environ["JUPYTER_CONFIG_PATH"] == str(SETTINGS)
    assert "--ServerApp.terminado_settings=shell_command='/bin/some shell'" in started[0]
    off = json.loads((SETTINGS / "jupyter_server_config.json").read_text("utf-8"))
    parts = off["ServerApp"]["jpserver_extensions"]
    assert len(parts) == 4 and not any(parts.values())


def test_taken_port_is_named_with_a_way_out():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} is taken or not allowed; set PORT"):
            free_port(port)


def test_without_a_port_the_next_free_one_is_taken(monkeypatch):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("course_utils.learner.lab.FIRST_PORT", port)
        assert free_port(None) > port


def test_without_modules_it_says_how_to_make_them(tmp_path):
    with pytest.raises(ValueError, match="run: course build"):
        lab(tmp_path, tmp_path / "my-course")
    with pytest.raises(ValueError, match="run: course build"):
        difference(tmp_path, tmp_path / "my-course")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="stops JupyterLab by a signal")
def test_jupyterlab_serves_the_copies_without_asking_for_news(updated):
    root = updated
    (root / "my-course" / "02_b" / "02_b.ipynb").unlink()
    code = "from pathlib import Path; from course_utils.learner.lab import lab; "
    code += f"lab(Path({str(root)!r}), Path({str(root / 'my-course')!r}),"
    port = free_port(None)
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", f"{code} {port}, browser=False)"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        lines = [server.stdout.readline() for _ in range(4)]
        assert lines[:3] == [
            "new: 02_b/02_b.ipynb\n",
            f"{NAME}: the course changed 2 cells; you changed 1 cell\n",
            "What changed: course lab --diff\n",
        ]
        address = rf"JupyterLab: (http://{HOST}:{port}/lab/tree/home\.ipynb\?\S+)\n"
        page = re.fullmatch(address, lines[3])[1]
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(page, timeout=5) as answer:
                    text = answer.read().decode()
                break
            except OSError:
                assert time.monotonic() < deadline, (root / "log").read_text()
                time.sleep(0.2)
        data = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', text, re.DOTALL)
        off = json.loads(data[1])["disabledExtensions"]
        assert {"@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader"} <= set(off)
        assert "nbgrader" not in (root / "log").read_text()
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        server.stdout.close()
