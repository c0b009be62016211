"""What `quizzes/nbgrader_config.py` puts into stock nbgrader, to grade untrusted code safely."""

import html
import os
import stat
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import parse_utc
from traitlets import Bool, Callable, Float

from course_utils.author.renamed import earlier_names
from course_utils.grading import examiner, sandbox, separate
from course_utils.grading.examiner import reason
from course_utils.grading.private import private_tests
from course_utils.grading.repair import as_given, is_test, marked, repair
from course_utils.grading.submitted import find, parse

if sys.platform != "win32":  # where nbgrader has no exchange
    import pwd

    FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW  # how one is opened, through no link

MOST_FILES = 2_000  # of one submission, with folders
MOST_DEEP = 40  # folders in each other
LONGEST_TIME = 100  # bytes of a time; to read one takes a second for each 100,000


class CoursePreprocessor(NbGraderPreprocessor):
    """Knows the module's source notebook, which stock preprocessors are not told."""

    def source(self, resources: dict) -> NotebookNode:
        coursedir = self.parent.parent.coursedir  # the exporter's, and its converter's
        module = resources["nbgrader"]["assignment"]
        folder = coursedir.format_path(coursedir.source_directory, ".", module)
        path = Path(folder, f"{resources['nbgrader']['notebook']}.ipynb")
        return nbformat.read(path, as_version=4)


class Repair(CoursePreprocessor):
    """Puts quiz cells that were deleted, copied or edited back as they were given; notes what."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        given = as_given(self.source(resources))
        course = Path(self.parent.parent.coursedir.root)
        earlier = earlier_names(course, resources["nbgrader"]["assignment"])
        for note in (notes := repair(nb, given, earlier)):
            self.log.warning("%s: %s", resources["nbgrader"]["student"], note)
        nb.metadata["next_token"] = {**given.metadata.get("next_token", {}), "notes": notes}
        return nb, resources


class Separate(CoursePreprocessor):
    """Runs the submission in a sandbox and its test cells out of its reach, instead of Execute."""

    sandbox = Bool(True, help="Whether untrusted code runs in a sandbox.").tag(config=True)
    timeout = Float(30, help="Seconds for a cell, and for all calls of a test.").tag(config=True)
    progress = Callable(None, allow_none=True, help="As in separate.execute.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        if self.sandbox and (reason := sandbox.missing()):
            raise NbGraderException(reason)
        folder = Path(resources["metadata"]["path"]).resolve()
        source = self.source(resources)
        course = Path(self.parent.parent.coursedir.root)
        tests = private_tests(course, resources["nbgrader"]["assignment"], source)
        options = lesson_of(source), folder, self.sandbox, self.timeout, tests
        if self.progress:  # the process that scores ends afterwards: it need not start another
            separate.execute(nb, *options, progress=self.progress)
        else:
            examiner.execute(nb, *options)
        return nb, resources


class HideTests(ClearHiddenTests):
    """Takes hidden tests out of feedback; the author's words, which are the reasons, stay.

    What a cell may say once a hidden test has run was decided when it ran, by `told`.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        known = nb.metadata.get("next_token", {})
        titles = known.get("titles", {})
        for i, cell in enumerate(nb.cells):
            if cell.cell_type != "code" or not cell.outputs:
                continue
            if "feedback" not in known:  # an earlier edition of this course executed it
                said = "(Not shown: grade this submission again.)\n"
                cell.outputs = [new_output("stream", name="stdout", text=said)]
            elif str(i) in known["feedback"]:
                cell.outputs = known["feedback"][str(i)]
        nb, resources = super().preprocess(nb, resources)
        for cell in nb.cells:
            if (meta := marked(cell)) and meta.get("grade_id") in titles:
                # What the page calls a cell by, and links to.
                meta["grade_id"] = html.escape(titles[meta["grade_id"]])
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        # Only there: a student who writes the marks elsewhere would stop the feedback.
        if is_test(cell):
            return super().preprocess_cell(cell, resources, index)
        return cell, resources


def lesson_of(source: NotebookNode) -> list[str]:
    """The sources of a module's cells that are no quiz."""
    return [cell.source for cell in source.cells if "nbgrader" not in cell.metadata]


