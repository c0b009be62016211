"""Executes submissions in a process of their own, where test cells work on what students made.

A test cell may give any value of a submission to native code, which no exception stops. Here it
has time and memory of its own, and if it ends the process, only its own points are lost.

`execute` is the caller's side. `python -m course_utils.grading.examiner` is the other one: it
imports once what takes seconds, and forks for each submission.
"""

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import nbformat
from nbformat import NotebookNode

from course_utils.grading import sandbox
from course_utils.grading.repair import modules_needed
from course_utils.grading.worker import preload

MEMORY = 3 * 2**29  # bytes of addresses that tests may take on top of what the course has mapped
LEAST_SECONDS = 5.0  # of computing, for a test cell
MOST_DEATHS = 3  # of the process, for one submission
IDLE = 600.0  # seconds after which it ends: it holds torch, and starts again when it is needed
KILLED = -9  # the exit code of a process that was
PATIENCE = 3600.0  # seconds until something must be heard: all other waiting has its own limit


class Died(Exception):
    """The process ended in the midst of a submission. at: the test cell that it was in, if any."""

    def __init__(self, why: str, at: int | None):
        super().__init__(why)
        self.at = at


def execute(
    notebook: NotebookNode,
    lesson: Iterable[str] = (),
    folder: Path | None = None,
    sandboxed: bool = True,
    seconds: float = 30.0,
    tests: Mapping[str, str] | None = None,
) -> None:
    """As `separate.execute`, in a process with limits. ValueError, in one line, for what it raised.

    A test cell that ends the process fails with the reason, and the submission is run again
    without it.
    """
    job = {
        "notebook": notebook,
        "lesson": list(lesson),
        "folder": folder and str(folder),
        "sandboxed": sandboxed,
        "seconds": seconds,
        "tests": dict(tests or {}),
    }
    needed = modules_needed(notebook)
    refused: dict[int, str] = {}
    for _ in range(MOST_DEATHS + 1):
        try:
            found = in_turn(needed, job | {"refused": list(refused.items())})
        except Died as died:
            if died.at is not None:
                refused[died.at] = str(died)
            continue
        if "raised" in found:
            raise ValueError(found["raised"])
        notebook.update(nbformat.from_dict(found["notebook"]))
        return
    raise ValueError("the process that executed it died each time that it was tried")


def reason(error: BaseException) -> str:
    """One line on what went wrong; a ValueError says it by itself."""
    text = " ".join(str(error).split())[:500]
    if isinstance(error, ValueError) and type(error) is ValueError and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


class Examiner:
    """The other process, which is ready for one submission after another."""

    def __init__(self):
        paths = [str(sandbox.PACKAGE.parent), os.environ.get("PYTHONPATH")]
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "course_utils.grading.examiner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # One thread: what is to fork must have no others.
            env=os.environ
            | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=True,  # Ctrl-C reaches the caller, who ends it in good order
        )
        self.reading = ThreadPoolExecutor(max_workers=1)

    def examine(self, needed: list[str], job: dict) -> dict:
        """{"notebook": executed} or {"raised": why}. Died if there is no end to it.

        needed: modules that the course's own cells import.
        """
        found, at, child, late = {}, None, None, False
        try:
            for part in (needed, job):  # the first is ours alone, and read before it forks
                self.process.stdin.write(json.dumps(part).encode() + b"\n")
            self.process.stdin.flush()
            while True:
                heard = self.reading.submit(self.process.stdout.readline)
                try:
                    line = heard.result(PATIENCE)
                except TimeoutError:
                    late = True
                    kill(child or self.process.pid)
                    line = heard.result()
                message = json.loads(line)
                child, at = message.get("child", child), message.get("at", at)
                if "ended" in message:
                    break
                if message.keys() & {"notebook", "raised"}:
                    found = message
        except (OSError, ValueError):  # nothing more, or half a line
            self.end()
            message = {"ended": KILLED}
        except BaseException:
            self.end()
            raise
        if found:
            return found
        if late or message["ended"] == -getattr(signal, "SIGXCPU", 0):
            raise Died("the check took too long to work on this answer, and was stopped", at)
        raise Died("the check on this answer ended its process: too much memory, or a fault", at)

    def end(self) -> None:
        kill(self.process.pid)
        self.process.wait()
        self.reading.shutdown(wait=False)

    def usable(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None


ready: list[Examiner] = []
turn = threading.Lock()


def in_turn(needed: list[str], job: dict) -> dict:
    with turn:
        return warm().examine(needed, job)


def warm() -> Examiner:
    """The process that will execute the next submission, started if there is none."""
    if not (ready and ready[0].usable()):
        ready[:] = [Examiner()]
    return ready[0]


def kill(pid: int) -> None:
    """This process and all below it."""
    for child in sandbox.children(pid):
        with contextlib.suppress(sandbox.psutil.NoSuchProcess):
            child.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


# The other side


def main() -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):  # what is printed is no reply
        os.dup2(null, fd)
    from course_utils.grading import separate  # noqa: F401  torch: before it forks

    if sys.platform != "linux":  # where no process with threads or windows in it should fork
        requests.readline()
        answer(json.loads(requests.readline()), requests, replies)
        say(replies, {"ended": 0})
        return
    while select.select([requests], [], [], IDLE)[0] and (line := requests.readline()):
        preload(json.loads(line))
        job = requests.readline()
        if not (child := os.fork()):
            try:
                answer(json.loads(job), requests, replies)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        say(replies, {"ended": os.waitstatus_to_exitcode(status)})


def say(replies: BinaryIO, message: dict) -> None:
    replies.write(json.dumps(message).encode() + b"\n")
    replies.flush()


def answer(job: dict, requests: BinaryIO, replies: BinaryIO) -> None:
    from course_utils.grading import separate

    say(replies, {"child": os.getpid()})
    threading.Thread(target=follow, args=[requests.fileno()], daemon=True).start()
    sandbox.own_keyring()
    limit_memory()
    seconds = max(job["seconds"], LEAST_SECONDS)

    @contextlib.contextmanager
    def guard(place: int) -> Iterator[None]:
        say(replies, {"at": place})
        limit_computing(seconds)
        yield
        limit_computing(None)
        say(replies, {"at": None})

    try:
        notebook = nbformat.from_dict(job["notebook"])
        folder = job["folder"] and Path(job["folder"])
        options = job["sandboxed"], job["seconds"], job["tests"], dict(job["refused"]), guard
        separate.execute(notebook, job["lesson"], folder, *options)
        say(replies, {"notebook": notebook})
    except Exception as error:  # it is this submission's
        limit_computing(None)
        say(replies, {"raised": reason(error)})


def follow(requests: int) -> None:
    """End with whoever asked: nothing more is sent until they have the answer."""
    os.read(requests, 1)
    kill(os.getpid())


def limit_memory() -> None:
    """Soft limits only: what is started from here has its own."""
    if sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        held = sandbox.psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, most))


def limit_computing(seconds: float | None) -> None:
    """The processor time that this process may take from now on; the kernel ends it after that."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        soft = most if seconds is None else math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # whoever asked is gone
        os._exit(1)
