"""A class is graded by an instructor who is not root and has much else to do."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from grading.tiny import NAME, RIGHT, submit
from grading.users import ROOT, readable_python

pytestmark = [pytest.mark.grading, pytest.mark.prove, pytest.mark.usefixtures("sandboxed")]

HOSTILE = {
    "forks": "import os\nwhile True: os.fork()",
    "keys": "import ctypes\nassert ctypes.CDLL(None).syscall(248, b'user', b'a', b'b', 1, -3) < 0",
    "memory": "x = []\nwhile True: x.append(bytearray(2**28))",
}


def test_an_ordinary_user_with_80_tasks_grades_with_four_workers(course):
    """Every honest score is right, beside submissions that take all they can."""
    for student in ("ann", "bob", "cyd", "dan"):
        (submit(course, student, **RIGHT) / "data.txt").write_text("1 2 3")
    for student, source in HOSTILE.items():
        submit(course, student, sides=source, square=RIGHT["square"])
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        python = readable_python(Path(folder))
        shutil.copytree(course.parent, Path(folder, "class"))
        if not os.geteuid():
            subprocess.run(["chown", "-R", "54321:54321", Path(folder, "class")], check=True)
        others = [subprocess.Popen([*python[:-1], "sleep", "600"]) for _ in range(80)]
        try:
            ran = subprocess.run(
                [
                    *python,
                    *f"-m course_utils.cli grade {NAME} --workers 4 --course .".split(),
                ],
                cwd=Path(folder, "class", "quizzes"),
                env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(Path(folder, "class"))},
                capture_output=True,
                text=True,
            )
        finally:
            for other in others:
                other.kill()
                other.wait()
    rows = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines())
    assert rows == {
        **dict.fromkeys(("ann", "bob", "cyd", "dan"), "3/4"),
        **dict.fromkeys(HOSTILE, "2/4"),
        "7": "graded, 0 failed",
    }, ran.stderr
