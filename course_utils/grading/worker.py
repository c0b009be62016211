"""Runs a submission's own cells, and calls its functions when asked: the side that is not trusted.

`python -m course_utils.grading.worker`, inside the sandbox. Requests come on stdin, replies go to
stdout; what the submission prints goes to neither. It knows no test, no answer and no points.
"""

import contextlib
import io
import os
import sys
import warnings

from course_utils.grading import wire

MOST_PRINTED = 20_000  # characters kept of what a cell prints


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed."""

    def __init__(self):
        self.text, self.cut = "", False

    def write(self, text: str) -> int:
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
    shell, process = make_shell(), os.getpid()
    sys.path.insert(0, "")  # as in a kernel: a submission imports its own files
    while True:
        try:
            request = wire.receive(requests)
        except wire.Closed:
            return
        kind = request["do"]
        if kind == "start":
            reply = {}
        elif kind == "cell":
            reply = run_cell(shell, request["source"])
        elif kind == "get":
            found = request["name"] in shell.user_ns
            reply = {"found": found, "value": wire.encode(shell.user_ns.get(request["name"]))}
        else:
            reply = call(shell.user_ns, request)
        if os.getpid() != process:  # a fork of the submission that ran on to here
            os._exit(0)
        try:
            wire.send(replies, reply)
        except ValueError as error:  # too long
            wire.send(replies, {"error": ["ValueError", str(error)]})


def make_shell():
    """IPython's own shell, as a cell may hold what is not Python: % and ! and await."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.showtraceback = lambda *args, **kwargs: None  # the reply has the error
    shell._showtraceback = lambda *args, **kwargs: None
    shell.user_ns["__name__"] = "__main__"
    return shell


def run_cell(shell, source: str) -> dict:
    """What the cell printed, and its error as [type, message, line of the cell] or None."""
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            result = shell.run_cell(source, store_history=False, silent=True)
            error = result.error_before_exec or result.error_in_exec
        except SystemExit as stop:
            error = stop
    return {
        "printed": printed.text + ("…" if printed.cut else ""),
        "error": error and [*named(error), line_of(error)],
    }


def call(space: dict, request: dict) -> dict:
    """The value of a function of the submission, and its arguments as it left them."""
    args = [wire.decode(x) for x in request["args"]]
    kwargs = {name: wire.decode(x) for name, x in request["kwargs"].items()}
    said = Printed(), Printed()
    try:
        with (
            contextlib.redirect_stdout(said[0]),
            contextlib.redirect_stderr(said[1]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # as course_utils.quiz.call does
            value = space[request["name"]](*args, **kwargs)
    except (KeyboardInterrupt, Exception, SystemExit) as error:
        return {"error": named(error), "printed": said[0].text, "warned": said[1].text}
    return {
        "value": wire.encode(value),
        "args": [wire.encode(x) for x in args],
        "printed": said[0].text,
        "warned": said[1].text,
    }


def named(error: BaseException) -> list[str]:
    try:
        message = str(error)
    except Exception:
        message = ""
    return [type(error).__name__, message[:2000]]


def line_of(error: BaseException) -> int | None:
    """The line of the cell that an error came from."""
    if isinstance(error, SyntaxError):
        return error.lineno
    trace, line = error.__traceback__, None
    while trace:
        if "ipython-input" in trace.tb_frame.f_code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
