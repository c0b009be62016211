import itertools
import re

import pytest
import torch
from drawn import check_texts, said

from course_utils import explore, sampling
from course_utils.explore.pipeline import USUAL, applied
from course_utils.explore.plots.pipeline import PipelinePicture
from course_utils.generate import Settings
from course_utils.toys import CAPITAL, NINE_WORDS

NO_TEXT = torch.tensor([], dtype=torch.int64)


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


def toy(**options):
    return explore.Pipeline(CAPITAL, **options)


@pytest.mark.parametrize("source", [CAPITAL, NINE_WORDS], ids=["capital", "nine"])
def test_in_the_usual_order_it_is_what_settings_do(source):
    panel = explore.Pipeline(source)
    for t, k, p in itertools.product((0.0, 0.3, 2.5), (0, 1, 4), (0.2, 0.95, 1.0)):
        for name, value in {"temperature": t, "top_k": k, "top_p": p}.items():
            panel.controls[name].value = value
        last = panel.run(panel.stages)[-1].logits
        assert torch.equal(last, Settings(t, k or None, p).process(source.logits, NO_TEXT))


def test_the_storyteller_too(storyteller):
    panel = explore.Pipeline("The king said to his")
    settings = Settings(temperature=0.8, top_k=6, top_p=0.9)
    expected = settings.process(panel.logits, NO_TEXT)
    scores = storyteller.next_logits("The king said to his")
    torch.testing.assert_close(panel.logits, scores)
    assert torch.equal(panel.run(panel.stages)[-1].logits, expected)
    assert panel.text.startswith("÷T 0.80 → softmax → top-k 6 → top-p 0.90: 5 of 4,096 tokens left")
    assert any("others" in text for text in said(panel.image.value))


def test_every_order_is_that_of_the_strategies():
    settings = Settings(temperature=0.5, top_k=3, top_p=0.9)
    panel = toy(settings=settings)
    for order in itertools.permutations(USUAL):
        panel.put_in_order(order)
        x = CAPITAL.logits
        for name in order:
            x = applied(name, settings, x)
        assert torch.equal(panel.run(panel.stages)[-1].logits, x)
        assert [c.name.get_text() for c in panel.picture.columns] == ["logits", *order]
        # After softmax the picture shows shares, which add up to 1.
        for stage in panel.run(order):
            assert stage.probs == (stage.name in order[order.index("softmax") :])


def test_the_order_counts_and_the_page_says_so():
    panel = toy(settings=Settings(temperature=3, top_p=0.9))
    assert "usual order" not in panel.text
    cool = panel.run(panel.stages)[-1].left
    panel.controls["stage"].value = "top-p"
    for _ in range(5):  # no further than to the end
        panel.controls["left"].click()
    assert panel.stages == ["top-p", "÷T", "softmax", "top-k"]
    left = panel.run(panel.stages)[-1].left
    assert left < cool and f"In the usual order {cool} would be left." in panel.text
    panel.controls["usual"].click()
    assert panel.stages == list(USUAL) and "usual order" not in panel.text
    panel.controls["stage"].value = "softmax"
    panel.controls["right"].click()
    assert "The usual order gives the same." in panel.text


def test_what_is_cut_is_hatched_where_it_is_cut_and_gone_after():
    panel = toy(settings=Settings(top_k=2))
    _, _, softmax, top_k, top_p = panel.picture.columns
    assert {bar.get_hatch() for bar in softmax.bars} == {None}
    assert [bar.get_hatch() for bar in top_k.bars] == [None] * 2 + ["////"] * 7
    assert [bar.get_visible() for bar in top_p.bars] == [True] * 2 + [False] * 7
    assert [number.get_text() for number in top_k.numbers[2:]] == ["cut"] * 7


def test_the_die_lands_where_sample_does_and_stays_while_the_line_moves():
    panel = toy(settings=Settings(temperature=2), seed=3)
    assert "lands" not in panel.text
    generator = torch.Generator().manual_seed(3)
    for _ in range(5):
        panel.controls["roll"].click()
        logits = Settings(temperature=2).process(CAPITAL.logits, NO_TEXT)
        token = int(sampling.sample(logits, generator))
        assert f"lands on '{CAPITAL.tokens[token].replace(' ', '␣')}'" in panel.text
    number = panel.text.partition("The number ")[2].partition(" ")[0]
    panel.controls["temperature"].value = 0.0
    assert f"The number {number} lands on '␣Paris'" in panel.text
    panel.controls["seed"].value = 4
    assert "lands" not in panel.text


