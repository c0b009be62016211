"""Keys and values of the tokens that a model has seen."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course_utils.model.packed import products

if TYPE_CHECKING:
    from course_utils.model.gpt import GPT


class Cache:
    """Keys and values of the tokens seen so far: (layers, batch, 2, heads, context, head size).

    The room is taken once, so adding a token costs the same at any length. Rows of unequal length
    end together: row i begins at slot `first[i]`, and the slots before it hold nothing to look at.
    """

    def __init__(self, gpt: "GPT", batch: int, first: Tensor | None = None):
        config, weight = gpt.config, gpt.wte.weight
        head_size = config.n_embd // config.n_head
        shape = (config.n_layer, batch, 2, config.n_head, config.n_positions, head_size)
        # On a CPU, attention in bfloat16 is slower than in float32.
        dtype = torch.float32 if weight.device.type == "cpu" else weight.dtype
        self.store = torch.zeros(shape, dtype=dtype, device=weight.device)
        self.first = first
        self.length = 0
        self.gpt = gpt
        self.products = products(gpt, batch)

    def select(self, rows: Tensor) -> None:
        """Row i goes on from what is now row `rows[i]`; rows: (new batch,) int64."""
        chosen = self.store[..., : self.length, :].index_select(1, rows)
        if len(rows) != self.store.shape[1]:
            self.store = self.store.new_zeros(len(self.store), len(rows), *self.store.shape[2:])
            self.products = products(self.gpt, len(rows))
        self.store[..., : self.length, :] = chosen
        if self.first is not None:
            self.first = self.first[rows]
