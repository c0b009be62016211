"""Every strategy against its definition in float64: 200 seeded cases each, 10,000 in `make prove`.

Vocabularies to 151,936, any leading shape, four dtypes, ties, -inf, and parameters at their ends.
"""

import math
import random
from functools import partial

import numpy as np
import oracles
import pytest
import torch

from course_utils import metrics, penalties, sampling
from course_utils.shortlist import quick_draw

INF = math.inf
counted = pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.prove)])
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LARGEST = 151_936


def cases(name: str, count: int, shapes=((), (1,), (2,), (3, 2))):
    """Pairs of logits (*shape, vocab) and a source of numbers for the parameters."""
    for seed in range(count):
        pick = random.Random(f"{name} {seed}")
        rng = np.random.default_rng([seed, len(name)])
        vocab = LARGEST if seed % 100 == 7 else pick.choice([pick.randint(1, 12), 40, 300, 2000])
        shape = (2,) if vocab == LARGEST else pick.choice(shapes)
        dtype = DTYPES[seed % 4]
        spread = pick.choice([0.01, 1.0, 3.0, 8.0, 30.0, 1e4])
        x = rng.standard_normal((*shape, vocab)) * spread
        if pick.random() < 0.25:  # a handful of values: nearly all are tied
            x = (x / spread).round() * min(spread, 100.0)
        if pick.random() < 0.25:  # apart in float64, equal to float32
            x = x.round(1) + rng.integers(0, 3, x.shape) * 1e-10
        if pick.random() < 0.3:  # cut by an earlier strategy; one a row is spared
            cut = rng.random(x.shape) < pick.choice([0.1, 0.9, 1.0])
            np.put_along_axis(cut, rng.integers(0, vocab, (*shape, 1)), False, axis=-1)
            x = np.where(cut, -INF, x)
        yield torch.from_numpy(np.asarray(x)).to(dtype), pick


@pytest.fixture(autouse=True)
def infinity_minus_infinity():
    """At tokens that were cut before, which the masks leave out."""
    with np.errstate(invalid="ignore"):
        yield


def by_row(*tensors):
    """The rows of logits in float64, and beside each those of the others."""
    vocab = tensors[0].shape[-1]
    return zip(*(x.double().reshape(-1, vocab).numpy() for x in tensors), strict=True)


def fraction(pick, least=5e-324):
    return pick.choice([least, 1e-46, 7e-46, 1e-9, 0.5, 0.9, 0.999, 1 - 2**-53, 1.0, pick.random()])


def k_of(pick):
    return pick.choice([1, 2, 50, LARGEST, 10**9, pick.randint(1, 300)])


CUTS = {
    "top_k": (sampling.top_k, oracles.top_k, k_of),
    "top_p": (sampling.top_p, oracles.top_p, fraction),
    "typical_p": (sampling.typical_p, oracles.typical_p, fraction),
    "min_p": (sampling.min_p, oracles.min_p, partial(fraction, least=0)),
    "top_a": (sampling.top_a, oracles.top_a, partial(fraction, least=0)),
    "p_less": (lambda x, _: sampling.p_less(x), lambda x, _: oracles.p_less(x), lambda pick: None),
    "epsilon_cutoff": (sampling.epsilon_cutoff, oracles.epsilon_cutoff, partial(fraction, least=0)),
    "eta_cutoff": (sampling.eta_cutoff, oracles.eta_cutoff, partial(fraction, least=0)),
    "top_n_sigma": (
        sampling.top_n_sigma,
        oracles.top_n_sigma,
        lambda pick: pick.choice([5e-324, 1e-9, 1.0, 100.0, pick.uniform(0, 4)]),
    ),
    "top_h": (sampling.top_h, oracles.top_h, fraction),
    "mirostat": (
        sampling.mirostat,
        oracles.mirostat,
        lambda pick: pick.choice([-1e300, 0.0, 1e300, pick.uniform(0, 20)]),
    ),
}


@counted
@pytest.mark.parametrize("name", CUTS)
def test_a_cut_keeps_what_its_definition_keeps(name, count):
    strategy, oracle, parameter = CUTS[name]
    for x, pick in cases(name, count):
        value = parameter(pick)
        cut = strategy(x, value)
        assert cut.dtype == x.dtype
        for got, row in by_row(cut, x):
            assert_kept(got, row, *oracle(row, value))


def assert_kept(got, row, kept, near):
    """Whether `got` has -inf where `kept` is false, and the row's own number elsewhere."""
    expected = kept & ~np.isneginf(row)
    assert not ((~np.isneginf(got) != expected) & ~near).any()
    assert np.isfinite(got).any()
    assert (got[np.isfinite(got)] == row[np.isfinite(got)]).all()


