import re
import threading
from html import unescape

import pytest
from drawn import check_texts
from hypothesis import given
from hypothesis import strategies as st

from course_utils import explore, penalties
from course_utils.beam import beam_search
from course_utils.explore import loops
from course_utils.explore.plots.loops import LoopsPicture, Track
from course_utils.generate import Settings, generate
from course_utils.metrics import ends_in_loop, seq_rep_n

PROMPT = "The dog ran and"
TEXTS = st.lists(st.integers(0, 2), max_size=30)


@pytest.fixture(scope="module")
def shared(storyteller):
    panel = explore.Loops(PROMPT, length=60)
    finish(panel)
    return panel


@pytest.fixture
def panel(storyteller):
    panel = explore.Loops(PROMPT, length=40)
    finish(panel)
    return panel


def finish(panel) -> None:
    if panel.job:
        panel.job.join(30)


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


def texts(panel) -> list[str]:
    return [text.get_text() for text in panel.picture.figure.texts if text.get_text()]


def ids_of(storyteller, settings, length, seed=0):
    steps = list(generate(storyteller, PROMPT, settings, length, seed))
    return [step.token for step in steps if step.token != storyteller.tokenizer.eot_token]


# What is in a text


def test_lags_say_how_long_ago_the_same_tokens_came():
    assert loops.lags([1, 2, 3, 1, 2, 3, 9], 2) == [None, None, None, None, 3, 3, None]
    assert loops.lags([5, 5, 5], 2) == [None, None, 1]
    assert loops.lags([1], 4) == [None]


def test_every_token_of_a_repeat_is_marked():
    assert loops.again([1, 2, 3, 1, 2, 3, 9], 2) == [False, False, False, True, True, True, False]


@given(TEXTS)
def test_the_dots_are_as_many_as_the_share_says(ids):
    repeats = sum(lag is not None for lag in loops.lags(ids))
    if len(ids) >= 4:
        assert repeats / (len(ids) - 3) == pytest.approx(seq_rep_n(ids, 4))
    for i, lag in enumerate(loops.lags(ids)):
        if lag is not None:
            assert ids[i - 3 : i + 1] == ids[i - lag - 3 : i - lag + 1]


@given(TEXTS)
def test_a_loop_is_found_where_the_metric_finds_one(ids):
    found = loops.loop(ids)
    assert (found is not None) == ends_in_loop(ids)
    if found:
        start, size = found
        assert ids[start:-size] == ids[start + size :] and len(ids) - start >= 3 * size
        assert start == 0 or ids[start - 1] != ids[start - 1 + size]


# The texts


def test_the_texts_are_those_of_greedy_beam_search_and_the_settings(shared, storyteller):
    greedy, beam, yours = (text.ids for text in shared.state().texts)
    assert greedy == ids_of(storyteller, Settings(temperature=0), 60)
    assert beam == beam_search(storyteller, PROMPT, 4, 60).hypotheses[0].tokens
    assert yours == ids_of(storyteller, Settings(temperature=0, repetition_penalty=1.2), 60)


def test_picture_text_and_page_say_that_greedy_loops(shared):
    greedy, _, yours = (text.track() for text in shared.state().texts)
    assert greedy.loop and greedy.share > 0.8 > 0.2 > yours.share and not yours.loop
    assert shared.image.value.startswith("<svg")
    assert shared.text.startswith(
        "60 tokens at most after 'The dog ran and'. 4-grams that repeat earlier ones: Greedy "
    )
    assert "Greedy 94.7%, ending in the loop '␣ran,␣and'" in shared.text
    assert "Your settings (temperature 0, repetition penalty 1.2)" in shared.text
    assert any("loop of 3 from token 0" in text for text in texts(shared))
    assert shared.pages.value.count("<b>") == 3
    assert "text-decoration: underline" in shared.pages.value
    said = unescape(re.sub("<.*?>", "", shared.pages.value))
    assert "Greedy: The dog ran and ran, and ran, and ran" in said


def test_a_slider_writes_the_third_text_again_and_no_other(panel, storyteller):
    greedy, beam = panel.texts[loops.GREEDY], panel.texts[loops.BEAM]
    panel.controls["temperature"].value = 0.9
    panel.controls["seed"].value = 3
    finish(panel)
    asked = Settings(temperature=0.9, repetition_penalty=1.2)
    assert panel.state().texts[2].ids == ids_of(storyteller, asked, 40, seed=3)
    assert panel.texts[loops.GREEDY] is greedy and panel.texts[loops.BEAM] is beam
    assert "temperature 0.9" in panel.text


def test_no_run_of_n_tokens_comes_twice(panel):
    panel.controls["repetition_penalty"].value = 1
    panel.controls["no_repeat_ngram"].value = 3
    finish(panel)
    ids = panel.state().texts[2].ids
    assert not any(loops.lags(ids, 3)) and "no repeat n-gram 3" in panel.text


