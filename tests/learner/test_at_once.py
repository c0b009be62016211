import contextlib
import functools
import os
import random
import shutil
import signal
import subprocess
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from bank import Module, answered
from cases import at_least
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import new_output

from course_utils.learner import at_once
from course_utils.project import ROOT, SELF_PACED

MODULE = "05_penalties"
TEXT = ROOT / "quizzes" / "source" / MODULE / f"{MODULE}.py"
pytestmark = pytest.mark.slow
PREPARE = "from course_utils import quiz as check"


@contextmanager
def kernel(notebook: Path, **variables: str) -> Iterator[Callable[..., str]]:
    """A kernel of a notebook: run(code, id of its cell) -> what the page shows below it."""
    env = {k: v for k, v in os.environ.items() if k != SELF_PACED}
    env |= {"JPY_SESSION_NAME": str(notebook), **variables}
    manager, client = start_new_kernel(env=env, cwd=str(notebook.parent))

    def run(code: str, cell: str | None = None) -> str:
        content = {"code": textwrap.dedent(code), "silent": False, "store_history": True}
        content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        client.shell_channel.send(message)
        shown = []
        while True:
            reply = client.get_iopub_msg(timeout=60)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = reply["msg_type"], reply["content"]
            if kind == "stream":
                assert content["name"] == "stdout", content["text"]
                shown.append(content["text"])
            elif kind == "error":
                shown.append(f"{content['ename']}: {content['evalue']}\n")
            elif kind in ("execute_result", "display_data"):
                shown.append(content["data"]["text/plain"] + "\n")
            elif kind == "status" and content["execution_state"] == "idle":
                client.get_shell_msg(timeout=60)
                return "".join(shown)

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(tmp_path) -> Path:
    return Path(shutil.copy(ROOT / "notebooks" / MODULE / f"{MODULE}.ipynb", tmp_path))


@pytest.fixture(scope="module")
def module() -> Module:
    return Module(MODULE)


