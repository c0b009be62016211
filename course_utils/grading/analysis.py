"""Item analysis: which questions of a module are hard, and which tell strong from weak.

Difficulty is the mean share of an item's points. Discrimination is the correlation of an item's
points with those of the other items, so that an item does not correlate with itself: Henrysson
1963, "Correction of item-total correlations in item analysis", Psychometrika 28, 211-218,
https://doi.org/10.1007/BF02289618. Below 0.2 an item is poor by the usual rule of thumb (Ebel and
Frisbie 1991, "Essentials of Educational Measurement", 5th edition).
"""

import json
import logging
import math
import re
import statistics
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from nbgrader.api import SubmittedNotebook

from course_utils.grading import score
from course_utils.grading.examiner import reason
from course_utils.grading.grade import Course
from course_utils.grading.item_picture import ItemPicture
from course_utils.grading.repair import as_given, quiz_id
from course_utils.grading.tables import write_csv

log = logging.getLogger(__name__)
FOLDER = "analysis"  # of a course; what is in it is written anew each time
POOR = 0.2  # discrimination
BLANK = "not answered"
NOTED = re.compile(r"^Noted: (.*)\. The score button below", re.MULTILINE)  # of quiz.py
NOT_YET = re.compile(r"^\[not yet\] (.*?): ", re.MULTILINE)


@dataclass(frozen=True)
class Answered:
    """What students did with one item. scores: points by student; wrong: what was wrong, by
    student, of those who did not get all points; waiting: students whom a person has to grade."""

    title: str  # of the question, with its number
    name: str
    points: float
    by_hand: bool
    scores: dict[str, float]
    wrong: dict[str, str]
    waiting: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Row:
    """One item. difficulty, blank, share: in [0, 1]; discrimination: in [-1, 1], None if the item
    or the rest is the same for all; wrong: the most chosen wrong answer, empty if there is none."""

    title: str
    name: str
    points: float
    students: int
    difficulty: float
    discrimination: float | None
    blank: float
    wrong: str
    share: float


def read(course: Course, module: str) -> list[Answered]:
    """The items of a module that are worth points, in its order, with what the gradebook holds.

    Raises ValueError if the gradebook does not know the module, or nothing of it is graded.
    """
    course.check(module)
    source = course.folder / "source" / module / f"{module}.ipynb"
    released = as_given(nbformat.read(source, as_version=4), course.config)
    cells = [cell for cell in score.graded_cells(released) if cell.metadata.nbgrader.points > 0]
    items = {quiz_id(cell): answered(cell, released) for cell in cells}
    with course.gradebook() as gradebook:
        for submission in gradebook.notebook_submissions(module, module):
            student = submission.student.id
            directory = course.coursedir.autograded_directory
            folder = course.coursedir.format_path(directory, student, module)
            path = Path(folder, f"{module}.ipynb")
            if not path.is_file():
                continue
            try:
                graded = rejoin_lines(nbformat.from_dict(json.loads(path.read_text("utf-8"))))
                given = points_of(submission)
                wrong = {
                    quiz_id(cell): what_was_wrong(cell, released, graded, given)
                    for cell in cells
                    if given.get(quiz_id(cell), math.inf) < items[quiz_id(cell)].points
                }
            except Exception as error:  # it is this submission's, and the others count
                log.warning("%s: left out of the analysis: %s", student, reason(error))
                continue
            for item in items.values():
                if item.name not in given:
                    item.waiting.add(student)
                    continue
                item.scores[student] = given[item.name]
                if item.name in wrong:
                    item.wrong[student] = wrong[item.name]
    if not analyse(items.values()):
        raise ValueError(f"nothing of {module} is graded yet; run: course grade {module}")
    return list(items.values())


def answered(cell: NotebookNode, released: NotebookNode) -> Answered:
    meta = cell.metadata.nbgrader
    title = score.title_of(cell, released)
    by_hand = bool(meta.solution or meta.get("task"))
    return Answered(title, meta.grade_id, float(meta.points), by_hand, {}, {})


def points_of(submission: SubmittedNotebook) -> dict[str, float]:
    """Points by item, without extra credit; those that wait for a person are left out."""
    found = {}
    for grade in submission.grades:
        points = grade.auto_score if grade.manual_score is None else grade.manual_score
        if points is not None:
            found[grade.name] = points
    return found


def what_was_wrong(
    cell: NotebookNode, released: NotebookNode, graded: NotebookNode, points: dict[str, float]
) -> str:
    """A wrong answer in a few words: the letter, number or text, or the first check that failed.

    Empty for what a person has read.
    """
    ours = next(c for c in graded.cells if quiz_id(c) == quiz_id(cell))
    item = score.item(cell, released, graded, {name: [p, None] for name, p in points.items()})
    if item.by_hand:
        return BLANK if ours.source == cell.source else ""
    if item.reason.lower().startswith(BLANK):
        return BLANK
    printed = "".join(out.text for out in ours.outputs if out.output_type == "stream")
    for pattern in (NOTED, NOT_YET):
        if found := pattern.search(printed):
            return printable(found[1])
    if stopped := re.match(r"the (?:answer|check) (stopped with \w+)", item.reason):
        return stopped[1]
    return printable(item.reason)


