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


def quick_draw(
    logits: Tensor, t: float, k: int | None, p: float, generators: Sequence[torch.Generator]
) -> tuple[list[int], Tensor, Tensor] | None:
    """What `sample` gives of `top_p(top_k(temperature(logits, t), k), p)`; t = 0 takes the best.

    logits: (rows, vocab), float32 on the CPU; generators: one a row. Returns the drawn tokens, and
    (rows, n) logits to draw from with their ids, lowest first. None if there is nothing to gain,
    if n tokens do not hold the nucleus, or if a row has no finite best.
    """
    n = 1 if t == 0 else k or SHORTLIST
    if (k is None and p == 1 and t) or n >= logits.shape[-1] or 0 < t < COLDEST:
        return None
    values, ids = (x.numpy() for x in logits.topk(n + 1))
    if not np.isfinite(values[:, 0]).all():
        return None
    if (values[:, n - 1] == values[:, n]).any():
        values, ids = lowest_ids(logits, values[:, n - 1 : n], n)
    row, order = np.arange(len(ids))[:, None], np.lexsort((ids, -values))[:, :n]
    left, ids = values[row, order] / np.float32(t or 1), ids[row, order]
    if p < 1 and n > 1:
        if k:
            probs = np.exp(left - left[:, :1])
            probs /= probs.sum(axis=1, keepdims=True)
        else:
            probs = np.exp(left - (logits / t).logsumexp(dim=-1, keepdim=True).numpy())
        mass = probs.cumsum(axis=1)
        if not k and (mass[:, -1] < p).any():
            return None
        left[:, 1:][mass[:, :-1] >= p] = -np.inf
    order = ids.argsort(axis=1)
    left, ids = left[row, order], ids[row, order]
    cdf = np.exp(left.astype(np.float64) - left.max(axis=1, keepdims=True)).cumsum(axis=1)
    total = cdf[:, -1:]
    u = uniform(logits.shape[:-1], generators).numpy()
    # As in `sample`: u * total may round up to total, and the draw must stay on a kept token.
    drawn = np.minimum((cdf <= u * total).sum(axis=1), (cdf < total).sum(axis=1))
    tokens = ids[row[:, 0], drawn].tolist()
    return tokens, torch.from_numpy(left), torch.from_numpy(ids)


def lowest_ids(logits: Tensor, last: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n best values a row and their ids, where the n-th best, `last` (rows, 1), has equals."""
    above, level = logits > torch.from_numpy(last), logits == torch.from_numpy(last)
    spare = n - above.sum(dim=-1, keepdim=True)
    ids = (above | level & (level.cumsum(dim=-1) <= spare)).nonzero()[:, 1].view(-1, n)
    return logits.gather(-1, ids).numpy(), ids.numpy()
