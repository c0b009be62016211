"""Answers that nobody of the project wrote, scored as a learner's are, at once.

strangers/MODULE.py holds them by item: "right" ones in many styles, "typed" ones, which are right
but of another type or typing than asked, and "wrong" ones. Each is the text in place of the
solution, a `Cell` or `Two`; a wrong one may be a tuple with the most points that it may get.
"""

import importlib
import textwrap
from pathlib import Path

import pytest
import torch
from bank import SOURCES, Module, answered, run
from strangers.forms import Cell, Two

from course_utils.learner import at_once

pytestmark = pytest.mark.full

FILES = sorted((Path(__file__).parent / "strangers").glob("[0-9]*.py"))
ANSWERS = {path.stem: importlib.import_module(f"strangers.{path.stem}").ANSWERS for path in FILES}
ITEMS = [(name, item) for name, answers in ANSWERS.items() for item in answers]


def cells(given: str, answer: str | Cell | Two) -> list[str]:
    if isinstance(answer, Cell):
        return [textwrap.dedent(answer.code)]
    if isinstance(answer, Two):
        return [textwrap.dedent(answer.before), answered(given, answer.code)]
    return [answered(given, answer)]


def score(name: str, item: str, answer: str | Cell | Two) -> tuple[float, str]:
    """Points and reason."""
    module, space = Module(name), {"__name__": "__main__"}
    torch.manual_seed(0)
    try:
        for cell, content in module.cells.items():
            if cell == item:
                for source in cells(content.source, answer):
                    run(source, space)
            elif cell not in module.tests:
                run(content.source, space)
    except Exception as error:
        return 0.0, f"the answer stopped with {type(error).__name__}: {error}"
    items = at_once.read_items(SOURCES / name / f"{name}.py")
    return at_once.judged(items[item], False, space)


@pytest.mark.parametrize(("name", "item"), ITEMS, ids=lambda value: value)
def test_what_strangers_answer_gets_what_it_is_worth(name, item, record_property):
    most, faults, answers = Module(name).worth()[item], [], ANSWERS[name][item]
    for kind in ("right", "typed"):
        for said, answer in answers.get(kind, {}).items():
            points, reason = score(name, item, answer)
            told = kind == "typed" and "rite" in reason and "Not answered" not in reason
            if points < most and not told:
                faults.append(f"{kind}, {said}: {points:g} of {most:g}. {reason}")
    for said, answer in answers.get("wrong", {}).items():
        answer, limit = answer if type(answer) is tuple else (answer, most - 1e-9)
        points, _ = score(name, item, answer)
        if points > limit:
            faults.append(f"wrong, {said}: {points:g} of {most:g}")
    counts = ", ".join(
        f"{len(answers.get(kind, {}))} {kind}" for kind in ("right", "typed", "wrong")
    )
    record_property("strangers' answers", f"{name:<16} {item:<28} {counts}")
    assert faults == []
