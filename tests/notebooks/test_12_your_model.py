"""Storyteller, Calculator and a visitor do what the lesson on one's own model says of them."""

import math
import re
from pathlib import Path

import pytest
import small
import torch
from lessons import names_of

from course_utils import model as models
from course_utils.author.notebook import source_notebook
from course_utils.generate import Settings
from course_utils.metrics import perplexity
from course_utils.penalties import (
    dry,
    frequency_penalty,
    no_repeat_ngram,
    presence_penalty,
    repetition_penalty,
)
from course_utils.sampling import min_p, temperature, top_k, top_p, typical_p

SOURCE = Path(__file__).parents[2] / "quizzes/source/12_your_model/12_your_model.py"
FRANCE, SUM = "The capital of France is", "57+25+81+68+72:"
GREEDY = Settings(temperature=0)


@pytest.fixture(scope="module")
def lesson(storyteller) -> dict:
    """The names of the module's locked cells: its helpers, passages and trial."""
    return names_of(SOURCE, "setup", "passages", "trial")


@pytest.fixture(scope="module")
def unseen(lesson) -> tuple:
    """What scores the capstone: openings, ruts and tales; and the bar in its text."""
    [test] = [cell.source for cell in source_notebook(SOURCE).cells if "UNSEEN = {" in cell.source]
    exec(test[test.index("UNSEEN = {") : test.index("TOP_P =")], lesson)
    bar = float(re.search(r"TOP_P = (\S+)", test)[1])
    return lesson["UNSEEN"], lesson["NEW_RUTS"], lesson["NEW_TALES"], bar


def said(text: list[int]) -> list[int]:
    """What came next where the last four tokens stood before."""
    return [text[j] for j in range(4, len(text)) if text[j - 4 : j] == text[-4:]]


def echo(logits, ids):
    logits = logits.clone()
    if found := said(ids.tolist()):
        logits[found[-1]] += 12.0
    return top_p(logits, 0.9)


def by_count(logits, ids):
    """The reference."""
    found = said(ids.tolist())
    logits = temperature(logits, 1.15)
    if 1 <= len(found) <= 2:
        logits[found[-1]] += 20.0
    else:
        logits = presence_penalty(dry(logits, ids, multiplier=2.0, allowed_length=1), ids, 2.0)
    return top_p(logits, 0.87)


def only_that_token(logits, ids):
    found = said(ids.tolist())
    if 1 <= len(found) <= 2:
        return torch.full_like(logits, -torch.inf).index_fill(0, torch.tensor(found[-1:]), 0.0)
    logits = presence_penalty(repetition_penalty(logits, ids, 1.2), ids, 2.0)
    return typical_p(temperature(logits, 1.1), 0.9)


def rival(logits, ids):
    return top_p(logits, 0.99)


SIMPLE = {
    "the rival": rival,
    "top-p 0.95": lambda logits, ids: top_p(logits, 0.95),
    "nearly greedy": lambda logits, ids: top_p(temperature(logits, 0.3), 0.9),
    "min-p": lambda logits, ids: min_p(logits, 0.05),
    "typical": lambda logits, ids: typical_p(logits, 0.9),
    "heat": lambda logits, ids: top_p(temperature(logits, 1.15), 0.87),
    "presence": lambda logits, ids: top_p(presence_penalty(logits, ids, 2.0), 0.95),
    "repetition": lambda logits, ids: top_p(repetition_penalty(logits, ids, 1.2), 0.95),
    "frequency": lambda logits, ids: top_p(frequency_penalty(logits, ids, 1.0), 0.95),
    "no repeats": lambda logits, ids: top_p(no_repeat_ngram(logits, ids, 3), 0.95),
    "DRY": lambda logits, ids: top_p(dry(logits, ids, 2.0, allowed_length=1), 0.95),
    "echo": echo,
}
SEEDS = range(0, 4000, 1000)  # where the sets of seeds begin


