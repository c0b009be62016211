"""What leaves the gradebook: nbgrader's table, and for Canvas or Moodle grades and feedback."""

import os
import zipfile
from pathlib import Path, PurePosixPath

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import CsvExportPlugin

from course_utils.grading.grade import Course, Outcome
from course_utils.grading.handed_in import NOTEBOOK, Collector
from course_utils.grading.roster import CANVAS, Roster, roster_of
from course_utils.grading.tables import write_csv

FOLDER = "exports"  # of a course; what is in it is written anew each time
TO_BLANK = str.maketrans({c: " " for c in '_/\\:*?"<>|'})  # in Moodle's names of folders


class CsvExport(CsvExportPlugin):
    """Stock nbgrader's columns; but a name may hold a comma, and no text is taken for a formula."""

    HEADS = (
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    )

    def export(self, gradebook: Gradebook) -> None:
        rows = [
            self.row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not self.assignment or assignment.name in map(str, self.assignment)
            for student in gradebook.students
            if not self.student or student.id in map(str, self.student)
        ]
        path = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", path)
        write_csv(path, self.HEADS, rows)

    def row(self, gradebook: Gradebook, assignment, student) -> list:
        who = [student.id, student.last_name, student.first_name, student.email]
        try:
            submission = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            when, raw, penalty = None, 0.0, 0.0
        else:
            when, raw = submission.timestamp, submission.score
            penalty = submission.late_submission_penalty
        score = [raw, penalty, max(0.0, raw - penalty), assignment.max_score]
        return [assignment.name, assignment.duedate, when, *who, *score]


def export(course: Course, module: str) -> tuple[list[Path], list[str]]:
    """Write the list of the class with its grades, and the pages of feedback as one zip.

    Both are as the platform takes them that the list came from. Returns the files, and a line on
    whatever the reader has to know. Raises ValueError if nothing is graded, and writes nothing.
    """
    course.check(module)
    roster = roster_of(course, module)
    outcomes = graded(course, module)
    if not outcomes:
        raise ValueError(f"nothing of {module} is graded yet; run: course grade {module}")
    most = next(iter(outcomes.values())).max_points
    grades = {student: outcome.points for student, outcome in outcomes.items()}
    heads, *rows = roster.filled(module, grades, most)
    (course.folder / FOLDER).mkdir(exist_ok=True)
    table = course.folder / FOLDER / f"{module}.csv"
    write_csv(table, heads, rows)
    pages, notes = feedback(course, module, roster, outcomes)
    return [table, *pages], [*open_ends(course, module, roster, outcomes), *notes]


def graded(course: Course, module: str) -> dict[str, Outcome]:
    """The grade of each student who has one, as `course grade` says it."""
    with course.gradebook() as gradebook:
        found = gradebook.assignment_submissions(module)
        return {submission.student.id: course.settled(submission, []) for submission in found}


def open_ends(
    course: Course, module: str, roster: Roster, outcomes: dict[str, Outcome]
) -> list[str]:
    """What is not in the table, or not for good."""
    known = {student.id for student in roster.students.values()}
    lines = [
        f"{student}: not in the list of {roster.platform}, so left out"
        for student in sorted(outcomes.keys() - known)
    ]
    for student in sorted(known & outcomes.keys()):
        if outcomes[student].waiting:
            lines.append(f"{student}: {outcomes[student].waiting} to be graded by hand")
    handed_in = set(course.students(module, None))
    lines += [
        f"{student}: handed in, not graded" for student in sorted(handed_in - outcomes.keys())
    ]
    if missing := len(known - handed_in - outcomes.keys()):
        lines.append(f"{missing} of {len(known)} handed in nothing: their grade stays empty")
    return lines


def feedback(
    course: Course, module: str, roster: Roster, outcomes: dict[str, Outcome]
) -> tuple[list[Path], list[str]]:
    """One zip of the pages that `nbgrader generate_feedback` made, named as the platform wants."""
    pages, notes = [], []
    names = replies(course, module, roster)
    for student in roster.students.values():
        page = course.folder / "feedback" / student.id / module / f"{module}.html"
        if student.id not in outcomes:
            continue
        if not page.is_file():
            notes.append(f"{student.id}: no feedback; run: nbgrader generate_feedback {module}")
        elif student.id not in names:
            notes.append(f"{student.id}: not from a zip of Canvas, which needs its file's name")
        else:
            pages.append((names[student.id], page))
    if not pages:
        return [], notes[:1]
    path = course.folder / FOLDER / f"{module}.feedback.zip"
    part = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
        for name, page in sorted(pages):
            # A date of its own would make another file of the same pages.
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            out.writestr(entry, page.read_bytes(), zipfile.ZIP_DEFLATED)
    os.replace(part, path)
    return [path], notes


def replies(course: Course, module: str, roster: Roster) -> dict[str, str]:
    """By student, the path of a page in the zip: Moodle's folder, or Canvas's name of the work."""
    if roster.platform != CANVAS:
        return {
            student.id: f"{student.name.translate(TO_BLANK)}_{number}_assignsubmission_file/"
            f"{module}.html"
            for number, student in roster.students.items()
        }
    found = {}
    extracted = course.folder / "downloaded" / module / "extracted"
    collector = Collector(config=course.config)
    for path in sorted(extracted.rglob(f"*{NOTEBOOK}")):
        place = PurePosixPath(path.relative_to(extracted).as_posix())
        try:
            work = collector.whose(place, roster, module)
        except ValueError:  # zip_collect named it
            continue
        found.setdefault(work.student.id, f"{place.stem}.html")
    return found
