"""The strategies: each a pure function from logits to logits, and the draw that ends them.

Every function takes any leading shape; the last axis is the vocabulary. Nothing is changed in
place, and the result has the dtype of the input. Which tokens stay is decided in float64, as the
formula says: in float32 a sum over a large vocabulary is off by whole tokens. Tokens are ranked by
their logits, not by probabilities, which may round to the same number.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from course_utils.checks import check_count, check_finite, check_number, finite_rows, single_rows


def keep(logits: Tensor, kept: Tensor) -> Tensor:
    """The logits where `kept` is true, -inf elsewhere."""
    return logits.masked_fill(~kept, -math.inf)


def divide(logits: Tensor, t: float | Tensor) -> Tensor:
    """The logits over t, a number or (..., 1). A row that would overflow has its best set to 0."""
    x = single_rows(logits)
    scaled = (x / t).to(logits.dtype)
    bad = (scaled.isnan() | (scaled.isinf() & ~x.isinf())).any(dim=-1, keepdim=True)
    if bad.any():
        lowered = (x - x.max(dim=-1, keepdim=True).values).double() / t
        scaled = torch.where(bad, lowered.to(logits.dtype), scaled)
    return scaled


def greedy(logits: Tensor) -> Tensor:
    """The most likely token; of equals, the one with the lowest id.

    logits: (..., vocab). Returns int64 ids (...). Raises ValueError on NaN or an all -inf row.
    """
    return finite_rows(logits).argmax(dim=-1)


def temperature(logits: Tensor, t: float) -> Tensor:
    """Divide by `t`: below 1 sharpens the distribution, above 1 flattens it. The order stays.

    logits: (..., vocab); t: above 0. For t = 0 use `greedy`, which is the limit.
    Returns logits of the same shape and dtype. Where the quotients would overflow the dtype, the
    row's largest logit is subtracted first, which leaves the probabilities as they are.
    Raises ValueError if t is not above 0, on NaN, or on an all -inf row.
    Ackley, Hinton and Sejnowski 1985; same result as transformers' TemperatureLogitsWarper,
    which overflows to NaN in those rows.
    """
    check_number("temperature", t, 0, math.inf, "For 0 use greedy", above=True)
    return divide(logits, t)


def dynamic_temperature(logits: Tensor, low: float, high: float, exponent: float = 1.0) -> Tensor:
    """Divide by a temperature between `low` (a sure choice) and `high` (an open one).

    T = low + (high - low) * openness ** exponent. The openness is the entropy over the largest it
    could be, the log of the number of tokens that are not at -inf.
    logits: (..., vocab); low: above 0; high: at least low; exponent: above 0, and below 1 it
    heats up sooner. Returns logits of the same shape and dtype, guarded as in `temperature`.
    Raises ValueError if a number is out of range, on NaN, or on an all -inf row.
    From koboldcpp and llama.cpp, 2024, https://github.com/ggml-org/llama.cpp/pull/4972, where
    low and high are T - range and T + range. transformers has none.
    """
    check_number("low", low, 0, math.inf, "For one temperature use temperature", above=True)
    check_number("high", high, low, math.inf, "It is the temperature of an open choice")
    check_number("exponent", exponent, 0, math.inf, "Use 1.0 for a straight line", above=True)
    x = finite_rows(logits)
    count = x.isfinite().sum(dim=-1, keepdim=True).clamp(min=2)  # one token: 0 of log 2, not 0 / 0
    entropy = torch.special.entr(x.softmax(dim=-1)).sum(dim=-1, keepdim=True)
    openness = entropy / count.double().log()
    return divide(logits, low + (high - low) * openness**exponent)


def top_k(logits: Tensor, k: int) -> Tensor:
    """Keep the `k` most likely tokens: exactly k, ties by the lowest id.

    logits: (..., vocab); k: at least 1, and k above the vocabulary keeps all.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if k is not a whole number from 1, on NaN, or on an all -inf row.
    Fan, Lewis and Dauphin 2018, https://arxiv.org/abs/1805.04833. transformers'
    TopKLogitsWarper keeps every tie of the k-th token, so sometimes more than k.
    """
    check_count("top_k", k)
    x = finite_rows(logits)
    last = x.topk(min(k, x.shape[-1])).values[..., -1:]
    return keep(logits, likeliest(x, k, last))


def likeliest(x: Tensor, n: int | Tensor, last: Tensor) -> Tensor:
    """Where the n likeliest tokens are: (..., vocab). n, last: (..., 1), last is the n-th's logit.

    Of those at that logit, the ones with the lowest ids. It takes no sorting of ids.
    """
    above, level = x > last, x == last
    spare = n - above.sum(dim=-1, keepdim=True)
    return above | level & (level.cumsum(dim=-1) <= spare)


def top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the smallest set of most likely tokens whose probability reaches `p`.

    A token stays while the mass before it is below p, so the one that crosses p stays too.
    logits: (..., vocab); p: in (0, 1], 1 keeps all; ties by the lowest id.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if p is out of range, on NaN, or on an all -inf row.
    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751. transformers' TopPLogitsWarper keeps
    the highest id of a tie, rounds in the dtype of the input, and at 1 drops the tokens that
    float32 gives no probability.
    """
    check_number("top_p", p, 0, 1, "Use 1.0 to switch it off", above=True)
    x = finite_rows(logits)
    if p == 1:
        return logits.clone()
    ranked = descending(x)
    n = (mass_before(ranked.softmax(dim=-1)) < p).sum(dim=-1, keepdim=True)
    return keep(logits, likeliest(x, n, ranked.gather(-1, n - 1)))


