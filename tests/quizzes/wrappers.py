"""Habits that make a right function wrong somewhere: each wraps one, as mutants.py needs.

Tensors among the arguments are logits or probabilities, lists of whole numbers are texts, single
numbers are knobs.
"""

import copy
import functools
from collections.abc import Callable

import torch
from torch import Tensor


def on_arguments(change: Callable[[object], object]) -> Callable:
    """A wrapper that changes every argument before the call."""

    def habit(function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*map(change, args), **kwargs)

        return wrapper

    habit.__doc__, habit.__name__ = change.__doc__, change.__name__
    return habit


def is_text(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.dim() == 1 and not value.is_floating_point()
    return isinstance(value, list) and all(type(x) is int for x in value)


def is_batch(value: object) -> bool:
    return isinstance(value, Tensor) and value.dim() > 1


@on_arguments
def clamped(value):
    """sees logits between -100 and 100"""
    wide = isinstance(value, Tensor) and value.is_floating_point()
    return value.clamp(-100, 100) if wide else value


@on_arguments
def never_below_a_thousand(value):
    """sees no logit below -1000, so none at -inf"""
    wide = isinstance(value, Tensor) and value.is_floating_point()
    return value.clamp(min=-1000) if wide else value


@on_arguments
def positive(value):
    """sees logits without their sign"""
    return value.abs() if isinstance(value, Tensor) and value.is_floating_point() else value


@on_arguments
def halved(value):
    """sees logits in half precision"""
    wide = isinstance(value, Tensor) and value.is_floating_point()
    return value.half().to(value.dtype) if wide else value


@on_arguments
def untied(value):
    """sees ties broken by the highest id"""
    if not (isinstance(value, Tensor) and value.is_floating_point()):
        return value
    return value + torch.arange(value.shape[-1], dtype=value.dtype) * 1e-4 if value.dim() else value


@on_arguments
def first_hundred(value):
    """sees the first hundred tokens of a text"""
    return value[:100] if is_text(value) else value


@on_arguments
def last_hundred(value):
    """sees the last hundred tokens of a text"""
    return value[-100:] if is_text(value) else value


@on_arguments
def last_ten(value):
    """sees the last ten tokens of a text"""
    return value[-10:] if is_text(value) else value


@on_arguments
def once_each(value):
    """sees each token of a text once"""
    if not is_text(value):
        return value
    once = list(dict.fromkeys(list(map(int, value))))
    return torch.tensor(once, dtype=value.dtype) if isinstance(value, Tensor) else once


def first_row(function):
    """works on the first row of a batch alone"""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        args = [x[:1].expand_as(x).clone() if is_batch(x) else x for x in args]
        return function(*args, **kwargs)

    return wrapper


def flat_batch(function):
    """takes a batch for one long row"""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        shapes = [x.shape for x in args if is_batch(x)]
        result = function(*(x.reshape(-1) if is_batch(x) else x for x in args), **kwargs)
        fits = shapes and isinstance(result, Tensor) and result.numel() == shapes[0].numel()
        return result.reshape(shapes[0]) if fits else result

    return wrapper


def spoils(function):
    """changes its tensors and lists after it has used them"""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = copy.deepcopy(function(*args, **kwargs))
        for x in args:
            if isinstance(x, Tensor) and x.numel():
                x.view(-1)[-1] = 0
            elif isinstance(x, list) and x:
                x.pop()
        return result

    return wrapper


def remembers(function):
    """gives the first result again for arguments of the same shapes"""
    known: dict = {}

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        shapes = str([x.shape if isinstance(x, Tensor) else x for x in args])
        if shapes not in known:
            known[shapes] = copy.deepcopy(function(*args, **kwargs))
        return copy.deepcopy(known[shapes])

    return wrapper


def remembers_the_size(function):
    """keeps the size of the first vocabulary"""
    known: list = []

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        known.extend(x.shape[-1] for x in args if isinstance(x, Tensor) and x.dim())
        return function(
            *(x[..., : known[0]] if isinstance(x, Tensor) and x.dim() else x for x in args),
            **kwargs,
        )

    return wrapper


@on_arguments
def small_whole(value):
    """sees whole numbers up to 3"""
    return min(value, 3) if type(value) is int else value


@on_arguments
def whole_up_to_twenty(value):
    """sees whole numbers up to 20"""
    return min(value, 20) if type(value) is int else value


@on_arguments
def large_knob(value):
    """sees knobs of at least 0.05"""
    return max(value, 0.05) if type(value) is float else value


@on_arguments
def knob_below_one(value):
    """sees knobs of at most 0.99"""
    return min(value, 0.99) if type(value) is float else value


HABITS = [
    clamped,
    never_below_a_thousand,
    positive,
    halved,
    untied,
    first_hundred,
    last_hundred,
    last_ten,
    once_each,
    small_whole,
    whole_up_to_twenty,
    large_knob,
    knob_below_one,
    first_row,
    flat_batch,
    spoils,
    remembers,
    remembers_the_size,
]
