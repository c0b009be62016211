"""The gradebook in PostgreSQL, on a real server that is started here."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from grading.tiny import NAME, RIGHT, results, submit
from nbgrader.api import Gradebook

from course_utils.cli import main
from course_utils.grading.grade import Course, database

pytestmark = [pytest.mark.grading, pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs; Debian's are not on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if path := shutil.which(name) or (found and str(found[0])):
        return path
    (pytest.fail if os.environ.get("CI") else pytest.skip)(
        "PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)"
    )


def free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The URL, in its plain form, of an empty database of a server of our own."""
    initdb, postgres = program("initdb"), program("postgres")
    folder = tmp_path_factory.mktemp("postgres")
    user = {}
    if os.geteuid() == 0:  # as which it refuses to run
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        for path in [folder, *folder.parents[:3]]:  # pytest-xdist has one more
            path.chmod(0o755)
        shutil.chown(folder, "nobody", "nogroup")
    options = {"cwd": folder, "stdin": subprocess.DEVNULL, **user}
    (folder / "password").write_text("p@ss:word")
    (folder / "password").chmod(0o644)
    command = [initdb, "-D", folder / "data", "-U", "grader", "--auth=scram-sha-256"]
    command += [f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C"]
    subprocess.run(command, check=True, capture_output=True, **options)
    port = free_port()
    with (folder / "log").open("wb") as log:
        running = psutil.Popen(
            [postgres, "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", ""],
            stdout=log,
            stderr=log,
            **options,
        )
    try:
        ready = [program("pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        while subprocess.run(ready, capture_output=True).returncode:
            assert running.poll() is None, (folder / "log").read_text()
        yield f"postgresql://grader:p%40ss%3Aword@127.0.0.1:{port}/postgres"
    finally:
        running.terminate()
        running.wait(30)


@pytest.mark.full
def test_a_class_is_graded_regraded_and_kept_on_a_server(course, server, monkeypatch):
    submit(course, "ann", **RIGHT)
    submit(course, "böb", sides="sides = 3")
    assert main(["grade", NAME, "--course", str(course), "--db", server]) == 2
    assert Course(course, server).api().generate_assignment(NAME)["success"]
    assert {s: o.points for s, o in results(course, db=server).items()} == {"ann": 3, "böb": 1}
    with Gradebook(database(server), "next_token") as gradebook:
        gradebook.find_grade("sides_test", NAME, NAME, "ann").manual_score = 0.5
        gradebook.find_comment("square", NAME, NAME, "ann").manual_comment = "Well done"
        gradebook.db.commit()
    assert results(course, db=server, regrade=True)["ann"].points == 2.5
    with Gradebook(database(server), "next_token") as gradebook:
        assert gradebook.find_comment("square", NAME, NAME, "ann").comment == "Well done"
        assert len(gradebook.assignment_submissions(NAME)) == 2
    kept = "".join(path.read_text("utf-8") for path in course.glob("grading/*/*.json"))
    assert "ss%3Aword" not in kept and "ss:word" not in kept

    # To another gradebook, and back, without running anything again.
    monkeypatch.setattr("course_utils.grading.grade.workers", None)
    assert results(course)["ann"].points == 3
    assert results(course, db=server)["ann"].points == 2.5


def test_a_server_that_is_not_there_is_named_without_its_password(course, capsys):
    url = f"postgresql://grader:secret@127.0.0.1:{free_port()}/postgres"
    assert main(["grade", NAME, "--course", str(course), "--db", url]) == 2
    said = capsys.readouterr().err
    assert "course: the gradebook postgresql+psycopg://grader:***@127.0.0.1" in said
    assert "cannot be opened: OperationalError" in said and "secret" not in said


@pytest.mark.parametrize("url", ["grades", "mysqlite://x", "postgresql://a b@:x/y"])
def test_what_is_no_url_of_a_gradebook_is_said(course, url, capsys):
    assert main(["grade", NAME, "--course", str(course), "--db", url]) == 2
    said = capsys.readouterr().err
    assert "--db must be a URL such as" in said or "cannot be opened" in said
