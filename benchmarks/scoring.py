"""One learner's notebook scored: by `course score`, and by a scorer that waited for the press.

`python benchmarks/scoring.py` prints the row by itself, then each module.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from engine import Result

from course_utils.author.build import modules
from course_utils.learner.scorer import Scorer
from course_utils.project import ROOT

sys.path.insert(0, str(ROOT / "tests" / "quizzes"))
from bank import Module, answered

MODULE = "02_temperature"
READY = 20  # seconds, of which it takes 5; a learner takes longer to answer a question


def all_right(name: str, folder: Path) -> Path:
    """A module's notebook with an answer to each question that the bank calls right."""
    module = Module(name)
    with (ROOT / "notebooks" / name / f"{name}.ipynb").open(encoding="utf-8") as file:
        notebook = nbformat.read(file, as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for item in module.worth():
        code = next(iter(module.bank[item].right.values()))
        cells[item].source = answered(module.cells[item].source, code)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def cold(notebook: Path) -> float:
    """Seconds of `course score`."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "course_utils.cli", "score", str(notebook)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def warm(notebook: Path) -> float:
    """Seconds from the press of the button, once the page has saved, to the report."""
    scorer = Scorer(module=notebook.stem)  # as a notebook's kernel knows its own
    time.sleep(READY)
    began = time.perf_counter()
    report = scorer.score(notebook, lambda *cell: None)
    seconds = time.perf_counter() - began
    assert report.points == report.max_points
    return seconds


def scoring(repeats: int) -> Result:
    """The row of `make bench`."""
    with TemporaryDirectory() as folder:
        notebook = all_right(MODULE, Path(folder))
        pairs = [(cold(notebook), warm(notebook)) for _ in range(repeats)]
    without, ready = zip(*pairs, strict=True)
    return Result(
        f"the score of {MODULE}, all right, on {os.cpu_count()} cores: `course score`, the button",
        f"{statistics.median(without):.1f} s",
        f"{statistics.median(ready):.1f} s",
        statistics.median(a / b for a, b in pairs),
        "3 s",
    )


if __name__ == "__main__":
    row = scoring(3)
    print(f"{row.what}: {row.theirs}, {row.ours}, ratio {row.ratio:.2f}")
    with TemporaryDirectory() as folder:
        for name in modules(ROOT):
            print(f"{name}: {warm(all_right(name, Path(folder))):.1f} s")
