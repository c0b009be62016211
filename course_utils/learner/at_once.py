"""Says at once, when an answer is run, whether it is right, and why not.

Where somebody learns alone (`project.self_paced`), `quiz` calls `watch` in the kernel that imports
it. After each cell that holds an answer, or an answer's test, the whole test of that answer runs,
as the grader runs it, on what the kernel has under the answer's names.
"""

import contextlib
import copy
import functools
import json
import os
import random
import select
import signal
import sys
import textwrap
import threading
import time
import warnings
from _thread import interrupt_main
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import numpy as np
import torch

from course_utils.grading.wire import DICTS
from course_utils.learner import here, scorer
from course_utils.project import ROOT

WIDE = 80  # characters
SECONDS = 10.0  # for all of a test, as the learner waits
NOT_YET = "[not yet] "  # so quiz.passes begins, before the check's name and the reason
NOT_ANSWERED = "Not answered yet"  # so quiz begins where there is no answer
CAN_FORK = sys.platform == "linux"  # elsewhere what the system's libraries hold would not survive


@dataclass(frozen=True)
class Item:
    """An answer and its test. given: the answer's cell as learners get it; names: what it binds and
    its test uses; visible: the test's cell as they get it; setup: the locked cells above."""

    points: float
    given: str
    names: frozenset[str]
    test: str
    visible: str
    setup: tuple[str, ...]


@functools.cache
def read_items(text: Path) -> dict[str, Item]:
    """The scored items of a module's text by the ids of their answers."""
    from course_utils.author.notebook import source_notebook
    from course_utils.author.questions import STUB, TEST
    from course_utils.author.source import HIDDEN, SOLUTION, names, put

    items, answers, setup = {}, {}, []
    for cell in source_notebook(text).cells:
        meta = cell.metadata.get("nbgrader")
        if cell.cell_type != "code" or not meta:
            continue
        if meta["solution"]:
            answers[meta["grade_id"]] = put(cell.source, SOLUTION, STUB).strip()
        elif meta["grade"]:
            name = meta["grade_id"].removesuffix(TEST)
            bound = names(answers[name])[1] & names(cell.source)[0]
            visible = put(cell.source, HIDDEN).strip()
            items[name] = Item(
                meta["points"], answers[name], frozenset(bound), cell.source, visible, tuple(setup)
            )
        else:
            setup.append(cell.source)
    return items


class Watcher:
    """Looks at each cell that a kernel has run. root: of the course."""

    def __init__(self, shell, root: Path = ROOT):
        self.shell, self.root = shell, root
        self.written: dict[str, bool] = {}  # by item: False if its cell ran as it was given

    @functools.cached_property
    def module(self) -> str | None:
        """The notebook's module, looked up once: renamed, it stays the same one."""
        path = here.notebook()
        name = path and here.module(path)
        return name if name and (self.root / "quizzes" / "source" / name).is_dir() else None

    @functools.cached_property
    def lesson(self) -> set[str]:
        """The ids of the module's cells that are no answer and no test, as learners got them.

        From the notebook: the module's text takes a second to read, which these cells need not.
        """
        path = self.root / "notebooks" / self.module / f"{self.module}.ipynb"
        marks = {
            cell["id"]: cell["metadata"].get("nbgrader", {})
            for cell in json.loads(path.read_bytes())["cells"]
        }
        return {i for i, mark in marks.items() if not (mark.get("solution") or mark.get("grade"))}

    @property
    def items(self) -> dict[str, Item]:
        return read_items(self.root / "quizzes" / "source" / self.module / f"{self.module}.py")

    def after_cell(self, result) -> None:
        """What IPython calls with the result of a cell. It must raise nothing."""
        try:
            if self.module and result.info.cell_id not in self.lesson:
                self.tell(result)
        except KeyboardInterrupt:
            print("Stopped: whether the answer is right was not found out.")
        except Exception as error:  # nobody else could hear of it
            print(f"Whether the answer is right could not be found out: {error!r}")

    def tell(self, result) -> None:
        from course_utils.author.questions import TEST
        from course_utils.author.source import names

        source, cell = result.info.raw_cell.strip(), result.info.cell_id
        space = self.shell.user_ns
        bound = names(self.shell.transform_cell(source))[1]
        for name, item in self.items.items():
            if cell == name + TEST or source == item.visible:
                if self.written.get(name, item.names <= space.keys()):
                    print(in_lines(verdict(item, space, seen=True)))
            elif cell == name or item.names & bound:
                if source == item.given:
                    self.written[name] = False
                elif result.success:
                    self.written[name] = True
                    print(in_lines(verdict(item, space)))
                    scorer.prepare()  # who answers will want a score


