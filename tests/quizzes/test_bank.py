"""Every answer of the bank, in this process; make prove sends them through nbgrader too."""

import ast
import csv
import re

import pytest
from bank import BANKS, KINDS, MODULES, SOURCES, Module, measure
from cases import at_least

from course_utils.author.source import HIDDEN, SOLUTION, put, regions

LESSONS = [name for name in MODULES if name != "00_start_here"]
module = pytest.fixture(params=MODULES, scope="module")(lambda request: Module(request.param))


def kind(module: Module, *kinds: str) -> list[str]:
    return [item for item, answers in module.bank.items() if answers.kind in kinds]


def test_every_module_has_a_bank_and_every_item_is_in_it(module):
    assert set(module.bank) == set(module.answers)
    assert len(module.tests) == len(module.answers)
    assert {answers.kind for answers in module.bank.values()} <= set(KINDS)
    assert {path.stem for path in BANKS.glob("*.py")} == set(MODULES)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_8_to_14_items_of_several_kinds(name):
    lesson = Module(name)
    assert 8 <= len(lesson.bank) <= 16
    assert len({answers.kind for answers in lesson.bank.values()}) >= 4


def test_the_page_says_how_much_there_is_to_score(module):
    items, most = len(module.bank), sum(module.worth().values())
    promise = f"{items} question{'s' * (items > 1)}, {most:g} point{'s' * (most > 1)}"
    without = sum("*(no points" in text for text in module.prose)
    promise += f", and {without} without points." if without else "."
    assert any(promise in text for text in module.prose), promise


def test_titles_and_ids_are_those_of_one_question():
    """In the whole course: score tables, the analysis and the table of renamed ids rely on it."""
    modules = [Module(name) for name in MODULES]
    titles = [title.split(" ", 1)[1] for m in modules for title in set(m.titles.values())]
    assert len(set(titles)) == len(titles)
    ids = [item for m in modules for item in m.answers]
    assert len(set(ids)) == len(ids)


def test_every_id_of_the_first_edition_leads_to_one_of_this(module):
    with (SOURCES.parent / "renamed.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["module"] == module.name]
    old = [row["old"] for row in rows]
    assert len(set(old)) == len(old)
    assert {row["new"] for row in rows} <= set(module.titles)
    assert not set(old) & set(module.titles)


@pytest.mark.parametrize(
    "every", [16, pytest.param(4, marks=pytest.mark.full), pytest.param(1, marks=pytest.mark.prove)]
)
def test_no_right_answer_is_refused_and_no_wrong_one_accepted(module, every):
    assert [row for row in measure(module.name, every) if not row.good] == []


def test_the_tests_draw_from_seeded_generators(module):
    """Or an answer's points would be a matter of luck."""
    drawing = {"rand", "randn", "randint", "randperm", "normal", "multinomial", "bernoulli"}
    unseeded = [
        f"{item}: {ast.unparse(node)}"
        for item, cell in module.tests.items()
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {f"torch.{name}" for name in drawing}
        and "generator" not in {keyword.arg for keyword in node.keywords}
    ]
    assert unseeded == []


@pytest.mark.parametrize("most", at_least(1, of=[1, 1000]))
def test_a_wrong_answer_takes_points_from_no_other_item(module, most):
    """The first, second, … wrong answer of every item at once."""
    worth = module.worth()
    wrong = {
        item: answers.answers(worth[item])[len(answers.right) :]
        for item, answers in module.bank.items()
    }
    for nth in range(min(most, max(map(len, wrong.values())))):
        chosen = {item: answers[nth % len(answers)] for item, answers in wrong.items()}
        scores = module.score({item: code for item, (_, code, _) in chosen.items()})
        expected = {item: points for item, (_, _, points) in chosen.items()}
        assert scores == expected, {item: chosen[item][0] for item in chosen}


def test_the_reference_scores_full(module):
    assert module.score({}) == module.worth()


def test_an_untouched_module_scores_nothing(module):
    assert module.score(dict.fromkeys(module.bank)) == dict.fromkeys(module.bank, 0.0)


@pytest.mark.parametrize(
    "stub",
    at_least("return None", of=["# YOUR CODE HERE", "raise NotImplementedError()", "return None"]),
)
def test_a_function_that_is_only_a_stub_scores_nothing(module, stub):
    functions = kind(module, "write")
    scores = module.score(dict.fromkeys(functions, stub))
    assert {item: scores[item] for item in functions} == dict.fromkeys(functions, 0.0)


@pytest.mark.parametrize("letter", "ABCD")
@pytest.mark.parametrize("name", LESSONS)
def test_one_letter_for_every_choice_earns_under_30_percent(name, letter):
    lesson = Module(name)
    choices = kind(lesson, "choice")
    worth = lesson.worth()
    right = [item for item in choices if right_letter(lesson, item) == letter]
    assert sum(worth[item] for item in right) < 0.3 * sum(worth[item] for item in choices)


@pytest.mark.parametrize("longest", [True, False], ids=["longest", "shortest"])
def test_the_length_of_a_choice_does_not_give_it_away(longest):
    """One who always takes the longest text, or the shortest, earns under 30 percent too."""
    earned = possible = 0.0
    for name in LESSONS:
        lesson = Module(name)
        for item in kind(lesson, "choice"):
            options = {letter: len(text) for letter, text in lesson.options(item).items()}
            assert set(options) == set("ABCD")
            taken = (max if longest else min)(options, key=options.get)
            possible += lesson.worth()[item]
            earned += lesson.worth()[item] * (taken == right_letter(lesson, item))
    assert earned < 0.3 * possible


def right_letter(module: Module, item: str) -> str:
    return re.search(r'right="(.)"', module.test(item).source)[1]


def test_what_learners_get_holds_no_right_answer(module):
    for item in module.bank:
        assert regions(module.answers[item].source, SOLUTION)
        assert regions(module.test(item).source, HIDDEN)
        given = put(module.test(item).source, HIDDEN)
        assert not re.search(r"check\.(choice|number|text|ids)\(|right=", given)


def test_each_wrong_letter_has_a_reason_of_its_own(module):
    for item in kind(module, "choice"):
        why = re.search(r"why=(\{.*?\}),?\n\)", module.test(item).source, re.DOTALL)
        reasons = ast.literal_eval(why[1])
        assert set(reasons) | {right_letter(module, item)} == set("ABCD")
        assert len(set(reasons.values())) == 3


def test_the_course_asks_at_least_90_questions_of_every_kind():
    kinds = [item.kind for name in MODULES for item in Module(name).bank.values()]
    assert len(kinds) >= 90
    assert all(kinds.count(name) >= 9 for name in KINDS)
