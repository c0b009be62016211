"""Grades a submission with its code on one side and the tests on the other.

The submission's cells run in a sandbox, in the order of the notebook. Test cells run here, where
the submission cannot reach: its names arrive as plain data, and its functions as proxies whose
calls cross a pipe. Points come from the test cells alone.
"""

import ast
import builtins
import contextlib
import functools
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from torch import Tensor

from course_utils.author.source import hidden_lines, names, needs
from course_utils.grading import told, wire
from course_utils.grading.repair import is_ours, is_test, marked
from course_utils.grading.sandbox import Process
from course_utils.grading.worker import MOST_PRINTED, Printed

START_SECONDS = 120.0  # to start, and for a set-up cell, which imports torch on a busy machine
MOST_STOPS = 3  # cells or calls that end or hang the process; each costs a new one
PATIENCE = 4  # times a limit, at most, where others take the processors
ALL_CELLS = 20  # times the limit of one: what a whole submission may take
TICK = 0.1  # seconds that waiting goes on for, or not at all
GLANCE = 0.005  # seconds: to ask the kernel who had the processors is not worth less
UNASKED_SECONDS = 1.0  # for replies that nobody needs any more
TOO_LARGE = "it used too much memory"
NOT_SHOWN = "(What this cell and later ones print is not shown: hidden tests have run.)\n"
MOST_OUTPUT = 200_000  # characters that the cells of a submission may say together
TOO_MUCH = "(Not kept: its cells print too much together.)\n"
TEST = "<test>"  # the file name of test cells


# What a reply has to have; a call has these, or an error alone.
REPLIES = {
    "start": set(),
    "cell": {"printed", "error"},
    "get": {"found", "value"},
    "call": {"value", "args"},
    "watch": {"used"},
}


class NoAnswer(Exception):
    """The submission's process ended, or had to be ended."""


