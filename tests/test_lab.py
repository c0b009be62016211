import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from course_utils.lab import HOST, copy_modules, free_port, lab


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in {"02_b/02_b.ipynb": "b", "01_a/01_a.ipynb": "a", "01_a/d/x.csv": "1"}.items():
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_copies_what_is_missing_and_never_overwrites(root):
    target = root / "my-course"
    made = copy_modules(root, target)
    assert [path.relative_to(target).as_posix() for path in made] == [
        "01_a/01_a.ipynb",
        "01_a/d/x.csv",
        "02_b/02_b.ipynb",
    ]
    (target / "01_a" / "01_a.ipynb").write_text("my work")
    (root / "notebooks" / "01_a" / "01_a.ipynb").write_text("a new edition")
    (target / "02_b" / "02_b.ipynb").unlink()
    assert copy_modules(root, target) == [target / "02_b" / "02_b.ipynb"]
    assert (target / "01_a" / "01_a.ipynb").read_text() == "my work"


def test_taken_port_is_named_with_a_way_out():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} is taken or not allowed; set PORT"):
            free_port(port)


def test_without_a_port_the_next_free_one_is_taken(monkeypatch):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("course_utils.lab.FIRST_PORT", port)
        assert free_port(None) > port


def test_without_modules_it_says_how_to_make_them(tmp_path):
    with pytest.raises(ValueError, match="run: course build"):
        lab(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="stops JupyterLab by a signal")
def test_jupyterlab_serves_the_copies_without_asking_for_news(root):
    code = f"from pathlib import Path; from course_utils.lab import lab; lab(Path({str(root)!r}),"
    port = free_port(None)
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", f"{code} {port}, browser=False)"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        line = server.stdout.readline()
        page = re.fullmatch(rf"JupyterLab: (http://{HOST}:{port}/lab/tree/01_a/\S+)\n", line)[1]
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(page, timeout=5) as answer:
                    text = answer.read().decode()
                break
            except OSError:
                assert time.monotonic() < deadline, (root / "log").read_text()
                time.sleep(0.2)
        assert re.search(r'"news": ?\{"disabled": ?true\}', text)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        server.stdout.close()
