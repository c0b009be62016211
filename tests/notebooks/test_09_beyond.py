"""The Storyteller and the toys do what the lesson on what a cutoff should know says of them."""

import math
import re
from pathlib import Path

import pytest
import torch

from course_utils.author.notebook import source_notebook
from course_utils.explore.cutoff import PASSAGE, kept_counts, read
from course_utils.explore.frontier import STORIES, read_human
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, perplexity, seq_rep_n
from course_utils.penalties import dry
from course_utils.sampling import (
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    mirostat,
    mirostat_update,
    p_less,
    top_h,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
    xtc,
)

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "quizzes" / "source" / "09_beyond" / "09_beyond.py"
SURE = torch.tensor([0.85, 0.08, 0.04, 0.02, 0.01]).log()
OPEN = torch.tensor([0.26, 0.22, 0.20, 0.17, 0.15]).log()


def kept(logits) -> int:
    return int(logits.isfinite().sum())


def p_less_bar(logits) -> float:
    return float(logits.softmax(-1).square().sum())


def staying(logits) -> list[int]:
    return logits.isfinite().nonzero().flatten().tolist()


def prose() -> str:
    cells = [c.source for c in source_notebook(SOURCE).cells if c.cell_type == "markdown"]
    return re.sub(r"\s+", " ", "\n".join(cells))


@pytest.fixture(scope="module")
def rows(storyteller):
    prompts = ("Once upon a", "The king said to his", "She saw a")
    return [storyteller.next_logits(prompt) for prompt in prompts]


