import math
import re
from collections import Counter

import pytest
import torch
from cases import examples, logits
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    MinNewTokensLengthLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
)

from course_utils.penalties import (
    dry,
    frequency_penalty,
    logit_bias,
    min_new_tokens,
    no_repeat_ngram,
    presence_penalty,
    repetition_penalty,
)

INF = math.inf
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
parity = examples(2000)
PENALTIES = {
    "presence": lambda x, ids: presence_penalty(x, ids, 0.5),
    "frequency": lambda x, ids: frequency_penalty(x, ids, 0.5),
    "repetition": lambda x, ids: repetition_penalty(x, ids, 1.5),
    "dry": lambda x, ids: dry(x, ids, allowed_length=1),
    "logit_bias": lambda x, ids: logit_bias(x, {0: 3.5, 1: -2}),
}
STRATEGIES = PENALTIES | {
    "no_repeat_ngram": lambda x, ids: no_repeat_ngram(x, ids, 2),
    "min_new_tokens": lambda x, ids: min_new_tokens(x, ids, 3, end=1),
}
LOOKING_BACK = {name: call for name, call in STRATEGIES.items() if name != "logit_bias"}


def each(strategies):
    return pytest.mark.parametrize("strategy", strategies.values(), ids=strategies.keys())


@st.composite
def pasts(draw):
    """Logits (batch, vocab) and ids (batch, length) of few or many different tokens."""
    x = draw(logits())
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    tokens = torch.randperm(x.shape[1], generator=generator)[: draw(st.sampled_from([2, 5, 5000]))]
    shape = (x.shape[0], draw(st.integers(0, 30)))
    return x, tokens[torch.randint(len(tokens), shape, generator=generator)]


def numbers(low, high):
    """Float32 numbers, none so small that it loses digits."""
    return st.floats(low, high, width=32, allow_subnormal=False)


def agree(got, wide, x):
    """Whether `got` is the float32 `wide` rounded to x's dtype.

    In a row which that dtype cannot hold, whether no finite logit is lost and the probabilities
    are the same.
    """
    assert got.dtype == x.dtype
    limit = torch.finfo(x.dtype).max
    fits = (wide.isneginf() | (wide.abs() <= limit)).all(-1)
    assert torch.equal(got[fits], wide[fits].to(x.dtype))
    assert torch.equal(got.isneginf(), wide.isneginf()) and not got.isposinf().any()
    assert torch.allclose(got[~fits].float().softmax(-1), wide[~fits].softmax(-1), atol=0.01)


def close(got, wide, x):
    """Whether `got` is the float64 `wide` up to float32 arithmetic and rounding to x's dtype."""
    assert got.dtype == x.dtype
    info = torch.finfo(x.dtype)
    assert torch.equal(got.isneginf(), x.isneginf())
    error = (got.double() - wide).masked_fill(x.isneginf(), 0).abs()
    size = wide.abs() + x.double().abs()
    bound = info.eps * wide.abs() + 4 * torch.finfo(torch.float32).eps * size
    assert (error <= bound + info.smallest_normal * info.eps).masked_fill(x.isneginf(), True).all()


# Against transformers


@parity
@given(pasts(), st.floats(0.3, 3))
def test_repetition_penalty_is_that_of_transformers(past, penalty):
    x, ids = past
    oracle = RepetitionPenaltyLogitsProcessor(penalty)(ids, x.float())
    agree(repetition_penalty(x, ids, penalty), oracle, x)


@parity
@given(pasts(), st.integers(1, 4))
def test_no_repeat_ngram_is_that_of_transformers(past, n):
    x, ids = past
    oracle = NoRepeatNGramLogitsProcessor(n)(ids, x)
    stuck = oracle.isneginf().all(-1)
    got = no_repeat_ngram(x, ids, n)
    assert torch.equal(got[~stuck], oracle[~stuck])
    best = torch.arange(x.shape[1]) == x[stuck].argmax(-1, keepdim=True)
    assert torch.equal(got[stuck], torch.where(best, x[stuck], -INF))


@parity
@given(pasts(), st.integers(0, 30), st.integers(0, 40), st.data())
def test_min_new_tokens_is_that_of_transformers(past, prompt, least, data):
    x, ids = past
    prompt = min(prompt, ids.shape[1])
    end = data.draw(st.integers(0, x.shape[1] - 1))
    oracle = MinNewTokensLengthLogitsProcessor(prompt, least, end)(ids, x)
    stuck = oracle.isneginf().all(-1, keepdim=True)
    got = min_new_tokens(x, ids[:, prompt:], least, end)
    assert torch.equal(got, torch.where(stuck, x, oracle))


