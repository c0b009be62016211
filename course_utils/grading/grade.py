"""`course grade`: a whole class, in parallel, that can be stopped and started again at any time.

Dask's workers execute the submissions. Each result is kept as a file, and one writer, this process,
records it in the gradebook with stock nbgrader's autograder.
"""

import hashlib
import json
import logging
import multiprocessing
import os
import signal
import sysconfig
import warnings
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import dask
import nbformat
import sqlalchemy
from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, as_completed
from distributed.utils import get_mp_context
from filelock import FileLock, Timeout
from nbconvert.exporters import NotebookExporter
from nbconvert.writers import FilesWriter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, ClearOutput
from nbgrader.utils import rmtree
from sqlalchemy.orm import object_session
from traitlets.config import Config, PyFileConfigLoader

from course_utils.author.renamed import earlier_names
from course_utils.grading import plugin, sandbox
from course_utils.grading.examiner import reason
from course_utils.grading.execute import Job, Module, execute
from course_utils.grading.private import private_tests
from course_utils.grading.repair import as_given

RESULTS = "grading"  # the folder of a course where executed submissions are kept
LARGEST = 100 * 2**20  # bytes, all files of a submission together
WORKER_MEMORY = 4 * 2**30  # bytes; to read JSON takes up to 20 times its size
CONNECT_SECONDS = 10
LONGEST_NAME = 200  # bytes; of 255 that a file's name may have


@dataclass(frozen=True)
class Outcome:
    """How a submission ended: graded, or failed for a reason.

    points: the grade, as the gradebook exports it, which is without `penalty`. late: seconds.
    waiting: questions that a person has still to grade.
    """

    student: str
    points: float = 0.0
    max_points: float = 0.0
    failed: str = ""
    notes: list[str] = field(default_factory=list)
    penalty: float = 0.0
    late: float = 0.0
    waiting: int = 0

    def __str__(self) -> str:
        """One line, without the student: the grade and what it is made of, or why there is none."""
        if self.failed:
            return f"FAILED: {self.failed}"
        said = [f"{self.points:g}/{self.max_points:g}"]
        if self.late:
            said.append(f"late by {timedelta(seconds=round(self.late))}")
        if self.penalty:
            said.append(f"{self.penalty:g} taken off")
        if self.waiting:
            said.append(f"{self.waiting} to be graded by hand")
        return ", ".join(said)


