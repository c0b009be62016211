"""What `quizzes/nbgrader_config.py` puts into `nbgrader zip_collect`: zips of Canvas and Moodle.

The platform begins each name, the student chose the rest; so a name is read from its beginning, and
whoever it names has to be in the list of the class under the same name.
"""

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path, PurePosixPath

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Unicode

from course_utils.grading.grade import LARGEST, Course
from course_utils.grading.roster import CANVAS, KEPT, Roster, Student, roster_of, time_of

NOTEBOOK = ".ipynb"
MOST_FILES = 20_000  # of a zip
MOST_TOGETHER = 2**31  # bytes of the notebooks of a class
UNNAMED = "participant"  # what Moodle calls those who are marked blindly


@dataclass(frozen=True)
class Work:
    """A notebook whose path says whose it is. file: as the student called it."""

    student: Student
    file: str
    late: bool


class Collector(FileNameCollectorPlugin):
    """Finds out whose a notebook is. One that is nobody's is named, and left where it is."""

    canvas = Unicode("", help="Names in Canvas's zip of submissions.").tag(config=True)
    moodle = Unicode("", help="Names in Moodle's zip of submissions.").tag(config=True)

    def __init__(self, **options):
        super().__init__(**options)
        self.taken: dict[str, set[str]] = {}

    def collect(self, submitted_file: str) -> dict | None:
        app = self.parent
        path = Path(submitted_file)
        extracted = Path(app._format_collect_path(app.extracted_directory))
        course, roster = self.known
        if path.suffix != NOTEBOOK:
            return None
        place = PurePosixPath(path.relative_to(extracted).as_posix())
        try:
            work = self.whose(place, roster, app.coursedir.assignment_id)
        except ValueError as error:
            self.log.error("Not collected: %s", error)
            return None
        if work.late:
            self.log.warning(
                "%s was late, and Canvas does not say when: write it into timestamp.txt of %s",
                *(work.student.name, f"submitted/{work.student.id}/{app.coursedir.assignment_id}"),
            )
        file = self.unlike(work, self.taken.setdefault(work.student.id, set()))
        found = {"student_id": work.student.id, "file_id": file}
        return found | {"timestamp": time_of(course, work.student)}

    @cached_property
    def known(self) -> tuple[Course, Roster]:
        app = self.parent
        try:
            course = Course(Path(app.coursedir.root))
            return course, roster_of(course, app.coursedir.assignment_id)
        except ValueError as error:
            app.fail(str(error))

    def unlike(self, work: Work, taken: set[str]) -> str:
        """A name that no other file of the student has: of two alike zip_collect stops."""
        stem, number = work.file.removesuffix(NOTEBOOK), 1
        name = stem
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        if name != stem:
            self.log.warning("%s handed in %s more than once", work.student.name, work.file)
        taken.add(name)
        return name + NOTEBOOK

    def whose(self, path: PurePosixPath, roster: Roster, module: str) -> Work:
        """Whose notebook it is. ValueError if its name says nobody, or somebody else."""
        pattern = self.canvas if roster.platform == CANVAS else self.moodle
        found = re.fullmatch(pattern, str(path))
        if not found:
            raise ValueError(f"{path} has no name that {roster.platform} gives to a submission")
        number, called = found["student_id"], found["name"]
        student = roster.students.get(number)
        if student is None:
            raise ValueError(f"{path} is of number {number}, who is not in {KEPT} of {module}")
        # A group's name may stand before the student's.
        if letters(called) != UNNAMED and not letters(called).endswith(letters(student.name)):
            raise ValueError(f"{path} is of number {number}, which is {student.name!r} in {KEPT}")
        file = PurePosixPath(found["file_id"]).name
        return Work(student, file, bool(found.groupdict().get("late")))


def letters(name: str) -> str:
    """Letters and digits alone, without accents and case: platforms take signs out of names."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in plain if c.isalnum())


class Extract(ExtractorPlugin):
    """Takes the notebooks out of the platform's zips, and out of a zip that a student handed in.

    Stock nbgrader unpacks all there is, zips in zips to any depth and size.
    """

    def extract(self, archive_path: str, extracted_path: str) -> None:
        archive, target = Path(archive_path), Path(extracted_path)
        self.others: list[str] = []
        for path in sorted(path for path in archive.rglob("*") if path.is_file()):
            place = PurePosixPath(path.relative_to(archive).as_posix())
            if path.suffix == ".zip":
                self.unpack(target, place.with_suffix(""), path, MOST_TOGETHER)
            else:  # unpacked by a browser, say
                self.put(target, place, path.read_bytes())
        if not any(target.rglob(f"*{NOTEBOOK}")):
            held = ", ".join(sorted(self.others)[:5]) or "no file"
            self.parent.fail(f"no notebook is in {archive}: it holds {held}")

    def unpack(self, target: Path, place: PurePosixPath, zipped: Path | BytesIO, most: int) -> None:
        """Put what is in a zip below `place`; a zip that is damaged, or has too much, is named."""
        nested = isinstance(zipped, BytesIO)
        try:
            with zipfile.ZipFile(zipped) as opened:
                for inside, data in self.contents(opened, most):
                    if not nested:
                        self.put(target, place / inside, data)
                    elif inside.suffix == NOTEBOOK:
                        # Beside it, so that the platform's beginning of the name stays.
                        self.put(target, place.with_name(f"{place.name}_{inside.name}"), data)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
            self.log.error("Not collected: %s.zip cannot be unpacked: %s", place, error)

    def put(self, target: Path, place: PurePosixPath, data: bytes) -> None:
        """Write a notebook, or those in a student's zip."""
        if place.suffix == ".zip":
            self.unpack(target, place.with_suffix(""), BytesIO(data), LARGEST)
        elif place.suffix != NOTEBOOK:
            self.others.append(place.name)
        else:
            try:
                (target / place).parent.mkdir(parents=True, exist_ok=True)
                with (target / place).open("xb") as out:
                    out.write(data)
            except OSError as error:  # it is there already, or its name is too long
                self.log.error("Not collected: %s: %s", place, error.strerror)

    def contents(self, opened: zipfile.ZipFile, most: int) -> Iterator[tuple[PurePosixPath, bytes]]:
        """The files in a zip; of those that are no notebook and no zip, the names alone.

        One with a name that no file can have is named and left out, and so is, without a word,
        what a system or an editor hides. ValueError for too many, or for more than `most` bytes.
        """
        if len(opened.infolist()) > MOST_FILES:
            raise ValueError(f"it holds more than {MOST_FILES:,} files")
        for entry in opened.infolist():
            path = PurePosixPath(entry.filename)
            if entry.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
                continue
            if path.is_absolute() or ".." in path.parts or not str(path).isprintable():
                self.log.error("Not collected: %.100r is no name for a file", entry.filename)
                continue
            data = b""
            if path.suffix in (NOTEBOOK, ".zip"):
                with opened.open(entry) as file:
                    data = file.read(most + 1)
                most -= len(data)
                if most < 0:
                    raise ValueError("it is too large")
            yield path, data
