import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from course_utils.learner import here

KERNEL = "5f3c1f60-8f6a-4a52-b6b8-7d7d1c2f0a11"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A Jupyter server as far as it is asked here; `sessions` is what it answers."""
    sessions = []

    class Sessions(BaseHTTPRequestHandler):
        def do_GET(self):
            known = (
                self.headers["Authorization"] == "token secret" and self.path == "/a/api/sessions"
            )
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(json.dumps(sessions).encode() if known else b"")

        def log_message(self, *_):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Sessions)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # not for what is on this machine
    monkeypatch.setattr("ipykernel.connect.get_connection_file", lambda: f"/x/kernel-{KERNEL}.json")
    url = f"http://127.0.0.1:{listening.server_port}/a/"
    # Others have ended without taking their notes along, or are broken.
    note(tmp_path / "jpserver-1.json", "http://127.0.0.1:9/", tmp_path)
    (tmp_path / "jpserver-2.json").write_text("{")
    note(tmp_path / "jpserver-3.json", url, tmp_path)
    yield sessions
    listening.shutdown()
    listening.server_close()


def note(path: Path, url: str, root: Path, token: str = "secret") -> None:
    path.write_text(json.dumps({"url": url, "token": token, "root_dir": str(root)}))


def test_a_renamed_notebook_is_found_through_its_server(server, monkeypatch, tmp_path):
    old, new = tmp_path / "old.ipynb", tmp_path / "in" / "new (1).ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(old))
    old.write_text("somebody copied the module afresh")
    new.parent.mkdir()
    new.write_text("the kernel's")
    server += [
        {"kernel": {"id": "another"}, "path": "old.ipynb"},
        {"kernel": {"id": KERNEL}, "path": "in/new (1).ipynb"},
    ]
    assert here.notebook() == new
    server.pop()  # it belongs to no page now
    assert here.notebook() == old


def test_without_a_server_that_answers_the_variable_counts(server, monkeypatch, tmp_path):
    path = tmp_path / "some.ipynb"
    path.write_text("{}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    server += [{"kernel": {"id": KERNEL}, "path": "never.ipynb"}]
    note(tmp_path / "jpserver-3.json", "http://127.0.0.1:9/", tmp_path)
    assert here.notebook() == path
    path.unlink()
    assert here.notebook() is None


def test_a_server_that_lets_nobody_in_is_passed_over(server, monkeypatch, tmp_path):
    (notes,) = tmp_path.glob("jpserver-3.json")
    note(notes, json.loads(notes.read_text())["url"], tmp_path, token="")
    server += [{"kernel": {"id": KERNEL}, "path": "some.ipynb"}]
    (tmp_path / "some.ipynb").write_text("{}")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert here.notebook() is None


@pytest.mark.parametrize(
    "text, name",
    [
        ('{"metadata": {"next_token": {"module": "02_b"}}}', "02_b"),
        ('{"metadata": {"next_token": {"module": 2}}}', None),
        ('{"metadata": {"next_token": null}}', None),
        ("[]", None),
        ("{", None),
        ("", None),
    ],
)
def test_a_module_is_known_by_its_mark(tmp_path, text, name):
    path = tmp_path / "any name.ipynb"
    path.write_text(text)
    assert here.module(path) == name
