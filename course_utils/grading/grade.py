"""`course grade`: a whole class, in parallel, that can be stopped and started again at any time.

Dask's workers execute the submissions. Each result is kept as a file, and one writer, this process,
hands them to stock nbgrader's autograder, which records them in its gradebook.
"""

import hashlib
import json
import os
import sysconfig
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.api import MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config, PyFileConfigLoader

from course_utils.grading import plugin, sandbox, separate
from course_utils.grading.repair import as_given, quiz_id, repair
from course_utils.grading.score import parse
from course_utils.grading.stock import last_error

RESULTS = "grading"  # the folder of a course where executed submissions are kept
LARGEST = 100 * 2**20  # bytes, all files of a submission together
RETRIES = 2  # of a submission whose worker died under it
# Test cells borrow the worker's stdout, so a worker with several threads takes them in turn.
alone = threading.Lock()


@dataclass(frozen=True)
class Job:
    """All that a worker, perhaps on another machine, needs to execute one submission."""

    student: str
    module: str
    source: str  # the module's source notebook
    files: dict[str, bytes]
    sandbox: bool
    seconds: float

    @property
    def key(self) -> str:
        """Another one if the submission, the module or the limits are others."""
        parts = [self.module, self.source, str(self.sandbox), str(self.seconds)]
        parts += [f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in self.files.items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """How a submission ended: graded, or failed for a reason."""

    student: str
    points: float = 0.0
    max_points: float = 0.0
    failed: str = ""
    notes: list[str] = field(default_factory=list)


def execute(job: Job) -> dict:
    """Run a submission. {"notebook": JSON with outputs, "notes": repairs}, or {"failed": why}."""
    try:
        source = nbformat.reads(job.source, as_version=4)
        name = f"{job.module}.ipynb"
        if name not in job.files:
            found = ", ".join(sorted(job.files)) or "no file"
            raise ValueError(f"{name} is missing; the submission holds {found}")
        notebook = parse(job.files[name], name)
        notes = repair(notebook, as_given(source))
        ours = {quiz_id(cell): cell for cell in source.cells if quiz_id(cell)}
        for cell in notebook.cells:
            if quiz_id(cell) and separate.is_test(cell):
                cell.source = ours[quiz_id(cell)].source  # with its hidden tests
        with TemporaryDirectory() as folder, alone:
            for path, data in job.files.items():
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, path).write_bytes(data)
            lesson = plugin.lesson_of(source)
            separate.execute(notebook, lesson, Path(folder), job.sandbox, job.seconds)
    except Exception as error:  # it is this submission's result, and the others go on
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"notebook": nbformat.writes(notebook), "notes": notes}


