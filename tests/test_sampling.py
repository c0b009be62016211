import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.sampling import greedy, sample, temperature, top_k, top_p

INF = math.inf
NINE = torch.tensor([4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79])
STRATEGIES = [
    greedy,
    lambda x: temperature(x, 0.7),
    lambda x: top_k(x, 2),
    lambda x: top_p(x, 0.9),
    lambda x: sample(x, torch.Generator()),
]

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


@given(rows)
def test_nothing_is_changed_in_place(x):
    before = x.clone()
    for strategy in STRATEGIES:
        strategy(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (torch.tensor([1.0, math.nan]), "NaN"),
        (torch.tensor([[1.0, 2.0], [-INF, -INF]]), "-inf everywhere"),
        (torch.tensor([1.0, INF]), "+inf"),
        (torch.tensor([1, 2]), "floats, got torch.int64"),
        (torch.tensor(1.0), "(..., vocab)"),
        ([1.0, 2.0], "got list"),
    ],
)
def test_bad_logits_are_named(strategy, logits, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        strategy(logits)


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
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_draws_follow_the_distribution():
    draws = sample(NINE.expand(1_000_000, 9), torch.Generator().manual_seed(1))
    expected = NINE.double().softmax(-1) * 1_000_000
    chi_square = ((draws.bincount(minlength=9) - expected) ** 2 / expected).sum()
    assert chi_square < 26.1  # 8 degrees of freedom, one in a thousand lies above


@settings(max_examples=50)
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
