"""Random inputs for hidden tests: what a strategy may be given, drawn over the whole of it.

Each takes a generator, so that the same seed gives the same inputs on every machine. A test's own
`draw` puts them together: `lambda r: (logits(r), r.choice([1, 2, 5]))`.
"""

import math
from random import Random

import torch
from torch import Tensor

EXTREME = 5000.0  # of a logit, either sign
LONG = 1000  # tokens of a long text
SEPARATORS = [  # what joins the words of a key; a word may hold it too
    *("", " ", ",", ", ", "', '", ".", ";", ":", "::", "|", "||", " | ", "/", "\\", "_", "__"),
    *("-", "--", "->", "+", "#", "~", "=", "@", "&", "*", "^", "%", "$", "!", "?", "<", ">"),
    *("\n", "\t", "\r", "\0", "\x1f", "\u241f", "§", "•", "<sep>", "[SEP]", "<|endoftext|>"),
]
SIZES = [100, 256, 1000, 4096, 50_257, 65_536]  # of tables that a careless key may have


def size(random: Random, most: int = 40) -> int:
    """A vocabulary's size, from 1 to most: often small, so that every token matters.

    Where 40 are allowed, more may come now and then: a byte cannot count them.
    """
    if most >= 40 and random.random() < 0.02:
        return random.randint(257, 400)
    return random.choice([random.randint(1, min(6, most)), random.randint(1, most)])


def shape(random: Random) -> tuple[int, ...]:
    """What stands in front of the vocabulary: nothing, a batch, or several axes."""
    single = [(), (), (1,), (2,), (3,), (5,), (30,)]
    return random.choice([*single, (2, 3), (3, 1), (1, 1), (4, 2), (2, 1, 2, 3)])


def logits(random: Random, shape: tuple[int, ...] = (), vocab: int | None = None) -> Tensor:
    """float32 logits (*shape, vocab), with a finite one in every row.

    Rows are plain, wide, tied, all alike, sure of one token, partly -inf, or up to EXTREME.
    """
    vocab = vocab or size(random)
    rows = [row(random, vocab) for _ in range(math.prod(shape))]
    return torch.tensor(rows, dtype=torch.float32).reshape(*shape, vocab)


def batch(random: Random) -> Tensor:
    """Logits of any leading shape: single rows and batches alike."""
    return logits(random, shape(random))


def row(random: Random, vocab: int) -> list[float]:
    scale = random.choice([0.5, 2.0, 2.0, 10.0, EXTREME / 3])
    values = [max(-EXTREME, min(EXTREME, random.gauss(0, scale))) for _ in range(vocab)]
    kind = random.choice(["plain", "tied", "alike", "sure", "cut", "cut and tied"])
    if "tied" in kind:
        values = [float(round(x / scale)) * min(scale, 8.0) for x in values]
    if kind == "alike":
        values = [values[0]] * vocab
    if kind == "sure":
        values[random.randrange(vocab)] = max(values) + 30
    if "cut" in kind:
        stays = random.randrange(vocab)
        values = [
            x if i == stays or random.random() < 0.6 else -math.inf for i, x in enumerate(values)
        ]
    return values