def check_plain(folder: Path) -> None:
    """NbGraderException if there is anything below that is not for us; see `plain`."""
    check_one(folder)
    if folder.is_dir():
        for _ in plain(folder):
            continue


def check_one(path: Path) -> None:
    """NbGraderException if this is there but no plain file or folder, or has an odd name."""
    if path.is_symlink() or (path.exists() and not (path.is_dir() or path.is_file())):
        raise NbGraderException(
            f"{path} is a link or a special file: submissions hold plain files and folders "
            "only; ask the student to submit again without it"
        )
    check_name(path)


def check_name(path: Path) -> None:
    """NbGraderException for a name that could be taken for another, or for more than one line."""
    if not path.name.isprintable() or "\\" in path.name:  # bytes that are no text are neither
        raise NbGraderException(
            f"{str(path)!r} has a name with a backslash or with what cannot be printed; ask "
            "the student to submit again without it"
        )


def check_time(stamp: bytes) -> None:
    """ValueError unless this, of a submission's timestamp.txt, is empty or a time."""
    try:
        if len(stamp) > LONGEST_TIME:
            raise ValueError
        if stamp.strip():
            parse_utc(stamp.strip().decode("utf-8"))
    except Exception:  # of three libraries
        raise ValueError(
            f"timestamp.txt holds no time but {stamp.strip()[:50]!r}; put in when the submission "
            "came, such as 2026-11-21 12:00:00 UTC, or remove the file"
        )


def plain(folder: Path) -> Iterator[Path]:
    """All files and folders below one.

    NbGraderException for what `check_one` refuses, for very many of them, or for folders that are
    nested so deep that what works on them would fail; OSError for what cannot be read.
    """
    waiting, found = [(folder, 1)], 0
    while waiting:
        here, depth = waiting.pop()
        for path in sorted(here.iterdir()):
            check_one(path)
            found += 1
            if found > MOST_FILES:
                raise too_many(folder)
            if path.is_dir():
                if depth >= MOST_DEEP:
                    raise too_deep(folder)
                waiting.append((path, depth + 1))
            yield path


def too_many(folder: Path) -> NbGraderException:
    return NbGraderException(
        f"{folder} holds more than {MOST_FILES:,} files and folders; ask the student to submit "
        "again with the notebook and what it reads alone"
    )


def too_deep(folder: Path) -> NbGraderException:
    return NbGraderException(
        f"{folder} has more than {MOST_DEEP} folders in each other; ask the student to submit "
        "again without them"
    )


class Exporter(NotebookExporter):
    """Reads what was submitted as `course grade` does; what was sanitised, as stock nbgrader."""

    def from_filename(self, filename: str, resources: dict, **options) -> tuple[str, dict]:
        if not self.parent._sanitizing:
            return super().from_filename(filename, resources, **options)
        path = Path(filename)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        return self.from_notebook_node(parse(path.read_bytes(), path.name), resources, **options)


stock_init_assignment = Autograde.init_assignment


def init_assignment(self: Autograde, assignment_id: str, student_id: str) -> None:
    folder = Path(self._format_source(assignment_id, student_id))
    check_plain(folder)
    if (stamp := folder / "timestamp.txt").is_file():
        with stamp.open("rb") as file:
            check_time(file.read(LONGEST_TIME + 1))
    stock_init_assignment(self, assignment_id, student_id)


def check_before_copying() -> None:
    """Have nbgrader's autograder refuse links before it copies a submission, which follows them.

    It has no setting for that: of its hooks it only logs what they raise.
    """
    Autograde.init_assignment = init_assignment


