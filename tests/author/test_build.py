import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from course_utils.author.build import build, source_notebook

ROOT = Path(__file__).resolve().parents[2]
LESSON = (ROOT / "tests" / "grading" / "01_tiny.txt").read_text("utf-8")
NAME = "01_tiny"


def write_course(root: Path) -> Path:
    folder = root / "quizzes" / "source" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.py").write_text(LESSON, "utf-8")
    (folder / "sides.csv").write_text("triangle,3\n", "utf-8")
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", root / "quizzes")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    root = write_course(tmp_path_factory.mktemp("course"))
    assert build(root) == [root / "notebooks" / NAME / f"{NAME}.ipynb"]
    return root


@pytest.fixture
def course(built, tmp_path) -> Path:
    return shutil.copytree(built, tmp_path / "course")


@pytest.mark.slow
def test_release_has_no_answers_hidden_tests_or_outputs(built):
    path = built / "notebooks" / NAME / f"{NAME}.ipynb"
    text = path.read_text("utf-8")
    for secret in ("SOLUTION", "HIDDEN", "secret_value", "x * x", "sides = 3", "Minus by minus"):
        assert secret not in text
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert "jupytext" not in notebook.metadata
    assert {p.name for p in path.parent.iterdir()} == {f"{NAME}.ipynb", "sides.csv"}


@pytest.mark.slow
def test_build_leaves_only_notebooks_and_their_sources(built):
    assert set(contents(built)) == {
        "quizzes/nbgrader_config.py",
        f"quizzes/source/{NAME}/{NAME}.py",
        f"quizzes/source/{NAME}/{NAME}.ipynb",
        f"quizzes/source/{NAME}/sides.csv",
        f"notebooks/{NAME}/{NAME}.ipynb",
        f"notebooks/{NAME}/sides.csv",
    }


@pytest.mark.slow
def test_second_build_changes_nothing_and_keeps_other_files(course):
    (course / "notebooks" / NAME / "mine.txt").write_text("mine")
    (course / "notebooks" / "other.ipynb").write_text("not even JSON")
    before = contents(course)
    build(course)
    assert contents(course) == before


@pytest.mark.slow
def test_build_takes_over_changes_of_the_text_and_its_data(course):
    folder = course / "quizzes" / "source" / NAME
    (folder / f"{NAME}.py").write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
    (folder / "sides.csv").write_text("triangle,3\nsquare,4\n", "utf-8")
    build(course)
    released = course / "notebooks" / NAME
    assert "any triangle?" in (released / f"{NAME}.ipynb").read_text("utf-8")
    assert "square" in (released / "sides.csv").read_text("utf-8")


def replace_notebook(course: Path) -> str:
    nbformat.write(nbformat.v4.new_notebook(), course / "notebooks" / NAME / f"{NAME}.ipynb")
    return "not made by course build"


def change_data(course: Path) -> str:
    (course / "notebooks" / NAME / "sides.csv").write_text("mine")
    return "sides.csv was not made by course build"


def edit_source_notebook(course: Path) -> str:
    path = course / "quizzes" / "source" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += " with my remark"
    nbformat.write(notebook, path)
    return "was edited"


@pytest.mark.slow
@pytest.mark.parametrize("put", [replace_notebook, change_data, edit_source_notebook])
def test_file_of_someone_else_stops_the_build_and_stays(course, put):
    said = put(course)
    lesson = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    lesson.write_text(LESSON.replace("tiny module", "small module"), "utf-8")
    (lesson.parent / "sides.csv").write_text("triangle,three\n", "utf-8")
    before = contents(course)
    with pytest.raises(ValueError, match=said):
        build(course)
    assert contents(course) == before


