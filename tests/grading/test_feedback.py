"""Feedback on real modules gives the reasons, and neither hidden tests nor solutions."""

import contextlib
import html
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bank import MODULES, Module, answered
from cases import at_least

from course_utils.author.build import copy_sources
from course_utils.author.source import HIDDEN, SOLUTION, inside
from course_utils.grading import told
from course_utils.grading.grade import Course, grade
from course_utils.grading.repair import is_ours

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [name for name in MODULES if name != "00_start_here"]

pytestmark = [pytest.mark.grading, pytest.mark.slow]


@pytest.fixture(scope="module", params=at_least("04_top_p", of=LESSONS))
def module(request) -> Module:
    return Module(request.param)


@pytest.fixture(scope="module")
def pages(sandboxed, module, tmp_path_factory) -> dict[str, str]:
    """The text of the feedback pages of a student who is wrong everywhere, and of one whose
    functions all stop with an error."""
    course = tmp_path_factory.mktemp("class") / "quizzes"
    copy_sources(ROOT, course, [module.name])
    assert Course(course).api().generate_assignment(module.name)["success"]
    submit(course, module, "wrong", wrong_answers(module))
    submit(course, module, "stops", dict.fromkeys(module.bank, "raise ZeroDivisionError"))
    assert not any(outcome.failed for outcome, _ in grade(module.name, course))
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", module.name]
    subprocess.run(command, cwd=course, check=True, capture_output=True, timeout=120)
    folders = course / "feedback"
    return {
        path.parts[-3]: text_of(path.read_text("utf-8"))
        for path in folders.glob(f"*/*/{module.name}.html")
    }


def wrong_answers(module: Module) -> dict[str, str]:
    """The likeliest wrong answer of each item."""
    worth = module.worth()
    return {
        item: answers.answers(worth[item])[len(answers.right)][1]
        for item, answers in module.bank.items()
    }


def submit(course: Path, module: Module, student: str, answers: dict[str, str]) -> None:
    given = ROOT / "notebooks" / module.name / f"{module.name}.ipynb"
    notebook = nbformat.read(given, as_version=4)
    for cell in notebook.cells:
        if (item := cell.metadata.get("nbgrader", {}).get("grade_id")) in answers:
            cell.source = answered(module.answers[item].source, answers[item])
    folder = course / "submitted" / student / module.name
    shutil.copytree(given.parent, folder)
    nbformat.write(notebook, folder / given.name)


def text_of(page: str) -> str:
    """What a page says and what it hides, without its tags, on one line."""
    return one_line(page) + one_line(html.unescape(re.sub(r"<[^>]*>", "", page)))


def one_line(text: str) -> str:
    return " ".join(text.split())


def secrets(module: Module) -> list[str]:
    """Lines of hidden tests and solutions that stand nowhere in what learners get."""
    given = ROOT / "notebooks" / module.name / f"{module.name}.ipynb"
    cells = nbformat.read(given, as_version=4).cells
    known = one_line("\n".join(cell.source for cell in cells))
    known += known.replace("`", "")  # as a page shows it
    found = []
    for cell in module.cells.values():
        for what in (HIDDEN, SOLUTION):
            found += map(one_line, inside(cell.source, what).split("\n"))
    wrong = one_line(" ".join(wrong_answers(module).values()))
    # A bracket or a name alone is on any page.
    return [line for line in found if len(line) > 10 and line not in known and line not in wrong]


def reasons(module: Module) -> list[tuple[str, str]]:
    """What the tests say to the wrong answers, run in this process; and in the author's words."""
    answers = wrong_answers(module)
    found = []
    for item in answers:
        said = []
        space, printed = module.space({item: answers[item]}), io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(module.test(item).source, space)
            except AssertionError as reason:
                said.append(str(reason))
        said += re.findall(r"^\[not yet\].*", printed.getvalue(), re.MULTILINE)
        words = told.of_checks() | told.of_source(module.test(item).source)
        for cell in filter(is_ours, module.cells.values()):
            words |= told.of_source(cell.source)
        found += [(one_line(reason), told.in_words(one_line(reason), words)) for reason in said]
    return found


def test_each_lost_point_has_its_reason(module, pages):
    wanted = reasons(module)
    assert len(wanted) >= len(module.bank)
    assert [reason for _, reason in wanted if reason not in pages["wrong"]] == []
    assert told.MORE not in [reason for _, reason in wanted]
    kept = sum(len(reason) for _, reason in wanted) / sum(len(full) for full, _ in wanted)
    assert kept > 0.9  # what is lost are values


@pytest.mark.parametrize("student", ["wrong", "stops"])
def test_no_line_of_a_hidden_test_or_solution_is_in_it(module, pages, student):
    lines = secrets(module)
    assert len(lines) > 50
    assert [line for line in lines if line in pages[student]] == []


def test_an_error_is_named_without_the_test_that_met_it(pages):
    assert "ZeroDivisionError" in pages["stops"]
    for word in ("Traceback (most recent", "course_utils/grading", "HIDDEN TESTS"):
        assert word not in pages["stops"]


def test_questions_are_called_by_number_and_title(module, pages):
    for item in module.bank:
        assert f"Grade cell: {module.titles[item]}" in pages["wrong"]
        assert module.test(item).metadata.nbgrader.grade_id not in pages["wrong"]
