"""docs/teaching.md, walked: its commands in order, from a platform's list to what it takes back."""

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from cases import at_least

from course_utils.grading.grade import Course

ROOT = Path(__file__).resolve().parents[2]
NAME = "00_start_here"
PAGE = (ROOT / "docs" / "teaching.md").read_text("utf-8")
BEFORE, AFTER = (
    "".join(re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S))
    for part in PAGE.split("**By hand.**")
)
RIGHT = {"read_a_bar": "answer_share = 71.3", "add": "def add(a, b):\n    return a + b"}
HALF = {"read_a_bar": "answer_share = 57.2", "add": "def add(x, y):\n    return x + y"}
# What each platform exports of Ann, Bo and Cy, who handed in nothing; how it names the work of the
# first two; the list that it gets back; and the names of the pages.
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,00 Start here (98765),Essay (3)\n"
    '"    Points Possible",,,,,2.00,10.00\n'
    '"Lee, Ann",4711,s1,ann,One,,9\n"Öz, Bo",4712,s2,bo,One,,8\n"Ray, Cy",4713,s3,cy,One,,7\n',
    ("leeann_4711_9001_00_start_here.ipynb", "özbo_4712_9002_00_start_here-1.ipynb"),
    "Student,ID,SIS User ID,SIS Login ID,Section,00 Start here (98765)\n"
    "    Points Possible,,,,,2\n"
    '"Lee, Ann",4711,s1,ann,One,2.00\n"Öz, Bo",4712,s2,bo,One,1.50\n"Ray, Cy",4713,s3,cy,One,\n',
    ["leeann_4711_9001_00_start_here.html", "özbo_4712_9002_00_start_here-1.html"],
)
HEADS = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
)
MOODLE = (
    f"\ufeff{HEADS}"
    "Participant 31,Ann Lee,ann@uni.example,Submitted,,2.00,Yes,"
    '"Monday, 7 January 2030, 9:15 AM",-,\n'
    "Participant 32,Bo Öz,bo@uni.example,Submitted,,2.00,Yes,"
    '"Monday, 4 February 2030, 1:15 PM",-,\n'
    "Participant 33,Cy Ray,cy@uni.example,No submission,,2.00,Yes,-,-,\n",
    (
        "Ann Lee_31_assignsubmission_file/00_start_here.ipynb",
        "Bo Öz_32_assignsubmission_file/my work.ipynb",
    ),
    f"{HEADS}"
    "Participant 31,Ann Lee,ann@uni.example,Submitted,2.00,2.00,Yes,"
    '"Monday, 7 January 2030, 9:15 AM",-,\n'
    "Participant 32,Bo Öz,bo@uni.example,Submitted,0.00,2.00,Yes,"  # late, which costs all
    '"Monday, 4 February 2030, 1:15 PM",-,\n'
    "Participant 33,Cy Ray,cy@uni.example,No submission,,2.00,Yes,-,-,\n",
    [f"{name}_assignsubmission_file/00_start_here.html" for name in ("Ann Lee_31", "Bo Öz_32")],
)

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]


@pytest.fixture
def checkout(tmp_path) -> Path:
    """As much of one as `course build` of one module needs."""
    folder = tmp_path / "checkout"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "course_utils", folder / "course_utils", ignore=leave)
    for name in (
        "pyproject.toml",
        "quizzes/nbgrader_config.py",
        f"quizzes/source/{NAME}/{NAME}.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def work(answers: dict[str, str]) -> str:
    notebook = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    return nbformat.writes(notebook)


@pytest.mark.full
@pytest.mark.parametrize("platform", at_least("MOODLE", of=("CANVAS", "MOODLE")))
def test_the_page_leads_from_the_list_of_a_class_to_its_grades(platform, checkout, tmp_path):
    given, names, wanted, pages = globals()[platform]
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    (downloads / "roster.csv").write_text(given, "utf-8")
    with zipfile.ZipFile(downloads / "submissions.zip", "w") as out:
        for name, answers in zip(names, (RIGHT, HALF), strict=True):
            out.writestr(name, work(answers))

    def run(commands: str, place: Path) -> str:
        variables = {
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(checkout),  # the environment is this test's: its course is another
        }
        argv = ["bash", "-ec", commands]
        options = {"env": os.environ | variables, "cwd": place, "text": True, "timeout": 300}
        done = subprocess.run(argv, capture_output=True, **options)
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    said = run(BEFORE, checkout)
    assert "3 students of" in said and "2 graded, 0 failed" in said
    course = Course(tmp_path / "next-token-class")
    with course.gradebook() as gradebook:  # as Formgrader does when a person types it
        student = "bo" if platform == "CANVAS" else "bo@uni.example"
        gradebook.find_grade("read_a_bar_test", NAME, NAME, student).manual_score = 0.5
        gradebook.db.commit()
    said = run(AFTER, course.folder)
    assert "note: 1 of 3 handed in nothing: their grade stays empty" in said
    exported = course.folder / "exports"
    with (exported / f"{NAME}.csv").open(encoding="utf-8", newline="") as text:
        assert list(csv.reader(text)) == list(csv.reader(wanted.splitlines()))
    with zipfile.ZipFile(exported / f"{NAME}.feedback.zip") as opened:
        assert opened.namelist() == pages
        assert all("A first function" in opened.read(page).decode() for page in pages)
    assert (course.folder / "analysis" / f"{NAME}.similar.html").is_file()
