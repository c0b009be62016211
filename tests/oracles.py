"""What each strategy is, in float64 and by its definition alone: plain NumPy on one row.

Nothing of the course is imported. x is a row of logits (vocab,), float64. A cut returns two masks:
what stays, and what may go either way as it lies within float64 rounding of the line.
"""

import math

import numpy as np

NEAR = 1e-11  # above what sums over 151,936 float64 numbers differ by, taken in any order
Masks = tuple[np.ndarray, np.ndarray]


def log_probs(x):
    top = x.max()
    return x - top - math.log(np.exp(x - top).sum())


def probs(x):
    return np.exp(log_probs(x))


def nats(x):
    """The entropy; 0 log 0 is 0."""
    p = probs(x)
    return -(p[p > 0] * log_probs(x)[p > 0]).sum()


def ranking(x):
    """Ids from the largest logit down; of equals, the lowest id first."""
    return np.lexsort((np.arange(len(x)), -x))


def mask(ids, x):
    chosen = np.zeros(len(x), bool)
    chosen[ids] = True
    return chosen


def everything(x) -> Masks:
    return np.ones(len(x), bool), np.zeros(len(x), bool)


def at_least(values, bar) -> Masks:
    """Those that reach the bar."""
    return values >= bar, abs(values - bar) <= NEAR * abs(bar)


def first_to_hold(order, x, p) -> Masks:
    """The fewest of the order whose probability together reaches p."""
    ordered = probs(x)[order]
    before = np.concatenate([[0.0], ordered.cumsum()[:-1]])
    return mask(order[before < p], x), mask(order[abs(before - p) < NEAR], x)


def greedy(x) -> int:
    return int(np.flatnonzero(x == x.max())[0])


def top_k(x, k) -> Masks:
    return mask(ranking(x)[:k], x), np.zeros(len(x), bool)


def top_p(x, p) -> Masks:
    return everything(x) if p == 1 else first_to_hold(ranking(x), x, p)


def typical_p(x, p) -> Masks:
    if p == 1:
        return everything(x)
    distance = abs(-log_probs(x) - nats(x))
    order = np.lexsort((np.arange(len(x)), distance))
    kept, near = first_to_hold(order, x, p)
    edge = order[kept.sum() - 1]  # two at the same distance, one likelier and one less likely
    tied = abs(distance - distance[edge]) <= NEAR * (1 + abs(x[edge]) + distance[edge])
    return kept, near | (tied if len(set(x[tied])) > 1 else False)


def min_p(x, p) -> Masks:
    if p == 0:
        return everything(x)
    bar = math.log(p)
    return x - x.max() >= bar, abs(x - x.max() - bar) < NEAR * -bar


def top_a(x, a) -> Masks:
    return at_least(probs(x), a * probs(x).max() ** 2)


def epsilon_cutoff(x, epsilon) -> Masks:
    kept, near = at_least(probs(x), epsilon)
    return kept | (x == x.max()), near & (x < x.max())


def eta_cutoff(x, epsilon) -> Masks:
    return epsilon_cutoff(x, min(epsilon, math.sqrt(epsilon) * math.exp(-nats(x))))


def top_n_sigma(x, n) -> Masks:
    finite = x[np.isfinite(x)]
    scaled = (finite - finite.max()) / max(1.0, np.ptp(finite))  # squares might overflow
    span = n * scaled.std() * max(1.0, np.ptp(finite))
    below = x.max() - x
    near = abs(below - span) <= NEAR * (1 + np.ptp(finite))
    return below <= span, near & (x < x.max())


def top_h(x, h) -> Masks:
    if h == 1:
        return everything(x)
    order = ranking(x)
    p = probs(x)[order]
    parts = np.where(p > 0, -p * log_probs(x)[order].clip(min=-1e300), 0)
    held = parts.cumsum()
    kept = mask(order[(held <= h * held[-1]) & (p > 0)], x)
    kept[order[0]] = True
    near = mask(order[(abs(held - h * held[-1]) < NEAR)], x)
    near[order[0]] = False
    return kept, near