def test_presets_set_every_slider(panel):
    panel.controls["preset"].value = "creative"
    finish(panel)
    assert panel.values() == {
        "temperature": 1.0,
        "top_p": 0.95,
        "repetition_penalty": 1.0,
        "frequency_penalty": 0.2,
        "no_repeat_ngram": 0,
    }
    panel.controls["seed"].value = 1
    assert panel.controls["preset"].value == "creative"
    panel.controls["top_p"].value = 0.5
    assert panel.controls["preset"].value == "your own"
    finish(panel)


def test_the_code_is_shown_for_the_present_setting(panel):
    panel.controls["no_repeat_ngram"].value = 3
    finish(panel)
    panel.controls["show_code"].value = True
    assert unescape(panel.code.value) == (
        "<pre>logits = repetition_penalty(logits, ids, 1.2)\n"
        "logits = no_repeat_ngram(logits, ids, 3)\ntoken = greedy(logits)</pre>"
    )


# Work that takes longer


def test_stop_leaves_what_is_written_and_the_next_slider_finishes_it(panel, monkeypatch):
    held, go_on = threading.Event(), threading.Event()
    tokens = panel.beam_tokens

    def slow(job):
        held.set()
        go_on.wait(10)
        return tokens(job)

    monkeypatch.setattr(panel, "beam_tokens", slow)
    panel.controls["prompt"].value = "Once upon a time"
    held.wait(10)
    job, stopper = panel.job, threading.Thread(target=panel.stop_job)
    stopper.start()
    while panel.job is not None:
        pass
    go_on.set()
    stopper.join(10)
    job.join(10)
    assert message(panel) == "Stopped." and panel.running.layout.display == "none"
    assert list(panel.texts) == [loops.GREEDY]
    assert f"{loops.BEAM} no text yet" in panel.text
    panel.controls["temperature"].value = 0.5
    finish(panel)
    assert all(len(text.ids) >= 30 for text in panel.state().texts) and message(panel) == ""


@pytest.mark.slow
def test_a_cell_does_not_wait_for_a_slow_function(storyteller, monkeypatch):
    go_on, mine = threading.Event(), []

    def slow(logits, ids):
        mine.append(len(ids))
        if len(mine) > 1:
            go_on.wait(10)
        return logits

    monkeypatch.setattr("course_utils.explore.panel.PATIENCE", 0.0)
    monkeypatch.setattr(loops, "BEAT", 0.0)
    panel = explore.Loops(PROMPT, length=20, function=slow)
    assert panel.job and panel.image.value.startswith("<svg")
    go_on.set()
    finish(panel)
    assert panel.unwritten() == [] and "slow" in panel.text


@pytest.mark.slow
def test_another_prompt_writes_all_texts_and_a_bad_one_none(panel):
    good = panel.image.value, panel.text
    panel.controls["prompt"].value = ""
    assert "must not be empty" in message(panel) and "still shows 'The dog" in message(panel)
    panel.controls["prompt"].value = "a b " * 120
    assert "after this prompt" in message(panel) and (panel.image.value, panel.text) == good
    panel.controls["prompt"].value = "The king"
    finish(panel)
    assert "after 'The king'" in panel.text and message(panel) == ""
    assert all(len(text.ids) == 40 for text in panel.state().texts)


# A learner's own function


@pytest.mark.slow
def test_a_function_takes_the_place_of_the_penalties(storyteller):
    def mine(logits, ids):
        return penalties.repetition_penalty(logits, ids, 1.2)

    panel = explore.Loops(PROMPT, length=40, repetition_penalty=1.2, function=mine)
    finish(panel)
    *_, reference, own = panel.state().texts
    assert own.ids == reference.ids and own.name == "mine" and message(panel) == ""
    assert "mine" in texts(panel) and "; mine " in panel.text
    panel.controls["repetition_penalty"].value = 1
    finish(panel)
    *_, reference, own = panel.state().texts
    assert own.ids != reference.ids


