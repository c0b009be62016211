import math
import re

import pytest
import torch
from drawn import check_texts

from course_utils import explore, sampling
from course_utils.beam import beam_search
from course_utils.explore.plots.look import signed
from course_utils.explore.plots.trace import Strip, TracePicture
from course_utils.explore.trace import HUMAN, PROMPT, halves
from course_utils.generate import Settings, generate

TOYS = {
    "human": [("a", 0.5), (" b", 0.125), (" c", 0.25)],
    "<script>$x$": [("<b>_y_</b>", 0.95), ("\n", 0.95), ("!", 0.95), ("!", 0.95)],
}


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


def wait(panel) -> None:
    if panel.job:
        panel.job.join(20)
    assert panel.job is None


@pytest.fixture
def panel(storyteller):
    return explore.ProbabilityTrace("Once upon a time", "there was a king", length=8, beams=2)


def test_toys_need_no_model():
    panel = explore.ProbabilityTrace(TOYS)
    assert panel.image.value.startswith("<svg")
    assert "human −1.39, 0%, 0.31 → 0.19;" in panel.text
    assert "<script>$x$ −0.05, 100%, 0.95 → 0.95." in panel.text
    assert panel.controls == {}


def test_the_numbers_and_bars_are_those_of_the_tokens(panel, storyteller):
    drawn = list(
        generate(storyteller, "Once upon a time", Settings(temperature=1, top_p=0.95), 8, seed=0)
    )
    sampled = panel.traces["sampled"]
    assert sampled.probs == pytest.approx([math.exp(step.logprob) for step in drawn], rel=1e-3)
    assert sampled.text == "".join(step.text for step in drawn)
    mean = sum(step.logprob for step in drawn) / len(drawn)
    assert f"sampled {signed(mean)}, " in panel.text
    best = beam_search(storyteller, "Once upon a time", num_beams=2, max_new_tokens=8)
    assert math.log(math.prod(panel.traces["beam"].probs)) == pytest.approx(
        best.hypotheses[0].logprob, rel=1e-3
    )
    bars = panel.picture.strips[3].bars.get_data().values
    assert list(bars) == sampled.probs


def test_a_human_text_is_set_apart_from_the_prompt(panel):
    assert panel.traces["human"].text == " there was a king"
    assert len(panel.traces["human"].probs) == 4


@pytest.mark.slow
def test_the_default_texts_show_the_climb_of_beam_search(storyteller):
    panel = explore.ProbabilityTrace()
    means = {name: sum(map(math.log, t.probs)) / len(t.probs) for name, t in panel.traces.items()}
    assert means["human"] < means["sampled"] < means["greedy"] < means["beam"]
    first, second = halves(panel.traces["beam"].probs)
    assert second > first + 0.1


@pytest.mark.parametrize(
    ("control", "value", "changed"),
    [
        ("temperature", 0.3, {"sampled"}),
        ("top_p", 0.5, {"sampled"}),
        ("seed", 3, {"sampled"}),
        ("beams", 3, {"beam"}),
        ("length", 12, {"greedy", "beam", "sampled"}),
        ("human", "lived a wolf", {"human"}),
        ("prompt", "The wolf", {"human", "greedy", "beam", "sampled"}),
    ],
)
def test_a_control_rewrites_the_texts_that_depend_on_it(panel, control, value, changed):
    before, picture = dict(panel.traces), panel.image.value
    panel.controls[control].value = value
    wait(panel)
    assert {name for name in before if panel.traces[name] is not before[name]} == changed
    assert panel.image.value != picture
    assert message(panel) == ""


def test_same_settings_give_the_same_texts(panel):
    again = explore.ProbabilityTrace("Once upon a time", "there was a king", length=8, beams=2)
    assert again.traces == panel.traces


def test_presets_and_code(panel):
    panel.controls["show_code"].value = True
    assert "beam_search(model, prompt, num_beams=2, max_new_tokens=8)" in panel.code.value
    panel.controls["preset"].value = "code"
    wait(panel)
    assert "Settings(temperature=0.2, top_p=0.95), 8, seed=0)" in panel.code.value
    assert panel.traces["sampled"].detail == "T 0.2, top-p 0.95"
    panel.controls["temperature"].value = 1.5
    wait(panel)
    assert panel.controls["preset"].value == "your own"


@pytest.mark.slow
def test_stop_keeps_what_is_there_and_the_next_change_goes_on(panel):
    panel.controls["length"].value = 80
    wait(panel)
    panel.controls["seed"].unobserve_all()
    panel.controls["seed"].value = 5
    job = panel.write()
    next(job)
    job.close()  # what Stop does
    assert len(panel.traces["sampled"].probs) < 80
    panel.refresh()
    panel.controls["beams"].value = 1
    wait(panel)
    assert panel.made["sampled"][-1] == 5 and panel.traces["beam"].detail == "1 beam"


# A learner's own process


