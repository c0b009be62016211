"""The strategies that look back: each a pure function from logits and token ids to logits.

The ids are the ones to look at, so the caller's slice says whether the prompt counts: `ids` for
all of the text, `ids[..., prompt_length:]` for the new tokens, `ids[..., -64:]` for the last 64.

logits are (..., vocab) and ids int64 (..., length) with the same leading shape. A length of 0
changes nothing, except in `min_new_tokens`. Nothing is remembered between calls.

A penalty moves a finite logit to a finite one and leaves -inf alone: below its dtype's range a
logit stays at the end of the range, and where a row's largest would overflow, it is subtracted
from the row first, which leaves the probabilities as they are.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from course_utils.checks import (
    check_count,
    check_ids,
    check_number,
    check_rows,
    check_token,
    single_rows,
)
from course_utils.sampling import fit, keep


def ban(logits: Tensor, banned: Tensor) -> Tensor:
    """The logits with banned tokens at -inf; a row of nothing else keeps its most likely one."""
    left = keep(logits, ~banned)
    best = torch.zeros_like(banned).scatter(-1, logits.argmax(dim=-1, keepdim=True), True)
    return torch.where(left.isneginf().all(dim=-1, keepdim=True), keep(logits, best), left)


def counts(ids: Tensor, x: Tensor) -> Tensor:
    """How often each token of the vocabulary occurs in the ids: in the dtype of x, (..., vocab)."""
    return torch.zeros_like(x).scatter_add(-1, ids, torch.ones_like(ids, dtype=x.dtype))


def presence_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Subtract `penalty` from every token that occurs in the ids, however often.

    logits: (..., vocab); ids: (..., length); penalty: in [-2, 2], 0 changes nothing, below 0 lifts.
    Returns logits of the same shape and dtype.
    Raises ValueError if penalty is out of range, on bad ids, on NaN, or on an all -inf row.
    OpenAI's published formula, mu[j] - c[j] * alpha_frequency - (c[j] > 0) * alpha_presence,
    https://platform.openai.com/docs/api-reference/parameter-details, is `frequency_penalty` and
    then this. OpenAI and vLLM count the sampled tokens, not the prompt; transformers has neither.
    """
    check_number("presence_penalty", penalty, -2, 2, "Use 0 to switch it off")
    x = single_rows(logits)
    check_ids(ids, logits)
    return fit(torch.where(counts(ids, x) > 0, x - penalty, x), logits)


def frequency_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Subtract `penalty` from a token once for each time that it occurs in the ids.

    logits: (..., vocab); ids: (..., length); penalty: in [-2, 2], 0 changes nothing, below 0 lifts.
    Returns logits of the same shape and dtype.
    Raises ValueError if penalty is out of range, on bad ids, on NaN, or on an all -inf row.
    OpenAI's formula and what it counts: see `presence_penalty`.
    """
    check_number("frequency_penalty", penalty, -2, 2, "Use 0 to switch it off")
    x = single_rows(logits)
    check_ids(ids, logits)
    return fit(x - penalty * counts(ids, x), logits)


def repetition_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Divide a positive logit by `penalty`, or multiply a negative one, if the ids hold its token.

    Once a token, however often it occurs. The result depends on where zero lies: add 10 to all
    logits, which changes no probability, and the penalty acts differently.
    logits: (..., vocab); ids: (..., length); penalty: above 0, 1 changes nothing, below 1 lifts.
    Returns logits of the same shape and dtype.
    Raises ValueError if penalty is not above 0, on bad ids, on NaN, or on an all -inf row.
    Keskar et al. 2019 (CTRL), https://arxiv.org/abs/1909.05858, with about 1.2; they divide all
    logits, which lifts the negative ones. Same rule as transformers'
    RepetitionPenaltyLogitsProcessor, which overflows to -inf or +inf and passes over ids outside
    the vocabulary. transformers and vLLM count the prompt too; the paper the generated tokens.
    """
    check_number("repetition_penalty", penalty, 0, math.inf, "Use 1.0 to switch it off", above=True)
    x = single_rows(logits)
    check_ids(ids, logits)
    penalised = torch.where(x < 0, x * penalty, x / penalty)
    return fit(torch.where((counts(ids, x) > 0) & (x != 0), penalised, x), logits)


def no_repeat_ngram(logits: Tensor, ids: Tensor, n: int) -> Tensor:
    """Ban each token that would end a run of `n` tokens which the ids contain already.

    logits: (..., vocab); ids: (..., length); n: at least 1, which bans every token of the ids.
    Returns logits of the same shape and dtype with banned tokens at -inf. A row in which every
    token would go keeps its most likely one, so there a run is repeated.
    Raises ValueError if n is not a whole number from 1, on bad ids, NaN, or an all -inf row.
    From fairseq, https://github.com/facebookresearch/fairseq. Same result as transformers'
    NoRepeatNGramLogitsProcessor, which leaves such a row all -inf, passes over ids outside the
    vocabulary, and counts the prompt too. OpenAI's API and vLLM do not offer it.
    """
    check_count("no_repeat_ngram", n)
    check_rows(logits)
    check_ids(ids, logits)
    banned = torch.zeros_like(logits, dtype=torch.int64)
    if ids.shape[-1] >= n:
        runs = ids.unfold(-1, n, 1)  # (..., length - n + 1, n): every run of n
        current = ids[..., ids.shape[-1] - n + 1 :].unsqueeze(-2)
        same = (runs[..., :-1] == current).all(dim=-1)
        banned = banned.scatter_add(-1, runs[..., -1], same.long())
    return ban(logits, banned > 0)


