"""Speculative sampling: a cheap draft proposes tokens, and the model checks them in one pass.

The text has the same distribution as the model's own; only the number of passes falls.

Whether it is faster is another matter. The Storyteller is so small that it has no draft of its own:
on a CPU, one thread, a pass over five tokens took 1.6 times as long as over one, and a token of its
first layer alone a third of that one (November 2026). `lookup_draft` made greedy, looping text 1.2
times as fast, and drawn text slower; n-grams counted from its training texts, and its own first
layers, gained nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils import sampling
from course_utils.checks import check_count, check_seed
from course_utils.generate import Process, Settings, processed
from course_utils.model.interface import Model
from course_utils.model.tokenizer import TextStream

# From all ids so far, how many to propose at most, and a generator: the proposed ids, and the
# probabilities that each was drawn from, (proposed, vocab).
Draft = Callable[[list[int], int, torch.Generator], tuple[list[int], Tensor]]


@dataclass(frozen=True)
class Round:
    """One pass of the model, and what became of the draft.

    tokens: what joined the text, with end-of-text if it came; text: what can be shown of it now;
    drafted: the tokens that the draft proposed; accepted: how many of them, from the left, joined.
    The rest of the tokens is at most one: redrawn in place of the first that was refused, or, if
    none was, a bonus of the same pass. None of either if end-of-text came before.
    """

    tokens: list[int]
    text: str
    drafted: list[int]
    accepted: int

    @property
    def redrawn(self) -> int | None:
        """The token in place of the refused one, if one was."""
        return self.after if self.accepted < len(self.drafted) else None

    @property
    def bonus(self) -> int | None:
        """The token after a draft that was accepted whole; the only one of an empty draft."""
        return self.after if self.accepted == len(self.drafted) else None

    @property
    def after(self) -> int | None:
        return self.tokens[self.accepted] if self.accepted < len(self.tokens) else None


def verify(
    target: Tensor, draft: Tensor, proposed: list[int], generator: torch.Generator
) -> tuple[list[int], int]:
    """Accept proposals from the left, each with probability min(1, target / draft); then draw one.

    After a refusal the next token is drawn from what the draft gave too little to, max(0, target -
    draft); with none refused, from the target's last row. So each token follows the target.
    target: probabilities (n + 1, vocab); draft: (n, vocab), the ones that `proposed`, n ids, were
    drawn from. Returns the tokens, 1 to n + 1, and how many proposals were accepted.
    Raises ValueError on other shapes.
    Leviathan et al. 2023, https://arxiv.org/abs/2211.17192.
    """
    n, vocab = len(proposed), target.shape[-1]
    if target.shape != (n + 1, vocab) or draft.shape != (n, vocab):
        raise ValueError(
            f"target and draft must be ({n + 1}, vocab) and ({n}, vocab) for {n} proposed ids, "
            f"got {tuple(target.shape)} and {tuple(draft.shape)}"
        )
    target, draft = target.double(), draft.double()
    for i, token in enumerate(proposed):
        u = torch.rand((), generator=generator, dtype=torch.float64)
        if u * draft[i, token] >= target[i, token]:
            missing = (target[i] - draft[i]).clamp(min=0)
            if not missing.any():  # the two are equal but for rounding
                missing = target[i]
            return [*proposed[:i], int(sampling.sample(missing.log(), generator))], i
    return [*proposed, int(sampling.sample(target[n].log(), generator))], n


def lookup_draft(model: Model, ngram: int = 3) -> Draft:
    """Propose what followed the last time that the text's last tokens stood in it.

    The longest match of at most `ngram` tokens counts. Needs no second model; good where a text
    repeats itself. Saxena 2023, https://github.com/apoorvumang/prompt-lookup-decoding.
    """
    check_count("ngram", ngram)

    def propose(ids: list[int], ahead: int, generator: torch.Generator) -> tuple[list[int], Tensor]:
        found = []
        for n in range(min(ngram, len(ids) - 1), 0, -1):
            starts = range(len(ids) - n - 1, -1, -1)
            match = next((i for i in starts if ids[i : i + n] == ids[-n:]), None)
            if match is not None:
                found = ids[match + n : match + n + ahead]
                break
        sure = F.one_hot(torch.tensor(found, dtype=torch.int64), model.vocab_size).double()
        return found, sure

    return propose


def model_draft(model: Model, process: Settings | Process | None = None) -> Draft:
    """Let a smaller model with the same tokenizer propose, through a `process` of its own."""
    reader = model.reader()

    def propose(ids: list[int], ahead: int, generator: torch.Generator) -> tuple[list[int], Tensor]:
        ids, start, offered = list(ids), len(ids), []
        for _ in range(ahead):
            logits = reader.last_logits(ids, 1)
            offered.append(probabilities(process or Settings(), logits, ids, 0))
            ids.append(int(sampling.sample(offered[-1].log(), generator)))
        return ids[start:], torch.cat(offered)

    return propose


def speculate(
    model: Model,
    prompt: str,
    draft: Draft,
    process: Settings | Process | None = None,
    max_new_tokens: int = 100,
    seed: int = 0,
    ahead: int = 4,
) -> Iterator[Round]:
    """Continue the prompt, a `Round` a pass of the model, until end-of-text or `max_new_tokens`.

    process: as in `generate`, and the text has the distribution of the one that `generate` draws;
    with greedy settings it is the same text. ahead: the most tokens that the draft may propose.
    Raises ValueError on bad arguments, or if prompt and new tokens do not fit into the context.
    """
    check_count("max_new_tokens", max_new_tokens)
    check_count("ahead", ahead)
    check_seed(seed)
    ids = model.encode(prompt)
    room = model.context - len(ids)
    if max_new_tokens > room:
        raise ValueError(
            f"max_new_tokens must be at most {room}, the rest of the context after this prompt, "
            f"got {max_new_tokens}"
        )
    generator = torch.Generator().manual_seed(seed)
    return rounds(model, ids, draft, process or Settings(), max_new_tokens, generator, ahead)


@torch.no_grad()
def rounds(
    model: Model,
    ids: list[int],
    draft: Draft,
    process: Settings | Process,
    max_new_tokens: int,
    generator: torch.Generator,
    ahead: int,
) -> Iterator[Round]:
    stream, reader = TextStream(model.tokenizer), model.reader()
    prompt_length = len(ids)
    last = prompt_length + max_new_tokens
    while len(ids) < last and (len(ids) == prompt_length or ids[-1] not in model.ends):
        proposed, offered = draft(list(ids), min(ahead, last - len(ids)), generator)
        proposed, offered = proposed[: last - len(ids) - 1], offered[: last - len(ids) - 1]
        logits = reader.last_logits(ids + proposed, len(proposed) + 1)
        target = probabilities(process, logits, ids + proposed, prompt_length)
        tokens, accepted = verify(target, offered, proposed, generator)
        first_end = next((i for i, token in enumerate(tokens) if token in model.ends), len(tokens))
        tokens = tokens[: first_end + 1]
        ids = ids + tokens
        text = "".join(map(stream.add, tokens[:first_end]))
        if ids[-1] in model.ends or len(ids) == last:
            text += stream.end()
        yield Round(tokens, text, proposed, min(accepted, len(tokens)))


def probabilities(
    process: Settings | Process, logits: Tensor, ids: list[int], prompt_length: int
) -> Tensor:
    """(n, vocab), float64: after each of the last n of the ids, what would be drawn from."""
    text, first = torch.tensor(ids), len(ids) - len(logits) + 1
    rows = [
        processed(process, row, text[: first + i], prompt_length) for i, row in enumerate(logits)
    ]
    return torch.stack(rows).double().softmax(dim=-1)
