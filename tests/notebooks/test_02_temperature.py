"""The Storyteller does what the lesson on temperature says of it."""

import math
import re
from pathlib import Path

import pytest
import torch
from lessons import names_of

from course_utils.generate import Settings, generate
from course_utils.metrics import effective_choices
from course_utils.sampling import sample
from course_utils.toys import CAPITAL, NEXT_LOGITS, VOCABULARY

SOURCE = Path(__file__).parents[2] / "quizzes/source/02_temperature/02_temperature.py"
temperature_for = names_of(SOURCE, "setup", "temperature_for")["temperature_for"]


@pytest.fixture(scope="module")
def once(storyteller) -> torch.Tensor:
    return storyteller.next_logits("Once upon a")


def told(storyteller, process, n: int, seed: int) -> list:
    return list(generate(storyteller, "Once upon a", process, n, seed))


def text(steps) -> str:
    return "".join(step.text for step in steps)


def share(logits: torch.Tensor, t: float) -> float:
    return (logits / t).softmax(dim=-1).max().item()


def test_a_fairy_tale_forgets_its_fourth_word(storyteller, once):
    texts = [text(told(storyteller, Settings(temperature=t), 24, seed=2)) for t in (0.5, 1, 2)]
    assert texts[0].startswith(" time there was a poor man")
    assert texts[1].startswith(" time, there was an old Tallman")
    assert texts[2].startswith(" company of bunny sixangers")
    [time] = storyteller.tokenizer.encode_ordinary(" time")
    assert once.argmax() == time
    assert [share(once, t) for t in (1, 2)] == pytest.approx([0.997, 0.444], abs=0.001)
    assert (once.softmax(dim=-1) < 0.005).sum() == 4095  # all but one are crumbs
    second = (once / 2).softmax(dim=-1).topk(2)
    assert storyteller.tokenizer.decode([second.indices[1].item()]) == " while"
    assert second.values[1] == pytest.approx(0.009, abs=0.0005)
    others = [1 - (once / t).softmax(dim=-1).topk(12).values.sum().item() for t in (1, 2)]
    assert others == [pytest.approx(0.001, abs=0.0005), pytest.approx(0.5, abs=0.005)]


def test_a_hundred_draws_find_no_second_suspect():
    from course_utils import explore

    panel = explore.Distribution("Once upon a", temperature=2)
    panel.controls["sample_100"].click()
    counts = panel.counts.sort(descending=True).values
    panel.close()
    assert counts[:2].tolist() == [49, 2]


def test_nine_words_by_hand():
    forward, toward = VOCABULARY.index("forward"), VOCABULARY.index("toward")
    ratios = {}
    for t, expected in ((1, (0.572, 0.358)), (0.5, (0.713, 0.279)), (2, (0.421, None))):
        shares = (NEXT_LOGITS / t).softmax(dim=-1)
        ratios[t] = (shares[forward] / shares[toward]).item()
        assert shares[forward] == pytest.approx(expected[0], abs=0.001)
        assert expected[1] is None or shares[toward] == pytest.approx(expected[1], abs=0.001)
    assert ratios == pytest.approx({1: 1.6, 0.5: 2.56, 2: 1.265}, abs=0.02)
    assert math.exp(0.47) == pytest.approx(1.6, abs=0.005)
    assert math.exp(4.7) == pytest.approx(110, abs=1)


def test_heat_without_end_makes_a_fair_die(once):
    for row, size in ((NEXT_LOGITS, 9), (once, 4096)):
        assert len(row) == size
        assert 1 < share(row, 1000) * size < 1.03


def test_one_temperature_changes_all_ratios():
    options = re.findall(
        r"^# - \*\*[A-D]\*\* ([\d.]+)%, ([\d.]+)%, ([\d.]+)%$", SOURCE.read_text(), re.M
    )
    offered = torch.tensor([[float(x) for x in option] for option in options]) / 100
    assert len(offered) == 4
    assert offered.sum(dim=-1).tolist() == pytest.approx([1.0] * 4)
    steps = offered.log().diff() / torch.tensor([0.6, 0.3, 0.1]).log().diff()  # 1 / T, twice a row
    assert [abs(first / second - 1) < 0.01 for first, second in steps.tolist()] == [
        False,
        True,
        False,
        False,
    ]
    assert steps[1].tolist() == pytest.approx([0.5, 0.5], abs=0.005)


