"""A class of 300, some of them hostile in every way that we know, is graded by an ordinary user.

Two modules: the attacks' target, with private tests that a secret is planted in, and the course's
first one. On two idle cores it takes some ten minutes.
"""

import contextlib
import csv
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
import zipfile
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nbformat
import psutil
import pytest
from grading.attacks.cases import CELLS, FOLDERS, HARM, ODD, POINTS, READ, WRITE, Attack
from grading.attacks.tellers import HOSTILE, transformed
from grading.attacks.test_attacks import OURS
from grading.attacks.world import ALL, NAME, SECRETS, World
from grading.test_ends import nested
from grading.users import ROOT, readable_python
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_utils.author.build import copy_sources
from course_utils.author.source import HIDDEN, inside
from course_utils.grading.repair import quiz_id

pytestmark = [pytest.mark.grading, pytest.mark.prove, pytest.mark.usefixtures("sandboxed")]

STUDENTS = 300
FIRST = "00_start_here"
SECRET = "quux_8311_zyx"
# Beside the hidden tests of the module: a text to carry out, and a value that a test gives to
# native code, which counts as many numbers as the largest.
PRIVATE = f"""
# %% double_any
import torch
assert double({SECRET!r}) == 2 * {SECRET!r}, "A text has a double too."
assert torch.bincount(torch.as_tensor(double([1, 3]))).tolist() == [0, 2, 0, 2], "Count them."
"""


# Hostile ones


def own(tries: str, double: str = "", **options) -> Attack:
    return Attack(tries, {"double": double} if double else {}, "points", **options)


def folder_of(*names: bytes):
    """Files of these names in the folder that is handed in."""

    def place(folder: Path) -> None:
        for name in names:
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("odd")

    return place


def written(data: bytes):
    """The notebook's file holds this instead."""
    return lambda folder: (folder / f"{NAME}.ipynb").write_bytes(data)


def json_changed(change):
    """The notebook's JSON is changed in place, past what nbformat would write."""

    def place(folder: Path) -> None:
        path = folder / f"{NAME}.ipynb"
        data = json.loads(path.read_bytes())
        change(data)
        path.write_text(json.dumps(data), "utf-8")

    return place


def odd_languages(data: dict) -> None:
    data["metadata"]["language_info"] = {"name": ["python"], "pygments_lexer": ["html"]}
    for cell in data["cells"]:
        cell["metadata"] |= {"magics_language": ["html"], "language_info": 3}


def markdown(text: str):
    return lambda notebook: notebook.cells.append(new_markdown_cell(text))


def code(text: str):
    return lambda notebook: notebook.cells.append(new_code_cell(text))


ODD_REPLIES = """
import itertools
from course_utils.grading import wire
real, odd = wire.send, itertools.cycle([
    {"value": {"t": "dict", "v": [[1, 2, 3]]}, "args": 5, "printed": ["x"]},
    {"error": [["AssertionError"], {}, 1e999]}, {"error": "AssertionError"}, {"error": [1, 2, 3]},
    {"found": 1, "value": {"t": "function", "v": "x"}, "args": {}, "used": 1},
    {"value": {"t": "scalar", "dtype": "<c16", "shape": [], "v": "AAAA"}, "args": ""},
    {"value": {"t": "array", "dtype": "O", "shape": [1, 1], "v": [{"t": "function"}]}, "args": []},
    {"value": {"t": "tensor", "dtype": "bool", "shape": [True], "v": "/w=="}, "args": [None, 1]},
    {"value": 10**400, "args": []}, {"value": float("nan"), "args": [float("inf")]},
    [], None, 3, {}, {"value": "x" * 8_000_000, "args": []},
])
wire.send = lambda stream, reply: real(stream, next(odd) if "printed" in reply else reply)
def double(x): return 1
"""


def more(source: str, times: int):
    """So many cells of this source more."""
    cell = {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}

    def change(data: dict) -> None:
        data["cells"] += [cell | {"metadata": {}}] * times

    return change