class Submission:
    """The names that a submission defines, in a process of their own.

    knows_hidden: whether a hidden test has run, of which its functions may repeat what they got.
    """

    def __init__(self, folder: Path | None, sandbox: bool, seconds: float):
        self.folder, self.sandbox, self.seconds = folder, sandbox, seconds
        self.process: Process | None = None
        self.ran: list[tuple[str, float]] = []  # sources and limits, for a new process
        self.took = 0.0  # seconds that they took
        self.stops = 0
        self.left = ALL_CELLS * seconds
        self.lost = 0.0  # seconds in which others had the processors, or that no test asked for
        self.knows_hidden = False
        # Writing and reading are done in threads: so they have a time limit on every system.
        self.writing, self.reading = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.owed: list[Future] = []  # replies that were asked for together

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *_) -> None:
        if self.process:
            self.process.end()
        self.writing.shutdown()
        self.reading.shutdown()

    def run(self, source: str, seconds: float) -> tuple[str, list | None]:
        """Run a cell; what it printed, and its error as [type, message, line] or None."""
        began = self.clock()
        try:
            reply = self.ask({"do": "cell", "source": source}, seconds)
            printed, error = reply["printed"], reply["error"]
        except NoAnswer as reason:
            return "", ["RuntimeError", str(reason), None]
        self.ran.append((source, seconds))
        self.took += self.clock() - began
        return text_of(printed), error

    def get(self, name: str, cell: "Budget") -> object:
        """A name's value: plain data, a proxy for a function; NameError if there is none."""
        reply = self.ask({"do": "get", "name": name}, cell.left())
        if not reply["found"]:
            raise NameError(f"name {name!r} is not defined")
        return self.decoded(reply["value"], Proxy(self, name, cell))

    def call(self, name: str, args: tuple, kwargs: dict, cell: "Budget") -> object:
        self.knows_hidden = self.knows_hidden or called_from(cell.hidden)
        (reply,) = self.begin([call_of(name, args, kwargs)])
        return self.answer(reply, cell, *args)

    def ahead(self, name: str, cases: list[tuple], cell: "Budget") -> list[Callable]:
        """Ask for many calls at once; what waits for each, to be called with its arguments."""
        self.knows_hidden = self.knows_hidden or called_from(cell.hidden)
        replies = self.begin([call_of(name, args, {}) for args in cases])
        return [functools.partial(self.answer, reply, cell) for reply in replies]

    def answer(self, asked: Future, cell: "Budget", *args) -> object:
        """The value of a call that has begun; its arguments become what it made of them."""
        reply = self.finish(asked, "call", cell.left())
        if sys.stdout is not cell.printed or not self.knows_hidden:
            print(text_of(reply.get("printed")), end="")
        if "error" in reply:
            name, message, line = reply["error"]
            raise known_error(name, told.quoted(message) if self.knows_hidden else message, line)
        for ours, theirs in zip(args, reply["args"], strict=False):
            if theirs is not None:
                leave_as(ours, self.decoded(theirs))
        return self.decoded(reply["value"])

    def uses_course(self, name: str, args: tuple, cell: "Budget") -> bool:
        """Whether a call goes through one of the course's functions, as its own side says."""
        request = {"do": "watch", "name": name, "args": [wire.encode(x) for x in args]}
        self.knows_hidden = self.knows_hidden or called_from(cell.hidden)
        return self.ask(request, cell.left())["used"] is True

    def decoded(self, data: object, function: object = None) -> object:
        try:
            return wire.decode(data, function=function)
        except wire.Malformed as error:
            raise self.no_answer(f"the answer could not be read: {error}")

    def ask(self, request: dict, seconds: float) -> dict:
        """Send a request and wait for its reply. NoAnswer if none comes."""
        (reply,) = self.begin([request])
        return self.finish(reply, request["do"], seconds)

    def begin(self, requests: list[dict]) -> list[Future]:
        """Send requests. Their replies come in this order, and are waited for in it, with `finish`,
        or not at all, before anything else is asked."""
        data, began = b"".join(map(wire.packed, requests)), self.clock()
        try:
            self.drain()
            if self.process is None:
                self.start()
        except NoAnswer as reason:
            failed = Future()
            failed.set_exception(reason)
            return [failed] * len(requests)
        finally:
            self.lost += self.clock() - began  # it is no time of the test that asks
        self.process.cuts = 0
        process = self.process.process
        self.writing.submit(wire.write, process.stdin, data)  # if nobody reads, nobody replies
        # As bytes: what they hold may take 30 times as much, and is made of one after the other.
        self.owed = [self.reading.submit(wire.received, process.stdout) for _ in requests]
        return self.owed

    def drain(self) -> None:
        """Take what nobody waits for, as its test had seen enough. It may last, or end the process:
        that is nobody's fault, and costs about the time of a new one, which its cells run in."""
        began = self.clock()
        end = time.monotonic() + min(UNASKED_SECONDS + self.took, self.left)
        try:
            for reply in self.owed:
                self.wait(reply, max(0.0, end - time.monotonic()))
        except (TimeoutError, wire.Closed, wire.Malformed):
            self.end_process()
        finally:
            self.left = max(0.0, self.left - (self.clock() - began))

    def finish(self, asked: Future, kind: str, seconds: float) -> dict:
        """The reply to a request of this kind. NoAnswer if none comes."""
        began, most = self.clock(), min(seconds, self.left)
        try:
            reply = wire.unpacked(self.wait(asked, START_SECONDS if kind == "start" else most))
        except TimeoutError:
            if most < seconds:
                raise self.no_answer("all its cells and calls together ran too long")
            if self.process and self.process.cuts:  # what it waits for was ended
                raise self.no_answer(TOO_LARGE)
            limit = max(seconds, self.seconds)  # a call gets what other calls of its test left
            raise self.no_answer(f"it ran too long, more than {limit:.0f} s")
        except wire.Closed:
            large = self.process and (self.process.too_large or self.process.cuts)
            raise self.no_answer(TOO_LARGE if large else "it ended the Python process")
        except wire.Malformed as error:
            raise self.no_answer(f"the answer could not be read: {error}")
        finally:
            if kind != "start":
                self.left = max(0.0, self.left - (self.clock() - began))
        if not is_reply(reply, kind):
            raise self.no_answer("the answer could not be read")
        return reply

    def wait(self, reply: Future, seconds: float) -> bytes:
        """The reply as it came, in so many seconds in which its process could run, or TimeoutError.

        A hostile submission may take all processors, and must cost nobody else points.
        """
        began, lost = time.monotonic(), 0.0
        with contextlib.suppress(TimeoutError):  # most come sooner than the kernel can be asked
            return reply.result(min(seconds, GLANCE))
        try:
            while True:
                try:
                    return reply.result(max(0.0, began + seconds + lost - time.monotonic()))
                except TimeoutError:
                    more = lost + self.newly_lost()
                    if min(more, (PATIENCE - 1) * seconds) < lost + TICK:
                        raise
                    lost = min(more, (PATIENCE - 1) * seconds)
        finally:
            self.newly_lost()

    def newly_lost(self) -> float:
        """Seconds that others took from its process since it was last asked, noted in `lost`."""
        if self.process is None:  # an earlier call has ended it
            return 0.0
        seconds = self.process.starved()
        self.lost += seconds
        return seconds

    def clock(self) -> float:
        """Seconds in which its process could do what it was asked, from any moment on."""
        return time.monotonic() - self.lost

    def no_answer(self, reason: str) -> NoAnswer:
        if self.process:  # one end may be told for several calls that had begun
            self.end_process()
            self.stops += 1
        return NoAnswer(reason)

    def end_process(self) -> None:
        self.process.end()
        self.process, self.owed = None, []

    def start(self) -> None:
        """A process in which all cells so far have run, but for those that ended one."""
        if self.stops > MOST_STOPS or not self.left:
            raise NoAnswer("it was stopped before, too often or too late to try again")
        self.process = Process(self.folder, self.sandbox)
        try:
            folder = None if self.sandbox or not self.folder else str(self.folder.resolve())
            self.ask({"do": "start", "folder": folder}, START_SECONDS)
            self.process.find_worker()
        except NoAnswer as reason:  # no code of a student has run in it: points must not suffer
            raise RuntimeError(f"the process for its code could not start: {reason}")
        for source, seconds in self.ran:
            self.ask({"do": "cell", "source": source}, seconds)


