import math
import re
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from cases import examples, logits
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from course_utils.generate import generate
from course_utils.metrics import (
    distinct_n,
    divergence_frontier,
    effective_choices,
    ends_in_loop,
    entropy,
    first_centres,
    k_means,
    lloyd,
    mauve,
    perplexity,
    rep_l,
    rep_n,
    self_bleu,
    seq_rep_n,
    zipf_coefficient,
)
from course_utils.sampling import top_k

INF = math.inf
ids = st.lists(st.integers(0, 5), max_size=40)


@st.composite
def distributions(draw):
    """Two distributions over the same 2 to 20 outcomes, zeros among them."""
    size = draw(st.integers(2, 20))
    weights = st.lists(st.integers(0, 100), min_size=size, max_size=size).filter(any)
    counts = [torch.tensor(draw(weights)).double() for _ in range(2)]
    return [x / x.sum() for x in counts]


def features(*groups, seed=0):
    """Rows around corners of a cube: (which corner, how many) a group."""
    generator = torch.Generator().manual_seed(seed)
    return torch.cat(
        [torch.eye(8)[i] + torch.randn(n, 8, generator=generator) / 200 for i, n in groups]
    )


@pytest.mark.parametrize(
    ("probs", "bits"),
    [([1.0], 0), ([0.5, 0.5], 1), ([0.25] * 4, 2), ([0.5, 0.25, 0.25, 0.0], 1.5), ([1.0, 0.0], 0)],
)
def test_entropy_worked_by_hand(probs, bits):
    logits = torch.tensor(probs).log()
    assert entropy(logits).item() == pytest.approx(bits, abs=1e-6)
    assert effective_choices(logits).item() == pytest.approx(2**bits, abs=1e-5)


def test_entropy_keeps_leading_shape():
    assert torch.allclose(entropy(torch.zeros(2, 3, 8)), torch.full((2, 3), 3.0))


def test_entropy_refuses_nan():
    with pytest.raises(ValueError, match="NaN"):
        entropy(torch.tensor([math.nan, 0.0]))


@given(logits())
def test_entropy_is_its_definition(x):
    got, probs = entropy(x), x.double().softmax(-1)
    assert got.dtype == torch.float32
    terms = torch.where(probs > 0, -probs * probs.log2(), 0.0)
    assert torch.allclose(got.double(), terms.sum(-1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("probs", "expected"),
    [([0.5, 0.125], 4), ([1.0], 1), ([0.1] * 7, 10), ([0.5, 0.0], INF), ([[0.5], [0.25]], [2, 4])],
)
def test_perplexity_worked_by_hand(probs, expected):
    got = perplexity(torch.tensor(probs).log())
    assert got.tolist() == pytest.approx(expected)
    assert perplexity(torch.tensor(probs).log().tolist()).tolist() == pytest.approx(expected)


@given(st.integers(1, 5000), st.integers(1, 50))
def test_perplexity_of_a_uniform_choice_is_the_vocabulary(vocab, length):
    logprobs = torch.zeros(3, length, vocab).log_softmax(-1)[..., 0]
    assert perplexity(logprobs).tolist() == pytest.approx([vocab] * 3, rel=1e-5)


def test_perplexity_does_not_overflow_where_float32_would():
    assert perplexity(torch.tensor([-100.0])).item() == pytest.approx(math.exp(100))


@pytest.mark.parametrize(
    ("texts", "n", "expected"),
    [
        ([[1, 2, 3]], 1, 1),
        ([[1, 1, 1, 1]], 1, 1 / 4),
        ([[1, 2, 1, 2]], 2, 2 / 3),
        ([[1, 2], [1, 2]], 2, 1 / 2),
        ([[1, 2], [2, 1]], 2, 1),  # no n-gram spans two texts
        ([[1, 2, 3], [4]], 3, 1),
        ([["the", "cat"], ["the", "dog"]], 1, 3 / 4),
        (torch.tensor([[1, 2], [1, 3]]), 1, 3 / 4),
    ],
)
def test_distinct_n_worked_by_hand(texts, n, expected):
    assert distinct_n(texts, n) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        ([1, 2, 3, 4], 1, 0),
        ([1, 2, 1, 2], 1, 1 / 2),
        ([1, 2, 1, 2], 2, 1 / 3),
        ([7] * 10, 4, 6 / 7),
        ([1, 2, 3, 4], 4, 0),
        (["to", "be", "or", "not", "to", "be"], 2, 1 / 5),
        (torch.tensor([1, 2, 1, 2]), 2, 1 / 3),
    ],
)
def test_seq_rep_n_worked_by_hand(text, n, expected):
    assert seq_rep_n(text, n) == pytest.approx(expected)