@parity
@given(logits(), st.data())
def test_logit_bias_is_that_of_transformers(x, data):
    token = st.integers(0, x.shape[1] - 1)
    bias = data.draw(st.dictionaries(token, st.floats(-100, 100), min_size=1, max_size=8))
    oracle = SequenceBiasLogitsProcessor([[[token], value] for token, value in bias.items()])
    agree(logit_bias(x, bias), oracle(torch.zeros(len(x), 0, dtype=torch.int64), x.float()), x)


# Against the definition, in Python's float64


@parity
@given(pasts(), numbers(-2, 2), numbers(-2, 2))
def test_presence_and_frequency_are_openais_formula(past, alpha_presence, alpha_frequency):
    x, ids = past
    only_presence, only_frequency = x.double(), x.double()
    for row, tokens in enumerate(ids.tolist()):
        for j, c in Counter(tokens).items():
            mu = float(x[row, j])
            only_presence[row, j] = mu - float(c > 0) * alpha_presence
            only_frequency[row, j] = mu - c * alpha_frequency
    close(presence_penalty(x, ids, alpha_presence), only_presence, x)
    close(frequency_penalty(x, ids, alpha_frequency), only_frequency, x)


def dry_by_definition(ids, token, multiplier, base, allowed_length, breakers):
    longest = 0
    while longest < len(ids) and token not in breakers:
        tail = ids[len(ids) - longest - 1 :]
        starts = range(len(ids) - len(tail))
        if tail[0] in breakers or not any(
            ids[i:][: len(tail) + 1] == [*tail, token] for i in starts
        ):
            break
        longest += 1
    return multiplier * base ** (longest - allowed_length) if longest >= allowed_length else 0.0


@parity
@given(
    pasts(),
    numbers(0, 3),
    numbers(1, 3),
    st.integers(1, 4),
    st.lists(st.integers(0, 4), max_size=2),
)
def test_dry_is_its_definition(past, multiplier, base, allowed_length, which):
    x, ids = past
    breakers = ids.flatten().unique()[:5].tolist()
    breakers = [breakers[i] for i in which if i < len(breakers)]
    knobs = (multiplier, base, allowed_length, breakers)
    wide = x.double()
    for row, tokens in enumerate(ids.tolist()):
        for token in set(tokens):
            wide[row, token] -= dry_by_definition(tokens, token, *knobs)
    if (wide.abs() <= torch.finfo(x.dtype).max).logical_or(x.isneginf()).all():
        close(dry(x, ids, *knobs), wide, x)
    else:
        agree(dry(x, ids, *knobs), wide.float(), x)


# By hand


def row(*numbers, dtype=torch.float32):
    return torch.tensor(numbers, dtype=dtype)


def past(*tokens):
    return torch.tensor(tokens, dtype=torch.int64)


def test_presence_counts_a_token_once_and_frequency_each_time():
    x, ids = row(1.0, 2.0, 3.0), past(0, 2, 2)
    assert presence_penalty(x, ids, 0.5).tolist() == [0.5, 2.0, 2.5]
    assert frequency_penalty(x, ids, 0.5).tolist() == [0.5, 2.0, 2.0]
    both = presence_penalty(frequency_penalty(x, ids, 0.5), ids, 0.25)
    assert both.tolist() == [0.25, 2.0, 1.75]


def test_a_negative_penalty_lifts():
    x, ids = row(1.0, -INF, 3.0), past(0, 1, 1)
    assert presence_penalty(x, ids, -2).tolist() == [3.0, -INF, 3.0]
    assert frequency_penalty(x, ids, -2).tolist() == [3.0, -INF, 3.0]
    assert repetition_penalty(x, ids, 0.5).tolist() == [2.0, -INF, 3.0]


def test_a_penalty_of_nothing_changes_nothing():
    x, ids = row(1.5, -2.5, -INF, 0.0), past(0, 1, 0, 1, 0, 1, 2, 3)
    for got in (
        presence_penalty(x, ids, 0),
        frequency_penalty(x, ids, 0),
        repetition_penalty(x, ids, 1.0),
        dry(x, ids, multiplier=0),
        logit_bias(x, {}),
        logit_bias(x, {0: 0}),
        min_new_tokens(x, ids, 0, end=0),
    ):
        assert torch.equal(got, x)


