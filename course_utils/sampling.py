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

from course_utils.checks import (
    check_count,
    check_finite,
    check_fraction,
    check_number,
    finite_rows,
    single_rows,
)


def keep(logits: Tensor, kept: Tensor) -> Tensor:
    """The logits where `kept` is true, -inf elsewhere."""
    return logits.masked_fill(~kept, -math.inf)


def fit(x: Tensor, logits: Tensor) -> Tensor:
    """`x`, at least float32, in the dtype of the logits, finite exactly where they are."""
    widest = torch.finfo(x.dtype).max
    limit = min(widest, torch.finfo(logits.dtype).max)
    cut = logits.isneginf()
    x = x.masked_fill(cut, -widest).clamp(-widest, widest)
    best = x.max(dim=-1, keepdim=True).values
    x = torch.where(best.abs() > limit, x - best, x).clamp(min=-limit)
    return keep(x.to(logits.dtype), ~cut)


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


def p_less(logits: Tensor) -> Tensor:
    """Keep every token at least as likely as that two draws are the same one: no knob to turn.

    That chance is the sum of all squared probabilities, so a sure model cuts harder than one that
    hesitates; of n equal tokens it is 1/n, and all stay.
    logits: (..., vocab); the best one and its equals stay.
    Returns logits of the same shape and dtype with the rest at -inf.
    Raises ValueError on NaN or an all -inf row.
    Tan, Wu and Howard 2025, https://arxiv.org/abs/2509.23234. transformers has none.
    """
    x = finite_rows(logits)
    probs = x.softmax(dim=-1)
    same = probs.square().sum(dim=-1, keepdim=True)
    return keep(logits, (probs >= same) | (x == x.max(dim=-1, keepdim=True).values))


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
    x = finite_rows(logits)
    bar = a_row("mu", mu, x, "It starts at 2 * tau")
    surprise = -x.log_softmax(dim=-1) / math.log(2)
    return keep(logits, (surprise <= bar) | (x == x.max(dim=-1, keepdim=True).values))


def a_row(name: str, state: float | Tensor, x: Tensor, hint: str) -> Tensor:
    """A number, or one a row of x (..., vocab), to compare with x; ValueError on others."""
    check_finite(name, state, hint)
    if not isinstance(state, Tensor):
        return torch.tensor(state, dtype=torch.float64)
    if state.shape != x.shape[:-1]:
        shape = tuple(x.shape[:-1])
        raise ValueError(f"{name} must be a number or of shape {shape}, got {tuple(state.shape)}")
    return state.unsqueeze(-1)


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


def adaptive_p(logits: Tensor, aim: float | Tensor) -> Tensor:
    """Favour the tokens whose probability is near `aim`, be they likely or not.

    The new logit is 5 - 10 d ** 2 / (1 + d), where d is how far the probability is from aim, over
    0.3. As in `mirostat` the caller holds the state: aim starts at the target, and after each draw
    `adaptive_p_update` moves it so that the drawn tokens have that probability on average:

        probs = logits.softmax(-1)
        token = sample(adaptive_p(logits, aim), generator)
        aim = adaptive_p_update(aim, probs[token].item(), target=0.5)

    logits: (..., vocab), best after a mild cut, as very unlikely tokens are many; aim: a finite
    number, or one a row in a tensor (...), and outside [0, 1] it counts as 0 or 1.
    Returns logits of the same shape and dtype, -inf where they were.
    Raises ValueError if aim is not finite or has another shape, on NaN, or on an all -inf row.
    MrJackSpade and ddh0 in llama.cpp, 2025, https://github.com/ggml-org/llama.cpp/pull/17927,
    which draws by itself and comes last. transformers has none.
    """
    x = finite_rows(logits)
    aim = a_row("aim", aim, x, "It starts at the target").clamp(0, 1)
    far = (x.softmax(dim=-1) - aim).abs() / 0.3
    return keep((5 - 10 * far.square() / (1 + far)).to(logits.dtype), ~x.isneginf())


