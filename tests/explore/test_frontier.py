import math
import re
from statistics import mean, stdev

import pytest
from drawn import check_texts
from matplotlib.colors import to_rgb

from course_utils import explore, sampling
from course_utils.explore import frontier
from course_utils.explore.plots.frontier import LOOKS, Dot, FrontierPicture, around
from course_utils.generate import Settings, generate

TOYS = {
    "dull": [[("a", 0.5), ("a", 0.5)], [("a", 0.5), ("<b>$x$</b>", 0.5)]],
    "wild": [[("a", 0.25), ("b", 0.25)], [("c", 0.25), ("d", 0.25)]],
    "human": [[("a", 0.25), ("b", 0.5)], [("c", 0.5), ("c", 0.25)]],
}
FEW = {
    "T 0": Settings(temperature=0),
    "T 1": Settings(),
    "top-k 10": Settings(top_k=10),
}


@pytest.fixture
def few(storyteller, monkeypatch):
    """The real explorer with three settings, so that it is quick."""
    monkeypatch.setattr(frontier, "GRID", FEW)
    monkeypatch.setattr(frontier, "PAUSE", 0)
    return explore.Frontier


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


def wait(panel) -> None:
    if panel.job:
        panel.job.join(20)
    assert panel.job is None


def dots(panel) -> dict[str, Dot]:
    return {dot.label: dot for dot in panel.picture.dots}


def test_toys_need_no_model():
    panel = explore.Frontier(TOYS)
    assert panel.image.value.startswith("<svg")
    shown = dots(panel)
    assert (shown["dull"].diversity, shown["wild"].diversity) == (0.5, 1.0)
    assert shown["dull"].logprob == pytest.approx(math.log(0.5))
    assert shown["human"].diversity == 0.75
    assert panel.text == (
        "dull: diversity 0.50, mean log-probability −0.69, over 2 texts. Likeliest: dull. Most "
        "diverse: wild. Human: diversity 0.75, mean log-probability −1.04; nearest to it: "
        f"{panel.text.split('nearest to it: ')[1].split('.')[0]}. Likely is not good: 1 of 2 "
        "settings write likelier text than people do."
    )
    assert set(panel.controls) == {"setting", "text"}


def test_picking_a_setting_moves_the_ring_and_shows_its_texts():
    panel = explore.Frontier(TOYS)
    old = panel.image.value
    panel.controls["setting"].value = "wild"
    assert panel.image.value != old and panel.text.startswith("wild: diversity 1.00")
    assert panel.picture.ring.get_xydata().tolist() == [[1.0, pytest.approx(math.log(0.25))]]
    assert "ab" in panel.passage.value
    panel.controls["text"].value = 2
    assert "cd" in panel.passage.value
    assert panel.controls["text"].max == 2


def test_a_dot_is_what_generate_writes(few, storyteller):
    panel = few()
    texts, logprobs = [], []
    for seed, prompt in enumerate(frontier.STORIES):
        steps = list(generate(storyteller, prompt, Settings(top_k=10), frontier.LENGTH, seed))
        texts.append([s.token for s in steps if s.token != storyteller.tokenizer.eot_token])
        logprobs += [step.logprob for step in steps]
    tokens = [token for text in texts for token in text]
    shown = dots(panel)["top-k 10"]
    assert shown.diversity == pytest.approx(len(set(tokens)) / len(tokens))
    assert shown.logprob == pytest.approx(mean(logprobs), rel=1e-3)
    assert panel.rounds["top-k 10"][0].texts == [storyteller.tokenizer.decode(t) for t in texts]


