"""Lessons are written in small steps, in one spelling, and come to a slider soon."""

import re
from pathlib import Path

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