@functools.cache
def watch() -> None:
    """Look at all cells that this kernel runs from now on; nothing outside of a kernel."""
    from IPython import get_ipython

    if (shell := get_ipython()) and hasattr(shell, "kernel"):
        shell.events.register("post_run_cell", Watcher(shell).after_cell)


def in_lines(said: str) -> str:
    """The text in lines that a narrow window holds: JupyterLab breaks longer ones inside words."""
    return textwrap.fill(said, WIDE, break_long_words=False, break_on_hyphens=False)


# A verdict


def verdict(item: Item, space: dict, seen: bool = False) -> str:
    """One line on the answer that the names of `space` hold; nothing in it changes.

    seen: whether the item's visible test has just given its own reasons.
    """
    apart = in_a_fork if CAN_FORK else on_copies
    try:
        points, reason = apart(functools.partial(judged, item, seen), space, SECONDS)
    except Stopped as stopped:
        return f"Not yet: {stopped}"
    worth = f"{item.points:g} point{'s' * (item.points != 1)}"
    if points == item.points:
        return f"Right: {worth}."
    if reason.startswith(NOT_ANSWERED):
        return reason
    return f"Not yet: {points:g} of {worth}. {reason}".strip()


def judged(item: Item, seen: bool, space: dict) -> tuple[float, str]:
    """Points and reason, as the grader gives them, for what is in `space`."""
    from IPython.utils.capture import capture_output

    from course_utils import quiz
    from course_utils.grading import separate, worker

    class Here(separate.Submission):
        """The other side is this process: what crosses to a test is the same plain data."""

        def begin(self, requests: list[dict]) -> list[Callable[[], dict]]:
            return [functools.partial(reply, request) for request in requests]

        def finish(self, asked: Callable[[], dict], kind: str, seconds: float) -> dict:
            return asked()

    def reply(request: dict) -> dict:
        if request["do"] == "get":
            return worker.get(space, request["name"])
        if request["do"] == "watch":
            return worker.watch(space, request)
        return worker.call(space, request)

    def outputs(test: str) -> list:
        ours: dict = {"__name__": "__main__"}
        with Here(None, False, SECONDS) as submission:
            for source in item.setup:
                separate.run_here(source, ours, separate.Budget(SECONDS))
            return separate.run_test(test, ours, submission)[0]

    with capture_output(), quiz.unheard():  # what an answer shows when a test calls it
        made = outputs(item.test)
        shown = reasons(outputs(item.visible)) if seen else []
    return points_of(made, item.points), " ".join(x for x in reasons(made) if x not in shown)


def points_of(outputs: list, most: float) -> float:
    """What nbgrader gives for a test cell with these outputs: determine_grade in its utils."""
    if any(out.output_type == "error" or out.get("name") == "stderr" for out in outputs):
        return 0.0
    for out in outputs:
        if out.output_type == "execute_result":
            with contextlib.suppress(ValueError):  # other values are no points
                return float(out.data["text/plain"])
    return most


