"""What the attacks of `cases` do not reach: other users, other sizes, collecting."""

import os
import pwd
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cases import at_least
from grading.attacks.world import NAME, World
from grading.users import as_user
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.converters.base import NbGraderException

from course_utils.grading import plugin, sandbox, separate, wire
from course_utils.grading.repair import repair

ROOT = Path(__file__).resolve().parents[3]
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'next_token'\n"
OURS = (ROOT / "quizzes" / "nbgrader_config.py").read_text("utf-8")

pytestmark = pytest.mark.grading


def quiz(name: str, source: str, **meta) -> dict:
    mark = {"grade_id": name, "grade": False, "solution": False, "locked": False} | meta
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, **mark}})


# The sandbox


LOADED = "import subprocess, sys\nfrom course_utils.grading import sandbox as box\n"


def test_an_ordinary_user_can_start_it_and_it_shows_none_of_their_variables():
    inside = "import glob, os; print(os.getuid(), "
    inside += "['token_6151' in open(p).read() for p in glob.glob('/proc/[0-9]*/environ')])"
    code = f"ran = [*box.argv(), sys.executable, '-c', {inside!r}]\n"
    code += "print(subprocess.run(ran, env=box.outside(), capture_output=True, text=True))"
    printed = as_user(LOADED + code)
    assert "returncode=0" in printed
    assert "False" in printed and "True" not in printed


def test_it_shows_neither_settings_nor_this_course():
    code = "import os, sys; print([p for p in sys.argv[1:] if os.path.isdir(p) and os.listdir(p)])"
    paths = ["/usr/local/etc", sys.prefix + "/etc", *(str(ROOT / x) for x in ("quizzes", "tests"))]
    ran = subprocess.run(
        [*sandbox.argv(), sys.executable, "-c", code, *paths], capture_output=True, text=True
    )
    assert ran.stdout == "[]\n", ran.stderr


# Values


@pytest.mark.parametrize(
    "data",
    [
        10**30,
        {"t": "int", "v": str(2**63)},
        {"t": "set", "v": [i * (2**61 - 1) for i in range(-4, 5)] * 30},
        {"t": "dict", "v": [[0, i] for i in range(200)]},
        {"t": "tensor", "dtype": "float32", "shape": [0, 10**12], "v": ""},
        {"t": "tensor", "dtype": "float32", "shape": [-1], "v": "AAAA"},
        {"t": "tensor", "dtype": "__class__", "shape": [0], "v": ""},
        {"t": "array", "dtype": "(1,", "shape": [1], "v": "AAAA"},
        {"t": "array", "dtype": "f4,f4", "shape": [1], "v": "AAAAAAAAAAA="},
        {"t": "array", "dtype": "<f8", "shape": [0, 10**12], "v": ""},
    ],
)
def test_values_that_would_keep_a_test_busy_for_ever_are_refused(data):
    with pytest.raises(wire.Malformed):
        wire.decode(data)


def test_a_truth_value_is_one_of_two():
    for tag, dtype in (("tensor", "bool"), ("array", "|b1")):
        found = wire.decode({"t": tag, "dtype": dtype, "shape": [2], "v": "AP8="})
        assert found.tolist() == [False, True] and int(found.sum()) == 1


def test_text_of_half_characters_can_be_written():
    assert wire.decode("a\ud800").encode() == b"a?"


@pytest.mark.parametrize("name", ["StopIteration", "StopAsyncIteration"])
def test_an_exception_of_a_function_ends_no_loop(name):
    assert not isinstance(separate.known_error(name, "", None), (StopIteration, StopAsyncIteration))


@pytest.mark.parametrize("name", ["UnicodeDecodeError", "ExceptionGroup", "OSError", "KeyError"])
def test_an_exception_keeps_its_name_and_message(name):
    error = separate.known_error(name, "why", None)
    assert type(error).__name__ == name and "why" in str(error)


# A submission as a whole


@pytest.mark.full
def test_slow_cells_have_a_limit_together():
    cells = [quiz(f"slow{i}", "import time; time.sleep(0.8)", solution=True) for i in range(60)]
    notebook = new_notebook(cells=[*cells, quiz("last", "0.0", grade=True, locked=True, points=1)])
    separate.execute(notebook, seconds=1)
    said = [out.evalue for cell in cells for out in cell.outputs]
    assert 30 < len(said) < 50
    assert "all its cells and calls together ran too long" in said[0]


def test_quiz_cells_come_back_into_the_order_that_was_given():
    given = new_notebook(
        cells=[
            quiz("setup", "def helper(): ...", locked=True),
            quiz("answer", "# here", solution=True),
            quiz("test", "assert helper(answer)", grade=True, locked=True, points=1),
        ]
    )
    own = new_markdown_cell("mine")
    setup, answer, test = (cell.copy() for cell in given.cells)
    notebook = new_notebook(cells=[test, own, answer, setup])
    assert repair(notebook, given) == [
        "quiz cells were in another order: scored in the order that was given"
    ]
    assert [cell.source for cell in notebook.cells] == [
        *("def helper(): ...", "mine", "# here", "assert helper(answer)")
    ]