def call_of(name: str, args: tuple, kwargs: dict) -> dict:
    return {
        "do": "call",
        "name": name,
        "args": [wire.encode(x) for x in args],
        "kwargs": {key: wire.encode(x) for key, x in kwargs.items()},
    }


def is_reply(reply: object, kind: str) -> bool:
    """Whether the parts of a reply are of the types that are used here."""
    if type(reply) is not dict:
        return False
    error = reply.get("error")
    good_error = error is None or (
        type(error) is list
        and len(error) == 3
        and all(type(x) in (str, int, type(None)) for x in error)
    )
    if kind == "call" and error is not None:
        return good_error
    return good_error and REPLIES[kind] <= reply.keys()


class Budget:
    """The time that the calls of one test cell have left, and what it and they print.

    hidden: the lines of the cell that are hidden tests.
    """

    def __init__(
        self,
        seconds: float,
        hidden: Iterable[int] = (),
        clock: Callable[[], float] = time.monotonic,
    ):
        self.clock, self.end = clock, clock() + seconds
        self.hidden = set(hidden)
        self.printed, self.warned = Heard(), Heard()

    def left(self) -> float:
        return max(0.0, self.end - self.clock())


class Heard(Printed):
    """Keeps each text that is printed by itself as well, as `told` asks who wrote it."""

    def __init__(self):
        super().__init__()
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        if text.strip() and len(self.parts) < told.MOST_LINES:
            self.parts.append(text)
        return super().write(text)


class Proxy:
    """Stands for a function of the submission: calling it calls the function, over there."""

    def __init__(self, submission: Submission, name: str, cell: Budget):
        self.submission, self.name, self.cell = submission, name, cell

    def __call__(self, *args, **kwargs):
        return self.submission.call(self.name, args, kwargs, self.cell)

    def ahead(self, cases: list[tuple]) -> list[Callable]:
        return self.submission.ahead(self.name, cases, self.cell)

    def calls_the_course(self, *args) -> bool:
        return self.submission.uses_course(self.name, args, self.cell)


def text_of(said: object) -> str:
    """What the submission printed, cut here again: its process may have sent something else."""
    text = wire.as_text(said) if type(said) is str else ""
    return text if len(text) <= MOST_PRINTED else text[:MOST_PRINTED] + "…"


def called_from(lines: set[int]) -> bool:
    """Whether one of these lines of a test cell is what runs now."""
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_filename == TEST and frame.f_lineno in lines:
            return True
        frame = frame.f_back
    return False


