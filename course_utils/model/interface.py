"""What generating, searches, grammars and explorers ask of a model, whoever made it.

`storyteller.Storyteller` has it, `adapter.Adapter` gives it to a causal model of transformers, and
`toys.Markov` has as much of it as `generate` needs.
"""

from collections.abc import Sequence, Set
from typing import Protocol

from torch import Tensor


class Tokenizer(Protocol):
    """Text to token ids and back. Names are those of `tiktoken.Encoding`, which is one."""

    @property
    def eot_token(self) -> int: ...

    @property
    def n_vocab(self) -> int: ...

    def encode_ordinary(self, text: str) -> list[int]:
        """Ids of a text that may stand in the middle of another: nothing is put around it, and a
        special token that is written out in it is text."""

    def decode(self, ids: Sequence[int]) -> str: ...

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes that the token adds to a text. ValueError or KeyError if it is none."""

    def token_byte_values(self) -> list[bytes]:
        """The bytes of every token that is not special, in any order."""


class Reader(Protocol):
    """Reads texts that grow side by side, each id once. Logits are float32, on the CPU."""

    def next_logits(
        self, ids: Sequence[list[int]] | Tensor, rows: Sequence[int] | None = None
    ) -> Tensor:
        """The logits after each row of ids, which are all so far: (rows, vocab).

        rows: row i goes on from what was row `rows[i]` in the call before, None: from row i.
        Past the context a row is read by its last ids.
        """

    def next_states(
        self, ids: Sequence[list[int]], rows: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """As `next_logits`, for rows of equal length, with the last hidden states of the ids that
        are new: float32 (rows, new, width). The texts fit into the context."""

    def last_logits(self, ids: list[int], n: int) -> Tensor:
        """The logits after each of the last n ids of one text: (n, vocab).

        The end of what was read before may have been taken back. The text fits into the context.
        """


class Model(Protocol):
    """A causal language model with its tokenizer.

    context: the most tokens of a text; vocab_size: of the logits; ends: the tokens, each of which
    ends a text, and none is shown.
    """

    @property
    def tokenizer(self) -> Tokenizer: ...

    @property
    def context(self) -> int: ...

    @property
    def vocab_size(self) -> int: ...

    @property
    def ends(self) -> Set[int]: ...

    def encode(self, prompt: str) -> list[int]:
        """Token ids of a prompt, after what begins a text.

        Raises ValueError if the prompt is empty or does not fit into the context.
        """

    def next_logits(self, prompt: str) -> Tensor:
        """The scores for the token after the prompt: (vocab,), float32, on the CPU."""

    def logits(self, ids: list[int], last: int | None = None) -> Tensor:
        """The scores after each token of a text, or after its last ones alone: (length or last,
        vocab), float32, on the CPU.

        Raises ValueError if the text does not fit into the context.
        """

    def reader(self, cached: bool = True) -> Reader:
        """A reader of new texts. Without a cache it runs all of a text anew at each step."""
