"""What keeps the course working on Windows and macOS, as far as another system can tell."""

import ast
import os
import subprocess
import sys

import pytest

from course_utils.cli import ROOT

# What a learner's commands import. Grading a class needs bubblewrap, and so Linux.
LEARNERS = (
    "cli",
    "quiz",
    "learner.lab",
    "learner.doctor",
    "learner.home",
    "learner.button",
    "author.build",
    "author.stock",
    "author.site",
    "author.gallery",
    "explore.still",
    "grading.score",
    "training.run",
)
# Python on Windows has none of these.
ABSENT_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
ABSENT_CALLS = ("fork", "geteuid", "getpgid", "getuid", "killpg", "mkfifo", "setsid", "uname")
WITHOUT = f"""
import importlib, os, sys
import IPython, ipywidgets, jupyterlab, matplotlib.figure, nbconvert, nbgrader.apps, psutil, torch
for name in {ABSENT_MODULES}:
    sys.modules[name] = None
for name in {ABSENT_CALLS}:
    delattr(os, name)
for name in {LEARNERS}:
    importlib.import_module(f"course_utils.{{name}}")
print("all imported")
"""


@pytest.mark.slow
def test_a_learners_commands_import_without_what_windows_lacks():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert done.stdout == "all imported\n", done.stderr


def text_calls(tree: ast.AST) -> list[ast.Call]:
    """The calls that read or write text in whatever encoding the machine prefers."""
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or any(word.arg == "encoding" for word in call.keywords):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        binary = any(isinstance(arg, str) and "b" in arg for arg in given)
        if (
            (name == "read_text" and not call.args)
            or (name == "write_text" and len(call.args) < 2)
            or (name == "open" and not binary and not unlike_a_file(call.func))
        ):
            found.append(call)
    return found


def unlike_a_file(function: ast.expr) -> bool:
    """Image.open and os.open give no text; `opened` is a zip, `direct` asks a server."""
    owner = getattr(function, "value", None)
    return isinstance(owner, ast.Name) and owner.id in (
        "Image",
        "os",
        "webbrowser",
        "opened",
        "direct",
    )


def test_every_text_is_read_and_written_as_utf_8():
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{call.lineno}: name the encoding"
        for path in sorted((ROOT / "course_utils").rglob("*.py"))
        for call in text_calls(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []
    assert len(text_calls(ast.parse("open(a)\np.read_text()\np.write_text(s)\nopen(a, 'rb')"))) == 3


@pytest.mark.slow
def test_a_pipe_that_cannot_hold_a_character_does_not_end_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.cli", "generate", "Snow ● fell", "--max-new-tokens=1"],
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},  # as a redirected output on Windows
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(rb"Snow \u25cf fell")
