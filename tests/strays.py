"""What git tracks of the course, and what else comes to lie in a checkout that people work in."""

import shutil
import subprocess
from pathlib import Path

from course_utils.project import PACKAGE

ROOT = PACKAGE.parent

# Students' work and what grading and exporting make of it, under usual names and odd ones.
STRAYS = (
    "gradebook.db",
    "quizzes/gradebook.db",
    "quizzes/gradebook.db.2026-11-26-02-28-57.123456",
    "quizzes/gradebook.db-journal",
    "quizzes/grades.csv",
    "quizzes/grades 2026.xlsx",
    "quizzes/export",
    "quizzes/.nbgrader.log",
    "quizzes/submission.ipynb",
    "quizzes/Ann's answers.py",
    "quizzes/downloaded/02_temperature/archive/ann.zip",
    "quizzes/downloaded/02_temperature/extracted/ann/02_temperature.ipynb",
    "quizzes/submitted/ann/02_temperature/02_temperature.ipynb",
    "quizzes/submitted/ann/02_temperature/timestamp.txt",
    "quizzes/autograded/ann/02_temperature/02_temperature.ipynb",
    "quizzes/feedback/ann/02_temperature/02_temperature.html",
    "quizzes/feedback_2026/ann.html",
    "quizzes/release/02_temperature/02_temperature.ipynb",
    "quizzes/grading/02_temperature/ann.json",
    "quizzes/analysis/02_temperature.csv",
    "quizzes/downloaded/02_temperature/roster.csv",
    "quizzes/exports/02_temperature.csv",
    "quizzes/private/02_temperature.py",
    "quizzes/старое/ann.py",
    "quizzes/source/header.ipynb",
    "quizzes/source/ann/ann.py",
    "quizzes/source/02_temperature/02_temperature.ipynb",
    "quizzes/source/02_temperature/gradebook.db",
    "quizzes/source/02_temperature/__pycache__/02_temperature.cpython-311.pyc",
    "quizzes/source/02_temperature/.ipynb_checkpoints/02_temperature-checkpoint.ipynb",
    "quizzes/template/ann.ipynb",
    "notebooks/summary.html",
    "notebooks/home.ipynb",
    "notebooks/02_temperature/02_temperature-Copy1.ipynb",
    "notebooks/02_temperature/02_temperature.report.html",
    "notebooks/02_temperature/.02_temperature.scores.jsonl",
    "notebooks/02_temperature/.ipynb_checkpoints/02_temperature-checkpoint.ipynb",
    "my-course/02_temperature/02_temperature.ipynb",
    "my-course/.given/02_temperature/02_temperature.ipynb",
    "my-course/summary.html",
    "my-course-2025/02_temperature/02_temperature.ipynb",
    "build/lib/course_utils/course/quizzes/old.ipynb",
    "dist/the_next_token-0.1.0-py3-none-any.whl",
)


def tracked() -> list[str]:
    """The files that git tracks and that are there."""
    # Whoever owns the folder, as in a container: only names are asked for.
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    return sorted(name for name in names.split("\0") if name and (ROOT / name).is_file())


def checkout_at_work(folder: Path) -> Path:
    """A copy of all that git tracks, with STRAYS in it."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    for name in STRAYS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a student's", "utf-8")
    return folder