def test_cell_ids_are_unique_and_stay_when_another_cell_changes(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_text(LESSON + "\n# %%\nimport math\n", "utf-8")
    ids = [cell.id for cell in source_notebook(path).cells]
    assert len(set(ids)) == len(ids)
    assert "square_of_any_sign" in ids
    path.write_text("# %% [markdown]\n# First.\n\n" + path.read_text("utf-8"), "utf-8")
    assert [cell.id for cell in source_notebook(path).cells][1:] == ids


SQUARE = "}\ndef square"  # begins on that cell's marker

# What is written in place of what, the text whose line is to be named, and what is to be said.
WRONG = {
    "same id twice": (
        '"grade_id": "square"',
        '"grade_id": "sides"',
        SQUARE,
        "'sides' is used twice",
    ),
    "bad id": ('"grade_id": "square"', '"grade_id": "the square"', None, "got 'the square'"),
    "no points": ('"points": 2, ', "", '"square_of_any_sign"', "points are missing"),
    "negative points": ('"points": 2', '"points": -2', None, "at least 0, got -2"),
    "points in words": ('"points": 2', '"points": "two"', None, "a number, got 'two'"),
    "no id": ('"grade_id": "square", ', "", SQUARE, "no 'grade_id'"),
    "unknown key": ('"points": 2', '"point": 2', None, "unknown nbgrader metadata 'point'"),
    "flag in words": (
        '"grade": false, "grade_id": "square"',
        '"grade": "no", "grade_id": "square"',
        None,
        "grade must be true or false, got 'no'",
    ),
    "old schema": (
        '"points": 2, "schema_version": 3',
        '"points": 2, "schema_version": 2',
        None,
        "schema_version must be 3, got 2",
    ),
    "not JSON": ('{"grade": false, "grade_id": "square"', '{"grade": ', SQUARE, "not JSON"),
    "single quotes": ('{"grade": false, "grade_id": "sq', "{'grade': \"", None, "not JSON"),
    "not an object": ("# %%\nimport math", "# %% nbgrader=3\nimport math", None, "not JSON"),
    "misspelt nbgrader": (
        'nbgrader={"grade": false, "grade_id": "square"',
        'nbgrade={"grade": false, "grade_id": "square"',
        None,
        "unknown metadata 'nbgrade'",
    ),
    "unknown kind of cell": ("# %%\nimport math", "# %% [markdwn]\n# Hi", None, "'[markdwn]'"),
    "no marks": (
        "### BEGIN SOLUTION\nsides = 3\n### END SOLUTION",
        "sides = 3",
        '"grade_id": "sides"',
        "no BEGIN",
    ),
    "no end": (
        "sides = 3\n### END SOLUTION",
        "sides = 3",
        "### BEGIN SOLUTION\nsides",
        "without an END SOLUTION",
    ),
    "no begin": (
        "### BEGIN SOLUTION\nsides = 3",
        "sides = 3",
        '### END SOLUTION\n\n# %% nbgrader={"grade": true, "grade_id": "sides_of',
        "without a BEGIN SOLUTION",
    ),
    "two begins": (
        "sides = 3\n### END SOLUTION",
        "sides = 3\n### BEGIN HIDDEN TESTS",
        "### BEGIN HIDDEN TESTS\n\n",
        "before SOLUTION has ended",
    ),
    "unknown mark": (
        "### BEGIN HIDDEN TESTS",
        "### BEGIN SECRET TESTS",
        None,
        "unknown mark '### BEGIN SECRET TESTS'",
    ),
    "mark in small letters": ("### BEGIN HIDDEN", "### begin hidden", None, "unknown mark"),
    "answer elsewhere": ("import math", "### BEGIN SOLUTION\n### END SOLUTION", None, "true"),
    "hidden elsewhere": (
        "import math",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
        None,
        "not a",
    ),
    "not Python": ("import math", "x = 1\nimport\n", "import\n", "invalid syntax"),
    "not Python in a test": (
        'assert square(secret_value) == 9, "A',
        'assert square(secret_value == 9, "A',
        None,
        "'(' was never closed",
    ),
    "return outside": ("import math", "x = 1\nreturn x", "return x\n", "outside function"),
    "bad indent": ("    return x * x", "  return x * x\n   y = 1", "   y = 1", "indent"),
    "escape that warns": ("import math", 'x = "\\d"', None, "invalid escape sequence"),
    "below a magic": ("import math", "%matplotlib inline\nimport", "import\n", "invalid syntax"),
    "below a marker in a text": (
        "import math",
        'x = """\n# %% no cell\n"""\nimport',
        "import\n",
        "invalid syntax",
    ),
    "text graded by itself": (
        '"points": 1, "schema_version": 3, "solution": true',
        '"points": 1, "schema_version": 3, "solution": false',
        '"explain"',
        "explain is text, so grade and solution must both be true",
    ),
    "text above the first cell": ("# %% [markdown]\n# # A t", "# # A t", None, "above the first"),
    "header without an end": (
        "# %% [markdown]\n# # A t",
        "# ---\n# a: 1\n# # A t",
        None,
        "`# ---`",
    ),
    "header that is no YAML": (
        "# %% [markdown]\n# # A t",
        "# ---\n# jupyter:\n#   kernelspec: [\n# ---\n\n# %% [markdown]\n# # A t",
        "#   kernelspec",
        "jupytext cannot read it",
    ),
}


@pytest.mark.parametrize("old, new, at, said", WRONG.values(), ids=WRONG)
def test_wrong_text_is_refused_with_its_line(tmp_path, old, new, at, said, monkeypatch):
    assert LESSON.count(old) == 1
    text = LESSON.replace(old, new)
    path = tmp_path / f"{NAME}.py"
    path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as error:
        source_notebook(path)
    place, message = str(error.value).split(": ", 1)
    assert (place, said in message) == (f"{NAME}.py:{line_of(at or new, text)}", True), message


def line_of(part: str, text: str) -> int:
    """The line on which a part of a text begins, where there is one such part."""
    assert text.count(part) == 1
    return text[: text.index(part) + len(part) - len(part.lstrip("\n"))].count("\n") + 1


def test_every_mistake_is_named_and_a_folder_elsewhere_by_its_whole_path(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_text(LESSON.replace('"points": 2, ', "").replace("import math", "import"), "utf-8")
    with pytest.raises(ValueError) as error:
        source_notebook(path)
    first, second = str(error.value).split("\n")
    assert first.startswith(f"{path}:5: ")
    assert "points are missing" in second


def test_a_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_bytes(LESSON.encode("utf-8").replace(b"A tiny", b"\n# na\xefve"))
    with pytest.raises(ValueError, match=rf"{NAME}\.py:3: .*UTF-8"):
        source_notebook(path)


# As above, for what shows only when the module runs.
LAST = 'assert square(secret_value) == 9, "A negative side has a square too."'
FAILS = {
    "reference raises": ("sides = 3", "sides = 3 / 0", None, "ZeroDivisionError: division by zero"),
    "lesson raises": ("import math", "import math\nmath.sqrt(-1)", "math.sqrt", "ValueError: "),
    "reference is wrong": ("x * x", "x + x", LAST, "AssertionError: A negative side has"),
    "raises in a function": ("return x * x", "return x * y", None, "NameError: name 'y'"),
    "fewer points": (LAST, "0.5", '"square_of_any_sign"', "gets 0.5 of 2"),
    "stderr": (LAST, "import sys; print(1, file=sys.stderr)", '"square_of_any', "costs its points"),
    "ends Python": ("import math", "import os\nos._exit(1)", "# %%\nimport os", "ended Python"),
}


@pytest.mark.slow
def test_what_fails_when_it_runs_is_named_with_its_line_and_nothing_is_written(tmp_path):
    """A module each, in one build."""
    root = write_course(tmp_path)
    shutil.rmtree(root / "quizzes" / "source" / NAME)
    expected = []
    for n, (old, new, at, said) in enumerate(FAILS.values(), 1):
        assert LESSON.count(old) == 1
        text = LESSON.replace(old, new)
        path = root / "quizzes" / "source" / f"{n:02}_wrong" / f"{n:02}_wrong.py"
        path.parent.mkdir()
        path.write_text(text, "utf-8")
        expected.append((f"{path}:{line_of(at or new, text)}", said))
    before = contents(root)
    with pytest.raises(ValueError) as error:
        build(root)
    assert contents(root) == before
    places = dict(line.split(": ", 1) for line in str(error.value).split("\n"))
    assert [(place, said) for place, said in expected if said not in places.get(place, "")] == []


@pytest.mark.slow
def test_only_changed_code_is_run(course, capsys):
    path = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    path.write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
    build(course)
    assert "running" not in capsys.readouterr().err
    path.write_text(LESSON.replace("import math", "import math, cmath"), "utf-8")
    build(course, execute=False)
    assert "running" not in capsys.readouterr().err
    path.write_text(LESSON.replace("import math", "import math, os"), "utf-8")
    build(course)
    assert f"running {NAME}" in capsys.readouterr().err


@pytest.mark.slow
def test_one_module_can_be_built_alone(course):
    other = course / "quizzes" / "source" / "02_other"
    other.mkdir()
    (other / "02_other.py").write_text("# %%\nimport", "utf-8")
    assert build(course, [NAME]) == [course / "notebooks" / NAME / f"{NAME}.ipynb"]
    with pytest.raises(ValueError, match="no module 'three'; there are 01_tiny, 02_other"):
        build(course, ["three"])


@pytest.mark.slow
def test_what_editors_leave_beside_a_text_is_not_released(course):
    folder = course / "quizzes" / "source" / NAME
    for name in (f".{NAME}.py.swp", f"{NAME}.py~", f"#{NAME}.py#", ".DS_Store"):
        (folder / name).write_bytes(b"\x00")
    before = contents(course / "notebooks")
    build(course)
    assert contents(course / "notebooks") == before


class Watch:
    """`course build --watch` on a course, and what it prints."""

    def __init__(self, root: Path):
        run = "import sys; from pathlib import Path; from course_utils import cli; "
        run += "cli.ROOT = Path(sys.argv[1]); sys.exit(cli.main(['build', '--watch']))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", run, str(root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=root,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, text: str) -> list[str]:
        """The lines up to the first with this text."""
        found = []
        while not found or text not in found[-1]:
            try:
                found.append(self.lines.get(timeout=60))
            except queue.Empty:
                pytest.fail(f"never said {text!r}, but {found}")
        return found


@pytest.mark.slow
def test_watch_builds_what_changes_says_what_is_wrong_and_goes_on(course):
    build(course)
    text = course / "quizzes" / "source" / NAME / f"{NAME}.py"
    notebook = course / "notebooks" / NAME / f"{NAME}.ipynb"
    second = text.parent.with_name("02_second") / "02_second.py"
    watch = Watch(course)
    try:
        watch.until("watching")
        text.write_text(LESSON.replace("a triangle?", "any triangle?"), "utf-8")
        watch.until(f"built {notebook.relative_to(course)}")
        assert "any triangle?" in notebook.read_text("utf-8")

        text.write_text(LESSON.replace("import math", "import"), "utf-8")
        watch.until("not built")
        watch.until(f"{text.relative_to(course)}:{line_of('import math', LESSON)}: ")
        assert "any triangle?" in notebook.read_text("utf-8")

        second.parent.mkdir()
        watch.until("02_second.py is missing")
        second.write_text(LESSON, "utf-8")
        said = watch.until("built notebooks/02_second/02_second.ipynb")
        assert not any(NAME in line for line in said), "it had not changed"

        replacement = text.with_suffix(".new")  # many editors save so
        replacement.write_text(LESSON.replace("sides = 3", "sides = 4"), "utf-8")
        replacement.replace(text)
        watch.until("AssertionError: Draw one, and count.")
        replacement.write_text(LESSON.replace("a triangle?", "the triangle?"), "utf-8")
        replacement.replace(text)
        watch.until(f"built {notebook.relative_to(course)}")
        assert "the triangle?" in notebook.read_text("utf-8")
    finally:
        watch.process.send_signal(signal.SIGINT)
        code = watch.process.wait(30)
    assert code == 0
    assert not any("Traceback" in line for line in watch.lines.queue)


def test_folder_without_its_text_or_with_another_kind_of_name_is_refused(tmp_path):
    root = write_course(tmp_path)
    (root / "quizzes" / "source" / "02_empty").mkdir()
    with pytest.raises(ValueError, match=r"02_empty\.py is missing"):
        build(root)
    (root / "quizzes" / "source" / "02_empty").rename(root / "quizzes" / "source" / "Two")
    with pytest.raises(ValueError, match="source/Two: a module's name"):
        build(root)
    shutil.rmtree(root / "quizzes" / "source")
    with pytest.raises(ValueError, match="no modules"):
        build(root)


@pytest.mark.slow
def test_notebooks_of_the_repository_are_fresh(tmp_path):
    (tmp_path / "quizzes").mkdir()
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", tmp_path / "quizzes")
    texts = shutil.ignore_patterns("*.ipynb")
    shutil.copytree(ROOT / "quizzes" / "source", tmp_path / "quizzes" / "source", ignore=texts)
    for path in build(tmp_path, execute=False):
        committed = ROOT / path.relative_to(tmp_path)
        assert committed.read_bytes() == path.read_bytes(), f"{committed}: run course build"