class Record(Autograde):
    """Stock nbgrader's autograder for one submission that was executed already.

    Its steps and settings are those of the course, but for those whose work is done. It raises what
    went wrong, which the stock one only logs.
    """

    done = (plugin.Repair, ClearOutput, plugin.Separate)

    def record(self, student: str, module: str, executed: NotebookNode) -> None:
        self.force = True
        self.executed = executed
        self.notebooks = [str(Path(self._format_source(module, student), f"{module}.ipynb"))]
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = NotebookExporter(parent=self, config=self.config)
        for step in self.sanitize_preprocessors + self.autograde_preprocessors:
            if step not in self.done:
                self.exporter.register_preprocessor(step)
        try:
            if not self.init_destination(module, student):
                raise ValueError(f"{student} is in nbgrader's student_id_exclude")
            self.init_assignment(module, student)
            (notebook,) = self.notebooks
            self.convert_single_notebook(notebook)
            self.set_permissions(module, student)
        except BaseException:
            if Path(made := self._format_dest(module, student)).exists():
                rmtree(made)
            raise

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        resources["metadata"] = {"path": str(Path(notebook_filename).parent)}
        self.write_single_notebook(
            *self.exporter.from_notebook_node(self.executed, resources=resources)
        )


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
            self.config.CourseDirectory.db_url = database(db)
        self.timeout = float(self.config.Separate.get("timeout", 30.0))
        # To make a gradebook nbgrader calls `alembic`, which is beside this Python.
        os.environ["PATH"] = os.pathsep.join(
            [sysconfig.get_path("scripts"), os.environ.get("PATH", "")]
        )
        self.coursedir = CourseDirectory(config=self.config)
        # Without its password: it is written to files.
        self.db = str(sqlalchemy.make_url(self.coursedir.db_url))

    def api(self) -> NbGraderAPI:
        return NbGraderAPI(config=self.config)

    def gradebook(self) -> Gradebook:
        try:
            return Gradebook(self.coursedir.db_url, self.coursedir.course_id)
        except (sqlalchemy.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            raise ValueError(f"the gradebook {self.db} cannot be opened: {reason(error)}")

    def check(self, module: str) -> None:
        """ValueError unless the module has been generated, so that the gradebook knows it."""
        with self.gradebook() as gradebook:
            try:
                gradebook.find_assignment(module)
            except MissingEntry:
                known = ", ".join(sorted(a.name for a in gradebook.assignments)) or "no module yet"
                raise ValueError(
                    f"the gradebook {self.db} knows {known}, got {module!r}; run `nbgrader "
                    f"generate_assignment {module}` in {self.folder} first, with --db=URL if the "
                    "gradebook is not the one of nbgrader_config.py"
                )

    def module(self, name: str) -> Module:
        path = self.folder / "source" / name / f"{name}.ipynb"
        if not path.is_file():
            raise ValueError(f"{path} is missing; make it with `course build`")
        text = path.read_text("utf-8")
        source = nbformat.reads(text, as_version=4)
        tests = private_tests(self.folder, name, source)
        earlier = earlier_names(self.folder, name)
        return Module(name, text, nbformat.writes(as_given(source)), tests, earlier)

    def students(self, module: str, only: str | None) -> list[str]:
        """Whoever submitted the module. ValueError if `only` did not."""
        found = sorted(path.parent.name for path in self.folder.glob(f"submitted/*/{module}"))
        if only is None:
            return found
        if only not in found:
            raise ValueError(f"{only!r} has no submission of {module} in {self.folder}")
        return [only]

    def job(self, student: str, module: Module, sandboxed: bool) -> Job:
        """What is to be executed. NbGraderException, OSError or ValueError if that cannot be."""
        plugin.check_name(Path(student))
        files = read_files(self.folder / "submitted" / student / module.name)
        plugin.check_time(files.get("timestamp.txt", b""))
        return Job(student, module, files, sandboxed, self.timeout)

    # What is kept of each submission

    def result(self, module: str, student: str) -> Path:
        name = os.fsencode(student)
        if len(name) > LONGEST_NAME:  # with .json behind it no file system may take it
            student = f"{student[:40]} {hashlib.sha256(name).hexdigest()}"
        return self.folder / RESULTS / module / f"{student}.json"

    def kept(self, module: str, student: str) -> dict:
        """What is known of a submission: its key, its notebook, and where it is recorded.

        Nothing if the file was lost or damaged: the submission is executed again.
        """
        try:
            found = json.loads(self.result(module, student).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def keep(self, module: str, student: str, result: dict) -> None:
        """Write it whole or not at all: the run may be killed at any moment."""
        path = self.result(module, student)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result), "utf-8")
        os.replace(part, path)

    def record(self, student: str, module: str, result: dict) -> Outcome:
        """Have an executed submission in the gradebook."""
        try:
            executed = nbformat.reads(result["notebook"], as_version=4)
            with warnings.catch_warnings():  # of SQLAlchemy, about nbgrader's own code
                warnings.simplefilter("ignore")
                Record(coursedir=self.coursedir, config=self.config).record(
                    student, module, executed
                )
            self.keep(module, student, result | {"recorded": self.db})
            with self.gradebook() as gradebook:
                return self.settled(gradebook.find_submission(module, student), result["notes"])
        except Exception as error:  # it is this submission's, and the others go on
            return self.failure(student, module, reason(error))

    def ended(self, job: Job, result: dict) -> Outcome:
        """Keep what came of a job, and record it. What failed is not kept: it is tried again."""
        name = job.module.name
        if "failed" in result:
            return self.failure(job.student, name, result["failed"])
        result["key"] = job.key
        try:
            self.keep(name, job.student, result)
        except OSError as error:  # a full disk, say
            return self.failure(job.student, name, reason(error))
        return self.record(job.student, name, result)

    def recorded(self, module: str, results: dict[str, dict]) -> dict[str, Outcome]:
        """By student, what of these results is in the gradebook, its late penalties as of now.

        One gradebook for all, as it takes long to open. results: what was kept, by student.
        """
        found = {}
        with self.gradebook() as gradebook:
            for submission in gradebook.assignment_submissions(module):
                student = submission.student.id
                kept = results.get(student, {})
                done = self.folder / "autograded" / student / module / f"{module}.ipynb"
                if kept.get("recorded") != self.db or not done.is_file():
                    continue
                try:
                    found[student] = self.settled(submission, kept["notes"])
                except Exception as error:
                    gradebook.db.rollback()
                    found[student] = Outcome(student, failed=reason(error))
            gradebook.db.commit()
        return found

    def settled(self, submission: SubmittedAssignment, notes: list[str]) -> Outcome:
        """A submission's grade, its late penalty by the due date and the policy of this moment.

        These may have changed since it was recorded, as extra credit may. The penalty is the one
        of stock nbgrader's own step, which runs only when a submission is autograded.
        """
        policy = AssignLatePenalties(config=self.config)
        policy.init_plugin()
        late, student = submission.total_seconds_late, submission.student.id
        for notebook in submission.notebooks:
            penalty = None
            if late > 0:
                penalty = policy.plugin_inst.late_submission_penalty(student, notebook.score, late)
            if penalty is not None:
                penalty = min(max(penalty, 0.0), notebook.score)
            if notebook.late_submission_penalty != penalty:
                notebook.late_submission_penalty = penalty
        object_session(submission).commit()
        penalty = submission.late_submission_penalty
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return Outcome(
            student,
            max(0.0, submission.score - penalty),
            submission.max_score,
            notes=notes,
            penalty=penalty,
            late=late,
            waiting=sum(grade.needs_manual_grade for grade in grades),
        )

    def failure(self, student: str, module: str, why: str) -> Outcome:
        """How a failed submission ended; notes if one before it was graded."""
        try:
            with self.gradebook() as gradebook:
                old = self.settled(gradebook.find_submission(module, student), [])
        except Exception:  # there is none; or the gradebook is what failed
            return Outcome(student, failed=why)
        return Outcome(student, failed=why, notes=[f"the gradebook still has {old} from before"])


