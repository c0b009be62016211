"""The quick way through temperature, top-k, top-p and the draw: sort a few tokens, not all.

The definition is in `sampling`; a test holds the two against each other. On a handful of numbers a
call to NumPy costs a fraction of one to torch, and plain Python, for one row, a fraction of that.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from course_utils.sampling import uniform

SHORTLIST = 256  # tokens that nearly always hold the nucleus; where they do not, all are sorted
COLDEST = 0.01  # below, a quotient might overflow, which `temperature` takes care of
ROUNDING = 1e-12  # of a sum of probabilities in float64, and more


def quick_draw(
    logits: Tensor, t: float, k: int | None, p: float, generators: Sequence[torch.Generator]
) -> tuple[list[int], Tensor, Tensor] | None:
    """What `sample` gives of `top_p(top_k(temperature(logits, t), k), p)`; t = 0 takes the best.

    logits: (rows, vocab), float32 on the CPU; generators: one a row. Returns the drawn tokens, and
    (rows, n) logits to draw from with their ids, in any order. None if there is nothing to gain,
    if n tokens do not hold the nucleus, if p falls on the edge of a token, where the order of
    summing decides, or if a row has no finite best.
    """
    n = 1 if t == 0 else k or SHORTLIST
    if (k is None and p == 1 and t) or n >= logits.shape[-1] or 0 < t < COLDEST:
        return None
    top = logits.topk(n + 1)
    if len(generators) == 1 and (drawn := draw_one(logits, *top, t, k, p, generators[0])):
        return drawn
    values, ids = (x.numpy() for x in top)
    left = quotients(values, t)
    if not np.isfinite(left[:, 0]).all():
        return None
    if (left[:, n - 1] == left[:, n]).any():
        left, ids = lowest_ids(quotients(logits.numpy(), t), left[:, n - 1 : n], n)
    row, order = np.arange(len(ids))[:, None], np.lexsort((ids, -left))[:, :n]
    left, ids = left[row, order], ids[row, order]
    weights = np.exp(left.astype(np.float64) - left[:, :1])
    if p < 1 and n > 1:
        mass = weights.cumsum(axis=1)
        before = mass / (mass[:, -1:] if k else total_weight(logits, t, left[:, :1], mass, p))
        if (abs(before - p) < ROUNDING).any() or (before[:, -1] < p - ROUNDING).any():
            return None
        cut = before[:, :-1] >= p
        left[:, 1:][cut], weights[:, 1:][cut] = -np.inf, 0
    order = ids.argsort(axis=1)
    left, ids = left[row, order], ids[row, order]
    cdf = weights[row, order].cumsum(axis=1)
    total = cdf[:, -1:]
    u = uniform(logits.shape[:-1], generators).numpy()
    # As in `sample`: u * total may round up to total, and the draw must stay on a kept token.
    drawn = np.minimum((cdf <= u * total).sum(axis=1), (cdf < total).sum(axis=1))
    tokens = ids[row[:, 0], drawn].tolist()
    return tokens, torch.from_numpy(left), torch.from_numpy(ids)


def draw_one(
    logits: Tensor,
    values: Tensor,
    ids: Tensor,
    t: float,
    k: int | None,
    p: float,
    generator: torch.Generator,
) -> tuple[list[int], Tensor, Tensor] | None:
    """The same for one row, with the kept tokens alone; None also if two of the best are equal.

    values, ids: (1, n + 1), the best.
    """
    scaled = values / (t or 1)
    [left], [best] = scaled.tolist(), ids.tolist()
    if not math.isfinite(left[0]) or len(set(left)) < len(left):
        return None
    weights = [math.exp(x - left[0]) for x in left[:-1]]
    kept = len(weights)
    if p < 1 and kept > 1:
        mass = list(accumulate(weights))
        total = mass[-1]
        if not k:
            highest = np.array([left[:1]], dtype=np.float32)
            total = total_weight(logits, t, highest, np.array([mass]), p).item()
        kept = min(bisect_left(mass, p * total) + 1, kept)
        # The one before the last is short of p, and the last is not, by more than rounding.
        edges = [x / total - p for x in mass[max(kept - 2, 0) : kept]]
        if edges[-1] < ROUNDING or (len(edges) > 1 and edges[0] > -ROUNDING):
            return None
    tokens = sorted(zip(best[:kept], weights, strict=False))
    cdf = list(accumulate(weight for _, weight in tokens))
    u = torch.rand(1, generator=generator, dtype=torch.float64).item()
    # As in `sample`: u * total may round up to total, and the draw must stay on a kept token.
    token, _ = tokens[min(bisect_right(cdf, u * cdf[-1]), bisect_left(cdf, cdf[-1]))]
    return [token], scaled[:, :kept], ids[:, :kept]


def quotients(values: np.ndarray, t: float) -> np.ndarray:
    """As `temperature` gives them, in float32."""
    return values / np.float32(t or 1)


def total_weight(
    logits: Tensor, t: float, best: np.ndarray, mass: np.ndarray, p: float
) -> np.ndarray:
    """Of all tokens, the sum of exp(logit / t - best): (rows, 1).

    In float32, unless p is so near the edge of a token, in `mass` (rows, n), that this might move
    it to the other side.
    """
    total = (logits / t - torch.from_numpy(best)).exp().sum(dim=-1, keepdim=True).double().numpy()
    error = 1e-6 * (32 + abs(best))  # float32 sums and exponents are off by a fraction of it
    if (abs(mass / total - p) < error).any():
        left = torch.from_numpy(quotients(logits.numpy(), t)).double()
        total = (left - torch.from_numpy(best)).exp().sum(dim=-1, keepdim=True).numpy()
    return total


def lowest_ids(left: np.ndarray, last: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n best values a row and their ids, where the n-th best, `last` (rows, 1), has equals."""
    above, level = left > last, left == last
    spare = n - above.sum(axis=1, keepdims=True)
    ids = (above | level & (level.cumsum(axis=1) <= spare)).nonzero()[1].reshape(-1, n)
    return np.take_along_axis(left, ids, axis=1), ids