def known_error(name: str, message: str, line: object) -> Exception:
    """An exception of the same name: a built-in one, or else a new kind.

    Not StopIteration, which would end a loop of the test over the function's answers. cell_line:
    of the submission's cell, where there is one.
    """
    error = same_error(name, message)
    error.cell_line = line if type(line) is int else None
    return error


def same_error(name: str, message: str) -> Exception:
    name, message = str(name), text_of(str(message))
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and "Stop" not in name:
        with contextlib.suppress(TypeError):  # some take more than a message
            return kind(message)
    return type(name if wire.NAME.fullmatch(name) else "Error", (Exception,), {})(message)


def leave_as(ours: object, theirs: object) -> None:
    """Change an argument in place as the function over there has changed its copy."""
    if type(ours) is Tensor and type(theirs) is Tensor:
        if (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype):
            ours.copy_(theirs)
        else:
            ours.data = theirs
    elif type(ours) is tuple and type(theirs) is tuple:
        sent = [wire.packed(wire.encode(part)) for part in ours]  # parts may be one and the same
        for part, before, left in zip(ours, sent, theirs, strict=False):
            if wire.packed(wire.encode(left)) != before:
                leave_as(part, left)
    elif type(ours) in (list, deque) and type(theirs) is list:
        ours.clear()
        ours.extend(theirs)
    elif type(ours) is type(theirs) is set or (type(ours) in wire.DICTS and type(theirs) is dict):
        ours.clear()
        ours.update(theirs)


# Which cells to run


def lesson_to_skip(notebook: NotebookNode, lesson: set[str]) -> set[int]:
    """Positions of cells of the lesson, as they were given, that no other cell needs.

    A cell is needed if it binds a name that the submission's own cells use, or a needed cell does.
    Each cell is read once: the time is linear in what was submitted.
    """
    cells = notebook.cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    skip = {i for i in code if not marked(cells[i]) and cells[i].source in lesson}
    needed = [i for i in code if i not in skip and not is_test(cells[i])]
    uses: dict[int, set[str]] = {}
    binders: dict[str, list[int]] = {}
    for i in [*needed, *skip]:
        uses[i], bound = needs(cells[i].source)
        for name in bound if i in skip else ():
            binders.setdefault(name, []).append(i)
    while needed:
        for name in uses[needed.pop()]:
            found = skip.intersection(binders.pop(name, ()))
            skip -= found
            needed += found
    return skip