def test_repetition_penalty_lowers_negative_logits_too():
    x = row(4.0, -4.0, 0.0, 1.0)
    assert repetition_penalty(x, past(0, 1, 1, 2), 2.0).tolist() == [2.0, -8.0, 0.0, 1.0]
    naive = x / row(2.0, 2.0, 2.0, 1.0)
    assert naive[1] > x[1]  # dividing a negative logit makes its token likelier


def test_repetition_penalty_depends_on_where_zero_lies():
    x, ids = row(2.0, 1.0, 0.0), past(0)
    assert torch.allclose((x + 10).softmax(-1), x.softmax(-1))
    low, high = (repetition_penalty(z, ids, 1.2).softmax(-1)[0] for z in (x, x + 10))
    assert low == pytest.approx(1 / (1 + math.exp(-2 / 3) + math.exp(-5 / 3)))  # 0.587
    assert high == pytest.approx(1 / (2 + math.e))  # 0.212
    for shift_proof in (presence_penalty, frequency_penalty):
        low, high = (shift_proof(z, ids, 1.2).softmax(-1) for z in (x, x + 10))
        assert torch.allclose(low, high)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("penalty", [1e-300, 1e300])
def test_repetition_penalty_of_an_absurd_size_gives_numbers(penalty, dtype):
    x = row(0.0, 5.0, -5.0, -INF, 1.0, dtype=dtype)
    got = repetition_penalty(x, past(0, 1, 2, 3), penalty)
    assert got.isfinite().tolist() == [True, True, True, False, True] and got[3] == -INF
    assert got.argmax() == (1 if penalty < 1 else 4)


def test_the_callers_slice_says_whether_the_prompt_counts():
    x, ids, prompt = row(4.0, 4.0, 4.0), past(0, 0, 1), 2
    assert repetition_penalty(x, ids, 2.0).tolist() == [2.0, 2.0, 4.0]
    assert repetition_penalty(x, ids[prompt:], 2.0).tolist() == [4.0, 2.0, 4.0]
    assert min_new_tokens(x, ids, 2, end=2).tolist() == [4.0, 4.0, 4.0]
    assert min_new_tokens(x, ids[prompt:], 2, end=2).tolist() == [4.0, 4.0, -INF]


@pytest.mark.parametrize(
    ("ids", "n", "banned"),
    [
        ([3, 1, 2, 3, 1], 3, [2]),  # 3 1 2 was there
        ([3, 1, 2, 3, 1], 2, [2]),
        ([3, 1, 2, 3, 1], 1, [1, 2, 3]),
        ([3, 1, 2, 3, 1], 4, []),  # 1 2 3 1 is the only run that begins so, and it ends the text
        ([1, 2, 1, 3, 1], 2, [2, 3]),
        ([1, 1], 2, [1]),  # runs may overlap
        ([1, 1], 3, []),
        ([1], 2, []),
        ([], 1, []),
    ],
)
def test_no_repeat_ngram_edges(ids, n, banned):
    got = no_repeat_ngram(row(0.0, 1, 2, 3, 4), past(*ids), n)
    assert got.isneginf().nonzero().flatten().tolist() == banned


def test_a_ban_of_every_token_leaves_the_most_likely_one():
    x = torch.tensor([[1.0, 3.0, 2.0], [1.0, -INF, -INF], [0.0, 1.0, 2.0]])
    ids = torch.tensor([[0, 1, 2], [0, 0, 0], [0, 0, 1]])
    assert no_repeat_ngram(x, ids, 1).tolist() == [
        [-INF, 3.0, -INF],
        [1.0, -INF, -INF],
        [-INF, -INF, 2.0],
    ]
    assert min_new_tokens(x, ids, 4, end=0).tolist() == [
        [-INF, 3.0, 2.0],
        [1.0, -INF, -INF],
        [-INF, 1.0, 2.0],
    ]
    assert NoRepeatNGramLogitsProcessor(1)(ids, x)[:2].isneginf().all()
    assert MinNewTokensLengthLogitsProcessor(0, 4, 0)(ids, x)[1].isneginf().all()


def test_logit_bias_of_100_is_large_but_not_infinite():
    assert logit_bias(row(60.0, -60.0, 0.0), {0: -100, 1: 100}).tolist() == [-40.0, 40.0, 0.0]


