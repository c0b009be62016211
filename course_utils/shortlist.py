"""The quick way through temperature, top-k, top-p and the draw: sort a few tokens, not all.

The definition is in `sampling`; a test holds the two against each other. NumPy, as on a handful of
numbers a call to it costs a fraction of one to torch.
"""

from collections.abc import Sequence

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
    (rows, n) logits to draw from with their ids, lowest first. None if there is nothing to gain,
    if n tokens do not hold the nucleus, if p falls on the edge of a token, where the order of
    summing decides, or if a row has no finite best.
    """
    n = 1 if t == 0 else k or SHORTLIST
    if (k is None and p == 1 and t) or n >= logits.shape[-1] or 0 < t < COLDEST:
        return None
    values, ids = (x.numpy() for x in logits.topk(n + 1))
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