def execute(
    notebook: NotebookNode,
    lesson: Iterable[str] = (),
    folder: Path | None = None,
    sandbox: bool = True,
    seconds: float = 30.0,
    tests: Mapping[str, str] | None = None,
    refused: Mapping[int, str] | None = None,
    guard: Callable[[int], contextlib.AbstractContextManager] = contextlib.nullcontext,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run a sanitised submission, its test cells as the source has them, and write its outputs.

    lesson: sources of cells as they were given, which run only if needed. folder: files beside it.
    seconds: for a cell of the submission, and for all calls of a test cell together.
    tests: by grade id, what runs in place of a test cell's source.
    refused: test cells that fail without being run, by position, and why. guard: around each other.
    progress: called with the number of each code cell, from 1, and how many there are.
    Raises ValueError if a cell of the course itself fails.
    """
    skip = lesson_to_skip(notebook, set(lesson))
    ours: dict = {"__name__": "__main__"}
    ours_words = told.of_checks()
    length = 0  # of what the submission's own cells have printed
    untouched = True  # whether no cell of the submission's own has run
    silent = False  # whether the page has said that it shows no more of what cells print
    feedback: dict[str, list[NotebookNode]] = {}
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    with Submission(folder, sandbox, seconds) as submission:
        for number, i in enumerate(code, 1):
            cell = notebook.cells[i]
            if progress:
                progress(number, len(code))
            cell.outputs, cell.execution_count = [], None
            if is_test(cell):
                source = (tests or {}).get(marked(cell).get("grade_id"), cell.source)
                printed = {}
                if i in (refused or {}):
                    cell.outputs = [failed("RuntimeError", refused[i])]
                    submission.knows_hidden |= bool(hidden_lines(source))
                else:
                    with guard(i):
                        cell.outputs, printed = run_test(source, ours, submission)
                if submission.knows_hidden:
                    words = ours_words | told.of_source(source)
                    feedback[str(i)] = told.outputs(cell.outputs, printed, words)
            elif i not in skip:
                if is_ours(cell):
                    cell.outputs = run_here(cell.source, ours, Budget(seconds))[0]
                    check_ours(cell, cell.outputs)
                    ours_words |= told.of_source(cell.source)
                limit = START_SECONDS if is_ours(cell) else seconds
                printed, error = submission.run(cell.source, limit)
                if is_ours(cell):
                    if untouched:  # later it may be the submission that makes it fail over there
                        check_ours(cell, outputs_of("", error))
                    continue
                untouched = False
                cell.outputs = outputs_of(printed, error)
                length += sum(len(str(output)) for output in cell.outputs)
                if cell.outputs and length > MOST_OUTPUT:
                    cell.outputs = outputs_of(TOO_MUCH, None)
                if submission.knows_hidden:  # without a look at whether there is any, as that tells
                    feedback[str(i)] = [] if silent else outputs_of(NOT_SHOWN, None)
                    silent = True
        known = notebook.metadata.get("next_token", {})
        notebook.metadata["next_token"] = {**known, "feedback": feedback}
    nbformat.validate(notebook)


def check_ours(cell: NotebookNode, outputs: list[NotebookNode]) -> None:
    """ValueError if a cell of the course failed for want of a module, a file or memory: no answer
    may lose points for that. A NameError is of what only the submission defines."""
    for output in outputs:
        if output.output_type == "error" and output.ename != "NameError":
            name = marked(cell)["grade_id"]
            raise ValueError(
                f"the course's own cell {name!r} fails on this machine: {output.traceback[-1]}. "
                "No answer was scored; course doctor says what is missing"
            )


def outputs_of(printed: str, error: list | None) -> list[NotebookNode]:
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    if error:
        name, message, line = (wire.as_text(str(x)[:2000]) for x in error)
        where = f" (line {line} of the cell)" if line != "None" else ""
        outputs.append(failed(name, message + where))
    return outputs


def failed(name: str, message: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def run_test(
    source: str, space: dict, submission: Submission
) -> tuple[list[NotebookNode], dict[str, list[str]]]:
    """Run a test cell here, with the names that it takes from the submission.

    Returns its outputs, and by stream each text that was printed.
    """
    budget = Budget(submission.seconds, hidden_lines(source), submission.clock)
    taken = names(source)[0] - space.keys() - vars(builtins).keys()
    try:
        for name in sorted(taken):
            with contextlib.suppress(NameError):
                space[name] = submission.get(name, budget)
        outputs, stopped = run_here(source, space, budget)
        if budget.hidden and not 0 < stopped < min(budget.hidden):
            submission.knows_hidden = True
        return outputs, {"stdout": budget.printed.parts, "stderr": budget.warned.parts}
    except NoAnswer as reason:
        return [failed("RuntimeError", str(reason))], {}
    finally:
        for name in taken - names(source)[1]:  # the next test sees what they are then
            space.pop(name, None)


def run_here(source: str, space: dict, budget: Budget) -> tuple[list[NotebookNode], int]:
    """Run a cell that we wrote: its outputs as a notebook has them, and the line that stopped it, 0
    if none did."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    value, error = None, None
    with (
        contextlib.redirect_stdout(budget.printed),
        contextlib.redirect_stderr(budget.warned),
    ):
        try:
            exec(compile(tree, TEST, "exec"), space)
            if last:
                value = eval(compile(ast.Expression(last.value), TEST, "eval"), space)
        except Exception as reason:
            error = reason
    outputs = []
    if text := budget.printed.text:
        outputs.append(new_output("stream", name="stdout", text=text))
    if text := budget.warned.text:
        outputs.append(new_output("stream", name="stderr", text=text))
    if value is not None:
        outputs.append(new_output("execute_result", data={"text/plain": text_of(repr(value))}))
    if error:
        (message,) = traceback.format_exception_only(error)[-1:]
        outputs.append(failed(type(error).__name__, text_of(str(error) or message)))
    return outputs, stopped_at(error)


def stopped_at(error: Exception | None) -> int:
    """The line of the cell itself that an error came through, 0 without one."""
    trace = error and error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == TEST:
            return trace.tb_lineno
        trace = trace.tb_next
    return 0
