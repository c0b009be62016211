import math
import re

import numpy as np
import pytest
import torch
from cases import examples, logits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from transformers.generation.logits_process import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
    UnbatchedClassifierFreeGuidanceLogitsProcessor,
)

from course_utils.sampling import (
    adaptive_p,
    adaptive_p_update,
    contrast,
    dynamic_temperature,
    epsilon_cutoff,
    eta_cutoff,
    greedy,
    guide,
    mass_before,
    min_p,
    mirostat,
    mirostat_update,
    p_less,
    sample,
    temperature,
    top_a,
    top_h,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
    xtc,
)

INF = math.inf
NINE = torch.tensor([4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79])
HALVES = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64).log()


def halved(x):
    """What another model might think."""
    return x / 2 if isinstance(x, torch.Tensor) else x


RESHAPE = {
    "temperature": lambda x: temperature(x, 0.7),
    "dynamic_temperature": lambda x: dynamic_temperature(x, 0.5, 2.0),
    "adaptive_p": lambda x: adaptive_p(x, 0.4),
    "contrast": lambda x: contrast(x, halved(x), 0.1),
    "guide": lambda x: guide(x, halved(x), 1.5),
}
TRUNCATE = {
    "top_k": lambda x: top_k(x, 2),
    "top_p": lambda x: top_p(x, 0.9),
    "min_p": lambda x: min_p(x, 0.1),
    "top_a": lambda x: top_a(x, 0.3),
    "p_less": p_less,
    "typical_p": lambda x: typical_p(x, 0.6),
    "epsilon_cutoff": lambda x: epsilon_cutoff(x, 0.1),
    "eta_cutoff": lambda x: eta_cutoff(x, 0.1),
    "top_n_sigma": lambda x: top_n_sigma(x, 1.0),
    "top_h": lambda x: top_h(x, 0.6),
    "mirostat": lambda x: mirostat(x, 2.5),
    "xtc": lambda x: xtc(x, 0.1, 0.5, torch.Generator().manual_seed(0)),
}
DRAW = {"greedy": greedy, "sample": lambda x: sample(x, torch.Generator().manual_seed(0))}
STRATEGIES = RESHAPE | TRUNCATE | DRAW
each = pytest.mark.parametrize("name", STRATEGIES)
many = examples(2000)

rows = arrays(
    "float32",
    array_shapes(min_dims=1, max_dims=3, max_side=12),
    elements=st.floats(-50, 50, width=16),
).map(torch.from_numpy)


def support(logits):
    return (~logits.isneginf()).nonzero().flatten().tolist()


@given(rows, st.floats(0.05, 20))
def test_temperature_is_softmax_of_the_quotient(x, t):
    got = temperature(x, t).softmax(-1)
    assert torch.allclose(got, (x.double() / t).softmax(-1).float(), atol=1e-5)