@pytest.fixture(scope="module")
def learner(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """`run` of a kernel of somebody who learns alone, with the set-up done."""
    folder = tmp_path_factory.mktemp("alone")
    path = Path(shutil.copy(ROOT / "notebooks" / MODULE / f"{MODULE}.ipynb", folder))
    with kernel(path, **{SELF_PACED: "1"}) as run:
        assert run(Module(MODULE).cells["setup"].source, "setup") == ""
        # As a lesson does: torch has threads then, which a copy of the process has not.
        assert run("square = torch.ones(2000, 2000)\nprint((square @ square).sum())")
        yield run


def right(module: Module, item: str) -> str:
    """An answer's cell with an answer that the bank calls right."""
    code = next(iter(module.bank[item].right.values()))
    return answered(module.cells[item].source, code)


def test_an_answer_is_told_at_once_with_the_reason_of_its_mistake(learner):
    assert learner('answer_prompt = "A"', "five_wolves").startswith("Not yet: 0 of 1 point. ")
    given = at_once.read_items(TEXT)["five_wolves"].given
    assert learner(given, "five_wolves") == ""
    said = learner("check.answered(answer_prompt)", "five_wolves_test")
    assert said.startswith("Not answered yet: ") and said.count("Not answered yet") == 1
    assert "0.0" in said and "Not yet:" not in said


@pytest.mark.parametrize(
    "line",
    [
        "print(logits, flush=True)",
        "print(penalty, file=sys.stderr)",
        "sys.stdout.writelines(['a', 'b'])",
        "warnings.warn('look out')",
        "logging.warning('look out')",
        "display(logits)",
    ],
)
def test_an_answer_may_show_something_though_it_may_not_call_the_course(learner, module, line):
    """What it prints and displays goes through functions of the course's own."""
    item = "my_repetition_penalty"
    learner("import logging, sys, warnings\nlogging.basicConfig()")
    code = textwrap.dedent(next(iter(module.bank[item].right.values())))
    assert "check.own" in module.test(item).source
    told = learner(answered(module.cells[item].source, f"{line}\n{code}"), item)
    assert told == "Right: 4 points.\n"


def test_a_letters_reason_never_names_the_right_one(learner, module):
    item = module.bank["five_wolves"]
    reasons = set()
    for code, points in ((code, points) for _, code, points in item.answers(1)):
        said = learner(code, "five_wolves")
        assert said == "Right: 1 point.\n" if points else said.startswith("Not")
        reasons.add(said)
        noted = learner("check.answered(answer_prompt)", "five_wolves_test")
        assert "button" not in noted
    assert len(reasons) >= 4


def test_code_is_told_with_points_and_each_reason_once(learner, module):
    name = "my_repetition_penalty"
    assert learner(right(module, name), name) == "Right: 4 points.\n"
    wrong = "def my_repetition_penalty(logits, ids, penalty):\n    return logits / penalty"
    said = learner(wrong, name)
    assert said.startswith("Not yet: ") and " of 4 points. " in said
    # JupyterLab breaks a longer line inside a word.
    assert all(len(line) <= 80 and line == line.strip() for line in said.splitlines())
    said = " ".join(said.split())
    sentences = [x for x in said.split(". ") if len(x) > 12]
    assert len(sentences) == len(set(sentences))
    below = learner(at_once.read_items(TEXT)[name].visible, f"{name}_test")
    visible, verdict = below.split("Not yet: ")
    for reason in at_once.read_items(TEXT)[name].visible, verdict:
        assert reason not in visible


def test_a_reason_that_a_cell_tells_of_two_checks_is_told_once():
    lines = "[ok] a\n[not yet] b: Look again.\n[not yet] c: the same.\n[not yet] d: Other.\n"
    outputs = [new_output("stream", name="stdout", text=lines)]
    assert at_once.reasons(outputs) == ["Look again.", "Other."]


def test_the_names_tell_where_the_cell_does_not(learner, module):
    """A cell that was pasted has an id of its own, and one of nbclient none."""
    for cell in ("6f1a2d44-0000-4000-8000-00000000000a", None):
        assert learner(right(module, "frequency_repair"), cell) == "Right: 2 points.\n"
        assert learner("somebody = 3", cell) == ""
    # Computed elsewhere, named in the answer's own cell.
    learner("mine = 'A'")
    assert learner("answer_ban = mine\n", "cat_story") == learner('answer_ban = "A"', None)


def test_cells_of_the_lesson_and_cells_that_fail_say_nothing(learner):
    assert learner("answer_ban = 'A'", next(iter(lesson_ids()))) == ""
    said = learner("answer_ban = 1 / 0", "cat_story")
    assert said == "ZeroDivisionError: division by zero\n"


def lesson_ids() -> set[str]:
    import nbformat

    with (ROOT / "notebooks" / MODULE / f"{MODULE}.ipynb").open(encoding="utf-8") as file:
        cells = nbformat.read(file, as_version=4).cells
    return {cell.id for cell in cells if "nbgrader" not in cell.metadata}


def test_nothing_stays_of_what_a_test_did(learner, module):
    learner("""
        import random, sys
        import numpy as np
        import matplotlib.pyplot as plt
        calls, kept = 0, []
    """)
    learner("repaired_frequency = before = None")
    learner("before = set(globals()), random.getstate(), torch.get_rng_state()")
    said = learner(
        """
        def repaired_frequency(logits, ids, penalty):
            global calls
            calls += 1
            kept.append(ids)
            repaired_frequency.seen = True
            random.random(), torch.rand(1), np.random.rand()
            plt.plot([1, 2])
            display("shown")
            print("printed", file=sys.stderr)
            result = logits.clone()
            for token in ids.tolist():
                result[token] -= penalty
            return result
        """,
        "frequency_repair",
    )
    assert said == "Right: 2 points.\n"
    assert learner("print(calls, kept, hasattr(repaired_frequency, 'seen'))") == "0 [] False\n"
    assert learner("print(plt.get_fignums(), random.getstate() == before[1])") == "[] True\n"
    assert learner("print(torch.equal(torch.get_rng_state(), before[2]))") == "True\n"
    new = learner("print({name for name in set(globals()) - before[0] if name[0] != '_'})")
    assert new == "set()\n"


@pytest.mark.parametrize(
    "stop, said",
    [
        ("while True: pass", "it ran for more than 1 s and was stopped. A loop without an end?"),
        ("import os; os._exit(3)", "it ended Python, where the whole test was tried on it."),
    ],
)
def test_the_kernel_outlives_any_answer(learner, stop, said):
    learner("from course_utils.learner import at_once; at_once.SECONDS = 1.0")
    answer = f"def repaired_frequency(logits, ids, penalty):\n    {stop}"
    assert learner(answer, "frequency_repair").split() == ["Not", "yet:", *said.split()]
    assert learner("at_once.SECONDS = 10.0; print(2)") == "2\n"


def test_it_is_off_unless_it_is_set(notebook, module):
    """The course's sources are there, as on the machine of a class."""
    for variables in ({}, {SELF_PACED: "0"}):
        with kernel(notebook, **variables) as run:
            run(PREPARE)
            assert run('answer_prompt = "A"', "five_wolves") == ""
            said = run("check.answered(answer_prompt)", "five_wolves_test")
            assert said == "Noted: A. The score button below tells whether it is right.\n"


@pytest.mark.full
def test_a_renamed_notebook_and_one_of_the_same_names_keep_apart(tmp_path, notebook, module):
    renamed = notebook.rename(tmp_path / "mine (1).ipynb")
    with kernel(renamed, **{SELF_PACED: "1"}) as run:
        run(PREPARE)
        assert run('answer_prompt = "A"', "five_wolves").startswith("Not yet: ")
        renamed.rename(tmp_path / "again.ipynb")
        assert run('answer_prompt = "A"', "five_wolves").startswith("Not yet: ")
    other = Path(
        shutil.copy(ROOT / "notebooks" / "02_temperature" / "02_temperature.ipynb", tmp_path)
    )
    with kernel(other, **{SELF_PACED: "1"}) as run:
        run(PREPARE)
        assert run('answer_prompt = "A"') == ""


def test_cells_of_the_lesson_do_not_wait_for_the_questions_to_be_read(notebook, module):
    with kernel(notebook, **{SELF_PACED: "1"}) as run:
        run(module.cells["setup"].source, "setup")
        lesson = next(iter(lesson_ids()))
        assert run("import sys; print('jupytext' in sys.modules)", lesson) == "False\n"
        assert run('answer_prompt = "A"', "five_wolves").startswith("Not yet: ")
        assert run("print('jupytext' in sys.modules)", lesson) == "True\n"


def test_other_notebooks_hear_nothing(tmp_path):
    (tmp_path / "own.ipynb").write_text("{}")
    with kernel(tmp_path / "own.ipynb", **{SELF_PACED: "1"}) as run:
        assert run(f"{PREPARE}\nanswer_prompt = 'A'") == ""


# Both ways to leave nothing behind

WAYS = [at_once.on_copies, *([at_once.in_a_fork] if at_once.CAN_FORK else [])]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "item",
    at_least(
        "five_wolves",
        "six_letters",
        of=["five_wolves", "digit_run", "six_letters", "my_repetition_penalty"],
    ),
)
def test_the_points_are_those_of_the_bank(module, way, item):
    read = at_once.read_items(TEXT)[item]
    for name, code, points in module.bank[item].answers(read.points):
        space = module.space({})
        exec(answered(module.cells[item].source, code), space)
        got, reason = way(functools.partial(at_once.judged, read, False), space, 60)
        assert got == points, name
        assert (got < read.points) == bool(reason)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_keeps_the_space_as_it_is(way):
    space: dict = {"kept": [1], "x": torch.zeros(2), "count": 0, "seen": Counter()}
    exec(
        """
def f(more=[]):
    global count
    count += 1
    kept.append(2)
    x.add_(1)
    more.append(3)
    f.seen = True
    return more
        """,
        space,
    )

    def work(inside: dict) -> list:
        random.random(), np.random.rand(), torch.rand(1)
        inside["f"]()
        inside["seen"]["now"] += 1
        return [inside["f"](), inside["count"], inside["kept"], inside["x"].tolist()]

    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert way(work, space, 60) == [[3, 3], 2, [1, 2, 2], [2.0, 2.0]]
    assert (space["kept"], space["x"].tolist(), space["count"]) == ([1], [0.0, 0.0], 0)
    assert not space["seen"]
    assert space["f"].__defaults__ == ([],) and not hasattr(space["f"], "seen")
    now = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert now == states