@counted
def test_xtc_cuts_what_its_definition_cuts(count):
    for x, pick in cases("xtc", count):
        threshold = pick.choice([5e-324, 1e-46, 0.1, 0.5, pick.uniform(0, 0.5) or 0.1])
        probability = pick.choice([0, 0.5, 1])
        seed = pick.randrange(2**32)
        cut = sampling.xtc(x, threshold, probability, torch.Generator().manual_seed(seed))
        rows = math.prod(x.shape[:-1])
        drawn = torch.rand(rows, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for (got, row), u in zip(by_row(cut, x), drawn.tolist(), strict=True):
            assert_kept(got, row, *oracles.xtc(row, threshold, u < probability))


@counted
def test_greedy_takes_the_largest_logit(count):
    for x, _ in cases("greedy", count):
        got = sampling.greedy(x).reshape(-1).tolist()
        assert got == [oracles.greedy(row) for [row] in by_row(x)]


@counted
def test_temperature_divides(count):
    for x, pick in cases("temperature", count):
        t = pick.choice([5e-324, 1e-30, 0.01, 1.0, 100.0, 1e300, pick.uniform(0.1, 3)])
        for got, row in by_row(sampling.temperature(x, t), x):
            assert_divided(got, row, t, x.dtype)


@counted
def test_dynamic_temperature_divides_by_what_its_definition_gives(count):
    for x, pick in cases("dynamic", count):
        low, exponent = pick.choice([0.01, 1.0, pick.uniform(0.1, 2)]), pick.uniform(0.2, 3)
        high = low + pick.choice([0, 1.0, pick.uniform(0, 2)])
        for got, row in by_row(sampling.dynamic_temperature(x, low, high, exponent), x):
            t, *near = oracles.dynamic_temperature(row, low, high, exponent)
            slack = 2 * max(abs(other / t - 1) for other in near)
            assert_divided(got, row, t, x.dtype, slack)


def assert_divided(got, row, t, dtype, slack=0.0):
    """Whether `got` is row / t rounded to the dtype, or, where it cannot hold that, as likely."""
    info, single = torch.finfo(dtype), torch.finfo(torch.float32)
    # Below float64 the arithmetic is float32, for a number as for t.
    eps = 4 * (info.eps + (0 if dtype == torch.float64 else single.eps)) + slack
    small = info.smallest_normal + (0 if dtype == torch.float64 else single.smallest_normal)
    assert (np.isneginf(got) >= np.isneginf(row)).all() and not np.isnan(got).any()
    with np.errstate(over="ignore"):
        wide = row / t
        lowered = (row - row.max()) / t
    finite = np.isfinite(row)
    if abs(wide[finite]).max() <= info.max and t > single.smallest_normal:
        assert (abs(got - wide)[finite] <= eps * abs(wide[finite]) + small).all()
        return
    wanted = lowered if got.max() == 0 else wide
    likely = finite & (lowered > -700)
    assert (abs(got - wanted)[likely] <= eps * abs(wanted[likely]) + small).all()


@counted
def test_adaptive_p_gives_what_its_definition_gives(count):
    for x, pick in cases("adaptive", count):
        aim = pick.choice([-3.0, 0.0, 0.5, 1.0, 7.0, pick.random()])
        got = sampling.adaptive_p(x, aim)
        assert got.dtype == x.dtype
        for out, row in by_row(got, x):
            assert_scored(out, oracles.adaptive_p(row, aim), False, 1, x.dtype)


@counted
@pytest.mark.parametrize("name", ["contrast", "guide"])
def test_two_views_give_what_their_definition_gives(name, count):
    for x, pick in cases(name, count):
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(pick.randrange(2**32)))
        other = pick.choice([0.0, 0.5, 1.0]) * x.double().clamp(min=-1e5) + noise
        if pick.random() < 0.5:
            other = other.masked_fill(x.isneginf(), -INF)
        other = other.to(pick.choice(DTYPES[1:]))
        value = pick.choice([0, 0.1, 1, pick.random(), *([1.5, 7.0] if name == "guide" else [])])
        got = getattr(sampling, name)(x, other, value)
        assert got.dtype == x.dtype
        for out, row, beside in by_row(got, x, other):
            size = abs(row[np.isfinite(row)]).max() + abs(beside[np.isfinite(row)]).max()
            wanted, near = getattr(oracles, name)(row, beside, value)
            assert_scored(out, wanted, near, (1 + value) * (1 + size), x.dtype)


def assert_scored(got, wanted, near, size, dtype):
    """Whether got is wanted, rounded to the dtype; size: of the numbers that it was made of.

    What is below the range stays at its end, and a best one outside of it is moved to 0.
    """
    info = torch.finfo(dtype)
    finite = np.isfinite(got)
    assert finite.any() and not np.isnan(got).any()
    assert not ((finite != np.isfinite(wanted)) & ~near).any()
    finite &= np.isfinite(wanted)
    got, wanted = got[finite], wanted[finite]
    if abs(wanted.max()) > info.max:
        wanted = wanted - wanted.max()
    wanted = wanted.clip(min=-info.max)
    rounding = info.eps * abs(wanted) + oracles.NEAR * size + info.smallest_normal
    assert (abs(got - wanted) <= rounding).all()


