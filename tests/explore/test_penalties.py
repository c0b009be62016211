import math
import re
from html import unescape

import pytest
import torch
from drawn import check_texts

from course_utils import explore, penalties
from course_utils.explore.plots.look import visible
from course_utils.explore.plots.penalties import Move, PenaltiesPicture, scale
from course_utils.generate import Settings
from course_utils.toys import CAPITAL, NINE_WORDS

WORDS = "moves you forward forward moves you forward"


@pytest.fixture
def panel():
    return explore.Penalties(NINE_WORDS, WORDS)


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


def rows(panel) -> dict[str, Move]:
    return {move.label: move for move in explore.penalties.moves(panel.state())}


def texts(panel) -> list[str]:
    return [text.get_text() for text in panel.picture.figure.texts if text.get_visible()]


# Tokens and logits by hand


def test_it_opens_with_a_picture_and_says_what_the_picture_says(panel):
    assert panel.image.value.startswith("<svg")
    assert panel.text == (
        "Repetition penalty 1.2: 3 of 3 seen tokens moved, "
        "likeliest: 'forward' 57.2% → 'toward' 58.4%. "
        "'forward' moved furthest, from 6.75 to 5.62."
    )
    assert {"Repetition penalty 1.2", "forward", "×3", "−1.12", "×0"} <= set(texts(panel))


def test_positive_logits_are_divided_and_negative_ones_multiplied(panel):
    forward, moves, pizza = (rows(panel)[name] for name in ("forward", "moves", "pizza"))
    assert (forward.before, forward.after) == pytest.approx((6.75, 6.75 / 1.2))
    assert (moves.before, moves.after) == pytest.approx((-1.62, -1.62 * 1.2))
    assert pizza.before == pizza.after and pizza.seen == "×0"
    assert any("÷ right of 0, × left of it" in text for text in texts(panel))
    panel.controls["repetition_penalty"].value = 1
    assert not any("÷" in text for text in texts(panel))
    assert panel.text.startswith("Every penalty is off: 0 of 3 seen tokens moved")


def test_frequency_counts_repeats_and_presence_does_not():
    panel = explore.Penalties(NINE_WORDS, WORDS, knobs=["frequency_penalty"], frequency_penalty=0.5)
    by = {name: move.before - move.after for name, move in rows(panel).items()}
    assert (by["forward"], by["you"], by["toward"]) == pytest.approx((1.5, 1.0, 0.0))
    assert list(rows(panel))[:3] == ["forward", "you", "moves"]  # by the move, then the logit
    panel = explore.Penalties(NINE_WORDS, WORDS, knobs=["presence_penalty"], presence_penalty=-0.5)
    by = {name: move.after - move.before for name, move in rows(panel).items()}
    assert (by["forward"], by["you"], by["toward"]) == pytest.approx((0.5, 0.5, 0.0))
    assert "+0.50" in texts(panel) and any("▶ lifted" in text for text in texts(panel))


def test_penalties_build_up_along_the_text(panel):
    panel.controls["repetition_penalty"].value = 1
    panel.controls["frequency_penalty"].value = 1
    fall = []
    for length in range(panel.controls["length"].max + 1):
        panel.controls["length"].value = length
        fall.append(rows(panel)["forward"].before - rows(panel)["forward"].after)
    assert fall == pytest.approx([0, 0, 0, 1, 2, 2, 2, 3])


def test_a_banned_token_leaves_the_scale(panel):
    panel.controls["no_repeat_ngram"].value = 2
    forward = rows(panel)["forward"]
    assert forward.after == -math.inf
    assert "2 of them banned" in panel.text and texts(panel).count("banned") == 2
    line = panel.picture.lines[0]
    assert line.after.get_marker() == "X" and line.shaft.get_linestyle() == "--"
    assert line.after.get_xdata()[0] == panel.picture.axes.get_xlim()[0]
    assert panel.picture.lines[2].after.get_marker() == "<"


def test_another_text_starts_again_at_its_end(panel):
    panel.controls["text"].value = "pizza pizza"
    assert panel.controls["length"].value == panel.controls["length"].max == 2
    assert panel.text.startswith("Repetition penalty 1.2: 1 of 1 seen token moved")
    panel.controls["text"].value = ""
    assert "0 of 0 seen tokens moved" in panel.text and message(panel) == ""
    panel.controls["text"].value = "pizza <b>"
    assert "text must be of the words closer, every" in message(panel)
    assert "got '<b>'" in message(panel) and "<b>" not in panel.message.value
    assert "0 of 0 seen" in panel.text


