"""Runs a submission's own cells, and calls its functions when asked: the side that is not trusted.

`python -m course_utils.grading.worker [MODULE ...]`, inside the sandbox; it imports these modules
first. Requests come on stdin, replies go to stdout; what the submission prints goes to neither.
It knows no test, no answer and no points.
"""

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterable

from course_utils.grading import wire

MOST_PRINTED = 20_000  # characters kept of what a cell prints
PR_SET_PDEATHSIG = 1  # of Linux


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed."""

    def __init__(self):
        self.text, self.cut = "", False

    def write(self, text: str) -> int:
        text = str.__str__(text)  # of a subclass, its characters alone
        room = MOST_PRINTED - len(self.text)
        self.text += text[:room]
        self.cut = self.cut or len(text) > room
        return len(text)

    def writable(self) -> bool:
        return True


def main() -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    lift_limits()
    end_with_parent()
    preload(sys.argv[1:])  # what cells will import: the process waits for its first request
    shell, process = make_shell(), os.getpid()
    sys.path.insert(0, "")  # as in a kernel: a submission imports its own files
    while True:
        try:
            request = wire.receive(requests)
        except wire.Closed:
            return
        kind = request["do"]
        if kind == "start":
            if folder := request["folder"]:  # it may have started before there was one
                os.chdir(folder)
            reply = {}
        elif kind == "cell":
            reply = run_cell(shell, request["source"])
        elif kind == "get":
            reply = get(shell.user_ns, request["name"])
        elif kind == "watch":
            reply = watch(shell.user_ns, request)
        else:
            reply = call(shell.user_ns, request)
        if os.getpid() != process:  # a fork of the submission that ran on to here
            os._exit(0)
        try:
            wire.send(replies, reply)
        except ValueError as error:  # too long
            large = {"found": True, "value": wire.unknown("very large value")}
            too_long = {"error": ["ValueError", str(error), None]}
            wire.send(replies, large if kind == "get" else too_long)


def preload(modules: Iterable[str]) -> None:
    """Import what is one of these; of what fails, the cell that needs it will tell."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def lift_limits() -> None:
    """Leave the limits of the tests' process, which start this one: they are soft, ours are not."""
    if sys.platform != "win32":
        import resource

        for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
            most = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (most, most))


def end_with_parent() -> None:
    """Have the kernel end this process after the one that started it, however that ends: while an
    answer runs, nobody here reads that stdin is closed."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def make_shell():
    """The shell of a Jupyter kernel that has nobody to talk to.

    A cell may hold what is not Python, % and ! and await, and what asks for a kernel: figures,
    widgets, exit(). What a page would show goes nowhere.
    """
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    from ipykernel.ipkernel import IPythonKernel
    from jupyter_client.session import Session

    class Silent(Session):
        def send(self, *args, **kwargs) -> None:
            return None

    shell = IPythonKernel(session=Silent()).shell
    shell.history_manager.enabled = False
    shell.showtraceback = lambda *args, **kwargs: None  # the reply has the error
    shell._showtraceback = lambda *args, **kwargs: None
    # Every backend draws as inline does: others need a window, or a package that is not here.
    enable_matplotlib = shell.enable_matplotlib
    shell.enable_gui = lambda gui=None: None
    shell.enable_matplotlib = lambda gui=None: enable_matplotlib("inline")
    shell.user_ns["__name__"] = "__main__"
    return shell


def run_cell(shell, source: str) -> dict:
    """What the cell printed, and its error as [type, message, line of the cell] or None."""
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            result = shell.run_cell(source, store_history=False, silent=True)
            error = result.error_before_exec
            if error is None:
                error = result.error_in_exec
        except BaseException as stop:
            error = stop
    return {
        "printed": printed.text + ("…" if printed.cut else ""),
        "error": None if error is None else [*named(error), line_of(error)],
    }


def get(space: dict, name: str) -> dict:
    return {"found": name in space, "value": encoded(space.get(name))}


def encoded(value: object) -> object:
    """What crosses for a value of the submission, which the other side can read whatever it is.

    The submission may have put its own code where torch's is, and that may raise anything.
    """
    try:
        data = wire.encode(value)
        wire.decode(data)
    except BaseException:
        return wire.unknown("unreadable value")
    return data


def call(space: dict, request: dict) -> dict:
    """The value of a function of the submission, and its arguments as it left them; None for one
    that is as it came."""
    args = [wire.decode(x) for x in request["args"]]
    kwargs = {name: wire.decode(x) for name, x in request["kwargs"].items()}
    said = Printed()
    try:
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(Printed()),  # what goes there costs nothing, as in quiz.call
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            value = space[request["name"]](*args, **kwargs)
    except BaseException as error:  # it ends this call, not the process
        return {"error": [*named(error), line_of(error)], "printed": said.text}
    return {
        "value": encoded(value),
        "args": [left(x, sent) for x, sent in zip(args, request["args"], strict=True)],
        "printed": said.text,
    }


def left(arg: object, sent: object) -> object:
    """What crosses back for an argument: most functions leave it as it came."""
    with contextlib.suppress(BaseException):  # as in `encoded`
        if json.dumps(wire.encode(arg)) == json.dumps(sent):  # 1, 1.0 and True are equal
            return None
    return encoded(arg)


def watch(space: dict, request: dict) -> dict:
    """Whether a function of the submission calls one of the course's."""
    from course_utils.quiz import calls_the_course

    args = [wire.decode(x) for x in request["args"]]
    try:
        with contextlib.redirect_stdout(Printed()):
            return {"used": calls_the_course(space[request["name"]], *args)}
    except BaseException:  # it ends this call, not the process
        return {"used": False}


def named(error: BaseException) -> list[str]:
    """The type and the message of an error, whose own methods may raise another."""
    try:
        message = str.__str__(str(error))[:2000]
    except BaseException:
        message = ""
    return [wire.name_of(type(error)), message]


def line_of(error: BaseException) -> int | None:
    """The line of the cell that an error came from."""
    from ipykernel.compiler import get_tmp_directory  # of the names that it gives to cells

    if issubclass(type(error), SyntaxError):
        line = SyntaxError.lineno.__get__(error)
        return line if type(line) is int and abs(line) < wire.LARGEST else None
    trace, line = BaseException.__traceback__.__get__(error), None
    while trace:
        if trace.tb_frame.f_code.co_filename.startswith(get_tmp_directory()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
