"""Random logits for property tests: small to large, tied, cut, sharp, flat, extreme, any dtype."""

import math

import torch
from hypothesis import strategies as st

DTYPES = (torch.float16, torch.bfloat16, torch.float32)


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
