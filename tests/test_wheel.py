"""An installed wheel is the course: what it holds, and every command from a folder of one's own."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from strays import ROOT, checkout_at_work, tracked

from course_utils.author.notebook import source_notebook

LARGEST = 40 * 10**6  # bytes
BUILD = (
    "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])('dist'))"
)
MODULE = "00_start_here"


def make(kind: str, folder: Path) -> Path:
    """Build a `wheel` or a `sdist` of the course in `folder`, as pip does, without a network."""
    command = [sys.executable, "-c", BUILD, f"build_{kind}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "dist" / done.stdout.splitlines()[-1]


def contents(wheel: Path) -> dict[str, int]:
    """The files of a wheel but for its own notes, and their checksums."""
    with zipfile.ZipFile(wheel) as archive:
        found = {info.filename: info.CRC for info in archive.infolist()}
    return {name: crc for name, crc in found.items() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory) -> Path:
    return checkout_at_work(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def wheel(at_work) -> Path:
    return make("wheel", at_work)


def test_the_wheel_holds_the_course_and_nothing_of_students(wheel):
    wanted = {name for name in tracked() if name.startswith("course_utils/")}
    wanted |= {
        f"course_utils/course/{name}"
        for name in tracked()
        if name.startswith(("notebooks/", "quizzes/")) and not name.startswith("quizzes/template/")
    }
    assert set(contents(wheel)) == wanted
    assert wheel.stat().st_size <= LARGEST


def test_a_build_leaves_no_second_copy_and_takes_none(at_work, wheel):
    assert not (at_work / "course_utils" / "course").exists()
    assert [path.name for path in (at_work / "build").rglob("*.ipynb")] == ["old.ipynb"]  # a stray


def test_a_source_distribution_makes_the_same_wheel(at_work, wheel, tmp_path):
    shutil.unpack_archive(make("sdist", at_work), tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert contents(make("wheel", folder)) == contents(wheel)


class Installed:
    """The wheel in a fresh environment that cannot be written, and a folder that can."""

    def __init__(self, place: Path, wheel: Path, folder: Path):
        self.place, self.wheel, self.folder = place, wheel, folder

    def command(self, program: str, *arguments: str) -> list[str]:
        locked = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(self.place), str(self.place)]
        return [*locked, "--die-with-parent", str(self.place / "bin" / program), *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """Nothing of the checkout or of this user's settings."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.folder.parent), "BROWSER": "none", **variables}

    def run(self, *arguments: str, code: int = 0, folder: Path | None = None) -> str:
        """What a command says: on stdout, or if it is to fail the one line on stderr."""
        done = subprocess.run(
            self.command("course", *arguments),
            cwd=folder or self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, done.stdout + done.stderr
        if code:
            assert done.stdout == "" and done.stderr.count("\n") == 1, done.stdout + done.stderr
            return done.stderr.strip()
        return done.stdout

    def python(self, script: str, folder: Path) -> str:
        """What a script prints that Python runs there."""
        command = self.command("python", "-c", script)
        env = self.environment()
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory, request) -> Installed:
    request.getfixturevalue("sandboxed")  # bubblewrap keeps even root from writing
    room = tmp_path_factory.mktemp("installed")
    (room / "a folder").mkdir()
    python = room / "venv" / "bin" / "python"
    index = ["--index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    for step in (
        [sys.executable, "-m", "venv", room / "venv"],
        [python, "-m", "pip", "install", "--quiet", "torch==2.13.0", *index],
        [python, "-m", "pip", "install", "--quiet", wheel],
    ):
        subprocess.run(step, check=True, timeout=1200, cwd=room)
    return Installed(room / "venv", wheel, room / "a folder")


@pytest.fixture(scope="module")
def lab(installed) -> Iterator[str]:
    """`course lab`, running: what it printed up to its address, which serves the notebook."""
    process = subprocess.Popen(
        installed.command("course", "lab"),
        cwd=installed.folder,
        env=installed.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = ""
        while "JupyterLab: " not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        yield said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def answered(path: Path) -> None:
    """Put the reference answers into a learner's notebook."""
    name = path.stem
    reference = source_notebook(ROOT / "quizzes" / "source" / name / f"{name}.py")
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in reference.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.metadata.nbgrader.grade_id]
    nbformat.write(notebook, path)


