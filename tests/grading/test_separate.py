"""A submission's code cannot reach the tests, and its scores are those of the bank."""

import os
import subprocess
import sysconfig
import textwrap
import time
import venv
from pathlib import Path

import nbformat
import psutil
import pytest
import torch
from bank import MODULES, SOURCES, Module, answered
from cases import at_least
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from course_utils.author import questions
from course_utils.author.notebook import source_notebook
from course_utils.grading import sandbox, separate, wire

pytestmark = pytest.mark.grading

SETUP = "import torch\nfrom course_utils import quiz as check"
TEST = """
def example():
    check.gives(double, 2, expect=4, why="Twice 2 is 4.")


points = 1.0 * check.passes("2", example)
points += check.passes("list", check.gives, double, [1], expect=[1, 1], why="A list doubles too.")
points += check.passes(
    "tensor", check.close, double, [[1.0], [2.0]], expect=[[2.0], [4.0]], why="Each element."
)
float(min(points, 3))
"""


@pytest.fixture(scope="module")
def boxed(sandboxed) -> bool:
    """True: with a sandbox."""
    return True


def quiz(name: str, source: str, **meta) -> nbformat.NotebookNode:
    mark = {"grade_id": name, "grade": False, "solution": False, "locked": False} | meta
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, **mark}})


def submission(*sources: str, test: str = TEST) -> nbformat.NotebookNode:
    answers = [quiz(f"double{i}", source, solution=True) for i, source in enumerate(sources)]
    graded = quiz("double_any", test, grade=True, locked=True, points=3)
    return new_notebook(cells=[quiz("setup", SETUP, locked=True), *answers, graded])


def points(notebook: nbformat.NotebookNode, **options) -> float:
    separate.execute(notebook, **options)
    return determine_grade(notebook.cells[-1])[0]


def printed(notebook: nbformat.NotebookNode, cell: int = -1) -> str:
    outputs = notebook.cells[cell].outputs
    return "".join(out.get("text", "") or out.get("evalue", "") for out in outputs)


RIGHT = "def double(x):\n    return x + x"


@pytest.mark.parametrize("lack", ["import no_such_module", "open('no such file')"])
def test_no_answer_is_scored_where_the_course_itself_fails(lack):
    notebook = submission(RIGHT)
    notebook.cells[0].source += f"\n{lack}"
    with pytest.raises(ValueError, match=r"own cell 'setup' fails on this machine: .*no.such"):
        points(notebook, sandbox=False)


def test_no_answer_is_scored_where_the_course_fails_beside_the_submission(boxed, tmp_path):
    here = tmp_path / "a file that the sandbox lacks"
    here.write_text("")
    notebook = submission(RIGHT)
    notebook.cells[0].source = f"open({str(here)!r}).close()\n{SETUP}"
    with pytest.raises(ValueError, match=r"own cell 'setup' fails on this machine: FileNotFound"):
        points(notebook)


AHEAD = """
def cases(random):
    return (random.randrange(100),)


def twice():
    check.against(lambda x: 2 * x, double, cases, why="Twice.")


def kept():
    check.keeps(double, lambda random: ([random.randrange(100)] * 2,), why="They must stay.")


float(check.passes("", {what}))
"""


@pytest.mark.parametrize(
    ("body", "what", "said"),
    [
        ("return x + x", "twice", "[ok]"),
        ("return x + x if len(seen) < 9 else 0", "twice", "Twice."),
        ("return x + x if len(seen) < 9 else os._exit(1)", "twice", "ended the Python process"),
        ("return x + x if len(seen) < 9 else 1 / 0", "twice", "ZeroDivisionError (line 4 of"),
        ("return x + x", "kept", "[ok]"),
        ("x[0] += len(seen) > 9", "kept", "They must stay."),
    ],
)
def test_calls_that_are_asked_for_together_are_told_apart(body, what, said):
    source = f"import os\nseen = []\ndef double(x):\n    seen.append(x); {body}"
    notebook = submission(source, test=AHEAD.format(what=what))
    assert points(notebook, sandbox=False) == (said == "[ok]")
    assert said in printed(notebook)


def test_each_comes_once_and_in_the_order_of_the_cases():
    answer = "import itertools\ncount = itertools.count()\ndouble = lambda x: next(count)"
    test = AHEAD.format(what="twice").replace("lambda x: 2 * x", "lambda x: next(count)")
    notebook = submission(answer, test=f"import itertools\ncount = itertools.count()\n{test}")
    assert points(notebook, sandbox=False) == 1.0