def long_ids(data: dict) -> None:
    more("", 1_000)(data)
    for i, cell in enumerate(data["cells"][-1_000:]):
        name = f"{i}" + "x" * 20_000
        data["cells"][i - 1_000] = cell | {"metadata": {"nbgrader": {"grade_id": name}}}


def long_names(folder: Path) -> None:
    (folder / ("d" * 200)).mkdir()
    for i in range(1_900):
        (folder / ("d" * 200) / f"{i:0240}").touch()


OWN = {
    # What ends a run
    "nested_1200": own("Folders in each other, more than Python can walk; they come later."),
    "nested_in_name": own("The same by a path in a name.", place=folder_of(b"a" * 255)),
    "many_files": own(
        "More files than may be.", place=folder_of(*(b"%d" % i for i in range(2500)))
    ),
    "first_year": own(
        "A time that no calendar has.",
        place=lambda f: (f / "timestamp.txt").write_text("0001-01-01 00:00:00 +1400"),
    ),
    "last_year": own(
        "A time after the last one.",
        place=lambda f: (f / "timestamp.txt").write_text("9999-12-31 23:59:59 -1200"),
    ),
    "languages": own("Lists for names of languages.", place=json_changed(odd_languages)),
    "brackets": own("Brackets without end.", place=written(b"[" * 200_000)),
    "objects": own("Objects in objects.", place=written(b'{"cells":' * 50_000)),
    "whole_number": own(
        "A number of a million digits.", place=written(b'{"nbformat": ' + b"4" * 10**6 + b"}")
    ),
    "half_of_it": own("A notebook cut in two.", place=written(b'{"nbformat": 4, "cells": [{"')),
    "not_a_sum": own("Signs that Python's parser refuses.", "-" * 60_000 + "1"),
    "and_so_on": own("The same by comparisons.", "x = 1\nx" + "<x" * 60_000),
    "in_calls": own("The same by calls.", "x" + "()" * 60_000),
    "null": own("A character that no source has.", "x = '\0'\ndef double(x): return 0"),
    # Native code
    "axes_of_arrays": own(
        "Sixty-four axes, and an empty one.",
        "import numpy as np\ndef double(x): return np.zeros([1] * 63 + [0])",
    ),
    "tensor_axes": own(
        "A hundred thousand axes.", "import torch\ndef double(x): return torch.zeros([1] * 100_000)"
    ),
    "large_count": own(
        "A count that takes all memory.",
        "def double(x): return 300_000_000 if x is None else [300_000_000] if type(x) is list "
        "else x + x",
    ),
    "largest_count": own(
        "The same with the largest number.",
        "def double(x): return [2**62] if type(x) is list else x + x",
    ),
    "negative_count": own(
        "Nothing that can be counted.",
        "def double(x): return [-1, 1.5, float('nan')] if type(x) is list else x + x",
    ),
    "objects_of_no_kind": own(
        "A million values that cross by name alone.",
        "def double(x): return [object()] * 1_000_000",
    ),
    "itself": own("A list in itself, twice.", "a = []\na += [a, a]\ndef double(x): return a"),
    # Pages
    "nested_divs": own("A page that no parser ends.", change=markdown("<div>" * 100_000)),
    "nested_quotes": own("The same by quotes.", change=markdown(">" * 9_000 + " x")),
    "nested_lists": own("The same by lists.", change=markdown("- " * 4_900 + "x")),
    "nested_links": own("The same by links.", change=markdown("[" * 9_900)),
    "nested_stars": own("The same by stars.", change=markdown("*a **b " * 1_400)),
    "nested_names": own(
        "Code that a lexer takes for ever to read.", change=code("'" + r"\N{" * 200_000)
    ),
    "nested_names_in_bounds": own("The same, shorter.", change=code("'" + r"\N{" * 300)),
    "formulas": own(
        "A formula wherever a word is.",
        "raise ValueError('=cmd|\\' /C calc\\'!A0')",
        change=code("print('=HYPERLINK(\"http://x\")')"),
    ),
    # Walls
    "keys_of_the_user": own(
        "A note in the user's keyring, for whoever comes next.",
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "print([libc.syscall(248, b'user', b'note', b'x', 1, ring) for ring in (-1, -2, -3, -4, -5)"
        "])",
    ),
    "threads": own(
        "Threads without end.",
        "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=[900], daemon=True).start()",
    ),
    "forks_when_called": own(
        "Forks in a call.", "import os\ndef double(x):\n    while True: os.fork()"
    ),
    "memory_of_pipes": own(
        "Memory in pipes.",
        "import os\nheld = []\nwhile True:\n    r, w = os.pipe(); held.append((r, w)); "
        "os.write(w, bytes(65536))",
    ),
    "memory_of_threads": own(
        "Memory in stacks.",
        "import threading, time\nthreading.stack_size(2**28)\n"
        "while True: threading.Thread(target=time.sleep, args=[900], daemon=True).start()",
    ),
    "stopped_signals": own(
        "A process that stops itself.",
        "import os, signal\ndef double(x): os.kill(os.getpid(), signal.SIGSTOP)",
    ),
    # Much of what is little
    "long_ids": own("Names of cells that fill every page.", place=json_changed(long_ids)),
    "many_prints": own(
        "A page of thirty megabytes, a little from each cell.",
        place=json_changed(more("print('x' * 19_999)", 1_500)),
    ),
    "colours": own(
        "Colours that change with each sign.",
        place=json_changed(more(r"print('\x1b[31m\x1b[1m\0' * 2_500)", 50)),
    ),
    "long_time": own(
        "A time of ten megabytes.",
        place=lambda f: (f / "timestamp.txt").write_text("1 " * 5_000_000),
    ),
    "long_names": own("More names than a command line takes.", place=long_names),
    # Values, frames, processes
    "odd_replies": own("Replies that are none.", ODD_REPLIES),
    "long_doubles": own(
        "Numbers of other sizes.",
        "import numpy as np\n"
        "def double(x): return np.longdouble(6) if x == 3 else np.clongdouble(1)",
    ),
    "masked": own(
        "Numbers that hide.",
        "import numpy as np\n"
        "def double(x): return np.ma.masked if x == 3 else np.ma.array([1], mask=[1])",
    ),
    "frames": own(
        "The frames of all threads.",
        "import sys\ndef double(x):\n    for frame in sys._current_frames().values():\n"
        "        while frame:\n            frame.f_globals['points'] = 2\n"
        "            frame.f_locals['reply'] = {'value': 6, 'args': []}\n"
        "            frame = frame.f_back",
    ),
    "traced": own(
        "A trace of all that runs.",
        "import sys\ndef trace(frame, event, value):\n    frame.f_globals['points'] = 2\n"
        "    return trace\nsys.settrace(trace); sys.setprofile(trace)\ndef double(x): return 0",
    ),
    "namesake": own(
        "Errors with the names of others.",
        "class NoAnswer(BaseException): pass\nclass AssertionError(Exception): pass\n"
        "def double(x): raise NoAnswer if x == 2 else AssertionError",
    ),
    "warned_points": own(
        "Points as a warning.",
        "import warnings\ndef double(x):\n    warnings.simplefilter('always')\n"
        "    warnings.warn('2.0')\n    return 2.0",
    ),
    "bytecode": own(
        "Code that no compiler made.",
        "def double(x): return x\ndouble.__code__ = double.__code__.replace(co_code=b'\\xff' * 99)",
    ),
    "crash": own("A fault.", "import ctypes\ndef double(x): ctypes.string_at(0)"),
    "held_pipe": own(
        "A child that holds the pipe.",
        "import os, time\ndef double(x):\n    os.fork() or time.sleep(900)\n    os._exit(0)",
    ),
    "low_limits": own(
        "Limits of its own.",
        "import resource\nfor x in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, "
        "resource.RLIMIT_STACK):\n    resource.setrlimit(x, (0, 0))",
    ),
    "closed_loop": own(
        "No event loop.",
        "import asyncio\nasyncio.get_event_loop().close()\ndef double(x): return 0",
    ),
    "endless_await": own("A wait without end.", "import asyncio\nawait asyncio.sleep(900)"),
    "debugger": own(
        "A debugger that waits.", "breakpoint()\ndef double(x):\n    breakpoint()\n    input()"
    ),
    "settings": own(
        "Settings of libraries.",
        "import matplotlib.pyplot\ndef double(x): return 0",
        files={
            "matplotlibrc": "backend: module://evil",
            "evil.py": "import os; os._exit(0)",
            "ipython_config.py": "1 / 0",
            ".pdbrc": "1 / 0",
        },
    ),
}
SOME = [
    *("read_own_hidden_tests", "read_environment_of_parents", "read_a_key_of_the_session"),
    *("keep_what_hidden_tests_give", "write_gradebook", "write_others_work", "leave_many_daemons"),
    *("use_the_network_later", "fork_bomb", "memory_bomb", "memory_bomb_of_files", "disk_bomb"),
    *("memory_bomb_of_many", "endless_loop", "no_parser_reads_it", "half_a_character"),
    *("stop_every_process", "no_asserts", "copied_grade_ids", "script_in_outputs"),
    *("link_to_a_key", "named_pipe", "name_that_is_no_text", "very_long_name"),
]
ATTACKS = READ | WRITE | HARM | POINTS | CELLS | FOLDERS | ODD
TELLERS = {
    f"teller_{i:02}": own(name, f"import torch\ndef double(x):\n    {body}")
    for i, (name, body) in enumerate(HOSTILE.items())
}
ALL_HOSTILE = OWN | {name: ATTACKS[name] for name in SOME} | TELLERS