@pytest.mark.prove
def test_lab_serves_copies_in_the_folder_where_it_was_called(installed, lab):
    copies = installed.folder / "my-course"
    modules = sorted(path.name for path in (ROOT / "notebooks").iterdir() if path.is_dir())
    assert lab.splitlines()[0] == f"Your own copies of the modules are in {copies}"
    assert re.findall(r"^new: (\w+)/", lab, re.MULTILINE) == modules
    base, token = re.search(r"(http://\S+)/lab/tree/home\.ipynb\?token=(\w+)", lab).groups()
    address = f"{base}/api/contents/{MODULE}/{MODULE}.ipynb?content=0&token={token}"
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    for folder in (installed.folder, copies / MODULE):
        said = installed.run("lab", "--diff", folder=folder)
        assert said == "Your copies are up to date with the course.\n"


@pytest.mark.prove
def test_score_and_button_score_untouched_and_answered_copies(installed, lab):
    path = installed.folder / "my-course" / MODULE / f"{MODULE}.ipynb"
    untouched = installed.run("score", str(path.relative_to(installed.folder)))
    assert "not answered yet" in untouched
    answered(path)
    right = re.search(r"total +(\d+)/(\d+)", installed.run("score", path.name, folder=path.parent))
    assert right[1] == right[2] != "0"
    assert path.with_name(f"{MODULE}.report.html").is_file()
    script = (
        "from pathlib import Path; from course_utils.learner import button, home; "
        f"print(button.scored(Path({path.name!r}))); print(home.table(Path.cwd().parent))"
    )
    said = installed.python(script, path.parent)
    assert f"{right[2]} of {right[2]} points, best so far {right[2]}" in said
    assert f"<a href='{MODULE}/{MODULE}.ipynb'>" in said and "scored" in said


@pytest.mark.prove
def test_generate_doctor_and_evaluate_work(installed):
    said = installed.run("generate", "Once upon a time", "--max-new-tokens", "8")
    assert said.startswith("Once upon a time")
    lines = installed.run("doctor").splitlines()
    assert len(lines) == 8 and not [line for line in lines if line.startswith("FAIL")]
    corpus = installed.folder / "corpus"
    corpus.mkdir()
    (corpus / "valid.txt").write_text("Once upon a time.\n<|endoftext|>\n", "utf-8")
    assert "bits per character" in installed.run("evaluate", "--corpus", "corpus")
    assert "COMMAND" in installed.run("--help")


@pytest.mark.prove
@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "--watch"],
        ["new-module", "20_mine", "Mine"],
        ["html"],
        ["gallery"],
        ["grade", MODULE],
        ["analyse", MODULE],
        ["train", "--from-books"],
        ["train", "--corpus", "corpus"],
        ["train", "--calculator"],
    ],
)
def test_what_needs_a_checkout_says_so_in_one_line(installed, arguments):
    before = sorted(installed.folder.rglob("*"))
    said = installed.run(*arguments, code=2)
    assert said.startswith(f"course: course {arguments[0]} needs a checkout of the course")
    assert "make lab" in said
    assert ("--course DIR" in said) == (arguments[0] in ("grade", "analyse"))
    assert sorted(installed.folder.rglob("*")) == before


@pytest.mark.prove
def test_a_class_can_be_graded_in_a_course_folder_of_ones_own(installed):
    said = installed.run("grade", MODULE, "--course", "nowhere", code=2)
    assert said.endswith(f'pip install "the-next-token[grading] @ {installed.wheel.as_uri()}"')


@pytest.mark.prove
def test_the_sandbox_hides_the_hidden_tests_that_a_wheel_carries(installed):
    script = (
        "import os, subprocess, sys; from course_utils.grading.sandbox import argv; "
        "from course_utils.project import ROOT; quizzes = str(ROOT / 'quizzes'); "
        "look = f'import os; print(os.listdir({quizzes!r}))'; print(len(os.listdir(quizzes))); "
        "sys.stdout.flush(); subprocess.run([*argv(), sys.executable, '-c', look], check=True)"
    )
    here, inside = installed.python(script, installed.folder).splitlines()
    assert int(here) >= 3 and inside == "[]"


@pytest.mark.prove
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["score", "nowhere.ipynb"], "nowhere.ipynb is not a file"),
        (["evaluate", "--corpus", "nowhere"], "nowhere/valid.txt: No such file or directory"),
        (["dance"], "dance"),
        ([], "COMMAND"),
    ],
)
def test_bad_input_is_one_line(installed, arguments, named):
    assert named in installed.run(*arguments, code=2)


@pytest.mark.prove
def test_a_folder_that_cannot_be_written_is_named(installed):
    said = installed.run("lab", code=2, folder=installed.place)
    assert said == (
        f"course: {installed.place}/my-course cannot be made (Read-only file system); "
        "call course lab in a folder of yours"
    )
