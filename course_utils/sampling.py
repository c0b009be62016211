"""The strategies: each a pure function from logits to logits, and the draw that ends them.

Every function takes any leading shape; the last axis is the vocabulary. Nothing is changed in
place, the arithmetic is float32, and the result has the dtype of the input.
"""

import math

import torch
from torch import Tensor


def finite_rows(logits: Tensor) -> Tensor:
    """The logits in float32; ValueError unless each row has a finite logit and no NaN or +inf."""
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"logits must be a tensor of floats, got {kind}")
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits must be (..., vocab), got shape {tuple(logits.shape)}")
    x = logits.float()
    if x.isnan().any():
        raise ValueError("logits contain NaN: look for a division by zero or an overflow before")
    if x.isposinf().any():
        raise ValueError("logits contain +inf, so their softmax is not defined")
    if x.isneginf().all(dim=-1).any():
        raise ValueError("a row of logits is -inf everywhere: no token is left to choose")
    return x


def check_number(
    name: str, value: float, low: float, high: float, hint: str, above: bool = False
) -> None:
    """ValueError unless the value lies in [low, high], or in (low, high] with `above`."""
    span = f"{'(' if above else '['}{low:g}, {high:g}{')' if math.isinf(high) else ']'}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # A comparison with NaN is False, so NaN is refused too; infinity only bounds the range.
    if not number or not low <= value <= high or math.isinf(value) or (above and value == low):
        raise ValueError(f"{name} must be in {span}, got {value!r}. {hint}")


def check_count(name: str, value: int, least: int = 1) -> None:
    """ValueError unless the value is a whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")


def keep(logits: Tensor, kept: Tensor) -> Tensor:
    """The logits where `kept` is true, -inf elsewhere."""
    return logits.masked_fill(~kept, -math.inf)


def greedy(logits: Tensor) -> Tensor:
    """The most likely token; of equals, the one with the lowest id.

    logits: (..., vocab). Returns int64 ids (...). Raises ValueError on NaN or an all -inf row.
    """
    return finite_rows(logits).argmax(dim=-1)


def temperature(logits: Tensor, t: float) -> Tensor:
    """Divide by `t`: below 1 sharpens the distribution, above 1 flattens it. The order stays.

    logits: (..., vocab); t: above 0. For t = 0 use `greedy`, which is the limit.
    Returns logits of the same shape and dtype. Where the quotients would overflow the dtype, the
    row's largest logit is subtracted first, which leaves the probabilities as they are.
    Raises ValueError if t is not above 0, on NaN, or on an all -inf row.
    Ackley, Hinton and Sejnowski 1985; same result as transformers' TemperatureLogitsWarper,
    which overflows to NaN in those rows.
    """
    check_number("temperature", t, 0, math.inf, "For 0 use greedy", above=True)
    x = finite_rows(logits)
    scaled = (x / t).to(logits.dtype)
    best = x.max(dim=-1, keepdim=True).values
    if scaled.isposinf().any() or (scaled.isneginf() & ~x.isneginf()).any():
        scaled = ((x - best) / t).to(logits.dtype)
    return scaled


def top_k(logits: Tensor, k: int) -> Tensor:
    """Keep the `k` most likely tokens: exactly k, ties by the lowest id.

    logits: (..., vocab); k: at least 1, and k above the vocabulary keeps all.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if k is not a whole number from 1, on NaN, or on an all -inf row.
    Fan, Lewis and Dauphin 2018, https://arxiv.org/abs/1805.04833. transformers'
    TopKLogitsWarper keeps every tie of the k-th token, so sometimes more than k.
    """
    check_count("top_k", k)
    order = finite_rows(logits).argsort(dim=-1, descending=True, stable=True)
    kept = torch.zeros_like(logits, dtype=torch.bool)
    return keep(logits, kept.scatter(-1, order[..., :k], True))


def top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the smallest set of most likely tokens whose probability reaches `p`.

    A token stays while the mass before it is below p, so the one that crosses p stays too.
    logits: (..., vocab); p: in (0, 1], 1 keeps all; ties by the lowest id.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if p is out of range, on NaN, or on an all -inf row.
    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751. transformers' TopPLogitsWarper keeps
    the highest id of a tie.
    """
    check_number("top_p", p, 0, 1, "Use 1.0 to switch it off", above=True)
    x = finite_rows(logits)
    if p == 1:
        return logits.clone()
    probs, order = x.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    mass_before = probs.cumsum(dim=-1) - probs
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, mass_before < p)
    return keep(logits, kept)


def sample(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one token a row, each with its softmax probability, from one uniform number a row.

    Inverse CDF: lay the probabilities end to end and see where the number falls.
    logits: (..., vocab); generator: on the CPU. Returns int64 ids (...), never one at -inf.
    Raises ValueError on NaN or an all -inf row.
    """
    cdf = finite_rows(logits).double().softmax(dim=-1).cumsum(dim=-1)
    u = torch.rand(*cdf.shape[:-1], 1, generator=generator, dtype=torch.float64).to(cdf.device)
    total = cdf[..., -1:].contiguous()
    drawn = torch.searchsorted(cdf, u * total, right=True)
    last = torch.searchsorted(cdf, total)  # u * total may round up to total: stay on a real token
    return torch.minimum(drawn, last).squeeze(-1)
