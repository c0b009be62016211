"""The one way from ids to the next logits, for the loop, for beams and for speculation."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_utils.model.cache import Cache
from course_utils.model.gpt import GPT


class Reader:
    """Reads texts that grow side by side; with a cache, each id is run once.

    Logits come in float32, on the CPU. Past the context a row is read by its last ids.
    """

    def __init__(self, gpt: GPT, cached: bool = True):
        self.gpt = gpt
        self.cached = cached
        self.device = gpt.wte.weight.device
        self.cache: Cache | None = None
        self.pads: list[int] = []  # of each row: the slots in front, for rows to end together
        self.seen: list[int] = []

    def next_logits(
        self, ids: Sequence[list[int]] | Tensor, rows: Sequence[int] | None = None
    ) -> Tensor:
        """The logits after each row of ids, which are all so far: (rows, vocab).

        rows: row i goes on from what was row `rows[i]` in the call before, None: from row i.
        """
        ids = ids.tolist() if isinstance(ids, Tensor) else ids
        with torch.inference_mode():
            if not self.pads:
                longest = max(map(len, ids))
                self.pads = [longest - len(row) for row in ids]
            elif rows is not None:
                self.follow(rows)
            slots = self.pads[0] + len(ids[0])  # the same in every row
            fits = self.cached and slots <= self.gpt.config.n_positions
            hidden = self.new_hidden(ids) if fits else self.window_hidden(ids)
        return self.logits(hidden, self.cache if fits else None)

    def last_logits(self, ids: list[int], n: int) -> Tensor:
        """The logits after each of the last n ids of one text: (n, vocab).

        The end of what was read before may have been taken back. The text fits into the context.
        """
        known = min(len(self.seen), len(ids) - n)
        differ = (i for i in range(known) if self.seen[i] != ids[i])
        with torch.inference_mode():
            self.cache = self.cache or Cache(self.gpt, 1)
            self.cache.length = next(differ, known)
            new = torch.tensor([ids[self.cache.length :]], device=self.device)
            hidden = self.gpt.hidden(new, self.cache)[0, -n:]
        self.seen = list(ids)
        return self.logits(hidden)

    def next_states(
        self, ids: Sequence[list[int]], rows: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """As `next_logits`, for rows of equal length, with the last hidden states of the ids that
        are new: (rows, new, width). The texts fit into the context."""
        with torch.inference_mode():
            if self.cache is None:
                self.cache = Cache(self.gpt, len(ids))
            elif rows is not None:
                self.cache.select(torch.tensor(rows, device=self.device))
            new = torch.tensor([row[self.cache.length :] for row in ids], device=self.device)
            hidden = self.gpt.hidden(new, self.cache)
        return self.logits(hidden[:, -1]), hidden.to("cpu", torch.float32, copy=True)

    def logits(self, hidden: Tensor, cache: Cache | None = None) -> Tensor:
        """As the model's. Those of inference mode could not be changed or differentiated."""
        if cache:  # its products know no gradient, and to say so takes 10 µs
            return self.gpt.logits(hidden, cache).float().cpu()
        with torch.no_grad():
            return self.gpt.logits(hidden).float().cpu()

    def follow(self, rows: Sequence[int]) -> None:
        """Let the cache go where the rows have gone."""
        moved = {row: source for row, source in enumerate(rows) if row != source}
        resized = len(rows) != len(self.pads)
        self.pads = [self.pads[source] for source in rows]
        if self.cache is None:
            return
        if resized or not moved.keys().isdisjoint(moved.values()):
            self.cache.select(torch.tensor(rows, device=self.device))
            return
        for row, source in moved.items():  # mostly one or two: no need to copy all
            self.cache.copy(source, row)

    def new_hidden(self, ids: Sequence[list[int]]) -> Tensor:
        """Run the ids that the cache has not seen, the rows padded in front."""
        if self.cache is None:
            first = torch.tensor(self.pads, device=self.device) if any(self.pads) else None
            self.cache = Cache(self.gpt, len(ids), first)
        seen = self.cache.length
        new = [([0] * pad + row)[seen:] for pad, row in zip(self.pads, ids, strict=True)]
        return self.gpt.hidden(torch.tensor(new, device=self.device), self.cache)[:, -1]

    def window_hidden(self, ids: Sequence[list[int]]) -> Tensor:
        """Run the last ids that fit: positions are absolute, so a window that slides is all new."""
        windows = [row[-self.gpt.config.n_positions :] for row in ids]
        longest = max(map(len, windows))
        padded = [window + [0] * (longest - len(window)) for window in windows]
        last = [len(window) - 1 for window in windows]
        return self.gpt.hidden(torch.tensor(padded, device=self.device))[range(len(ids)), last]
