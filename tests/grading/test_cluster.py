"""Grading on a Dask cluster that runs already, with its real commands."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client
from grading.tiny import NAME, RIGHT, results, submit

from course_utils.cli import main
from course_utils.grading.grade import workers

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]


def dask(*options: str, log: Path) -> psutil.Popen:
    with log.open("wb") as file:
        return psutil.Popen([sys.executable, "-m", "dask", *options], stdout=file, stderr=file)


@pytest.fixture
def scheduler(tmp_path) -> Iterator[str]:
    """The address of a scheduler without a worker."""
    place = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    running = dask(
        "scheduler", *options, "--scheduler-file", str(place), log=tmp_path / "scheduler.log"
    )
    try:
        with Client(scheduler_file=str(place), timeout=60) as client:
            yield client.scheduler.address
    finally:
        running.terminate()
        running.wait(30)


@pytest.mark.full
def test_workers_elsewhere_execute_the_submissions(course, scheduler, tmp_path, capsys):
    submit(course, "ann", **RIGHT)
    submit(course, "bob", sides="sides = 3")
    here = ["grade", NAME, "--course", str(course), "--scheduler", scheduler]
    assert main(here) == 2
    assert f"the scheduler at {scheduler} has no worker; start some" in capsys.readouterr().err
    options = ["--nthreads", "2", "--no-dashboard", "--local-directory", str(tmp_path / "dask")]
    worker = dask("worker", scheduler, *options, log=tmp_path / "worker.log")
    try:
        found = results(course, scheduler=scheduler)
        assert {s: out.points for s, out in found.items()} == {"ann": 3, "bob": 1}
        assert worker.is_running(), "it is not ours to stop"
        assert results(course, scheduler=scheduler, regrade=True)["ann"].points == 3
    finally:
        worker.terminate()
        worker.wait(30)


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_no_other_user_of_the_machine_can_run_code_on_our_workers(protocol):
    with workers(None, 1) as client:
        address = client.scheduler.address.split("://")[1]
        with pytest.raises((OSError, TypeError)):  # for want of a key
            Client(f"{protocol}://{address}", timeout=5)


def test_a_wrong_address_is_said(course, monkeypatch, capsys):
    monkeypatch.setattr("course_utils.grading.grade.CONNECT_SECONDS", 1)  # none ever answers
    submit(course, "ann", **RIGHT)
    for address in ("tcp://127.0.0.1:1", "nowhere", "ftp://x:1", "tcp://x.invalid:1"):
        assert main(["grade", NAME, "--course", str(course), "--scheduler", address]) == 2
        said = capsys.readouterr().err
        assert f"no Dask scheduler answers at {address!r}" in said and "Traceback" not in said