def test_rep_n_pools_texts_but_repeats_only_within_one():
    texts = [[1, 2, 1, 2, 1], [1, 2, 3]]
    assert rep_n(texts, 2) == pytest.approx(2 / 6)  # 2 of 4, and 0 of 2
    assert sum(seq_rep_n(text, 2) for text in texts) / 2 == pytest.approx(1 / 4)
    assert 1 - distinct_n(texts, 2) == pytest.approx(3 / 6)  # "1 2" of the second text counts too


@given(st.lists(ids, min_size=1, max_size=5), st.integers(1, 4))
def test_shares_of_ngrams_stay_in_range(texts, n):
    long = [text for text in texts if len(text) >= n]
    if not long:
        with pytest.raises(ValueError, match=f"at least one of {n} tokens"):
            distinct_n(texts, n)
        return
    assert 0 < distinct_n(texts, n) <= 1
    assert 0 <= rep_n(texts, n) < 1
    assert rep_n(texts, n) == rep_n(long, n)
    assert seq_rep_n(long[0], n) == pytest.approx(1 - distinct_n(long[:1], n))


@pytest.mark.parametrize(
    ("text", "window", "expected"),
    [
        ([1, 2, 1, 3, 1], 1, 0),
        ([1, 2, 1, 3, 1], 2, 2 / 5),
        ([1, 1, 1, 1], 1, 3 / 4),
        ([1, 2, 3, 1], 2, 0),
        ([1, 2, 3, 1], 3, 1 / 4),
        ([1], 16, 0),
    ],
)
def test_rep_l_worked_by_hand(text, window, expected):
    assert rep_l(text, window) == pytest.approx(expected)


@given(ids.filter(bool), st.integers(1, 20))
def test_rep_l_looks_at_the_tokens_just_before(text, window):
    repeats = [token in text[max(0, i - window) : i] for i, token in enumerate(text)]
    assert rep_l(text, window) == sum(repeats) / len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ([9, 1, 2, 1, 2, 1, 2], True),
        ([8, 9, 1, 2, 1, 2], False),  # twice is not enough
        ([1, 2, 1, 2, 1, 2, 9], False),  # not at the end
        ([5, 5, 5, 5, 5], False),
        ([5, 5, 5, 5, 5, 5], True),  # "5 5" three times
        ([2, 1, 2, 1, 2], False),
        ([8, *"abc" * 3], True),
        ([*range(30)] * 3, True),
        ([*range(30)] * 3 + [0], True),  # "1 2 … 29 0"
        (torch.tensor([1, 2] * 3), True),
        ([], False),
    ],
)
def test_ends_in_loop_worked_by_hand(text, expected):
    assert ends_in_loop(text) is expected


@given(ids, st.lists(st.integers(), min_size=2, max_size=6), st.integers(3, 5))
def test_ends_in_loop_finds_any_phrase(start, phrase, times):
    assert ends_in_loop(start + phrase * times)
    assert not ends_in_loop([*start, *phrase * times, "other"])


