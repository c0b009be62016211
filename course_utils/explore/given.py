"""What explorers are given: numbers of one's own, and a learner's function."""

import inspect
import math
import traceback
from collections.abc import Callable, Sequence
from types import CodeType
from typing import TypeVar

import torch
from torch import Tensor

from course_utils.checks import single_rows
from course_utils.explore.in_time import TooLong
from course_utils.explore.plots.look import visible
from course_utils.model import storyteller
from course_utils.model.interface import Model
from course_utils.toys import Markov

T = TypeVar("T")
MOST_TOKENS = 256  # of a text whose logits are held: with 150,000 tokens, 150 MB


def pair(source: object) -> tuple[Sequence[str], Tensor]:
    """Tokens and finite logits (vocab,). ValueError if the source is no pair of them."""
    try:
        tokens, logits = source
    except (TypeError, ValueError):
        raise ValueError(f"source must be a prompt or a pair (tokens, logits), got {source!r}")
    logits = single_rows(logits).clone()
    if logits.shape != (len(tokens),):
        raise ValueError(
            f"logits must be one number a token, shape ({len(tokens)},), got {tuple(logits.shape)}"
        )
    return tokens, logits


def reading_model(model: Model | None, source: object, toys: bool = False) -> Model | None:
    """What reads the source if that is a prompt: the model given, or else the Storyteller.

    toys: whether a `toys.Markov` will do, which gives no more than the scores of the next token.
    ValueError if it is no model, or if the source is none of a model's.
    """
    is_toy = toys and isinstance(model, Markov)
    if model is not None and not is_toy and not hasattr(model, "vocab_size"):
        raise ValueError(f"model must be one that model.load gives, got {repr(model)[:60]}")
    if isinstance(source, str):
        return model or storyteller.load()
    if model is not None:
        raise ValueError("model needs a prompt to read. Leave one of them out")
    return None


def encoded(model: Model, text: str, box: str) -> list[int]:
    """The ids of a text. An error calls it as the learner sees its box called."""
    try:
        return model.encode(text)
    except ValueError as error:
        raise ValueError(str(error).replace("prompt", box, 1))


def check_room(name: str, count: int) -> None:
    """ValueError if a text has more tokens than logits are held for."""
    if count > MOST_TOKENS:
        raise ValueError(f"{name} must be at most {MOST_TOKENS} tokens, got {count}. Shorten it")


# A learner's function


class Fault(ValueError):
    """What a learner's function returned cannot be used."""


def complaint(function: Callable, error: Exception) -> str:
    """Which line of the learner's code failed, and how."""
    name = name_of(function)
    if isinstance(error, Fault):
        line = getattr(code_of(function), "co_firstlineno", None)
        return f"{name}{f' (it starts in line {line} of its cell)' if line else ''} {error}"
    if unwritten := unwritten_function(function, error):
        return f"{unwritten[0]} is not written yet: it stops in line {unwritten[1]} of its cell."
    where = line_in(function, traceback.extract_tb(error.__traceback__))
    if isinstance(error, TooLong):
        return f"{name} was ended{where}: {error}. Does every loop in it come to an end?"
    said = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    return f"{name} stopped{where}: {said[:300]}"


def line_in(function: Callable, stack: traceback.StackSummary) -> str:
    """The innermost line of the function's own cell that is in the stack, in words."""
    code = code_of(function)
    lines = [frame.lineno for frame in stack if code and frame.filename == code.co_filename]
    return f" in line {lines[-1]} of its cell" if lines else ""


def unwritten_function(function: Callable, error: Exception) -> tuple[str, int] | None:
    """The learner's function that raised NotImplementedError, and its line, if one did so."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    own = getattr(inspect.unwrap(function), "__globals__", None)
    is_own = frame.f_globals is own or frame.f_code is code_of(function)
    if isinstance(error, NotImplementedError) and is_own:
        return frame.f_code.co_name, line
    return None


def code_of(function: Callable) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None)


def name_of(function: Callable | None) -> str:
    return getattr(function, "__name__", "your function")


def returned(result: T | None) -> T:
    """The result. Raises Fault if there is none."""
    if result is None:
        raise Fault("returned nothing: does it end with a return?")
    return result


def one_a_token(result: object, tokens: Sequence[str], number: str, numbers: str) -> Tensor:
    """The result as float64 (vocab,), on the CPU. Raises Fault if it is none, or holds NaN."""
    returned(result)
    try:
        x = torch.as_tensor(result).detach().double().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise Fault(f"returned a {type(result).__name__}, expected a tensor of {numbers}.")
    if x.shape != (len(tokens),):
        raise Fault(
            f"returned shape {tuple(x.shape)}, expected ({len(tokens)},): one {number} a token."
        )
    if x.isnan().any():
        bad = visible(tokens[int(x.isnan().int().argmax())])
        raise Fault(f"returned NaN at '{bad}'. An overflow, or 0 divided by 0?")
    return x


def some_choice(logits: Tensor) -> Tensor:
    """The logits, any shape but empty. Raises Fault if nothing can be drawn from them."""
    if logits.max() in (math.inf, -math.inf):
        raise Fault("returned logits that leave no choice: +inf, or -inf everywhere.")
    return logits
