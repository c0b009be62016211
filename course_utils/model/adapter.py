"""Any causal model of transformers, with the interface of the Storyteller (`interface.Model`).

Needs the extra `[models]`. Nothing is ever downloaded: a name is looked up in the local cache of
the Hugging Face hub.
"""

import functools
import inspect
import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import torch
from torch import Tensor

from course_utils.model.pieces import Pieces
from course_utils.project import requirement

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

FETCH = '--include "*.json" --include "*.safetensors" --include "*.model"'
RESERVE = 0.1  # of the weights' size, for what a text takes


@dataclass(frozen=True, eq=False)
class Adapter:
    """A causal model of transformers and its tokenizer.

    network: in eval mode; tokenizer: its `ends` are those of the generation config; context: the
    most tokens of a text, `sys.maxsize` where the model knows no such number.
    """

    network: "PreTrainedModel"
    tokenizer: Pieces
    context: int

    @property
    def vocab_size(self) -> int:
        return self.tokenizer.n_vocab

    @functools.cached_property
    def ends(self) -> frozenset[int]:
        return frozenset(self.tokenizer.ends)

    def encode(self, prompt: str) -> list[int]:
        """The ids that the tokenizer itself gives: with a begin-of-text in front where it puts one,
        and so the ones from which `generate` of transformers goes on.

        Raises ValueError if the prompt is empty or does not fit into the context.
        """
        ids = self.tokenizer.encode_prompt(prompt) if prompt else []
        if not ids:
            raise ValueError("prompt must not be empty. Give the text a first word")
        if len(ids) > self.context:
            raise ValueError(
                f"prompt must be at most {self.context} tokens, got {len(ids)}. Shorten it"
            )
        return ids

    def next_logits(self, prompt: str) -> Tensor:
        return self.reader(cached=False).next_logits([self.encode(prompt)])[0]

    def logits(self, ids: list[int], last: int | None = None) -> Tensor:
        if len(ids) > self.context:
            raise ValueError(f"the text must be at most {self.context} tokens, got {len(ids)}")
        return self.reader(cached=False).last_logits(ids, last or len(ids))

    def reader(self, cached: bool = True) -> "AdapterReader":
        return AdapterReader(self, cached and remembers(self.network))