@pytest.mark.full
def test_a_call_that_nobody_waits_for_costs_no_process():
    """The first case that a definition has no use for ends the test; the next ones may never."""
    wrong = "def double(x):\n    seen.append(x)\n    while len(seen) > 9: pass\n    return 0"
    cells = [quiz("setup", SETUP, locked=True)]
    for i in range(separate.MOST_STOPS + 2):
        late = f"seen = []\n{wrong.replace('return 0', 'return 2 * x * (len(seen) < 5)')}"
        cells.append(quiz(f"double{i}", late, solution=True))
        test = AHEAD.format(what="twice")
        cells.append(quiz(f"double{i}_any", test, grade=True, locked=True, points=1))
    cells.append(quiz("double_last", RIGHT, solution=True))
    cells.append(quiz("double_last_any", TEST, grade=True, locked=True, points=3))
    notebook = new_notebook(cells=cells)
    assert points(notebook, sandbox=False) == 3.0
    assert "Twice." in printed(notebook, 2) and "Twice." in printed(notebook, -3)


def test_calls_whose_process_an_earlier_one_has_ended_have_its_answer(monkeypatch):
    """Also where the machine is busy, and the end of a pipe is seen late."""
    received = wire.received

    def late(pipe):
        try:
            return received(pipe)
        except wire.Closed:
            time.sleep(0.1)
            raise

    with separate.Submission(None, False, 5.0) as found:
        found.run("def endless():\n    while True: pass", 5.0)
        monkeypatch.setattr(wire, "received", late)
        asked = found.begin([separate.call_of("endless", (), {})] * 3)
        for reply, seconds in zip(asked, (0.5, 0.01, 1.0), strict=True):
            with pytest.raises(separate.NoAnswer, match=r"too long|ended"):
                found.finish(reply, "call", seconds)
        found.run("x = 1", 5.0)
    assert found.stops == 1


@pytest.mark.full
@pytest.mark.parametrize("late", ["time.sleep(0.1)", "while len(seen) > 9: pass"])
def test_nor_does_it_cost_time_where_cells_are_slow(late):
    """More than a new process for each check would leave of the limit."""
    body = f"seen.append(x)\n    {late}\n    return 2 * x if len(seen) % 16 < 4 else 0"
    slow = f"import time\ntime.sleep(2)\nseen = []\ndef double(x):\n    {body}"
    again = f"for _ in range(2):\n    {AHEAD.splitlines()[-1]}"
    test = AHEAD.replace(AHEAD.splitlines()[-1], again).format(what="twice")
    notebook = submission(slow, test=test)
    points(notebook, sandbox=False, seconds=4)
    assert "Twice." in printed(notebook) and "ran too long" not in printed(notebook)


@pytest.mark.parametrize(
    ("left", "seen"),
    [
        ("x[:] = [v > 0 for v in x]", [False, True]),
        ("x[:] = map(float, x)", [0.0, 1.0]),
        ("x[0] = -0.0", [-0.0, 1]),
        ("x.reverse()", [1, 0]),
        ("pass", [0, 1]),
    ],
)
def test_an_argument_comes_back_as_it_was_left(left, seen):
    test = "given = [0, 1]\ndouble(given)\nprint(given)\n1.0"
    notebook = submission(f"def double(x):\n    {left}", test=test)
    assert points(notebook, sandbox=False) == 1.0
    assert printed(notebook) == f"{seen}\n"


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ("torch.ones(2)", "x.unsqueeze_(0)"),
        ("torch.ones(2)", "x.data = x.double()"),
        ("{1}", "x.add(2)"),
        ("([1], {2: 3})", "x[1].clear()"),
        ("__import__('collections').deque([1])", "x.append(2)"),
    ],
)
def test_what_must_stay_is_compared_whatever_it_is(given, change):
    test = AHEAD.format(what="kept").replace("[random.randrange(100)] * 2", given)
    notebook = submission(f"def double(x):\n    {change}", test=test)
    assert points(notebook, sandbox=False) == 0.0
    assert "They must stay." in printed(notebook)