def database(url: str) -> str:
    """The URL of a gradebook for SQLAlchemy, with the driver that is installed here."""
    try:
        parsed = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):  # of a port that is no number
        raise ValueError(
            "--db must be a URL such as postgresql://user:password@host/name or "
            f"sqlite:////folder/gradebook.db, got {url!r}"
        )
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql" and "connect_timeout" not in parsed.query:
        parsed = parsed.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    return parsed.render_as_string(hide_password=False)


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a submission by name.

    NbGraderException on links; OSError if one cannot be read; ValueError if it is no folder, or too
    much.
    """
    plugin.check_one(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file; a submission is a folder that holds the notebook")
    paths = [path for path in plugin.plain(folder) if not path.is_dir()]
    size = sum(path.stat().st_size for path in paths)
    if size > LARGEST:
        raise ValueError(f"{folder} holds {size:,} bytes; at most {LARGEST:,} are graded")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


# Running them


class LeaveInterrupt(WorkerPlugin):
    """Ctrl-C reaches all processes of a terminal: this one ends the workers in good order."""

    def setup(self, worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def workers(scheduler: str | None, count: int | None) -> Iterator[Client]:
    """A Dask client: of a running scheduler, or of processes on this machine.

    ValueError if no scheduler answers, if it has no worker, or if none can be started here.
    """
    if scheduler:
        with connected(scheduler) as client:
            yield client
        return
    with dask.config.set(settings()):
        # All workers are forked from one process, which imports once what takes seconds.
        get_mp_context().set_forkserver_preload(["course_utils.grading.execute"])
        with started(count) as cluster, Client(cluster) as client:
            yield client


def settings() -> dict:
    """Dask's settings for workers on this machine."""
    fork = "forkserver" in multiprocessing.get_all_start_methods()
    return {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.scheduler.http.routes": [],  # no pages: others on the machine could read them
        "distributed.worker.multiprocessing-method": "forkserver" if fork else "spawn",
    }