class AdapterReader:
    """Reads texts that grow side by side, as `interface.Reader` has it.

    With a cache, unequal rows are padded in front, as `generate` of transformers pads them; without
    one, behind, where a causal model does not look.
    """

    def __init__(self, model: Adapter, cached: bool):
        self.network, self.context = model.network, model.context
        self.device = model.network.device
        self.cached = cached
        self.takes = inspect.signature(model.network.forward).parameters
        self.cache = None
        self.pads: list[int] = []  # of each row: the places in front, for rows to end together
        self.seen: list[int] = []

    @torch.no_grad()
    def next_logits(
        self, ids: Sequence[list[int]] | Tensor, rows: Sequence[int] | None = None
    ) -> Tensor:
        ids = ids.tolist() if isinstance(ids, Tensor) else ids
        self.follow(ids, rows)
        if not self.cached or self.pads[0] + len(ids[0]) > self.context:
            return self.anew(ids)
        return self.unseen(ids, last=1).logits[:, -1].float().cpu()

    @torch.no_grad()
    def next_states(
        self, ids: Sequence[list[int]], rows: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        known = self.length
        self.follow(ids, rows)
        if self.cached:
            out = self.unseen(ids, last=1, output_hidden_states=True)
            hidden = out.hidden_states[-1]
        else:
            out = self.network(
                input_ids=torch.tensor(ids, device=self.device),
                use_cache=False,
                output_hidden_states=True,
                **self.keep(1),
            )
            hidden = out.hidden_states[-1][:, known:]
            self.seen = list(ids[0])
        return out.logits[:, -1].float().cpu(), hidden.float().cpu()

    @torch.no_grad()
    def last_logits(self, ids: list[int], n: int) -> Tensor:
        if not self.cached:
            out = self.network(
                input_ids=torch.tensor([ids], device=self.device), use_cache=False, **self.keep(n)
            )
            return out.logits[0, -n:].float().cpu()
        known = min(len(self.seen), len(ids) - n)
        known = next((i for i in range(known) if self.seen[i] != ids[i]), known)
        self.follow([ids], None)
        if known < self.length:
            self.cache.crop(known - self.length)
        self.seen = list(ids)
        return self.unseen([ids], last=n).logits[0, -n:].float().cpu()

    @property
    def length(self) -> int:
        """The places of each row that have been read."""
        return len(self.seen) if self.cache is None else self.cache.get_seq_length()

    def follow(self, ids: Sequence[list[int]], rows: Sequence[int] | None) -> None:
        """Let the cache go where the rows have gone."""
        if not self.pads:
            from transformers import DynamicCache

            longest = max(map(len, ids))
            self.pads = [longest - len(row) for row in ids]
            # Of the plain kind in every layer: one that keeps no more than a sliding window could
            # not be taken back. The model masks what is outside the window.
            self.cache = DynamicCache() if self.cached else None
        elif rows is not None and list(rows) != list(range(len(self.pads))):
            self.pads = [self.pads[source] for source in rows]
            if self.cache is not None:
                self.cache.batch_select_indices(torch.tensor(rows, device=self.device))

    def unseen(self, ids: Sequence[list[int]], last: int, **options):
        """Run the ids that the cache has not seen; logits of the last ones of them at least."""
        seen, slots = self.length, self.pads[0] + len(ids[0])
        new = [([0] * pad + row)[seen:] for pad, row in zip(self.pads, ids, strict=True)]
        if any(self.pads):
            options["attention_mask"] = torch.tensor(
                [[0] * pad + [1] * (slots - pad) for pad in self.pads], device=self.device
            )
        places = torch.arange(seen, slots) - torch.tensor(self.pads)[:, None]
        if "position_ids" in self.takes:
            options["position_ids"] = places.clamp(min=0).to(self.device)
        new = torch.tensor(new, device=self.device)
        options["cache" if "cache" in self.takes else "past_key_values"] = self.cache
        return self.network(input_ids=new, use_cache=True, **self.keep(last), **options)

    def anew(self, ids: Sequence[list[int]]) -> Tensor:
        """Run all of each text, or the last ids that fit: (rows, vocab)."""
        windows = [row[-self.context :] for row in ids]
        longest = max(map(len, windows))
        padded = [window + [0] * (longest - len(window)) for window in windows]
        text = torch.tensor(padded, device=self.device)
        shortest = min(map(len, windows))
        keep = longest - shortest + 1
        logits = self.network(input_ids=text, use_cache=False, **self.keep(keep)).logits
        last = [len(window) - 1 - longest for window in windows]
        return logits[range(len(windows)), last].float().cpu()

    def keep(self, last: int) -> dict[str, int]:
        """Logits of the last ids alone, from models that can leave out the others."""
        return {"logits_to_keep": last} if "logits_to_keep" in self.takes else {}


def remembers(network: "PreTrainedModel") -> bool:
    """Whether all it keeps of a text are keys and values, whose rows move and whose ends come off.

    Others, such as Mamba with its running state, read the text anew at each step: slow, and right.
    """
    from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

    takes = inspect.signature(network.forward).parameters
    if network._is_stateful or not {"cache", "past_key_values"} & set(takes):
        return False
    layers = DynamicCache(config=network.config).layers
    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers)


# Loading


@functools.cache
def load(name: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Adapter:
    """A causal model from a folder, or by its name from the local cache of the Hugging Face hub.

    dtype: of the weights; bfloat16 takes half the memory, and its logits are rounded to 8 bits.
    Threads stay as they are, and that is one if the Storyteller was loaded before.
    Says how much memory the weights take before they are loaded. Later calls return the same model.
    Raises ValueError, in one line, if transformers is not installed, if the name is not here, if
    the folder holds no causal model of safetensors or another one's tokenizer or weights, or if the
    weights do not fit into memory.
    """
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{error.name} is missing, with which {name} would be loaded; "
            f"run: pip install {requirement('models')}"
        )
    folder = folder_of(str(name))
    files = weight_files(folder)
    with quiet():
        config = causal_config(folder)
        text_config = config.get_text_config()
        tokenizer = fitting_tokenizer(folder, text_config.vocab_size)
        check_memory(str(name), parameters(files), device, dtype)
        with one_line(f"{folder} cannot be loaded"):
            network, report = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    if report["missing_keys"]:
        raise ValueError(
            f"{folder} holds the weights of another model: {min(report['missing_keys'])} is missing"
        )
    ends = network.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    context = getattr(text_config, "max_position_embeddings", None) or sys.maxsize
    pieces = Pieces(tokenizer, text_config.vocab_size, ends)
    return Adapter(network.to(device).eval(), pieces, context)


