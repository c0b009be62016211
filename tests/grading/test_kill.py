"""`kill -9` of a run's driver or workers at any moment costs time, and nothing else."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from cases import at_least
from grading.tiny import NAME, RIGHT, results, scores, submit

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]
LONGEST = 180  # seconds for one run, on a busy machine
ANSWERS = {
    "ann": RIGHT,
    "bob": {"sides": "sides = 3"},
    "cyd": {"square": RIGHT["square"]},
    "dan": {"sides": "sides = 4", "square": "def square(x):\n    return abs(x) * x"},
    "eve": {},
    "fay": RIGHT | {"sides": "import os\nos._exit(0)"},
}


@pytest.fixture(scope="module")
def submitted(made, tmp_path_factory) -> Path:
    """A course with submissions, and a file beside each by which its processes can be told."""
    folder = tmp_path_factory.mktemp("submitted")
    course = shutil.copytree(made, folder, dirs_exist_ok=True) / "quizzes"
    for student, answers in ANSWERS.items():
        (submit(course, student, **answers) / "data.txt").write_text("1 2 3")
    return course


def start(course: Path) -> psutil.Popen:
    """`course grade` in a process, and a session, of its own."""
    return psutil.Popen(
        f"{sys.executable} -m course_utils.cli grade {NAME} --workers 2 --course {course}".split(),
        env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(course.parent / "dask")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )


def heed_ctrl_c() -> None:
    """What runs in the background of a shell ignores it, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def workers(driver: psutil.Popen) -> list[psutil.Process]:
    """Dask's workers: what the driver's fork server has forked."""
    found = []
    with contextlib.suppress(psutil.Error):  # they come and go
        for child in driver.children():
            if "forkserver" in " ".join(child.cmdline()):
                found += child.children()
    return found


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and condition(p) != psutil.STATUS_ZOMBIE]


def condition(process: psutil.Process) -> str:
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def kill_driver(driver: psutil.Popen) -> None:
    """And see that all of its processes end by themselves."""
    started = driver.children(recursive=True)
    driver.kill()
    driver.wait()
    wait_for_end(started)


def wait_for_end(processes: list[psutil.Process]) -> None:
    """Of these, and of what they start meanwhile."""
    end = time.monotonic() + 30
    while left := alive(processes):
        assert time.monotonic() < end, f"outlived their driver: {left}"
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                processes += set(process.children()) - set(processes)
        time.sleep(0.05)


def state(course: Path) -> tuple:
    """All that a run leaves: every row of grades, and every autograded file."""
    files = sorted(path for path in (course / "autograded").rglob("*") if path.is_file())
    return scores(course), {str(p.relative_to(course)): p.read_bytes() for p in files}


@pytest.mark.full
@pytest.mark.parametrize("most", at_least(1, of=[1, 20]))
def test_killed_at_random_moments_a_run_is_finished_by_the_next(most, submitted, tmp_path):
    shutil.copytree(submitted.parent, tmp_path / "undisturbed")
    began = time.monotonic()
    driver = start(tmp_path / "undisturbed" / "quizzes")
    while driver.poll() is None and not workers(driver):
        time.sleep(0.01)
    idle = time.monotonic() - began
    assert driver.wait(LONGEST) == 0
    length = time.monotonic() - began
    expected = state(tmp_path / "undisturbed" / "quizzes")
    print(f"an undisturbed run takes {length:.1f} s, of which {idle:.1f} to start")
    chance = random.Random(0)
    kills = lives = 0
    while kills < most:
        root = tmp_path / f"killed_{lives}"
        course = root / "quizzes"
        shutil.copytree(submitted.parent, root)
        lives += 1
        status = None
        while status != 0:
            driver = start(course)
            status, window = None, (idle / 2, length)
            while status is None and kills < most:
                moment = chance.uniform(*window)
                try:
                    status = driver.wait(moment)
                    break
                except psutil.TimeoutExpired:
                    victims = workers(driver) if chance.random() < 0.6 else []
                kills += 1
                print(f"kill {kills}: {'worker' if victims else 'driver'} after {moment:.1f} s")
                if victims:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        chance.choice(victims).kill()
                    window = 0, length - idle
                    continue
                kill_driver(driver)
                status = -9
            if status is None:
                status = driver.wait(LONGEST)
            # A submission may have lost its worker each time: the next run takes it up again.
            assert "Traceback" not in driver.stderr.read()
        assert state(course) == expected
        assert not list(course.rglob("*.part"))
        assert not list((root / "dask").rglob("data.txt"))
    print(f"{kills} kills over {lives} classes")