@pytest.mark.parametrize(
    ("given", "change", "look", "seen"),
    [
        (
            "collections.OrderedDict(a=1)",
            "x['b'] = 2",
            "list(given.items())",
            "[('a', 1), ('b', 2)]",
        ),
        ("collections.Counter(a=1)", "x['b'] = 2", "sorted(given.items())", "[('a', 1), ('b', 2)]"),
        ("torch.zeros(1)", "x[0] = -0.0", "given.signbit().item()", "True"),
        ("(lambda t: (t, t))(torch.zeros(1))", "x[0].add_(1)", "given[1].item()", "1.0"),
        ("(torch.tensor([math.nan]).expand(2), [1])", "x[1].append(2)", "given[1]", "[1, 2]"),
    ],
)
def test_nothing_else_is_changed_in_what_comes_back(given, change, look, seen):
    test = f"import collections, math, torch\ngiven = {given}\ndouble(given)\nprint({look})\n1.0"
    notebook = submission(f"def double(x):\n    {change}", test=test)
    assert points(notebook, sandbox=False) == 1.0
    assert printed(notebook) == f"{seen}\n"


def test_an_answer_too_long_for_a_message_costs_no_process():
    """Its values may be small enough, and their message too long: it writes bytes as text."""
    long = "import torch\ndef double(x):\n    return torch.zeros(900_000, dtype=torch.float64)"
    test = f"{TEST[: TEST.index('points +=')]}\npoints\n" * (separate.MOST_STOPS + 2)
    cells = submission(long, test=test).cells + submission(RIGHT).cells[1:]
    notebook = new_notebook(cells=cells)
    assert points(notebook, sandbox=False) == 3.0
    assert "a message must have at most" in printed(notebook, 2)


def test_what_outlives_its_process_keeps_nobody_waiting():
    """It holds the other ends of the pipes."""
    began = time.monotonic()
    left = "import os, time\nif os.fork():\n    os._exit(0)\ntime.sleep(120)"
    assert points(submission(left, RIGHT), sandbox=False, seconds=4) == 3.0
    assert time.monotonic() - began < 100


def test_a_side_that_ended_while_it_waited_is_not_taken():
    sandbox.prepare()
    sandbox.waiting[0].kill()
    sandbox.waiting[0].wait()
    assert points(submission(RIGHT), sandbox=False) == 3.0
    assert sandbox.waiting == []


def test_a_cell_of_the_course_may_use_a_name_that_only_answers_have():
    notebook = submission(RIGHT)
    notebook.cells.insert(2, quiz("shown", "print(double(2))", locked=True))
    assert points(notebook, sandbox=False) == 3.0


def test_a_right_function_gets_all_points(boxed):
    notebook = submission("helper = 2", "def double(x):\n    return x * helper")
    assert points(notebook) == 3.0
    assert points(submission(RIGHT), sandbox=False) == 3.0


def test_a_wrong_function_gets_its_reason(boxed):
    notebook = submission("def double(x):\n    return x if isinstance(x, list) else 2 * x")
    assert points(notebook) == 2.0
    assert "[not yet] list: A list doubles too." in printed(notebook)


