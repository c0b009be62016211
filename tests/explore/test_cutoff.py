import math
import re
import warnings

import numpy as np
import pytest
import torch
from drawn import check_texts
from matplotlib.colors import to_rgb

from course_utils import explore, sampling
from course_utils.explore.controls import SPOKEN
from course_utils.explore.plots.cutoff import LOOKS, CutoffPicture, Track, apart

# After "a" one token is sure, after "b" four are equal, after "c" it is 0.5, 0.25, 0.125, 0.125: as
# logarithms in float32 the second would be a hair below half of the first.
TOY = [
    ("a", torch.tensor([20.0, 0.0, 0.0, 0.0], dtype=torch.float64)),
    ("b", torch.zeros(4, dtype=torch.float64)),
    ("c", torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64).log()),
]


def toy(**options):
    return explore.AdaptiveCutoff(TOY, **{"top_k": 2, "top_p": 0.75, "min_p": 0.5} | options)


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


def line(panel, name):
    return list(panel.picture.lines[name].get_ydata())


def test_it_counts_what_each_rule_keeps_at_every_step():
    panel = toy()
    assert panel.image.value.startswith("<svg")
    assert (line(panel, "top_k"), line(panel, "top_p"), line(panel, "min_p")) == (
        [2, 2, 2],
        [1, 3, 2],
        [1, 4, 2],
    )
    assert (
        "3 steps: top-k 2 keeps 2 at every step; top-p 0.75 keeps 1 to 3, median 2;" in panel.text
    )
    assert "After 'b' (step 2): top-k 2, top-p 3, min-p 4 kept; likeliest '#0' 25.0%" in panel.text
    assert "After 'b' (step 2) are kept: top-k 2, top-p 3, min-p 4" in [
        text.get_text() for text in panel.picture.figure.texts
    ]


@pytest.mark.parametrize("t", [0.3, 1.0, 2.0])
@pytest.mark.parametrize(
    ("rule", "value"),
    [
        *[("top_k", k) for k in (1, 7)],
        *[("top_p", p) for p in (0.3, 0.9, 1.0)],
        *[("min_p", p) for p in (0.0, 0.1, 1.0)],
    ],
)
def test_the_counts_are_those_of_the_strategies(rule, value, t):
    logits = torch.randn(30, 50, generator=torch.Generator().manual_seed(1)) * 3
    logits[:, 7] = -math.inf
    logits[3] = 0.0
    panel = explore.AdaptiveCutoff(logits, temperature=t, **{rule: value})
    kept = getattr(sampling, rule)(sampling.temperature(logits, t), value)
    assert line(panel, rule) == kept.isfinite().sum(-1).tolist()


def test_sliders_move_the_picture_and_the_text():
    panel = toy()
    pictures, texts = {panel.image.value}, {panel.text}
    for name, value in {
        "top_k": 3,
        "top_p": 0.5,
        "min_p": 0.2,
        "temperature": 2,
        "step": 3,
    }.items():
        panel.controls[name].value = value
        pictures.add(panel.image.value)
        texts.add(panel.text)
    assert len(pictures) == len(texts) == 6
    assert "After 'c' (step 3)" in panel.text


def test_off_keeps_everything_and_temperature_zero_one():
    panel = toy(top_k=0, top_p=1.0, min_p=0.0)
    assert "top-k off keeps 4 at every step; top-p off keeps 4" in panel.text
    panel.controls["temperature"].value = 0
    assert [line(panel, name) for name in ("top_k", "top_p", "min_p")] == [[1, 1, 1]] * 3


def test_presets_and_code():
    panel = toy()
    panel.controls["preset"].value = "code"
    assert panel.controls["top_p"].value == 0.95 and panel.controls["top_k"].value == 0
    assert "creative" not in panel.controls["preset"].options  # no knob for its penalty
    panel.controls["show_code"].value = True
    assert "kept = top_p(logits, 0.95).isfinite().sum(dim=-1)" in panel.code.value
    assert "top_k" not in panel.code.value
    panel.controls["min_p"].value = 0.3
    assert panel.controls["preset"].value == "your own" and message(panel) == ""
    assert "min_p(logits, 0.3)" in panel.code.value
    panel.controls["preset"].value = "deterministic"
    assert "greedy(logits)" in panel.code.value