@pytest.mark.slow
def test_more_texts_move_the_dots_and_greedy_stays(few):
    panel = few()
    before, picture = dots(panel), panel.image.value
    panel.controls["more"].click()
    wait(panel)
    after = dots(panel)
    assert after["T 0"] == before["T 0"] and after["human"] == before["human"]
    assert after["T 1"] != before["T 1"] and panel.image.value != picture
    assert len(panel.rounds["T 1"]) == 1 + frontier.MORE
    panel.controls["setting"].value = "T 1"
    assert "over 20 texts" in panel.text and panel.controls["text"].max == 20
    assert len({text for each in panel.rounds["T 1"] for text in each.texts}) == 20

    # Their spread over the sets is drawn, told and read out.
    logprobs = [each.logprob for each in panel.rounds["T 1"]]
    assert before["T 1"].spread is None and after["T 0"].spread is None
    assert after["T 1"].spread[1] == pytest.approx(stdev(logprobs))
    assert (
        f"mean log-probability −{-mean(logprobs):.2f} ± {stdev(logprobs):.2f}, over" in panel.text
    )
    said = {key: says for key, says, *_ in panel.picture.marks}
    assert said["T 1"].count("±") == 2 and "±" not in said["T 0"]
    assert "one standard deviation" in panel.image.value


@pytest.mark.slow
def test_the_seed_begins_anew_and_comes_again(few):
    panel = few()
    first = dots(panel)
    panel.controls["seed"].value = 1
    wait(panel)
    assert dots(panel)["T 1"] != first["T 1"] and len(panel.rounds["T 1"]) == 1
    panel.controls["seed"].value = 0
    wait(panel)
    assert dots(panel) == first


def test_stop_ends_the_job_within_a_second_and_keeps_what_is_there(few, monkeypatch):
    monkeypatch.setattr(frontier, "MORE", 10_000)
    panel = few()
    panel.controls["more"].click()
    job = panel.job
    panel.stop.click()
    job.join(1)
    assert not job.is_alive() and message(panel) == "Stopped."
    assert len(panel.rounds["T 1"]) < 50
    panel.controls["setting"].value = "T 1"
    assert panel.text.startswith("T 1: diversity")


def test_the_code_is_that_of_the_picked_setting(few):
    panel = few(process=lambda logits, ids: logits)
    panel.controls["show_code"].value = True
    for name, made in {"T 0": "Settings(temperature=0)", "top-k 10": "Settings(top_k=10)"}.items():
        panel.controls["setting"].value = name
        assert f"generate_batch(model, prompts, {made}, 20)" in panel.code.value
    panel.controls["setting"].value = "yours"
    assert "generate_batch(model, prompts, process, 20)" in panel.code.value


def test_the_whole_grid_has_its_families_and_presets():
    names = set(frontier.GRID)
    assert {"T 0", "T 1.3", "top-k 40", "top-p 0.95", "min-p 0.05", "creative", "code"} <= names
    assert frontier.GRID["creative"] == Settings(top_p=0.95, frequency_penalty=0.2)
    families = {frontier.dot(name, [frontier.Round(1, 0, [])]).family for name in names}
    assert families == {"temperature", "top_k", "top_p", "min_p", "other"}


def test_hotter_is_more_diverse_and_less_likely(storyteller):
    rounds = {
        t: frontier.written(storyteller, list(frontier.STORIES), Settings(temperature=t), 7)
        for t in (0.0, 0.5, 1.3)
    }
    diverse = [each.diversity for each in rounds.values()]
    likely = [each.logprob for each in rounds.values()]
    assert diverse == sorted(diverse) and likely == sorted(likely, reverse=True)


# A learner's own process


def test_a_learners_process_is_one_more_dot(few):
    panel = few(process=lambda logits, ids: sampling.top_k(logits, 10))
    shown = dots(panel)
    assert shown["yours"].family == "yours"
    assert shown["yours"].diversity == shown["top-k 10"].diversity
    assert shown["yours"].logprob == pytest.approx(shown["top-k 10"].logprob, rel=1e-3)