def test_the_text_of_a_learners_process_is_shown_beside_the_others(storyteller):
    own = explore.ProbabilityTrace(
        "The wolf", "ran", length=6, process=lambda logits, ids: sampling.top_p(logits, 0.95)
    )
    assert own.names[-1] == "yours" and own.traces["yours"].text == own.traces["sampled"].text
    assert len(own.picture.strips) == 5


def raises(logits, ids):
    return logits / (1 // 0)


@pytest.mark.parametrize(
    ("process", "says"),
    [
        (raises, f"in line {raises.__code__.co_firstlineno + 1} of its cell: ZeroDivisionError"),
        (lambda logits, ids: None, "process must return logits of shape (4096,), got NoneType"),
        (lambda logits, ids: logits * math.nan, "NaN"),
        (lambda logits, ids: logits - math.inf, "no token is left"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(storyteller, process, says):
    panel = explore.ProbabilityTrace("The wolf", "ran", length=5, process=process)
    assert says in message(panel) and "yours: no text" in panel.text
    before = panel.image.value
    panel.controls["beams"].value = 1
    wait(panel)
    assert panel.image.value != before and says in message(panel)


# What it must withstand


def test_tokens_are_text_and_never_markup():
    panel = explore.ProbabilityTrace(TOYS)
    assert "<b>_y_" not in panel.texts.value and "&lt;b&gt;_y_&lt;/b&gt;" in panel.texts.value
    assert "<script" not in panel.texts.value + panel.summary.value
    assert not any(text.get_parse_math() for text in panel.picture.figure.texts)


def test_a_text_may_end_early(storyteller):
    def ends(logits, ids):
        return torch.where(torch.arange(len(logits)) == len(logits) - 1, logits, -math.inf)

    panel = explore.ProbabilityTrace("The end", "came", length=5, process=ends)
    assert len(panel.traces["yours"].probs) == 1 and panel.traces["yours"].text == ""


@pytest.mark.parametrize(
    ("control", "bad", "says"),
    [
        ("prompt", "", "must not be empty"),
        ("prompt", "word " * 200, "prompt must be at most"),
        ("human", "", "human text must be 1 to 80 tokens, got 0"),
        ("human", "word " * 90, "human text must be 1 to 80 tokens, got"),
    ],
)
def test_a_bad_text_keeps_the_last_good_picture(panel, control, bad, says):
    good, traces = panel.image.value, dict(panel.traces)
    panel.controls[control].value = bad
    wait(panel)
    assert says in message(panel) and (panel.image.value, panel.traces) == (good, traces)
    panel.controls[control].value = "The king"
    wait(panel)
    assert message(panel) == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompt": ""}, "prompt must not be empty"),
        ({"prompt": 7}, "prompt must be a text"),
        ({"prompt": {}}, "prompt must be a text"),
        ({"prompt": {"a": [("x", 1.5)]}}, "probability of 'a' must be in"),
        ({"prompt": {"a": []}}, "'a' must be a list"),
        ({"prompt": {"a": ["word"]}}, "'a' must be a list"),
        ({"prompt": TOYS, "process": abs}, "process needs a prompt"),
        ({"temperature": 9}, "temperature must be in"),
        ({"top_p": 0}, "top_p must be in"),
        ({"beams": 7}, "beams must be in"),
        ({"length": 0}, "length must be a whole number"),
        ({"length": 81}, "length must be in"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(options, says):
    with pytest.raises(ValueError, match=says):
        explore.ProbabilityTrace(**options)


# The picture


@pytest.mark.parametrize("name", ["sampled", "W" * 30])
@pytest.mark.parametrize("strips", [1, 4, 5])
def test_no_text_leaves_the_picture_or_meets_another(strips, name):
    numbers = ("mean log p -10.09", "p > 0.9: >99.9%", "mean p 0.00 → 0.00")
    strip = Strip(name, "T 0.95, top_p 0.95", [1.0] * 80, numbers)
    picture = TracePicture(strips)
    picture.draw([strip] * strips, "title")
    check_texts(picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = TracePicture(2), TracePicture(2)
    later = [Strip("a", "", [0.5] * 12, ("x",)), Strip("b", "no text", [])]
    used.draw([Strip("c", "d", [1.0] * 80, ("1", "2", "3"))] * 2, "t")
    used.png()
    assert used.draw(later, "u") is used.figure
    fresh.draw(later, "u")
    assert used.png() == fresh.png()


def test_the_running_mean_begins_with_its_first_full_window():
    picture = TracePicture(2)
    picture.draw([Strip("a", "", [0.0] * 10 + [1.0] * 10), Strip("b", "", [1.0] * 9)])
    line = picture.strips[0].mean
    assert list(line.get_xdata()) == list(range(10, 21))
    assert list(line.get_ydata()) == pytest.approx([i / 10 for i in range(11)])
    assert len(picture.strips[1].mean.get_xdata()) == 0


def test_the_default_human_text_fits(storyteller):
    assert len(storyteller.tokenizer.encode_ordinary(HUMAN)) <= 80
    assert HUMAN.startswith(" ") and not PROMPT.endswith(" ")
