"""Lessons are written in small steps, in one spelling, and come to a slider soon."""

import ast
import builtins
import re
from pathlib import Path

import nbformat
import pytest

from course_utils.author.notebook import source_notebook

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "quizzes" / "source").glob("*/*.py"))
EXPLORER = re.compile(r"explore\.(?!Chart)[A-Z]\w+\(")
# Names in code keep their field's spelling: behind backticks, in links, in titles of others.
NOT_OURS = re.compile(r"```.*?```|`[^`]*`|<[^>]*>|\$[^$]*\$|\[[a-z]+\d+\][^\n]*", re.DOTALL)
AMERICAN = re.compile(
    r"\b(\w*(?<!s)(?<!pr)(?<!token)iz(e|es|ed|ing|ation|er)|colors?|behaviors?|neighbors?|centers?"
    r"|gray|favors?|favorites?|modeling|labeled|canceled|judgment)\b",
    re.IGNORECASE,
)

WRITTEN = re.compile(r"^### \d.*|^\d+ questions, \d+ points\.", re.MULTILINE)

lessons = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def cells(source: Path, kind: str) -> list:
    return [cell for cell in source_notebook(source).cells if cell.cell_type == kind]


@lessons
def test_prose_cells_have_at_most_80_words(source):
    """But for what the build writes into them: a question's heading, and how much is scored."""
    prose = [cell for cell in cells(source, "markdown") if "nbgrader" not in cell.metadata]
    words = {cell.source[:60]: len(WRITTEN.sub("", cell.source).split()) for cell in prose}
    assert {text: count for text, count in words.items() if count > 80} == {}


@lessons
def test_code_cells_have_at_most_15_lines_but_for_exercises(source):
    long = {
        cell.source[:60]: len(cell.source.splitlines())
        for cell in cells(source, "code")
        if "nbgrader" not in cell.metadata and len(cell.source.splitlines()) > 15
    }
    assert long == {}


@lessons
def test_the_first_slider_comes_within_ten_cells(source):
    first = source_notebook(source).cells[:10]
    assert any(cell.cell_type == "code" and EXPLORER.search(cell.source) for cell in first)


@lessons
def test_the_spelling_is_british(source):
    prose = "\n".join(cell.source for cell in cells(source, "markdown"))
    prose = prose.split("## References")[0]
    found = [word[0] for word in AMERICAN.finditer(NOT_OURS.sub("", prose))]
    assert [word for word in found if word.lower() not in ("size", "sizes", "sized")] == []


def names(source: str) -> tuple[set[str], set[str]]:
    """What a cell reads, and what it or a function of it gives a value."""
    nodes = list(ast.walk(ast.parse(source)))
    given = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    given |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    given |= {
        (node.asname or node.name).split(".")[0] for node in nodes if isinstance(node, ast.alias)
    }
    read = {node.id for node in nodes if isinstance(node, ast.Name)} - given
    return read - set(dir(builtins)), given


@lessons
def test_a_locked_test_needs_no_other_one(source):
    """In a learner's notebook it runs after a restart too, behind the lesson's cells."""
    path = ROOT / "notebooks" / source.stem / f"{source.stem}.ipynb"
    known, missing = set(), {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            read, given = names(cell.source)
            if cell.metadata.get("nbgrader", {}).get("points") is None:
                known |= given
            elif read - known:
                missing[cell.source[:60]] = read - known
    assert missing == {}
