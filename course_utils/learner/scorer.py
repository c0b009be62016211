"""Scores a notebook in a process that started, and got ready, before it was asked to.

`Scorer` is the kernel's side; `python -m course_utils.learner.scorer FOLDER ROOT [MODULE]` is the
other one. Each process scores one notebook, so nothing of it is there when the next one is scored.
It ends then, or when its kernel does, however that ends: its stdin is closed in any case.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

import psutil

from course_utils.author import stock
from course_utils.grading import sandbox
from course_utils.learner import here
from course_utils.project import ROOT, self_paced

if TYPE_CHECKING:  # its import takes a second
    from course_utils.grading.score import Report

Progress = Callable[[int, int], None]
REHEARSAL = "rehearsal"  # who hands in the module as it is given out


class Scorer:
    """A process that will score one notebook; the earlier it starts, the less `score` waits.

    root: the course; module: the one that it will most likely be asked for.
    """

    def __init__(self, root: Path = ROOT, module: str | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="course-"))
        command = [sys.executable, "-m", "course_utils.learner.scorer", str(self.folder), str(root)]
        self.process = subprocess.Popen(
            [*command, *filter(None, [module])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=stock.environment(self.folder / "jupyter"),
            start_new_session=True,  # an interrupt of the kernel is not meant for it
            encoding="utf-8",
        )

    def score(self, notebook: Path, progress: Progress) -> "Report":
        """As `grading.score.score`, whose errors are ValueError here. The process has ended then.

        progress: called with the number of each cell that runs, and how many there are.
        """
        try:
            # Open until `end`: when it is closed, the other side stops.
            self.process.stdin.write(f"{json.dumps(str(notebook.resolve()))}\n")
            self.process.stdin.flush()
            from course_utils.grading.score import Item, Report  # meanwhile: it takes a second

            for line in self.process.stdout:
                kind, *values = json.loads(line)
                if kind == "cell":
                    progress(*values)
                elif kind == "report":
                    module, items, notes = values
                    return Report(module, [Item(**item) for item in items], notes)
                else:
                    raise ValueError(*values)
        except BrokenPipeError:
            pass
        finally:
            self.end()
        raise ValueError("the process that scores has ended, for want of memory perhaps")

    def end(self) -> None:
        """End the process and all that it started, and remove what it wrote."""
        with contextlib.suppress(BrokenPipeError):  # it did not read what it was sent last
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


waiting: list[Scorer] = []  # one at most, in this kernel


def prepare() -> None:
    """Start the next scorer, where its memory is the learner's own to spend: not on a hub."""
    if self_paced() and not waiting:
        path = here.started()
        waiting.append(Scorer(module=path and here.module(path)))


def take() -> Scorer:
    """The scorer that was prepared, or else a new one."""
    if waiting:
        ready = waiting.pop()
        if ready.process.poll() is None:
            return ready
        ready.end()  # the system has ended it, for its memory perhaps
    return Scorer()


def main(folder: Path, root: Path, module: str = "") -> None:
    """The other side: get ready, read a path from stdin, score the notebook there, and end."""
    requests, replies = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "wb")
    tempfile.tempdir = str(folder)  # what is written, whoever ends this process, is removed with it
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):  # nbgrader logs, and the pipes are for requests and replies alone
        os.dup2(null, fd)
    paths: Queue[str] = Queue()
    stopping = threading.Lock()

    def reply(kind: str, *values: object) -> None:
        replies.write(f"{json.dumps([kind, *values])}\n".encode())
        replies.flush()

    def stop() -> None:
        """End this process now, from any thread, with those that run answers."""
        with stopping:
            for child in sandbox.children(os.getpid()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            for _ in range(100):  # the thread that scores may go on to write there
                shutil.rmtree(folder, ignore_errors=True)
                if not folder.exists():
                    break
                time.sleep(0.02)
            os._exit(0)

    def listen() -> None:
        for line in requests:
            paths.put(json.loads(line))
        stop()

    def too_long() -> None:
        reply("failed", f"the notebook ran for more than {stock.LONGEST} s and was stopped")
        stop()

    threading.Thread(target=listen, daemon=True).start()
    built = sorted(root.glob("notebooks/*/*.ipynb"))  # none before the first build
    likely = ([path for path in built if path.stem == module] or built)[:1]
    for notebook in likely:
        rehearse(notebook, folder, root)
    sandbox.prepare(*(name for notebook in likely for name in imported(notebook)))
    path = Path(paths.get())
    limit = threading.Timer(stock.LONGEST, too_long)
    limit.daemon = True
    limit.start()
    try:
        report = scored(path, folder, root, progress=lambda *cell: reply("cell", *cell))
        reply("report", report.module, [asdict(item) for item in report.items], report.notes)
    except Exception as error:  # whatever it is: the kernel's side raises it
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        with contextlib.suppress(BrokenPipeError):  # its kernel has gone
            reply("failed", f"{kind}{error}")
    stop()


def scored(
    notebook: Path,
    folder: Path,
    root: Path,
    student: str = stock.STUDENT,
    progress: Progress | None = None,
) -> "Report":
    """`grading.score.score` with nbgrader in this process, and with what is ready in the folder."""
    from course_utils.grading.score import score

    def graded(module: str, submission: Path) -> dict:
        with contextlib.chdir(generated(folder, root, module)):
            return stock.accepted(stock.work([module], str(submission), student, progress))

    return score(notebook, root, graded)


def generated(folder: Path, root: Path, module: str) -> Path:
    """The module as a course of nbgrader; made once, and anew when an author has changed it."""
    from course_utils.author.build import copy_sources, files

    quizzes = root / "quizzes"
    read = [*quizzes.glob("*.*"), *files(quizzes / "source" / module)]
    versions = [(str(path), path.stat().st_mtime_ns) for path in read if path.is_file()]
    course = folder / f"{module}-{hashlib.sha1(json.dumps(versions).encode()).hexdigest()[:8]}"
    if not course.exists():
        half = folder / f"{course.name}.half"  # what is wrong with it, the next try tells again
        shutil.rmtree(half, ignore_errors=True)
        copy_sources(root, half, [module])
        half.rename(course)
    return course


def rehearse(built: Path, folder: Path, root: Path) -> None:
    """Score a module as it is given out: the first notebook of a process takes twice as long."""
    copy = folder / built.name
    shutil.copyfile(built, copy)
    with contextlib.suppress(Exception):  # what is wrong with the course the score will tell
        # With a progress it runs here, so that what it imports and loads is there later.
        scored(copy, folder, root, REHEARSAL, progress=lambda *cell: None)


def imported(notebook: Path) -> list[str]:
    """What the process that runs answers may import before there are any."""
    import nbformat

    from course_utils.grading.repair import modules_needed

    with contextlib.suppress(Exception):  # as above
        return modules_needed(nbformat.read(notebook, as_version=4))
    return []


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
