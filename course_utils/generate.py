"""The loop: model, strategies, draw, append, and again."""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from course_utils import penalties, sampling
from course_utils.checks import check_count, check_number, check_seed
from course_utils.metrics import entropy
from course_utils.model.interface import Model
from course_utils.model.tokenizer import TextStream
from course_utils.shortlist import quick_draw

Process = Callable[[Tensor, Tensor], Tensor]

ALL, NEW = "ids", "ids[..., prompt_length:]"
# The knobs in the order of use: the function of each and the tokens that it looks back at.
KNOBS = {
    "repetition_penalty": (penalties.repetition_penalty, ALL),
    "frequency_penalty": (penalties.frequency_penalty, NEW),
    "presence_penalty": (penalties.presence_penalty, NEW),
    "temperature": (sampling.temperature, None),
    "top_k": (sampling.top_k, None),
    "top_p": (sampling.top_p, None),
    "min_p": (sampling.min_p, None),
}


@dataclass(frozen=True)
class Settings:
    """The knobs of an API request, with defaults that change nothing.

    temperature: 0 or above, 0 means greedy; top_k: at least 1, None is off; top_p: in (0, 1];
    min_p: in [0, 1]; repetition_penalty: above 0; frequency_penalty, presence_penalty: in [-2, 2].
    Raises ValueError on any other value.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0

    def __post_init__(self):
        check_number("temperature", self.temperature, 0, math.inf, "Use 0 for greedy")
        logits, ids = torch.zeros(1), torch.zeros(1, dtype=torch.int64)
        for name, value in self.changed().items():
            function, history = KNOBS[name]  # which checks its value
            if history:
                function(logits, ids, value)
            elif name != "temperature":
                function(logits, value)

    def changed(self) -> dict[str, float]:
        """The knobs that are not at their default, in the order of use."""
        off = {field.name: field.default for field in fields(self)}
        return {name: getattr(self, name) for name in KNOBS if getattr(self, name) != off[name]}

    def active(self) -> dict[str, float]:
        """The knobs to apply: when greedy, the penalties, and then the best is left."""
        values = self.changed()
        if self.temperature == 0:
            return {name: v for name, v in values.items() if KNOBS[name][1]} | {"top_k": 1}
        return values

    def process(self, logits: Tensor, ids: Tensor, prompt_length: int = 0) -> Tensor:
        """Apply the knobs in order: penalties, temperature, top-k, top-p, min-p.

        logits: (..., vocab); ids: (..., length), the tokens so far. The repetition penalty counts
        them all, as in `transformers`; frequency and presence count those after `prompt_length`,
        as in the OpenAI API.
        """
        return self.truncate(self.penalise(logits, ids, prompt_length))

    @functools.cached_property
    def looks_back(self) -> bool:
        return any(KNOBS[name][1] for name in self.active())

    def penalise(self, logits: Tensor, ids: Tensor, prompt_length: int) -> Tensor:
        for name, value in self.active().items():
            function, history = KNOBS[name]
            if history:
                logits = function(
                    logits, ids if history == ALL else ids[..., prompt_length:], value
                )
        return logits

    def truncate(self, logits: Tensor) -> Tensor:
        for name, value in self.active().items():
            function, history = KNOBS[name]
            if not history:
                logits = function(logits, value)
        return logits

    def code(self) -> str:
        """The Python lines that these settings stand for."""
        lines = []
        for name, value in self.active().items():
            history = KNOBS[name][1]
            number = format(value, "d" if isinstance(value, int) else ".15g")
            lines.append(f"logits = {name}(logits, {f'{history}, ' if history else ''}{number})")
        if self.temperature == 0:
            return "\n".join([*lines[:-1], "token = greedy(logits)"])
        return "\n".join([*lines, "token = sample(logits, generator)"])


@dataclass(frozen=True, eq=False)
class Step:
    """One token of a text, and what it was chosen from.

    `text` is what can be shown now: empty for end-of-text and for half a character. `logits`
    (vocab,) are the model's own, before any strategy; `left` (n,) are those that the strategies
    gave to the draw, -inf for a cut token, and `ids` (n,) their tokens, in any order.
    """

    token: int
    text: str
    logits: Tensor
    left: Tensor
    ids: Tensor

    @functools.cached_property
    def logprobs(self) -> Tensor:
        """Natural log-probabilities of all tokens by the model: (vocab,)."""
        return self.logits.log_softmax(dim=-1)

    @property
    def logprob(self) -> float:
        """Natural log-probability of the token by the model."""
        return float(self.logprobs[self.token])

    @property
    def rank(self) -> int:
        """The token's place by the model's own scores: 1 is the likeliest."""
        return int((self.logits > self.logits[self.token]).sum()) + 1

    @property
    def entropy(self) -> float:
        """Bits: how open the choice was to the model."""
        return float(entropy(self.logits))

    @property
    def kept_ids(self) -> Tensor:
        """The tokens that were left to draw from, lowest id first."""
        return self.ids[~self.left.isneginf()].sort().values

    @property
    def kept(self) -> int:
        """How many tokens were left to draw from."""
        return len(self.kept_ids)

    @property
    def mass(self) -> float:
        """The probability that the model gave to the kept tokens together."""
        return float(self.logprobs[self.kept_ids].exp().sum())


def generate(
    model: Model,
    prompt: str,
    process: Settings | Process | None = None,
    max_new_tokens: int = 200,
    seed: int = 0,
    cache: bool = True,
) -> Iterator[Step]:
    """Continue the prompt, a `Step` a token, until end-of-text or `max_new_tokens`.

    process: `Settings`, or a function of logits (vocab,) and the ids so far (length,) to logits;
    None draws from the model as it is. Past the context the model sees only its last tokens.
    cache: False runs all of the text anew for each token, which is slower and gives the same text
    but for near-ties in floating point. Same seed and machine: same text.
    Raises ValueError on an empty or too long prompt, or a max_new_tokens or seed out of range.
    """
    batch = generate_batch(model, [prompt], process, max_new_tokens, [seed], cache)
    return (step for [step] in batch)


def generate_batch(
    model: Model,
    prompts: Sequence[str],
    process: Settings | Process | None = None,
    max_new_tokens: int = 200,
    seeds: Sequence[int] | None = None,
    cache: bool = True,
) -> Iterator[list[Step | None]]:
    """Continue many prompts side by side: at each step, a `Step` a row, None for ended rows.

    seeds: one a row, 0, 1, 2, … by default. A row draws from its own generator, so that its text is
    the one that `generate` gives with its seed, but for near-ties in floating point.
    The rest is as in `generate`. Raises ValueError also if there is no prompt, or a seed too few.
    """
    seeds = range(len(prompts)) if seeds is None else seeds
    check_count("max_new_tokens", max_new_tokens)
    if isinstance(prompts, str) or not prompts:
        raise ValueError(f"prompts must be a list of at least one text, got {prompts!r}")
    if len(seeds) != len(prompts):
        raise ValueError(f"seeds must be one a prompt, {len(prompts)}, got {len(seeds)}")
    for seed in seeds:
        check_seed(seed)
    rows = [Row(model, prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]
    return run(model, rows, process or Settings(), max_new_tokens, cache)


class Row:
    """One text of a batch as it grows."""

    def __init__(self, model: Model, prompt: str, seed: int):
        self.ids = model.encode(prompt)
        self.prompt_length = len(self.ids)
        self.generator = torch.Generator().manual_seed(seed)
        self.stream = TextStream(model.tokenizer)
        self.ended = False


@torch.no_grad()  # not inference mode: its tensors could not be changed or differentiated
def run(
    model: Model,
    rows: list[Row],
    process: Settings | Process,
    max_new_tokens: int,
    cache: bool,
) -> Iterator[list[Step | None]]:
    reader, ends = model.reader(cache), model.ends
    going, places = rows, None
    for remaining in reversed(range(max_new_tokens)):
        logits = reader.next_logits([row.ids for row in going], places)
        tokens, left, ids = draw(process, logits, going)
        steps = dict.fromkeys(rows)
        for i, (row, token) in enumerate(zip(going, tokens, strict=True)):
            row.ids.append(token)
            row.ended = token in ends
            text = "" if row.ended else row.stream.add(token)
            if row.ended or not remaining:
                text += row.stream.end()
            steps[row] = Step(token, text, logits[i], left[i], ids[i])
        yield list(steps.values())
        places = [i for i, row in enumerate(going) if not row.ended]
        going = [going[i] for i in places]
        if not going:
            return


def draw(
    process: Settings | Process, logits: Tensor, rows: list[Row]
) -> tuple[list[int], Tensor, Tensor]:
    """A token a row, and what it was drawn from: (rows, n) logits and their ids."""
    generators = [row.generator for row in rows]
    if isinstance(process, Settings):
        logits = row_by_row(process.penalise, logits, rows) if process.looks_back else logits
        knobs = process.temperature, process.top_k, process.top_p
        drawn = None if process.min_p else quick_draw(logits, *knobs, generators)
        if drawn:
            return drawn
        left = process.truncate(logits.clone())  # without knobs it is what it was given
    else:
        left = row_by_row(functools.partial(processed, process), logits, rows)
    ids = torch.arange(left.shape[-1]).repeat(len(left), 1)
    return sampling.sample(left, generators).tolist(), left, ids


def row_by_row(
    change: Callable[[Tensor, Tensor, int], Tensor], logits: Tensor, rows: list[Row]
) -> Tensor:
    """Let each row's own history, which is as long as it is, change its logits."""
    pairs = zip(logits, rows, strict=True)
    return torch.stack([change(x, torch.tensor(row.ids), row.prompt_length) for x, row in pairs])


def processed(
    process: Settings | Process, logits: Tensor, ids: Tensor, prompt_length: int
) -> Tensor:
    """The logits (vocab,) that a process leaves; ValueError if they have another shape."""
    if isinstance(process, Settings):
        return process.process(logits, ids, prompt_length)
    left = process(logits.clone(), ids.clone())  # it may work in place
    if not isinstance(left, Tensor) or left.shape != logits.shape:
        got = tuple(left.shape) if isinstance(left, Tensor) else type(left).__name__
        raise ValueError(f"process must return logits of shape {tuple(logits.shape)}, got {got}")
    return left