def fails(logits, ids):
    return logits[ids.max() * 9999]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (fails, f"in line {fails.__code__.co_firstlineno + 1} of its cell: IndexError"),
        (lambda x, i: None, "stopped"),
        (lambda x, i: x[:3], "shape"),
        (lambda x, i: x * float("nan"), "NaN"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(storyteller, function, says):
    panel = explore.Loops(PROMPT, length=20, function=function)
    finish(panel)
    assert says in message(panel)
    panel.controls["temperature"].value = 2
    finish(panel)
    assert "temperature 2" in panel.text and says in message(panel)


# Given texts

HAND = {
    "stuck": [" the", " king", " sat", ","] * 5,
    "Your settings": ["<b>", " $x$", " sat", ",", " and", " left", "."],
}


def test_texts_made_by_hand_need_no_model_and_have_no_knobs(monkeypatch):
    monkeypatch.setattr(
        "course_utils.model.storyteller.load", lambda: pytest.fail("a toy needs no model")
    )
    panel = explore.Loops(HAND)
    assert panel.controls == {} and panel.job is None
    assert panel.text == (
        "Given texts, 20 tokens at most. 4-grams that repeat earlier ones: "
        "stuck 76.5%, ending in the loop '␣the␣king␣sat,'; Your settings 0%."
    )
    stuck, other = (text.track() for text in panel.state().texts)
    assert stuck.loop == (0, 4) and stuck.lags[7:] == [4] * 13 and other.loop is None
    said = unescape(re.sub("<.*?>", "", panel.pages.value))
    assert f"stuck: {''.join(HAND['stuck'])}" in said and "<b> $x$ sat, and left." in said
    assert "&lt;b&gt; $x$" in panel.pages.value
    assert panel.image.value.startswith("<svg")
    assert "stuck" in texts(panel) and "loop of 4 from token 0" in "".join(texts(panel))
    panel.close()


@pytest.mark.parametrize(
    ("toys", "says"),
    [
        ({}, "prompt must be a text, or a mapping .* got 0 texts"),
        (7, "prompt must be a text, or a mapping .* got int"),
        ({str(i): ["a"] for i in range(7)}, "1 to 6 texts, got 7"),
        ({"x": "abc"}, "'x' must be a list of tokens, got 'abc'"),
        ({"x": [1, 2]}, "'x' must be a list of tokens"),
        ({"x": []}, "'x' must be 1 to 200 tokens, got 0"),
        ({"x": ["a"] * 201}, "'x' must be 1 to 200 tokens, got 201"),
    ],
)
def test_texts_that_cannot_be_shown_are_refused(toys, says):
    with pytest.raises(ValueError, match=says):
        explore.Loops(toys)


def test_a_short_text_made_by_hand_is_called_short():
    assert explore.Loops({"x": ["a", " b"]}).text.endswith(": x fewer than 4 tokens.")


def test_a_function_needs_a_prompt():
    with pytest.raises(ValueError, match="function needs a prompt"):
        explore.Loops(HAND, function=fails)


# What it must withstand


def test_text_from_the_model_is_never_markup():
    words = {1: "<script>alert(1)</script>", 2: " $x_1$", 3: "\n"}
    ids = [1, 2, 3, 2] * 4
    text = loops.Written("Greedy", ids, False, lambda ids: "".join(words[i] for i in ids))
    state = loops.State("<b>", 16, dict(loops.OFF), [text])
    said = loops.page(state)
    assert "<script" not in said and "&lt;script&gt;" in said and "<i>&lt;b&gt;</i>" in said
    assert "⏎" in said and "$x_1$" in said
    assert "<script>" in loops.summary(state)  # which the panel escapes
    picture = LoopsPicture(1, 16)
    picture.draw([text.track()], loops.heading(state))
    assert not any(text.get_parse_math() for text in picture.figure.texts)


@pytest.mark.parametrize(
    "bad",
    [
        {"length": 10},
        {"length": 201},
        {"temperature": -1},
        {"top_p": 0},
        {"repetition_penalty": 3},
        {"frequency_penalty": 5},
        {"no_repeat_ngram": 5},
        {"seed": -1},
        {"prompt": ""},
    ],
)
def test_bad_arguments_are_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        explore.Loops(**bad)


def test_repeats_and_fresh_tokens_differ_by_more_than_colour():
    picture = LoopsPicture(1, 20)
    picture.draw([Track("a", [None, None, 2], [False, True, True], 0.5)])
    heights = [path.get_extents().height for path in picture.bands[0].cells.get_paths()]
    assert len(heights) == 2 and heights[1] > 2 * heights[0]  # a run of each


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("length", [20, 200])
def test_no_text_leaves_the_picture_or_meets_another(bands, length):
    picture = LoopsPicture(bands, length)
    track = Track("M" * 40, [1] * length, [True] * length, 0.99999, (length, 99))
    picture.draw([track] * bands, "w" * 200)
    check_texts(picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = LoopsPicture(1, 20), LoopsPicture(1, 20)
    used.draw([Track("a", [1] * 20, [True] * 20, 0.9, (3, 2))], "before")
    used.png()
    for picture in (used, fresh):
        picture.draw([Track("b", [None] * 5, [False] * 5, 0.0, ended=True)], "after")
    assert used.png() == fresh.png()
    assert "comes to an end" in used.bands[0].numbers.get_text()