def adaptive_p_update(
    aim: float | Tensor, probability: float | Tensor, target: float, decay: float = 0.9
) -> float | Tensor:
    """The next `aim` of `adaptive_p`: lower after a token likelier than `target`, else higher.

    2 * target - mean, where the mean is that of the drawn tokens' probabilities, each token before
    counting `decay` times as much as the one after it.
    aim: as in `adaptive_p`; probability: of the drawn token before `adaptive_p`, in [0, 1], a
    number or one a row (...); target: the probability to come to on average, in [0, 1]; decay: in
    [0, 0.99], about 1 / (1 - decay) tokens are remembered.
    Returns a number, or a tensor (...) if aim or probability is one.
    Raises ValueError if aim is not finite or another number is out of its range.
    """
    check_finite("aim", aim, "It starts at the target")
    check_fraction("probability", probability, "It is the drawn token's, before adaptive_p")
    check_number("target", target, 0, 1, "It is the probability to come to on average")
    check_number("decay", decay, 0, 0.99, "Use 0 to remember the last token only")
    return decay * aim + (1 - decay) * (2 * target - probability)


def contrast(expert: Tensor, amateur: Tensor, alpha: float = 0.1) -> Tensor:
    """Score tokens by how much likelier the expert finds them than the amateur does.

    log p_expert - log p_amateur: what both like, such as saying the same again, goes down. Only
    tokens at least `alpha` times as likely as the expert's best are scored: of the others, one that
    neither likes could win.
    expert, amateur: logits (..., vocab) of two models with the same vocabulary, or of one after two
    prompts; alpha: in [0, 1], 0 scores all, 1 the expert's best and its equals.
    Returns logits of the shape and dtype of expert, with the rest at -inf.
    Raises ValueError if alpha is out of range, on two shapes, on NaN, on an all -inf row, or if
    amateur is -inf at a token that is scored.
    Li et al. 2022, https://arxiv.org/abs/2210.15097, who also give the amateur a temperature of its
    own. transformers has none.
    """
    check_number("alpha", alpha, 0, 1, "Use 0 to score all tokens")
    kept = min_p(expert, alpha)
    x, other = two_views("amateur", expert, amateur, kept)
    return fit(x - other, kept)


def guide(conditional: Tensor, unconditional: Tensor, gamma: float = 1.5) -> Tensor:
    """Go `gamma` times as far from what the model would write without the prompt as it goes itself.

    log p_without + gamma * (log p_with - log p_without): 0 is the model without the prompt, 1 the
    one with it, and above 1 it follows the prompt more closely than it learnt to.
    conditional, unconditional: logits (..., vocab) after the text with and without the prompt, or
    with another prompt to lead away from; gamma: 0 or above.
    Returns logits of the shape and dtype of conditional, -inf where conditional is.
    Raises ValueError if gamma is out of range, on two shapes, on NaN, on an all -inf row, or if
    unconditional is -inf where conditional is not.
    Sanchez et al. 2023, https://arxiv.org/abs/2306.17806. Same scores as transformers'
    UnbatchedClassifierFreeGuidanceLogitsProcessor, which runs the model itself.
    """
    check_number("gamma", gamma, 0, math.inf, "Use 1 for the model with its prompt")
    x, other = two_views("unconditional", conditional, unconditional, conditional)
    return fit(other + gamma * (x - other), conditional)


def two_views(name: str, logits: Tensor, other: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """The log-probabilities of both, float64, to be compared at the kept tokens, (..., vocab)."""
    x, y = finite_rows(logits), finite_rows(other)
    if x.shape != y.shape:
        raise ValueError(f"{name} must be of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    if (y.isneginf() & ~kept.isneginf()).any():
        raise ValueError(f"{name} must not be -inf at a token that is scored: cut afterwards")
    return x.log_softmax(dim=-1), y.log_softmax(dim=-1)


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