def started(count: int | None) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=count or os.cpu_count(),
            threads_per_worker=1,
            processes=True,
            memory_limit=WORKER_MEMORY,
            security=True,  # or any user of this machine could connect, and run code as this one
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,  # dead workers are reported as failed submissions
            plugins=[LeaveInterrupt()],
        )
    except RuntimeError as error:
        raise ValueError(
            f"a worker died while it started ({reason(error)}): start the same command again, "
            "with fewer --workers if memory is short"
        )


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {scheduler!r} ({reason(error)}); start one with "
            "`dask scheduler`, and give its address, such as tcp://127.0.0.1:8786"
        )
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise ValueError(
                f"the scheduler at {scheduler} has no worker; start some with `dask worker "
                f"{scheduler}`, where this course is installed"
            )
        yield client


def run(client: Client, jobs: Iterable[Job]) -> Iterator[tuple[Job, dict]]:
    """Each job and its result, in the order in which they end.

    Few wait on the workers at a time, so that a large class takes no more memory than a small one.
    When a worker dies it is not known which of its jobs did that: each is run again, alone.
    """
    jobs = iter(jobs)
    running: dict = {}
    suspects: list[Job] = []
    ended = as_completed()

    def submit(some: Iterable[Job]) -> None:
        for job in some:
            with warnings.catch_warnings():  # each file is sent once, as it has to be
                warnings.filterwarnings("ignore", "Sending large graph")
                future = client.submit(execute, job, pure=False)
            running[future] = job
            ended.add(future)

    submit(islice(jobs, 2 * sum(client.nthreads().values())))
    for future in ended:
        job = running.pop(future)
        submit(islice(jobs, 1))
        if isinstance(result := result_of(future), KilledWorker):
            suspects.append(job)
        else:
            yield job, result
    for job in suspects:
        result = result_of(client.submit(execute, job, pure=False))
        if isinstance(result, KilledWorker):
            result = {"failed": "the process that executed it died each time that it was tried"}
        yield job, result


def result_of(future: Future) -> dict | KilledWorker:
    try:
        return future.result()
    except KilledWorker as died:
        return died
    except (Exception, CancelledError) as error:  # such as a worker without this course
        return {"failed": f"Dask: {reason(error)}"}


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
    if the course, the module, the student, the sandbox or the scheduler is missing, or if another
    one is at work in the course.
    """
    course = Course(folder, db)
    course.check(module)
    (course.folder / RESULTS).mkdir(exist_ok=True)
    try:
        lock = FileLock(course.folder / RESULTS / "lock").acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"another `course grade` is at work in {course.folder}; wait for it, or stop it"
        )
    with lock:
        outcomes = graded(course, module, only, regrade, scheduler, count, sandboxed)
        left = len(course.students(module, only))
        for outcome in outcomes:
            left -= 1
            yield outcome, left


def graded(
    course: Course,
    name: str,
    only: str | None,
    regrade: bool,
    scheduler: str | None,
    count: int | None,
    sandboxed: bool,
) -> Iterator[Outcome]:
    module = course.module(name)
    todo: list[str] = []
    kept: dict[str, dict] = {}
    changed: list[tuple[str, str]] = []

    def jobs() -> Iterator[Job]:
        """Read again when its turn comes: a class does not fit into memory."""
        for student in todo:
            try:
                yield course.job(student, module, sandboxed)
            except Exception as error:  # it is this submission's, here and below
                changed.append((student, reason(error)))

    for student in course.students(name, only):
        try:
            key = course.job(student, module, sandboxed).key
            found = course.kept(name, student)
        except Exception as error:
            yield course.failure(student, name, reason(error))
            continue
        if regrade or found.get("key") != key:
            todo.append(student)
        else:
            kept[student] = {part: found.get(part) for part in ("recorded", "notes")}
    done = course.recorded(name, kept)
    for student in kept:
        yield done.get(student) or course.record(student, name, course.kept(name, student))
    if not todo:
        return
    with ThreadPoolExecutor() as meanwhile:  # both take seconds
        why = meanwhile.submit(sandbox.missing) if sandboxed and not scheduler else None
        with workers(scheduler, count) as client:
            if why and why.result():
                raise ValueError(why.result())
            for job, result in run(client, jobs()):
                yield course.ended(job, result)
    for student, why in changed:
        yield course.failure(student, name, why)
