"""The tokenizer of any model, with the interface of the Storyteller's: what each id adds to a text.

Vocabularies write bytes in two ways. Byte-level ones give each byte a letter of its own ("Ġ" is a
space); those of sentencepiece write a space as "▁", and a byte that is no character as "<0x0A>".
"""

import functools
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Pieces:
    """A fast tokenizer of transformers, named as `interface.Tokenizer` has it.

    n_vocab: of the model's logits, at least the tokenizer's own; ends: the tokens that end a text.
    """

    def __init__(self, fast: "PreTrainedTokenizerFast", n_vocab: int, ends: Sequence[int]):
        self.fast = fast
        self.n_vocab = n_vocab
        self.ends = ends
        self.special = {i: token.content for i, token in fast.added_tokens_decoder.items()}
        self.decoders = types_in(decoder_of(fast))

    @property
    def eot_token(self) -> int | None:
        """The first of the tokens that end a text; None if there is none."""
        return self.ends[0] if self.ends else None

    def encode_prompt(self, text: str) -> list[int]:
        """As the tokenizer does by itself: special tokens written out are special, and it puts in
        front what its texts begin with."""
        return self.fast(text, verbose=False).input_ids

    def encode_ordinary(self, text: str) -> list[int]:
        """Ids of a text that may stand in the middle of another; special tokens in it are text."""
        ids = self.plain(text)
        if self.bytes_of(ids) == text.encode():
            return ids
        # It begins each text with a space of its own; after a line break it does not.
        begun, line = self.plain("\n" + text), self.plain("\n")
        return begun[len(line) :] if begun[: len(line)] == line else ids

    def plain(self, text: str) -> list[int]:
        options = {"add_special_tokens": False, "split_special_tokens": True}
        return self.fast(text, verbose=False, **options).input_ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text that these ids add, special tokens by their names; U+FFFD for broken bytes."""
        return self.bytes_of(ids).decode("utf-8", "replace")

    def bytes_of(self, ids: Sequence[int]) -> bytes:
        return b"".join(map(self.decode_single_token_bytes, ids))

    def decode_single_token_bytes(self, token: int) -> bytes:
        """What the token adds to a text; nothing if the model has it and the tokenizer has not.

        ValueError if the id is not in the vocabulary.
        """
        if not 0 <= token < self.n_vocab:
            raise ValueError(f"token must be in [0, {self.n_vocab}), the vocabulary, got {token}")
        if token in self.special:
            return self.special[token].encode()
        piece = self.fast.backend_tokenizer.id_to_token(token)
        if piece is None:
            return b""
        if "ByteLevel" in self.decoders:
            return b"".join(byte_of(letter) for letter in piece)
        if "ByteFallback" in self.decoders and (byte := BYTE.fullmatch(piece)):
            return bytes.fromhex(byte[1])
        if "Metaspace" in self.decoders or "Replace" in self.decoders:
            return piece.replace("▁", " ").encode()
        return self.after_another(piece).encode()

    def after_another(self, piece: str) -> str:
        """What the tokenizer's own decoder makes of a piece that is not the first of its text."""
        decoder = self.fast.backend_tokenizer.decoder
        if decoder is None:
            return f" {piece}"
        return decoder.decode(["a", piece]).removeprefix(decoder.decode(["a"]))

    @functools.cached_property
    def all_bytes(self) -> list[bytes]:
        """Of every id of the model, special ones too."""
        return [self.decode_single_token_bytes(token) for token in range(self.n_vocab)]

    def token_byte_values(self) -> list[bytes]:
        return [each for token, each in enumerate(self.all_bytes) if token not in self.special]

    # What llguidance asks of a tokenizer that is not one of its own.

    @property
    def eos_token_id(self) -> int | None:
        return self.eot_token

    bos_token_id = None

    @property
    def tokens(self) -> list[bytes]:
        return self.all_bytes

    @property
    def special_token_ids(self) -> list[int]:
        return sorted(self.special)

    def __call__(self, text: str) -> list[int]:
        return self.encode_ordinary(text)


def decoder_of(fast: "PreTrainedTokenizerFast") -> dict:
    """How the tokenizer joins its pieces, as it is written in `tokenizer.json`."""
    decoder = fast.backend_tokenizer.decoder
    return json.loads(decoder.__getstate__()) if decoder else {}


def types_in(decoder: dict) -> set[str]:
    """The kinds of steps that a decoder consists of."""
    parts = decoder.get("decoders", [])
    return {decoder.get("type", "")}.union(*map(types_in, parts))


def byte_of(letter: str) -> bytes:
    """The byte that a byte-level vocabulary writes so; a letter of none stands for itself."""
    return letters().get(letter) or letter.encode()


@functools.cache
def letters() -> dict[str, bytes]:
    """GPT-2's letters of the 256 bytes: what can be printed is itself, the others follow U+0100."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    named = {chr(byte): bytes([byte]) for byte in shown}
    return named | {chr(256 + i): bytes([byte]) for i, byte in enumerate(hidden)}