def test_the_tests_of_softmax_expect_the_lessons_first_table():
    source = SOURCE.read_text()
    for name, logits, t in (
        ("usual", NEXT_LOGITS, 1),
        ("hot", NEXT_LOGITS, 2),
        ("best", NEXT_LOGITS.half().float(), 0.00001),
    ):
        [numbers] = re.findall(rf"^{name} = \[(.*)\]$", source, re.M)
        expected = (logits / t).softmax(dim=-1).tolist()
        assert [float(x) for x in numbers.split(", ")] == pytest.approx(expected, abs=0.0005)


def test_the_surest_favourite_falls_the_deepest(once):
    shares = {t: [share(row, t) for row in (once, CAPITAL.logits, NEXT_LOGITS)] for t in (1, 2, 3)}
    assert shares[1] == pytest.approx([0.997, 0.93, 0.572], abs=0.002)
    assert shares[2] == pytest.approx([0.444, 0.594, 0.421], abs=0.002)
    assert shares[3] == pytest.approx([0.063, 0.40, 0.331], abs=0.005)
    assert len(CAPITAL.logits) == 10
    assert len(once) == 4096


def test_a_crowd_took_the_time(storyteller, once):
    for n, logit, t, expected in (
        (4095, 14, 1, 0.997),
        (4095, 14, 2, 0.211),
        (9, 8, 1, 0.997),
        (9, 8, 2, 0.858),
    ):
        weight = math.exp(logit / t)
        assert weight / (weight + n) == pytest.approx(expected, abs=0.0005)
    assert [math.exp(14), math.exp(7)] == pytest.approx([1.203e6, 1097], rel=5e-4)
    assert [math.exp(8), math.exp(4)] == pytest.approx([2981, 55], abs=0.5)
    ranked = once.sort(descending=True).values
    assert 1 - share(once, 1) == pytest.approx(0.003, abs=0.0002)
    usual, shares = (ranked.softmax(dim=-1), (ranked / 2).softmax(dim=-1))
    assert usual[1:100].sum() == pytest.approx(0.0026, abs=0.00005)
    assert usual[100:].sum() == pytest.approx(0.0005, abs=0.00005)
    assert shares[1] < 0.01
    assert shares[1:].sum() == pytest.approx(0.56, abs=0.005)
    assert shares[1:100].sum() == pytest.approx(0.169, abs=0.002)
    assert shares[100:].sum() == pytest.approx(0.388, abs=0.002)
    assert shares[100] < 0.0008
    drawn = sample((once / 2).expand(16, -1), torch.Generator().manual_seed(0)).tolist()
    words = [storyteller.tokenizer.decode([i]).strip() for i in drawn]
    assert words.count("time") == 9
    assert {"ute", "watch", "named", "round", "tall", "air", "ob"} < set(words)


def test_equal_choices_mean_the_same_everywhere(storyteller, once):
    open_row = storyteller.next_logits("There was once a")
    choices = {
        name: [effective_choices(row / t).item() for t in (0.5, 1, 2)]
        for name, row in (("nine", NEXT_LOGITS), ("once", once), ("open", open_row))
    }
    assert choices["nine"][2] == pytest.approx(4.1, abs=0.05)
    assert choices["once"] == pytest.approx([1.0, 1.0, 114.7], abs=0.05)
    assert choices["open"][0] == pytest.approx(8.8, abs=0.05)
    found = [effective_choices(open_row / t).item() for t in (0.25, 0.375)]
    assert found == pytest.approx([1.9, 4.1], abs=0.05)


