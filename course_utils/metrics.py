"""What a distribution is like, in numbers."""

import math

from torch import Tensor

from course_utils.sampling import finite_rows


def entropy(logits: Tensor) -> Tensor:
    """How open the choice is, in bits: 0 for a sure thing, log2(n) for n equal choices.

    logits: (..., vocab), -inf allowed. Returns float32 (...).
    Raises ValueError on NaN or an all -inf row. Shannon 1948.
    """
    logprobs = finite_rows(logits).log_softmax(dim=-1)
    surprise = -logprobs.masked_fill(logprobs.isneginf(), 0.0) / math.log(2)
    return (logprobs.exp() * surprise).sum(dim=-1)


def effective_choices(logits: Tensor) -> Tensor:
    """The number of equally likely tokens that would be as open as this choice: 2 ** entropy.

    logits: (..., vocab). Returns float32 (...), from 1 to vocab. Raises as `entropy` does.
    """
    return 2 ** entropy(logits)
