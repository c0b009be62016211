"""`course score`: the points that an instructor's nbgrader would give, and why."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from course_utils.author import stock
from course_utils.author.build import copy_sources, modules
from course_utils.author.questions import TEST
from course_utils.grading.submitted import module_mark, parse
from course_utils.project import ROOT

UNANSWERED = "not answered yet"  # so the checks of `quiz` begin too, in upper case


@dataclass(frozen=True)
class Item:
    """One question. `by_hand`: a person grades it, so it is no part of the total."""

    question: str
    points: float
    max_points: float
    reason: str
    by_hand: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether there is no answer, which is not the same as a wrong one."""
        return self.reason.lower().startswith(UNANSWERED)


@dataclass(frozen=True)
class Report:
    module: str
    items: list[Item]
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items if not item.by_hand)

    @property
    def max_points(self) -> float:
        return sum(item.max_points for item in self.items if not item.by_hand)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Question, points and reason as texts, the total last."""
        for item in self.items:
            points = "-" if item.by_hand else f"{item.points:g}"
            yield item.question, f"{points}/{item.max_points:g}", item.reason
        yield "total", f"{self.points:g}/{self.max_points:g}", ""

    def table(self) -> str:
        rows = [("question", "points", "reason"), *self.rows()]
        wide, narrow = (max(len(row[i]) for row in rows) for i in (0, 1))
        lines = [f"{a:<{wide}}  {b:>{narrow}}  {c}".rstrip() for a, b, c in rows]
        return "\n".join(lines + [f"Note: {note}." for note in self.notes])

    def html_table(self) -> str:
        """The table and the notes as HTML, for the page and for the button in the notebook."""
        rows = "\n".join(
            "<tr>" + "".join(f"<td {LEFT}>{html.escape(text)}</td>" for text in row) + "</tr>"
            for row in self.rows()
        )
        heads = "".join(f"<th scope='col' {LEFT}>{name}</th>" for name in HEADS)
        notes = "".join(f"<p>Note: {html.escape(note)}.</p>" for note in self.notes)
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{notes}"

    def html(self) -> str:
        """The table as a page that needs nothing from elsewhere."""
        return PAGE.format(title=html.escape(self.module), table=self.html_table())


HEADS = ("Question", "Points", "Reason")
LEFT = "style='text-align: left'"  # JupyterLab centres and right-aligns by itself
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}: score</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
th, td {{ text-align: left; vertical-align: top; padding: .3em 1em .3em 0 }}
tr:last-child {{ font-weight: bold }}
</style>
<h1>{title}: score</h1>
{table}
</html>
"""


def score(
    notebook: Path, root: Path = ROOT, graded: Callable[[str, Path], dict] | None = None
) -> Report:
    """Score a learner's notebook of a module as stock nbgrader does; the file stays as it is.

    Writes NAME.report.html beside it. Raises ValueError if it is not a notebook of this course, or
    could not be run to its end, which no answer is to blame for.
    graded: what has nbgrader grade a copy of the notebook of a module, where this process is ready
    for that; the reply of `stock.run`.
    """
    submission = read(notebook)
    names = modules(root)
    named = [name for name in names if name in notebook.stem]  # as in "Copy of 04_top_p (1)"
    module = module_mark(submission) or "".join(named)
    if module not in names:
        raise ValueError(
            f"{notebook} is not a module of this course; the modules are {', '.join(names)}"
        )
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "submission.ipynb")
        nbformat.write(submission, copy)
        if graded:
            reply = graded(module, copy)
        else:
            course = Path(folder, "quizzes")
            copy_sources(root, course, [module])
            reply = stock.run(course, [module], copy)
        released = nbformat.read(Path(reply["released"][module], f"{module}.ipynb"), as_version=4)
        if reply["failure"]:
            raise ValueError(f"{notebook} could not be run to its end: {reply['failure']}")
        ran = nbformat.read(reply["autograded"], as_version=4)
    notes = ran.metadata.next_token.notes + first_stop(ran)
    items = [item(cell, released, ran, reply["grades"]) for cell in graded_cells(released)]
    report = Report(module, items, notes)
    try:
        page = notebook.with_name(f"{notebook.stem}.report.html")
        page.write_text(report.html(), "utf-8", newline="\n")
    except OSError as error:
        notes.append(f"the report could not be written: {error}")
    return report