def test_self_bleu_worked_by_hand():
    # Either way 3 of 4 tokens and 1 of 3 pairs match, and the lengths are equal.
    assert self_bleu([["a", "b", "c", "d"], ["a", "b", "x", "c"]], n=2) == pytest.approx(0.5)
    # "a a a": 2 of 3 match, clipped. "a a": both match, but it is shorter: exp(1 - 3/2).
    expected = (2 / 3 + math.exp(-1 / 2)) / 2
    assert self_bleu([["a", "a", "a"], ["a", "a"]], n=1) == pytest.approx(expected)
    # A shared token, but no shared pair: 0.1 matches of 2 pairs.
    assert self_bleu([[1, 2, 3], [4, 2, 5]], n=2) == pytest.approx(math.sqrt(1 / 3 * 0.1 / 2))


def test_self_bleu_takes_the_nearest_length_and_of_two_the_shorter():
    texts = [[0] * 2, [0] * 4, [0] * 6]
    # 4 lies between 2 and 6: the shorter is its reference length, so no penalty.
    assert self_bleu(texts, n=1) == pytest.approx((math.exp(1 - 4 / 2) + 1 + 4 / 6) / 3)


@given(st.lists(st.integers(), min_size=4, max_size=30), st.integers(2, 5))
def test_self_bleu_of_copies_is_one_and_of_strangers_zero(text, copies):
    assert self_bleu([text] * copies) == 1
    assert self_bleu([[(i, token) for token in text] for i in range(copies)]) == 0


@examples(5000)
@given(st.data(), st.integers(1, 5), st.sampled_from([2, 5, 50]))
def test_self_bleu_equals_sacrebleu(data, n, vocab):
    text = st.lists(st.integers(0, vocab), min_size=n, max_size=25)
    texts = data.draw(st.lists(text, min_size=2, max_size=6))
    lines = [" ".join(f"w{token}" for token in text) for text in texts]
    bleu = BLEU(
        tokenize="none",
        smooth_method="floor",
        smooth_value=0.1,
        max_ngram_order=n,
        effective_order=True,
    )
    scores = [
        bleu.sentence_score(line, lines[:i] + lines[i + 1 :]).score for i, line in enumerate(lines)
    ]
    assert self_bleu(texts, n) == pytest.approx(sum(scores) / len(scores) / 100, abs=1e-9)


def test_self_bleu_takes_twice_the_work_for_twice_the_texts():
    generator = torch.Generator().manual_seed(0)
    frequencies = (1 / torch.arange(1, 4097)).expand(100, -1)
    texts = torch.multinomial(frequencies, 200, replacement=True, generator=generator)

    def work(texts) -> int:
        """How many calls it makes, of Python's functions and of C's."""
        calls = Counter()
        sys.setprofile(lambda frame, event, arg: calls.update([event]))
        try:
            assert 0 < self_bleu(texts) < 1
        finally:
            sys.setprofile(None)
        return calls["call"] + calls["c_call"]

    # With each text compared to each other one, it would be four times.
    assert work(texts) < 2.5 * work(texts[:50])


