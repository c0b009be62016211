"""More tries and longer thought: what can be bought with more computing when text is written.

`majority_vote` and `pass_at_k` make one answer, or one number, of many tries; `power_sample` draws
texts that the model finds likelier as a whole.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from course_utils import sampling
from course_utils.beam import Decode, Hypothesis, NextLogits, hypothesis, prompt_ids
from course_utils.checks import check_count, check_number, check_seed, finite_rows
from course_utils.model.reader import Reader
from course_utils.model.storyteller import Storyteller


def majority_vote(answers: Sequence[Hashable | None]) -> Hashable | None:
    """The answer that most tries gave; of equally many, the one that was given first.

    answers: one a try, None for a try without an answer, which has no vote. What counts as the same
    answer is the caller's: "7", "7.0" and 7 are three. Returns None if there is no vote.
    Raises ValueError if there is no try, or an answer cannot be counted.
    Wang et al. 2022, "self-consistency", https://arxiv.org/abs/2203.11171.
    """
    if isinstance(answers, str) or not isinstance(answers, Sequence) or not answers:
        raise ValueError(f"answers must be a list with one answer a try, got {answers!r}")
    try:
        votes = Counter(answer for answer in answers if answer is not None)
    except TypeError as error:
        raise ValueError(f"answers must be strings, numbers or tuples, to be counted: {error}")
    return max(votes, key=votes.get, default=None)


def pass_at_k(n: int, c: int, k: int) -> float:
    """How likely one of k tries is right, when `c` of n were: the mean over all choices of k.

    1 - C(n - c, k) / C(n, k). It is unbiased, where 1 - (1 - c / n) ** k is too low on average: it
    draws the same try twice. n: at least 1; c: 0 to n; k: 1 to n, as of fewer than k tries nothing
    can be said. Exact but for the rounding of the quotient. Raises ValueError out of these ranges.
    Chen et al. 2021, https://arxiv.org/abs/2107.03374.
    """
    check_count("n", n)
    check_count("c", c, least=0)
    check_count("k", k)
    if c > n:
        raise ValueError(f"c must be at most n, {n}, as it counts the right ones of them, got {c}")
    if k > n:
        raise ValueError(f"k must be at most n, {n}, got {k}. Make more tries, or lower k")
    every = math.comb(n, k)
    return (every - math.comb(n - c, k)) / every


@dataclass(frozen=True)
class Chain(Hypothesis):
    """The text at which a chain of proposals ended.

    score: alpha times logprob, the logarithm of what the text is drawn by, but for a constant;
    logprob: the model's own; proposed, accepted: how many changes there were on the way.
    """

    proposed: int
    accepted: int


def power_sample(
    model: Storyteller,
    prompt: str,
    alpha: float = 4.0,
    max_new_tokens: int = 48,
    steps: int = 10,
    block: int = 16,
    seed: int = 0,
) -> Chain:
    """Draw a text by p(text) ** alpha: one that is twice as likely comes 2 ** alpha as often.

    Temperature 1 / alpha sharpens each token on its own, blind to where it leads: a likely word
    that only unlikely texts go on from stays likely. Here whole texts are compared. In steps: cut
    the text at a random place, write it anew from there at temperature 1 / alpha, and take the new
    one with probability min(1, ratio); the ratio is that of the two p ** alpha over that of the
    chances to be proposed (Metropolis and Hastings). The text grows block by block, as a chain
    that starts near its goal needs fewer steps.
    alpha: in (0, 1000], 1 draws from the model itself; steps: proposals a block, the more the
    nearer the draw is to p ** alpha, and 0 is plain temperature 1 / alpha; block: tokens, at least
    1. A text that `max_new_tokens` cuts counts as far as it goes. It takes about max_new_tokens +
    steps * max_new_tokens ** 2 / (4 * block) passes of the model, fewer where texts end before.
    Same arguments, seed and machine: same text.
    Raises ValueError if an argument is out of range, or if prompt and max_new_tokens together are
    more than the context.
    Karan and Du 2025, https://arxiv.org/abs/2510.14901. Their code leaves the lengths of the two
    texts out of the ratio, so that texts that end early come out of proportion.
    """
    reader = Reader(model.gpt)
    return walk(
        lambda ids, _: reader.last_logits(ids[0].tolist(), 1),
        prompt_ids(model, prompt, max_new_tokens),
        alpha,
        max_new_tokens,
        steps,
        block,
        seed,
        model.tokenizer.eot_token,
        model.tokenizer.decode,
    )


class Token(NamedTuple):
    """A new token with its log-probabilities: the model's, and at the temperature of proposals."""

    id: int
    logprob: float
    proposal: float


@torch.no_grad()
def walk(
    next_logits: NextLogits,
    ids: list[int],
    alpha: float = 4.0,
    max_new_tokens: int = 48,
    steps: int = 10,
    block: int = 16,
    seed: int = 0,
    end: int | None = None,
    decode: Decode = str,
) -> Chain:
    """The loop of `power_sample`, for any function `next_logits`, as in `beam.grow_beams`."""
    check_number("alpha", alpha, 0, 1000, "Use 1 to draw from the model itself", above=True)
    check_count("max_new_tokens", max_new_tokens)
    check_count("steps", steps, least=0)
    check_count("block", block)
    check_seed(seed)
    generator = torch.Generator().manual_seed(seed)

    def grown(text: list[Token], length: int) -> list[Token]:
        """The text, written on at temperature 1 / alpha until it ends or has that length."""
        text = list(text)
        while len(text) < length and not (text and text[-1].id == end):
            so_far = torch.tensor([ids + [token.id for token in text]], dtype=torch.int64)
            logprobs = finite_rows(next_logits(so_far, [0])[0]).log_softmax(dim=-1)
            sharp = (alpha * logprobs).log_softmax(dim=-1)
            drawn = int(sampling.sample(sharp, generator))
            text.append(Token(drawn, float(logprobs[drawn]), float(sharp[drawn])))
        return text

    text, proposed, accepted = [], 0, 0
    for length in [*range(block, max_new_tokens, block), max_new_tokens]:
        text = grown(text, length)
        for _ in range(steps):
            place = int(torch.randint(len(text), (), generator=generator))
            other = grown(text[:place], length)
            ratio = weight(other[place:], alpha) - weight(text[place:], alpha)
            # This place was one of len(text); for the way back it is one of len(other).
            ratio += math.log(len(text) / len(other))
            proposed += 1
            u = float(torch.rand((), generator=generator, dtype=torch.float64))
            if u < math.exp(min(0.0, ratio)):
                text, accepted = other, accepted + 1
    logprob = sum(token.logprob for token in text)
    found = hypothesis([token.id for token in text], alpha * logprob, logprob, end, decode)
    return Chain(**vars(found), proposed=proposed, accepted=accepted)


def weight(tokens: list[Token], alpha: float) -> float:
    """The logarithm of p ** alpha over the chance to be proposed."""
    return sum(alpha * token.logprob - token.proposal for token in tokens)
