import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from course_utils import cli
from course_utils.cli import ROOT
from course_utils.training import books as module
from course_utils.training.books import Book, all_books, check_raw, fetch

RAW = ROOT.parent / "shared" / "corpus" / "raw"


class Mirror(ThreadingHTTPServer):
    """Serves bytes by name. `answers` holds what else to do for a name, once each."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, list] = {}
        self.asked: list[str] = []
        self.release = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/raw"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        mirror = self.server
        name = unquote(self.path).removeprefix("/raw/")
        mirror.asked.append(name)
        waiting = mirror.answers.get(name)
        answer = waiting.pop(0) if waiting else None
        if isinstance(answer, int):
            return self.send_error(answer)
        if name not in mirror.files:
            return self.send_error(404)
        data = mirror.files[name]
        if isinstance(answer, bytes):
            data = answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if answer == "break":
            self.wfile.write(data[: len(data) // 2])
        elif answer == "hang":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            mirror.release.wait(60)
        else:
            self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror():
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.01)


@pytest.fixture
def shelf(mirror):
    """Five books, one with a name that an address must quote, and the mirror that has them."""
    made = []
    for name in ("1.txt", "2.txt", "3.txt", "4.txt", "md_A & B.md"):
        data = random.Random(name).randbytes(50_000)
        mirror.files[name] = data
        checksum = hashlib.sha256(data).hexdigest()
        number = name.removesuffix(".txt") if name.endswith(".txt") else ""
        made.append(
            Book(name, f"Book {name}", "A", "1900", number, "o/r", "p q.txt", len(data), checksum)
        )
    return made


def quiet(message):
    pass


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_books_come_once_and_whole(shelf, mirror, tmp_path):
    said = []
    fetch(shelf, tmp_path / "raw", mirror.url, said.append)
    assert content(tmp_path / "raw") == mirror.files
    fetch(shelf, tmp_path / "raw", mirror.url + "/", said.append)
    assert mirror.asked == list(mirror.files)
    assert said == [f"{n} of 5 books are in {tmp_path / 'raw'}" for n in (0, 5)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:],
        lambda data: b"",
    ],
    ids=["short", "long", "one bit", "empty"],
)
def test_a_damaged_book_is_named_and_the_others_stay(shelf, mirror, tmp_path, damage):
    good = mirror.files["2.txt"]
    mirror.files["2.txt"] = damage(good)
    with pytest.raises(
        OSError, match=r"(?s)1 of 5 books could not.*2\.txt \(Book 2\.txt\).*checksum"
    ):
        fetch(shelf, tmp_path, mirror.url, quiet)
    assert sorted(content(tmp_path)) == ["1.txt", "3.txt", "4.txt", "md_A & B.md"]
    mirror.files["2.txt"] = good
    mirror.asked.clear()
    fetch(shelf, tmp_path, mirror.url, quiet)
    assert mirror.asked == ["2.txt"]
    assert content(tmp_path) == mirror.files


def test_a_book_damaged_on_the_disk_is_fetched_again(shelf, mirror, tmp_path):
    fetch(shelf, tmp_path, mirror.url, quiet)
    (tmp_path / "3.txt").write_bytes(b"half")
    mirror.asked.clear()
    fetch(shelf, tmp_path, mirror.url, quiet)
    assert mirror.asked == ["3.txt"]


def test_a_missing_book_is_asked_for_once(shelf, mirror, tmp_path):
    del mirror.files["1.txt"], mirror.files["4.txt"]
    with pytest.raises(OSError, match=r"(?s)2 of 5 books.*1\.txt.*404.*4\.txt.*404.*--raw"):
        fetch(shelf, tmp_path, mirror.url, quiet)
    assert sorted(content(tmp_path)) == ["2.txt", "3.txt", "md_A & B.md"]
    assert mirror.asked.count("1.txt") == 1


@pytest.mark.parametrize("trouble", [503, 429, "break", b"<html>busy</html>"])
def test_passing_trouble_is_tried_again(shelf, mirror, tmp_path, trouble):
    mirror.answers["2.txt"] = [trouble, trouble]
    fetch(shelf, tmp_path, mirror.url, quiet)
    assert content(tmp_path) == mirror.files
    assert mirror.asked.count("2.txt") == 3


def test_lasting_trouble_is_given_up(shelf, mirror, tmp_path):
    mirror.answers["2.txt"] = [503] * 9
    with pytest.raises(OSError, match=r"2\.txt answers 503"):
        fetch(shelf, tmp_path, mirror.url, quiet)
    assert mirror.asked.count("2.txt") == 3


def test_an_answer_that_never_ends_is_given_up(shelf, mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    mirror.answers["1.txt"] = ["hang"] * 3
    with pytest.raises(OSError, match=r"cannot reach .*1\.txt: .*timed out"):
        fetch(shelf, tmp_path, mirror.url, quiet)


def test_no_network_is_said_at_the_first_book(shelf, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(OSError, match=r"cannot reach http://127.*1\.txt: .*pass --raw"):
        fetch(shelf, tmp_path, f"http://127.0.0.1:{port}", quiet)
    assert content(tmp_path) == {}


KILLED = """
import json, sys
from pathlib import Path
from course_utils.training.books import Book, fetch
fetch([Book(**b) for b in json.loads(sys.argv[1])], Path(sys.argv[2]), sys.argv[3], print)
"""


def test_a_killed_download_goes_on_with_the_rest(shelf, mirror, tmp_path):
    mirror.answers["3.txt"] = ["hang"]
    arguments = [json.dumps([asdict(book) for book in shelf]), str(tmp_path), mirror.url]
    with subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=ROOT) as process:
        while "3.txt" not in mirror.asked and process.poll() is None:
            mirror.release.wait(0.01)
        process.send_signal(signal.SIGKILL)
    assert sorted(content(tmp_path)) == ["1.txt", "2.txt"]
    mirror.asked.clear()
    fetch(shelf, tmp_path, mirror.url, quiet)
    assert mirror.asked == ["3.txt", "4.txt", "md_A & B.md"]
    assert content(tmp_path) == mirror.files


@pytest.mark.parametrize("address", ["ftp://x/y", "x", "/tmp", ""])
def test_a_mirror_is_a_web_address(shelf, tmp_path, address):
    with pytest.raises(ValueError, match="must begin with http"):
        fetch(shelf, tmp_path, address, quiet)


def test_addresses(shelf):
    text, markdown = shelf[0], shelf[-1]
    assert markdown.url("http://h/raw") == "http://h/raw/md_A%20%26%20B.md"
    assert text.url(module.MIRROR) == "https://raw.githubusercontent.com/o/r/HEAD/p%20q.txt"
    assert text.url("http://h/{id}/pg{id}.txt") == "http://h/1/pg1.txt"
    with pytest.raises(ValueError, match="--mirror may hold"):
        text.url("http://h/{name}")


def test_a_raw_folder_is_looked_through(shelf, mirror, tmp_path):
    with pytest.raises(ValueError, match="must be a folder"):
        check_raw(shelf, tmp_path / "none", quiet)
    with pytest.raises(ValueError, match=r"holds none of the 5 books.*such as 1\.txt"):
        check_raw(shelf, tmp_path, quiet)
    for name in ("1.txt", "3.txt"):
        (tmp_path / name).write_bytes(mirror.files[name])
    (tmp_path / "4.txt").write_text("another edition")
    said = []
    assert [book.file for book in check_raw(shelf, tmp_path, said.append)] == [
        "1.txt",
        "3.txt",
        "4.txt",
    ]
    assert said == [
        f"2 of 5 books are not in {tmp_path}: 2.txt, md_A & B.md",
        "1 are not the editions of the table: 4.txt",
    ]


@pytest.mark.prove
def test_the_whole_table_is_downloaded(mirror, tmp_path):
    if not RAW.is_dir():
        pytest.skip(f"the raw books are not in {RAW}")
    mirror.files = {book.file: (RAW / book.file).read_bytes() for book in all_books()}
    fetch(all_books(), tmp_path, mirror.url, quiet)
    assert content(tmp_path) == mirror.files


def write_books(folder, count, seed):
    """Books in simple made-up words under names of the table: other editions, to the course."""
    rng = random.Random(seed)
    parts = ["ba", "ke", "mi", "tor", "su", "lan", "der", "pi", "ro", "gan", "fe", "lo"]
    words = ["".join(rng.choices(parts, k=rng.randint(1, 5))) for _ in range(4000)]
    for book in all_books()[:count]:
        lines = []
        for chapter in range(1, 41):
            lines.append(f"\n\n\n\nCHAPTER {chapter}\n")
            for _ in range(12):
                sentence = " ".join(rng.choices(words, k=10)).capitalize()
                lines.append(f"{sentence}.\n")
        (folder / book.file).write_text("\n".join(lines), "ascii")


@pytest.mark.prove
def test_from_raw_books_to_a_model_with_its_card(tmp_path, capsys):
    raw, run = tmp_path / "raw", tmp_path / "run"
    raw.mkdir()
    write_books(raw, 6, seed=0)
    command = ["train", "--from-books", "--raw", str(raw), "--run", str(run), "--device", "cpu"]
    assert cli.main([*command, "--tokens", "8192"]) == 0
    said = capsys.readouterr().out
    assert "233 of 239 books are not in" in said and "6 are not the editions of the table" in said
    assert "bits per character" in said
    model = run / "storyteller"
    card = (model / "MODEL_CARD.md").read_text("utf-8")
    assert "those of 6 of the 239 books" in card and "6 of them in another edition" in card
    assert "240 stories and chapters in 6 books" in card
    assert "`course train --from-books` does it again" in card and "seed | 0" in card
    assert card.count("> Once upon a time") == 5
    weights = (model / "model.safetensors").read_bytes()

    assert cli.main([*command, "--tokens", "8192"]) == 0  # all is there: nothing changes
    assert "going on from step 1" in capsys.readouterr().out
    assert (model / "model.safetensors").read_bytes() == weights
    assert cli.main(["evaluate", "--corpus", str(run / "corpus"), "--model", str(model)]) == 0

    before = (run / "corpus" / "train.txt").read_bytes()
    write_books(raw, 6, seed=1)
    assert cli.main([*command, "--tokens", "8192"]) == 2
    assert "holds a training on other stories" in capsys.readouterr().err
    assert (run / "corpus" / "train.txt").read_bytes() == before


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "one of the arguments --corpus --from-books --calculator is required"),
        (["--corpus", "c", "--from-books"], "not allowed with"),
        (["--corpus", "c", "--raw", "r"], "go with --from-books"),
        (["--corpus", "c", "--mirror", "http://m"], "go with --from-books"),
        (["--from-books", "--raw", "r", "--mirror", "http://m"], "nothing is downloaded"),
        (["--from-books", "--raw", "no_such_folder"], "--raw must be a folder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, words, capsys):
    try:
        status = cli.main(["train", *arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert words in capsys.readouterr().err