def test_cold_breaks_half_precision():
    assert (NEXT_LOGITS / 0.0).softmax(dim=-1).isnan().all()
    assert (NEXT_LOGITS / 0.00001).softmax(dim=-1).max() == 1
    half = NEXT_LOGITS.half() / 0.00001
    assert torch.equal(half == torch.inf, NEXT_LOGITS > 0)
    assert half.softmax(dim=-1).isnan().all()


def test_the_same_throws_at_four_temperatures(storyteller, once):
    throws = torch.rand(30, generator=torch.Generator().manual_seed(2))
    assert throws[0] == pytest.approx(0.61, abs=0.005)
    texts = {}
    for t in (0, 0.5, 1, 2):
        ids = storyteller.encode("Once upon a")
        for u in throws[:6]:
            row = storyteller.logits(ids)[-1]
            if t == 0:
                ids.append(row.argmax().item())
            else:
                ids.append(int(((row / t).softmax(dim=-1).cumsum(dim=-1) <= u).sum()))
        texts[t] = storyteller.tokenizer.decode(ids[1:])
    assert texts[0].startswith("Once upon a time there was a man")
    assert texts[0.5].startswith("Once upon a time there was a king")
    assert texts[1].startswith("Once upon a time there were")
    assert texts[2].startswith("Once upon a young")
    [time] = storyteller.tokenizer.encode_ordinary(" time")
    stretches = [(once / t).softmax(dim=-1).cumsum(dim=-1)[time - 1 : time + 1] for t in (1, 2)]
    assert stretches[0].tolist() == pytest.approx([0.001, 0.998], abs=0.0005)
    assert stretches[1].tolist() == pytest.approx([0.09, 0.54], abs=0.005)


def test_cold_goes_round_in_circles(storyteller):
    second = text(told(storyteller, Settings(temperature=0.4), 50, seed=1))
    assert second.startswith(" time there was a great, great, great, great")
    assert second.count("great") >= 9


def test_four_choices_at_every_step_call_the_thief_back(storyteller, once):
    def four(logits, ids):
        return logits / temperature_for(logits, 4)

    assert text(told(storyteller, four, 40, seed=0)).startswith(" distance")
    t = temperature_for(once, 4)
    assert t == pytest.approx(1.55, abs=0.005)
    assert share(once, t) == pytest.approx(0.852, abs=0.001)


@pytest.mark.slow
def test_a_thermostat_leaves_the_fourth_word_alone(storyteller):
    def cooled_to(choices):
        def process(logits, ids):
            t = 1.0
            while effective_choices(logits / t) > choices:
                t *= 0.98
            return logits / t

        return process

    def tried(process) -> tuple[int, float, list[str]]:
        found = [told(storyteller, process, 60, seed) for seed in range(4)]
        crumbs = sum(step.logprob < math.log(0.005) for steps in found for step in steps)
        different = sum(len({step.token for step in steps}) / len(steps) for steps in found) / 4
        assert sum(map(len, found)) == 240
        return crumbs, different, [text(steps) for steps in found]

    cold, cool = tried(Settings(0.3)), tried(Settings(0.7))
    usual, own, seven = tried(Settings()), tried(cooled_to(8)), tried(cooled_to(7))
    assert (cold[0], own[0], cool[0], usual[0]) == (0, 10, 15, 48)
    assert [cold[1], own[1], cool[1]] == pytest.approx([0.38, 0.66, 0.72], abs=0.005)
    assert all(story.startswith(" time") for story in own[2])
    assert seven[0] < 10 and seven[1] > 0.6  # so what the lesson asks for can be had


def test_no_single_temperature_does_what_a_thermostat_does(storyteller):
    for prompt, at_one, at_cool, at_own in (
        ("Once upon a", 1.0, 1.0, 1.0),
        ("Once upon a time", 4.5, 1.8, 4.5),
        ("Once upon a time there was a", 187, 31, 8),
    ):
        row = storyteller.next_logits(prompt)
        own = min(1.0, temperature_for(row, 8)) if at_one > 8 else 1.0
        found = [effective_choices(row / t).item() for t in (1, 0.7, own)]
        assert found == pytest.approx([at_one, at_cool, at_own], rel=0.04)