def test_hidden_words_are_kept_from_students_only_after_a_hidden_test():
    test = "f(1)\n### BEGIN HIDDEN TESTS\nf(7919)\n### END HIDDEN TESTS"
    answer = "def f(x):\n    if x > 1: raise ValueError(f'given {x}')\n    print('given', x)"
    notebook = new_notebook(
        cells=[quiz("f", answer, solution=True), quiz("f_any", test, grade=True, points=1)]
    )
    separate.execute(notebook)
    assert notebook.cells[1].outputs[0].text == "given 1\n"
    assert "given 7919" in str(notebook.cells[1].outputs)  # for who grades
    page, _ = plugin.HideTests().preprocess(notebook, {})
    assert "7919" not in str(page.cells[1]) and "ValueError" in str(page.cells[1].outputs)


# Collecting


@pytest.fixture
def users() -> list[pwd.struct_passwd]:
    """Two users of this machine who are not root: files can be theirs."""
    if os.geteuid():
        pytest.skip("only root can hand in for other users")
    return [user for user in pwd.getpwall() if user.pw_uid][:2]


def inbound(world: World, user: pwd.struct_passwd, name: str, text: str) -> Path:
    folder = world.folder / "exchange" / "next_token" / "inbound" / name
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(text)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


WHEN = "2030-01-01 00:00:00.000000 UTC"
LATER = "2031-01-01 00:00:00.000000 UTC"


def collected(world: World, users: list[pwd.struct_passwd], *attacks: str) -> None:
    """Collect an honest submission beside these."""
    ann, eve = users
    inbound(world, ann, f"{ann.pw_name}+{NAME}+{WHEN}+x", "ann's own")
    if "no date" in attacks:
        inbound(world, eve, f"{eve.pw_name}+{NAME}+when", "{}")
    if "link" in attacks:
        folder = inbound(world, eve, f"{eve.pw_name}+{NAME}+{WHEN}+x", "{}")
        (folder / "key").symlink_to(world.home / ".ssh" / "id")
    if "hard link" in attacks:
        folder = inbound(world, eve, f"{eve.pw_name}+{NAME}+{WHEN}+x", "{}")
        (folder / "key").hardlink_to(world.home / ".ssh" / "id")
    if "another's name" in attacks:
        inbound(world, eve, f"{ann.pw_name}+{NAME}+{LATER}+x", "eve's")
    if "no name" in attacks:
        inbound(world, eve, f"+{NAME}+{WHEN}+x", "eve's")
    root = world.folder / "exchange"
    root.chmod(0o777)
    world.ran = world.nbgrader("collect", NAME, f"--Exchange.root={root}")
    world.close()


def handed_in(world: World, student: str, name: str = f"{NAME}.ipynb") -> str:
    path = world.course / "submitted" / student / NAME / name
    return path.read_text() if path.is_file() else ""


@pytest.mark.prove
def test_stock_collecting_follows_links_and_believes_names(users, tmp_path):
    ann, eve = users
    world = World(tmp_path, STOCK)
    collected(world, users, "link", "another's name", "no name")
    assert handed_in(world, eve.pw_name, "key") == "key_8513"
    assert handed_in(world, ann.pw_name) == "eve's"
    assert (world.course / "submitted" / NAME / f"{NAME}.ipynb").is_file()


@pytest.mark.prove
def test_stock_collecting_stops_at_a_name_without_a_date(users, tmp_path):
    world = World(tmp_path, STOCK)
    collected(world, users, "no date")
    assert not handed_in(world, users[0].pw_name)


@pytest.mark.full
@pytest.mark.parametrize("kind", at_least("hard link", of=["link", "hard link"]))
def test_ours_collects_the_others(kind, users, tmp_path):
    ann = users[0]
    world = World(tmp_path, OURS)
    collected(world, users, kind, "another's name", "no name", "no date")
    assert handed_in(world, ann.pw_name) == "ann's own", world.ran.stderr
    assert [
        path.name for path in (world.course / "submitted").iterdir() if any(path.iterdir())
    ] == [ann.pw_name]
    assert world.ran.stderr.count("Not collected:") == 4


def test_a_file_turned_into_a_link_while_it_is_copied_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("key_8513")
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    ended = threading.Event()

    def flip() -> None:
        while not ended.is_set():
            for path, target in ((source / "deep" / "a", secret), (source / "b", tmp_path)):
                path.write_text("mine")
                path.unlink()
                path.symlink_to(target)
                path.unlink()

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        for i in range(300):
            try:
                plugin.copy_plain(source, tmp_path / f"copy{i}", 10**6)
            except (NbGraderException, OSError):
                continue
    finally:
        ended.set()
        flipping.join()
    texts = [path.read_text() for path in tmp_path.glob("copy*/**/*") if path.is_file()]
    assert set(texts) <= {"mine", ""}


def test_a_folder_that_is_too_large_is_not_copied(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_bytes(bytes(1000))
    with pytest.raises(NbGraderException, match="too large"):
        plugin.copy_plain(tmp_path / "source", tmp_path / "copy", 999)