def read(path: Path) -> NotebookNode:
    """A notebook without outputs. ValueError if the file is not one."""
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give the notebook that you want scored")
    if path.suffix != ".ipynb":
        raise ValueError(f"{path} is not a notebook; its name must end in .ipynb")
    return parse(path.read_bytes(), str(path))


def graded_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [
        cell
        for cell in notebook.cells
        if (meta := cell.metadata.get("nbgrader")) and (meta.grade or meta.get("task"))
    ]


def item(cell: NotebookNode, released: NotebookNode, graded: NotebookNode, grades: dict) -> Item:
    """What nbgrader gave for a graded cell, with the reason that its outputs tell."""
    meta = cell.metadata.nbgrader
    name, most = meta.grade_id, float(meta.points)
    title = title_of(cell, released)
    if meta.solution or meta.get("task"):
        return Item(title, 0, most, "graded by hand", by_hand=True)
    points = grades[name][0] or 0.0
    if points == most:
        return Item(title, points, most, "right")
    ours = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in graded.cells}
    answer = answer_of(cell, released)
    if points == 0 and answer is not None:
        own = ours.get(answer.metadata.nbgrader.grade_id)
        if own is None or own.source == answer.source:
            return Item(title, points, most, UNANSWERED)
        if stopped := error_of(own):
            return Item(title, points, most, f"the answer stopped with {stopped}")
    return Item(title, points, most, reason(ours[name], points))


def first_stop(graded: NotebookNode) -> list[str]:
    """A note on the first cell of the lesson that failed: what comes after may fail from it."""
    for cell in graded.cells:
        lesson = cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade_id")
        meant = "raises-exception" in cell.metadata.get("tags", [])
        if lesson and not meant and (stopped := error_of(cell)):
            return [f"the cell {one_line(cell.source, 40)!r} stopped with {stopped}"]
    return []


def title_of(cell: NotebookNode, released: NotebookNode) -> str:
    """Number and title of the question that a graded cell belongs to, such as 2.1 Two knives.

    The cell's grade id in a notebook that `course build` did not make.
    """
    name = cell.metadata.nbgrader.grade_id
    return released.metadata.get("next_token", {}).get("titles", {}).get(name, name)


def answer_of(check: NotebookNode, released: NotebookNode) -> NotebookNode | None:
    """The answer cell that a test is about, whose grade id is the answer's with TEST behind it."""
    name = check.metadata.nbgrader.grade_id.removesuffix(TEST)
    for cell in released.cells:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("solution") and not meta.get("grade") and meta.grade_id == name:
            return cell
    return None


def reason(cell: NotebookNode, points: float) -> str:
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "AssertionError":
                return one_line(output.evalue) or "a check did not hold"
            return f"the check stopped with {error_of(cell)}"
        if output.output_type == "stream" and output.name == "stderr":
            return f"a message on stderr scores 0: {one_line(output.text)}"
    printed = [o.text for o in cell.outputs if o.output_type == "stream"]
    return one_line("".join(printed)) or ("partly right" if points else "no points given")


def error_of(cell: NotebookNode) -> str | None:
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename in ("CellTimeoutError", "KeyboardInterrupt"):  # nbgrader interrupts
                return "a timeout: it ran too long"
            return one_line(f"{output.ename}: {output.evalue}").removesuffix(":")
    return None


def one_line(text: str, longest: int = 300) -> str:
    """Colour codes out, white space to single spaces, cut at `longest` characters."""
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
