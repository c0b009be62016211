"""The quick draw against the readable composition that it stands for."""

import math

import cases
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.sampling import sample, temperature, top_k, top_p
from course_utils.shortlist import quick_draw


def readable(logits, t, k, p):
    if t == 0:
        return top_k(logits, 1)
    logits = temperature(logits, t)
    return top_p(top_k(logits, k) if k else logits, p)


def generators(rows, seed):
    return [torch.Generator().manual_seed(seed + row) for row in range(rows)]


@cases.examples(4000)
@given(
    cases.logits(),
    st.sampled_from([0.0, 0.3, 1.0]) | st.floats(0, 5),
    st.none() | st.integers(1, 400),
    st.sampled_from([0.3, 0.9, 1.0]) | st.floats(0.01, 1),
    st.integers(0, 2**32),
)
def test_it_keeps_and_draws_what_the_readable_functions_do(logits, t, k, p, seed):
    logits = logits.float()
    quick = quick_draw(logits, t, k, p, generators(len(logits), seed))
    if quick is None:
        return
    tokens, left, ids = quick
    expected = readable(logits, t, k, p)
    got = torch.full_like(logits, -math.inf).scatter(-1, ids, left)
    assert (ids.sort(dim=-1).values.diff(dim=-1) > 0).all()  # each once
    assert torch.equal(got.isneginf(), expected.isneginf())
    assert t == 0 or torch.equal(got, expected)
    assert tokens == sample(expected, generators(len(logits), seed)).tolist()


def test_it_is_taken_where_it_pays(storyteller):
    logits = storyteller.next_logits("Once upon a time")[None]
    for t, k, p in [(1.0, 50, 1.0), (0.8, 50, 0.95), (1.0, None, 0.5), (0.0, None, 1.0)]:
        assert quick_draw(logits, t, k, p, generators(1, 0)) is not None
    for t, k, p in [(1.0, None, 1.0), (0.7, None, 1.0), (5.0, None, 0.999), (1.0, 4096, 1.0)]:
        assert quick_draw(logits, t, k, p, generators(1, 0)) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_bad_logits_are_left_to_the_functions_that_name_them(bad):
    logits = torch.zeros(2, 300)
    logits[1, 7] = bad
    assert quick_draw(logits, 1.0, 50, 0.9, generators(2, 0)) is None
    assert quick_draw(torch.full((1, 300), -math.inf), 1.0, 5, 0.9, generators(1, 0)) is None
    assert quick_draw(torch.ones(1, 300), 1e-4, 5, 0.9, generators(1, 0)) is None


def test_the_last_uniform_number_still_gives_a_kept_token(monkeypatch):
    largest = torch.tensor([1 - 2.0**-53], dtype=torch.float64)
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: largest)
    logits = torch.linspace(0, -3, 300)[None]
    tokens, left, ids = quick_draw(logits, 1.0, 50, 0.4, generators(1, 0))
    assert not left[0, ids[0].tolist().index(tokens[0])].isneginf()


def test_equals_at_the_edge_stay_by_the_lowest_id():
    logits = torch.zeros(1, 300)
    logits[0, 299] = 1.0
    _, left, ids = quick_draw(logits, 1.0, 3, 1.0, generators(1, 0))
    assert ids.tolist() == [[0, 1, 299]]
    _, left, ids = quick_draw(logits, 1.0, 3, 0.58, generators(1, 0))
    assert ids[~left.isneginf()].tolist() == [0, 299]