@pytest.mark.parametrize(
    ("breakers", "allowed_length", "penalties"),
    [
        ((), 2, {"c": 0.8 * 1.75, "y": 0.8}),  # a b c then c; b c then y; c then b is too short
        ((), 1, {"c": 0.8 * 1.75**2, "y": 0.8 * 1.75, "b": 0.8}),
        ((), 3, {"c": 0.8}),
        ((), 4, {}),
        ("a", 1, {"c": 0.8 * 1.75, "y": 0.8 * 1.75, "b": 0.8}),  # at most b c is left to match
        ("b", 1, {"c": 0.8, "y": 0.8}),  # only c is left, and b itself goes free
        ("c", 1, {}),
        ("y", 2, {"c": 0.8 * 1.75}),  # y goes free; the last match does not reach it
    ],
)
def test_dry_edges(breakers, allowed_length, penalties):
    ids = past(*("abcy".index(letter) for letter in "abccbcyabc"))
    breakers = ["abcy".index(letter) for letter in breakers]
    got = -dry(torch.zeros(5), ids, allowed_length=allowed_length, breakers=breakers)
    assert torch.allclose(got, row(*(penalties.get(letter, 0.0) for letter in "abcyz")))


@pytest.mark.parametrize("dtype", DTYPES)
def test_dry_stays_finite_after_a_very_long_match(dtype):
    ids = torch.ones(1500, dtype=torch.int64)
    for multiplier, base in ((0.8, 1.75), (0, 1e300), (1e300, 1e300)):
        got = dry(torch.tensor([0.0, 5.0], dtype=dtype), ids, multiplier, base)
        assert got.isfinite().all()
        assert got.argmax() == (1 if multiplier == 0 else 0)
    ids[50] = 0  # the token after a match of 50, but a breaker
    freed = dry(torch.tensor([0.0, 5.0], dtype=dtype), ids[:101], 1e300, 1e300, breakers=[0])
    assert freed[0] == 0 and -INF < freed[1] < -60000


def test_float16_does_not_overflow():
    """transformers gives +inf, whose softmax is NaN, or loses the token to -inf."""
    x, ids = row(60000.0, 59968.0, -60000.0, dtype=torch.float16), past(0, 1, 2)
    lifted = repetition_penalty(x, ids, 0.5)
    assert lifted.tolist() == [0.0, -64.0, -65504.0]
    assert repetition_penalty(x, ids, 1.25).tolist() == [48000.0, 47968.0, -65504.0]
    low = row(-60000.0, -51200.0, dtype=torch.float16)
    assert repetition_penalty(low, ids[:2], 1.5).tolist() == [-13200.0, 0.0]
    assert RepetitionPenaltyLogitsProcessor(0.5)(ids[None], x[None]).isposinf().any()
    assert RepetitionPenaltyLogitsProcessor(1.25)(ids[None], x[None]).isneginf().any()
    top = row(65504.0, 65472.0, -65504.0, dtype=torch.float16)
    assert logit_bias(top, {0: 100, 2: -100}).tolist() == [0.0, -132.0, -65504.0]
    for call in (presence_penalty, frequency_penalty):
        assert call(top, ids.repeat(20), 2).isfinite().all()


def test_ids_outside_the_vocabulary_are_an_error_where_transformers_passes_over_them():
    x, ids = row(1.0, 2.0, 3.0), past(0, 3)
    assert RepetitionPenaltyLogitsProcessor(2.0)(ids[None], x[None]).tolist() == [[0.5, 2.0, 3.0]]
    assert NoRepeatNGramLogitsProcessor(1)(ids[None], x[None]).tolist() == [[-INF, 2.0, 3.0]]
    for call in (lambda: repetition_penalty(x, ids, 2.0), lambda: no_repeat_ngram(x, ids, 1)):
        with pytest.raises(ValueError, match="vocabulary, got 3"):
            call()


# What all have in common


@each(LOOKING_BACK)
def test_rows_do_not_see_each_other_and_any_leading_shape_works(strategy):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 3, 6, generator=generator)
    ids = torch.randint(6, (2, 3, 12), generator=generator)
    got = strategy(x, ids)
    assert got.shape == x.shape
    for i in range(2):
        assert torch.equal(strategy(x[i], ids[i]), got[i])
        for j in range(3):
            assert torch.equal(strategy(x[i, j], ids[i, j]), got[i, j])