class Collect(ExchangeCollect):
    """Stock collecting, which follows links to your own files, and stops at one odd submission.

    Nor does it look at who owns a submission but to warn: anybody could replace another's.
    """

    def _path_to_record(self, path: str) -> dict:
        try:
            return super()._path_to_record(path)
        except Exception as error:  # whatever a name leads to, the others are collected
            name = Path(path).name
            return {
                "username": name,
                "filename": name,
                "timestamp": datetime.min,
                "refused": reason(error),
            }

    def _sort_by_timestamp(self, records: list[dict]) -> list[dict]:
        """The newest first, but those that are refused last."""
        for record in records:
            record["refused"] = record.get("refused") or self.refused(record)
            if record["refused"]:
                self.log.error("Not collected: %s: %s", record["filename"], record["refused"])
        newest = super()._sort_by_timestamp(records)
        return sorted(newest, key=lambda record: bool(record["refused"]))

    def refused(self, record: dict) -> str:
        """Why a submission is not collected, or nothing."""
        path = Path(self.inbound_path, record["filename"])
        if record["username"].strip() in ("", ".", ".."):
            return "its name holds no student"
        try:
            check_name(Path(record["username"]))
            owner = path.lstat().st_uid
            if self.check_owner and pwd.getpwnam(record["username"]).pw_uid != owner:
                return f"it is {user_name(owner)}'s; see ExchangeCollect.check_owner in nbgrader"
            check_plain(path)
        except KeyError:
            return "no user of this name; see ExchangeCollect.check_owner in nbgrader"
        except Exception as error:
            return str(error) if isinstance(error, NbGraderException) else reason(error)
        return ""

    def init_src(self) -> None:
        super().init_src()
        self.src_records = [record for record in self.src_records if not record["refused"]]

    def copy_files(self) -> None:
        """One by one, so that what is odd in one submission stops no other.

        What is refused is so before stock nbgrader removes the submission that it would replace.
        """
        records = self.src_records
        if not records:
            super().copy_files()
        for record in records:
            self.src_records = [record]
            try:
                with TemporaryDirectory() as folder:
                    self.copy = Path(folder, "copy")
                    source = Path(self.inbound_path, record["filename"])
                    copy_plain(source, self.copy, 1000 * self.coursedir.max_dir_size)
                    super().copy_files()
            except Exception as error:
                self.log.error("Not collected: %s: %s", record["filename"], reason(error))

    def do_copy(self, src: str, dest: str, log=None) -> None:
        if told := name_as_module(self.copy, self.coursedir.assignment_id):
            self.log.warning("%s: %s", Path(src).name, told)
        super().do_copy(str(self.copy), dest, log)


def copy_plain(source: Path, target: Path, most: int) -> None:
    """Copy a folder of another user, who may put links in place of files at any moment.

    Opens each file from its open folder, and none through a link. NbGraderException for what is no
    plain file of its own, for more than `most` bytes, or for more than `plain` takes; OSError for
    a link.
    """
    waiting, found = [(Path(), 0)], 0
    top = os.open(source, FOLDER)
    try:
        while waiting:
            place, depth = waiting.pop()
            (target / place).mkdir()
            opened = opened_below(top, place)
            try:
                names = sorted(os.listdir(opened))
                found += len(names)
                if found > MOST_FILES:
                    raise too_many(source)
                for name in names:
                    status = os.lstat(name, dir_fd=opened)
                    if stat.S_ISDIR(status.st_mode):
                        if depth >= MOST_DEEP:
                            raise too_deep(source)
                        waiting.append((place / name, depth + 1))
                        continue
                    data = read_plain(name, opened, most + 1)
                    most -= len(data)
                    if most < 0:
                        raise NbGraderException("it is too large; see CourseDirectory.max_dir_size")
                    (target / place / name).write_bytes(data)
            finally:
                os.close(opened)
    finally:
        os.close(top)


def opened_below(folder: int, path: Path) -> int:
    """A folder below an open one, opened step by step and through no link."""
    opened = os.dup(folder)
    for part in path.parts:
        try:
            inner = os.open(part, FOLDER, dir_fd=opened)
        finally:
            os.close(opened)
        opened = inner
    return opened


def read_plain(name: str, folder: int, most: int) -> bytes:
    """Up to so many bytes of a file in an open folder. NbGraderException if it is no plain one."""
    # Without waiting: opening a pipe would wait for somebody to write to it.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise NbGraderException(f"{name} is a link or a special file")
        return file.read(most)


def name_as_module(folder: Path, module: str) -> str:
    """Give a renamed notebook its module's name, which stock nbgrader goes by; what to tell."""
    try:
        path, _ = find({path.name: path.read_bytes() for path in folder.glob("*.ipynb")}, module)
    except ValueError as error:
        return str(error)
    (folder / path).rename(folder / f"{module}.ipynb")
    return "" if path == f"{module}.ipynb" else f"collected {path!r} as {module}.ipynb"


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