def test_choosing_in_the_picture_picks_a_stage_or_rolls():
    panel = toy()
    keys = [key for key, *_ in panel.picture.marks]
    assert {"logits 0", "÷T 0", "top-p 0", "die 0"} <= set(keys)
    panel.choose("top-k 3")
    assert panel.controls["stage"].value == "top-k"
    panel.choose("logits 0")
    assert panel.controls["stage"].value == "top-k"
    panel.choose("die 0")
    assert "lands on" in panel.text


def test_the_code_is_the_panels_order():
    panel = toy(settings=Settings(temperature=0.5, top_k=3, top_p=0.9))
    panel.put_in_order(["top-p", "softmax", "top-k", "÷T"])
    panel.controls["show_code"].value = True
    lines = ["top_p(logits, 0.9)", "top_k(logits, 3)", "temperature(logits, 0.5)"]
    assert all(f"logits = {line}" in panel.code.value for line in lines)
    names = {name: getattr(sampling, name) for name in ("top_p", "top_k", "temperature", "sample")}
    code = re.sub("</?pre>", "", panel.code.value)
    names |= {"logits": CAPITAL.logits, "generator": torch.Generator().manual_seed(0)}
    exec(code, names)
    panel.controls["roll"].click()
    assert CAPITAL.tokens[names["token"]].strip() in panel.text.partition("lands on")[2]


# A learner's own stage


def test_a_learners_strategy_is_a_stage():
    panel = toy(strategy=lambda logits: sampling.min_p(logits, 0.02), settings=Settings())
    assert panel.stages[-1] == "yours" and message(panel) == ""
    expected = sampling.min_p(CAPITAL.logits, 0.02)
    assert torch.allclose(panel.run(panel.stages)[-1].logits, expected)
    panel.controls["stage"].value = "yours"
    panel.controls["left"].click()
    assert panel.stages[-2:] == ["yours", "top-p"]
    check_texts(panel.picture.svg())


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        (lambda logits: None, "returned nothing"),
        (lambda logits: logits[:3], "expected (10,)"),
        (lambda logits: logits / (1 // 0), "ZeroDivisionError"),
        (lambda logits: logits - float("inf"), "no choice"),
    ],
)
def test_a_fault_becomes_a_message_and_the_stage_changes_nothing(strategy, says):
    panel = toy(strategy=strategy, settings=Settings(top_k=3))
    assert says in message(panel)
    assert panel.text.startswith("÷T 1.00 → softmax → top-k 3 → top-p off → yours: 3 of 10 tokens")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"source": 3}, "source must be a prompt or a pair"),
        ({"source": ""}, "prompt must not be empty"),
        ({"settings": Settings(min_p=0.1)}, "settings may have temperature, top_k, top_p, got min"),
        ({"settings": Settings(temperature=7)}, "temperature must be in"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(options, says):
    with pytest.raises(ValueError, match=says):
        explore.Pipeline(**options)


def test_a_prompt_that_cannot_be_read_changes_nothing(storyteller):
    panel = explore.Pipeline()
    old = panel.image.value
    panel.controls["prompt"].value = ""
    assert "still shows 'The king said to his'" in message(panel) and panel.image.value == old
    panel.controls["prompt"].value = "Once upon a"
    assert message(panel) == "" and "'␣time' the likeliest" in panel.text


# The picture


@pytest.mark.parametrize("k", [1, 8])
@pytest.mark.parametrize("logit", [-99.99, 99.99])
def test_no_text_leaves_the_picture_or_meets_another(k, logit):
    tokens = ["W" * 30, "$x$", "<script>", "\n", "m" * 9, "שלום", " a", "b", "c", "d"]
    logits = torch.linspace(-2, 2, 10) + logit
    for t in (0.0, 0.05):
        settings = Settings(temperature=t, top_k=k, top_p=0.99)
        panel = explore.Pipeline((tokens, logits), settings=settings)
        panel.controls["roll"].click()
        for order in (
            USUAL,
            ("top-p", "top-k", "softmax", "÷T"),
            ("softmax", *USUAL[::3], "top-k"),
        ):
            panel.put_in_order(order)
            check_texts(panel.picture.svg())


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    panel, other = toy(settings=Settings(temperature=2)), toy(settings=Settings(0.5, 2))
    panel.controls["roll"].click()
    panel.controls["seed"].value = 1
    panel.controls["temperature"].value, panel.controls["top_k"].value = 0.5, 2
    assert panel.image.value == other.image.value
    assert isinstance(panel.picture, PipelinePicture)