@pytest.mark.parametrize("way", WAYS)
def test_a_fault_of_the_test_itself_is_not_the_learners(way):
    def work(space: dict) -> None:
        raise ValueError("no such item")

    with pytest.raises((ValueError, RuntimeError), match="no such item"):
        way(work, {}, 60)


def runs(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.skipif(not at_once.CAN_FORK, reason="it forks")
def test_what_an_answer_starts_ends_with_its_trial_and_says_nothing():
    def forks(space: dict) -> int:
        if os.fork() == 0:  # goes on as if it were the trial itself
            return 2
        time.sleep(0.2)
        return 1

    def leaves(space: dict) -> int:
        return subprocess.Popen(["sleep", "60"]).pid

    assert at_once.in_a_fork(forks, {}, 60) in (1, 2)
    left, end = at_once.in_a_fork(leaves, {}, 60), time.monotonic() + 30
    while runs(left):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("interrupts", [signal.default_int_handler, signal.SIG_IGN])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_ends_in_time(way, interrupts, request):
    """Also in a process that began where interrupts are ignored."""
    before = signal.signal(signal.SIGINT, interrupts)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def endless(space: dict) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            pass

    def caught(space: dict) -> None:
        """As a test that calls a function again, and takes an interrupt for its error."""
        for _ in range(5):
            with contextlib.suppress(KeyboardInterrupt):
                endless(space)

    for work in (endless, caught):
        began = time.monotonic()
        with pytest.raises(at_once.Stopped, match=r"more than 0\.3 s"):
            way(work, {}, 0.3)
        assert time.monotonic() - began < 5
    assert signal.getsignal(signal.SIGINT) is interrupts