def printable(text: str) -> str:
    """One short line without control characters: it comes from a submission."""
    return "".join(char for char in score.one_line(text, 70) if char.isprintable())


def analyse(items: Collection[Answered]) -> list[Row]:
    """The statistics of each item. One that a person has still to grade is left out: by then only
    the blank answers have points."""
    return [row(item, items) for item in items if item.scores and not item.waiting]


def left_out(items: Collection[Answered]) -> list[str]:
    """A line on each item that is not in the table."""
    return [
        f"Left out: {item.title}; still to be graded by hand: {len(item.waiting)}."
        for item in items
        if item.waiting
    ]


def row(item: Answered, items: Collection[Answered]) -> Row:
    students = sorted(item.scores)
    others = [other for other in items if other is not item and not other.by_hand]
    rest = [sum(other.scores.get(student, 0.0) for other in others) for student in students]
    own = [item.scores[student] for student in students]
    wrong = Counter(item.wrong.values())
    del wrong[""]  # of what a person read
    blank = wrong.pop(BLANK, 0)
    # Of equally many the first by name, so that a run gives the same as the one before.
    chosen, times = min(wrong.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    return Row(
        title=item.title,
        name=item.name,
        points=item.points,
        students=len(students),
        difficulty=statistics.fmean(own) / item.points,
        discrimination=correlation(own, rest),
        blank=blank / len(students),
        wrong=chosen,
        share=times / len(students),
    )


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's; None for fewer than three pairs, or if one side is the same for all."""
    if len(x) < 3:
        return None
    try:
        return statistics.correlation(x, y)
    except statistics.StatisticsError:
        return None


# What is shown and written

HEADS = ("question", "points", "students", "difficulty", "discrimination", "blank", "most chosen")


def table(rows: Sequence[Row]) -> str:
    """One line an item, and what the columns are."""
    texts = [HEADS]
    for r in rows:
        wrong = f"{r.wrong} ({r.share:.0%})" if r.wrong else ""
        told = "-" if r.discrimination is None else f"{r.discrimination:.2f}"
        numbers = (f"{r.points:g}", str(r.students), f"{r.difficulty:.2f}", told, f"{r.blank:.0%}")
        texts.append((r.title, *numbers, wrong))
    first, *others = (max(len(text[i]) for text in texts) for i in range(len(HEADS) - 1))
    lines = []
    for name, *numbers, wrong in texts:
        columns = [f"{number:>{wide}}" for number, wide in zip(numbers, others, strict=True)]
        lines.append("  ".join([f"{name:<{first}}", *columns, wrong]).rstrip())
    return "\n".join([*lines, "", *explained(max(r.students for r in rows))])


def explained(students: int) -> list[str]:
    lines = [
        "difficulty: mean share of the points, 1 if all were right. discrimination: correlation",
        f"with the points of the other questions; below {POOR} look at the question. most chosen:",
        "the wrong answer that most gave, or the check that stopped most, of all students.",
    ]
    if students >= 3 and (error := 1 / math.sqrt(students - 1)) > POOR:
        lines.append(f"With {students} students chance alone moves discrimination by ±{error:.1f}.")
    return lines


def summary(rows: Sequence[Row]) -> str:
    """The picture in a sentence or two."""
    hardest = min(rows, key=lambda r: r.difficulty)
    told = [r for r in rows if r.discrimination is not None]
    said = (
        f"{len(rows)} questions, {max(r.students for r in rows)} students. "
        f"Hardest: {hardest.title}, with {hardest.difficulty:.0%} of its points."
    )
    if not told:
        return f"{said} Too few or too equal answers to say what tells strong from weak."
    least = min(told, key=lambda r: r.discrimination)
    return f"{said} Tells strong from weak least: {least.title} ({least.discrimination:.2f})."


def write(
    course: Course, module: str, items: Sequence[Answered], rows: Sequence[Row]
) -> list[Path]:
    """Write the table, the points of each student and item, and the picture. Returns the files."""
    folder = course.folder / FOLDER
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{module}{end}" for end in (".csv", ".scores.csv", ".png")]
    write_csv(paths[0], [field.name for field in fields(Row)], [astuple(row) for row in rows])
    students = sorted({student for item in items for student in item.scores})
    points = [[student, *(item.scores.get(student) for item in items)] for student in students]
    write_csv(paths[1], ["student", *(item.name for item in items)], points)
    told = [(row.title, row.difficulty, row.discrimination) for row in rows]
    paths[2].write_bytes(ItemPicture(told, POOR).png())
    return paths
