import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bank import measure

from course_utils.author.build import build
from course_utils.author.new_module import new_module

ROOT = Path(__file__).resolve().parents[2]
NAME = "10_gap"
FILES = [
    f"quizzes/source/{NAME}/{NAME}.py",
    f"tests/quizzes/banks/{NAME}.py",
    f"tests/notebooks/test_{NAME}.py",
]


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of one module, with the template."""
    shutil.copytree(ROOT / "quizzes" / "template", tmp_path / "quizzes" / "template")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", tmp_path / "quizzes")
    (tmp_path / "quizzes" / "source" / "04_top_p").mkdir(parents=True)
    return tmp_path


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_new_module_builds_runs_and_tells_right_from_wrong(course, monkeypatch):
    assert new_module(course, NAME, "Within “a” \\gap") == [course / name for name in FILES]
    shutil.rmtree(course / "quizzes" / "source" / "04_top_p")
    (notebook,) = build(course)
    text = notebook.read_text("utf-8")
    assert (
        "# Within “a” \\\\gap" in text
        and "### 10.8 Your cut *(2 points)*" in text
        and "__" not in text
    )
    monkeypatch.setattr("bank.SOURCES", course / "quizzes" / "source")
    monkeypatch.setattr("bank.BANKS", course / "tests" / "quizzes" / "banks")
    rows = measure(NAME)
    assert len(rows) == 8
    assert [row for row in rows if not row.good] == []


@pytest.mark.slow
def test_its_files_are_as_ruff_and_pytest_want_them(course):
    made = new_module(course, NAME, "Within a gap")
    shutil.copy(ROOT / "pyproject.toml", course)
    ours = 'lint.isort.known-first-party = ["course_utils"]'
    for command in (
        ["ruff", "check", "--config", ours, *made],
        ["ruff", "format", "--check", *made],
        ["pytest", "-q", made[2]],
    ):
        subprocess.run([sys.executable, "-m", *map(str, command)], cwd=course, check=True)


@pytest.mark.parametrize(
    ("name", "title", "said"),
    [
        ("gap", "Gap", "two digits, an underscore.*got 'gap'"),
        ("10_Gap", "Gap", "got '10_Gap'"),
        ("10_../gap", "Gap", r"got '10_\.\./gap'"),
        ("04_gap", "Gap", "the number 04 is that of 04_top_p; the next free one is 05"),
        (NAME, "", "one line of 1 to 60 characters, got ''"),
        (NAME, "a\nb", r"got 'a\\nb'"),
        (NAME, "x" * 61, "1 to 60"),
    ],
)
def test_another_name_or_title_is_refused_and_nothing_written(course, name, title, said):
    before = everything(course)
    with pytest.raises(ValueError, match=said):
        new_module(course, name, title)
    assert everything(course) == before


@pytest.mark.parametrize("there", FILES[1:])
def test_no_file_is_ever_replaced(course, there):
    (course / there).parent.mkdir(parents=True)
    (course / there).write_text("mine", "utf-8")
    before = everything(course)
    with pytest.raises(ValueError, match=f"{there} is there"):
        new_module(course, NAME, "Gap")
    assert everything(course) == before