def folder_of(name: str) -> Path:
    """The folder of this name, or the one that the hub's local cache has for it."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError:
        raise ValueError(f"{name} is neither a folder nor the name of a model")
    except LocalEntryNotFoundError:
        raise ValueError(
            f"{name} is neither a folder nor in the Hugging Face cache, and nothing is downloaded "
            f"unasked; fetch it with: hf download {name} {FETCH}"
        )


def weight_files(folder: Path) -> list[Path]:
    """The files of a model's weights. ValueError if the folder holds no model."""
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} holds no model: config.json is missing")
    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.is_file():
        with one_line(f"{index} is damaged"):
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    for file in names:
        if not (folder / file).is_file():
            raise ValueError(
                f"{folder} holds no model that can be loaded: {file} is missing. Only weights in "
                "safetensors are read"
            )
    return [folder / file for file in names]


def causal_config(folder: Path) -> "PreTrainedConfig":
    """The model's config. ValueError unless it is of a causal model, in plain weights."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL

    with one_line(f"{folder} cannot be loaded"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    kinds = config.architectures or [CAUSAL.get(config.model_type, config.model_type)]
    if config.is_encoder_decoder or not set(kinds) & set(CAUSAL.values()):
        raise ValueError(
            f"{folder} holds a {' and '.join(kinds)}, which is no causal language model: it cannot "
            "write a text from left to right"
        )
    if getattr(config, "quantization_config", None):
        raise ValueError(f"{folder} holds quantised weights; take the model in its plain weights")
    return config


def fitting_tokenizer(folder: Path, vocab_size: int) -> "PreTrainedTokenizerFast":
    """The tokenizer of the folder. ValueError if it is not there or is another model's."""
    from transformers import AutoTokenizer

    with one_line(f"{folder} has no tokenizer that can be loaded"):
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    if not tokenizer.is_fast:
        raise ValueError(
            f"{folder} has a tokenizer that runs in Python alone; save it as tokenizer.json"
        )
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if not 0 <= largest < vocab_size:
        raise ValueError(
            f"{folder} has a tokenizer of {largest + 1} tokens, but the model has {vocab_size}: it "
            "is another model's tokenizer"
        )
    return tokenizer


def parameters(files: Sequence[Path]) -> int:
    """How many numbers these safetensors files hold, from their headers alone."""
    count = 0
    for path in files:
        with one_line(f"{path} is damaged"), path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > path.stat().st_size:
                raise ValueError("it is shorter than its header says")
            header = json.loads(file.read(size))
            shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        count += sum(map(math.prod, shapes))
    return count


def check_memory(name: str, count: int, device: str, dtype: torch.dtype) -> None:
    """Say what the weights take; ValueError if that is more than is free."""
    needed = count * dtype.itemsize
    cuda = torch.device(device).type == "cuda"
    free = torch.cuda.mem_get_info(device)[0] if cuda else psutil.virtual_memory().available
    said = f"{name}: {count:,} parameters, {gigabytes(needed)} in {str(dtype).split('.')[1]}"
    if needed * (1 + RESERVE) > free:
        smaller = " dtype=torch.bfloat16 takes half of it." if dtype.itemsize > 2 else ""
        raise ValueError(f"{said}, but only {gigabytes(free)} of memory are free.{smaller}")
    print(f"{said} of {gigabytes(free)} that are free")


def gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Turn whatever a library raises into a ValueError of one line."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{what}: {' '.join(str(error).split())[:300]}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' bars and warnings: what matters of them is said in one line."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