def descending(x: Tensor) -> Tensor:
    """Each row from the largest down. NumPy does it several times faster than torch on a CPU."""
    return torch.from_numpy(-np.sort(-x.detach().cpu().numpy(), axis=-1)).to(x.device)


def mass_before(probs: Tensor) -> Tensor:
    """How much probability lies to the left of each token. probs: (..., vocab), sorted.

    cumsum - probs says the same in one line, but rounds twice: of 0.5 and 0.4 it can leave a hair
    under 0.5 before the second.
    """
    return torch.nn.functional.pad(probs.cumsum(dim=-1)[..., :-1], (1, 0))


def min_p(logits: Tensor, p: float) -> Tensor:
    """Keep every token at least `p` times as likely as the best one.

    The bar follows the model's confidence: high when one token dominates, low when many compete.
    logits: (..., vocab); p: in [0, 1], 0 keeps all, 1 keeps the best and its equals.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if p is out of range, on NaN, or on an all -inf row.
    Nguyen et al. 2025, https://arxiv.org/abs/2407.01082. Same result as transformers'
    MinPLogitsWarper, which needs a softmax for it and rounds in the dtype of the input.
    """
    check_number("min_p", p, 0, 1, "Use 0 to switch it off")
    x = finite_rows(logits)
    best = x.max(dim=-1, keepdim=True).values
    return keep(logits, x - best >= (math.log(p) if p > 0 else -math.inf))


def top_a(logits: Tensor, a: float) -> Tensor:
    """Keep every token with a probability of at least `a` times the square of the best one's.

    It is min-p with p = a * p_max, so a sure model cuts harder still.
    logits: (..., vocab); a: in [0, 1], 0 keeps all.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if a is out of range, on NaN, or on an all -inf row.
    Peng (BlinkDL) in RWKV-LM, https://github.com/BlinkDL/RWKV-LM. transformers has none.
    """
    check_number("top_a", a, 0, 1, "Use 0 to switch it off")
    probs = finite_rows(logits).softmax(dim=-1)
    return keep(logits, probs >= a * probs.amax(dim=-1, keepdim=True) ** 2)


def typical_p(logits: Tensor, p: float) -> Tensor:
    """Keep the smallest set that reaches `p` of the tokens whose surprise is nearest the entropy.

    Top-p in another order: nearest to the expected surprise first. So a token that is too likely
    can be cut as well, and the best one does not always survive.
    logits: (..., vocab); p: in (0, 1], 1 keeps all; ties by the lowest id.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if p is out of range, on NaN, or on an all -inf row.
    Meister et al. 2023, https://arxiv.org/abs/2202.00666. transformers' TypicalLogitsWarper
    keeps every tie of the last token that it needs, rounds in the dtype of the input, and
    refuses p = 1.
    """
    check_number("typical_p", p, 0, 1, "Use 1.0 to switch it off", above=True)
    x = finite_rows(logits)
    if p == 1:
        return logits.clone()
    probs = x.softmax(dim=-1)
    entropy = torch.special.entr(probs).sum(dim=-1, keepdim=True)
    order = (-x.log_softmax(dim=-1) - entropy).abs().argsort(dim=-1, stable=True)
    kept = mass_before(probs.gather(-1, order)) < p
    return keep(logits, torch.zeros_like(kept).scatter(-1, order, kept))


def epsilon_cutoff(logits: Tensor, epsilon: float) -> Tensor:
    """Keep every token with a probability of at least `epsilon`, and always the best.

    logits: (..., vocab); epsilon: in [0, 1], 0 keeps all; the best one's equals stay with it.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if epsilon is out of range, on NaN, or on an all -inf row.
    Hewitt, Manning and Liang 2022, https://arxiv.org/abs/2210.15191. Same result as
    transformers' EpsilonLogitsWarper, which refuses 0 and 1 and rounds in the input's dtype.
    """
    check_number("epsilon_cutoff", epsilon, 0, 1, "Use 0 to switch it off")
    x = finite_rows(logits)
    probs = x.softmax(dim=-1)
    return keep(logits, (probs >= epsilon) | (x == x.max(dim=-1, keepdim=True).values))


