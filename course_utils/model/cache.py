"""Keys and values of the tokens that a model has seen."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course_utils.model.packed import products

if TYPE_CHECKING:
    from course_utils.model.gpt import GPT


class Cache:
    """Queries, keys and values of the tokens seen so far, as the products of the layers give them.

    store: (layers, batch, 3, heads, slots, head size); the rest are views of it. The room is taken
    once, so adding a token costs the same at any length. Rows of unequal length end together: row i
    begins at slot `first[i]`, and the slots before it hold nothing to look at.
    """

    def __init__(self, gpt: "GPT", batch: int, first: Tensor | None = None):
        self.gpt = gpt
        self.first = first
        self.length = 0
        self.make_room(batch)

    def make_room(self, batch: int) -> None:
        config, weight = self.gpt.config, self.gpt.wte.weight
        # On a CPU, attention in bfloat16 is slower than in float32.
        dtype = torch.float32 if weight.device.type == "cpu" else weight.dtype
        head = config.n_embd // config.n_head
        layers, slots, parts = config.n_layer, config.n_positions, (batch, 3, config.n_head)
        if batch == 1:  # a slot in one piece: the product can be written straight into it
            store = torch.zeros(layers, slots, *parts, head, dtype=dtype, device=weight.device)
            self.store = store.movedim(1, -2)
        else:  # the slots of a head side by side: attention reads them faster
            self.store = torch.zeros(layers, *parts, slots, head, dtype=dtype, device=weight.device)
        # Of each layer and slot, ready to hand: a new view costs as much as a small product.
        self.slots = [layer.unbind(-2) for layer in self.store.unbind(0)]
        self.queries = [layer[:, 0].split(1, dim=-2) for layer in self.store.unbind(0)]
        _, self.keys, self.values = self.store.unbind(2)
        self.products = products(self.gpt, batch)

    def seen(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Keys and values of each layer so far, each (batch, heads, length, head size)."""
        keys, values = (x[..., : self.length, :].unbind(0) for x in (self.keys, self.values))
        return zip(keys, values, strict=True)

    def select(self, rows: Tensor) -> None:
        """Row i goes on from what is now row `rows[i]`; rows: (new batch,) int64."""
        chosen = self.store[..., : self.length, :].index_select(1, rows)
        if len(rows) != self.store.shape[1]:
            self.make_room(len(rows))
        self.store[..., : self.length, :] = chosen
        if self.first is not None:
            self.first = self.first[rows]

    def copy(self, source: int, row: int) -> None:
        """Row `row` goes on from what is now row `source`."""
        held = self.store[..., : self.length, :]
        held[:, row, 1:] = held[:, source, 1:]
        if self.first is not None:
            self.first[row] = self.first[source]