def test_no_setting_opens_the_door_and_an_echo_does(lesson):
    opened, line = lesson["opened"], lesson["LINE"]
    said_then = {
        (0.0, 1.0): " door, little door, and let him come",
        (0.0, 1.3): ' house! Open!" But the princess',
    }
    for t, penalty in ((0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (0.0, 1.3)):
        count, text = opened(Settings(temperature=t, repetition_penalty=penalty))
        assert count == 0
        assert text == said_then.get((t, penalty), text)
    assert opened(Settings(top_p=0.9))[0] == 0
    count, text = opened(echo)
    assert count == 20
    assert text.startswith(line)
    assert opened(by_count)[0] == 20


def test_a_bonus_behind_a_cut_opens_nothing(lesson):
    def behind(logits, ids):
        kept = top_k(logits, 1)
        if found := said(ids.tolist()):
            kept[found[-1]] += 12.0
        return kept

    assert lesson["opened"](behind)[0] == 0


def test_the_key_is_one_text_in_three_thousand_of_decent_tokens(lesson, storyteller):
    logs = lesson["logprobs_of"](storyteller, lesson["DOOR"], lesson["LINE"])
    assert math.exp(-logs.sum()) == pytest.approx(3400, rel=0.02)
    shares = logs.exp().tolist()
    assert len(shares) == 8
    assert sum(0.125 < share < 0.455 for share in shares) == 5
    assert min(shares) > 0.12
    rows, ids = lesson["rows_and_ids"](storyteller, lesson["DOOR"], lesson["LINE"])
    second = [storyteller.tokenizer.decode([i]) for r, i in zip(rows, ids, strict=True)
              if i != r.argmax()]  # fmt: skip
    assert second == [" and", " the", " king"]


def test_paris_is_three_tokens_and_below_london_and_gold(lesson, storyteller):
    encode = storyteller.tokenizer.encode_ordinary
    assert [storyteller.tokenizer.decode([i]) for i in encode(" Paris")] == [" P", "ar", "is"]

    def share(word, before=""):
        return lesson["logprobs_of"](storyteller, before + FRANCE, word).sum().exp().item()

    assert 4e-5 < share(" Paris") < share(" London") < 7e-5
    assert 2.5 < share(" gold") / share(" Paris") < 3.5
    best = storyteller.next_logits(FRANCE).softmax(-1).max()
    assert 0.16 < best < 0.18
    for told in (
        "There was a king in Paris. ",
        "Paris is the greatest city of France, and the King lives in Paris. ",
    ):
        assert share(" Paris", told) > 4 * share(" gold", told)


def test_the_calculator_adds_and_the_storyteller_tells(lesson, storyteller):
    calculator = lesson["visitor"]("")
    assert calculator is models.load("calculator")

    def answer(model, question):
        texts, _ = lesson["continued"](model, [question], GREEDY, 54)
        return model.tokenizer.decode(texts[0])

    assert answer(calculator, SUM).endswith(";303")
    assert 57 + 25 + 81 + 68 + 72 == 303
    assert answer(calculator, FRANCE).endswith(";226")
    assert answer(storyteller, SUM).startswith(" \"I'm going to tell you")


def test_the_calculator_gives_paris_less_than_float32_can_hold(lesson, storyteller):
    logs = lesson["logprobs_of"](models.load("calculator"), FRANCE, " Paris")
    assert logs.sum().item() == pytest.approx(-122.47, abs=0.5)
    assert f"{logs.double().sum().exp().item():.0e}" == "6e-54"
    assert logs.sum().exp().item() == 0
    logs = lesson["logprobs_of"](storyteller, FRANCE, " Paris")
    assert f"{logs.double().sum().exp().item():.0e}" == "5e-05"


def test_the_calculator_may_begin_with_any_number_and_is_sure_within_a_sum():
    model = models.load("calculator")
    assert (model.vocab_size, model.context) == (257, 70)
    best = model.next_logits(SUM).softmax(-1).topk(5)
    assert [model.tokenizer.decode([i]) for i in best.indices.tolist()] == list("76852")
    assert best.values.sum() > 0.99
    for working in ("72+68=", "72+68=1'4'"):
        assert model.next_logits(SUM + working).softmax(-1).max() > 0.99


def test_twelve_more_is_enough_for_any_token_of_the_line():
    assert math.exp(12) == pytest.approx(160_000, rel=0.02)
    for share, least in ((0.13, 0.9999), (0.001, 0.99)):
        odds = math.exp(12) * share / (1 - share)
        assert odds / (1 + odds) > least


def test_a_visitor_that_is_not_here_is_told_and_replaced(lesson, capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert lesson["visitor"]("no-such/model") is models.load("calculator")
    printed = capsys.readouterr().out
    assert "The Calculator takes its place." in printed


def test_the_same_helpers_run_on_a_model_of_transformers(lesson, tmp_path):
    """What a learner with GPT-2 sees, on a small random one of its architecture."""
    visitor = lesson["visitor"](str(small.save(tmp_path / "gpt2", "gpt2")))
    assert visitor.vocab_size == small.VOCAB
    logs = lesson["logprobs_of"](visitor, FRANCE, " Paris")
    assert len(logs) == len(visitor.tokenizer.encode_ordinary(" Paris"))
    assert (logs < 0).all()
    texts, _ = lesson["continued"](visitor, [FRANCE] * 6, Settings(), 10)
    assert max(map(len, texts)) == 10
    quotes = lesson["quotes_of"](visitor)
    assert all('"' in visitor.tokenizer.decode([i]) for i in quotes)
    assert quotes


def test_the_letters_win_by_perplexity_and_lose_by_bits(lesson, storyteller):
    *seven, eighth = [opening + rest for opening, rest in lesson["OPENINGS"].items()]
    assert 1400 < sum(map(len, seven)) < 1600
    assert lesson["letters"] == 44
    by_letters = lesson["by_letters"]
    after = [  # of one letter, what may come next: the shares make one
        (lesson["pairs"]["e", b] + 0.5) / (lesson["before"]["e"] + 0.5 * 44)
        for b in set("".join([*seven, eighth]))
    ]
    assert sum(after) == pytest.approx(1)
    assert all(log < 0 for log in by_letters)
    by_words = lesson["logprobs_of"](storyteller, "\n", eighth).tolist()
    assert (len(by_letters), len(by_words)) == (223, 54)
    assert perplexity(by_letters).item() == pytest.approx(12.9, abs=0.1)
    assert perplexity(by_words).item() == pytest.approx(39, abs=1)

    def bits(logs, text):
        return -sum(logs) / math.log(2) / len(text)

    assert bits(by_letters, eighth[1:]) == pytest.approx(3.7, abs=0.05)
    assert bits(by_words, eighth) == pytest.approx(1.27, abs=0.05)
    shocks = lesson["logprobs_of"](models.load("calculator"), "\n", eighth[:60]).tolist()
    assert bits(shocks, eighth[:60]) == pytest.approx(29, abs=1.5)


@pytest.mark.full
def test_the_rivals_on_the_page(lesson):
    given = lesson["OPENINGS"], lesson["RUTS"], lesson["TALES"]
    [cell] = [c.source for c in source_notebook(SOURCE).cells if "MEASURED = {" in c.source]
    exec(cell, page := {})
    assert list(page["MEASURED"]) == [0.8, 0.9, 0.95, 0.98, 0.99, 1.0]
    assert page["MEASURED"][0.99][1:3] == (0.664, 0.029)  # 0.693 together, says the page
    people = lesson["people"](lesson["OPENINGS"])
    assert people["perplexity"] / 2 == pytest.approx(13.5, abs=0.1)
    assert people["perplexity"] * 2 == pytest.approx(54.1, abs=0.2)
    assert people["repeats"] == pytest.approx(0.035, abs=0.002)
    board = {}
    for p, (likely, *numbers) in page["MEASURED"].items():
        found = lesson["trial"](lambda x, ids, p=p: top_p(x, p), *given, sets=24)
        assert tuple(found) == page["NAMES"]
        measured = [found[name] for name in page["NAMES"][1:]]
        assert measured == pytest.approx(numbers, abs=0.008)
        assert found["perplexity"] == pytest.approx(likely, rel=0.05)
        board[p] = found
    assert min(found["repeats"] for found in board.values()) > 1.3 * people["repeats"]
    distinct = {p: found["distinct-1"] for p, found in board.items()}
    assert distinct[0.99] > max(distinct.values()) - 0.005
    assert distinct[0.9] < min(distinct[p] for p in distinct if p >= 0.95)
    loud = lesson["trial"](echo, *given)
    assert loud["refrains"] == 1
    assert loud["repeats"] == pytest.approx(0.361, abs=0.01)


@pytest.mark.slow
def test_the_bar_of_the_capstone_is_that_of_the_rival(lesson, unseen):
    *given, bar = unseen
    found = lesson["trial"](rival, *given, sets=24)
    assert bar == pytest.approx(found["distinct-1"] + found["spread"], abs=0.01)
    assert found["refrains"] == 0


@pytest.mark.full
@pytest.mark.parametrize("design", [by_count, only_that_token])
def test_an_honest_design_beats_it_by_far(lesson, unseen, design):
    """Far enough from each bar that a text which another machine draws differently is no matter."""
    *given, bar = unseen
    people = lesson["people"](given[0])
    for first in SEEDS:
        found = lesson["trial"](design, *given, first=first)
        assert people["perplexity"] / 1.6 < found["perplexity"] < 1.6 * people["perplexity"]
        assert found["distinct-1"] > bar + 0.02
        assert found["repeats"] < people["repeats"] / 3
        assert found["refrains"] >= 5 / 6


@pytest.mark.full
@pytest.mark.parametrize("name", SIMPLE)
def test_no_recipe_of_one_line_keeps_all_promises(lesson, unseen, name):
    *given, bar = unseen
    people = lesson["people"](given[0])
    for first in SEEDS[:2]:
        found = lesson["trial"](SIMPLE[name], *given, first=first)
        alive = (
            people["perplexity"] / 2 < found["perplexity"] < 2 * people["perplexity"]
            and found["distinct-1"] > bar
        )
        assert found["refrains"] == (name == "echo")
        if name == "echo":
            assert found["repeats"] > 5 * people["repeats"]
        if name in ("the rival", "top-p 0.95", "nearly greedy", "min-p", "echo"):
            assert not alive


def test_nothing_scored_stands_in_what_learners_see(lesson, unseen):
    openings, ruts, tales, _ = unseen
    assert not set(openings) & set(lesson["OPENINGS"])
    assert not set(ruts) & set(lesson["RUTS"])
    assert not set(tales) & set(lesson["TALES"])


def test_the_leaderboard_keeps_its_own_page_alone(lesson, tmp_path, monkeypatch, capsys):
    [cell] = [
        cell.source
        for cell in source_notebook(SOURCE).cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "leaderboard"
    ]
    numbers = dict.fromkeys(("perplexity", "distinct-1", "spread", "repeats", "refrains"), 0.5)
    space = lesson | {"RIVAL": numbers}
    exec(cell, space)
    folder = tmp_path / "my-course" / "12_your_model"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    page = folder / "leaderboard.md"

    space["keep"](numbers)  # in a class's folder nothing is written
    assert not page.exists()

    (tmp_path / "my-course" / ".given").mkdir()
    space["keep"](numbers)
    space["keep"](numbers | {"repeats": 0.1})
    space["keep"](numbers)  # known already
    space["keep"](None)
    kept = page.read_text("utf-8")
    assert [row[:7] for row in kept.splitlines() if row.startswith("| try")] == [
        "| try 1",
        "| try 2",
    ]

    page.write_text("My own notes.\n", "utf-8")
    capsys.readouterr()
    space["keep"](numbers)
    assert page.read_text("utf-8") == "My own notes.\n"
    assert "it stays as it is" in capsys.readouterr().out