# Each would raise the points if the submission ran where the tests do.
FORGERIES = {
    "checks replaced": """
        from course_utils import quiz
        quiz.gives = quiz.close = lambda *args, **kwargs: None
        quiz.passes = lambda *args, **kwargs: True
        double = lambda x: None
    """,
    "min and float replaced": """
        min = lambda *args: 3.0
        float = lambda x: 3.0
        def double(x): return None
    """,
    "always equal": """
        class Any(float):
            __eq__ = __le__ = __ge__ = lambda self, other: True
            __hash__ = float.__hash__
            __sub__ = __abs__ = lambda self, *other: 0.0
        def double(x): return Any()
    """,
    "asserts stripped from every cell": """
        import ast
        class NoAsserts(ast.NodeTransformer):
            def visit_Assert(self, node): return ast.Pass()
        get_ipython().ast_transformers.append(NoAsserts())
        def double(x): return None
    """,
    "caller's frame": """
        import sys
        def double(x):
            frame = sys._getframe()
            while frame:
                frame.f_globals["points"] = frame.f_locals["points"] = 3.0
                frame = frame.f_back
    """,
    "every dictionary in memory": """
        import gc
        def double(x):
            for found in gc.get_objects():
                if isinstance(found, dict) and "points" in found:
                    found["points"] = 3.0
    """,
    "forged reply": """
        import json, os, struct
        def double(x):
            data = json.dumps({"value": 4, "args": [], "points": 3.0}).encode()
            for fd in range(3, 20):
                try:
                    os.write(fd, struct.pack(">I", len(data)) + data)
                except OSError:
                    pass
    """,
    "printed points": """
        def double(x):
            print("3.0")
            return 3.0
    """,
    "raises what passes": """
        class Passed(BaseException): pass
        def double(x): raise Passed("3.0")
    """,
    "a pickle that acts": """
        class Evil:
            def __reduce__(self): return (exec, ("points = 3.0",))
        def double(x): return Evil()
    """,
    "patched tensors": """
        import torch
        torch.allclose = torch.equal = lambda *args, **kwargs: True
        def double(x): return torch.zeros(2, 1)
    """,
    "exit hook": """
        import atexit, os
        atexit.register(lambda: os.write(1, b"3.0"))
        def double(x): os._exit(0)
    """,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_gains_no_point(name, boxed):
    notebook = submission(textwrap.dedent(FORGERIES[name]))
    assert points(notebook, seconds=10) <= (1.0 if name == "forged reply" else 0.0)


SECRETS = {
    "source with answers": str(Path(__file__).parents[2] / "quizzes"),
    "bank": str(Path(__file__).parents[1]),
    "home": str(Path.home() / ".bashrc"),
    "users": "/etc/passwd",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_submission_sees_nothing_that_is_not_its_own(name, boxed):
    notebook = submission(
        f"import os\nseen = os.path.exists({SECRETS[name]!r})", test="print(seen)\nassert not seen"
    )
    assert points(notebook) == 3.0
    assert printed(notebook) == "False\n"


def test_the_sandbox_starts_with_a_python_in_a_private_folder_of_tmp(boxed, tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    tmp_path.chmod(0o700)
    code = "import subprocess, sys; from course_utils.grading import sandbox; subprocess.run("
    code += "[*sandbox.argv(), sys.executable, '-c', 'import sys; print(sys.prefix)'], check=True)"
    path = os.pathsep.join([str(sandbox.PACKAGE.parent), sysconfig.get_path("purelib")])
    ran = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}
    )
    assert ran.stdout.strip() == str(tmp_path / "venv"), ran.stderr


def test_a_submission_gets_its_files_and_no_variable_of_ours(boxed, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("given")
    (tmp_path / "other.ipynb").write_text("{}")
    notebook = submission(
        "import os\nwords = open('data/words.txt').read()\n"
        "files = sorted(os.listdir())\nvariables = sorted(os.environ)",
        test="print(words, files, 'SECRET_TOKEN' in variables)",
    )
    separate.execute(notebook, folder=tmp_path)
    assert printed(notebook) == "given ['data'] False\n"


@pytest.mark.parametrize(
    "attack",
    [
        "open('/usr/lib/x', 'w')",
        "open('/tmp/x', 'wb').write(bytes(100 * 2**20))",
        "open('data.txt', 'w')",
        "import torch; open(torch.__file__, 'a')",
        "import socket; socket.create_connection(('127.0.0.1', 22), 2)",
        "import os; os.kill(os.getppid(), 9); os.setuid(0)",
        "import os\nfor _ in range(5000):\n    if os.fork() == 0: import time; time.sleep(60)",
    ],
)
def test_what_a_submission_may_not_do_is_an_error_of_its_own(attack, boxed, tmp_path):
    (tmp_path / "data.txt").write_text("given")
    notebook = submission(attack, RIGHT)
    assert points(notebook, folder=tmp_path) == 3.0
    assert [out.output_type for out in notebook.cells[1].outputs] == ["error"]
    assert (tmp_path / "data.txt").read_text() == "given"


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("while True: pass", "ran too long"),
        (
            "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n"
            "    try:\n        while True: pass\n    except BaseException: pass",
            "ran too long",
        ),
        ("import os; os._exit(0)", "ended the Python process"),
        ("x = []\nwhile True: x.append(bytearray(2**28))", ""),
    ],
)
def test_a_cell_that_hangs_or_dies_costs_only_itself(attack, said, boxed):
    notebook = submission(attack, RIGHT)
    assert points(notebook, seconds=4) == 3.0
    assert said in notebook.cells[1].outputs[-1].evalue


@pytest.mark.full
def test_forks_without_end_cost_only_their_own_submission(boxed):
    bomb = "import os\nwhile os.fork() or True: x = bytearray(2**26)"
    assert points(submission(bomb, RIGHT)) == 3.0
    assert points(submission(RIGHT)) == 3.0


