"""Arguments, checked once for all strategies: what was wrong, the value, the range, the way out."""

import math

import torch
from torch import Tensor


def check_rows(logits: Tensor) -> None:
    """ValueError unless each row of logits has a finite one and no NaN or +inf."""
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"logits must be a tensor of floats, got {kind}")
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits must be (..., vocab), got shape {tuple(logits.shape)}")
    x = logits.detach()
    # One sum that is not finite if any row is bad: nearly every call is done after it.
    if not math.isfinite(x.amax(dim=-1).sum(dtype=torch.float64)):
        if x.isnan().any():
            raise ValueError("logits contain NaN: look for a division by zero or an overflow")
        if x.isposinf().any():
            raise ValueError("logits contain +inf, so their softmax is not defined")
        if x.isneginf().all(dim=-1).any():
            raise ValueError("a row of logits is -inf everywhere: no token is left to choose")


def finite_rows(logits: Tensor) -> Tensor:
    """The logits in float64, to decide by; ValueError as `check_rows`."""
    check_rows(logits)
    return logits.double()


def single_rows(logits: Tensor) -> Tensor:
    """The logits in float32, or float64 if so they are, to move; ValueError as `check_rows`."""
    check_rows(logits)
    return at_least_single(logits)


def at_least_single(x: Tensor) -> Tensor:
    """The numbers in float32, or in float64 if that is what they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


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


def check_seed(seed: int) -> None:
    """ValueError unless torch can take the seed."""
    check_count("seed", seed, least=0)
    if seed >= 2**63:
        raise ValueError(f"seed must be below 2**63, got {seed}")


def check_finite(name: str, value: float | Tensor, hint: str) -> None:
    """ValueError unless the value is a finite number, or a tensor of finite floats."""
    if not isinstance(value, Tensor):
        check_number(name, value, -math.inf, math.inf, hint, above=True)
    elif not value.is_floating_point() or not value.isfinite().all():
        raise ValueError(f"{name} must be finite floats, got {value}. {hint}")


def check_fraction(name: str, value: float | Tensor, hint: str) -> None:
    """ValueError unless the value is a number in [0, 1], or a tensor of floats in it."""
    if not isinstance(value, Tensor):
        check_number(name, value, 0, 1, hint)
    elif not value.is_floating_point() or not ((value >= 0) & (value <= 1)).all():
        raise ValueError(f"{name} must be floats in [0, 1], got {value}. {hint}")


def check_ids(ids: Tensor, logits: Tensor) -> None:
    """ValueError unless ids are int64, lie in the vocabulary and share the leading shape."""
    if not isinstance(ids, Tensor) or ids.dtype != torch.int64:
        kind = ids.dtype if isinstance(ids, Tensor) else type(ids).__name__
        raise ValueError(f"ids must be an int64 tensor, got {kind}")
    *leading, vocab = logits.shape
    if ids.ndim != logits.ndim or list(ids.shape[:-1]) != leading:
        wanted = "".join(f"{size}, " for size in leading)
        raise ValueError(f"ids must be of shape ({wanted}length), got {tuple(ids.shape)}")
    outside = ids[(ids < 0) | (ids >= vocab)]
    if len(outside):
        raise ValueError(f"ids must be in [0, {vocab}), the vocabulary, got {int(outside[0])}")


def check_token(name: str, token: int, logits: Tensor) -> None:
    """ValueError unless the token is a whole number in the vocabulary."""
    vocab = logits.shape[-1]
    whole = isinstance(token, int) and not isinstance(token, bool)
    if not whole or not 0 <= token < vocab:
        raise ValueError(f"{name} must be a token id in [0, {vocab}), got {token!r}")