def test_there_are_no_presets_which_all_set_a_temperature(panel):
    assert "preset" not in panel.controls


def test_the_toy_without_a_text_repeats_its_best_token():
    assert "×3" in texts(explore.Penalties(CAPITAL))


# A learner's own function


@pytest.mark.parametrize("name", ["repetition_penalty", "frequency_penalty", "presence_penalty"])
def test_a_right_function_agrees(name):
    panel = explore.Penalties(NINE_WORDS, WORDS, knobs=[name], function=getattr(penalties, name))
    for value in (1.0, 1.5, 2.0):
        panel.controls[name].value = value
        assert panel.text.endswith("Your function agrees with the reference.")
    assert any("✕ your function" in text for text in texts(panel))


def test_a_right_ban_agrees_and_is_not_called_at_zero():
    panel = explore.Penalties(
        NINE_WORDS, WORDS, knobs=["no_repeat_ngram"], function=penalties.no_repeat_ngram
    )
    assert "no_repeat_ngram is not called" in message(panel)
    panel.controls["no_repeat_ngram"].value = 2
    assert panel.text.endswith("agrees with the reference.") and message(panel) == ""


def test_the_paper_s_slip_is_shown_where_it_is_most_wrong():
    def divides_all(logits, ids, value):
        logits[ids] = logits[ids] / value
        return logits

    panel = explore.Penalties(
        NINE_WORDS, WORDS, knobs=["repetition_penalty"], repetition_penalty=2, function=divides_all
    )
    assert "differs most at 'moves': yours −0.810, reference −3.240" in panel.text
    assert rows(panel)["moves"].before == pytest.approx(-1.62)  # what it changed was a copy


def test_what_is_banned_by_one_only_is_the_worst_difference():
    panel = explore.Penalties(
        NINE_WORDS, WORDS, knobs=["no_repeat_ngram"], no_repeat_ngram=2, function=lambda x, i, n: x
    )
    assert "differs most at 'forward': yours 6.750, reference −∞" in panel.text
    panel.picture.png()


def fails(logits, ids, value):
    return logits[99]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (fails, f"in line {fails.__code__.co_firstlineno + 1} of its cell: IndexError"),
        (lambda x, i, v: None, "returned nothing"),
        (lambda x, i, v: "text", "returned a str"),
        (lambda x, i, v: x[:3], "returned shape (3,), expected (9,)"),
        (lambda x, i, v: x * math.nan, "returned NaN at 'closer'"),
        (lambda x, i, v: x - math.inf, "leave no choice"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(function, says):
    panel = explore.Penalties(NINE_WORDS, WORDS, knobs=["frequency_penalty"], function=function)
    assert says in message(panel) and "Your function" not in panel.text
    before = panel.image.value
    panel.controls["frequency_penalty"].value = 1
    assert panel.image.value != before


# What it must withstand


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"source": 7}, "source must be a prompt or a pair"),
        ({"source": (("a", "b"), torch.zeros(3))}, "shape"),
        ({"source": ""}, "prompt must not be empty"),
        ({"text": "unknown"}, "text must be of the words"),
        ({"knobs": ["heat"]}, "knobs"),
        ({"function": abs}, "knobs must be the one that function is for"),
        ({"repetition_penalty": 0.5}, "repetition_penalty"),
        ({"frequency_penalty": 3}, "frequency_penalty"),
        ({"no_repeat_ngram": 5}, r"no_repeat_ngram must be in \[0, 4\], got 5"),
        ({"no_repeat_ngram": 1.5}, "no_repeat_ngram"),
    ],
)
def test_bad_arguments_are_refused_in_words(bad, says):
    with pytest.raises(ValueError, match=says):
        explore.Penalties(**({"source": NINE_WORDS} | bad))


def test_tokens_are_text_and_never_markup():
    tokens = ("<script>", "$x_1$", "_y_")
    panel = explore.Penalties((tokens, torch.tensor([2.0, 1.0, -1.0])), "<script> $x_1$")
    assert "<script" not in panel.summary.value and "&lt;script&gt;" in panel.summary.value
    assert {"<script>", "$x_1$", "_y_"} <= set(texts(panel))
    assert not any(text.get_parse_math() for text in panel.picture.figure.texts)


