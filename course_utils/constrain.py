"""Text that cannot break the rules: only tokens that keep it inside a grammar may be drawn.

    yes_or_no = constrain.regex(model.tokenizer, r"(yes|no)\\.")
    prompt = len(model.encode("Did it rain? "))
    generate(model, "Did it rain? ", lambda logits, ids: yes_or_no.process(logits, ids[prompt:]))

The grammars are the work of llguidance, https://github.com/guidance-ai/llguidance: it walks the
bytes of every token of the vocabulary through the grammar, so a token may begin in one part of the
grammar and end in the next, or stop in the middle of a character.
"""

import functools
import json
from collections.abc import Sequence
from typing import Protocol

import tiktoken
import torch
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper, regex_to_lark
from llguidance.tiktoken import lltokenizer_from_encoding
from torch import Tensor

from course_utils.checks import check_ids, check_rows, finite_rows
from course_utils.sampling import keep

# Where only one text can follow, llguidance would allow only the tokens that encoding it gives.
ANY_TOKENS = '%llguidance {"no_forcing": true}\nstart: '


class Pieces(Protocol):
    """A tokenizer that is no `tiktoken.Encoding`, as `model.load` gives one to any model.

    tokens: the bytes of each id, the special ones too; ends: the ids that end a text.
    """

    n_vocab: int
    ends: Sequence[int]
    eos_token_id: int | None
    bos_token_id: int | None
    tokens: Sequence[bytes]
    special_token_ids: Sequence[int]

    def __call__(self, text: str) -> list[int]: ...


class Grammar:
    """What a text may be. Nothing is remembered: each call starts from the ids that it is given."""

    def __init__(self, tokenizer: tiktoken.Encoding | Pieces, name: str, rules: str):
        self.vocab = tokenizer.n_vocab
        self.start = LLMatcher(
            walker(tokenizer),
            LLMatcher.grammar_from_lark(ANY_TOKENS + rules),
            log_level=0,
            limits=LLParserLimits(verbose_errors=False),
        )
        self.start.compute_bitmask()  # finds out whether there is any text at all
        if self.start.is_error():
            why = reason(self.start).replace("NoExtensionBias", "no text fits it")
            raise ValueError(f"{name} cannot be used: {why}")

    def allowed(self, ids: list[int]) -> Tensor:
        """Which token may come after these: bool (vocab,).

        ids: the new tokens so far, none of the prompt. End-of-text is allowed exactly when the text
        may end here; after it, nothing else is.
        Raises ValueError if the ids are not the beginning of any text of the grammar.
        """
        state = self.start.deep_copy()
        state.consume_tokens(ids)
        bits = torch.frombuffer(bytearray(state.compute_bitmask()), dtype=torch.uint8)
        if state.is_error():  # and then the bits allow end-of-text
            raise ValueError(f"ids must follow the grammar: {reason(state)}")
        return (bits[:, None] >> torch.arange(8) & 1).flatten()[: self.vocab].bool()

    def process(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Keep the tokens after which the text can still become one of the grammar.

        logits: (..., vocab); ids: int64 (..., length), the new tokens only: slice the prompt off.
        Returns logits of the same shape and dtype with the rest at -inf.
        Raises ValueError if the vocabulary is not the tokenizer's, if the ids left the grammar, if
        every allowed token is at -inf already, on bad ids, on NaN, or on an all -inf row.
        """
        kept = keep(logits, self.mask(logits, ids))
        if kept.isneginf().all(dim=-1).any():
            raise ValueError(
                "every token that the grammar allows here is at -inf already. Apply the grammar "
                "before the strategies that cut"
            )
        return kept

    def mass(self, logits: Tensor, ids: Tensor) -> Tensor:
        """The probability that the model itself gives to the allowed tokens: what the mask leaves.

        The mask divides by it, so the less it leaves, the more a text gains that had to go through
        there. Their product along a text says by how much: weighted by it, texts drawn under the
        mask are in the model's own proportions again.
        logits, ids: as in `process`, with the logits before any cut. Returns float64 (...), 0 to 1.
        Raises ValueError as `process` does, but for a row of which nothing is left: that is 0.
        """
        return finite_rows(logits).softmax(dim=-1).where(self.mask(logits, ids), 0).sum(dim=-1)

    def mask(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Which tokens may come next: bool (..., vocab); ValueError as `process`."""
        check_rows(logits)
        check_ids(ids, logits)
        if logits.shape[-1] != self.vocab:
            raise ValueError(
                f"logits must be for the tokenizer's {self.vocab} tokens, got {logits.shape[-1]}"
            )
        rows = ids.reshape(logits.shape[:-1].numel(), ids.shape[-1]).tolist()
        allowed = torch.stack([self.allowed(row) for row in rows]).view_as(logits)
        return allowed.to(logits.device)


@functools.cache  # a second for 150,000 tokens
def walker(tokenizer: tiktoken.Encoding | Pieces) -> LLTokenizer:
    """The vocabulary as llguidance walks it. ValueError if no token ends a text."""
    if isinstance(tokenizer, tiktoken.Encoding):
        return lltokenizer_from_encoding(tokenizer)
    if not tokenizer.ends:
        raise ValueError("the model has no token that ends a text, as each text of a grammar does")
    return LLTokenizer(TokenizerWrapper(tokenizer), tokenizer.n_vocab, list(tokenizer.ends))


def reason(state: LLMatcher) -> str:
    """The library's own words on why it stopped, without its copy of the rules."""
    return state.get_error().removesuffix("<non-verbose/>").split("\n   1 | ")[0].strip()


def regex(tokenizer: tiktoken.Encoding | Pieces, pattern: str) -> Grammar:
    """Texts that match the whole pattern.

    pattern: in the syntax of Rust's regex crate, https://docs.rs/regex: much like Python's, without
    look-around and back-references, with `^` and `$` only at the ends, and with a few more rare
    characters in `\\d` and `\\w`.
    Raises ValueError if the pattern is not one or matches no text.
    """
    if not isinstance(pattern, str):
        raise ValueError(f"pattern must be a string, got {pattern!r}")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:  # llguidance would drop it silently
        raise ValueError(f"pattern {pattern!r} cannot be used: nothing follows its last backslash")
    return Grammar(tokenizer, f"pattern {pattern!r}", f"/{regex_to_lark(pattern, use_ascii='')}/")


def json_schema(tokenizer: tiktoken.Encoding | Pieces, schema: dict) -> Grammar:
    """JSON texts of the schema, without white space between their parts.

    schema: a JSON Schema, https://json-schema.org; objects have their properties in its order.
    Raises ValueError if the schema is not one, uses a keyword that llguidance cannot keep to, or
    has no text.
    """
    if not isinstance(schema, dict):
        raise ValueError(f"schema must be a dict, got {schema!r}")
    try:
        rules = json.dumps(schema | {"x-guidance": {"whitespace_flexible": False}})
    except (TypeError, ValueError) as error:
        raise ValueError(f"schema cannot be used: {error}")
    return Grammar(tokenizer, "schema", f"%json {rules}")
