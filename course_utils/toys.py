"""Next-token distributions small enough to work out by hand. No model is needed."""

from typing import NamedTuple

import torch
from torch import Tensor


class Toy(NamedTuple):
    """A few tokens and the logit that a model might give to each, in the same order."""

    tokens: tuple[str, ...]
    logits: Tensor


# What could follow "every effort moves you": token ids are positions, 0 to 8.
VOCABULARY = ("closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you")
NEXT_LOGITS = torch.tensor([4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79])

# What could follow "The capital of France is": one good answer and a long tail.
CAPITAL_TOKENS = (
    " Paris",
    " the",
    " a",
    " located",
    " Lyon",
    " not",
    " in",
    " arguably",
    " France",
    " probably",
)
CAPITAL_LOGITS = torch.tensor([9.0, 5.5, 5.0, 4.5, 4.0, 3.5, 3.0, 2.0, 1.5, 1.0])

NINE_WORDS = Toy(VOCABULARY, NEXT_LOGITS)
CAPITAL = Toy(CAPITAL_TOKENS, CAPITAL_LOGITS)

# What could follow "The", in two steps: greedy takes " cat" and cannot come back.
# Text so far, as a tuple of tokens -> the probability of each next one.
GREEDY_LOSES = {
    (): {" cat": 0.55, " dog": 0.45},
    (" cat",): {" sat": 0.4, " ran": 0.35, " slept": 0.25},
    (" dog",): {" barked": 0.9, " ran": 0.1},
}
