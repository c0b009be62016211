import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils.grading.score import score
from course_utils.learner import scorer
from course_utils.learner.scorer import Scorer
from course_utils.project import ROOT, SELF_PACED

pytestmark = [pytest.mark.grading, pytest.mark.slow]
MODULE = "00_start_here"
ENDLESS = "def add(a, b):\n    while True:\n        pass"


def written(folder: Path, share: str = "71.3", add: str = "") -> Path:
    """A learner's notebook with answers to the two questions."""
    with (ROOT / "notebooks" / MODULE / f"{MODULE}.ipynb").open(encoding="utf-8") as file:
        notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        if cell.source.startswith("answer_share = "):
            cell.source = f"answer_share = {share}"
        if add and cell.source.startswith("def add"):
            cell.source = add
    path = folder / f"{MODULE}.ipynb"
    nbformat.write(notebook, path)
    return path


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    gone = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    return [p for p in processes if p.is_running() and p.status() not in gone]


def wait_until(done, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_it_scores_as_course_score_does_and_tells_how_far_it_is(tmp_path):
    path = written(tmp_path)
    cells = []
    ready = Scorer()
    processes = [psutil.Process(ready.process.pid)]
    report = ready.score(path, lambda *cell: cells.append(cell))
    assert report == score(path)
    assert report.points == 1
    numbers, of = zip(*cells, strict=True)
    assert list(numbers) == list(range(1, of[0] + 1)) and set(of) == {of[0]}
    assert not alive(processes) and not ready.folder.exists()
    assert (tmp_path / f"{MODULE}.report.html").exists()


@pytest.mark.full
def test_what_is_wrong_is_told_as_course_score_tells_it(tmp_path):
    path = tmp_path / "some.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    with pytest.raises(ValueError) as expected:
        score(path)
    with pytest.raises(ValueError) as found:
        Scorer().score(path, lambda *cell: None)
    assert str(found.value) == str(expected.value)


def test_what_is_ready_is_used_until_an_author_changes_it(tmp_path):
    root = tmp_path / "root"
    source = root / "quizzes" / "source" / MODULE
    shutil.copytree(ROOT / "quizzes" / "source" / MODULE, source)
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    made = scorer.generated(tmp_path, root, MODULE)
    assert scorer.generated(tmp_path, root, MODULE) == made
    text = source / f"{MODULE}.py"
    text.write_text(f"# %% [markdown\n{text.read_text('utf-8')}", "utf-8")
    for _ in range(2):
        with pytest.raises(ValueError, match=MODULE):
            scorer.generated(tmp_path, root, MODULE)
    shutil.copy(ROOT / "quizzes" / "source" / MODULE / text.name, text)
    assert scorer.generated(tmp_path, root, MODULE) != made


@pytest.mark.full
def test_a_built_notebook_that_nobody_can_read_stops_no_other_score(tmp_path):
    """What is built is read to get ready, and a pull may have left its conflict in there."""
    root = tmp_path / "root"
    for part in (f"quizzes/source/{MODULE}", f"notebooks/{MODULE}"):
        shutil.copytree(ROOT / part, root / part)
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    (root / "notebooks" / MODULE / f"{MODULE}.ipynb").write_text("<<<<<<< HEAD\n", "utf-8")
    assert Scorer(root).score(written(tmp_path), lambda *cell: None).points == 1


def test_one_that_was_ended_is_replaced(monkeypatch, tmp_path):
    monkeypatch.setenv(SELF_PACED, "1")
    scorer.prepare()
    (ready,) = scorer.waiting
    scorer.prepare()
    assert scorer.waiting == [ready]
    ready.process.kill()
    ready.process.wait()
    other = scorer.take()
    assert other is not ready and not ready.folder.exists()
    other.process.kill()
    with pytest.raises(ValueError, match="has ended, for want of memory perhaps"):
        other.score(written(tmp_path), lambda *cell: None)


def test_where_a_class_works_none_waits(monkeypatch):
    monkeypatch.delenv(SELF_PACED, raising=False)
    scorer.prepare()
    assert scorer.waiting == []


@pytest.mark.full
@pytest.mark.parametrize("clicks", [2, pytest.param(10, marks=pytest.mark.prove)])
def test_clicks_leave_no_process_no_memory_and_no_file_behind(monkeypatch, tmp_path, clicks):
    monkeypatch.setenv(SELF_PACED, "1")
    path, us = written(tmp_path), psutil.Process()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = us.children(recursive=True)
    scorer.take().score(path, lambda *cell: None)  # imports what this side needs
    held = us.memory_info().rss
    for _ in range(clicks):
        scorer.prepare()
        scorer.take().score(path, lambda *cell: None)
    assert us.children(recursive=True) == before
    assert us.memory_info().rss - held < 20e6
    assert not list(temporary.iterdir())


def number_of(path: Path, source: str) -> int:
    """Of the cell that holds it, as progress is told."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    (number,) = [i for i, cell in enumerate(code, 1) if source in cell.source]
    return number


@pytest.mark.full
def test_what_it_started_ends_with_it_though_it_is_killed(monkeypatch, tmp_path):
    """As the system does for want of memory; while an answer runs that never ends."""
    path, temporary = written(tmp_path, add=ENDLESS + "\n\nadd(1, 2)"), tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    endless, started = number_of(path, ENDLESS), []

    def kill(cell: int, _: int) -> None:
        if cell == endless:
            time.sleep(0.5)
            started.extend(psutil.Process(ready.process.pid).children(recursive=True))
            ready.process.kill()

    ready = Scorer()
    with pytest.raises(ValueError, match="has ended"):
        ready.score(path, kill)
    assert started
    wait_until(lambda: not alive(started))
    assert not list(temporary.iterdir())


KERNEL = """
import sys
from pathlib import Path
from course_utils.learner.scorer import Scorer

scorer = Scorer()
print(scorer.process.pid, flush=True)
if sys.argv[1]:
    scorer.score(Path(sys.argv[1]), lambda *cell: print(*cell, flush=True))
sys.stdin.read()
"""


@pytest.mark.full
@pytest.mark.parametrize(
    "how, busy",
    [
        ("SIGKILL", False),
        ("SIGKILL", True),
        *(
            pytest.param(how, busy, marks=pytest.mark.prove)
            for how in ("SIGINT", "SIGTERM")
            for busy in (False, True)
        ),
    ],
)
def test_it_ends_with_its_kernel_however_that_ends(tmp_path, how, busy):
    """Waiting, and while an answer runs that never ends."""
    path = str(written(tmp_path, add=ENDLESS + "\n\nadd(1, 2)")) if busy else ""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    pid = kernel.stdout.readline()
    process = psutil.Process(int(pid))
    wait_until(lambda: process.children())  # the process for the answers has started
    if busy:
        endless = number_of(Path(path), ENDLESS)
        while not (line := kernel.stdout.readline()).startswith(f"{endless} "):
            assert line
        time.sleep(0.5)
    started = [process, *process.children(recursive=True)]
    kernel.send_signal(getattr(signal, how))
    kernel.wait(30)
    wait_until(lambda: not alive(started))
    wait_until(lambda: not list(temporary.iterdir()))
    kernel.stdin.close()
    kernel.stdout.close()
