"""Next-token distributions small enough to work out by hand. No model is needed."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.checks import check_count
from course_utils.model.tokenizer import END_OF_TEXT

# New tokens, the last perhaps end-of-text -> how likely they are; all of them together 1.
Texts = dict[tuple[str, ...], float]
MOST_TEXTS = 1_000_000


class Toy(NamedTuple):
    """A few tokens and the logit that a model might give to each, in the same order."""

    tokens: tuple[str, ...]
    logits: Tensor


@dataclass(frozen=True, eq=False)
class Markov:
    """A model small enough to read: what follows a token depends on that token alone.

    tokens: each once, with the space that it brings, and `END_OF_TEXT`; table (vocab, vocab): in
    row i the logits of what follows token i, -inf for never.
    `generate` takes it as a model. A prompt is made of words of the table.
    Raises ValueError on tokens or a table that it cannot write with.
    """

    tokens: tuple[str, ...]
    table: Tensor

    def __post_init__(self):
        if len({token.strip() for token in self.tokens}) < len(self.tokens):
            raise ValueError(f"tokens must be different words, got {self.tokens!r}")
        if END_OF_TEXT not in self.tokens or len(self.tokens) < 2:
            raise ValueError(f"tokens must be words and {END_OF_TEXT!r}, got {self.tokens!r}")
        expected = (len(self.tokens),) * 2
        if not isinstance(self.table, Tensor):
            raise ValueError(f"table must be a tensor, got {type(self.table).__name__}")
        if self.table.shape != expected or not self.table.is_floating_point():
            got = f"{self.table.dtype} of shape {tuple(self.table.shape)}"
            raise ValueError(f"table must be logits of shape {expected}, got {got}")
        if not self.table.amax(dim=-1).isfinite().all():
            raise ValueError("table must leave a choice in each row, without NaN and +inf")

    def encode(self, prompt: str) -> list[int]:
        """The token of each word. ValueError if there is none, or one that is not in the table."""
        id_of = {token.strip(): i for i, token in enumerate(self.tokens) if token != END_OF_TEXT}
        words = prompt.split()
        if not words:
            raise ValueError(f"prompt must not be empty. The words are: {', '.join(id_of)}")
        for word in words:
            if word not in id_of:
                raise ValueError(f"prompt must be of the words {', '.join(id_of)}, got {word!r}")
        return [id_of[word] for word in words]

    # What else `generate` asks of a model: a tokenizer, and a reader, which looks at the table.

    @property
    def tokenizer(self) -> "Markov":
        return self

    @property
    def eot_token(self) -> int:
        return self.tokens.index(END_OF_TEXT)

    @property
    def ends(self) -> frozenset[int]:
        return frozenset({self.eot_token})

    def decode_single_token_bytes(self, token: int) -> bytes:
        return self.tokens[token].encode()

    def reader(self, cached: bool = True) -> "Markov":
        return self

    def next_logits(self, ids: Sequence[list[int]], rows: Sequence[int] | None = None) -> Tensor:
        """The row of the last token of each text, float32: (rows, vocab)."""
        return self.table[[row[-1] for row in ids]].float()


# What could follow "every effort moves you": token ids are positions, 0 to 8.
VOCABULARY = ("closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you")
NEXT_LOGITS = torch.tensor(
    [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79], dtype=torch.float32
)

# What could follow "The capital of France is": one good answer and a long tail.
CAPITAL_TOKENS = (
    " Paris",
    " the",
    " a",
    " located",
    " Lyon",
    " not",
    " in",
    " arguably",
    " France",
    " probably",
)
CAPITAL_LOGITS = torch.tensor(
    [9.0, 5.5, 5.0, 4.5, 4.0, 3.5, 3.0, 2.0, 1.5, 1.0], dtype=torch.float32
)

NINE_WORDS = Toy(VOCABULARY, NEXT_LOGITS)
CAPITAL = Toy(CAPITAL_TOKENS, CAPITAL_LOGITS)

# Cats and dogs, in nine tokens: greedy goes round and round on "the cat sat on".
CAT = Markov(
    (" the", " cat", " dog", " mat", " sat", " ran", " on", ".", END_OF_TEXT),
    torch.tensor(
        [  # the cat  dog  mat  sat  ran  on   .   end
            [0.0, 4.0, 3.0, 2.5, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 4.0, 3.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 4.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 2.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.5, 3.0, 0.0],
            [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [3.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0],
            [4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
        dtype=torch.float32,
    ),
)

# What could follow "The", in two steps: greedy takes " cat" and cannot come back.
# Text so far, as a tuple of tokens -> the probability of each next one.
GREEDY_LOSES = {
    (): {" cat": 0.55, " dog": 0.45},
    (" cat",): {" sat": 0.4, " ran": 0.35, " slept": 0.25},
    (" dog",): {" barked": 0.9, " ran": 0.1},
}


def every_text(toy: Markov, prompt: str, max_new_tokens: int) -> Texts:
    """All that the toy can write after the prompt, with its probability, by trying every token.

    A text stops at end-of-text or after max_new_tokens. Impossible ones are left out.
    Raises ValueError on a prompt that is not of its words, or if there could be over a million.
    """
    check_count("max_new_tokens", max_new_tokens)
    if len(toy.tokens) ** max_new_tokens > MOST_TEXTS:
        most = max(n for n in range(20) if len(toy.tokens) ** n <= MOST_TEXTS)
        raise ValueError(
            f"max_new_tokens must be at most {most} to list all texts of {len(toy.tokens)} tokens, "
            f"got {max_new_tokens}"
        )
    probs = toy.table.double().softmax(dim=-1).tolist()

    def after(last: int, left: int) -> Texts:
        if not left or toy.tokens[last] == END_OF_TEXT:
            return {(): 1.0}
        return {
            (toy.tokens[token], *rest): p * q
            for token, p in enumerate(probs[last])
            if p
            for rest, q in after(token, left - 1).items()
        }

    return after(toy.encode(prompt)[-1], max_new_tokens)


def exact_conditional(texts: Texts, allowed: Callable[[tuple[str, ...]], bool]) -> Texts:
    """What the texts would be if those that are not allowed had been drawn and thrown away.

    texts: as `every_text` gives them; allowed: says of a whole text whether it may be. Returns the
    allowed ones in the same proportions, 1 together. Raises ValueError if there is none.
    """
    left = {text: p for text, p in texts.items() if allowed(text)}
    if not left:
        raise ValueError(f"allowed must leave at least one of the {len(texts)} texts, got none")
    total = sum(left.values())
    return {text: p / total for text, p in left.items()}


def masked_decoding(texts: Texts, allowed: Callable[[tuple[str, ...]], bool]) -> Texts:
    """What constrained decoding draws: at each step a token that can still lead to an allowed text.

    The mask knows what can follow and not how likely that is, so a beginning that is hard to bring
    to a good end comes as often as an easy one. Arguments, result and errors as in
    `exact_conditional`, from which it differs by as much as the mask takes away.
    """
    likely, left = Counter(), Counter()
    for text, p in texts.items():
        for n in range(len(text) + 1):
            likely[text[:n]] += p
    good = exact_conditional(texts, allowed)
    for begun in dict.fromkeys(text[:n] for text in good for n in range(1, len(text) + 1)):
        left[begun[:-1]] += likely[begun]
    return {
        text: math.prod(likely[text[:n]] / left[text[: n - 1]] for n in range(1, len(text) + 1))
        for text in good
    }
