"""The model: a GPT-2 in one page, with a KV cache.

Names and shapes follow GPT-2, so the same weights load into `transformers.GPT2LMHeadModel`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.model.cache import Cache

Stored = tuple[Tensor, Tensor]  # keys and values, each (batch, heads, slots, head size)


@dataclass(frozen=True)
class Config:
    """The sizes of a GPT-2. Field names are those of GPT-2's own `config.json`."""

    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int


class Projection(nn.Module):
    """x @ weight + bias, with the weight as GPT-2 stores it: (inputs, outputs).

    A single row is also multiplied faster so than by `nn.Linear`'s transposed matrix.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.02)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.T, self.bias)


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.n_head = config.n_head
        self.c_attn = Projection(config.n_embd, 3 * config.n_embd)
        self.c_proj = Projection(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, stored: Stored | None, seen: Tensor | None) -> Tensor:
        """x: (batch, new, width); stored: where keys and values go, the new ones last."""
        batch, new, width = x.shape
        qkv = self.c_attn(x).view(batch, new, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        if stored is not None:
            for room, x_new in zip(stored, (k, v), strict=True):
                room[..., -new:, :] = x_new.detach()
            k, v = stored
        causal = seen is None and new > 1
        y = F.scaled_dot_product_attention(q.to(k.dtype), k, v, attn_mask=seen, is_causal=causal)
        return self.c_proj(y.transpose(1, 2).reshape(batch, new, width).to(x.dtype))


class MLP(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.c_fc = Projection(config.n_embd, 4 * config.n_embd)
        self.c_proj = Projection(4 * config.n_embd, config.n_embd)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, stored: Stored | None, seen: Tensor | None) -> Tensor:
        x = x + self.attn(self.ln_1(x), stored, seen)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """GPT-2: token ids in, one row of logits a position out.

    Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
    """

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd)

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """ids: (batch, new) int64. Returns logits (batch, new, vocab). More under `hidden`."""
        return self.logits(self.hidden(ids, cache))

    def logits(self, hidden: Tensor, cache: Cache | None = None) -> Tensor:
        """(…, width) to (…, vocab): how well each token's embedding fits the hidden state.

        The cache that the hidden states (rows, width) were made with knows a quicker way, which
        gives no gradient.
        """
        return cache.products.head(hidden.detach()) if cache else F.linear(hidden, self.wte.weight)

    def hidden(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """The last hidden states (batch, new, width), which `logits` turns into scores.

        With a cache, `ids` are only the tokens that it has not seen yet; they are added to it.
        Raises ValueError if they do not fit into the context.
        """
        start = cache.length if cache else 0
        end = start + ids.shape[1]
        if end > self.config.n_positions:
            raise ValueError(
                f"the text must be at most {self.config.n_positions} tokens, got {end}. "
                "Pass only the last ones"
            )
        positions, seen = self.wpe.weight[start:end], None
        if cache:
            cache.length = end
            if cache.first is not None:
                slots = torch.arange(start, end, device=ids.device)
                positions = self.wpe((slots - cache.first[:, None]).clamp(min=0))
            seen = visible(start, end, cache.first, ids.device)
        x = F.embedding(ids, self.wte.weight) + positions
        if cache and ids.shape[1] == 1:
            return one_token(x, cache, seen)
        stored = cache.seen() if cache else [None] * len(self.h)
        for block, room in zip(self.h, stored, strict=True):
            x = block(x, room, seen)
        return self.ln_f(x)

    def ready(self) -> "GPT":
        """To generate with: in eval mode, and with the embedding laid out by columns, from which
        the head takes half the time for one row."""
        self.wte.weight.data = self.wte.weight.data.T.contiguous().T
        return self.eval()

    @classmethod
    def from_pretrained(cls, name: str | Path) -> "GPT":
        """OpenAI's published GPT-2 ("gpt2", "gpt2-medium", …), in float32.

        name: a folder with `config.json` and `model.safetensors`, or a name on the Hugging Face
        hub: its local cache is read first. Only a model that is not there yet needs the network.
        Raises ValueError if the files are missing, cannot be fetched, or are not a plain GPT-2's.
        Radford et al. 2019.
        """
        folder = Path(name) if Path(name).is_dir() else fetch(str(name))
        for file in ("config.json", "model.safetensors"):
            if not (folder / file).is_file():
                raise ValueError(f"{folder / file} is missing. Give the folder of a GPT-2")
        values = json.loads((folder / "config.json").read_text("utf-8"))
        for key, expected in PLAIN_GPT2.items():
            if values.get(key, expected) != expected:
                raise ValueError(
                    f"{folder / 'config.json'}: {key} must be {expected!r}, got {values[key]!r}. "
                    "Only plain GPT-2 models can be loaded"
                )
        model = cls(
            Config(**{field: values[field] for field in Config.__dataclass_fields__})
        ).float()
        model.load_state_dict(from_gpt2(load_file(folder / "model.safetensors")))
        return model.ready()


def one_token(x: Tensor, cache: Cache, seen: Tensor | None) -> Tensor:
    """All blocks and the last norm for one new token a row, x (batch, 1, width), written out.

    One row is so little arithmetic that the calls of modules would take a quarter of the time.
    """
    batch, _, width = x.shape
    x, new = x.detach().view(batch, width), cache.length - 1
    rooms = zip(cache.products.blocks, cache.slots, cache.queries, cache.seen(), strict=True)
    for (norm_1, qkv, out, norm_2, up, down), slots, queries, (k, v) in rooms:
        qkv(torch.layer_norm(x, (width,), *norm_1), slots[new])
        y = F.scaled_dot_product_attention(queries[new], k, v, attn_mask=seen)
        y = y.view(batch, width)
        x = x + out(y if y.dtype == x.dtype else y.to(x.dtype))
        y = up(torch.layer_norm(x, (width,), *norm_2))
        x = x + down(F.gelu(y, approximate="tanh"))
    return torch.layer_norm(x, (width,), *cache.products.norm).view(batch, 1, width)


PLAIN_GPT2 = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "n_inner": None,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "tie_word_embeddings": True,
}


def fetch(name: str) -> Path:
    """The folder of a model in the Hugging Face cache, downloaded if it is not there yet."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ModuleNotFoundError:
        raise ValueError(
            f"{name} is no folder, and huggingface_hub, which can fetch a model of this name, is "
            "missing; run: pip install --editable '.[models]'"
        )
    files = ["config.json", "model.safetensors"]
    try:
        return Path(snapshot_download(name, allow_patterns=files, local_files_only=True))
    except LocalEntryNotFoundError:
        print(f"{name} is not in the Hugging Face cache: downloading it from huggingface.co")
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except Exception as error:  # the library has a family of its own, and passes others on
        raise ValueError(f"{name} is no folder and cannot be downloaded: {error}")


def visible(start: int, end: int, first: Tensor | None, device: torch.device) -> Tensor | None:
    """Which slots each new token may look at, (…, new, slots); None where no mask is needed."""
    if first is None and (start == 0 or end - start == 1):
        return None
    slots = torch.arange(end, device=device)
    seen = slots <= slots[start:, None]
    if first is None:
        return seen
    held = slots >= first[:, None, None, None]
    # A slot before the row's first looks at itself, as a softmax over nothing would be NaN.
    return (seen & held) | (slots == slots[start:, None])


def from_gpt2(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights as published, of any float dtype, for `load_state_dict`."""
    named = {name.removeprefix("transformer."): w.float() for name, w in weights.items()}
    buffers = (".attn.bias", ".attn.masked_bias", "lm_head.weight")  # a mask, and wte once more
    return {name: w for name, w in named.items() if not name.endswith(buffers)}


def to_gpt2(model: GPT) -> dict[str, Tensor]:
    """The inverse of `from_gpt2`, rounded to float16."""
    weights = model.state_dict().items()
    return {f"transformer.{name}": w.half().contiguous().cpu() for name, w in weights}