# A learner's own function


def drops_the_crossing_token(logits, p):
    probs, order = logits.softmax(-1).sort(descending=True)
    kept = probs.cumsum(-1) <= p
    kept[0] = True
    return logits.masked_fill(~torch.zeros_like(kept).scatter(-1, order, kept), -math.inf)


def test_a_right_strategy_agrees_and_gets_the_temperature():
    for knob in ("top_k", "top_p", "min_p"):
        panel = toy(strategy=getattr(sampling, knob), knob=knob, temperature=0.7)
        assert panel.text.endswith(f"Your function keeps as many as {SPOKEN[knob]} at every step.")
        assert line(panel, "yours") == line(panel, knob)


def test_a_wrong_strategy_is_shown_where_it_is_most_wrong():
    panel = toy(strategy=drops_the_crossing_token, top_p=0.7)
    assert line(panel, "yours") == [1, 2, 1]
    assert (
        "differs from top-p at 2 of 3 steps, most after 'b' (step 2): yours 2, reference 3."
        in panel.text
    )
    assert panel.picture.names["yours"].get_text() == "yours"


def test_the_strategy_is_asked_again_only_when_its_logits_or_value_change():
    asked = []

    def mine(logits, p):
        asked.append(p)
        return sampling.top_p(logits, p)

    panel = toy(strategy=mine)
    panel.controls["step"].value = 3
    panel.controls["min_p"].value = 0.9
    assert asked == [0.75] * 3
    panel.controls["top_p"].value = 0.4
    assert asked == [0.75] * 3 + [0.4] * 3


