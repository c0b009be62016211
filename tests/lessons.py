"""What tests of a lesson take from its own text, so that it stands there alone."""

from pathlib import Path

from course_utils.author.notebook import source_notebook


def names_of(source: Path, *wanted: str) -> dict:
    """The names that these locked cells and reference answers of a module's text bind."""
    space: dict = {}
    for cell in source_notebook(source).cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in wanted:
            exec(compile(cell.source, "cell", "exec"), space)
    return space
