"""A course with secrets around it, and the traces that an attack on it leaves."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryFile

import jupytext
import nbformat
import psutil
from grading.attacks.cases import Attack

from course_utils.author import stock
from course_utils.grading import sandbox

NAME = "01_target"
TEXT = Path(__file__).with_name(f"{NAME}.txt").read_text("utf-8")
SECRETS = {"token": "token_6151", "key": "key_8513", "ann": "word_2741", "hidden": "7919"}
RIGHT = {
    "double": f"def double(x): return x + x  # {SECRETS['ann']}",
    "halve": "def halve(x): return x / 2",
    "number": "number = 5393",
}
ALL = 7.0  # the points of the module


class World:
    """A nbgrader course in a folder of its own, with a home, a profile, packages and a network."""

    def __init__(self, folder: Path, config: str):
        self.folder, self.course = folder, folder / "course"
        self.loot, self.home, self.packages = (folder / x for x in ("loot", "home", "packages"))
        for path in (self.loot, self.home / ".ssh", self.packages, self.course):
            path.mkdir(parents=True)
        (self.home / ".ssh" / "id").write_text(SECRETS["key"])
        (self.home / ".bashrc").write_text("# nothing")
        (self.packages / "fractures.py").write_text("# nothing")
        self.mark = f"mark_{os.getpid()}_{folder.name}"
        source = self.course / "source" / NAME
        source.mkdir(parents=True)
        notebook = nbformat.from_dict(jupytext.reads(TEXT, fmt="py:percent"))
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "P",
            "language": "python",
        }
        nbformat.write(notebook, source / f"{NAME}.ipynb")
        (source / "words.txt").write_text("words")
        (self.course / "nbgrader_config.py").write_text(config)
        self.env = stock.environment(folder / "jupyter") | {
            "HOME": str(self.home),
            "SECRET_TOKEN": SECRETS["token"],
            "PYTHONPATH": os.pathsep.join([str(self.packages), str(sandbox.PACKAGE.parent)]),
        }
        self.python = [sys.executable]
        self.received: list[bytes] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.listen, daemon=True).start()
        ran = self.nbgrader("generate_assignment", NAME)
        assert ran.returncode == 0, ran.stderr

    def listen(self) -> None:
        with contextlib.suppress(OSError):  # it is closed at the end
            while True:
                with self.server.accept()[0] as caller:
                    self.received.append(caller.recv(10))

    def close(self) -> None:
        self.server.close()
        for process in self.survivors():
            process.kill()

    def nbgrader(self, *command: str) -> subprocess.CompletedProcess:
        return self.run("nbgrader", *command)

    def run(self, module: str, *command: str) -> subprocess.CompletedProcess:
        # Files, as a daemon that is left behind would keep a pipe open.
        with TemporaryFile() as printed, TemporaryFile() as logged:
            ran = subprocess.run(
                [*self.python, "-m", module, *command],
                cwd=self.course,
                env=self.env,
                stdout=printed,
                stderr=logged,
                timeout=3000,  # on a busy machine
            )
            for file in (printed, logged):
                file.seek(0)
            ran.stdout, ran.stderr = (x.read().decode(errors="replace") for x in (printed, logged))
        return ran

    def submit(self, student: str, attack: Attack | None = None) -> None:
        """Hand in an attack, or without one the right answers."""
        notebook = nbformat.read(self.course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        answers = attack.answers if attack else RIGHT
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = self.filled(student, answers.get(name, cell.source))
        if attack and attack.change:
            attack.change(notebook)
        folder = self.course / "submitted" / student / NAME
        folder.mkdir(parents=True)
        text = nbformat.v4.writes(notebook).encode("utf-8", "surrogatepass")
        (folder / f"{NAME}.ipynb").write_bytes(
            text.replace("\ud800".encode("utf-8", "surrogatepass"), rb"\ud800")
        )
        for name, content in (attack.files if attack else {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(self.filled(student, content))
        if attack and attack.place:
            attack.place(folder)

    def filled(self, student: str, text: str) -> str:
        names = {
            "LOOT": self.loot / student,
            "PORT": self.server.getsockname()[1],
            "MARK": self.mark,
            "PROCESSES": sandbox.PROCESSES,
            "ADDRESSES": sandbox.ADDRESSES,
        }
        for name, value in names.items():
            text = text.replace(name, str(value))
        return text

    # Traces

    def points(self) -> dict[str, float]:
        """By student, what tests gave; a submission that was not graded is missing."""
        with contextlib.closing(sqlite3.connect(self.course / "gradebook.db")) as gradebook:
            rows = gradebook.execute(
                "select submitted_assignment.student_id, sum(coalesce(grade.auto_score, 0)),"
                " sum(coalesce(grade.manual_score, 0))"
                " from grade join submitted_notebook on grade.notebook_id = submitted_notebook.id"
                " join submitted_assignment"
                " on submitted_notebook.assignment_id = submitted_assignment.id group by 1"
            ).fetchall()
        return {name: max(auto, by_hand) for name, auto, by_hand in rows if self.graded(name)}

    def graded(self, student: str) -> bool:
        return self.autograded(student).is_file()

    def autograded(self, student: str) -> Path:
        return self.course / "autograded" / student / NAME / f"{NAME}.ipynb"

    def outputs(self, student: str) -> str:
        """All that a student's own cells and the tests printed."""
        if not self.graded(student):
            return ""
        cells = nbformat.read(self.autograded(student), as_version=4).cells
        return str([cell.outputs for cell in cells if cell.cell_type == "code"])

    def page(self, student: str) -> Path:
        return self.course / "feedback" / student / NAME / f"{NAME}.html"

    def survivors(self) -> list[psutil.Process]:
        found = psutil.process_iter(["cmdline"])
        return [process for process in found if self.mark in (process.info["cmdline"] or [])]

    def guarded(self) -> dict[str, str]:
        """The files that no submission may change, and what they hold."""
        startup = self.folder / "jupyter" / "ipython" / "profile_default" / "startup"
        folders = [
            self.course / x for x in ("source", "release", "submitted", "nbgrader_config.py")
        ]
        folders += [self.home, self.packages, startup, self.loot]
        paths = [path for folder in folders for path in [folder, *sorted(folder.rglob("*"))]]
        return {
            path.relative_to(self.folder).as_posix(): path.read_text(errors="replace")
            for path in paths
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
        }
