"""Text to token ids and back: a byte-level BPE in a `tiktoken.Encoding`, from shipped ranks."""

import base64
import codecs
import functools
from collections.abc import Sequence
from pathlib import Path

import tiktoken

from course_utils.model.interface import Tokenizer

END_OF_TEXT = "<|endoftext|>"

# Words with their leading space, numbers of up to three digits, punctuation with the line breaks
# after it, and white space: no token crosses these borders.
PATTERN = (
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def load_tokenizer(path: Path) -> tiktoken.Encoding:
    """Build the encoding from a ranks file: a line a token, its bytes in base64 and its rank.

    End-of-text takes the id after the last rank.
    Raises FileNotFoundError if the file is missing, ValueError if it is not a ranks file.
    """
    ranks = {}
    for number, line in enumerate(path.read_text("ascii", errors="replace").splitlines(), 1):
        try:
            token, rank = line.split()
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except ValueError:
            raise ValueError(f"{path}, line {number}: expected 'base64 rank', got {line[:40]!r}")
    if sorted(ranks.values()) != list(range(len(ranks))) or len(ranks) < 256:
        raise ValueError(f"{path}: ranks must be 0, 1, 2, … for at least the 256 single bytes")
    return tiktoken.Encoding(
        name="storyteller",
        pat_str=PATTERN,
        mergeable_ranks=ranks,
        special_tokens={END_OF_TEXT: len(ranks)},
    )


def token_name(tokenizer: Tokenizer, token: int) -> str:
    """The token as text; of bytes that are no whole characters, their values: "\\xe2".

    An id that stands for no text has its number: "#151900".
    """
    text = tokenizer.decode_single_token_bytes(token).decode("utf-8", "backslashreplace")
    return text or f"#{token}"


class Names(Sequence[str]):
    """The names of a model's tokens, each made when it is asked for: there may be many."""

    def __init__(self, tokenizer: Tokenizer, size: int):
        self.tokenizer = tokenizer
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, token: int) -> str:
        if not 0 <= token < self.size:
            raise IndexError(f"token must be in [0, {self.size}), got {token}")
        return token_name(self.tokenizer, token)


def check_length(name: str, text: str, most: int, tokenizer: Tokenizer) -> None:
    """ValueError if the text is too long for `most` tokens, were each as long as they come.

    Asked before the text is encoded: tiktoken panics on a million spaces, and no `except Exception`
    holds that.
    """
    characters = most * longest_token(tokenizer)
    if len(text) > characters:
        raise ValueError(
            f"{name} must be at most {most} tokens, which are at most {characters} characters, "
            f"got {len(text)} characters. Shorten it"
        )


@functools.cache
def longest_token(tokenizer: Tokenizer) -> int:
    """Bytes of the longest token."""
    return max(map(len, tokenizer.token_byte_values()))


class TextStream:
    """Text from ids, one at a time. Bytes that do not make a character yet are held back."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, token: int) -> str:
        """The characters that this token completes; perhaps none."""
        return self.decoder.decode(self.tokenizer.decode_single_token_bytes(token))

    def end(self) -> str:
        """U+FFFD for each character that was begun and never completed."""
        return self.decoder.decode(b"", final=True)