@each(STRATEGIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_call_leaves_no_trace_and_keeps_the_dtype(strategy, dtype):
    x, ids = row(1.0, 0.5, -1.0, -INF, dtype=dtype), past(0, 1, 0, 1, 0)
    first = strategy(x, ids)
    assert first.dtype == dtype
    assert torch.equal(first, strategy(x, ids))
    assert torch.equal(x, row(1.0, 0.5, -1.0, -INF, dtype=dtype))
    assert torch.equal(ids, past(0, 1, 0, 1, 0))


@each(LOOKING_BACK)
def test_no_ids_change_nothing(strategy):
    x = row(1.0, -1.0, -INF)
    got = strategy(x, past())
    if strategy is STRATEGIES["min_new_tokens"]:
        x = row(1.0, -INF, -INF)
    assert torch.equal(got, x)


@each(PENALTIES)
@given(x=logits(batch=2, vocab=400))
def test_a_penalty_neither_cuts_nor_revives_a_token(strategy, x):
    ids = torch.arange(x.shape[1]).repeat(len(x), 3)
    assert torch.equal(strategy(x, ids).isneginf(), x.isneginf())


@each(STRATEGIES)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (row(1.0, math.nan), "NaN"),
        (torch.tensor([[1.0, 2.0], [-INF, -INF]]), "-inf everywhere"),
        (row(1.0, INF), "+inf"),
        (past(1, 2), "floats, got torch.int64"),
        ([1.0, 2.0], "got list"),
    ],
)
def test_bad_logits_are_named(strategy, x, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        strategy(x, torch.zeros(2, 1, dtype=torch.int64) if "everywhere" in message else past(0))


@each(LOOKING_BACK)
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (past(0, 3), "ids must be in [0, 3), the vocabulary, got 3"),
        (past(-1), "ids must be in [0, 3), the vocabulary, got -1"),
        (past(0).int(), "ids must be an int64 tensor, got torch.int32"),
        (row(0.0), "ids must be an int64 tensor, got torch.float32"),
        ([0], "ids must be an int64 tensor, got list"),
        (past(0)[None], "ids must be of shape (length), got (1, 1)"),
        (past(0)[0], "ids must be of shape (length), got ()"),
    ],
)
def test_bad_ids_are_named(strategy, ids, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        strategy(row(1.0, 2.0, 3.0), ids)


@each(LOOKING_BACK)
def test_ids_of_another_batch_are_named(strategy):
    for ids in (past(0), torch.zeros(3, 1, dtype=torch.int64)):
        with pytest.raises(ValueError, match=re.escape("ids must be of shape (2, length), got")):
            strategy(torch.zeros(2, 3), ids)


X, IDS = row(1.0, 2.0, 3.0), past(0, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: presence_penalty(X, IDS, 2.5),
            "presence_penalty must be in [-2, 2], got 2.5. Use",
        ),
        (lambda: presence_penalty(X, IDS, True), "got True"),
        (
            lambda: frequency_penalty(X, IDS, -3),
            "frequency_penalty must be in [-2, 2], got -3. Use",
        ),
        (lambda: frequency_penalty(X, IDS, "1"), "got '1'"),
        (
            lambda: repetition_penalty(X, IDS, 0),
            "repetition_penalty must be in (0, inf), got 0. Use",
        ),
        (lambda: repetition_penalty(X, IDS, math.nan), "got nan"),
        (lambda: repetition_penalty(X, IDS, INF), "got inf"),
        (
            lambda: no_repeat_ngram(X, IDS, 0),
            "no_repeat_ngram must be a whole number of at least 1",
        ),
        (lambda: no_repeat_ngram(X, IDS, 2.0), "got 2.0"),
        (lambda: logit_bias(X, {0: 101}), "logit_bias of 0 must be in [-100, 100], got 101."),
        (lambda: logit_bias(X, {0: math.nan}), "got nan"),
        (lambda: logit_bias(X, {3: 1.0}), "must be a token id in [0, 3), got 3"),
        (lambda: logit_bias(X, {"0": 1.0}), "got '0'"),
        (lambda: logit_bias(X, {True: 1.0}), "got True"),
        (lambda: logit_bias(X, [(0, 1.0)]), "logit_bias must be a dict of token id to number"),
        (lambda: dry(X, IDS, multiplier=-0.1), "multiplier must be in [0, inf), got -0.1"),
        (lambda: dry(X, IDS, base=0.9), "base must be in [1, inf), got 0.9"),
        (
            lambda: dry(X, IDS, allowed_length=0),
            "allowed_length must be a whole number of at least 1",
        ),
        (lambda: dry(X, IDS, breakers=[3]), "breakers must be a token id in [0, 3), got 3"),
        (
            lambda: min_new_tokens(X, IDS, -1, 0),
            "min_new_tokens must be a whole number of at least 0",
        ),
        (lambda: min_new_tokens(X, IDS, 1, 3), "end must be a token id in [0, 3), got 3"),
        (lambda: min_new_tokens(X, IDS, 1, None), "got None"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
