"""Learning the tokenizer. The only part of the course that needs the extra `[train]`."""

import base64
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from course_utils.model.tokenizer import PATTERN


def train_tokenizer(stories: list[str], vocab_size: int, path: Path) -> None:
    """Learn byte-level BPE merges and write them as ranks; one id is left for end-of-text."""
    byte_names = pre_tokenizers.ByteLevel.alphabet()
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1, initial_alphabet=sorted(byte_names), show_progress=False
    )
    bpe.train_from_iterator(stories, trainer)
    if bpe.get_vocab_size() != vocab_size - 1:
        raise ValueError(
            f"the stories give only {bpe.get_vocab_size()} tokens, {vocab_size - 1} are needed: "
            "train on more text"
        )
    to_byte = byte_of_name(byte_names)
    lines = [
        f"{base64.b64encode(bytes(to_byte[c] for c in token)).decode()} {rank}"
        for token, rank in sorted(bpe.get_vocab().items(), key=lambda item: item[1])
    ]
    path.write_text("\n".join(lines) + "\n", "ascii")


def byte_of_name(names: list[str]) -> dict[str, int]:
    """`tokenizers` names a byte by a printable character: itself, or one from U+0100 on."""
    printable = {ord(name) for name in names if ord(name) < 256}
    hidden = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(hidden)}
