"""The loop: model, strategies, draw, append, and again."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils import sampling
from course_utils.gpt import Cache
from course_utils.metrics import entropy
from course_utils.storyteller import Storyteller
from course_utils.tokenizer import TextStream

Process = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Settings:
    """The knobs of an API request, with its defaults, which change nothing.

    temperature: 0 or above, 0 means greedy; top_k: at least 1, None is off; top_p: in (0, 1].
    Raises ValueError on any other value.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self):
        sampling.check_number("temperature", self.temperature, 0, math.inf, "Use 0 for greedy")
        sampling.check_number("top_p", self.top_p, 0, 1, "Use 1.0 to switch it off", above=True)
        sampling.check_count("top_k", 1 if self.top_k is None else self.top_k)

    def process(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Apply the knobs in order: temperature, top-k, top-p. `ids` are the tokens so far."""
        if self.temperature == 0:
            return sampling.top_k(logits, 1)
        logits = sampling.temperature(logits, self.temperature)
        if self.top_k is not None:
            logits = sampling.top_k(logits, self.top_k)
        return sampling.top_p(logits, self.top_p)

    def code(self) -> str:
        """The Python lines that these settings stand for."""
        if self.temperature == 0:
            return "token = greedy(logits)"
        lines = []
        if self.temperature != 1:
            lines.append(f"logits = temperature(logits, {self.temperature:g})")
        if self.top_k is not None:
            lines.append(f"logits = top_k(logits, {self.top_k})")
        if self.top_p != 1:
            lines.append(f"logits = top_p(logits, {self.top_p:g})")
        return "\n".join([*lines, "token = sample(logits, generator)"])


@dataclass(frozen=True)
class Step:
    """One token of a text, and how it was chosen.

    `text` is what can be shown now: empty for end-of-text and for half a character.
    `logprob` (nats), `rank` (1 is the likeliest) and `entropy` (bits) are the model's own, before
    any strategy; `kept` tokens were left to draw from, and the model gave them `mass` together.
    """

    token: int
    text: str
    logprob: float
    rank: int
    entropy: float
    kept: int
    mass: float


def generate(
    model: Storyteller,
    prompt: str,
    process: Process | None = None,
    max_new_tokens: int = 200,
    seed: int = 0,
) -> Iterator[Step]:
    """Continue the prompt, a `Step` a token, until end-of-text or `max_new_tokens`.

    process: logits (vocab,) and the ids so far (length,) to logits; None draws from the model as it
    is. Past the context the model sees only its last tokens. Same seed and machine: same text.
    Raises ValueError on an empty or too long prompt, or a max_new_tokens or seed out of range.
    """
    sampling.check_count("max_new_tokens", max_new_tokens)
    sampling.check_count("seed", seed, least=0)
    return steps(model, model.encode(prompt), process, max_new_tokens, seed)


@torch.inference_mode()
def steps(
    model: Storyteller, ids: list[int], process: Process | None, max_new_tokens: int, seed: int
) -> Iterator[Step]:
    generator = torch.Generator().manual_seed(seed)
    stream = TextStream(model.tokenizer)
    end = model.tokenizer.eot_token
    next_logits = predictor(model)
    for remaining in reversed(range(max_new_tokens)):
        logits = next_logits(ids)
        chosen_from = process(logits, torch.tensor(ids)) if process else logits
        token = int(sampling.sample(chosen_from, generator))
        ids.append(token)
        text = "" if token == end else stream.add(token)
        if token == end or not remaining:
            text += stream.end()
        yield describe(logits, chosen_from, token, text)
        if token == end:
            return


def predictor(model: Storyteller) -> Callable[[list[int]], Tensor]:
    """A function from all ids so far to the next logits (vocab,), which runs only new ids."""
    config = model.gpt.config
    weight = model.gpt.wte.weight
    cache = Cache(config, 1, weight.dtype, weight.device)

    def next_logits(ids: list[int]) -> Tensor:
        if len(ids) <= config.n_positions:
            logits = model.gpt(torch.tensor([ids[cache.length :]], device=weight.device), cache)
        else:  # positions are absolute: a window that slides has to be computed anew
            window = torch.tensor([ids[-config.n_positions :]], device=weight.device)
            logits = model.gpt(window)
        return logits[0, -1].float().cpu()

    return next_logits


def describe(logits: Tensor, chosen_from: Tensor, token: int, text: str) -> Step:
    probs = logits.softmax(dim=-1)
    kept = ~chosen_from.isneginf()
    return Step(
        token=token,
        text=text,
        logprob=float(probs[token].log()),
        rank=int((probs > probs[token]).sum()) + 1,
        entropy=float(entropy(logits)),
        kept=int(kept.sum()),
        mass=float(probs[kept].sum()),
    )
