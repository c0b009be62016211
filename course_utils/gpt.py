"""The model: a GPT-2 in one page, with a KV cache.

Names and shapes follow GPT-2, so the same weights load into `transformers.GPT2LMHeadModel`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Config:
    """The sizes of a GPT-2. Field names are those of GPT-2's own `config.json`."""

    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int


class Cache:
    """Keys and values of the tokens seen so far: (layers, 2, batch, heads, context, head size).

    The room is taken once, so adding a token costs the same at any length.
    """

    def __init__(self, config: Config, batch: int, dtype: torch.dtype, device: torch.device):
        head_size = config.n_embd // config.n_head
        shape = (config.n_layer, 2, batch, config.n_head, config.n_positions, head_size)
        self.store = torch.empty(shape, dtype=dtype, device=device)
        self.length = 0


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.n_head = config.n_head
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)

    def forward(self, x: Tensor, stored: Tensor | None, start: int) -> Tensor:
        batch, new, width = x.shape
        q, k, v = (
            part.view(batch, new, self.n_head, -1).transpose(1, 2)
            for part in self.c_attn(x).split(width, dim=-1)
        )
        if stored is not None:
            stored[0, :, :, start : start + new] = k
            stored[1, :, :, start : start + new] = v
            k, v = stored[:, :, :, : start + new]
        if start == 0:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=new > 1)
        else:  # a new token sees every stored one and the new ones before it
            seen = torch.ones(new, start + new, dtype=torch.bool, device=x.device).tril(start)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen if new > 1 else None)
        return self.c_proj(y.transpose(1, 2).reshape(batch, new, width))


class MLP(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, stored: Tensor | None, start: int) -> Tensor:
        x = x + self.attn(self.ln_1(x), stored, start)
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
        """ids: (batch, new) int64. Returns logits (batch, new, vocab).

        With a cache, `ids` are only the tokens that it has not seen yet; they are added to it.
        """
        start = cache.length if cache else 0
        new = ids.shape[1]
        x = self.wte(ids) + self.wpe.weight[start : start + new]
        for layer, block in enumerate(self.h):
            x = block(x, cache.store[layer] if cache else None, start)
        if cache:
            cache.length += new
        return F.linear(self.ln_f(x), self.wte.weight)


def from_gpt2(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights as GPT-2 stores them (float16, matrices as input by output) for `load_state_dict`."""
    named = {name.removeprefix("transformer."): w.float() for name, w in weights.items()}
    return {name: w.T.contiguous() if is_projection(name) else w for name, w in named.items()}


def to_gpt2(model: GPT) -> dict[str, Tensor]:
    """The inverse of `from_gpt2`, rounded to float16."""
    return {
        f"transformer.{name}": (w.T if is_projection(name) else w).half().contiguous().cpu()
        for name, w in model.state_dict().items()
    }


def is_projection(name: str) -> bool:
    """GPT-2 keeps the matrices of its blocks transposed to those of `nn.Linear`."""
    return name.startswith("h.") and name.endswith("weight") and ".ln_" not in name
