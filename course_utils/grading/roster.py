"""The list of a class as a learning platform exports it, and takes it back with grades in it.

Canvas: the gradebook. Its importer finds a student by ID, and an assignment by the number in
brackets behind its title (`lib/gradebook_importer.rb` of canvas-lms). Moodle: the grading worksheet
of one assignment. Its importer reads Identifier, Grade and Last modified (grade)
(`mod/assign/feedback/offline/importgradeslib.php`); identifiers differ from assignment to
assignment, and the folders of its submissions bear the same ones.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dateutil import parser as dates
from nbgrader.utils import parse_utc

from course_utils.grading.grade import Course
from course_utils.grading.tables import read_csv

CANVAS, MOODLE = "Canvas", "Moodle"
NEEDED = {
    CANVAS: ("Student", "ID", "Section"),
    MOODLE: ("Identifier", "Full name", "Grade", "Last modified (grade)"),
}
INFORMATION = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account")
MAXIMUM = ("Maximum grade", "Maximum Grade")  # the second up to Moodle 4
UNFIT = re.compile(r"[/\\*?\[\]]|^\.|^\s|\s$|^$")  # of a folder that nbgrader looks for
KEPT = "roster.csv"


@dataclass(frozen=True)
class Student:
    """One row. id: nbgrader's, which names folders; number: the platform's; name: as it says it.

    came: when the work was handed in, in the time of the platform; empty if it does not say.
    """

    id: str
    number: str
    name: str
    first: str
    last: str
    email: str | None
    came: str


class Roster:
    """A class as `platform` exported it: its students, by number, and the table they are in."""

    def __init__(self, path: Path):
        """Raises ValueError if the table is neither platform's, or names a student twice."""
        self.path = path
        self.heads, self.rows = read_csv(path)
        self.platform = platform(path, self.heads)
        if twice := {head for head in self.heads if head and self.heads.count(head) > 1}:
            raise ValueError(f"{path} has more than one column {sorted(twice)[0]!r}")
        reads = canvas_student if self.platform == CANVAS else moodle_student
        self.students: dict[str, Student] = {}
        self.points: dict[str, str] = {}  # Canvas's second line: the most that a column can have
        names = {}
        for row in self.rows:
            cells = dict(zip(self.heads, row, strict=True))
            if self.platform == CANVAS and not cells["ID"].strip():
                if "Points Possible" in cells["Student"]:
                    self.points = cells
                continue  # or a line on which columns are hidden
            student = reads(path, cells)
            for known, what in ((self.students, student.number), (names, student.id)):
                if what in known:
                    raise ValueError(
                        f"{path} has {what!r} twice, of {known[what].name!r} and {student.name!r}"
                    )
            self.students[student.number] = names[student.id] = student
        if not self.students:
            raise ValueError(f"{path} holds no student")

    def filled(self, module: str, grades: Mapping[str, float], most: float) -> list[list[object]]:
        """The table to upload, heads first: a row a student, with the grade of who has one.

        grades: points, from 0 to `most`, by nbgrader's id. ValueError if the platform's assignment
        has another maximum, or if it cannot be told which column is meant.
        """
        fill = self.filled_canvas if self.platform == CANVAS else self.filled_moodle
        return fill(module, grades, most)

    def filled_canvas(
        self, module: str, grades: Mapping[str, float], most: float
    ) -> list[list[object]]:
        """Who the students are, and one column: others may be out of date, and would go back."""
        column = self.column_of(module)
        if column in self.points:
            self.check_maximum(self.points[column], most, "Points")
        known = [head for head in (*INFORMATION, "Section") if head in self.heads]
        table = [[*known, column], ["    Points Possible", *[""] * (len(known) - 1), f"{most:g}"]]
        for row in self.rows:
            cells = dict(zip(self.heads, row, strict=True))
            if student := self.students.get(cells["ID"].strip()):
                grade = grades.get(student.id)
                table.append([*(cells[head] for head in known), rounded(grade)])
        return table

    def column_of(self, module: str) -> str:
        """The column whose title, without its number, is the module's name; or a new one."""

        def plain(text: str) -> str:
            return "".join(c for c in text.casefold() if c.isalnum())

        titles = {head: re.sub(r"\s*\(\d+\)$", "", head) for head in self.heads}
        found = [head for head, title in titles.items() if plain(title) == plain(module)]
        if len(found) > 1:
            raise ValueError(f"{self.path} has more than one column of {module}: {found}")
        return found[0] if found else module

    def filled_moodle(
        self, module: str, grades: Mapping[str, float], most: float
    ) -> list[list[object]]:
        table = [list(self.heads)]
        at = self.heads.index("Grade")
        for row in self.rows:
            cells = dict(zip(self.heads, row, strict=True))
            student = self.students[number_of(cells["Identifier"])]
            for head in MAXIMUM:
                if cells.get(head):
                    self.check_maximum(cells[head], most, "Maximum grade")
            new = list(row)
            new[at] = rounded(grades.get(student.id))
            table.append(new)
        return table

    def check_maximum(self, said: str, most: float, setting: str) -> None:
        try:
            same = abs(float(said.replace(",", ".")) - most) < 0.005
        except ValueError:
            same = False
        if not same:
            raise ValueError(
                f"the module has {most:g} points, and the assignment in {self.platform} {said!r}: "
                f"set its {setting} to {most:g} there, and export the list again"
            )