@pytest.mark.full
def test_a_submission_that_kills_its_worker_each_time_fails_and_the_rest_is_graded(course):
    """The kill comes from here, as soon as the submission runs: its sandbox shows its file."""
    for student in ("ann", "bob", "cyd", "dan"):
        submit(course, student, **RIGHT)
    submit(course, "eve", **RIGHT | {"sides": "import time\ntime.sleep(20)\nsides = 3"})
    (course / "submitted" / "eve" / NAME / "poison.txt").write_text("")
    over = threading.Event()
    killed = []

    def kill_workers() -> None:
        while not over.wait(0.05):
            for worker in psutil.Process().children(recursive=True):
                try:
                    if any("poison.txt" in " ".join(c.cmdline()) for c in worker.children()):
                        worker.kill()
                        killed.append(worker.pid)
                except psutil.Error:
                    continue

    killer = threading.Thread(target=kill_workers)
    killer.start()
    try:
        found = results(course, count=2)
    finally:
        over.set()
        killer.join()
    assert len(set(killed)) >= 2
    assert "died each time" in found.pop("eve").failed
    assert {student: (out.points, out.failed) for student, out in found.items()} == {
        student: (3.0, "") for student in ("ann", "bob", "cyd", "dan")
    }
    assert results(course, only="eve")["eve"].points == 3.0, "the next run tries it again"


@pytest.mark.full
def test_ctrl_c_stops_the_run_and_says_how_to_go_on(submitted, tmp_path):
    shutil.copytree(submitted.parent, tmp_path / "stopped")
    course = tmp_path / "stopped" / "quizzes"
    slow = "import time\ntime.sleep(20)\nsides = 3"  # so that not all are done when it is stopped
    submit(course, "gus", **RIGHT | {"sides": slow})
    driver = start(course)
    started = []
    end = time.monotonic() + LONGEST
    while not list((course / "grading").rglob("*.json")):  # one is done, and others run
        assert time.monotonic() < end and driver.poll() is None, driver.stderr.read()
        started = driver.children(recursive=True)
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does, to all of the foreground
    _, said = driver.communicate(timeout=LONGEST)
    assert driver.returncode == 130
    assert said == "Stopped. What is done is kept: the same command goes on.\n"
    wait_for_end(started)
    assert len(list((course / "grading").rglob("*.json"))) <= len(ANSWERS)
    assert {s: out.points for s, out in results(course, count=2).items()} == {
        "ann": 3, "bob": 1, "cyd": 2, "dan": 0, "eve": 0, "fay": 2, "gus": 3
    }  # fmt: skip


@pytest.mark.prove
def test_two_runs_in_one_course_do_not_meet(submitted, tmp_path):
    shutil.copytree(submitted.parent, tmp_path / "twice")
    course = tmp_path / "twice" / "quizzes"
    first = start(course)
    end = time.monotonic() + LONGEST
    while not (course / "grading" / "lock").exists():
        assert time.monotonic() < end and first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    second = start(course)
    _, said = second.communicate(timeout=LONGEST)
    assert second.returncode == 2
    assert "another `course grade` is at work in" in said
    kill_driver(first)  # its lock goes with it
    assert start(course).wait(LONGEST) == 0
