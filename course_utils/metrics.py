"""What distributions and texts are like, in numbers.

A text is a list of tokens (ids, words: anything hashable) or a 1-D tensor of ids. Which tokens
count is the caller's slice: leave out the prompt and end-of-text to measure the continuation.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from statistics import linear_regression

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.checks import check_count, check_number, check_seed, finite_rows

Text = Sequence[Hashable] | Tensor


def entropy(logits: Tensor) -> Tensor:
    """How open the choice is, in bits: 0 for a sure thing, log2(n) for n equal choices.

    logits: (..., vocab), -inf allowed. Returns float64 (...) of float64 logits, else float32.
    Raises ValueError on NaN or an all -inf row. Shannon 1948.
    """
    bits = torch.special.entr(finite_rows(logits).softmax(dim=-1)).sum(dim=-1) / math.log(2)
    return bits.to(torch.promote_types(logits.dtype, torch.float32))


def effective_choices(logits: Tensor) -> Tensor:
    """The number of equally likely tokens that would be as open as this choice: 2 ** entropy.

    logits: (..., vocab). Returns (...) from 1 to vocab, dtype and errors as in `entropy`.
    """
    return 2 ** entropy(logits)


def perplexity(logprobs: Tensor | Sequence[float]) -> Tensor:
    """How many equal choices a token the text felt like: exp of minus the mean log-probability.

    logprobs: natural log-probabilities of the chosen tokens, a tensor (..., length) or a list;
    at most 0, and -inf gives inf. Returns float64 (...), from 1.
    Raises ValueError if there is no token, on NaN, or on a log-probability above 0.
    Jelinek et al. 1977, https://doi.org/10.1121/1.2016299.
    """
    try:
        x = torch.as_tensor(logprobs)
        if x.is_floating_point():  # a list would be rounded to the default dtype
            x = torch.as_tensor(logprobs, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"logprobs must be floats, got {logprobs!r}")
    if not x.is_floating_point() or x.ndim == 0 or x.numel() == 0:
        raise ValueError(
            "logprobs must be floats (..., length) with at least one token, "
            f"got {x.dtype} of shape {tuple(x.shape)}"
        )
    if x.isnan().any():
        raise ValueError("logprobs contain NaN: look for a division by zero or an overflow before")
    if (x > 0).any():
        raise ValueError(
            f"logprobs must be in [-inf, 0], got {x.max().item():g}. Take the log of probabilities"
        )
    return (-x.mean(dim=-1)).exp()


def distinct_n(texts: Sequence[Text], n: int) -> float:
    """The share of different n-grams among all n-grams of the texts together.

    n: at least 1. A text shorter than n adds nothing. Returns a number in (0, 1], 1 if no n-gram
    comes twice. It falls as texts grow longer, so compare equal lengths only.
    Raises ValueError if n is not a whole number from 1 or no text has n tokens.
    Li et al. 2016, https://arxiv.org/abs/1510.03055, who divide by the number of tokens instead;
    the number of n-grams is what later work uses.
    """
    grams = ngrams_by_text(texts, n)
    return len(set().union(*grams)) / sum(map(len, grams))


def seq_rep_n(ids: Text, n: int) -> float:
    """The share of n-grams of one text that repeat an earlier one: 1 - distinct / all.

    n: at least 1. Returns a number in [0, 1), 0 if no n-gram comes twice.
    Raises ValueError if n is not a whole number from 1 or the text is shorter than n.
    Welleck et al. 2020, https://arxiv.org/abs/1908.04319, who average it over continuations.
    """
    check_count("n", n)
    return rep_n([tokens("ids", ids, least=n)], n)


def rep_n(texts: Sequence[Text], n: int) -> float:
    """`seq_rep_n` over many texts: repeats within each text, summed, over all n-grams.

    So long texts weigh more than in a mean of `seq_rep_n`, and a phrase that two texts share is no
    repeat, unlike in `distinct_n`. n: at least 1. Returns a number in [0, 1).
    Raises ValueError if n is not a whole number from 1 or no text has n tokens.
    Su et al. 2022, https://arxiv.org/abs/2202.06417, as their code pools it, which gives percent
    and leaves out the last n-gram of each text.
    """
    grams = ngrams_by_text(texts, n)
    return 1 - sum(len(set(text)) for text in grams) / sum(map(len, grams))


def rep_l(ids: Text, window: int) -> float:
    """The share of tokens that are among the `window` tokens before them.

    window: at least 1. Returns a number in [0, 1).
    Raises ValueError if window is not a whole number from 1 or there is no token.
    Welleck et al. 2020, https://arxiv.org/abs/1908.04319, rep/l with l = 16, 32, 128 and 512. They
    count a model's best guesses along a human text; counted here are the text's own tokens.
    """
    check_count("window", window)
    ids = tokens("ids", ids, least=1)
    last_seen: dict[Hashable, int] = {}
    repeats = 0
    for position, token in enumerate(ids):
        repeats += position - last_seen.get(token, -math.inf) <= window
        last_seen[token] = position
    return repeats / len(ids)


def ends_in_loop(ids: Text) -> bool:
    """Whether the text got stuck: a phrase of 2 tokens or more, 3 times or more, at its very end.

    One token six times is a phrase of two, three times. Raises ValueError if `ids` is no text.
    Holtzman et al. 2020, https://arxiv.org/abs/1904.09751, as the paper defines it. Their code
    takes the phrase repeated most, and asks for 3 tokens, twice, or for more than 50 repeats.
    """
    ids = tokens("ids", ids)
    return any(
        ids[-size:] == ids[-2 * size : -size] == ids[-3 * size : -2 * size]
        for size in range(2, len(ids) // 3 + 1)
    )


def self_bleu(texts: Sequence[Text], n: int = 4) -> float:
    """How alike the texts are: the mean BLEU of each text with all the others as references.

    n: the longest n-gram, at least 1. Returns a number in [0, 1]: 1 for copies, 0 if no two texts
    share a token. Counts are clipped to the most that one reference holds, and a text shorter than
    the reference nearest in length is penalised. An n-gram size without a match counts 0.1 matches
    (smoothing method 1 of Chen and Cherry 2014, https://aclanthology.org/W14-3346), as in the code
    of both papers below; a text without any match has BLEU 0.
    Raises ValueError if n is not a whole number from 1, on fewer than 2 texts, or on a text shorter
    than n, for which BLEU is not defined.
    Zhu et al. 2018 (Texygen), https://arxiv.org/abs/1802.01886; Holtzman et al. 2020,
    https://arxiv.org/abs/1904.09751. BLEU: Papineni et al. 2002, https://aclanthology.org/P02-1040.
    """
    check_count("n", n)
    texts = token_lists(texts, least=n)
    if len(texts) < 2:
        raise ValueError(f"texts must be at least 2 to compare, got {len(texts)}")
    matches = [matches_in_others(texts, size) for size in range(1, n + 1)]
    lengths = [len(text) for text in texts]
    total = 0.0
    for i, length in enumerate(lengths):
        if matches[0][i]:
            precisions = [max(matches[k][i], 0.1) / (length - k) for k in range(n)]
            others = lengths[:i] + lengths[i + 1 :]
            nearest = min(others, key=lambda other: (abs(other - length), other))
            total += math.exp(min(0, 1 - nearest / length) + sum(map(math.log, precisions)) / n)
    return total / len(texts)


def matches_in_others(texts: list[list], size: int) -> list[int]:
    """For each text, how many of its n-grams are matched by one of the other texts."""
    counts = [Counter(ngrams(text, size)) for text in texts]
    # The most of an n-gram among the others is the most of all, or the second most for the text
    # that holds the most. So two numbers an n-gram do for every text.
    most: dict[tuple, tuple[int, int, int]] = {}  # n-gram -> most, in which text, second most
    for i, grams in enumerate(counts):
        for gram, count in grams.items():
            best, holder, second = most.get(gram, (0, i, 0))
            if count > best:
                most[gram] = (count, i, best)
            elif count > second:
                most[gram] = (best, holder, count)

    def limit(gram, i):
        best, holder, second = most[gram]
        return second if holder == i else best

    return [
        sum(min(count, limit(gram, i)) for gram, count in grams.items())
        for i, grams in enumerate(counts)
    ]


def zipf_coefficient(ids: Text) -> float:
    """How steeply frequency falls with rank: about 1 in human text, 0 if all are equally frequent.

    Minus the slope of the least-squares line through log frequency over log rank, for the 5,000
    most frequent tokens, as in Holtzman et al. Chain texts into one to measure them together.
    Returns a number of at least 0. Raises ValueError on fewer than 2 distinct tokens.
    Zipf 1949; Holtzman et al. 2020, https://arxiv.org/abs/1904.09751.
    """
    frequencies = sorted(Counter(tokens("ids", ids)).values(), reverse=True)[:5000]
    if len(frequencies) < 2:
        raise ValueError(f"ids must hold at least 2 distinct tokens, got {len(frequencies)}")
    ranks = range(1, len(frequencies) + 1)
    return -linear_regression([*map(math.log, ranks)], [*map(math.log, frequencies)]).slope


def mauve(
    p_features: Tensor, q_features: Tensor, clusters: int | None = None, seed: int = 0
) -> tuple[float, Tensor]:
    """How alike two sets of texts are, and the curve of how they differ.

    The features of both sets, scaled to length 1, are put into clusters together; the sets become
    histograms over the clusters, and the score is the area below their `divergence_frontier`.
    p_features, q_features: float (texts, features), such as a model's last hidden state of each
    text, p from humans; clusters: at least 2, by default a tenth of the smaller set; seed: of
    k-means, at least 0. Returns the area in (0, 1], 1 for equal sets, and the frontier (27, 2).
    Scores compare only at the same clusters and numbers of texts; with hundreds of texts, those of
    two seeds still differ by hundredths.
    Raises ValueError if a parameter is out of range, or on features of wrong shape, NaN or inf.
    Pillutla et al. 2021, https://arxiv.org/abs/2102.01454. The mauve-text package reduces the
    features by PCA first. Half a text is added to each cluster, which helps small sets: Pillutla
    et al. 2023, https://arxiv.org/abs/2212.14578, and `mauve_star` there.
    """
    for name, x in (("p_features", p_features), ("q_features", q_features)):
        check_floats(name, x, "texts", "features")
        if not x.isfinite().all():
            raise ValueError(f"{name} must be finite, got NaN or inf")
    if p_features.shape[1] != q_features.shape[1]:
        raise ValueError(
            "p_features and q_features must have as many features, "
            f"got {p_features.shape[1]} and {q_features.shape[1]}"
        )
    sizes = (len(p_features), len(q_features))
    clusters = max(2, round(min(sizes) / 10)) if clusters is None else clusters
    check_count("clusters", clusters, least=2)
    check_seed(seed)
    if clusters > sum(sizes):
        raise ValueError(f"clusters must be at most {sum(sizes)}, one a text, got {clusters}")
    directions = normalize(torch.cat([p_features, q_features]).double(), dim=1)
    labels = k_means(directions, clusters, torch.Generator().manual_seed(seed))
    p, q = (part.bincount(minlength=clusters).double() + 0.5 for part in labels.split(sizes))
    curve = divergence_frontier(p / p.sum(), q / q.sum())
    return torch.trapezoid(curve[:, 1], curve[:, 0]).item(), curve


def divergence_frontier(p: Tensor, q: Tensor, scale: float = 5.0, points: int = 25) -> Tensor:
    """How far p and q each are from the mixtures between them, as a curve to draw.

    With r from p to q, x is exp(-scale * KL(q || r)), low where q has what p lacks, and y is
    exp(-scale * KL(p || r)), low where p has what q lacks; the corners (0, 1) and (1, 0) end it.
    p, q: probabilities (outcomes,); scale: above 0; points: mixtures, at least 2.
    Returns float64 (points + 2, 2), x rising. The area below is 1 if p = q, near 0 if they share
    no outcome. Raises ValueError if a parameter is out of range or p and q are no probabilities.
    Pillutla et al. 2021, https://arxiv.org/abs/2102.01454.
    """
    check_number("scale", scale, 0, math.inf, "The paper has 5", above=True)
    check_count("points", points, least=2)
    for name, x in (("p", p), ("q", q)):
        check_floats(name, x, "outcomes")
        if not (x >= 0).all() or not abs(x.double().sum().item() - 1) < 1e-3:
            raise ValueError(
                f"{name} must be at least 0 and sum to 1, got a least of {x.min().item():g} and a "
                f"sum of {x.sum().item():g}. Divide counts by their sum"
            )
    if p.shape != q.shape:
        raise ValueError(f"p and q must have as many outcomes, got {len(p)} and {len(q)}")
    p, q = p.double(), q.double()
    share = torch.linspace(0, 1, points, dtype=torch.float64).unsqueeze(1)
    r = (1 - share) * p + share * q
    curve = torch.stack([kl(q, r), kl(p, r)], dim=1).mul(-scale).exp()
    return torch.cat([curve.new_tensor([[0, 1]]), curve, curve.new_tensor([[1, 0]])])


def kl(p: Tensor, q: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of p from q over the last axis, in nats; 0 log 0 is 0."""
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=-1).clamp(min=0)


