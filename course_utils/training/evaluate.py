"""How well a model predicts stories it has not seen."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.model.gpt import GPT
from course_utils.model.storyteller import Storyteller
from course_utils.training.corpus import encode_stories


@torch.inference_mode()
def total_nats(model: GPT, ids: np.ndarray) -> float:
    """Minus the log-probability of all ids after the first, summed, in nats.

    The window moves by half a context, so past the first window each id is predicted from at least
    that much text.
    """
    context = model.config.n_positions
    row = torch.from_numpy(ids.astype(np.int64)).to(model.wte.weight.device)
    total, counted = 0.0, 1  # the first id has nothing before it
    while counted < len(row):
        end = min(counted + (context if counted == 1 else context // 2), len(row))
        window = row[max(end - 1 - context, 0) : end]
        logits = model(window[None, :-1])[0].float()
        new = end - counted
        total += F.cross_entropy(logits[-new:], window[-new:], reduction="sum").item()
        counted = end
    return total


@dataclass(frozen=True)
class Evaluation:
    """`nats` over all `tokens` of the stories and the end-of-text after each."""

    nats: float
    tokens: int
    characters: int

    @property
    def bits_per_character(self) -> float:
        return self.nats / math.log(2) / self.characters

    def __str__(self) -> str:
        return (
            f"{self.bits_per_character:.4f} bits per character, "
            f"{self.nats / self.tokens:.4f} nats per token "
            f"({self.nats:.0f} nats, {self.tokens} tokens, {self.characters} characters)"
        )


def evaluate(model: Storyteller, stories: list[str]) -> Evaluation:
    """Score the stories one after the other; end-of-text costs nats but is no character."""
    ids = encode_stories(model.tokenizer, stories)
    return Evaluation(total_nats(model.gpt, ids), len(ids) - 1, sum(map(len, stories)))