def xtc(x, threshold, cut) -> Masks:
    reach, near = at_least(probs(x), threshold)
    if not cut:
        return everything(x)
    kept = ~reach
    if reach.any():
        kept[np.flatnonzero(reach & (x == x[reach].min()))[0]] = True
    # If one only just reaches it, or just does not, which one is the last is open.
    return kept, np.full(len(x), near.any())


def mirostat(x, mu) -> Masks:
    surprise = -log_probs(x) / math.log(2)
    best = x == x.max()
    near = abs(surprise - mu) <= NEAR * (1 + abs(mu) + abs(x.max()))
    return (surprise <= mu) | best, near & ~best


def dynamic_temperature(x, low, high, exponent) -> list[float]:
    """The temperature that it divides by, and those for an entropy a rounding lower and higher."""
    open_ones = max(2, int(np.isfinite(x).sum()))
    rounding = NEAR / 100 * (1 + nats(x))
    entropies = (nats(x) + off for off in (0, -rounding, rounding))
    return [low + (high - low) * (max(h, 0) / math.log(open_ones)) ** exponent for h in entropies]


def sample(x, u) -> tuple[int, int]:
    """The token that u falls on: the lowest and the highest it can be, but for rounding."""
    edges = probs(x).cumsum()
    edges /= edges[-1]
    last = int(np.flatnonzero(probs(x))[-1])
    low, high = (int((edges <= at).sum()) for at in (u - NEAR, u + NEAR))
    return min(low, last), min(high, last)


def presence_penalty(x, ids, penalty):
    return np.array([v - penalty if i in set(ids) else v for i, v in enumerate(x)])


def frequency_penalty(x, ids, penalty):
    return x - penalty * np.bincount(ids, minlength=len(x))


def repetition_penalty(x, ids, penalty):
    y = x.copy()
    for i in set(ids):
        y[i] = x[i] * penalty if x[i] < 0 else x[i] / penalty
    return y


def logit_bias(x, bias):
    y = x.copy()
    for i, value in bias.items():
        y[i] += value
    return y


def banned_or_best(x, banned):
    y = x.copy()
    y[list(banned)] = -math.inf
    if np.isneginf(y).all():
        y[greedy(x)] = x.max()
    return y


def no_repeat_ngram(x, ids, n):
    end = tuple(ids[len(ids) - n + 1 :]) if n > 1 else ()
    banned = {ids[i + n - 1] for i in range(len(ids) - n + 1) if tuple(ids[i : i + n - 1]) == end}
    return banned_or_best(x, banned)


def min_new_tokens(x, ids, least, end):
    return banned_or_best(x, {end} if len(ids) < least else set())


def dry(x, ids, multiplier, base, allowed_length, breakers):
    worst = {}
    for i in range(len(ids) - 1):  # ids[i + 1] came after the match that ends at i
        match = 0
        while match <= i and ids[i - match] == ids[len(ids) - 1 - match]:
            if ids[i - match] in breakers:
                break
            match += 1
        if match >= allowed_length and ids[i + 1] not in breakers:
            worst[ids[i + 1]] = max(worst.get(ids[i + 1], 0), match)
    y = x.copy()
    for token, match in worst.items():
        y[token] -= multiplier * base ** (match - allowed_length)
    return y


def chi_square(counts, probs) -> float:
    """How far the counts are from the probabilities, over the 0.999 quantile: above 1 is too far.

    The quantile is by the Wilson-Hilferty formula; cells where less than five are to be expected
    are put together.
    """
    drawn, expected = np.array(list(counts), float), np.array(list(probs), float)
    expected *= drawn.sum()
    rare = expected < 5
    if rare.any():
        drawn = np.append(drawn[~rare], drawn[rare].sum())
        expected = np.append(expected[~rare], max(expected[rare].sum(), 1.0))
    freedom = len(expected) - 1
    quantile = freedom * (1 - 2 / (9 * freedom) + 3.09 * math.sqrt(2 / (9 * freedom))) ** 3
    return float(((drawn - expected) ** 2 / expected).sum()) / quantile