def reasons(outputs: list) -> list[str]:
    """Why there are not all points, each reason once."""
    from nbformat.v4 import new_code_cell

    from course_utils.grading.score import one_line, reason
    from course_utils.quiz import SAME

    if any(out.output_type == "error" or out.get("name") == "stderr" for out in outputs):
        return [reason(new_code_cell(outputs=outputs), 0)]
    lines = "".join(out.text for out in outputs if out.output_type == "stream").split("\n")
    missed = [line.partition(": ")[2] for line in lines if line.startswith(NOT_YET)]
    found = missed or [line for line in lines if line.startswith(NOT_ANSWERED)]
    return [one_line(text) for text in dict.fromkeys(found) if text != SAME]


# Without leaving anything behind


class Stopped(Exception):
    """An answer did not come to its end; the message is for the learner."""


def too_long(seconds: float) -> Stopped:
    return Stopped(f"it ran for more than {seconds:g} s and was stopped. A loop without an end?")


def in_a_fork(work: Callable[[dict], object], space: dict, seconds: float) -> object:
    """work(space) in a copy of this process, which ends then. The result must be JSON.

    Stopped if the copy does not end in time, or ends without a result; RuntimeError with what
    work raised.
    """
    result, given = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: it uses none but its own
        child = os.fork()
    if not child:
        try:
            os.setsid()  # so that all it starts can be ended with it
            os.close(result)  # else what it starts could wait for ever for a reader
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):  # pipes to the page
                os.dup2(null, fd)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(seconds) + 2)  # should this process be ended before it
            torch.set_num_threads(1)  # the others are not in the copy
            try:
                said = json.dumps({"result": work(space)})
            except Exception as error:
                said = json.dumps({"fault": repr(error)})
            with os.fdopen(given, "w") as out:
                out.write(said + "\n")
        finally:
            os._exit(0)
    os.close(given)
    try:
        done = json.loads(read_line(result, seconds))
    finally:
        os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # it had not yet a session of its own
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(result)
    if "fault" in done:
        raise RuntimeError(done["fault"])
    return done["result"]


def read_line(pipe: int, seconds: float) -> bytes:
    """What comes through the pipe, up to a new line: a copy of the sender may write another.

    Stopped if that does not come.
    """
    got, end = b"", time.monotonic() + seconds
    while b"\n" not in got:
        if not select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            raise too_long(seconds)
        if not (part := os.read(pipe, 2**16)):
            raise Stopped("it ended Python, where the whole test was tried on it.")
        got += part
    return got.partition(b"\n")[0]


def on_copies(work: Callable[[dict], object], space: dict, seconds: float) -> object:
    """work on copies of the space's data and functions. Stopped if it does not end in time."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    late, over = threading.Event(), threading.Event()

    def interrupt() -> None:
        wait = seconds
        while not over.wait(wait):
            late.set()
            interrupt_main()
            wait = 0.1  # once more: an interrupt ends one call of a function, and a test makes many

    timer = threading.Thread(target=interrupt, daemon=True)
    # Where interrupts are ignored, as under nohup, `interrupt_main` would do nothing.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        result = work(copies(space))
    except KeyboardInterrupt:
        if not late.is_set():
            raise
    finally:
        with contextlib.suppress(KeyboardInterrupt):  # the last one
            over.set()
            timer.join()
        signal.signal(signal.SIGINT, before)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
    if late.is_set():  # the answer may have caught it
        raise too_long(seconds)
    return result


def copies(space: dict) -> dict:
    """The space with its own functions, lists, dicts, sets and tensors; the rest is shared."""
    made: dict = {}
    for name, value in space.items():
        made[name] = value
        if isinstance(value, FunctionType) and value.__globals__ is space:
            twin = FunctionType(
                value.__code__, made, value.__name__, copied(value.__defaults__), value.__closure__
            )
            twin.__kwdefaults__ = copied(value.__kwdefaults__)
            twin.__dict__.update(copied(value.__dict__))
            made[name] = twin
        elif type(value) in (list, deque, set, *DICTS, torch.Tensor, np.ndarray):
            made[name] = copied(value)
    return made


def copied(value: object) -> object:
    try:
        return copy.deepcopy(value)
    except Exception:  # it holds what cannot be copied, a lock say
        return value