def written(model, process, texts=10, tokens=20):
    prompts = list(STORIES) * (texts // 5)
    ids, logprobs = [[] for _ in prompts], []
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(ids, steps, strict=True):
            if step is not None:
                text.append(step.token)
                logprobs.append(step.logprob)
    return ids, float(perplexity(logprobs))


def story(model, process, prompt="Once upon a time", seed=0) -> str:
    return "".join(step.text for step in generate(model, prompt, process, 40, seed))


def test_the_story_heat_takes_half_of_time_and_top_p_gathers_crumbs(rows):
    sure = rows[0]
    shares = [float((sure / T).softmax(-1).max()) for T in (1, 2)]
    assert 0.9965 < shares[0] < 0.9975 and 0.43 < shares[1] < 0.45
    assert [kept(top_p(sure / T, 0.9)) for T in (1, 2)] == [1, 1315]
    assert [kept(min_p(sure / T, 0.1)) for T in (1, 2)] == [1, 1]
    assert 0.0085 < (sure / 2).softmax(-1).topk(2).values[1] < 0.0095
    assert "1,314 crumbs" in prose() and "the second best 0.9%" in prose()


def test_the_story_is_whole_with_min_p_and_falls_apart_with_top_p(storyteller):
    apart, whole = (
        story(storyteller, Settings(temperature=2.0, **cut), "Once upon a", 12)
        for cut in ({"top_p": 0.9}, {"min_p": 0.1})
    )
    assert whole.startswith(" time there was a tiny fairy coming down by")
    assert apart.startswith(" rabbit land in the mark house") and "Kjectud Kat yawned" in apart
    assert "one of the two texts has drawn ` rabbit`" in prose()


def test_epsilon_keeps_time_alone_and_one_word_of_the_king(rows):
    assert kept(epsilon_cutoff(rows[0] / 2, 0.03)) == 1
    assert float((rows[1] / 2).softmax(-1).max()) < 0.021
    assert kept(epsilon_cutoff(rows[1] / 2, 0.03)) == 1 < kept(epsilon_cutoff(rows[1], 0.03))


def test_the_toys_by_hand():
    assert [staying(top_p(x, 0.9)) for x in (SURE, OPEN)] == [[0, 1], [0, 1, 2, 3, 4]]
    assert [staying(min_p(x, 0.1)) for x in (SURE, OPEN)] == [[0], [0, 1, 2, 3, 4]]
    assert [staying(p_less(x)) for x in (SURE, OPEN)] == [[0], [0, 1]]
    same = [float(x.softmax(-1).square().sum()) for x in (SURE, OPEN)]
    assert 0.7 < same[0] < 0.75 and 0.2 < same[1] < 0.22
    assert [staying(top_h(x, 0.6)) for x in (SURE, OPEN)] == [[0, 1], [0, 1]]
    parts = torch.special.entr(SURE.softmax(-1))
    shares = [100 * float(part) for part in (parts / parts.sum())[:3]]
    assert [round(share) for share in shares[:2]] == [23, 34]
    assert round(sum(shares[:2])) == 57 and round(sum(shares)) == 79
    assert kept(top_h(torch.zeros(100), 0.405)) == 40
    assert OPEN[1].exp() > p_less_bar(OPEN) > OPEN[2].exp()
    logits = torch.tensor([5.0, 3.0, 1.0])
    assert [kept(min_p(logits / T, 0.1)) for T in (0.5, 1, 2)] == [1, 2, 3]


def test_p_less_sees_two_leaders_where_min_p_sees_one_best():
    two = torch.tensor([0.40, 0.39, 0.07, 0.07, 0.07]).log()
    one = torch.tensor([0.40, *[0.05] * 12]).log()
    for row, bar, stays in ((two, 0.33, [0, 1]), (one, 0.19, [0])):
        assert float(row.exp().sum()) == pytest.approx(1)
        assert kept(min_p(row, 0.1)) == len(row)
        assert p_less_bar(row) == pytest.approx(bar, abs=0.005) and staying(p_less(row)) == stays


def test_min_p_alone_from_052_on_when_hot(storyteller):
    shut = storyteller.next_logits("Once upon a time")
    there, comma = (shut / 2).softmax(-1).topk(2).values.tolist()
    assert 0.51 < comma / there < 0.52
    assert 0.26 < (comma / there) ** 2 < 0.27
    assert 0.65 < shut.softmax(-1).max() < 0.67 and 0.17 < shut.softmax(-1).topk(2).values[1] < 0.18


def test_along_the_passage_min_p_cuts_more_until_it_is_lowered():
    passage = read(PASSAGE)

    def numbers(rule, value):
        values = {"temperature": 1.0, "top_k": 40, "top_p": 0.9, "min_p": 0.1} | {rule: value}
        counts = kept_counts(passage, rule, values)
        cut = int((passage.ranks > torch.tensor(counts[:-1])).sum())
        return min(counts), max(counts), cut

    assert len(passage) == 39
    assert numbers("top_p", 0.9) == (1, 360, 5)
    assert numbers("min_p", 0.1)[1:] == (21, 9)
    assert numbers("min_p", 0.01)[1:] == (167, 5)


def test_at_t_2_p_less_keeps_fewer_than_min_p_and_both_far_fewer_than_top_p(rows):
    for row in rows:
        hot = row / 2
        assert kept(p_less(hot)) <= kept(min_p(hot, 0.1)) <= 151 < 1300 < kept(top_p(hot, 0.9))
    assert kept(min_p(rows[2] / 2, 0.1)) == 151
    cuts = (lambda x: top_p(x, 0.9), lambda x: min_p(x, 0.1), p_less)
    more = [kept(cut(row / 2)) / kept(cut(row)) for row in rows[1:] for cut in cuts]
    assert min(more) > 4 and max(more) < 15
    assert [kept(cut(rows[0] / 2)) for cut in cuts] == [1315, 1, 1]


def test_eta_keeps_most_of_the_vocabulary_when_hot(rows):
    assert [kept(eta_cutoff(rows[1] / T, 9e-4)) for T in (1, 2)] == [159, 3275]
    assert "from 159 tokens to 3,275" in prose()
    assert math.isclose(math.sqrt(9e-4) / 1000, 0.00003)
    assert kept(eta_cutoff(torch.zeros(4096), 9e-4)) == 4096
    assert kept(epsilon_cutoff(torch.zeros(4096).index_fill(0, torch.tensor(7), 0.01), 9e-4)) == 1


def test_only_top_n_sigma_is_deaf_to_heat_and_only_it_hears_the_tail(rows):
    king = rows[1]
    assert [kept(top_n_sigma(king / T, 1.0)) for T in (1, 2, 3)] == [20, 20, 20]
    for cut in (lambda x: min_p(x, 0.1), p_less):
        counts = [kept(cut(king / T)) for T in (1, 2, 3)]
        assert counts == sorted(set(counts))
    longer = torch.cat([king, torch.full((1000,), king.min().item())])
    assert kept(top_n_sigma(longer, 1.0)) == 75
    assert kept(min_p(longer, 0.1)) == kept(min_p(king, 0.1))
    assert kept(p_less(longer)) == kept(p_less(king))


def test_typical_cuts_the_two_likeliest_and_follows_heat_down_the_row(rows, storyteller):
    best = rows[1].topk(2).indices
    assert [storyteller.tokenizer.decode([i]) for i in best.tolist()] == [" wife", " daughter"]
    assert typical_p(rows[1], 0.2)[best].isneginf().all()
    assert [kept(typical_p(rows[1] / T, 0.2)) for T in (1, 2)] == [17, 259]
    expected = float(torch.special.entr(rows[1].softmax(-1)).sum())
    assert f"the entropy: {expected:.2f} nats" in prose()


def test_heat_switches_xtc_off(rows):
    dice = torch.Generator().manual_seed(0)
    assert [staying(xtc(x, 0.1, 1.0, dice)) for x in (SURE, OPEN)] == [[0, 1, 2, 3, 4], [4]]
    king = rows[1]
    assert [int((king / T).softmax(-1).ge(0.1).sum()) for T in (1, 2)] == [2, 0]
    cut = xtc(king, 0.1, 1.0, dice).isneginf().nonzero().flatten().tolist()
    assert cut == [int(king.argmax())] and kept(xtc(king / 2, 0.1, 1.0, dice)) == 4096


def test_dry_takes_more_with_each_repeated_token():
    text = torch.tensor([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5])
    losses = [
        float(dry(torch.zeros(8), text[: 6 + n], 0.8, 1.75, 2).abs().max()) for n in range(1, 6)
    ]
    assert losses[0] == 0 and losses[4] == pytest.approx(4.29, abs=0.005)
    assert losses[2:4] == pytest.approx([1.4, 2.45])
    assert losses[1:] == sorted(losses[1:])


def test_mirostat_moves_by_a_tenth_of_the_error():
    mu = mirostat_update(4.0, 3.0, tau=2.0, eta=0.1)
    assert mu == pytest.approx(3.9)
    assert mirostat_update(mu, 1.0, tau=2.0, eta=0.1) == pytest.approx(4.0)


def test_the_comma_surprises_less_than_mirostats_target(storyteller):
    row = storyteller.next_logits("The king said to his wife that she had a daughter")
    bits = -float(row.log_softmax(-1)[storyteller.tokenizer.encode(",")[0]]) / math.log(2)
    assert f"the comma, with {bits:.1f}, raises it" in prose() and bits < 2


def test_mirostat_in_the_heat_is_greedy(storyteller):
    text, mu, surprises = "The king said to his", 4.0, []
    for _ in range(8):
        left = mirostat(storyteller.next_logits(text) / 2, mu)
        token, hot = int(left.argmax()), storyteller.next_logits(text) / 2
        assert staying(left) == [token]
        surprises.append(-float(hot.log_softmax(-1)[token]) / math.log(2))
        mu = mirostat_update(mu, surprises[-1], tau=2.0, eta=0.1)
        text += storyteller.tokenizer.decode([token])
    assert min(surprises) > 2 and surprises[0] == pytest.approx(5.6, abs=0.05)


def test_of_nine_cuts_heat_moves_eight_and_the_tail_the_ninth(rows):
    king, dice = rows[1], torch.Generator()
    longer = torch.cat([king, torch.full((1000,), king.min().item())])
    nine = {
        "epsilon": lambda x: epsilon_cutoff(x, 0.03),
        "min-p": lambda x: min_p(x, 0.1),
        "p-less": p_less,
        "top-nσ": lambda x: top_n_sigma(x, 1.0),
        "eta": lambda x: eta_cutoff(x, 9e-4),
        "top-h": lambda x: top_h(x, 0.6),
        "typical": lambda x: typical_p(x, 0.2),
        "XTC": lambda x: xtc(x, 0.1, 1.0, dice),
        "mirostat": lambda x: mirostat(x, 4.0),
    }
    by_heat = {name for name, cut in nine.items() if kept(cut(king / 2)) != kept(cut(king))}
    by_tail = {name for name, cut in nine.items() if kept(cut(longer)[:4096]) != kept(cut(king))}
    assert by_heat == set(nine) - {"top-nσ"} and by_tail == {"top-nσ"}


@pytest.mark.slow
def test_greedy_loops_and_with_dry_it_does_not(storyteller):
    def looped(process):
        steps = generate(storyteller, "Once upon a time", process, 40)
        return seq_rep_n([step.token for step in steps], 4)

    assert looped(lambda logits, ids: top_k(logits, 1)) > 0.15
    assert looped(lambda logits, ids: top_k(dry(logits, ids), 1)) < 0.05


@pytest.mark.slow
def test_hot_min_p_stays_near_people_and_so_does_top_p_with_temperature_last(storyteller):
    people = math.exp(-read_human(STORIES).logprob)
    assert 19_500 < written(storyteller, Settings(temperature=3.0, top_p=0.9))[1] < 20_500
    assert round(people) == 27 and round(written(storyteller, Settings(min_p=0.1))[1]) == 7
    for setting in (Settings(top_p=0.9), Settings(min_p=0.1)):
        assert written(storyteller, setting)[1] < people
    hot = {
        "top-p": Settings(temperature=2.0, top_p=0.9),
        "min-p": Settings(temperature=2.0, min_p=0.1),
        "last": lambda logits, ids: top_p(logits, 0.9) / 2.0,
    }
    perplexities = {name: written(storyteller, process)[1] for name, process in hot.items()}
    assert max(1000, 35 * people) < perplexities["top-p"] < 45 * people
    assert 0.5 * people < perplexities["min-p"] < 2 * people
    assert 0.5 * people < perplexities["last"] < 2 * people
    hotter = written(storyteller, Settings(temperature=3.0, min_p=0.1))[1]
    last = written(storyteller, lambda logits, ids: top_p(logits, 0.9) / 3.0)[1]
    assert 48.5 < last < 49.5 < 2 * people < 5 * people < hotter


@pytest.mark.slow
def test_tuned_top_p_is_as_diverse_as_min_p_and_p_less_a_little_above(storyteller):
    def measured(process):
        ids, perplexed = written(storyteller, process, texts=40)
        sets = torch.tensor([distinct_n(ids[i : i + 5], 1) for i in range(0, 40, 5)])
        return math.log(perplexed), float(sets.mean()), float(sets.std()) / 8**0.5

    (a, x, r), (b, y, s) = (
        measured(Settings(2.0, **cut)) for cut in ({"min_p": 0.1}, {"top_p": 0.3})
    )
    assert abs(a - b) < math.log(1.6) and abs(x - y) < 3 * math.hypot(r, s)
    low, z, _ = measured(Settings(2.0, top_p=0.1))
    high, t, _ = measured(Settings(2.0, top_p=0.4))
    c, w, spread = measured(lambda logits, ids: p_less(logits / 2))
    hot, v, bar = measured(Settings(2.0, min_p=0.05))

    def line(at, *points):
        """Height of a curve of three dots at a perplexity."""
        logs, heights = zip(*points, strict=True)
        i = 0 if at < logs[1] else 1
        share = (at - logs[i]) / (logs[i + 1] - logs[i])
        return heights[i] + share * (heights[i + 1] - heights[i])

    of_top_p = (low, z), (b, y), (high, t)
    assert round(math.exp(a)) == 33 and round(x, 3) == 0.774
    assert round(line(a, *of_top_p), 2) == 0.80
    assert -2 < (x - line(a, *of_top_p)) / r < 0
    assert abs(v - line(hot, *of_top_p)) < bar
    assert 1.8 < (w - line(c, *of_top_p)) / spread < 2.2
    assert round(math.exp(c)) == 24 and round(w, 3) == 0.799
    assert round(line(c, *of_top_p), 2) == 0.77


@pytest.mark.slow
def test_top_p_03_is_no_setting_for_every_temperature(storyteller):
    tame = story(storyteller, Settings(top_p=0.3))
    assert "who had a son, and a son, and a son" in tame