def shares(random: Random, vocab: int | None = None, parts: int = 64) -> list[float]:
    """Probabilities that sum to 1, each a multiple of 1 / parts: sums of them are exact.

    parts: a power of 2. Ties and zeros are common.
    """
    vocab = vocab or size(random, 12)
    counts = [0] * vocab
    favourites = [random.randrange(vocab) for _ in range(3)]
    for _ in range(parts):
        counts[random.choice([random.randrange(vocab), *favourites])] += 1
    if random.random() < 0.3:  # equal shares, as far as parts can be divided
        equal = 2 ** random.randint(0, int(math.log2(min(vocab, parts))))
        counts = [parts // equal] * equal + [0] * (vocab - equal)
        random.shuffle(counts)
    return [count / parts for count in counts]


def history(random: Random, vocab: int, least: int = 0) -> list[int]:
    """The ids of a text so far: short, with repeats, and one in twenty up to LONG tokens."""
    most = LONG if random.random() < 0.05 else random.choice([3, 8, 30])
    used = [random.randrange(vocab) for _ in range(random.randint(1, 6))]
    ids = [random.choice([*used, random.randrange(vocab)]) for _ in range(random.randint(0, most))]
    return ids + [random.randrange(vocab) for _ in range(least - len(ids))]


def far(random: Random, vocab: int) -> list[int]:
    """A text in which one token stands once, far from the end or far from the start, and one 256
    times, where a byte that counts them starts anew. A vocabulary of less than three has none such.
    """
    once, often, *_ = random.sample(range(vocab), min(2, vocab)) * 2
    others = [i for i in range(vocab) if i not in (once, often)] or [often]
    ids = [
        once,
        *random.choices(others, k=random.choice([0, 100, LONG - 257, LONG - 257])),
        *[often] * 256,
    ]
    return random.choice([ids, ids[::-1]])


def exact_step(random: Random) -> tuple[Tensor, list[int]]:
    """Logits (vocab,) that are whole 64ths, so that sums of them are exact, and a text's ids.

    One in twenty has a vocabulary of 8,000; one in twenty of the other texts 2 or 5 times LONG.
    """
    if random.random() < 0.05:
        scores = logits(random, vocab=400).repeat(20)
        ids = history(random, len(scores), least=30)
    else:
        scores = logits(random)
        ids = any_text(random, len(scores))
    return (scores * 64).round() / 64, ids


def any_text(random: Random, vocab: int) -> list[int]:
    if random.random() < 0.05:
        return random.choices(range(vocab), k=random.choice([2, 5]) * LONG)
    return far(random, vocab) if random.random() < 0.1 else history(random, vocab, least=1)


def alike_ids(random: Random, n: int) -> list[tuple[list, list]]:
    """Pairs of runs of n ids that differ, though a careless key takes them for one another.

    They have the same remainder, sum or digits, or are the same number in a base.
    """
    low, size = random.randrange(100), random.choice(SIZES)
    pairs = [
        ([low], [low + size]),
        ([low, low + 1], [low + 1, low]),
        ([low, low + 1], [low + size, low]),
        ([low, low + size], [low + 1, low]),
        ([1, 21], [12, 1]),
        ([1, 211], [121, 1]),
    ]
    return filled_up(random, n, pairs, [low, low + 1, 1, 2])


def alike_words(random: Random, n: int) -> list[tuple[list, list]]:
    """As `alike_ids`, of words: joined, sorted, shortened, in lower case or stripped."""
    first, second, *rest = random.sample("abcdefghijklmnopqr", 12)
    word = "".join([first, second, *rest][: random.randint(3, 12)])
    others = [word.upper(), word.capitalize(), f" {word}", f"{word} ", f"{word}\n"]
    others += [f"{word}s", f"s{word}", f"{word}.", f"'{word}", word[::-1]]
    single = [([word], [other]) for other in random.sample(others, 4)]
    single += [([f"{word}\u00e9"], [f"{word}e\u0301"])]  # é, written in two ways
    joined = [
        ([first, second + separator + first], [first + separator + second, first])
        for separator in random.sample(SEPARATORS, 8)
    ]
    swapped = [([first, second], [second, first])]
    pairs = random.choice([single, joined, joined, swapped] if n > 1 else [single])
    return filled_up(random, n, pairs, [first, second, word])


def filled_up(random: Random, n: int, pairs: list, others: list) -> list[tuple[list, list]]:
    """The pairs that n tokens can hold, each with the same others behind it."""
    fits = [pair for pair in pairs if len(pair[0]) <= n]
    fill = random.choices(others, k=n)
    return [(x + fill[: n - len(x)], y + fill[: n - len(y)]) for x, y in fits]