def test_zipf_of_frequencies_one_over_rank_is_one():
    text = [rank for rank in range(1, 11) for _ in range(2520 // rank)]
    assert zipf_coefficient(text) == pytest.approx(1)
    assert zipf_coefficient([1, 1, 1, 1, 2, 2]) == pytest.approx(1)
    assert zipf_coefficient([1, 1, 1, 1, 2]) == pytest.approx(2)
    assert zipf_coefficient(["a", "b", "c"]) == pytest.approx(0)


def test_zipf_looks_at_the_5000_most_frequent():
    common = [rank for rank in range(1, 5001) for _ in range(2)]
    assert zipf_coefficient(common + list(range(10_000, 20_000))) == pytest.approx(0)


@given(ids.filter(lambda text: len(set(text)) > 1))
def test_zipf_is_the_least_squares_slope(text):
    counts = sorted(Counter(text).values(), reverse=True)
    slope = np.polyfit(np.log(np.arange(1, len(counts) + 1)), np.log(counts), 1)[0]
    assert zipf_coefficient(text) == pytest.approx(-slope, abs=1e-9)


def test_frontier_worked_by_hand():
    def of(p, q):
        return divergence_frontier(torch.tensor(p), torch.tensor(q), scale=1, points=3)

    apart = [[0, 1], [0, 1], [0.5, 0.5], [1, 0], [1, 0]]
    assert torch.allclose(of([1.0, 0.0], [0.0, 1.0]), torch.tensor(apart).double())
    # r = (3/4, 1/4): KL(q || r) = ln 4/3, and KL(p || r) = 1/2 ln 2/3 + 1/2 ln 2 = 1/2 ln 4/3.
    inside = [[0, 1], [0.5, 1], [0.75, math.sqrt(0.75)], [1, 0], [1, 0]]
    assert torch.allclose(of([0.5, 0.5], [1.0, 0.0]), torch.tensor(inside).double())


def test_area_of_two_sets_that_share_nothing():
    """The curve is x = c ** 5, y = (1 - c) ** 5, and the area 5 B(5, 6) = 1 / 252."""
    p, q = torch.eye(2)
    curve = divergence_frontier(p, q, points=2001)
    assert torch.trapezoid(curve[:, 1], curve[:, 0]).item() == pytest.approx(1 / 252, rel=1e-4)


@given(distributions(), st.floats(0.1, 10), st.integers(2, 30))
def test_frontier_falls_and_mirrors(pair, scale, points):
    p, q = pair
    curve = divergence_frontier(p, q, scale, points)
    assert curve.shape == (points + 2, 2)
    assert ((curve >= 0) & (curve <= 1)).all()
    assert (curve.diff(dim=0)[:, 0] >= -1e-9).all()
    assert (curve.diff(dim=0)[:, 1] <= 1e-9).all()
    mirrored = divergence_frontier(q, p, scale, points).flip(0, 1)
    assert torch.allclose(curve, mirrored, atol=1e-9)
    same = divergence_frontier(p, p, scale, points)
    assert torch.trapezoid(same[:, 1], same[:, 0]).item() == pytest.approx(1)


def test_mauve_worked_by_hand():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    p, q = torch.stack([a] * 6 + [b] * 2), torch.stack([2 * a] * 2 + [b / 3] * 6)
    area, curve = mauve(p, q, clusters=2)
    expected = divergence_frontier(torch.tensor([6.5, 2.5]) / 9, torch.tensor([2.5, 6.5]) / 9)
    assert torch.allclose(curve, expected, atol=1e-6)
    assert area == pytest.approx(torch.trapezoid(curve[:, 1], curve[:, 0]).item())


def test_mauve_is_one_for_the_same_set_and_near_zero_for_far_ones():
    here, there = features((0, 100), (1, 100)), features((2, 100), (3, 100), seed=1)
    assert mauve(here, here)[0] == pytest.approx(1)
    assert mauve(here, there)[0] < 0.02
    shifted = [mauve(here, features((0, 100 - k), (1, 100), (2, k)), 8)[0] for k in (0, 20, 60)]
    assert shifted == sorted(shifted, reverse=True)


@examples(300)
@given(st.integers(0, 1000), st.integers(2, 12))
def test_mauve_repeats_and_does_not_mind_the_order(seed, clusters):
    generator = torch.Generator().manual_seed(seed)
    p = torch.randn(40, 5, generator=generator)
    q = torch.randn(30, 5, generator=generator) + 0.5
    area, curve = mauve(p, q, clusters, seed)
    assert 0 < area <= 1
    assert mauve(p, q, clusters, seed)[0] == area
    assert mauve(p.flip(0), q.roll(7, 0), clusters, seed)[0] == pytest.approx(area)
    swapped, mirrored = mauve(q, p, clusters, seed)
    assert swapped == pytest.approx(area)
    assert torch.allclose(mirrored.flip(0, 1), curve)


def test_mauve_looks_at_directions_only():
    p, q = features((0, 20), (1, 20)), features((1, 20), (2, 20), seed=1)
    lengths = torch.linspace(0.1, 10, 40).unsqueeze(1)
    assert mauve(p * lengths, q, 6)[0] == pytest.approx(mauve(p, q, 6)[0])


def test_mauve_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    mauve(features((0, 20)), features((1, 20)))
    assert torch.equal(torch.get_rng_state(), before)


def test_k_means_finds_clusters_that_lie_apart():
    labels = k_means(features((0, 9), (1, 5), (2, 20)), 3, torch.Generator().manual_seed(0))
    groups = labels.split([9, 5, 20])
    assert [len(group.unique()) for group in groups] == [1, 1, 1]
    assert len(labels.unique()) == 3


@given(st.integers(0, 1000), st.integers(2, 9))
def test_k_means_puts_each_row_with_the_nearest_mean(seed, clusters):
    x = torch.randn(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    labels = k_means(x, clusters, torch.Generator().manual_seed(seed))
    means = torch.stack([x[labels == i].mean(0) for i in range(clusters)])
    assert torch.equal(torch.cdist(x, means).argmin(1), labels)


def test_k_means_takes_the_best_of_its_runs():
    x = torch.randn(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def spread(labels):
        groups = [x[labels == i] for i in labels.unique()]
        return sum((group - group.mean(0)).square().sum() for group in groups).item()

    seeds = [torch.Generator().manual_seed(seed) for seed in range(20)]
    best = [spread(k_means(x, 8, generator)) for generator in seeds]
    single = [lloyd(x, first_centres(x, 8, generator))[0] for generator in seeds]
    assert np.mean(best) < 0.98 * np.mean(single)


def test_first_centres_lie_apart():
    x = features((0, 9), (1, 5), (2, 5))
    for seed in range(20):
        centres = first_centres(x, 3, torch.Generator().manual_seed(seed))
        assert sorted(centres.argmax(1).tolist()) == [0, 1, 2]


def test_a_centre_without_rows_stays():
    x = torch.tensor([[0.0], [1.0]])
    assert lloyd(x, torch.tensor([[0.0], [9.0]]))[1].tolist() == [0, 0]
    assert lloyd(x, torch.tensor([[9.0], [0.0]]))[1].tolist() == [1, 1]


def test_k_means_of_few_different_rows():
    x = torch.eye(2).repeat(10, 1)
    labels = k_means(x, 5, torch.Generator())
    assert torch.equal(labels == labels[0], x[:, 0] == 1)


@pytest.mark.slow
def test_greedy_text_repeats_itself_and_sampled_text_does_not(storyteller):
    def seq_rep_4(process):
        prompts = ["Once upon a time", "The little girl saw a", "The king said to his son"]
        runs = [generate(storyteller, prompt, process, 100, seed=0) for prompt in prompts]
        return sum(seq_rep_n([step.token for step in run], 4) for run in runs) / len(runs)

    greedy, sampled = lambda logits, ids: top_k(logits, 1), lambda logits, ids: logits
    assert seq_rep_4(greedy) > 0.2 > seq_rep_4(sampled)


ONE = torch.ones(3, 2)
HALF = torch.tensor([0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: perplexity([]), "at least one token, got torch.float64 of shape (0,)"),
        (lambda: perplexity(torch.zeros(2, 0)), "shape (2, 0)"),
        (lambda: perplexity(-1.0), "shape ()"),
        (lambda: perplexity([-1.0, math.nan]), "logprobs contain NaN"),
        (lambda: perplexity([-1.0, 0.5]), "logprobs must be in [-inf, 0], got 0.5"),
        (lambda: perplexity([INF]), "got inf"),
        (lambda: perplexity([1, 2]), "got torch.int64"),
        (lambda: perplexity(["a"]), "logprobs must be floats, got ['a']"),
        (lambda: perplexity(None), "got None"),
        (lambda: distinct_n([[1, 2]], 0), "n must be a whole number of at least 1, got 0"),
        (lambda: distinct_n([[1, 2]], True), "got True"),
        (lambda: distinct_n([[1, 2]], 2.0), "got 2.0"),
        (lambda: distinct_n([[1, 2], [3]], 3), "at least one of 3 tokens or more. Use a smaller n"),
        (lambda: distinct_n([[1, 2]], 10**12), "at least one of 1000000000000 tokens"),
        (lambda: distinct_n([], 1), "at least one of 1 tokens"),
        (lambda: distinct_n([1, 2], 1), "texts[0] must be a list or 1-D tensor of tokens, got 1"),
        (lambda: distinct_n("a cat", 1), "texts must be a list of texts, got 'a cat'"),
        (lambda: distinct_n(["a cat"], 1), "texts[0] must be a list or 1-D tensor of tokens"),
        (lambda: seq_rep_n([1, 2], 3), "ids must have at least 3 tokens, got 2"),
        (lambda: seq_rep_n([1, 2], 0), "n must be a whole number of at least 1, got 0"),
        (lambda: seq_rep_n("hello", 2), "got 'hello'. Split a string first"),
        (lambda: seq_rep_n([[1, 2]], 1), "one list of numbers or words, got [1, 2] in it"),
        (lambda: seq_rep_n([torch.tensor(1)] * 2, 1), "Use .tolist() on tensors"),
        (lambda: seq_rep_n(torch.ones(1, 2), 1), "one text at a time"),
        (lambda: seq_rep_n(None, 1), "got None"),
        (lambda: rep_n([[1]], 2), "at least one of 2 tokens"),
        (lambda: rep_l([1], 0), "window must be a whole number of at least 1, got 0"),
        (lambda: rep_l([], 1), "ids must have at least 1 tokens, got 0"),
        (lambda: ends_in_loop("abcabcabc"), "Split a string first"),
        (lambda: self_bleu([[1, 2, 3, 4]]), "texts must be at least 2 to compare, got 1"),
        (lambda: self_bleu([[1] * 4, [1] * 3]), "texts[1] must have at least 4 tokens, got 3"),
        (lambda: self_bleu([[1], [1]], n=0), "n must be a whole number of at least 1, got 0"),
        (lambda: zipf_coefficient([1, 1]), "at least 2 distinct tokens, got 1"),
        (lambda: zipf_coefficient([]), "at least 2 distinct tokens, got 0"),
        (lambda: divergence_frontier(HALF, HALF, scale=0), "scale must be in (0, inf), got 0"),
        (lambda: divergence_frontier(HALF, HALF, points=1), "points must be a whole number of at"),
        (lambda: divergence_frontier(HALF, torch.ones(3) / 3), "as many outcomes, got 2 and 3"),
        (lambda: divergence_frontier(HALF, 2 * HALF), "q must be at least 0 and sum to 1"),
        (lambda: divergence_frontier(torch.tensor([2.0, -1.0]), HALF), "got a least of -1"),
        (lambda: divergence_frontier(torch.tensor([math.nan, 1.0]), HALF), "p must be at least 0"),
        (lambda: divergence_frontier([1.0], HALF), "p must be a tensor of floats, got list"),
        (lambda: divergence_frontier(HALF, ONE), "q must be (outcomes), got shape (3, 2)"),
        (lambda: mauve(HALF, ONE), "p_features must be (texts, features), got shape (2,)"),
        (lambda: mauve(ONE, ONE[:0]), "q_features must be (texts, features), got shape (0, 2)"),
        (lambda: mauve(ONE, ONE.long()), "q_features must be a tensor of floats, got torch.int64"),
        (lambda: mauve(ONE, ONE * math.nan), "q_features must be finite, got NaN or inf"),
        (lambda: mauve(ONE, torch.ones(3, 4)), "as many features, got 2 and 4"),
        (lambda: mauve(ONE, ONE, clusters=1), "clusters must be a whole number of at least 2"),
        (lambda: mauve(ONE, ONE, clusters=7), "clusters must be at most 6, one a text, got 7"),
        (lambda: mauve(ONE, ONE, seed=-1), "seed must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