@pytest.mark.parametrize("long", ["w" * 40, "␣" * 40, "M" * 16])
@pytest.mark.parametrize("limits", [(0.01, -0.02), (1500.0, -90.0), (3.0, -math.inf)])
def test_no_text_leaves_the_picture_or_meets_another(long, limits):
    picture = PenaltiesPicture(3)
    before, after = limits
    lines = [Move(long, "99 + 99", before, after, ">99.9% → >99.9%", yours=after)] * 3
    picture.draw(lines, "Title", "x" * 70, "text + prompt", ["3 more tokens seen"])
    check_texts(picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = PenaltiesPicture(2), PenaltiesPicture(2)
    used.draw([Move("a", "×9", 5, -math.inf, yours=1), Move("b", "×1", -5, 3)], "before")
    used.png()
    for picture in (used, fresh):
        picture.draw([Move("c", "×1", 1, 0.5, "9% → 8%")], "after")
    assert used.png() == fresh.png()


def test_the_scale_holds_zero_and_every_finite_logit():
    assert scale([Move("a", "", 3, 1)]) == (-2, 4)
    assert scale([Move("a", "", -3, -math.inf, yours=-6)]) == (-8, 2)


# The Storyteller


def test_the_storyteller_shows_the_logits_at_each_length_of_the_text(storyteller):
    prompt, text = "The king saw the dog.", " The dog saw the king, and the dog"
    panel = explore.Penalties(prompt, text)
    read = panel.read
    assert read.written == len(storyteller.tokenizer.encode_ordinary(text))
    assert torch.allclose(read.logits[0], storyteller.next_logits(prompt), atol=1e-3)
    assert torch.allclose(read.logits[-1], storyteller.next_logits(prompt + text), atol=1e-3)
    assert rows(panel)["␣dog"].seen == "2 + 1"
    assert len(rows(panel)) == 10


def test_the_prompt_counts_as_the_apis_have_it_always_or_never(storyteller):
    panel = explore.Penalties("The king.", " A dog", frequency_penalty=0.5)
    state = panel.state()
    settings = Settings(repetition_penalty=1.2, frequency_penalty=0.5)
    expected = settings.process(state.logits, state.ids, state.prompt_length)
    assert torch.equal(state.after, expected)

    def moved():
        return {name for name, move in rows(panel).items() if move.before != move.after}

    panel.controls["repetition_penalty"].value = 1
    assert moved() == {"␣A", "␣dog"}
    panel.controls["count_prompt"].value = "always"
    assert moved() == {"␣A", "␣dog", "The", "␣king", ".", visible("<|endoftext|>")}
    panel.controls["count_prompt"].value = "never"
    panel.controls["frequency_penalty"].value = 0
    panel.controls["repetition_penalty"].value = 1.5
    assert moved() == {"␣A", "␣dog"}


def test_the_code_is_shown_for_the_present_setting(storyteller):
    panel = explore.Penalties("The king.", " A dog", presence_penalty=0.5)
    panel.controls["show_code"].value = True
    assert "logits = repetition_penalty(logits, ids, 1.2)\n" in panel.code.value
    assert "logits = presence_penalty(logits, ids[prompt_length:], 0.5)" in panel.code.value
    panel.controls["count_prompt"].value = "never"
    assert "repetition_penalty(logits, ids[prompt_length:], 1.2)" in panel.code.value
    panel.controls["repetition_penalty"].value = 1
    panel.controls["presence_penalty"].value = 0
    assert "Every penalty is off" in panel.code.value


@pytest.mark.parametrize(
    ("box", "bad", "says"),
    [("prompt", "", "must not be empty"), ("text", "a b " * 200, "at most 255 tokens together")],
)
def test_a_bad_text_keeps_the_last_good_picture(storyteller, box, bad, says):
    panel = explore.Penalties()
    good, text = panel.image.value, panel.text
    panel.controls[box].value = bad
    assert says in message(panel) and (panel.image.value, panel.text) == (good, text)
    panel.controls[box].value = " The dog"
    assert message(panel) == "" and panel.image.value != good