def k_means(x: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """The cluster of each row, int64 (rows,): of five runs, the one with the least spread.

    Equal rows count once, and the order of the rows does not matter. x: float (rows, features).
    Lloyd 1982; first centres: Arthur and Vassilvitskii 2007 (k-means++).
    """
    rows, which = x.unique(dim=0, return_inverse=True)
    runs = [lloyd(rows, first_centres(rows, clusters, generator)) for _ in range(5)]
    return min(runs, key=lambda run: run[0])[1][which]


def first_centres(x: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Rows that lie apart: each drawn by the square of its gap to those before it."""
    centres = x[torch.randint(len(x), (1,), generator=generator)]
    gaps = (x - centres).square().sum(dim=1)  # squared, to the nearest; 0 if it is taken
    while len(centres) < clusters and gaps.any():
        picked = x[torch.multinomial(gaps, 1, generator=generator)]
        centres = torch.cat([centres, picked])
        gaps = gaps.minimum((x - picked).square().sum(dim=1))
    return centres


def lloyd(x: Tensor, centres: Tensor) -> tuple[float, Tensor]:
    """Move each centre to the mean of the rows nearest to it, again and again."""
    labels = None
    for _ in range(100):
        gaps, nearest = torch.cdist(x, centres).min(dim=1)
        if labels is not None and torch.equal(nearest, labels):
            break
        labels = nearest
        sizes = labels.bincount(minlength=len(centres)).unsqueeze(1)
        sums = torch.zeros_like(centres).index_add(0, labels, x)
        centres = torch.where(sizes > 0, sums / sizes, centres)
    return gaps.square().sum().item(), nearest


def tokens(name: str, ids: Text, least: int = 0) -> list[Hashable]:
    """The text as a list; ValueError if it is none, or has fewer than `least` tokens."""
    ids = ids.tolist() if isinstance(ids, Tensor) else ids
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence):
        raise ValueError(
            f"{name} must be a list or 1-D tensor of tokens, got {ids!r}. Split a string first"
        )
    for token in ids:
        # Equal tensors are no equal keys: a list of them would seem to repeat nothing.
        if isinstance(token, Tensor) or not isinstance(token, Hashable):
            raise ValueError(
                f"{name} must be one list of numbers or words, got {token!r} in it. "
                "Use .tolist() on tensors, and one text at a time"
            )
    if len(ids) < least:
        raise ValueError(f"{name} must have at least {least} tokens, got {len(ids)}")
    return list(ids)


def token_lists(texts: Sequence[Text], least: int = 0) -> list[list[Hashable]]:
    """The texts as lists; ValueError unless each is a text of at least `least` tokens."""
    texts = texts.tolist() if isinstance(texts, Tensor) else texts
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence):
        raise ValueError(f"texts must be a list of texts, got {texts!r}")
    return [tokens(f"texts[{i}]", text, least) for i, text in enumerate(texts)]


def ngrams(ids: list[Hashable], n: int) -> list[tuple]:
    """All runs of n tokens, in order."""
    check_count("n", n)
    return [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]


def ngrams_by_text(texts: Sequence[Text], n: int) -> list[list[tuple]]:
    """The n-grams of each text; ValueError if there is none at all."""
    grams = [ngrams(text, n) for text in token_lists(texts)]
    if not any(grams):
        raise ValueError(f"texts must hold at least one of {n} tokens or more. Use a smaller n")
    return grams


def check_floats(name: str, x: Tensor, *axes: str) -> None:
    """ValueError unless x is a tensor of floats with these axes, none of them empty."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name} must be a tensor of floats, got {kind}")
    if x.ndim != len(axes) or 0 in x.shape:
        raise ValueError(f"{name} must be ({', '.join(axes)}), got shape {tuple(x.shape)}")