def platform(path: Path, heads: list[str]) -> str:
    """Whose table it is. ValueError if columns are missing, with those that are there."""
    missing = {
        name: [head for head in needed if head not in heads] for name, needed in NEEDED.items()
    }
    for name, lacks in missing.items():
        if not lacks:
            return name
    wanted = "; ".join(f"{name}'s lacks {', '.join(lacks)}" for name, lacks in missing.items())
    raise ValueError(
        f"{path} is neither Canvas's gradebook nor Moodle's grading worksheet in English: it has "
        f"the columns {', '.join(heads)[:200]}. {wanted}"
    )


def canvas_student(path: Path, cells: Mapping[str, str]) -> Student:
    """nbgrader's id is the name to log in by, or Canvas's number where that is not exported."""
    number, name = cells["ID"].strip(), cells["Student"].strip()
    if not number.isdecimal():
        raise ValueError(f"{path}: the ID of {name!r} is no number but {number!r}")
    last, _, first = (part.strip() for part in name.partition(","))
    login = cells.get("SIS Login ID", "").strip() or number
    email = login if "@" in login else None
    return Student(fit(path, login, name), number, name, first, last, email, "")


def moodle_student(path: Path, cells: Mapping[str, str]) -> Student:
    """nbgrader's id is the address, or else what Moodle calls the participant."""
    name = cells["Full name"].strip()
    number = number_of(cells["Identifier"])
    if not number:
        raise ValueError(f"{path}: the Identifier of {name!r} is {cells['Identifier']!r}")
    first, _, last = name.rpartition(" ")
    email = cells.get("Email address", "").strip()
    student = fit(path, email or cells.get("Username", "").strip() or number, name)
    came = cells.get("Last modified (submission)", "").strip(" -")
    return Student(student, number, name, first, last, email or None, came)


def number_of(identifier: str) -> str:
    """The number in Moodle's `Participant 123`; empty if there is none."""
    found = re.fullmatch(r"\D*(\d+)", identifier.strip())
    return found[1] if found else ""


def fit(path: Path, name: str, whose: str) -> str:
    """A name that a folder can have. ValueError if this is none."""
    if UNFIT.search(name) or not name.isprintable() or len(name.encode()) > 200:
        raise ValueError(f"{path}: {whose!r} cannot be kept under the name {name[:210]!r}")
    return name


def rounded(grade: float | None) -> str:
    """With two digits, as both platforms show it. Nothing, which changes none, without a grade."""
    return "" if grade is None else f"{grade:.2f}"


# Kept in the course, for each module


def kept(course: Course, module: str) -> Path:
    return course.folder / "downloaded" / module / KEPT


def roster_of(course: Course, module: str) -> Roster:
    """The list that a module has. ValueError if it has none."""
    path = kept(course, module)
    if not path.is_file():
        raise ValueError(f"{path} is missing; run: course roster {module} FILE.csv")
    return Roster(path)


def take_in(course: Course, module: str, path: Path) -> Roster:
    """Have the students of a list in the gradebook, and keep the list beside the module's zip.

    Students who are known keep their work; nobody is removed. Raises ValueError, before anything is
    changed, if the module or the list is not as it has to be.
    """
    if not (course.folder / "source" / module).is_dir():
        raise ValueError(f"{course.folder / 'source' / module} is missing: no module {module!r}")
    roster = Roster(path)
    for student in roster.students.values():
        time_of(course, student)
    with course.gradebook() as gradebook:
        for student in roster.students.values():
            gradebook.update_or_create_student(
                student.id,
                first_name=student.first or None,
                last_name=student.last or None,
                email=student.email,
                lms_user_id=student.number if roster.platform == CANVAS else None,
            )
    target = kept(course, module)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{KEPT}.part")
    part.write_bytes(path.read_bytes())
    os.replace(part, target)
    return roster


def time_of(course: Course, student: Student) -> str | None:
    """When a student's work came, for nbgrader's timestamp.txt; None if the list does not say.

    Moodle writes its users' own time without a zone: the one of `c.Exchange.timezone`, or else UTC.
    """
    if not student.came:
        return None
    zone = course.config.Exchange.get("timezone", "UTC")
    try:
        stamp = f"{dates.parse(student.came):%Y-%m-%d %H:%M:%S} {zone}"
        parse_utc(stamp)
    except (ValueError, OverflowError):
        raise ValueError(
            f"when the work of {student.name!r} came, {student.came!r}, is no time in English, or "
            f"c.Exchange.timezone is no zone but {zone!r}: export the list from Moodle in English"
        )
    return stamp