def logit_bias(logits: Tensor, bias: dict[int, float]) -> Tensor:
    """Add a number of your own to the logits of chosen tokens.

    logits: (..., vocab); bias: token id to a number in [-100, 100].
    Returns logits of the same shape and dtype.
    Raises ValueError if a number is out of range or an id outside the vocabulary, on NaN, or on
    an all -inf row.
    OpenAI's rule, https://platform.openai.com/docs/api-reference/chat/create: -100 as good as bans
    a token and 100 as good as chooses it, but neither is infinite. Same result as transformers'
    SequenceBiasLogitsProcessor for runs of one token, which overflows, has no range and refuses {}.
    """
    if not isinstance(bias, dict):
        raise ValueError(f"logit_bias must be a dict of token id to number, got {bias!r}")
    x = single_rows(logits)
    for token, value in bias.items():
        check_token("a token of logit_bias", token, logits)
        check_number(f"logit_bias of {token}", value, -100, 100, "Leave it out to switch it off")
    added = x.new_zeros(x.shape[-1])
    added[list(bias)] = x.new_tensor(list(bias.values()))
    return fit(x + added, logits)


def dry(
    logits: Tensor,
    ids: Tensor,
    multiplier: float = 0.8,
    base: float = 1.75,
    allowed_length: int = 2,
    breakers: Iterable[int] = (),
) -> Tensor:
    """Penalise a token that would prolong a repetition, the more the longer it is already.

    The last `match` tokens stand somewhere before too, and there this token came next: subtract
    multiplier * base ** (match - allowed_length), for its longest match of at least
    allowed_length. A match contains no breaker, and a breaker itself is never penalised.
    logits: (..., vocab); ids: (..., length); multiplier: at least 0, which changes nothing; base:
    at least 1; allowed_length: at least 1; breakers: token ids, by custom those of newline, colon,
    quotation mark and asterisk.
    Returns logits of the same shape and dtype.
    Raises ValueError if a value is out of range, on bad ids, on NaN, or on an all -inf row.
    p-e-w 2024, https://github.com/oobabooga/text-generation-webui/pull/5677, and llama.cpp,
    https://github.com/ggml-org/llama.cpp/pull/9702: both count the prompt too, or only the
    last so many tokens, and take breakers as text. Not in transformers, OpenAI's API and vLLM.
    """
    check_number("multiplier", multiplier, 0, math.inf, "Use 0 to switch it off")
    check_number("base", base, 1, math.inf, "1.75 is usual")
    check_count("allowed_length", allowed_length)
    x = single_rows(logits)
    check_ids(ids, logits)
    breakers = list(breakers)
    for token in breakers:
        check_token("a token of breakers", token, logits)
    ends = torch.tensor(breakers, dtype=torch.int64, device=ids.device)
    match = match_lengths(ids, ends)
    followers = ids[..., 1:]
    punished = (match >= allowed_length) & ~torch.isin(followers, ends)
    growth = torch.pow(base, (match - allowed_length).double()).clamp(max=torch.finfo(x.dtype).max)
    penalty = torch.where(punished, multiplier * growth, 0).to(x.dtype)
    worst = torch.zeros_like(x).scatter_reduce(-1, followers, penalty, "amax")
    return fit(x - worst, logits)


def match_lengths(ids: Tensor, breakers: Tensor) -> Tensor:
    """For each position but the last: how many tokens up to there equal those at the end.

    ids: (..., length). Returns int64 (..., length - 1). A match stops at a breaker.
    """
    breaks = torch.isin(ids, breakers)
    match = torch.zeros_like(ids[..., 1:])
    equal = torch.ones_like(match, dtype=torch.bool)
    for back in range(match.shape[-1]):  # the token `back` before here, and before the end
        last = match.shape[-1] - back
        same = (ids[..., :last] == ids[..., last, None]) & ~breaks[..., last, None]
        equal = equal[..., -last:] & same
        if not equal.any():
            break
        match[..., back:] += equal
    return match


def min_new_tokens(logits: Tensor, ids: Tensor, least: int, end: int) -> Tensor:
    """Ban the token `end` while there are fewer than `least` ids.

    logits: (..., vocab); ids: (..., length), the new tokens only; least: at least 0, which changes
    nothing; end: the id of end-of-text.
    Returns logits of the same shape and dtype with `end` at -inf or as it was; a row with nothing
    but `end` left keeps it.
    Raises ValueError if least or end is out of range, on bad ids, on NaN, or on an all -inf row.
    Same result as transformers' MinNewTokensLengthLogitsProcessor, which leaves such a row all
    -inf and passes over an `end` outside the vocabulary. vLLM's min_tokens counts new ones as well.
    """
    check_count("min_new_tokens", least, least=0)
    check_rows(logits)
    check_ids(ids, logits)
    check_token("end", end, logits)
    banned = torch.zeros_like(logits, dtype=torch.bool)
    if ids.shape[-1] < least:
        banned[..., end] = True
    return ban(logits, banned)
