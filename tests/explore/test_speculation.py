import re

import pytest
import torch
from drawn import check_texts, said

from course_utils import explore
from course_utils.explore import speculation
from course_utils.explore.plots.speculation import LOOKS, Piece, Share, SpeculationPicture
from course_utils.explore.speculation import LENGTH, LOOKUP, YOURS, looked_at
from course_utils.generate import Settings, generate
from course_utils.speculative import Round, lookup_draft, model_draft, speculate

PROMPT = "Once upon a time"


@pytest.fixture
def short(storyteller, monkeypatch):
    """The real explorer with a curve of two dots, so that it is quick."""
    monkeypatch.setattr(speculation, "GRID", (0.0, 1.2))
    monkeypatch.setattr(speculation, "TEXTS", 1)

    def make(**options):
        panel = explore.Speculation(**options)
        wait(panel)
        return panel

    return make


def wait(panel) -> None:
    if panel.job:
        panel.job.join(60)
    assert panel.job is None


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


@pytest.mark.slow
def test_the_text_is_that_of_speculate(short, storyteller):
    panel = short(seed=3)
    settings = Settings(temperature=0.8)
    draft = model_draft(panel.small["5 blocks"], settings)
    expected = list(speculate(storyteller, PROMPT, draft, settings, LENGTH, 3, 4))
    assert panel.rounds == expected
    tokens = sum(len(one.tokens) for one in expected)
    accepted, redrawn, bonus = (
        sum(one.accepted for one in expected),
        sum(one.redrawn is not None for one in expected),
        sum(one.bonus is not None for one in expected),
    )
    assert f"{tokens} tokens in {len(expected)} passes" in panel.text
    assert f"{accepted} of {accepted + redrawn} accepted" in panel.text
    assert f"{redrawn} redrawn; {bonus} bonus" in panel.text
    kinds = [piece.kind for piece in panel.pieces(panel.rounds)]
    counts = {kind: kinds.count(kind) for kind in LOOKS}
    assert counts == {"accepted": accepted, "refused": redrawn, "redrawn": redrawn, "bonus": bonus}
    assert len(panel.image.value) + len(str(panel.image.marks)) < 28_000


@pytest.mark.slow
def test_greedy_text_is_the_models_own_whatever_drafts(short, storyteller):
    panel = short(temperature=0.0)
    greedy = [step.token for step in generate(storyteller, PROMPT, Settings(0.0), LENGTH)]
    for draft in panel.controls["drafted_by"].options:
        panel.controls["drafted_by"].value = draft
        wait(panel)
        assert [token for one in panel.rounds for token in one.tokens] == greedy


@pytest.mark.slow
def test_the_curve_counts_what_was_looked_at(short, storyteller):
    panel = short()
    draft = model_draft(panel.small["5 blocks"], Settings(temperature=1.2))
    settings = Settings(temperature=1.2)
    rounds = list(speculate(storyteller, PROMPT, draft, settings, LENGTH, 0, 4))
    hot = panel.shares()[1]
    accepted, looked = looked_at(rounds)
    assert hot.temperature == 1.2 and hot.share == accepted / looked
    assert hot.low < hot.share < hot.high
    # Another temperature writes another text, and leaves the curve; another draft does not.
    counts = dict(panel.counts)
    panel.controls["temperature"].value = 1.5
    wait(panel)
    assert panel.counts == counts and "T 1.50" in panel.text
    panel.controls["drafted_by"].value = LOOKUP
    wait(panel)
    assert panel.counts != counts and panel.text.startswith("Draft look up")


@pytest.mark.slow
def test_a_greedy_text_is_the_same_for_each_seed_and_counts_once(short, monkeypatch):
    panel = short()
    monkeypatch.setattr(speculation, "TEXTS", 3)
    panel.controls["drafted_by"].value = LOOKUP
    wait(panel)
    assert {t: len(counted) for t, counted in panel.counts.items()} == {0.0: 1, 1.2: 3}


def test_looked_at_worked_by_hand():
    whole = Round([1, 2, 3], "", [1, 2], 2)
    refused = Round([1, 9], "", [1, 2, 3, 4], 1)
    ended = Round([1], "", [1, 2], 1)  # end-of-text came among the accepted
    empty = Round([5], "", [], 0)
    assert looked_at([whole, refused, ended, empty]) == (4, 5)


@pytest.mark.slow
def test_a_prompt_that_does_not_fit_changes_nothing(short):
    panel = short()
    old = panel.image.value
    panel.controls["prompt"].value = "word " * 240
    assert "Shorten it" in message(panel) and panel.image.value == old
    panel.controls["prompt"].value = "The king"
    wait(panel)
    assert message(panel) == "" and "after 'The king'" in " ".join(said(panel.image.value))


@pytest.mark.slow
def test_stop_ends_the_job_and_keeps_what_is_there(short, monkeypatch):
    panel = short()
    monkeypatch.setattr(speculation, "TEXTS", 1000)
    panel.controls["seed"].value = 1
    job = panel.job
    panel.stop.click()
    job.join(3)
    assert not job.is_alive() and message(panel) == "Stopped."


@pytest.mark.slow
def test_a_learners_draft_is_the_one_to_start_with(short, storyteller):
    panel = short(draft=lookup_draft(storyteller))
    assert panel.controls["drafted_by"].value == YOURS and message(panel) == ""
    mine = list(panel.rounds)
    panel.controls["drafted_by"].value = LOOKUP
    wait(panel)
    assert panel.rounds == mine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (lambda ids, ahead, generator: [1 // 0], "ZeroDivisionError"),
        (lambda ids, ahead, generator: ([5], torch.ones(2, 3)), "(2, 3)"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(short, draft, says):
    panel = short(draft=draft)
    assert says in message(panel)
    panel.controls["drafted_by"].value = LOOKUP
    wait(panel)
    assert message(panel) == "" and "tokens in" in panel.text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompt": ""}, "prompt must not be empty"),
        ({"prompt": 3}, "prompt"),
        ({"ahead": 9}, "ahead must be in"),
        ({"temperature": -1.0}, "temperature must be in"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(options, says):
    with pytest.raises(ValueError, match=says):
        explore.Speculation(**options)


@pytest.mark.parametrize("label", ["", "W" * 80, "<script>", "$x$", "␣"])
def test_no_text_leaves_the_picture_or_meets_another(label):
    picture = SpeculationPicture(1.5)
    pieces = [Piece(label, kind) for kind in LOOKS] * 30
    shares = [Share(t, 1.0, 0.0, 1.0) for t in (0.0, 0.3, 1.5)]
    numbers = ["40 tokens in 40 passes", "1.00 tokens a pass", "160 of 160 accepted, >99.9%"]
    picture.draw(pieces, shares, 3.0, [*numbers, "40 redrawn", "40 bonus"], "W" * 30, "W" * 99)
    check_texts(picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = SpeculationPicture(1.5), SpeculationPicture(1.5)
    used.draw([Piece("a", kind) for kind in LOOKS], [Share(0, 0.5, 0.2, 0.8)], 1.0, ["x"] * 5)
    used.svg()
    for picture in (used, fresh):
        picture.draw([Piece("b", "bonus")], [Share(1, 0.4, 0.2, 0.8)], 0.5, ["y"], "t", "s")
    assert used.svg() == fresh.svg()
