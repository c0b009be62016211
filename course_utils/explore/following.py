"""A text that grows by the tokens that a learner chooses, and the scores of what may follow."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from course_utils.explore.given import MOST_TOKENS, pair, reading_model
from course_utils.explore.plots.look import visible
from course_utils.model.interface import Model
from course_utils.model.tokenizer import END_OF_TEXT, Names, check_length
from course_utils.toys import Markov

MOST_SOUGHT = 20  # tokens of a word that is looked for
Source = str | Markov | tuple[Sequence[str], Tensor]


@dataclass(frozen=True)
class Chosen:
    """A token that joined the text. logprob: natural, by the model itself, before any knob."""

    token: int
    name: str
    logprob: float


@dataclass(frozen=True, eq=False)
class Following:
    """A prompt, what was chosen after it, and what may come next.

    tokens: the names of the vocabulary; logits (vocab,): of the next token; ids: of the prompt and
    the chosen tokens; model: what reads them, None if the scores are one table.
    """

    prompt: str | None
    tokens: Sequence[str]
    logits: Tensor
    ids: tuple[int, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    model: Model | Markov | None = None

    @functools.cached_property
    def order(self) -> Tensor:
        """The tokens, likeliest first; of equals, the lowest id first."""
        return self.logits.argsort(descending=True, stable=True)

    @property
    def over(self) -> str:
        """Why no token can join the text, if so."""
        if not self.chosen:
            return ""
        if self.model is None:
            return "One table of scores does not say what follows the chosen token. Undo goes back."
        if self.chosen[-1].token in self.model.ends:
            return "The text has ended. Undo goes back."
        if len(self.chosen) == MOST_TOKENS:
            return f"{MOST_TOKENS} tokens are as many as can be chosen. Undo goes back."
        return ""

    @property
    def text(self) -> str:
        """The prompt with what was chosen."""
        return (self.prompt or "") + "".join(one.name for one in self.chosen)

    def after(self, token: int) -> "Following":
        """The text with this token, and what may follow then. ValueError if it is over."""
        if self.over:
            raise ValueError(self.over.removesuffix("."))
        if not 0 <= token < len(self.tokens):
            raise ValueError(f"chosen must be ids in [0, {len(self.tokens)}), got {token!r}")
        logprob = float(self.logits.double().log_softmax(dim=-1)[token])
        step = Chosen(token, self.tokens[token], logprob)
        return self.at((*self.ids, token), (*self.chosen, step))

    def back(self) -> "Following":
        """The text without the token that was chosen last."""
        return self.at(self.ids[:-1], self.chosen[:-1])

    def at(self, ids: tuple[int, ...], chosen: tuple[Chosen, ...]) -> "Following":
        logits = self.logits if self.model is None else next_logits(self.model, ids)
        return Following(self.prompt, self.tokens, logits, ids, chosen, self.model)

    def seek(self, word: str) -> tuple[int, list[str]]:
        """The token that a word begins with, and the names of all its tokens.

        Of a word with and without a space before it, the one of fewer tokens, then the likelier.
        Raises ValueError if no token begins it.
        """
        spellings = [word] if word.startswith(" ") else [word, f" {word}"]
        found = list(filter(None, map(self.ids_of, spellings)))
        if not found:
            raise ValueError(f"find must be one of the {len(self.tokens):,} tokens, got {word!r}")
        ids = min(found, key=lambda ids: (len(ids), -float(self.logits[ids[0]])))
        return ids[0], [visible(self.tokens[i]) for i in ids]

    def ids_of(self, word: str) -> list[int]:
        if self.model is None or isinstance(self.model, Markov):
            names = list(self.tokens)
            return [names.index(word)] if word in names else []
        check_length("find", word, MOST_SOUGHT, self.model.tokenizer)
        return self.model.tokenizer.encode_ordinary(word)


def follow(source: Source, model: Model | Markov | None = None) -> Following:
    """What may follow a prompt, the first word of a toy, or in a pair (tokens, logits).

    ValueError if the source cannot be shown.
    """
    if isinstance(source, Markov) and model is None:
        first = next(token.strip() for token in source.tokens if token != END_OF_TEXT)
        return follow(first, source)
    model = reading_model(model, source, toys=True)
    if model is None:
        return Following(None, *pair(source))
    ids = tuple(model.encode(source))
    if isinstance(model, Markov):
        tokens: Sequence[str] = model.tokens
    else:
        tokens = Names(model.tokenizer, model.vocab_size)
    return Following(source, tokens, next_logits(model, ids), ids, (), model)


def next_logits(model: Model | Markov, ids: Sequence[int]) -> Tensor:
    """The scores after these ids, (vocab,): past the context, after the last of them."""
    return model.reader(False).next_logits([list(ids)])[0]