def test_temperature_limits_worked_by_hand():
    assert torch.equal(temperature(NINE, 1e-6).softmax(-1).round(), torch.eye(9)[3])
    assert torch.allclose(temperature(NINE, 1e6).softmax(-1), torch.full((9,), 1 / 9), atol=1e-5)
    assert torch.equal(temperature(NINE, 1.0), NINE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_tiny_temperature_does_not_overflow(dtype):
    cold = temperature(torch.tensor([60.0, 50.0, -INF], dtype=dtype), 1e-4)
    assert cold.dtype == dtype
    assert cold.float().softmax(-1).tolist() == [1.0, 0.0, 0.0]


@given(rows, st.integers(1, 20))
def test_top_k_keeps_exactly_k(x, k):
    kept = ~top_k(x, k).isneginf()
    assert (kept.sum(-1) == min(k, x.shape[-1])).all()
    assert kept.gather(-1, greedy(x).unsqueeze(-1)).all()


def test_top_k_breaks_ties_by_the_lowest_id():
    assert support(top_k(torch.tensor([3.0, 2, 2, 2, 1]), 2)) == [0, 1]


@given(rows, st.floats(0.01, 1))
def test_top_p_keeps_the_smallest_set_that_reaches_p(x, p):
    probs = x.softmax(-1)
    kept = ~top_p(x, p).isneginf()
    held = (probs * kept).sum(-1)
    least = torch.where(kept, probs, INF).min(-1).values
    assert (held >= p - 1e-5).all()
    assert ((held - least < p + 1e-5) | (kept.sum(-1) == 1) | torch.tensor(p == 1)).all()


@pytest.mark.parametrize(
    ("probs", "p", "expected"),
    [
        ([0.4, 0.3, 0.2, 0.1], 0.8, [0, 1, 2]),
        ([0.5, 0.41, 0.09], 0.9, [0, 1]),
        ([0.5, 0.25, 0.25], 0.5, [0]),
        ([0.25, 0.25, 0.25, 0.25], 0.5, [0, 1]),
        ([0.5, 0.5], 1e-9, [0]),
        ([0.7, 0.2, 0.1], 1.0, [0, 1, 2]),
    ],
)
def test_top_p_edges(probs, p, expected):
    assert support(top_p(torch.tensor(probs).log(), p)) == expected


def test_the_mass_before_a_token_is_not_rounded_twice():
    tenths = torch.tensor([0.5, 0.4, 0.1])
    assert mass_before(tenths).tolist() == [0, 0.5, tenths.cumsum(dim=0)[1]]
    assert (tenths.cumsum(dim=0) - tenths)[1] < 0.5


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        # one in two, in four, in eight, in eight: equality is tested, and in float64, as the
        # float32 nearest to the log of 1/4 is a hair below it
        (lambda: min_p(HALVES, 0.5), [0, 1]),
        (lambda: min_p(HALVES, 0.25), [0, 1, 2, 3]),
        (lambda: min_p(HALVES, 0.51), [0]),
        (lambda: min_p(HALVES, 0), [0, 1, 2, 3]),
        (lambda: min_p(torch.tensor([1.0, 2, 2, -INF]), 1), [1, 2]),
        (lambda: min_p(torch.tensor([0.0, -1e-9]), 1), [0]),
        (lambda: top_a(HALVES, 1), [0, 1]),  # the bar is 1/4
        (lambda: top_a(HALVES, 0.5), [0, 1, 2, 3]),  # 1/8
        (lambda: top_a(HALVES, 0.51), [0, 1]),
        (lambda: top_a(torch.zeros(4), 1), [0, 1, 2, 3]),  # 1/16
        (lambda: p_less(HALVES), [0]),  # 1/4 + 1/16 + 2/64 is 0.34
        (lambda: p_less(torch.tensor([0.4, 0.35, 0.15, 0.1]).log()), [0, 1]),  # 0.315
        (lambda: p_less(torch.zeros(2)), [0, 1]),  # 1/2
        (lambda: p_less(torch.tensor([0.0, 0, -INF])), [0, 1]),
        (lambda: p_less(torch.tensor([0.0, 200.0])), [1]),
        # surprises 1, 2, 3, 3 bits, entropy 1.75: the second token is the nearest to it
        (lambda: typical_p(HALVES, 1e-9), [1]),
        (lambda: typical_p(HALVES, 0.25), [1]),
        (lambda: typical_p(HALVES, 0.26), [0, 1]),
        (lambda: typical_p(HALVES, 0.75), [0, 1]),
        (lambda: typical_p(HALVES, 0.76), [0, 1, 2]),
        (lambda: typical_p(HALVES, 1.0), [0, 1, 2, 3]),
        (lambda: typical_p(torch.tensor([-INF, 0, 0]), 0.9), [1, 2]),
        (lambda: epsilon_cutoff(HALVES, 0), [0, 1, 2, 3]),
        (lambda: epsilon_cutoff(HALVES, 0.125), [0, 1, 2, 3]),
        (lambda: epsilon_cutoff(HALVES, 0.25), [0, 1]),
        (lambda: epsilon_cutoff(HALVES, 0.6), [0]),  # nothing reaches it: the best one
        (lambda: epsilon_cutoff(torch.tensor([0.0, 1, 1]), 1), [1, 2]),
        # exp(-entropy) is 2 ** -1.75 = 0.297
        (lambda: eta_cutoff(HALVES, 0), [0, 1, 2, 3]),
        (lambda: eta_cutoff(HALVES, 0.17), [0, 1, 2, 3]),  # 0.412 * 0.297 = 0.123
        (lambda: eta_cutoff(HALVES, 0.18), [0, 1]),  # 0.424 * 0.297 = 0.126
        (lambda: eta_cutoff(torch.tensor([3.0, 0]), 0.06), [0]),  # sure: 0.047 is below epsilon
        (lambda: eta_cutoff(torch.zeros(4), 1), [0, 1, 2, 3]),  # eta is 1/4
        # two gaps of 0 and 2: mean 1, deviation 1
        (lambda: top_n_sigma(torch.tensor([3.0, 1, -INF]), 2), [0, 1]),
        (lambda: top_n_sigma(torch.tensor([3.0, 1, -INF]), 1.99), [0]),
        (lambda: top_n_sigma(torch.tensor([2.0, 2, -INF]), 0.1), [0, 1]),
        (lambda: top_n_sigma(torch.tensor([3e38, -3e38]), 1), [0]),
        # kept two of four equal tokens leave 1 bit of 2
        (lambda: top_h(torch.zeros(4), 0.5), [0, 1]),
        (lambda: top_h(torch.zeros(4), 0.49), [0]),
        (lambda: top_h(torch.zeros(4), 1e-9), [0]),
        # one, two, three of them hold 0.5, 1, 1.375 bits of 1.75
        (lambda: top_h(HALVES, 0.28), [0]),
        (lambda: top_h(HALVES, 0.57), [0]),
        (lambda: top_h(HALVES, 0.58), [0, 1]),
        (lambda: top_h(HALVES, 0.78), [0, 1]),
        (lambda: top_h(HALVES, 0.79), [0, 1, 2]),
        (lambda: top_h(HALVES, 1.0), [0, 1, 2, 3]),
        (lambda: top_h(torch.tensor([0.0, 1e4, -INF]), 0.9), [1]),
        (lambda: mirostat(HALVES, 3), [0, 1, 2, 3]),
        (lambda: mirostat(HALVES, 2.0), [0, 1]),
        (lambda: mirostat(HALVES, 1.99), [0]),
        (lambda: mirostat(HALVES, -7.0), [0]),
        (lambda: mirostat(torch.tensor([0.0, 1, 1]), 0), [1, 2]),
    ],
)
def test_cuts_worked_by_hand(cut, expected):
    assert support(cut()) == expected


@pytest.mark.parametrize(
    ("probs", "threshold", "expected"),
    [
        ([0.5, 0.25, 0.125, 0.125], 0.25, [1, 2, 3]),  # equality reaches it
        ([0.5, 0.25, 0.125, 0.125], 0.125, [2]),  # of equals the lowest id stays
        ([0.5, 0.25, 0.125, 0.125], 0.26, [0, 1, 2, 3]),  # the only one to reach it stays
        ([0.5, 0.5], 0.5, [0]),
        ([0.25, 0.25, 0.25, 0.25], 0.3, [0, 1, 2, 3]),  # none reaches it
        ([0.0, 0.3, 0.7], 1e-9, [1]),  # a token at -inf is no choice to leave
    ],
)
def test_xtc_edges(probs, threshold, expected):
    x = torch.tensor(probs, dtype=torch.float64).log()
    assert support(xtc(x, threshold, 1.0, torch.Generator())) == expected
    assert torch.equal(xtc(x, threshold, 0.0, torch.Generator()), x)


def test_xtc_takes_one_number_a_row_whatever_the_row():
    used = torch.Generator().manual_seed(0)
    for x, probability in [(HALVES, 0.0), (HALVES, 1.0), (torch.zeros(1), 0.5)]:
        xtc(x, 0.1, probability, used)
    other = torch.Generator().manual_seed(0)
    torch.rand(3, generator=other, dtype=torch.float64)
    assert torch.equal(used.get_state(), other.get_state())


def test_xtc_with_no_probability_never_cuts(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.zeros(shape))
    assert torch.equal(xtc(NINE, 0.05, 0.0, torch.Generator()), NINE)


