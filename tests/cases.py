"""Cases for property tests: how many, and random logits, small to large, tied, cut, sharp, flat,
extreme, of any dtype.

A property has as many cases as the profile says: 10 in `make quick`, 1,000 in `make prove`, and 100
in `make test` and wherever none is named (`pytest --hypothesis-profile=prove` names one).
`@examples(n)` says otherwise. Cases are the same each time.
"""

import math

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st

PROFILES = {"quick": 10, "test": 100, "prove": 1000}
DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def examples(most: int) -> settings:
    """`most` cases in `make prove`, a tenth in `make test`, a hundredth in `make quick`."""
    return settings(max_examples=most * settings.default.max_examples // PROFILES["prove"])


def at_least(*kept, of) -> list:
    """Parameters: some are in `make test`, and all in `make prove`."""
    assert set(kept) <= set(of), f"{kept} are not all in {of}"
    return [
        value if value in kept else pytest.param(value, marks=pytest.mark.prove) for value in of
    ]


@st.composite
def logits(draw, batch=8, vocab=5000, dtypes=DTYPES):
    """(1..batch, 2..vocab) logits; each row has a finite one. The seed shrinks, not each number."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    size = draw(st.integers(2, 12) | st.integers(13, 300) | st.integers(301, vocab))
    shape = (draw(st.integers(1, batch)), size)
    spread = draw(st.sampled_from([0.01, 1.0, 5.0, 30.0, 1e4]))
    x = torch.randn(shape, generator=generator) * spread
    if draw(st.booleans()):  # a handful of values, so nearly every token is tied
        x = (x / spread).round() * min(spread, 100.0)
    if draw(st.booleans()):  # most tokens cut by an earlier filter; one a row is spared
        cut = torch.rand(shape, generator=generator) < draw(st.sampled_from([0.1, 0.9, 1.0]))
        spared = torch.randint(shape[1], (shape[0], 1), generator=generator)
        x = x.masked_fill(cut.scatter(1, spared, False), -math.inf)
    return x.to(draw(st.sampled_from(dtypes)))