def eta_cutoff(logits: Tensor, epsilon: float) -> Tensor:
    """Keep every token with a probability of at least eta, and always the best.

    eta = min(epsilon, sqrt(epsilon) * exp(-entropy)), entropy in nats: `epsilon_cutoff` with a
    bar that sinks when the choice is open.
    logits: (..., vocab); epsilon: in [0, 1], 0 keeps all; the best one's equals stay with it.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if epsilon is out of range, on NaN, or on an all -inf row.
    Hewitt, Manning and Liang 2022, https://arxiv.org/abs/2210.15191. Same result as
    transformers' EtaLogitsWarper, which refuses 0 and 1 and rounds in the input's dtype.
    """
    check_number("eta_cutoff", epsilon, 0, 1, "Use 0 to switch it off")
    x = finite_rows(logits)
    probs = x.softmax(dim=-1)
    entropy = torch.special.entr(probs).sum(dim=-1, keepdim=True)
    eta = (math.sqrt(epsilon) * (-entropy).exp()).clamp(max=epsilon)
    return keep(logits, (probs >= eta) | (x == x.max(dim=-1, keepdim=True).values))


def top_n_sigma(logits: Tensor, n: float) -> Tensor:
    """Keep every token whose logit is at most `n` standard deviations below the best one.

    Logits and deviation shrink together, so a temperature before it changes nothing.
    logits: (..., vocab); n: above 0. The deviation is that of the logits above -inf, divided by
    their number, as in llama.cpp; the authors' code divides by one less.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if n is not above 0, on NaN, or on an all -inf row.
    Tang et al. 2024, https://arxiv.org/abs/2411.07641. transformers has none.
    """
    check_number("top_n_sigma", n, 0, math.inf, "Leave it out to switch it off", above=True)
    x = finite_rows(logits)
    below = x.max(dim=-1, keepdim=True).values - x
    cut = x.isneginf()
    count = (~cut).sum(dim=-1, keepdim=True)
    mean = below.masked_fill(cut, 0.0).sum(dim=-1, keepdim=True) / count
    variance = (below - mean).square().masked_fill(cut, 0.0).sum(dim=-1, keepdim=True) / count
    return keep(logits, below <= n * variance.sqrt())


def top_h(logits: Tensor, h: float) -> Tensor:
    """Keep the most likely tokens for as long as they hold at most `h` of the entropy.

    A token's share of the entropy is its -p log p. So an open choice keeps more tokens than a sure
    one, as with top-p, but by their part in the doubt and not in the probability.
    logits: (..., vocab); h: in (0, 1], 1 keeps all; ties by the lowest id; the best one stays.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError if h is out of range, on NaN, or on an all -inf row.
    Potraghloo et al. 2025, https://arxiv.org/abs/2509.02510; the rule is that of their code, where
    their algorithm 1 bounds the entropy of the kept tokens among themselves. transformers'
    TopHLogitsWarper looks at the 100 best tokens only, so it is this after `top_k(logits, 100)`,
    and it rounds in the dtype of the input.
    """
    check_number("top_h", h, 0, 1, "Use 1.0 to switch it off", above=True)
    x = finite_rows(logits)
    if h == 1:
        return logits.clone()
    ranked, order = x.sort(dim=-1, descending=True, stable=True)
    probs = ranked.softmax(dim=-1)
    entropy = torch.special.entr(probs).cumsum(dim=-1)  # of the first 1, 2, ...
    kept = (entropy <= h * entropy[..., -1:]) & (probs > 0)
    kept[..., 0] = True
    return keep(logits, torch.zeros_like(kept).scatter(-1, order, kept))


def xtc(
    logits: Tensor,
    threshold: float,
    probability: float,
    generator: torch.Generator | Sequence[torch.Generator],
) -> Tensor:
    """With some `probability`, cut all tokens that reach `threshold` but the least likely of them.

    "Exclude top choices": it takes the usual word away where another good one is left, so the
    best one does not always survive. One uniform number a row decides, cut or no cut.
    logits: (..., vocab); threshold: in (0, 0.5]; probability: in [0, 1]; generator: as in
    `sample`; of equally unlikely ones, the one with the lowest id stays.
    Returns logits of the same shape and dtype with the cut tokens at -inf.
    Raises ValueError if a number is out of range, on NaN, or on an all -inf row.
    Weidmann (p-e-w) 2024, https://github.com/oobabooga/text-generation-webui/pull/6335, which
    spares rows where a line break or the end of text would go. transformers has none.
    """
    hint = "No two tokens can reach more than 0.5; probability=0 switches it off"
    check_number("threshold", threshold, 0, 0.5, hint, above=True)
    check_number("probability", probability, 0, 1, "Use 0 to switch it off")
    x = finite_rows(logits)
    u = uniform(x.shape[:-1], generator).to(x.device)
    reach = x.softmax(dim=-1) >= threshold
    last = x.masked_fill(~reach, math.inf).argmin(dim=-1, keepdim=True)
    return keep(logits, (~reach).scatter(-1, last, True) | (u >= probability))


