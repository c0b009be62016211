"""The bank's answers through stock nbgrader and through `course grade`: the same points, by item?

Stock is nbgrader with settings of its own: its kernel runs the tests, in the student's process.
`python tests/quizzes/same_scores.py [MODULE…]` sends every answer of the bank through both, which
takes some minutes a module, and prints a table; its exit status is 1 if there is a difference.
"""

import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nbformat
from bank import MODULES, Module, answered
from nbgrader.api import Gradebook

from course_utils.author import stock
from course_utils.author.build import copy_sources
from course_utils.grading.grade import grade

ROOT = Path(__file__).resolve().parents[2]
PLAIN = 'c = get_config()\nc.CourseDirectory.course_id = "next_token"\n'


class Score(NamedTuple):
    """What an answer got. None: the submission was not graded."""

    module: str
    item: str
    answer: str
    expected: float
    plain: float | None
    ours: float | None

    @property
    def same(self) -> bool:
        return self.expected == self.plain == self.ours


def rounds(module: Module) -> int:
    """How many submissions hold every answer of the module's bank at least once."""
    worth = module.worth()
    return max(len(answers.answers(worth[item])) for item, answers in module.bank.items())


def compare(name: str, numbers: Iterable[int], folder: Path) -> list[Score]:
    """Grade some submissions of a module both ways; number n has each item's n-th answer, cyclic.

    folder: an empty one, for two courses.
    """
    module, worth = Module(name), Module(name).worth()
    listed = {item: answers.answers(worth[item]) for item, answers in module.bank.items()}
    chosen = {
        f"s{n}": {item: answers[n % len(answers)] for item, answers in listed.items()}
        for n in numbers
    }
    ours, plain = folder / "ours", folder / "plain"
    copy_sources(ROOT, ours, [name])
    for student, answers in chosen.items():
        target = ours / "submitted" / student / name
        target.mkdir(parents=True)
        nbformat.write(submission(module, answers), target / f"{name}.ipynb")
    shutil.copytree(ours, plain)
    (plain / "nbgrader_config.py").write_text(PLAIN, "utf-8")

    environment = stock.environment(folder / "jupyter")
    for course in (ours, plain):
        nbgrader(course, environment, "generate_assignment", name)
    nbgrader(plain, environment, "autograde", name)
    for _ in grade(name, ours):
        pass
    got = {course: points(course, name) for course in (ours, plain)}
    return [
        Score(
            name,
            item,
            answer,
            expected,
            got[plain].get(student, {}).get(module.test(item).metadata["nbgrader"]["grade_id"]),
            got[ours].get(student, {}).get(module.test(item).metadata["nbgrader"]["grade_id"]),
        )
        for student, answers in chosen.items()
        for item, (answer, _, expected) in answers.items()
    ]


def submission(module: Module, answers: dict[str, tuple[str, str, float]]) -> nbformat.NotebookNode:
    """The notebook of the learners with these answers; the lesson is left out, to save time."""
    given = ROOT / "notebooks" / module.name / f"{module.name}.ipynb"
    notebook = nbformat.read(given, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    for cell in notebook.cells:
        if (item := cell.metadata.nbgrader.grade_id) in answers:
            cell.source = answered(module.answers[item].source, answers[item][1])
    return notebook


def nbgrader(course: Path, environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    # A submission that cannot be graded fails the whole command: it is missing in the gradebook.
    if done.returncode and arguments[0] != "autograde":
        raise RuntimeError(done.stderr)


def points(course: Path, name: str) -> dict[str, dict[str, float | None]]:
    """Automatic points by student and grade id."""
    with warnings.catch_warnings():  # of SQLAlchemy, about nbgrader's own code
        warnings.simplefilter("ignore")
        with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
            return {
                notebook.student.id: {grade.name: grade.auto_score for grade in notebook.grades}
                for notebook in gradebook.notebook_submissions(name, name)
            }


def main(names: list[str]) -> int:
    print("module           answers  other points  minutes")
    different = []
    for name in names:
        start = time.monotonic()
        with TemporaryDirectory() as folder:
            scores = compare(name, range(rounds(Module(name))), Path(folder))
        answers = {(score.item, score.answer): score for score in scores}
        others = [score for score in scores if not score.same]
        different += others
        minutes = (time.monotonic() - start) / 60
        print(f"{name:<16} {len(answers):>7}  {len(others):>12}  {minutes:>7.1f}", flush=True)
    for score in different:
        print(
            f"{score.module} {score.item}, answer {score.answer!r}: the bank says "
            f"{score.expected:g}, stock nbgrader gave {score.plain}, course grade {score.ours}"
        )
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or MODULES))
