"""Stock nbgrader and `course grade` give the points that the bank says, item by item."""

import pytest
from bank import MODULES, Module
from same_scores import compare, rounds

pytestmark = pytest.mark.grading


@pytest.mark.full
def test_an_answer_of_each_item(sandboxed, tmp_path):
    scores = compare("04_top_p", [1], tmp_path)
    assert len(scores) == len(Module("04_top_p").bank)
    assert [score for score in scores if not score.same] == []


@pytest.mark.prove
@pytest.mark.parametrize("name", MODULES)
def test_every_answer_of_the_bank(name, sandboxed, tmp_path):
    module, worth = Module(name), Module(name).worth()
    scores = compare(name, range(rounds(module)), tmp_path)
    sent = {(score.item, score.answer) for score in scores}
    listed = {item: answers.answers(worth[item]) for item, answers in module.bank.items()}
    assert sent == {(item, name) for item, found in listed.items() for name, _, _ in found}
    assert [score for score in scores if not score.same] == []