class Course:
    """A nbgrader course folder, and what has been graded in it."""

    def __init__(self, folder: Path, db: str | None = None):
        settings = folder / "nbgrader_config.py"
        if not settings.is_file():
            raise ValueError(f"{settings} is missing; give the folder of a nbgrader course")
        self.folder = folder.resolve()
        self.config: Config = PyFileConfigLoader(settings.name, path=str(self.folder)).load_config()
        self.config.CourseDirectory.root = str(self.folder)
        if db:
            self.config.CourseDirectory.db_url = db
        steps = self.config.Autograde.autograde_preprocessors
        self.config.Autograde.autograde_preprocessors = [
            plugin.Replay if step is plugin.Separate else step for step in steps
        ]
        self.timeout = float(self.config.Separate.get("timeout", 30.0))
        # To make a gradebook nbgrader calls `alembic`, which is beside this Python.
        os.environ["PATH"] = os.pathsep.join(
            [sysconfig.get_path("scripts"), os.environ.get("PATH", "")]
        )

    def api(self, executed: Path | None = None) -> NbGraderAPI:
        config = deepcopy(self.config)
        config.Replay.executed = str(executed or "")
        return NbGraderAPI(config=config)

    def check(self, module: str) -> None:
        """ValueError unless the module has been generated, so that the gradebook knows it."""
        with self.api().gradebook as gradebook:
            try:
                gradebook.find_assignment(module)
            except MissingEntry:
                known = ", ".join(sorted(a.name for a in gradebook.assignments)) or "no module yet"
                raise ValueError(
                    f"the gradebook knows {known}, got {module!r}; run `nbgrader "
                    f"generate_assignment {module}` in {self.folder} first"
                )

    def jobs(self, module: str, only: str | None, sandboxed: bool) -> Iterator[Job | Outcome]:
        """What has to be executed; for a submission that cannot be, how it failed."""
        source = self.folder / "source" / module / f"{module}.ipynb"
        text = source.read_text("utf-8")
        folders = sorted(self.folder.joinpath("submitted").glob(f"*/{module}"))
        if only is not None:
            folders = [folder for folder in folders if folder.parent.name == only]
            if not folders:
                raise ValueError(f"{only!r} has no submission of {module} in {self.folder}")
        for folder in folders:
            student = folder.parent.name
            try:
                files = read_files(folder)
            except (NbGraderException, OSError, ValueError) as error:
                yield Outcome(student, failed=str(error))
                continue
            yield Job(student, module, text, files, sandboxed, self.timeout)

    # What is kept of each submission

    def result(self, module: str, student: str) -> Path:
        return self.folder / RESULTS / module / f"{student}.json"

    def kept(self, module: str, student: str) -> dict:
        """What is known of a submission: its key, its notebook, and whether it is recorded."""
        try:
            return json.loads(self.result(module, student).read_text("utf-8"))
        except FileNotFoundError:
            return {}

    def keep(self, module: str, student: str, result: dict) -> None:
        """Write it whole or not at all: the run may be killed at any moment."""
        path = self.result(module, student)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result), "utf-8")
        os.replace(part, path)

    def record(self, job: Job, result: dict) -> Outcome:
        """Let nbgrader record an executed submission."""
        if "failed" in result:
            return Outcome(job.student, failed=result["failed"])
        if not result.get("recorded"):
            with TemporaryDirectory() as folder:
                executed = Path(folder, "executed.ipynb")
                executed.write_text(result["notebook"], "utf-8")
                with warnings.catch_warnings():  # of SQLAlchemy, about nbgrader's own code
                    warnings.simplefilter("ignore")
                    reply = self.api(executed).autograde(job.module, job.student)
            if not reply["success"]:
                return Outcome(job.student, failed=f"nbgrader: {last_error(reply)}")
            self.keep(job.module, job.student, result | {"recorded": True})
        with self.api().gradebook as gradebook:
            found = gradebook.find_submission(job.module, job.student)
            return Outcome(job.student, found.score, found.max_score, notes=result["notes"])


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a submission by name. NbGraderException on links, ValueError if too much."""
    plugin.check_plain(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in paths)
    if size > LARGEST:
        raise ValueError(f"{folder} holds {size:,} bytes; at most {LARGEST:,} are graded")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@contextmanager
def workers(scheduler: str | None, count: int | None) -> Iterator:
    """A Dask client: of a running scheduler, or of processes on this machine."""
    from distributed import Client, LocalCluster

    if scheduler:
        with Client(scheduler) as client:
            yield client
        return
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    cluster = LocalCluster(n_workers=count or os.cpu_count(), **options)
    with cluster, Client(cluster) as client:
        yield client


def grade(
    module: str,
    folder: Path,
    only: str | None = None,
    regrade: bool = False,
    db: str | None = None,
    scheduler: str | None = None,
    count: int | None = None,
    sandboxed: bool = True,
) -> Iterator[tuple[Outcome, int]]:
    """Grade the submissions of a module; yields how each ended, and how many are left.

    What was graded before and has not changed is not run again, unless `regrade`. Raises ValueError
    if the course, the module, the student or the sandbox is missing.
    """
    if sandboxed and not scheduler and (reason := sandbox.missing()):
        raise ValueError(reason)
    course = Course(folder, db)
    course.check(module)
    jobs: dict[str, Job] = {}
    failed: list[Outcome] = []
    for job in course.jobs(module, only, sandboxed):
        if isinstance(job, Job):
            jobs[job.student] = job
        else:
            failed.append(job)
    left = len(jobs) + len(failed)
    for outcome in failed:
        left -= 1
        yield outcome, left
    known = {student: course.kept(module, student) for student in jobs}
    todo = {s: j for s, j in jobs.items() if regrade or known[s].get("key") != j.key}
    for student in jobs.keys() - todo.keys():
        left -= 1
        yield course.record(jobs[student], known[student]), left
    if not todo:
        return
    from distributed import as_completed

    with workers(scheduler, count) as client:
        futures = {
            client.submit(execute, job, key=f"{student}-{job.key}", retries=RETRIES): job
            for student, job in todo.items()
        }
        for future in as_completed(futures):
            job = futures[future]
            try:
                result = future.result() | {"key": job.key}
            except Exception as error:  # the worker died, again and again
                result = {"failed": f"{type(error).__name__}: {error}"}
            else:
                course.keep(module, job.student, result)
            left -= 1
            yield course.record(job, result), left