def mirostat(logits: Tensor, mu: float | Tensor) -> Tensor:
    """Cut every token whose surprise, -log2 of its probability, is above `mu` bits.

    `mu` is the state of a controller and the caller holds it. It starts at 2 * tau, and after
    each draw `mirostat_update` moves it so that the text stays near tau bits a token:

        cut = mirostat(logits, mu)
        token = sample(cut, generator)
        surprise = -cut.log_softmax(-1)[token].item() / math.log(2)
        mu = mirostat_update(mu, surprise, tau=3.0, eta=0.1)

    logits: (..., vocab); mu: a finite number, or one a row in a tensor (...); the best token and
    its equals stay whatever mu is. Returns logits of the same shape and dtype, the rest at -inf.
    Raises ValueError if mu is not finite or has another shape, on NaN, or on an all -inf row.
    Basu et al. 2021, https://arxiv.org/abs/2007.14966; this is llama.cpp's version 2, which cuts
    by surprise where the paper cuts by a k that it works out from mu. transformers has none.
    """
    check_finite("mu", mu, "It starts at 2 * tau")
    x = finite_rows(logits)
    if isinstance(mu, Tensor):
        if mu.shape != x.shape[:-1]:
            shape = tuple(x.shape[:-1])
            raise ValueError(f"mu must be a number or of shape {shape}, got {tuple(mu.shape)}")
        mu = mu.unsqueeze(-1)
    surprise = -x.log_softmax(dim=-1) / math.log(2)
    return keep(logits, (surprise <= mu) | (x == x.max(dim=-1, keepdim=True).values))


def mirostat_update(
    mu: float | Tensor, surprise: float | Tensor, tau: float = 5.0, eta: float = 0.1
) -> float | Tensor:
    """The next `mu` of `mirostat`: lower after a token more surprising than `tau`, else higher.

    mu - eta * (surprise - tau). mu: as in `mirostat`; surprise: -log2 of the drawn token's
    probability, among the kept tokens (llama.cpp) or among all (the paper), a number or one a
    row (...); tau: the surprise to aim at, in bits, above 0; eta: the step, above 0.
    Returns a number, or a tensor (...) if mu or surprise is one.
    Raises ValueError if tau or eta is not above 0, or mu or surprise is not finite.
    """
    check_finite("mu", mu, "It starts at 2 * tau")
    check_finite("surprise", surprise, "It is -log2 of the drawn token's probability")
    check_number("tau", tau, 0, math.inf, "It is in bits", above=True)
    check_number("eta", eta, 0, math.inf, "It is the share of the error to correct", above=True)
    return mu - eta * (surprise - tau)


def sample(logits: Tensor, generator: torch.Generator | Sequence[torch.Generator]) -> Tensor:
    """Draw one token a row, each with its softmax probability, from one uniform number a row.

    Inverse CDF: lay the probabilities end to end and see where the number falls.
    logits: (..., vocab); generator: on the CPU, one for all rows or a list of one a row, so that a
    row's draws do not depend on its batch. Returns int64 ids (...), never one at -inf.
    Raises ValueError on NaN, an all -inf row, or another number of generators than of rows.
    """
    cdf = finite_rows(logits).softmax(dim=-1).cumsum(dim=-1)
    u = uniform(cdf.shape[:-1], generator).to(cdf.device)
    total = cdf[..., -1:].contiguous()
    drawn = torch.searchsorted(cdf, u * total, right=True)
    last = torch.searchsorted(cdf, total)  # u * total may round up to total: stay on a real token
    return torch.minimum(drawn, last).squeeze(-1)


def uniform(rows: torch.Size, generator: torch.Generator | Sequence[torch.Generator]) -> Tensor:
    """A number from [0, 1) a row: (*rows, 1), float64."""
    if isinstance(generator, torch.Generator):
        return torch.rand(*rows, 1, generator=generator, dtype=torch.float64)
    if not isinstance(generator, Sequence):
        kind = type(generator).__name__
        raise ValueError(f"generator must be a torch.Generator or a list of them, got {kind}")
    if len(generator) != rows.numel():
        raise ValueError(
            f"generator must be one, or one a row: {rows.numel()} rows, got {len(generator)}"
        )
    drawn = [torch.rand(1, generator=one, dtype=torch.float64) for one in generator]
    return torch.cat(drawn).view(*rows, 1)