LEFT_BEHIND = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        if {orphan} and os.fork(): os._exit(0)
        time.sleep(1)
        kept = b"x" * 2**28
        time.sleep(60)
"""


@pytest.mark.parametrize("orphan", [False, True])
def test_what_an_earlier_cell_left_behind_costs_no_later_answer_its_memory(
    orphan, boxed, monkeypatch
):
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    slow = "import time\ndef double(x):\n    time.sleep(1.5)\n    return x + x"
    notebook = submission(LEFT_BEHIND.format(orphan=orphan), slow)
    assert points(notebook, seconds=10) == 3.0
    assert not notebook.cells[1].outputs


@pytest.mark.full
def test_a_cell_that_waits_for_what_used_too_much_memory_is_told_so(boxed, monkeypatch):
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    wait = LEFT_BEHIND.format(orphan=False) + "os.wait()\nwhile True: time.sleep(1)"
    notebook = submission(wait, RIGHT)
    assert points(notebook, seconds=10) == 3.0
    assert "too much memory" in notebook.cells[1].outputs[-1].evalue


@pytest.mark.full
def test_a_cell_that_takes_too_much_memory_again_and_again_is_ended(boxed, monkeypatch):
    cuts, send = [], sandbox.send
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    monkeypatch.setattr(sandbox, "send", lambda what, to: (cuts.append(what), send(what, to)))
    fill = (
        "while True:\n    if os.fork() == 0:\n        kept = b'x' * 2**28\n        time.sleep(60)\n"
    )
    notebook = submission(
        f"import os, time\n{fill}    time.sleep(0.2)\n    os.waitpid(-1, 1)", RIGHT
    )
    assert points(notebook, seconds=60) == 3.0
    assert "too much memory" in notebook.cells[1].outputs[-1].evalue
    assert cuts.count(psutil.Process.kill) == sandbox.MOST_CUTS


@pytest.mark.parametrize("sandbox_on", [True, False])
def test_a_cell_that_takes_too_much_memory_itself_is_told_so(sandbox_on, sandboxed, monkeypatch):
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    notebook = submission("x = b'x' * 2**30\nwhile True: pass", RIGHT)
    assert points(notebook, sandbox=sandbox_on, seconds=20) == 3.0
    assert "too much memory" in notebook.cells[1].outputs[-1].evalue


ODD_NAME = "import ctypes\nctypes.CDLL(None).prctl(15, b'\\xff', 0, 0, 0)\n"
HOPS = """
import os
kept = []
while True:
    if os.fork(): os._exit(0)
    kept.append(b"x" * 2**22)
"""


@pytest.mark.full
@pytest.mark.parametrize("fill", [ODD_NAME + "x = b'x' * 2**30\nwhile True: pass", HOPS])
def test_no_name_and_no_haste_hides_memory(fill, boxed, monkeypatch):
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    start = "import os, time\nif os.fork():\n    while True: time.sleep(1)\n"
    notebook = submission(start + fill, RIGHT)
    assert points(notebook, seconds=40) == 3.0
    assert "too much memory" in notebook.cells[1].outputs[-1].evalue


def test_forks_that_run_to_the_end_of_the_cell_do_not_answer_for_it(boxed):
    notebook = submission("import os\nfor _ in range(4): os.fork()\nx = 1", RIGHT, RIGHT)
    assert points(notebook) == 3.0
    assert not notebook.cells[1].outputs


SHARE = """
import os, signal, time
x = bytearray(2**29)
children = []
for _ in range(12):
    if not (child := os.fork()):
        time.sleep(30)
        os._exit(0)
    children.append(child)
"""


def test_what_forks_share_counts_as_memory_once_and_stops_nobody(boxed, monkeypatch):
    """But for a count that met one as it began or ended."""
    counts, stops = [], []

    def noted(method, numbers):
        def call(process):
            numbers.append(len(sandbox.children(process.process.pid)))
            return method(process)

        return call

    monkeypatch.setattr(sandbox.Process, "within", noted(sandbox.Process.within, counts))
    monkeypatch.setattr(sandbox.Process, "stop", noted(sandbox.Process.stop, stops))
    notebook = submission(SHARE + "time.sleep(4)", RIGHT)
    assert points(notebook) == 3.0
    assert not notebook.cells[1].outputs
    assert max(counts) > 12
    assert counts.count(max(counts)) > 2
    assert stops.count(max(counts)) < 2


@pytest.fixture
def counts_at_rest(monkeypatch):
    """As if there was always a newcomer."""
    monkeypatch.setattr(sandbox.Process, "share_little", lambda process: False)


LOOK = """
os.kill(children[0], signal.SIGSTOP)
assert os.waitpid(children[0], os.WUNTRACED)[0]
until = time.monotonic() + 3
while time.monotonic() < until:
    assert not any(os.waitpid(child, os.WUNTRACED | os.WNOHANG)[0] for child in children[1:])
