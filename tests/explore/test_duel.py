import re

import pytest
from drawn import check_texts

from course_utils import explore
from course_utils.explore import duel
from course_utils.explore.duel import PASSAGES, WORDS, passage, read_prompts
from course_utils.explore.plots.duel import DuelPicture, Outcome
from course_utils.generate import Settings, generate
from course_utils.metrics import perplexity

TWO = dict(list(PASSAGES.items())[:2])
MESSAGE = re.compile("<.*?>")


def wait(panel) -> None:
    if panel.job:
        panel.job.join(60)
    assert panel.job is None


def message(panel) -> str:
    return MESSAGE.sub("", panel.message.value).replace("&#x27;", "'")


def play(panel, rightly: bool) -> None:
    """All rounds, each guessed rightly or each wrongly."""
    for one in panel.rounds:
        panel.controls["a" if one.human_first == rightly else "b"].click()
        if len(panel.guesses) < len(panel.rounds):
            panel.controls["next"].click()


@pytest.fixture(scope="module")
def ten(storyteller):
    panel = explore.Duel()
    wait(panel)
    return panel.rounds


@pytest.mark.slow
def test_ten_rounds_of_two_texts_of_one_length(ten):
    assert len(ten) == 10 and len({one.prompt for one in ten}) == 10
    assert {len(text.split()) for one in ten for text in (one.human, one.sampler)} == {WORDS}
    assert {one.human_first for one in ten} == {True, False}
    for one in ten:
        assert " ".join(PASSAGES[one.prompt].split()).startswith(one.human)


@pytest.mark.slow
def test_no_format_tells_who_wrote_it(ten):
    for text in (text for one in ten for text in (one.human, one.sampler)):
        assert "\n" not in text and "<|" not in text and "  " not in text
        assert not set(text) & set("“”‘’_") and "--" not in text and text == text.strip()
    assert passage("“It’s\n_here_ -- ”" + " a" * 14) == '"It\'s here — "' + " a" * 10
    # The last word may have been cut in its middle, so it must not be the last of a passage.
    assert passage("a " * WORDS) == "" and passage("a " * (WORDS + 1)) == " ".join("a" * WORDS)


@pytest.mark.slow
def test_a_passage_is_what_generate_writes_and_measured_as_it_is_shown(ten, storyteller):
    for i, one in enumerate(ten[:3]):
        steps = generate(storyteller, one.prompt, Settings(), duel.LENGTH, i)
        assert one.sampler == passage("".join(step.text for step in steps))
        start = storyteller.encode(one.prompt)
        for text, measured in zip((one.human, one.sampler), one.perplexities, strict=True):
            ids = storyteller.tokenizer.encode_ordinary(f" {text}")
            rows = storyteller.logits(start + ids).log_softmax(-1)
            logprobs = [float(rows[len(start) + k - 1, token]) for k, token in enumerate(ids)]
            assert measured == pytest.approx(float(perplexity(logprobs)), rel=1e-3)


@pytest.mark.slow
def test_a_duel_is_played_and_scored(storyteller):
    panel = explore.Duel()
    wait(panel)
    first = panel.rounds[0]
    assert "sampler)" not in panel.passage.value and "Which one is human?" in panel.passage.value
    assert panel.controls["next"].disabled and "Perplexity" not in panel.text
    panel.controls["a"].click()
    said = MESSAGE.sub("", panel.passage.value)
    assert ("Right" if first.human_first else "Wrong") in said
    assert f"{'A' if first.human_first else 'B'} (human)" in said
    panel.controls["b"].click()  # a guess is a guess
    assert panel.guesses == [True] and panel.controls["a"].disabled
    panel.controls["next"].click()
    assert "Round 2 of 10" in MESSAGE.sub("", panel.passage.value) and "human)" not in said[:20]
    panel.guesses, panel.looking = [], False
    play(panel, rightly=True)
    assert "10 of 10 right, 95% interval 72.2% to 100%" in panel.text
    human, sampler = panel.means()
    assert f"human {human:.1f}, sampler {sampler:.1f}" in panel.text
    assert panel.controls["next"].description == "New duel"
    panel.controls["next"].click()
    wait(panel)
    assert panel.controls["seed"].value == 1 and panel.guesses == []
    assert [one.sampler for one in panel.rounds] != [first.sampler]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_duel_and_knobs_another(ten, storyteller):
    panel = explore.Duel(settings=Settings(temperature=0.5, top_k=20))
    wait(panel)
    assert "temperature 0.5, top_k 20" in panel.text and panel.rounds != ten
    panel.controls["temperature"].value, panel.controls["top_k"].value = 1.0, 0
    wait(panel)
    assert panel.rounds == ten


@pytest.mark.slow
def test_all_wrong_is_scored_too(storyteller):
    panel = explore.Duel(TWO)
    wait(panel)
    play(panel, rightly=False)
    assert "0 of 2 right, 95% interval 0% to 65.8%" in panel.text
    panel.controls["show_code"].value = True
    assert "perplexity(" in panel.code.value
    panel.close()


@pytest.mark.slow
def test_a_sampler_that_ends_too_soon_is_said(storyteller):
    end = storyteller.tokenizer.eot_token

    def ends(logits, ids):
        logits[end] = 1e4
        return logits

    panel = explore.Duel(TWO, process=ends)
    wait(panel)
    assert "must write at least 14 words" in message(panel) and panel.rounds == []
    panel.controls["a"].click()
    assert panel.guesses == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "says"),
    [
        (lambda logits, ids: logits / (1 // 0), "ZeroDivisionError"),
        (lambda logits, ids: None, "process must return logits"),
    ],
)
def test_a_fault_becomes_a_message(storyteller, process, says):
    panel = explore.Duel(TWO, process=process)
    assert says in message(panel) and "temperature" not in panel.controls


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompts": {}}, "prompts must be a mapping"),
        ({"prompts": "Once"}, "prompts must be a mapping"),
        ({"prompts": {"Once": "upon a time"}}, "must be at least 14 words"),
        ({"prompts": {"": "word " * 30}}, "prompt must not be empty"),
        ({"prompts": {"word " * 240: "word " * 30}}, "must be at most"),
        ({"settings": Settings(temperature=9.0)}, "temperature must be in"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(storyteller, options, says):
    with pytest.raises(ValueError, match=says):
        explore.Duel(**options)


@pytest.mark.slow
def test_passages_are_text_and_never_markup(storyteller):
    nasty = {"<script>x</script>": "<b>$x$</b> " * 20}
    panel = explore.Duel(nasty)
    wait(panel)
    assert "<script" not in panel.passage.value and "<b>$x$" not in panel.passage.value
    assert read_prompts(nasty) == {"<script>x</script>": " ".join(["<b>$x$</b>"] * WORDS)}


@pytest.mark.parametrize("rounds", [1, 10])
@pytest.mark.parametrize("value", [1.0, 50.0, 1e9, float("inf")])
def test_no_text_leaves_the_picture_or_meets_another(rounds, value):
    picture = DuelPicture(rounds)
    title = "10 of 10 right, 95% interval 72.2% to 100%."
    picture.draw([Outcome(True, value, value)] * rounds, (value, value), title, "x" * 99)
    check_texts(picture.svg())
    assert len(picture.marks) == rounds


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = DuelPicture(3), DuelPicture(3)
    used.draw([Outcome(True, 9, 20)] * 3, (9, 20), "t", "s")
    used.svg()
    for picture in (used, fresh):
        picture.draw([Outcome(False, 5, 6)], None, "u", "v")
    assert used.svg() == fresh.svg()