@pytest.mark.parametrize("draw", [sample, lambda x, g: xtc(x, 0.1, 0.5, g)])
def test_a_row_with_its_own_generator_does_not_depend_on_the_batch(draw):
    def seeded(row):
        return torch.Generator().manual_seed(row)

    x = torch.randn(64, 9, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([draw(x[i], seeded(i)) for i in range(64)])
    assert torch.equal(draw(x, [seeded(i) for i in range(64)]), alone)
    with pytest.raises(ValueError, match=r"must be a torch\.Generator or a list of them, got int"):
        sample(torch.zeros(2), 5)
    with pytest.raises(ValueError, match="one a row: 64 rows, got 2"):
        draw(x, [seeded(0), seeded(1)])


def test_a_cut_counts_what_is_left_of_an_earlier_one():
    two = top_k(torch.tensor([0.4, 0.3, 0.2, 0.1]).log(), 2)
    assert support(top_p(two, 0.5)) == [0]  # 4/7 reaches it, 0.4 would not
    assert support(top_a(two, 1)) == [0, 1]
    assert support(p_less(torch.tensor([0.4, 0.3, 0.15, 0.15]).log())) == [0, 1]  # 0.295
    assert support(p_less(two)) == [0]  # 25/49 is more than 3/7
    assert support(mirostat(two, 1.3)) == [0, 1]  # 3/7 is 1.22 bits, 0.3 would be 1.74
    assert support(top_n_sigma(torch.tensor([4.0, 2, -9]), 1)) == [0, 1]
    assert support(top_n_sigma(top_k(torch.tensor([4.0, 2, -9]), 2), 1)) == [0]


def test_order_of_temperature_and_cut_worked_by_hand():
    x = torch.tensor([3.0, 2, 1])
    assert support(top_p(temperature(x, 0.5), 0.8)) == [0]
    assert support(temperature(top_p(x, 0.8), 0.5)) == [0, 1]
    x = torch.tensor([5.0, 3, 1])
    assert [len(support(min_p(temperature(x, t), 0.1))) for t in (0.5, 1, 2)] == [1, 2, 3]
    assert support(temperature(min_p(x, 0.1), 2)) == [0, 1]


@given(st.permutations(range(-20, 20)), st.sampled_from([0.125, 0.5, 2.0, 16.0]))
def test_top_k_and_top_n_sigma_do_not_depend_on_temperature(x, t):
    x = torch.tensor(x, dtype=torch.float32)
    assert support(top_k(temperature(x, t), 7)) == support(top_k(x, 7))
    assert support(top_n_sigma(temperature(x, t), 1.3)) == support(top_n_sigma(x, 1.3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_tiny_bar_keeps_the_best_in_any_dtype(dtype):
    x = torch.tensor([0.0, 9, 3], dtype=dtype)
    for cut in (top_p, typical_p, top_h, top_n_sigma):
        assert support(cut(x, 1e-9)) == [1]
    x = torch.randn(200, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(top_h(x, 1e-30), top_k(x, 1))


def test_many_ties_in_a_large_bfloat16_vocabulary():
    x = torch.randn(151_936, generator=torch.Generator().manual_seed(0)).bfloat16()
    assert x.unique().numel() < 3000
    assert len(support(top_k(x, 50))) == 50
    ranked = x.float().numpy()
    ranked = np.argsort(-ranked, kind="stable")
    for cut in (top_p(x, 0.3), top_h(x, 0.8), top_k(x, 50)):
        kept = support(cut)
        assert kept == sorted(ranked[: len(kept)].tolist())


def test_as_many_rows_as_tokens_are_still_rows():
    x = NINE.repeat(9, 1)
    for cut in TRUNCATE.keys() - {"xtc"}:
        assert torch.equal(TRUNCATE[cut](x), TRUNCATE[cut](NINE).repeat(9, 1))


def test_dynamic_temperature_worked_by_hand():
    sure, open_, half = torch.tensor([[9.0, -INF, -INF, -INF], [1, 1, 1, 1], [2, 2, -INF, -INF]])
    assert torch.equal(dynamic_temperature(sure, 0.5, 2.0), sure / 0.5)
    assert torch.equal(dynamic_temperature(open_, 0.5, 2.0), open_ / 2)
    assert torch.equal(dynamic_temperature(half, 0.5, 2.0), half / 2)  # open, of two
    # 1.75 of 2 bits: 0.5 + 1.5 * 0.875, and with the square of 0.875
    assert torch.allclose(dynamic_temperature(HALVES, 0.5, 2.0), HALVES / 1.8125)
    assert torch.allclose(dynamic_temperature(HALVES, 0.5, 2.0, 2.0), HALVES / 1.6484375)
    assert torch.allclose(dynamic_temperature(NINE, 0.7, 0.7), temperature(NINE, 0.7))


def test_an_extreme_temperature_gives_no_nan():
    x = torch.tensor([[2.0, 1, 0, -INF], [1, 1, 0, -INF]])
    assert temperature(x, 1e-60).softmax(-1).tolist() == [[1, 0, 0, 0], [0.5, 0.5, 0, 0]]
    assert dynamic_temperature(x, 1e-60, 1e-60)[0].softmax(-1).tolist() == [1, 0, 0, 0]
    assert temperature(x, 1e60).tolist() == [[0, 0, 0, -INF]] * 2


def test_a_row_that_overflows_leaves_the_others_alone():
    x = torch.tensor([[60.0, 50.0], [0.5, 0.25]], dtype=torch.float16)
    assert torch.equal(temperature(x, 1e-4)[1], temperature(x[1], 1e-4))


def test_mirostat_update_worked_by_hand():
    assert mirostat_update(6.0, 5.0, tau=3.0, eta=0.5) == 5.0  # too surprising: cut more
    assert mirostat_update(6.0, 1.0, tau=3.0, eta=0.5) == 7.0
    assert mirostat_update(6.0, 3.0, tau=3.0) == 6.0
    rows = mirostat_update(6.0, torch.tensor([5.0, 1.0]), tau=3.0, eta=0.5)
    assert rows.tolist() == [5.0, 7.0]
    x = HALVES.repeat(2, 1)
    assert mirostat(x, torch.tensor([1.0, 2.0])).isneginf().sum(-1).tolist() == [3, 2]


@pytest.mark.parametrize("tau", [1.0, 3.0, 5.0])
def test_mirostat_holds_the_surprise_near_its_target(tau):
    generator = torch.Generator().manual_seed(0)
    x = -1.1 * torch.arange(1.0, 1001).log()  # as Zipf has it
    mu, held = 2 * tau, []
    for _ in range(3000):
        cut = mirostat(x, mu)
        token = sample(cut, generator)
        held.append(-cut.log_softmax(-1)[token].item() / math.log(2))
        mu = mirostat_update(mu, held[-1], tau)
    assert abs(np.mean(held[500:]) - tau) < 0.1


@pytest.mark.parametrize("n", [1, 3, 10, 49, 1000, 151_936])
def test_of_equal_tokens_p_less_keeps_all(n):
    for x in (torch.zeros(n), torch.full((n,), 0.1), torch.full((n,), -7.3).bfloat16()):
        assert torch.equal(p_less(x), x)


def test_adaptive_p_worked_by_hand():
    # a half is where it aims; a quarter is 0.25 / 0.3 = 5/6 away, an eighth 0.375 / 0.3 = 5/4
    quarter, eighth = 5 - 10 * (25 / 36) / (11 / 6), 5 - 10 * (25 / 16) / (9 / 4)
    assert adaptive_p(HALVES, 0.5).tolist() == pytest.approx([5, quarter, eighth, eighth])
    assert greedy(adaptive_p(HALVES, 0.2)) == 1
    assert greedy(adaptive_p(HALVES, 0.13)) == 2
    cut = adaptive_p(torch.tensor([0.0, 0, -INF]), 0.5)
    assert cut.tolist() == [5, 5, -INF]
    assert torch.equal(adaptive_p(HALVES, -2.0), adaptive_p(HALVES, 0))
    assert torch.equal(adaptive_p(HALVES, 3), adaptive_p(HALVES, 1.0))
    each = adaptive_p(HALVES.repeat(2, 1), torch.tensor([0.5, 0.2]))
    assert each.argmax(-1).tolist() == [0, 1]


def test_adaptive_p_update_worked_by_hand():
    assert adaptive_p_update(0.5, 0.9, target=0.5, decay=0.75) == pytest.approx(0.4)
    assert adaptive_p_update(0.5, 0.1, target=0.5, decay=0.75) == pytest.approx(0.6)
    assert adaptive_p_update(0.3, 0.3, target=0.3) == pytest.approx(0.3)
    assert adaptive_p_update(0.9, 1.0, target=0.2, decay=0) == pytest.approx(-0.6)
    rows = adaptive_p_update(0.5, torch.tensor([0.9, 0.1]), target=0.5, decay=0.75)
    assert rows.tolist() == pytest.approx([0.4, 0.6])


def test_the_aim_of_adaptive_p_is_that_of_llama_cpp():
    generator = torch.Generator().manual_seed(0)
    for target, decay in ((0.5, 0.9), (0.2, 0.99), (1.0, 0.0)):
        aim, total, weight = target, target / (1 - decay), 1 / (1 - decay)
        for p in torch.rand(200, generator=generator, dtype=torch.float64).tolist():
            total, weight = p + decay * total, 1 + decay * weight
            aim = adaptive_p_update(aim, p, target, decay)
            assert aim == pytest.approx(2 * target - total / weight, abs=1e-12)


@pytest.mark.parametrize("target", [0.15, 0.3])
def test_adaptive_p_holds_the_probability_near_its_target(target):
    generator = torch.Generator().manual_seed(0)
    x = min_p(-1.1 * torch.arange(1.0, 1001).log(), 0.05)
    probs = x.softmax(-1)  # 0.33, 0.15, 0.10, …
    aim, steered, drawn = target, [], []
    for _ in range(1500):
        steered.append(probs[sample(adaptive_p(x, aim), generator)].item())
        drawn.append(probs[sample(x, generator)].item())
        aim = adaptive_p_update(aim, steered[-1], target)
    assert abs(np.mean(steered) - target) < 0.05
    assert np.std(steered[-50:]) > 0  # it is not stuck at one token
    assert target == 0.15 or abs(np.mean(drawn) - target) > 0.1


def test_contrast_worked_by_hand():
    even = torch.zeros(4, dtype=torch.float64)
    two = math.log(2)
    assert contrast(HALVES, even, 0.25).tolist() == pytest.approx([two, 0, -two, -two])
    assert contrast(HALVES, even, 0.26).tolist() == pytest.approx([two, 0, -INF, -INF])
    bored = torch.tensor([0.5, 0.125, 0.25, 0.125]).log()  # likes the first one as much
    scores = contrast(HALVES, bored, 0.25)
    assert scores.tolist() == pytest.approx([0, two, -two, 0], abs=1e-6)
    # neither likes the last one, and the amateur likes it less: the bar is there to stop it
    expert, amateur = torch.tensor([[0.0, -1, -20], [0, -1, -40]])
    assert greedy(contrast(expert, amateur, 0)) == 2 != greedy(contrast(expert, amateur, 1e-6))
    assert support(contrast(expert, amateur.masked_fill(amateur < -9, -INF), 0.1)) == [0, 1]


@pytest.mark.parametrize("two", [lambda x, y: contrast(x, y, 0), lambda x, y: guide(x, y, 3)])
def test_scores_outside_the_range_stay_finite(two):
    x = torch.tensor([[6e4, 5e4, -6e4, -INF]], dtype=torch.float16)
    for row, other in ((x, -x), (-x, x)):
        row, other = (y.masked_fill(x.isneginf(), -INF) for y in (row, other))
        scores = two(row, other)
        assert scores.dtype == torch.float16 and scores.isneginf().tolist() == [
            [False] * 3 + [True]
        ]
        assert scores.isfinite().sum() == 3 and greedy(scores) == greedy(row)


def test_guide_worked_by_hand():
    with_, without = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]).log()
    assert torch.allclose(guide(with_, without, 1), with_)
    assert torch.allclose(guide(with_, without, 0), without)
    # the squares over the other's: 1, 1/4, 1/8
    probs = guide(with_ + 3, without - 5, 2).softmax(-1)
    assert torch.allclose(probs, torch.tensor([8, 2, 1]) / 11)
    assert support(guide(torch.tensor([0.0, -INF, 1]), torch.zeros(3), 0)) == [0, 2]


@many
@given(logits(vocab=400, dtypes=[torch.float32]), st.floats(0, 5))
def test_guide_is_that_of_transformers(x, gamma):
    other = (x / 3).roll(1, -1).clamp(min=-20)

    class Theirs(UnbatchedClassifierFreeGuidanceLogitsProcessor):
        def get_unconditional_logits(self, ids):
            return other[:, None]

    theirs = Theirs(gamma, None)(None, x).masked_fill(x.isneginf(), -INF)
    size = 1 + gamma * float(other.abs().max() + x[x.isfinite()].abs().max())
    difference = guide(x, other, gamma).softmax(-1) - theirs.softmax(-1)
    assert difference.abs().max() < 1e-6 * size


@each
@given(rows)
def test_nothing_is_changed_in_place(name, x):
    before = x.clone()
    STRATEGIES[name](x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", RESHAPE | TRUNCATE)
@given(logits(vocab=400))
def test_the_rest_of_a_row_is_left_as_it_is(name, x):
    out = STRATEGIES[name](x)
    assert out.dtype == x.dtype and out.shape == x.shape
    assert out.isneginf()[x.isneginf()].all()
    assert (~out.isneginf()).any(dim=-1).all() and not out.isnan().any()
    if name in TRUNCATE:
        assert torch.equal(out, x.masked_fill(out.isneginf(), -INF))
    if name not in ("typical_p", "xtc"):
        assert not out.gather(-1, greedy(x).unsqueeze(-1)).isneginf().any()


@each
@given(
    arrays("float32", array_shapes(min_dims=1, max_dims=4, max_side=5), elements=st.floats(-9, 9))
)
def test_a_batch_of_any_shape_is_its_rows_one_by_one(name, x):
    x = torch.from_numpy(x)
    if name in ("xtc", "sample"):
        numbers, one = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
        draw = {"xtc": lambda x, g: xtc(x, 0.1, 0.5, g), "sample": sample}[name]
        whole, single = draw(x, numbers), [draw(row, one) for row in x.reshape(-1, x.shape[-1])]
    else:
        whole = STRATEGIES[name](x)
        single = [STRATEGIES[name](row) for row in x.reshape(-1, x.shape[-1])]
    assert torch.equal(whole, torch.stack(single).reshape(whole.shape))


@each
def test_a_vocabulary_of_one(name):
    one = torch.tensor([[2.0], [-3.0]])
    out = STRATEGIES[name](one)
    assert out.tolist() == [0, 0] if name in DRAW else out.isfinite().all()


@each
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.tensor([1.0, math.nan]), "NaN"),
        (torch.tensor([[1.0, 2.0], [-INF, -INF]]), "-inf everywhere"),
        (torch.tensor([1.0, INF]), "+inf"),
        (torch.tensor([1, 2]), "floats, got torch.int64"),
        (torch.tensor(1.0), "(..., vocab)"),
        ([1.0, 2.0], "got list"),
    ],
)
def test_bad_logits_are_named(name, bad, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        STRATEGIES[name](bad)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: temperature(NINE, 0), "temperature must be in (0, inf), got 0. For 0 use greedy"),
        (lambda: temperature(NINE, -1), "got -1"),
        (lambda: temperature(NINE, math.nan), "got nan"),
        (lambda: temperature(NINE, INF), "got inf"),
        (lambda: temperature(NINE, "hot"), "got 'hot'"),
        (lambda: top_p(NINE, 0), "top_p must be in (0, 1], got 0"),
        (lambda: top_p(NINE, 1.7), "got 1.7. Use 1.0 to switch it off"),
        (lambda: top_k(NINE, 0), "top_k must be a whole number of at least 1, got 0"),
        (lambda: top_k(NINE, 2.0), "got 2.0"),
        (lambda: top_k(NINE, True), "got True"),
        (lambda: dynamic_temperature(NINE, 0, 1), "low must be in (0, inf), got 0. For one"),
        (lambda: dynamic_temperature(NINE, 2, 1), "high must be in [2, inf), got 1"),
        (lambda: dynamic_temperature(NINE, 1, 2, 0), "exponent must be in (0, inf), got 0"),
        (lambda: min_p(NINE, 1.1), "min_p must be in [0, 1], got 1.1. Use 0 to switch it off"),
        (lambda: min_p(NINE, math.nan), "got nan"),
        (lambda: min_p(NINE, True), "got True"),
        (lambda: top_a(NINE, -0.1), "top_a must be in [0, 1], got -0.1"),
        (lambda: typical_p(NINE, 0), "typical_p must be in (0, 1], got 0. Use 1.0"),
        (lambda: epsilon_cutoff(NINE, 2), "epsilon_cutoff must be in [0, 1], got 2"),
        (lambda: eta_cutoff(NINE, "low"), "eta_cutoff must be in [0, 1], got 'low'"),
        (lambda: top_n_sigma(NINE, 0), "top_n_sigma must be in (0, inf), got 0. Leave it out"),
        (lambda: top_h(NINE, 1.01), "top_h must be in (0, 1], got 1.01"),
        (lambda: xtc(NINE, 0.6, 1, None), "threshold must be in (0, 0.5], got 0.6. No two"),
        (lambda: xtc(NINE, 0.0, 1, None), "got 0.0"),
        (lambda: xtc(NINE, 0.1, 1.5, None), "probability must be in [0, 1], got 1.5"),
        (lambda: mirostat(NINE, INF), "mu must be in (-inf, inf), got inf. It starts at 2 * tau"),
        (lambda: mirostat(NINE, torch.tensor(math.nan)), "mu must be finite floats"),
        (lambda: mirostat(NINE, torch.tensor(3)), "mu must be finite floats, got 3"),
        (lambda: mirostat(NINE, torch.ones(2)), "mu must be a number or of shape (), got (2,)"),
        (lambda: mirostat_update(math.nan, 1.0), "mu must be in (-inf, inf), got nan"),
        (lambda: mirostat_update(6.0, torch.tensor(INF)), "surprise must be finite floats"),
        (lambda: mirostat_update(6.0, 1.0, tau=0), "tau must be in (0, inf), got 0"),
        (lambda: mirostat_update(6.0, 1.0, eta=-1), "eta must be in (0, inf), got -1"),
        (lambda: adaptive_p(NINE, INF), "aim must be in (-inf, inf), got inf. It starts at the"),
        (lambda: adaptive_p(NINE, torch.ones(2)), "aim must be a number or of shape (), got (2,)"),
        (lambda: adaptive_p_update(math.nan, 0.5, 0.5), "aim must be in (-inf, inf), got nan"),
        (lambda: adaptive_p_update(0.5, -0.7, 0.5), "probability must be in [0, 1], got -0.7"),
        (lambda: adaptive_p_update(0.5, 1 + HALVES, 0.5), "probability must be floats in [0, 1]"),
        (lambda: adaptive_p_update(0.5, 0.5, -1), "target must be in [0, 1], got -1"),
        (lambda: adaptive_p_update(0.5, 0.5, 0.5, 1.0), "decay must be in [0, 0.99], got 1.0"),
        (lambda: contrast(NINE, NINE, 1.1), "alpha must be in [0, 1], got 1.1. Use 0 to score all"),
        (lambda: contrast(NINE, NINE[:4]), "amateur must be of shape (9,), got (4,)"),
        (lambda: contrast(NINE, NINE * math.nan), "NaN"),
        (lambda: contrast(NINE, top_k(NINE, 1)), "amateur must not be -inf at a token that is"),
        (lambda: guide(NINE, NINE, -1), "gamma must be in [0, inf), got -1. Use 1 for the model"),
        (lambda: guide(NINE, NINE[None]), "unconditional must be of shape (9,), got (1, 9)"),
        (lambda: guide(NINE, top_k(NINE, 2)), "unconditional must not be -inf at a token that is"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


# The value that a thousandth of all chi-square sums exceeds, by degrees of freedom.
CHI_SQUARE = {1: 10.8, 2: 13.8, 3: 16.3, 4: 18.5, 5: 20.5, 6: 22.5, 7: 24.3, 8: 26.1}


def assert_drawn_as(draws, expected):
    """The counts of a million draws fit the expected probabilities; none is of a cut token."""
    counts = draws.bincount(minlength=len(expected))
    kept = expected > 0
    assert (counts[~kept] == 0).all()
    expected = expected[kept] * 1_000_000
    chi_square = ((counts[kept] - expected) ** 2 / expected).sum()
    assert chi_square < CHI_SQUARE[len(expected) - 1]


@pytest.mark.parametrize(
    ("name", "process", "kept"),
    [
        ("nothing", lambda x: x, range(9)),
        ("top_k", lambda x: top_k(x, 4), [3, 7, 0, 8]),
        ("top_p", lambda x: top_p(x, 0.97), [3, 7, 0]),
        ("min_p", lambda x: min_p(x, 0.005), [3, 7, 0, 8, 4]),
        ("top_a", lambda x: top_a(x, 0.1), [3, 7, 0]),
        ("typical_p", lambda x: typical_p(x, 0.5), [7, 3]),
        ("epsilon_cutoff", lambda x: epsilon_cutoff(x, 0.001), [3, 7, 0, 8, 4, 1]),
        ("eta_cutoff", lambda x: eta_cutoff(x, 0.001), [3, 7, 0, 8, 4, 1]),
        ("top_n_sigma", lambda x: top_n_sigma(x, 1.5), [3, 7, 0]),
        ("top_h", lambda x: top_h(x, 0.95), [3, 7, 0]),
        ("mirostat", lambda x: mirostat(x, 8.0), [3, 7, 0, 8]),
    ],
)
def test_draws_follow_the_distribution_of_the_kept_tokens(name, process, kept):
    draws = sample(process(NINE).expand(1_000_000, 9), torch.Generator().manual_seed(1))
    expected = torch.zeros(9, dtype=torch.float64)
    expected[list(kept)] = NINE.double()[list(kept)].softmax(-1)
    assert_drawn_as(draws, expected)


def test_draws_after_xtc_follow_the_mixture_of_cut_and_uncut():
    generator = torch.Generator().manual_seed(2)
    cut = xtc(NINE.expand(1_000_000, 9), 0.05, 0.3, generator)
    without = NINE.double()
    without[[3, 7]] = -INF  # 0, 3 and 7 reach 0.05; 0 is the least likely of them
    expected = 0.7 * NINE.double().softmax(-1) + 0.3 * without.softmax(-1)
    assert_drawn_as(sample(cut, generator), expected)


def test_draws_at_a_temperature_follow_its_distribution():
    generator = torch.Generator().manual_seed(3)
    draws = sample(temperature(NINE, 2.0).expand(1_000_000, 9), generator)
    assert_drawn_as(draws, (NINE.double() / 2).softmax(-1))


@given(rows, st.integers(0, 2**32))
def test_a_cut_token_is_never_drawn_and_a_seed_repeats(x, seed):
    cut = top_k(x, 1 + x.shape[-1] // 2)
    drawn = sample(cut, torch.Generator().manual_seed(seed))
    assert not cut.gather(-1, drawn.unsqueeze(-1)).isneginf().any()
    assert torch.equal(drawn, sample(cut, torch.Generator().manual_seed(seed)))


def test_the_last_uniform_number_still_gives_a_kept_token(monkeypatch):
    largest = torch.tensor([[1 - 2.0**-53]], dtype=torch.float64)
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: largest)
    logits = torch.tensor([[0.1, 0.2, 0.3, -INF, -INF]])
    assert sample(logits, torch.Generator()).tolist() == [2]


# Against transformers, or where it lacks the method, against the formula in float64. Both results
# of a pair must be what float64 says, but for tokens within float32 noise of the bar.
NOISE = 1e-5


small = st.floats(-6, -0.001).map(lambda e: 10.0**e)


def log_probs(x):
    return x.double().log_softmax(-1)


def entropy(x):
    logp = log_probs(x)
    return -(logp.exp() * logp).nansum(-1, keepdim=True)


def is_best(x):
    return x == x.max(-1, keepdim=True).values


def assert_keeps(cut, x, margin):
    """Every token with a margin of at least 0 is kept, and no other; -inf tokens stay cut."""
    kept = ~cut.isneginf()
    assert torch.equal(cut, x.masked_fill(~kept, -INF))
    wrong = (kept != (margin >= 0)) & ~x.isneginf()
    assert (margin[wrong].abs() <= NOISE).all()


def assert_keeps_first(cut, x, reached, bar):
    """The most likely tokens are kept while `reached`, given by rank, is at most the bar."""
    kept = ~cut.isneginf()
    assert torch.equal(cut, x.masked_fill(~kept, -INF))
    ranked = x.sort(-1, descending=True).values
    first = torch.arange(x.shape[-1]) < kept.sum(-1, keepdim=True)
    wrong = (first != (reached <= bar)) & ~ranked.isneginf()
    assert first[:, 0].all()  # the best one, whatever the bar
    assert ((reached - bar)[:, 1:][wrong[:, 1:]].abs() <= NOISE).all()
    taken = cut.sort(-1, descending=True).values
    assert torch.allclose(taken, ranked.masked_fill(~first, -INF), rtol=0, atol=NOISE)


@many
@given(logits(), st.floats(0.01, 20))
def test_temperature_is_that_of_transformers(x, t):
    theirs = TemperatureLogitsWarper(t)(None, x)
    fits = ~(theirs.isinf() & ~x.isinf()).any(-1)
    assert torch.equal(temperature(x, t)[fits], theirs[fits])


@many
@given(logits(), st.integers(1, 60) | st.integers(1, 6000))
def test_top_k_is_that_of_transformers_but_for_ties(x, k):
    ours, theirs = top_k(x, k), TopKLogitsWarper(k)(None, x)
    for row, mine, other in zip(x, ours, theirs, strict=True):
        order = np.argsort(-row.float().numpy(), kind="stable")
        first = order[: min(k, int((~row.isneginf()).sum()))]
        assert support(mine) == sorted(first.tolist())
        if len(support(other)) == len(first):
            assert torch.equal(mine, other)
        else:
            assert set(support(mine)) < set(support(other))
            dropped = other.isfinite() & mine.isneginf()
            assert (row[dropped] == row[order[k - 1]]).all()


@many
@given(logits(), st.floats(0.001, 1))
def test_top_p_is_that_of_transformers_but_for_ties(x, p):
    probs = log_probs(x).exp().sort(-1, descending=True).values
    for cut in top_p(x, p), TopPLogitsWarper(p)(None, x.float()).to(x.dtype):
        assert_keeps_first(cut, x, probs.cumsum(-1) - probs, p)


@many
@given(logits(), small | st.sampled_from([0, 0.25, 0.5, 1]))
def test_min_p_is_that_of_transformers(x, p):
    best = x.double().amax(-1, keepdim=True)
    margin = x.double() - best - (math.log(p) if p else -INF)
    for cut in min_p(x, p), MinPLogitsWarper(p)(None, x.float()).to(x.dtype):
        assert_keeps(cut, x, margin)


@many
@given(logits(), st.floats(0.001, 0.999))
def test_typical_p_is_that_of_transformers_but_for_ties(x, p):
    ours = typical_p(x, p)
    theirs = TypicalLogitsWarper(p)(None, x.float()).to(x.dtype)
    logp = log_probs(x)
    probs, far = logp.exp(), (-logp - entropy(x)).abs()
    for cut in ours, theirs:
        kept = ~cut.isneginf()
        assert torch.equal(cut, x.masked_fill(~kept, -INF))
        farthest = far.masked_fill(~kept, 0).amax(-1, keepdim=True)
        slack = NOISE + 2e-6 * farthest
        nearer, last = far < farthest - slack, kept & (far >= farthest - slack)
        assert kept[nearer].all()
        assert ((probs * kept).sum(-1) >= p - NOISE).all()
        assert ((probs * nearer).sum(-1) < p + NOISE).all()
        if cut is ours:  # no more ties than it takes
            spare = (probs * last).amax(-1)
            assert ((probs * kept).sum(-1) - spare < p + NOISE).all()


@many
@given(logits(), small)
def test_epsilon_cutoff_is_that_of_transformers(x, epsilon):
    margin = (log_probs(x) - math.log(epsilon)).masked_fill(is_best(x), INF)
    for cut in epsilon_cutoff(x, epsilon), EpsilonLogitsWarper(epsilon)(None, x.float()):
        assert_keeps(cut.to(x.dtype), x, margin)


@many
@given(logits(), small)
def test_eta_cutoff_is_that_of_transformers(x, epsilon):
    eta = (0.5 * math.log(epsilon) - entropy(x)).clamp(max=math.log(epsilon))
    margin = (log_probs(x) - eta).masked_fill(is_best(x), INF)
    for cut in eta_cutoff(x, epsilon), EtaLogitsWarper(epsilon)(None, x.float()):
        assert_keeps(cut.to(x.dtype), x, margin)


@many
@given(logits(), st.floats(0.001, 0.999))
def test_top_h_equals_transformers_on_a_hundred_tokens(x, h):
    """Both are prefixes by a bar of h * entropy; and ours is one by the sum over all tokens."""
    hundred = top_k(x, 100)
    terms = share_of_entropy(hundred)
    bar = h * terms.sum(-1, keepdim=True)
    reached = terms.cumsum(-1)
    assert_keeps_first(top_h(hundred, h), hundred, reached, bar)
    reached[:, 100:] = INF
    theirs = TopHLogitsWarper(h)(None, x.float()).to(x.dtype)
    assert_keeps_first(theirs, x, reached, bar)  # of equals, other ones are its best hundred
    terms = share_of_entropy(x)
    assert_keeps_first(top_h(x, h), x, terms.cumsum(-1), h * terms.sum(-1, keepdim=True))


def share_of_entropy(x):
    """-p log p in float64, the likeliest token first."""
    probs = log_probs(x).exp().sort(-1, descending=True).values
    return -(probs * probs.log()).nan_to_num(0.0)


@many
@given(logits(), small | st.sampled_from([0, 0.25, 0.5, 1]))
def test_top_a_is_its_formula(x, a):
    logp = log_probs(x)
    bar = 2 * logp.amax(-1, keepdim=True) + (math.log(a) if a else -INF)
    assert_keeps(top_a(x, a), x, logp - bar)


@many
@given(logits(), st.floats(0.01, 5))
def test_top_n_sigma_is_its_formula(x, n):
    margin = torch.full(x.shape, -INF, dtype=torch.float64)
    for row, out in zip(x.double(), margin, strict=True):
        some = row[row.isfinite()]
        spread = some.std(correction=0).clamp(min=1e-12)
        out[row.isfinite()] = (some - some.max()) / spread + n
    assert_keeps(top_n_sigma(x, n), x, margin)


@many
@given(logits(), st.floats(0.001, 0.5), st.floats(0, 1), st.integers(0, 2**32))
def test_xtc_is_its_rule(x, threshold, probability, seed):
    out = xtc(x, threshold, probability, torch.Generator().manual_seed(seed))
    u = torch.rand(len(x), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    margin = log_probs(x) - math.log(threshold)
    for row, cut, number, over in zip(x, out, u, margin, strict=True):
        reach = (over >= 0).nonzero().flatten().tolist()
        gone = sorted(set(support(row)) - set(support(cut)))
        assert torch.equal(cut, row.masked_fill(cut.isneginf(), -INF))
        if over.abs().min() <= NOISE:
            continue  # too near the threshold to tell
        if number >= probability or len(reach) < 2:
            assert gone == []
        else:
            (stays,) = set(reach) - set(gone)
            assert len(gone) == len(reach) - 1
            assert row[stays] <= row[reach].min() + 1e-6


@many
@given(logits(), st.floats(0.05, 2), st.floats(0, 3), st.floats(0.5, 4))
def test_dynamic_temperature_is_its_formula(x, low, width, exponent):
    out = dynamic_temperature(x, low, low + width, exponent)
    for row, got in zip(x.double(), out, strict=True):
        some = row[row.isfinite()]
        p = (some - some.max()).exp() / (some - some.max()).exp().sum()
        bits = -(p * p.log2()).nansum().item()
        share = bits / math.log2(len(some)) if len(some) > 1 else 0.0
        expected = row / (low + width * share**exponent)
        info = torch.finfo(x.dtype)
        if some.abs().max() / low < info.max:
            assert got.isneginf().equal(row.isneginf())
            error = (got.double() - expected)[row.isfinite()].abs()
            rounding = (info.eps + 1e-6) * expected[row.isfinite()].abs() + info.tiny
            assert (error <= rounding).all()


@many
@given(logits(), st.floats(-2, 20), st.booleans(), st.integers(0, 2**32))
def test_mirostat_is_its_formula(x, mu, by_row, seed):
    if by_row:
        mu = mu * torch.rand(len(x), generator=torch.Generator().manual_seed(seed))
    bar = mu.double().unsqueeze(-1) if by_row else mu
    margin = (log_probs(x) + bar * math.log(2)).masked_fill(is_best(x), INF)
    assert_keeps(mirostat(x, mu), x, margin)


# The intended differences from transformers


def test_top_k_keeps_k_where_transformers_keeps_all_ties():
    x = torch.tensor([[3.0, 2, 2, 2, 1]])
    assert support(top_k(x, 2)[0]) == [0, 1]
    assert support(TopKLogitsWarper(2)(None, x)[0]) == [0, 1, 2, 3]


def test_top_p_keeps_the_lowest_ids_where_transformers_keeps_the_highest():
    x = torch.zeros(1, 4)
    assert support(top_p(x, 0.5)[0]) == [0, 1]
    assert support(TopPLogitsWarper(0.5)(None, x)[0]) == [2, 3]


def test_top_p_of_one_keeps_a_token_that_float32_gives_no_probability():
    x = torch.tensor([[0.0, -200]])
    assert support(top_p(x, 1.0)[0]) == [0, 1]
    assert support(TopPLogitsWarper(1.0)(None, x)[0]) == [0]


def test_typical_p_keeps_what_it_takes_where_transformers_keeps_all_ties():
    x = torch.zeros(1, 4)
    assert support(typical_p(x, 0.5)[0]) == [0, 1]
    assert support(TypicalLogitsWarper(0.5)(None, x)[0]) == [0, 1, 2, 3]


def test_top_h_looks_at_all_tokens_where_transformers_looks_at_a_hundred():
    x = torch.zeros(1, 1024)  # each holds as much
    assert len(support(top_h(x, 0.9551)[0])) == 978
    assert len(support(TopHLogitsWarper(0.9551)(None, x)[0])) == 95


@pytest.mark.parametrize(
    ("ours", "theirs", "x", "number", "right", "rounded"),
    [
        # the two best hold 0.799
        (top_p, TopPLogitsWarper, [1.0, 2, 2, 0], 0.8, [0, 1, 2], [1, 2]),
        (typical_p, TypicalLogitsWarper, [1.0, 2, 2, 0], 0.8, [0, 1, 2], [1, 2]),
        # the last is 0.0498 times as likely as the best
        (min_p, MinPLogitsWarper, [1.0, 3, 3, 0], 0.05, [0, 1, 2], [0, 1, 2, 3]),
        # the last has 0.06337
        (epsilon_cutoff, EpsilonLogitsWarper, [2.0, 2, 0], 0.0634, [0, 1], [0, 1, 2]),
        # the first has 0.1152, eta is 0.1151
        (eta_cutoff, EtaLogitsWarper, [1.0, 2, 2.5, 0], 0.12, [0, 1, 2], [1, 2]),
    ],
)
def test_the_cut_is_right_in_bfloat16_where_transformers_rounds(
    ours, theirs, x, number, right, rounded
):
    x = torch.tensor([x], dtype=torch.bfloat16)
    assert support(ours(x, number)[0]) == right
    assert support(theirs(number)(None, x)[0]) == rounded
    assert support(theirs(number)(None, x.float())[0]) == right