state = [open(f"/proc/{child}/stat").read().rsplit(")")[-1].split()[0] for child in children]
assert state[0] == "T" and "T" not in state[1:], state
"""


@pytest.mark.usefixtures("counts_at_rest")
def test_code_does_not_notice_that_it_was_stopped_to_be_counted(boxed):
    notebook = submission(SHARE + LOOK, RIGHT)
    assert points(notebook) == 3.0
    assert not notebook.cells[1].outputs


def test_those_that_started_others_are_stopped_first(boxed, monkeypatch):
    """None of them can stop a process that has been looked at."""
    order = []
    monkeypatch.setattr(sandbox, "stands_still", lambda process: order.append(("seen", process)))
    monkeypatch.setattr(psutil.Process, "suspend", lambda process: order.append(("sent", process)))
    with separate.Submission(None, True, 30.0) as found:
        found.run("import os, time\nif not os.fork(): time.sleep(30)", 30.0)
        order.clear()
        inside = list(found.process.stop())
        parents = [one.parent() for one in inside[1:]]
    assert order == [(what, one) for one in inside for what in ("seen", "sent")]
    assert len(inside) > 2 and inside[0].pid == found.process.process.pid
    assert all(parent in inside[: at + 1] for at, parent in enumerate(parents))


@pytest.mark.usefixtures("counts_at_rest")
def test_the_time_in_which_code_was_counted_is_given_back(boxed):
    with separate.Submission(None, True, 30.0) as found:
        found.run(SHARE + "time.sleep(2)", 30.0)
        process = found.process
        assert process.paused > 0.0
        assert process.starved() < process.paused  # it was told of the rest before
        assert process.all_starved() >= process.paused


def test_an_endless_function_is_told_its_limit_after_quick_calls(boxed):
    test = "double(1)\n" * 20 + "import time; time.sleep(1.5)\ndouble(2)"
    notebook = submission("def double(x):\n    while x == 2: pass", test=test)
    assert points(notebook, seconds=2) == 0
    assert "more than 2 s" in printed(notebook)


def always(self) -> float:
    """Others have the processors all the time: what has passed since this was asked last."""
    before, self.noted = self.noted or time.monotonic(), time.monotonic()
    return self.noted - before


@pytest.mark.parametrize(("starved", "said"), [(always, []), (lambda self: 0.0, ["ran too long"])])
def test_time_that_others_took_does_not_count(starved, said, boxed, monkeypatch):
    """Of a cell, and of all calls of a test together."""
    monkeypatch.setattr(sandbox.Process, "starved", starved)
    slow = "import time\ntime.sleep(3)\ndef double(x):\n    time.sleep(1)\n    return x + x"
    notebook = submission(slow, test="assert [double(i) for i in range(3)] == [0, 2, 4]")
    assert points(notebook, seconds=2) == (0.0 if said else 3.0)
    assert [word for word in said if word not in str(notebook.cells[1].outputs)] == []


def test_a_process_tells_how_long_it_was_ready_to_run(boxed):
    """As it does in its start."""
    with separate.Submission(None, True, 5.0) as found:
        found.run("while True: pass", 1.0)
        found.run("x = 1", 5.0)
        process = found.process
        assert process.worker == sandbox.children(process.process.pid)[-1].pid
        assert not Path("/proc/self/schedstat").exists() or process.all_starved() > 0.0


def test_there_is_an_end_to_patience(boxed, monkeypatch):
    monkeypatch.setattr(sandbox.Process, "starved", always)
    began = time.monotonic()
    notebook = submission("while True: pass", test="None")
    points(notebook, seconds=1)
    assert "ran too long" in str(notebook.cells[1].outputs)
    assert time.monotonic() - began > separate.PATIENCE


def test_a_flood_of_output_is_cut_short(boxed):
    notebook = submission("for _ in range(10**4): print('x' * 6000)", RIGHT)
    assert points(notebook) == 3.0
    assert len(nbformat.writes(notebook)) < 100_000


def test_nothing_is_left_running(boxed):
    mark = f"mark_{os.getpid()}"
    notebook = submission(
        "import os, subprocess, sys\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(99)', "
        f"'{mark}'])\n    os._exit(0)",
        RIGHT,
    )
    assert points(notebook) == 3.0
    end = time.monotonic() + 30  # far less than it would live
    while any(mark in (p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_arguments_come_back_as_the_function_left_them(boxed):
    notebook = submission(
        "def double(x):\n    x *= 2\n    return x",
        test="x = torch.ones(2)\ndouble(x)\nprint(x.tolist())\nnumbers = [1]\ndouble(numbers)\n"
        "print(numbers)",
    )
    points(notebook)
    assert printed(notebook) == "[2.0, 2.0]\n[1, 1]\n"


def test_only_the_cells_of_the_lesson_that_are_needed_run(boxed):
    lesson = ["table = {'a': 2}", "ran = 1 / 0", "factor = table['a']", "factor = 9"]
    notebook = submission("def double(x):\n    return x * factor", test=TEST)
    notebook.cells[1:1] = [new_code_cell(source) for source in lesson[:3]]
    assert points(notebook, lesson=lesson) == 3.0
    assert [len(cell.outputs) for cell in notebook.cells[1:4]] == [0, 0, 0]
    notebook.cells[2].source = "ran = 1 / 0 # edited"
    assert points(notebook, lesson=lesson) == 3.0
    assert notebook.cells[2].outputs[0].ename == "ZeroDivisionError"


@pytest.mark.slow
@pytest.mark.parametrize("name", at_least("04_top_p", of=MODULES))
def test_scores_are_those_of_the_bank(name, boxed):
    """The first wrong answer of every item at once, and a right one."""
    module = Module(name)
    worth = module.worth()
    for pick in ("right", "wrong"):
        notebook = source_notebook(SOURCES / name / f"{name}.py")
        expected, given = {}, {}
        for cell in notebook.cells:
            item = cell.metadata.get("nbgrader", {}).get("grade_id")
            if item in module.bank:
                listed = module.bank[item].answers(worth[item])
                nth = 1 if pick == "right" else len(module.bank[item].right)
                _, code, expected[item] = listed[nth]
                cell.source = answered(cell.source, code)
        lesson = [cell.source for cell in notebook.cells if "nbgrader" not in cell.metadata]
        separate.execute(notebook, lesson)
        for cell in filter(separate.is_test, notebook.cells):
            item = cell.metadata.nbgrader.grade_id.removesuffix(questions.TEST)
            given[item] = determine_grade(cell)[0]
        assert given == expected


def test_tensors_of_every_kind_cross_unchanged():
    for dtype in (getattr(torch, name) for name in wire.DTYPES):
        for shape in ((), (0,), (3,), (2, 0, 3), (2, 3)):
            tensor = torch.ones(shape, dtype=dtype)
            back = wire.decode(wire.encode(tensor))
            assert back.dtype == dtype and torch.equal(back, tensor)
    strange = torch.tensor([float("nan"), -torch.inf, 0.0])
    assert wire.decode(wire.encode(strange)).isnan().tolist() == [True, False, False]


@pytest.mark.parametrize(
    "data",
    [
        {"t": "tensor", "dtype": "float32", "shape": [10**9], "v": ""},
        {"t": "tensor", "dtype": "object", "shape": [1], "v": "AAAA"},
        {"t": "tensor", "dtype": "float32", "shape": [1], "v": "***"},
        {"t": "array", "dtype": "O", "shape": [1], "v": "AAAAAAAAAAA="},
        {"t": "int", "v": "9" * 5000},
        {"t": "dict", "v": [[[], 1]]},
        {"t": "set", "v": [[1]]},
        {"t": "pickle", "v": "gASVAAAA"},
        {"v": 1},
        {"t": ["tuple"], "v": []},
    ],
)
def test_what_is_no_value_is_refused(data):
    with pytest.raises(wire.Malformed):
        wire.decode(data)


def test_deep_values_are_cut_off_and_refused():
    deep: list = []
    for _ in range(200):
        deep = [deep]
    assert "deeply nested" in str(wire.encode(deep))
    with pytest.raises(wire.Malformed):
        wire.decode(deep)
