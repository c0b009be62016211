"""The Storyteller: the small GPT that ships with the course, with its tokenizer."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import tiktoken
import torch
from safetensors.torch import load_file
from torch import Tensor

from course_utils.model.checksums import damage
from course_utils.model.gpt import GPT, Config, from_gpt2
from course_utils.model.reader import Reader
from course_utils.model.tokenizer import check_length, load_tokenizer

HERE = Path(__file__).parent


class StorytellerError(ValueError):
    """The model's files are missing, damaged, or do not belong together."""


@dataclass(frozen=True)
class Storyteller:
    """A GPT with its tokenizer. The Calculator is one too, with weights and tokens of its own."""

    gpt: GPT
    tokenizer: tiktoken.Encoding
    device: str

    @property
    def context(self) -> int:
        """The most tokens of a text."""
        return self.gpt.config.n_positions

    @property
    def vocab_size(self) -> int:
        return self.gpt.config.vocab_size

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a text."""
        return frozenset({self.tokenizer.eot_token})

    def encode(self, prompt: str) -> list[int]:
        """Token ids of the prompt, after an end-of-text, which is how every text begins.

        Raises ValueError if the prompt is empty or does not fit into the context.
        """
        if not prompt:
            raise ValueError("prompt must not be empty. Give the text a beginning")
        check_length("prompt", prompt, self.context - 1, self.tokenizer)
        ids = [self.tokenizer.eot_token, *self.tokenizer.encode_ordinary(prompt)]
        if len(ids) > self.context:
            raise ValueError(
                f"prompt must be at most {self.context - 1} tokens, got {len(ids) - 1}. Shorten it"
            )
        return ids

    def next_logits(self, prompt: str) -> Tensor:
        """The model's scores for the token after the prompt: (vocab,), float32, on the CPU."""
        return self.logits(self.encode(prompt), 1)[0]

    @torch.no_grad()
    def logits(self, ids: list[int], last: int | None = None) -> Tensor:
        """The scores after each token of a text, or after its last ones alone: (length or last,
        vocab), float32, on the CPU.

        Raises ValueError if the text does not fit into the context.
        """
        logits = self.gpt(torch.tensor([ids], device=self.device))[0]
        return logits[-last:].float().cpu().clone() if last else logits.float().cpu()

    def reader(self, cached: bool = True) -> Reader:
        return Reader(self.gpt, cached)


@functools.cache
def load(
    folder: Path = HERE, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Storyteller:
    """Load the model once; later calls return the same one.

    dtype: of the weights and the cache; bfloat16 takes half the memory and is not exact.
    One thread is used from then on: for a model this small more of them only wait for each other.
    Raises StorytellerError if a file is missing, damaged, or of another model.
    """
    check_files(folder)
    torch.set_num_threads(1)
    values = json.loads((folder / "config.json").read_text("utf-8"))
    config = Config(**{name: values[name] for name in Config.__dataclass_fields__})
    tokenizer = load_tokenizer(folder / "tokenizer.ranks")
    if tokenizer.n_vocab != config.vocab_size:
        raise StorytellerError(
            f"{folder / 'tokenizer.ranks'} has {tokenizer.n_vocab} tokens, but the model has "
            f"{config.vocab_size}: it is another model's tokenizer. Reinstall the course"
        )
    gpt = GPT(config).to(device, dtype)
    gpt.load_state_dict(from_gpt2(load_file(folder / "model.safetensors")))
    return Storyteller(gpt.ready(), tokenizer, device)


def check_files(folder: Path) -> None:
    """StorytellerError unless every file is there and has the checksum noted in SHA256SUMS."""
    if reason := damage(folder):
        raise StorytellerError(reason)
