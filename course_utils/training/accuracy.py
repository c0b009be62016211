"""How often the Calculator is right, by the way its texts are drawn: the table of its card."""

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

from course_utils.beam import beam_search
from course_utils.generate import Settings, generate_batch
from course_utils.model.storyteller import Storyteller
from course_utils.sums import COUNT, HIGH, answer, draw_sum, question, verify
from course_utils.think import majority_vote, pass_at_k, power_sample

SUMS = 1000
TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
TRIES, MANY, MANY_AT = 16, 64, 0.75  # tries a sum, and how many at one temperature
BEAMS = 4
ALPHA, POWER_SUMS = 4.0, 250  # power sampling takes half a second a text
ROWS = 320  # texts side by side

Shares = dict[str, float]  # of right answers, in [0, 1], by column
COLUMNS = (
    "one try",
    *("vote of 4", "vote of 16", "vote of 64"),
    *("pass@4", "pass@16", "pass@64"),
    *("likeliest of 16", "verified of 16"),
)


class Try(NamedTuple):
    """text: what was written after a question; logprob: of all its tokens, by the model, in nats"""

    text: str
    logprob: float


def held_out_sums(count: int) -> list[list[int]]:
    """So many different sums that no training has shown; the same each time."""
    rng = random.Random("held out")
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        found[tuple(draw_sum(rng, held_out=True))] = None
    return [list(numbers) for numbers in found]


def room(model: Storyteller, worked: bool) -> int:
    """How many tokens fit after a question."""
    return model.gpt.config.n_positions - len(model.encode(question([HIGH] * COUNT, worked)))


def tries(
    model: Storyteller, sums: Sequence[list[int]], n: int, temperature: float, worked: bool = True
) -> list[list[Try]]:
    """n texts for each sum, by `generate`; the i-th text of all is drawn with seed i."""
    prompts = [question(numbers, worked) for numbers in sums for _ in range(n)]
    settings, new = Settings(temperature=temperature), room(model, worked)
    found = []
    for first in range(0, len(prompts), ROWS):
        part = prompts[first : first + ROWS]
        seeds = range(first, first + len(part))
        texts, logprobs = [""] * len(part), [0.0] * len(part)
        for steps in generate_batch(model, part, settings, new, seeds):
            for row, step in enumerate(steps):
                if step:
                    texts[row] += step.text
                    logprobs[row] += step.logprob
        found += map(Try, texts, logprobs)
    return [found[i : i + n] for i in range(0, len(found), n)]


def shares(numbers: list[int], found: list[Try], worked: bool) -> Shares:
    """How often one sum comes out right, by how its tries are used."""
    right, answers = sum(numbers), [answer(text) for text, _ in found]
    n, c = len(found), answers.count(right)
    of = {"one try": c / n}
    for k in (4, 16, 64):
        if k <= n:
            of[f"vote of {k}"] = float(majority_vote(answers[:k]) == right)
            of[f"pass@{k}"] = pass_at_k(n, c, k)
    if n >= TRIES:
        likeliest = max(found[:TRIES], key=lambda one: one.logprob)
        of["likeliest of 16"] = float(answer(likeliest.text) == right)
    if n >= TRIES and worked:
        accepted = (one for one in found[:TRIES] if verify(numbers, one.text))
        of["verified of 16"] = float(answer(next(accepted, found[0]).text) == right)
    return of


def of_tries(model: Storyteller, sums: list[list[int]], n: int, t: float, worked: bool) -> Shares:
    found = zip(sums, tries(model, sums, n, t, worked), strict=True)
    rows = [shares(numbers, texts, worked) for numbers, texts in found]
    return {column: fmean(row[column] for row in rows) for column in rows[0]}


def of_texts(write: Callable[[str], str], sums: list[list[int]], worked: bool) -> Shares:
    """Where a search writes one text for each sum."""
    written = ((numbers, write(question(numbers, worked))) for numbers in sums)
    return {"one try": fmean(answer(text) == sum(numbers) for numbers, text in written)}


def rows(model: Storyteller, sums: list[list[int]]) -> Iterator[tuple[str, Callable[[], Shares]]]:
    """The rows of the table: the name of each, and what measures it."""
    for worked in (True, False):
        new = room(model, worked)

        def by_beams(prompt: str, new: int = new) -> str:
            return beam_search(model, prompt, BEAMS, new, length_penalty=0.0).hypotheses[0].text

        def by_power(prompt: str, new: int = new) -> str:
            return power_sample(model, prompt, ALPHA, new).text

        name = "**with its working:** greedy" if worked else "**the answer alone:** greedy"
        yield name, functools.partial(of_tries, model, sums, 1, 0.0, worked)
        for t in TEMPERATURES:
            n = MANY if t == MANY_AT else TRIES
            yield f"T {t:g}", functools.partial(of_tries, model, sums, n, t, worked)
        yield f"{BEAMS} beams", functools.partial(of_texts, by_beams, sums, worked)
        fewer = sums[:POWER_SUMS]
        yield f"by p^{ALPHA:g}", functools.partial(of_texts, by_power, fewer, worked)


def line(name: str, of: Shares) -> str:
    """A row of the table, in per cent; a dash where there is no such number."""
    cells = (f"{100 * of[column]:.1f}" if column in of else "–" for column in COLUMNS)
    return f"| {name} | {' | '.join(cells)} |"


def accuracy(model: Storyteller, sums: list[list[int]]) -> Iterator[str]:
    """The table in Markdown, a line at a time: per cent of right answers on the sums.

    Same model, sums and machine: same table.
    """
    yield f"| | {' | '.join(COLUMNS)} |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for name, measure in rows(model, sums):
        yield line(name, measure())
