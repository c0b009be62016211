"""Which answers of a module look alike, as one page for the instructor.

The comparison is copydetect's: Schleimer, Wilkerson and Aiken 2003, "Winnowing", SIGMOD, 76-85,
https://doi.org/10.1145/872757.872770. It takes names out of code, so renaming hides nothing. What
the module gives, and what many share, is left out. It says what to look at, and never who copied.
"""

import html
import io
import json
import os
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import nbformat
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import highlight_overlap
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from course_utils.grading.analysis import FOLDER
from course_utils.grading.grade import Course
from course_utils.grading.pages import LONGEST, LONGEST_LINE
from course_utils.grading.repair import as_given, quiz_id
from course_utils.grading.score import answer_of, graded_cells, title_of

# Signs in a row that have to be alike, after names are taken out; copydetect's own default.
SIGNS = 25
MANY = 10  # students who share a passage: then it is the usual way to say it, as in Moss
LEAST = 0.33  # share of an answer that is alike; copydetect's own default
MOST_PAIRS = 100  # on the page


@dataclass(frozen=True)
class Answer:
    student: str
    text: str
    code: bool


@dataclass(frozen=True)
class Pair:
    """Two answers to a question. share: of the one that has more in common, in [0, 1]; texts: HTML,
    with what is alike marked."""

    title: str
    students: tuple[str, str]
    share: float
    texts: tuple[str, str]


def similar(course: Course, module: str) -> tuple[Path, list[Pair]]:
    """Write the page. Returns it, and the pairs, the most alike first.

    Reads what was graded. Raises ValueError if the gradebook does not know the module, or fewer
    than two submissions are graded.
    """
    course.check(module)
    source = course.folder / "source" / module / f"{module}.ipynb"
    given = as_given(nbformat.read(source, as_version=4), course.config)
    notebooks = {
        path.parents[1].name: rejoin_lines(nbformat.from_dict(json.loads(path.read_text("utf-8"))))
        for path in sorted(course.folder.glob(f"autograded/*/{module}/{module}.ipynb"))
    }
    if len(notebooks) < 2:
        raise ValueError(
            f"fewer than two submissions of {module} are graded; run: course grade {module}"
        )
    pairs = [
        pair for cell in answer_cells(given) for pair in alike(*answers(cell, given, notebooks))
    ]
    pairs.sort(key=lambda pair: (-pair.share, pair.title, pair.students))
    path = course.folder / FOLDER / f"{module}.similar.html"
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(page(module, len(notebooks), pairs), "utf-8")
    os.replace(part, path)
    return path, pairs


def answer_cells(given: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in given.cells if cell.metadata.get("nbgrader", {}).get("solution")]


def answers(
    cell: NotebookNode, given: NotebookNode, notebooks: dict[str, NotebookNode]
) -> tuple[str, str, list[Answer]]:
    """The question's title, what is given in its answer cell, and who wrote what into it."""
    name = quiz_id(cell)
    tests = {
        quiz_id(found): title_of(check, given)
        for check in graded_cells(given)
        if (found := answer_of(check, given)) is not None
    }
    title = tests.get(name) or title_of(cell, given)
    found = []
    for student, notebook in notebooks.items():
        ours = next((c for c in notebook.cells if quiz_id(c) == name), None)
        if ours is not None and ours.source.strip() != cell.source.strip():
            found.append(Answer(student, ours.source, cell.cell_type == "code"))
    return title, cell.source, found


def alike(title: str, given: str, found: list[Answer]) -> list[Pair]:
    """The pairs of answers that have much in common, besides what is given and what many share."""
    usual = set(fingerprint(given, found[0].code).hashes) if found else set()
    shared = Counter(h for a in found for h in fingerprint(a.text, a.code).hashes)
    usual |= {h for h, times in shared.items() if times > MANY}
    prints = [(a, fingerprint(a.text, a.code, sorted(usual))) for a in found]
    prints = [(a, made) for a, made in prints if made.hashes]
    pairs = []
    for (one, first), (other, second) in combinations(prints, 2):
        overlap, shares, slices = compare_files(first, second)
        if overlap and max(shares) >= LEAST:
            texts = tuple(
                highlight_overlap(a.text, part, "<mark>", "</mark>", escape_html=True)[0]
                for a, part in ((one, slices[0]), (other, slices[1]))
            )
            share = min(1.0, float(max(shares)))
            pairs.append(Pair(title, (one.student, other.student), share, texts))
    return pairs


def fingerprint(text: str, code: bool, usual: list[int] | None = None) -> CodeFingerprint:
    """Each run of SIGNS signs: in code, with a letter for each name. A lexer is slow in odd texts,
    which are compared as they are."""
    plain = len(text) > LONGEST or max(map(len, text.split("\n"))) > LONGEST_LINE
    return CodeFingerprint(
        "answer.py",
        SIGNS,
        1,  # of a window: each run counts, so that a run of the program gives what another gave
        boilerplate=usual,
        filter=code and not plain,
        language="python3",
        fp=io.StringIO(text),
    )


def page(module: str, students: int, pairs: list[Pair]) -> str:
    """The pairs as a page that needs nothing from elsewhere; what students wrote is text there."""
    shown = "\n".join(section(pair) for pair in pairs[:MOST_PAIRS])
    said = f"{students} submissions, {len(pairs)} pairs of answers that share a third or more."
    if len(pairs) > MOST_PAIRS:
        said += f" The first {MOST_PAIRS} are shown."
    return PAGE.format(module=html.escape(module), said=said, shown=shown, many=MANY)


def section(pair: Pair) -> str:
    names = [html.escape(student) for student in pair.students]
    texts = "".join(
        f"<div><h3>{name}</h3><pre>{text}</pre></div>"
        for name, text in zip(names, pair.texts, strict=True)
    )
    head = f"{html.escape(pair.title)}: {names[0]}, {names[1]} ({pair.share:.0%})"
    return f"<details><summary>{head}</summary><section>{texts}</section></details>"


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{module}: answers that look alike</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em }}
section {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1em }}
pre {{ overflow-x: auto; border: 1px solid #999; padding: .5em }}
</style>
<h1>{module}: answers that look alike</h1>
<p>{said} Names are taken out of code before it is compared. What the module gives, and what more
than {many} students share, is left out. A short answer has few right forms: look before you judge.
</p>
{shown}
</html>
"""