@counted
def test_a_draw_falls_where_its_number_says(count):
    for x, pick in cases("sample", count):
        seed = pick.randrange(2**32)
        got = sampling.sample(x, torch.Generator().manual_seed(seed)).reshape(-1).tolist()
        us = torch.rand(
            len(got), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        for token, u, [row] in zip(got, us.tolist(), by_row(x), strict=True):
            low, high = oracles.sample(row, u)
            assert low <= token <= high and row[token] > -INF


@counted
def test_the_quick_draw_keeps_and_draws_what_the_definitions_do(count):
    taken = 0
    for x, pick in cases("quick", count, shapes=((1,), (2,), (16,))):
        x = x.float()
        if x.isinf().all(dim=-1).any():
            continue
        t = pick.choice([0.0, 0.01, 1.0, pick.uniform(0.2, 3)])
        k, p = pick.choice([None, k_of(pick)]), fraction(pick)
        seeds = range(len(x))
        quick = quick_draw(x, t, k, p, [torch.Generator().manual_seed(seed) for seed in seeds])
        if quick is None:
            continue
        taken += 1
        tokens, left, ids = quick
        full = torch.full_like(x, -INF).scatter(-1, ids, left)
        divided = sampling.temperature(x, t) if t else x
        for i, (got, row) in enumerate(by_row(full, divided)):
            first, _ = oracles.top_k(row, 1 if t == 0 else k or len(row))
            row = np.where(first, row, -INF)
            assert_kept(got, row, *oracles.top_p(row, p))
            u = torch.rand(1, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
            low, high = oracles.sample(got, u.item())
            assert low <= tokens[i] <= high
    assert taken > count / 20


IDS = 60


def some_ids(pick, vocab, length):
    few = [pick.randrange(vocab) for _ in range(3)]  # they repeat, and so do runs of them
    return [pick.choice([*few * 3, pick.randrange(vocab)]) for _ in range(length)]


def two(pick):
    return pick.choice([-2, 0, 2, pick.uniform(-2, 2)])


PENALTIES = {
    "presence_penalty": lambda pick, vocab: (two(pick),),
    "frequency_penalty": lambda pick, vocab: (two(pick),),
    "repetition_penalty": lambda pick, vocab: (pick.choice([1, 1.2, pick.uniform(0.1, 4)]),),
    "no_repeat_ngram": lambda pick, vocab: (pick.randint(1, 5),),
    "min_new_tokens": lambda pick, vocab: (pick.choice([0, 5, 61]), pick.randrange(vocab)),
    "dry": lambda pick, vocab: (
        pick.choice([0, 0.8, pick.uniform(0, 3)]),
        pick.choice([1, 1.75, pick.uniform(1, 2)]),
        pick.randint(1, 4),
        tuple(some_ids(pick, vocab, pick.choice([0, 2]))),
    ),
}


@counted
@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_gives_what_its_definition_gives(name, count):
    for x, pick in cases(name, count):
        length, vocab = pick.choice([0, 1, 2, 7, IDS]), x.shape[-1]
        rows = [some_ids(pick, vocab, length) for _ in range(math.prod(x.shape[:-1]))]
        ids = torch.tensor(rows, dtype=torch.int64).view(*x.shape[:-1], length)
        values = PENALTIES[name](pick, vocab)
        result = getattr(penalties, name)(x, ids, *values)
        assert result.dtype == x.dtype
        for (got, row), past in zip(by_row(result, x), rows, strict=True):
            assert_near(got, getattr(oracles, name)(row, past, *values), row, x.dtype)


@counted
def test_logit_bias_adds(count):
    for x, pick in cases("bias", count):
        bias = {
            pick.randrange(x.shape[-1]): pick.choice([-100, 100, pick.uniform(-100, 100)])
            for _ in range(pick.randint(0, 5))
        }
        for got, row in by_row(penalties.logit_bias(x, bias), x):
            assert_near(got, oracles.logit_bias(row, bias), row, x.dtype)


def assert_near(got, wanted, row, dtype):
    """Whether the two are equal where nothing was to change, and elsewhere but for rounding."""
    info, single = torch.finfo(dtype), torch.finfo(torch.float32)
    assert (np.isneginf(got) == np.isneginf(wanted)).all()
    finite = np.isfinite(wanted)
    if abs(wanted[finite]).max() > info.max:  # moved as a whole, or held at the end of the range
        return
    same = wanted == row
    assert (got[same] == row[same]).all()
    eps = info.eps + (0 if dtype == torch.float64 else 2 * single.eps)
    size = abs(wanted[finite]) + abs(row[finite])
    assert (abs(got - wanted)[finite] <= eps * size + info.smallest_normal).all()


@counted
def test_entropy_is_its_definition(count):
    for x, _ in cases("entropy", count):
        bits = metrics.entropy(x)
        assert bits.dtype == (torch.float64 if x.dtype == torch.float64 else torch.float32)
        for got, [row] in zip(bits.reshape(-1).tolist(), by_row(x), strict=True):
            wanted = oracles.nats(row) / math.log(2)
            assert abs(got - wanted) <= oracles.NEAR + torch.finfo(bits.dtype).eps * wanted