def raises(logits, ids):
    return logits / (1 // 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "says"),
    [
        (raises, f"in line {raises.__code__.co_firstlineno + 1} of its cell: ZeroDivisionError"),
        (lambda logits, ids: None, "process must return logits of shape (4096,), got NoneType"),
        (lambda logits, ids: logits * math.nan, "NaN"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(few, process, says):
    panel = few(process=process)
    assert says in message(panel) and "yours" not in dots(panel)
    panel.controls["setting"].value = "yours"
    assert panel.passage.value == "" and "Likeliest" in panel.text
    panel.controls["setting"].value = "T 1"
    assert panel.text.startswith("T 1: diversity")
    panel.controls["more"].click()
    wait(panel)
    assert says in message(panel) and len(panel.rounds["T 1"]) == 4


# What it must withstand


def test_tokens_are_text_and_never_markup():
    panel = explore.Frontier({"<script>$x$": TOYS["dull"]})
    panel.controls["text"].value = 2
    assert "a&lt;b&gt;$x$&lt;/b&gt;" in panel.passage.value
    for box in (panel.passage, panel.summary):
        assert "<script" not in box.value and "&lt;script&gt;$x$" in box.value
    assert not any(text.get_parse_math() for text in panel.picture.figure.texts)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompts": {}}, "prompts must be a mapping"),
        ({"prompts": "Once"}, "prompts must be a mapping"),
        ({"prompts": {"Once": "upon"}}, "must be at least 20 tokens, got 2"),
        ({"prompts": {"": "word " * 30}}, "prompt must not be empty"),
        ({"prompts": {"word " * 250: "word " * 30}}, "is too long"),
        ({"prompts": {"a": [[("x", 2.0)]]}}, "probabilities of 'a' must be in"),
        ({"prompts": {"a": []}}, "probabilities of 'a' must be in"),
        ({"prompts": {"a": ["word"]}}, "'a' must be a list of texts"),
        ({"prompts": {"human": TOYS["human"]}}, "a name beside 'human'"),
        ({"prompts": TOYS, "process": abs}, "process needs prompts"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(options, says):
    with pytest.raises(ValueError, match=says):
        explore.Frontier(**options)


# The picture

CLOUD = [Dot(f"min_p 0.{i:02}", "min_p", 0.5 + i / 500, -2 - i / 200) for i in range(15)]
EXTREMES = [Dot("T 0", "temperature", 0.0, -9.0), Dot("yours", "yours", 1.0, 0.0)]
LONG = [Dot("W" * 40, "other", x, x - 3) for x in (0.0, 0.5, 1.0)]
PEOPLE = [Dot("human", "human", 0.5, -2.0)]


def test_families_differ_by_shape_and_human_text_has_its_lines():
    assert len({look["marker"] for look in LOOKS.values()}) == len(LOOKS)
    assert len({to_rgb(look["color"]) for look in LOOKS.values()}) <= 4
    picture = FrontierPicture()
    picture.draw(PEOPLE)
    assert picture.human[0].get_ydata() == [-2.0] * 2 and picture.human[0].get_visible()
    picture.draw(EXTREMES)
    assert not picture.human[1].get_visible()


@pytest.mark.parametrize(
    "shown", [PEOPLE, EXTREMES, CLOUD + PEOPLE, CLOUD + EXTREMES + PEOPLE, [CLOUD[0]] * 4, LONG]
)
def test_no_text_leaves_the_picture_or_meets_another(shown):
    picture = FrontierPicture()
    picture.draw(shown, shown[0].label, "title", "W" * 90)
    check_texts(picture.svg())


def test_names_keep_off_the_dots():
    picture = FrontierPicture()
    picture.draw(CLOUD[::3] + PEOPLE)
    picture.png()
    names = {dot.label for dot in picture.dots}
    boxes = [t.get_window_extent() for t in picture.figure.texts if t.get_text() in names]
    for dot in picture.dots:
        x, y = picture.axes.transData.transform((dot.diversity, dot.logprob))
        assert not any(box.contains(x, y) for box in boxes)


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = FrontierPicture(), FrontierPicture()
    used.draw(CLOUD + PEOPLE, "human", "t", "s")
    used.png()
    assert used.draw(EXTREMES, "T 0", "u", "v") is used.figure
    fresh.draw(EXTREMES, "T 0", "u", "v")
    assert used.png() == fresh.png()
    assert fresh.draw([], "T 0", "none", "yet") is fresh.figure


def test_places_for_a_name_begin_on_the_right_and_do_not_touch_the_dot():
    boxes = list(around(100, 100, 30, 10))
    assert boxes[0].x0 > 100 and boxes[0].y0 == 95
    assert not any(box.contains(100, 100) for box in boxes)
