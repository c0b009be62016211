import shutil
from pathlib import Path

import nbformat
import pytest

from course_utils.build import build, source_notebook

ROOT = Path(__file__).resolve().parents[1]
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


def test_release_has_no_answers_hidden_tests_or_outputs(built):
    path = built / "notebooks" / NAME / f"{NAME}.ipynb"
    text = path.read_text("utf-8")
    for secret in ("SOLUTION", "HIDDEN", "secret_value", "x * x", "sides = 3", "Minus by minus"):
        assert secret not in text
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert "jupytext" not in notebook.metadata
    assert {p.name for p in path.parent.iterdir()} == {f"{NAME}.ipynb", "sides.csv"}


def test_build_leaves_only_notebooks_and_their_sources(built):
    assert set(contents(built)) == {
        "quizzes/nbgrader_config.py",
        f"quizzes/source/{NAME}/{NAME}.py",
        f"quizzes/source/{NAME}/{NAME}.ipynb",
        f"quizzes/source/{NAME}/sides.csv",
        f"notebooks/{NAME}/{NAME}.ipynb",
        f"notebooks/{NAME}/sides.csv",
    }


def test_second_build_changes_nothing_and_keeps_other_files(course):
    (course / "notebooks" / NAME / "mine.txt").write_text("mine")
    (course / "notebooks" / "other.ipynb").write_text("not even JSON")
    before = contents(course)
    build(course)
    assert contents(course) == before


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


WRONG = {
    "same id twice": ('"grade_id": "square"', '"grade_id": "sides"', "'sides' is used twice"),
    "bad id": ('"grade_id": "square"', '"grade_id": "the square"', "got 'the square'"),
    "no points": ('"points": 2, ', "", "points are missing"),
    "negative points": ('"points": 2', '"points": -2', "at least 0, got -2"),
    "no id": ('"grade_id": "square", ', "", "no 'grade_id'"),
    "not JSON": ('{"grade": false, "grade_id": "square"', '{"grade": ', "is not JSON"),
    "no marks": ("### BEGIN SOLUTION\nsides = 3\n### END SOLUTION", "sides = 3", "no BEGIN"),
    "one mark": ("sides = 3\n### END SOLUTION", "sides = 3", "in pairs"),
    "answer elsewhere": ("import math", "### BEGIN SOLUTION\n### END SOLUTION", "true"),
    "hidden elsewhere": ("import math", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS", "not a"),
    "not Python": ("import math", "import\n", "line 1 of the cell"),
}


@pytest.mark.parametrize("old, new, said", WRONG.values(), ids=WRONG)
def test_wrong_text_is_refused_with_its_line(tmp_path, old, new, said):
    assert LESSON.count(old) == 1
    path = tmp_path / f"{NAME}.py"
    path.write_text(LESSON.replace(old, new), "utf-8")
    with pytest.raises(ValueError) as error:
        source_notebook(path)
    assert said in str(error.value)
    above = (LESSON[: LESSON.index(old)] + old.split("\n")[0]).split("\n")
    line = max(i for i, text in enumerate(above, 1) if text.startswith("# %%"))
    assert str(error.value).startswith(f"{NAME}.py, line {line}: ")


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


def test_notebooks_of_the_repository_are_fresh(tmp_path):
    (tmp_path / "quizzes").mkdir()
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", tmp_path / "quizzes")
    texts = shutil.ignore_patterns("*.ipynb")
    shutil.copytree(ROOT / "quizzes" / "source", tmp_path / "quizzes" / "source", ignore=texts)
    for path in build(tmp_path):
        committed = ROOT / path.relative_to(tmp_path)
        assert committed.read_bytes() == path.read_bytes(), f"{committed}: run course build"