# Honest ones

WRONG = {
    "double": ["return x", "return x * 3", "raise NotImplementedError", "pass"],
    "halve": ["return x", "return 2", "return x - x / 3"],
    "number": ["5394.5", "None", "'many'"],
}
DOUBLES = [
    "return x + x",
    "return 2 * x",
    "y = x * 2\n    return y",
    "return x if not x else x * 2",
]
HALVES = ["return x / 2", "return x * 0.5", "y = x / 2\n    return y"]
NUMBERS = ["5393", "5393.0", "5000 + 393"]
WORTH = {"double": 3.0, "halve": 1.0, "number": 3.0}


def honest(i: int) -> tuple[dict[str, str], float]:
    """The answers of an honest student, right in some parts, and what they are worth."""

    def pick(name: str, right: list[str], nth: int) -> str:
        texts = right if nth in parts else WRONG[name]
        return texts[i // 8 % len(texts)]

    parts = {nth for nth in range(3) if i >> nth & 1}
    functions = [
        f"def {name}(x):\n    # the {i}th\n    {pick(name, right, nth)}"
        for nth, (name, right) in enumerate((("double", DOUBLES), ("halve", HALVES)))
    ]
    answers = dict(zip(("double", "halve"), functions, strict=True))
    answers["number"] = f"number = {pick('number', NUMBERS, 2)}"
    return answers, sum(worth for nth, worth in enumerate(WORTH.values()) if nth in parts)


IN_TIME, DUE, LATE = (f"2026-11-{day} 12:00:00 UTC" for day in (20, 21, 22))


def is_late(i: int) -> bool:
    return i % 7 == 0


OTHERS = ("zoe", "ann", "n" * 252)  # all right; the attacks look for ann's words
FIRST_ANSWERS = [
    ({"read_a_bar": "answer_share = 71.3", "add": "def add(a, b):\n    return a + b"}, 2.0),
    ({"read_a_bar": "answer_share = '71,5'", "add": "def add(a, b):\n    return a * b"}, 1.0),
    ({"read_a_bar": "answer_share = 57.2", "add": "def add(x, y):\n    return y + x"}, 1.0),
    ({}, 0.0),
]


# The run


class Class(NamedTuple):
    """A graded class. scores: what each honest student must have, by module; hostile: the names of
    the others; said: what each command printed; seconds: what each took; executed: when
    each result was written, as of a command; changed: files that a submission may not change."""

    world: World
    scores: dict[str, dict[str, float]]
    hostile: list[str]
    said: dict[str, str]
    seconds: dict[str, float]
    executed: dict[str, dict[str, int]]
    changed: set[str]

    def lines(self, module: str, step: str = "grade") -> dict[str, str]:
        """How each submission of a module ended, by student, as `course grade` printed it."""
        told = self.said[step].split(f"{module}:\n")[1].split(" graded, ")[0]
        found = re.findall(r"^(\S+) +(\d.*|FAILED: .*)$", told, re.MULTILINE)
        return dict(found)


def hand_in(world: World) -> dict[str, dict[str, float]]:
    """All submissions. Returns what the honest ones have to get."""
    scores: dict[str, dict[str, float]] = {NAME: {}, FIRST: {}}
    for i in range(STUDENTS - len(ALL_HOSTILE) - len(OTHERS)):
        answers, scores[NAME][f"h{i:03}"] = honest(i)
        stamp = {"timestamp.txt": LATE if is_late(i) else IN_TIME}
        world.submit(f"h{i:03}", Attack("", answers, "", stamp))
    for student in OTHERS:
        world.submit(student)
        scores[NAME][student] = ALL
    for student, attack in ALL_HOSTILE.items():
        world.submit(student, attack)
    given = nbformat.read(ROOT / "notebooks" / FIRST / f"{FIRST}.ipynb", as_version=4)
    for i in range(0, len(scores[NAME]) - len(OTHERS), 10):
        student = f"h{i:03}"
        answers, scores[FIRST][student] = FIRST_ANSWERS[i // 10 % len(FIRST_ANSWERS)]
        notebook = deepcopy(given)
        for cell in notebook.cells:
            cell.source = answers.get(quiz_id(cell), cell.source)
        folder = world.course / "submitted" / student / FIRST
        folder.mkdir()
        nbformat.write(notebook, folder / f"{FIRST}.ipynb")
    return scores


def is_listed(student: str) -> bool:
    """Whether a list of a class may name a folder so."""
    return len(student) <= 200


def rosters(world: World, students: list[str]) -> None:
    """The class as Canvas and as Moodle export it; one has a name that is a formula."""
    names = {student: f"Student {i}" for i, student in enumerate(students)}
    names["zoe"] = "=HYPERLINK(A1) Zoe"
    numbered = list(enumerate(names.items(), 1))
    canvas = [("Student", "ID", "SIS Login ID", "Section", f"{NAME} (98)")]
    canvas += [("    Points Possible", "", "", "", "7")]
    canvas += [(name, str(i), student, "One", "") for i, (student, name) in numbered]
    heads = ("Identifier", "Full name", "Username", "Grade", "Maximum grade")
    moodle = [(*heads, "Last modified (grade)")]
    moodle += [(f"Participant {i}", name, who, "", "7", "-") for i, (who, name) in numbered]
    for platform, table in {"canvas": canvas, "moodle": moodle}.items():
        with (world.folder / f"{platform}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(table)


def killed_in_the_midst(world: World, command: list[str]) -> None:
    """Start a run, and kill it when a tenth is done."""
    running = subprocess.Popen(
        command, cwd=world.course, env=world.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while len(list((world.course / "grading" / NAME).glob("*.json"))) < STUDENTS / 10:
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.1)
    started = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.wait()
    psutil.wait_procs(started, timeout=60)


def changes(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {path for path in before | after if before.get(path) != after.get(path)}


@pytest.fixture(scope="module")
def graded():
    """The class, graded, with all that an instructor makes of it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Class(World(folder / "class", OURS), {}, sorted(ALL_HOSTILE), {}, {}, {}, set())
        world, course = made.world, made.world.course
        copy_sources(ROOT, folder / "copy", [FIRST])
        shutil.copytree(folder / "copy" / "source", course / "source", dirs_exist_ok=True)
        assert world.nbgrader("generate_assignment", FIRST).returncode == 0
        world.python = readable_python(folder)
        made.scores.update(hand_in(world))
        rosters(world, [*filter(is_listed, made.scores[NAME]), *ALL_HOSTILE])
        (course / "private").mkdir()
        (course / "private" / f"{NAME}.py").write_text(PRIVATE)
        if not os.geteuid():
            subprocess.run(["chown", "-R", "54321:54321", folder / "class"], check=True)
        before = world.guarded()
        deep = course / "submitted" / "nested_1200" / NAME
        nested(deep, 1200)
        module = [*world.python, "-m", "course_utils.cli"]
        killed_in_the_midst(world, [*module, "grade", "--all", "--workers", "2"])

        def run(step: str, module: str, *command: str) -> None:
            began = time.perf_counter()
            ran = world.run(module, *command)
            made.seconds[step] = time.perf_counter() - began
            made.said[step] = ran.stdout + ran.stderr
            kept = sorted((course / "grading").glob("*/*.json"))
            made.executed[step] = {str(path): path.stat().st_mtime_ns for path in kept}

        ours, whole = "course_utils.cli", ["grade", "--all", "--workers", "2"]
        run("grade", ours, *whole)
        run("again", ours, *whole)
        subprocess.run(["rm", "-rf", deep / "d"], check=True)  # too deep for Python
        made.changed.update(changes(before, world.guarded()))
        run("feedback", "nbgrader", "generate_feedback", NAME)
        run("due", "nbgrader", "db", "assignment", "add", NAME, f"--duedate={DUE}")
        with (course / "nbgrader_config.py").open("a") as settings:
            settings.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
        run("late", ours, *whole)
        for platform in ("canvas", "moodle"):
            run(f"roster {platform}", ours, "roster", NAME, str(world.folder / f"{platform}.csv"))
            run(f"export {platform}", ours, "export", NAME)
            assert (course / "exports").is_dir(), made.said
            (course / "exports").rename(course / f"exports_{platform}")
        run("analyse", ours, "analyse", NAME)
        run("similar", ours, "similar", NAME)
        run("export", "nbgrader", "export")
        yield made
        world.close()


def test_every_honest_score_is_right(graded, record_property):
    for step, seconds in graded.seconds.items():
        record_property(f"class of {STUDENTS}", f"{step}: {seconds:.1f} s")
    for module, scores in graded.scores.items():
        most = {NAME: 7, FIRST: 2}[module]
        told = graded.lines(module)
        wanted = {student: f"{points:g}/{most}" for student, points in scores.items()}
        assert {student: told.get(student) for student in wanted} == wanted, graded.said["grade"]


def test_every_hostile_one_is_graded_or_failed_with_its_reason(graded):
    told = graded.lines(NAME)
    assert set(graded.hostile) <= told.keys()
    points = {s: told[s].split("/")[0] for s in graded.hostile if "FAILED" not in told[s]}
    # Right for the numbers of one test; another one gives native code what it counts.
    partly = dict.fromkeys(("large_count", "largest_count", "negative_count"), "2")
    assert {student: found for student, found in points.items() if found != "0"} == partly


def texts(graded: Class) -> dict[str, str]:
    """All that is made of a class for students and platforms, by where it is."""
    course = graded.world.course
    found = dict(graded.said)
    for folder in ("feedback", "exports_canvas", "exports_moodle", "analysis"):
        for path in sorted((course / folder).rglob("*.*")):
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as opened:
                    found |= {
                        f"{path}/{name}": opened.read(name).decode() for name in opened.namelist()
                    }
            elif path.suffix != ".png":
                found[str(path)] = path.read_text("utf-8")
    found["grades"] = (course / "grades.csv").read_text("utf-8")
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as gradebook:
        tables = [
            row[0]
            for row in gradebook.execute("select name from sqlite_master where type = 'table'")
        ]
        for table in set(tables) - {"source_cell"}:  # the instructor's own, hidden tests and all
            found[table] = str(gradebook.execute(f"select * from {table}").fetchall())
    return found


def hidden_lines(graded: Class) -> list[str]:
    """Lines of the hidden and private tests of the module."""
    source = nbformat.read(graded.world.course / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    found = [inside(cell.source, HIDDEN) for cell in source.cells] + [PRIVATE]
    given = (graded.world.course / "release" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    lines = [line.strip() for text in found for line in text.splitlines()]
    return [line for line in lines if len(line) > 20 and line not in given]


def test_nothing_hidden_is_told_anywhere(graded):
    secret = [form for form in transformed(SECRET) if len(form) > 5]  # others are there by chance
    lines = hidden_lines(graded)
    assert len(lines) > 5
    wrong = {}
    for place, text in texts(graded).items():
        told = [form for form in secret if form in text]
        told += [line for line in lines if line in text or html.escape(line) in text]
        told += [
            word
            for what, word in SECRETS.items()
            if what != "ann" and re.search(rf"\b{word}\b", text)
        ]
        if told:
            wrong[place] = told
    assert wrong == {}
    ann = [
        path
        for path in graded.world.course.glob("feedback/*/*/*.html")
        if SECRETS["ann"] in path.read_text("utf-8")
    ]
    assert {path.parts[-3] for path in ann} == set(OTHERS)


def test_nothing_is_changed_sent_or_left_running(graded):
    assert graded.changed == set()
    assert graded.world.received == [] and graded.world.survivors() == []
    assert not list(graded.world.course.rglob("*.part"))
    assert not list(graded.world.loot.iterdir())


def test_only_what_is_new_is_run(graded):
    """Not what has been graded, and not for another due date."""
    first = graded.executed["grade"]
    assert graded.executed["again"] == first
    assert first.items() <= graded.executed["late"].items()  # then the nested folders are gone
    assert graded.said["again"] == graded.said["grade"]


def after(scores: dict[str, float]) -> dict[str, float]:
    """The scores once the due date and the policy are there, by which late work gets nothing."""
    late = {f"h{i:03}" for i in range(STUDENTS) if is_late(i)}
    return {student: 0.0 if student in late else points for student, points in scores.items()}


def test_a_due_date_counts_at_once(graded):
    told = graded.lines(NAME, "late")
    for student, points in after(graded.scores[NAME]).items():
        assert told[student].split(", ")[0] == f"{points:g}/7"
        assert ("late by 1 day" in told[student]) == (told[student] != f"{points:g}/7")
    assert graded.lines(FIRST, "late") == graded.lines(FIRST)


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_the_platform_gets_each_grade(platform, graded):
    course = graded.world.course
    with (course / f"exports_{platform}" / f"{NAME}.csv").open(
        encoding="utf-8", newline=""
    ) as text:
        rows = list(csv.DictReader(text))
    who, grade = ("SIS Login ID", f"{NAME} (98)") if platform == "canvas" else ("Username", "Grade")
    found = {row[who]: row[grade] for row in rows}
    for student, points in after(graded.scores[NAME]).items():
        assert found.get(student, f"{points:.2f}") == f"{points:.2f}"
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")]
    with (course / "grades.csv").open(encoding="utf-8", newline="") as text:
        table = {
            row["student_id"]: row for row in csv.DictReader(text) if row["assignment"] == NAME
        }
    wanted = after(graded.scores[NAME])
    assert {student: float(table[student]["score"]) for student in wanted} == wanted
