"""How many tokens a rule keeps, along a text and at any temperature, of a very large vocabulary.

A slider that moves asks this of millions of logits, and to exponentiate them all takes a third of a
second. What is not among the likeliest lies so close together, once it is sorted, that the mass of
64 tokens follows from their mean and variance, to more digits than the answer needs.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

HEAD = 2048  # the likeliest tokens, each weighed by itself
BUCKET = 64  # others, weighed together


@dataclass(frozen=True)
class Ranked:
    """Logits of several steps, each from the largest down: (steps, vocab), vocab above HEAD."""

    logits: np.ndarray

    @functools.cached_property
    def buckets(self) -> tuple[np.ndarray, ...]:
        """Of each bucket of the tail: size and mean, then of the distances to the mean the mean
        square, mean cube and largest: (steps, buckets), float64. A token at -inf weighs nothing."""
        tail = self.logits[:, HEAD:]
        starts = np.arange(0, tail.shape[1], BUCKET)
        present = np.isfinite(tail)
        size = np.add.reduceat(present, starts, axis=1, dtype=np.float64)
        values = np.where(present, tail, 0).astype(np.float64)
        some = np.maximum(size, 1)
        mean = np.add.reduceat(values, starts, axis=1) / some
        away = abs(values - np.repeat(mean, BUCKET, axis=1)[:, : tail.shape[1]])
        away[~present] = 0
        square, cube = (np.add.reduceat(away**power, starts, axis=1) / some for power in (2, 3))
        return size, mean, square, cube, np.maximum.reduceat(away, starts, axis=1)

    def top_p(self, t: float, p: float) -> list[int]:
        """How many of the likeliest tokens it takes until they hold p of the mass.

        t: temperature above 0; p: in (0, 1). As many as the formula gives in float64: a step for
        which the sums of buckets are not exact enough to say is weighed token by token.
        """
        best = self.logits[:, :1].astype(np.float64)
        size, mean, square, cube, reach = self.buckets
        head = np.exp((self.logits[:, :HEAD] - best) / t).cumsum(axis=1)
        weight = size * np.exp((mean - best) / t)
        tail = head[:, -1:] + (weight * (1 + square / (2 * t * t))).cumsum(axis=1)
        # What Taylor's series leaves out is at most this, and sums round.
        rest = weight * np.exp(np.minimum(reach / t, 700)) * cube / (6 * t**3)
        error = rest.sum(axis=1) + 1e-12 * tail[:, -1]
        steps = range(len(self.logits))
        return [self.nucleus(i, head[i], tail[i], t, p, error[i]) for i in steps]

    def nucleus(
        self, step: int, head: np.ndarray, tail: np.ndarray, t: float, p: float, error: float
    ) -> int:
        """The answer for one step. head, tail: running sums of tokens and of buckets."""
        wanted, start, mass = p * tail[-1], 0, head
        if head[-1] < wanted:
            bucket = int((tail < wanted).sum())
            start = HEAD + bucket * BUCKET
            before = tail[bucket - 1] if bucket else head[-1]
            mass = before + self.weights(step, slice(start, start + BUCKET), t).cumsum()
        n, near = crossed(mass, wanted)
        if near > 2 * error:
            return start + n
        mass = self.weights(step, slice(None), t).cumsum()
        return crossed(mass, p * mass[-1])[0]

    def weights(self, step: int, places: slice, t: float) -> np.ndarray:
        return np.exp((self.logits[step, places] - np.float64(self.logits[step, 0])) / t)

    def min_p(self, t: float, p: float) -> list[int]:
        """How many tokens are at least p times as likely as the best one.

        t: temperature above 0; p: in (0, 1].
        """
        steps, bar = np.arange(len(self.logits)), math.log(p)
        best = self.logits[:, 0].astype(np.float64)
        kept, cut = np.ones(len(steps), int), np.full(len(steps), self.logits.shape[1])
        while (kept < cut).any():  # the answer lies in [kept, cut]
            middle = (kept + cut) // 2
            stays = (self.logits[steps, np.minimum(middle, cut - 1)] - best) / t >= bar
            kept, cut = np.where(stays, middle + 1, kept), np.where(stays, cut, middle)
            kept = np.minimum(kept, cut)
        return kept.tolist()


def crossed(mass: np.ndarray, wanted: float) -> tuple[int, float]:
    """How many tokens it takes for the running sums to reach `wanted`, and by how far it is so."""
    n = min(int(mass.searchsorted(wanted)), len(mass) - 1)
    return n + 1, float(abs(mass[max(n - 1, 0) : n + 2] - wanted).min())