def raises(logits, p):
    return logits / (1 // 0)


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        (raises, f"in line {raises.__code__.co_firstlineno + 1} of its cell: ZeroDivisionError"),
        (lambda x, p: None, "returned nothing"),
        (lambda x, p: x.tolist(), "must be a tensor of floats, got list"),
        (lambda x, p: x[:2], "returned shape (2,), expected (4,)"),
        (lambda x, p: x * math.nan, "logits contain NaN"),
        (lambda x, p: x - math.inf, "no token is left"),
        (lambda x, p: x.masked_fill(x == x.max(), -math.inf) if x[0] != x[1] else x, "likelier"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(strategy, says):
    panel = toy(strategy=strategy)
    assert says in message(panel) and "Your function" not in panel.text
    before = panel.image.value
    panel.controls["min_p"].value = 1.0
    assert panel.image.value != before


def test_a_strategy_that_is_off_is_not_called():
    panel = toy(strategy=raises, knob="top_k", top_k=0)
    assert "top-k is off: raises is not called." in message(panel)
    panel = toy(strategy=raises, temperature=0)
    assert "raises is not called" in message(panel)


# What it must withstand


def test_tokens_are_text_and_never_markup():
    rows = [("<script>", torch.zeros(2)), ("$x_1$\n", torch.zeros(2))]
    panel = explore.AdaptiveCutoff(rows, names=["<b>", "你"])
    assert "<script" not in panel.summary.value and "&lt;script&gt;" in panel.summary.value
    assert "'&lt;b&gt;' 50.0%" in panel.summary.value.replace("&#x27;", "'")
    assert [label.get_text() for label in panel.picture.labels] == ["<script>", "$x_1$⏎"]
    assert not any(text.get_parse_math() for text in panel.picture.figure.texts)


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "text must not be empty"),
        (7, {}, "text must be a passage"),
        ([], {}, "text must be"),
        ([("a", torch.zeros(2)), ("b", torch.zeros(3))], {}, "text must be"),
        (torch.zeros(3), {}, "shape"),
        (torch.zeros(2, 3), {"names": ["a"]}, "names must be one a token, 3, got 1"),
        (TOY, {"top_p": 0.0}, "top_p must be in"),
        (TOY, {"top_k": -1}, "top_k"),
        (TOY, {"min_p": 2.0}, "min_p must be in"),
        (TOY, {"temperature": 9}, "temperature must be in"),
        (TOY, {"knob": "heat"}, "knob must be one of"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(text, options, says):
    with pytest.raises(ValueError, match=says):
        explore.AdaptiveCutoff(text, **options)


# The picture


def test_lines_differ_by_more_than_colour():
    grey = [np.dot(to_rgb(LOOKS[name]["color"]), (0.299, 0.587, 0.114)) for name in LOOKS]
    looks = {(str(look["linestyle"]), look.get("marker")) for look in LOOKS.values()}
    assert len(looks) == len(LOOKS) and min(np.diff(sorted(grey))) > 0.05


@pytest.mark.parametrize("steps", [1, 2, 40, 45, 255])
def test_no_text_leaves_the_picture_or_meets_another(steps):
    picture = CutoffPicture()
    tracks = [Track(name, f"{name} 100.00", [4096] * steps) for name in LOOKS]
    tokens = tuple(f"␣{'W' * 40}{i}" for i in range(steps))
    picture.draw(tokens, 4096, tracks, steps - 1, "W" * 90)
    check_texts(picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = CutoffPicture(), CutoffPicture()
    later = (("x", "y"), 30, [Track("top_p", "top_p 0.5", [3, 4])], 1, "after")
    long = tuple(f"t{i}" for i in range(60))
    used.draw(long, 99, [Track(name, name, [9] * 60) for name in LOOKS], 50, "before")
    used.png()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert used.draw(*later) is used.figure
        fresh.draw(*later)
        assert used.png() == fresh.png()


def test_names_keep_apart_within_their_limits():
    assert apart([1, 2, 3], 0, 100, gap=10) == [1, 11, 21]
    assert apart([98, 99], 0, 100, gap=10) == [90, 100]
    assert apart([5, 50], 0, 100, gap=10) == [5, 50]


# The Storyteller


def test_a_passage_is_read_once_and_its_own_tokens_are_looked_up(storyteller, monkeypatch):
    panel = explore.AdaptiveCutoff("Once upon a time there was a king")
    assert panel.passage.tokens == ("Once", " upon", " a", " time", " there", " was", " a", " king")
    panel.controls["step"].value = 2
    assert "After '␣upon' (step 2): top-k 40, top-p 1, min-p 1 kept; likeliest '␣a'" in panel.text
    assert "The text goes on with '␣a', number 1 by probability, cut by none." in panel.text
    assert re.search(r"Of the text's own 7 next tokens top-k cuts \d", panel.text)
    model = type(storyteller.gpt)
    monkeypatch.setattr(model, "forward", lambda *_: pytest.fail("the model ran again"))
    panel.controls["top_p"].value = 0.5
    panel.controls["step"].value = 8
    assert "goes on" not in panel.text


def test_cut_tokens_are_named_with_their_rule(storyteller):
    panel = explore.AdaptiveCutoff("Once upon a pizza", top_k=1, top_p=1.0, min_p=0.0)
    panel.controls["step"].value = 3
    assert re.search(r"number [\d,]+ by probability, cut by top-k\.", panel.text)


def test_another_passage_and_a_bad_one(storyteller):
    panel = explore.AdaptiveCutoff("Once upon a time there was a king")
    panel.controls["step"].value = 8
    panel.controls["prompt"].value = "The wolf"
    assert panel.controls["step"].value == 2 and "2 steps" in panel.text
    good = panel.image.value
    panel.controls["prompt"].value = ""
    assert "must not be empty" in message(panel) and panel.image.value == good
    panel.controls["prompt"].value = "A king"
    assert message(panel) == ""


def test_the_default_passage_shows_a_cut_that_adapts(storyteller):
    panel = explore.AdaptiveCutoff()
    assert len(panel.passage) == len(panel.picture.labels)  # every token has its label
    assert min(line(panel, "top_p")) == 1 and max(line(panel, "top_p")) > 100
