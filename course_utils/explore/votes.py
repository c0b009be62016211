"""The votes explorer: many tries at one sum, and what can be made of them."""

import functools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from statistics import fmean

import ipywidgets as widgets
from matplotlib.figure import Figure

from course_utils import calculator
from course_utils.checks import check_seed
from course_utils.explore.controls import (
    check_knob,
    check_up_to,
    choice,
    code_button,
    knob,
    row,
    seed_box,
    slider,
    text_box,
)
from course_utils.explore.given import name_of, reading_model
from course_utils.explore.interval import wilson
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent
from course_utils.explore.plots.votes import Answer, Point, VotesPicture
from course_utils.generate import Settings, generate_batch
from course_utils.model.interface import Model
from course_utils.sums import answer, draw_sum, question, verify
from course_utils.think import majority_vote, pass_at_k

SUMS = 24
MOST = 64  # tries a sum
NEW = 54  # tokens of a try: the longest working
ROWS = 64  # texts side by side
SHOWN = 6  # answers with a row of their own
TEXTS = 3  # workings below the picture
PAUSE = 0.3  # seconds between two pictures, at least
WORKED, ALONE = "worked out", "answer alone"


@dataclass(frozen=True)
class Try:
    """text: what was written after the question; logprob: of all its tokens, by the model."""

    text: str
    logprob: float

    @functools.cached_property
    def answer(self) -> int | None:
        return answer(self.text)


class Votes(Panel):
    """Many answers of the Calculator to one sum: the vote, the likeliest, and pass@n beside.

    The sums are held out: none was shown in training. The bars are the answers to one of them; the
    curves tell how often n tries come out right over all sums, and fill in as those are tried.
    temperature: where it starts, from 0 (greedy) to 3; tries: a sum, 1 to 64.
    worked: whether the working is asked for, or the answer alone.
    model: what does the sums, the Calculator or one that `model.load` gives.
    function: your own f(answers) -> answer, in place of `majority_vote`; answers are ints, and None
        for a try without one.
    seed: what the tries start from.
    Raises ValueError on a number or model that it cannot use.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.75,
        tries: int = 16,
        worked: bool = True,
        model: Model | None = None,
        function: Callable[[list[int | None]], int | None] | None = None,
        seed: int = 0,
    ):
        check_knob("temperature", temperature)
        check_up_to("tries", tries, MOST)
        check_seed(seed)
        self.model = calculator.load() if model is None else reading_model(model, "a sum")
        super().__init__(function)
        rng = random.Random("votes")
        self.sums = [draw_sum(rng, held_out=True) for _ in range(SUMS)]
        self.found: dict[int, list[Try]] = {}
        self.picked = ""
        self.picture = VotesPicture(SHOWN + 1)
        self.passage = text_box("texts")
        self.controls = make_controls(float(temperature), tries, worked, seed)
        self.connect()
        self.assemble(arrange(self.controls), [self.passage], self.write())

    def connect(self) -> None:
        for name in ("temperature", "worked", "seed"):
            self.controls[name].observe(lambda _: self.begin_anew(), "value")
        self.controls["tries"].observe(lambda _: self.start_job(self.write()), "value")
        self.controls["sum"].observe(self.on_sum, "value")
        self.redraw_on("show_code")

    # What the learner does

    def begin_anew(self) -> None:
        self.stop_job()
        self.found, self.picked = {}, ""
        self.start_job(self.write())

    def on_sum(self, _) -> None:
        self.picked = ""
        self.refresh()
        if self.missing():
            self.start_job(self.write())

    def choose(self, key: str) -> None:
        """Show the workings of the answer that was chosen in the picture."""
        if not key.startswith("n "):
            self.picked = key
            self.refresh()

    # The tries

    def chosen(self) -> int:
        return self.controls["sum"].value - 1

    def missing(self) -> list[tuple[int, int]]:
        """The tries still to make, each its sum and its number: those of the chosen sum first."""
        tries = self.controls["tries"].value
        order = sorted(range(SUMS), key=lambda i: i != self.chosen())
        return [(i, j) for i in order for j in range(len(self.found.get(i, [])), tries)]

    def write(self) -> Iterator[float]:
        """Make the tries that are missing, and yield the share that is done.

        The chosen sum goes alone, so that its bars are soon there.
        """
        missing, due = self.missing(), time.monotonic()
        first = sum(i == self.chosen() for i, _ in missing) or ROWS
        starts = [0, *range(first, len(missing), ROWS)] if missing else []
        for start in starts:
            part = missing[start : start + ROWS if start else first]
            texts, logprobs = [""] * len(part), [0.0] * len(part)
            for steps in self.steps(part):
                for k, step in enumerate(steps):
                    if step:
                        texts[k] += step.text
                        logprobs[k] += step.logprob
                if time.monotonic() >= due:
                    yield start / len(missing)
                    due = time.monotonic() + PAUSE
            for (i, _), text, logprob in zip(part, texts, logprobs, strict=True):
                self.found.setdefault(i, []).append(Try(text, logprob))
        yield 1.0

    def steps(self, part: Sequence[tuple[int, int]]) -> Iterator[list]:
        worked = self.controls["worked"].value == WORKED
        first = self.controls["seed"].value * SUMS * MOST
        prompts = [question(self.sums[i], worked) for i, _ in part]
        seeds = [first + i * MOST + j for i, j in part]
        room = self.model.context - max(len(self.model.encode(prompt)) for prompt in prompts)
        return generate_batch(self.model, prompts, self.settings(), min(NEW, room), seeds)

    # What the explorer shows

    def settings(self) -> Settings:
        return Settings(temperature=round(self.controls["temperature"].value, 4))

    def show(self) -> None:
        numbers, tries = self.sums[self.chosen()], self.controls["tries"].value
        texts = self.found.get(self.chosen(), [])[:tries]
        answers = [one.answer for one in texts]
        vote = majority_vote(answers) if answers else None
        yours = self.ask_function(lambda: self.function(list(answers))) if answers else None
        right = sum(numbers)
        full = {i: found[:tries] for i, found in self.found.items() if len(found) >= tries}
        curves = {
            name: points(name, [(sum(self.sums[i]), found) for i, found in full.items()], tries)
            for name in MADE
        }
        asked = "+".join(map(str, numbers))
        heading = f"{asked} = {right}, {self.controls['worked'].value}"
        said = self.words(texts, vote, right, yours)
        shown = bars(texts, right, vote, self.function is not None, yours)
        self.paint(shown, curves, len(full), heading, said)
        self.text = " ".join([f"{heading}.", said, *over_all(curves, len(full))])
        picked = self.picked or str(vote)
        self.passage.value = workings(numbers, picked, texts, self.controls["worked"].value)
        self.show_code(code(self.settings(), tries, self.controls["worked"].value))

    def draw(
        self,
        shown: Sequence[Answer],
        curves: dict[str, list[Point]],
        sums: int,
        heading: str,
        said: str,
    ) -> Figure:
        """The picture of these answers; always the same Figure, with its artists moved."""
        return self.picture.draw(shown, curves, sums, heading, said)

    def words(self, texts: Sequence[Try], vote: int | None, right: int, yours: object) -> str:
        if not texts:
            return "No try yet."
        votes = Counter(one.answer for one in texts)
        best = max(texts, key=lambda one: one.logprob)
        said = [
            f"T {self.settings().temperature:.2f}, {len(texts)} tries: {votes[right]} right",
            f"the vote says {vote} ({'right' if vote == right else 'wrong'}), with {votes[vote]}",
            f"the likeliest text {best.answer} ({'right' if best.answer == right else 'wrong'})",
        ]
        if self.function and not self.notes.get("function"):
            said.append(f"{name_of(self.function)} {yours}")
        return "; ".join(said) + "."


# From tries to bars and curves


def bars(
    texts: Sequence[Try], right: int, vote: int | None, with_function: bool, yours: object
) -> list[Answer]:
    """The answers, most tries first; of equally many, the one that was given first."""
    votes = Counter(one.answer for one in texts)
    likeliest = max(texts, key=lambda one: one.logprob).answer if texts else None
    result = []
    for given, count in votes.most_common(SHOWN if len(votes) > SHOWN + 1 else None):
        tags = [
            name
            for name, is_it in (
                ("vote", given == vote),
                ("likeliest", given == likeliest),
                ("yours", with_function and given == yours),
            )
            if is_it and given is not None
        ]
        best = max(one.logprob for one in texts if one.answer == given)
        label = "no answer" if given is None else str(given)
        says = (
            f"{label}: {count} of {len(texts)}, {'right' if given == right else 'wrong'}\n"
            f"likeliest text: log-probability {best:.2f}".replace(" -", " −")
        )
        result.append(Answer(label, count, given == right, tags, says, str(given)))
    others = len(texts) - sum(one.count for one in result)
    if others:
        label = f"{len(votes) - len(result)} others"
        shown = {one.key for one in result}
        holds = str(right) not in shown and right in votes
        says = f"{label}: {others} of {len(texts)}{', the right one among them' if holds else ''}"
        result.append(Answer(label, others, False, [], says, "others"))
    return result


def vote_of(n: int, right: int, texts: Sequence[Try]) -> float:
    """How often the vote of n tries is right: the mean over sets of n that share none."""
    sets = [texts[i : i + n] for i in range(0, len(texts) - n + 1, n)]
    return fmean(majority_vote([one.answer for one in part]) == right for part in sets)


def likeliest_of(n: int, right: int, texts: Sequence[Try]) -> float:
    sets = [texts[i : i + n] for i in range(0, len(texts) - n + 1, n)]
    return fmean(max(part, key=lambda one: one.logprob).answer == right for part in sets)


def passed(n: int, right: int, texts: Sequence[Try]) -> float:
    return pass_at_k(len(texts), sum(one.answer == right for one in texts), n)


MADE = {"pass@n": passed, "vote of n": vote_of, "likeliest": likeliest_of}


def points(name: str, done: Sequence[tuple[int, Sequence[Try]]], tries: int) -> list[Point]:
    """A curve over 1, 2, 4, … tries. done: of each sum its right answer and its tries."""
    if not done:
        return []
    ns = sorted({2**i for i in range(tries.bit_length()) if 2**i <= tries} | {tries})
    shares = [(n, fmean(MADE[name](n, right, texts) for right, texts in done)) for n in ns]
    return [Point(n, share, *wilson(share, len(done))) for n, share in shares]


# Words


def over_all(curves: dict[str, list[Point]], sums: int) -> list[str]:
    if not sums:
        return []
    last = {name: found[-1] for name, found in curves.items()}
    n = last["pass@n"].n

    def reading(name: str) -> str:
        point = last[name]
        return f"{percent(point.share)} ({percent(point.low)} to {percent(point.high)})"

    over = "1 sum" if sums == 1 else f"{sums} sums"
    return [
        f"Over {over}: one try {percent(curves['pass@n'][0].share)} right, vote of {n} "
        f"{reading('vote of n')}, likeliest of {n} {reading('likeliest')}, pass@{n} "
        f"{reading('pass@n')}."
    ]


def workings(numbers: Sequence[int], picked: str, texts: Sequence[Try], worked: str) -> str:
    """A few of the texts that gave the answer, as HTML. They stay text, whatever they say."""
    found = [one for one in texts if str(one.answer) == picked]
    found.sort(key=lambda one: -one.logprob)
    lines = []
    for one in found[:TEXTS]:
        steps = ""
        if worked == WORKED:
            good = verify(numbers, one.text)
            steps = " (every step right)" if good else " (not every step right)"
        lines.append(f"<b>{escape(picked)}</b>{steps}: {escape(one.text)}")
    look = "line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4em 0"
    return "".join(f'<p style="{look}">{line}</p>' for line in lines)


def code(settings: Settings, tries: int, worked: str) -> str:
    """The lines that make these tries and count them."""
    asked = "question(numbers)" if worked == WORKED else "question(numbers, worked=False)"
    return "\n".join(
        [
            f"texts = [''] * {tries}",
            f"prompts = [{asked}] * {tries}",
            f"settings = Settings(temperature={settings.temperature:g})",
            f"for steps in generate_batch(calculator.load(), prompts, settings, {NEW}):",
            "    for i, step in enumerate(steps):",
            "        texts[i] += step.text if step else ''",
            "answers = [answer(text) for text in texts]",
            "vote = majority_vote(answers)",
            f"pass_at_k({tries}, answers.count(sum(numbers)), k)",
        ]
    )


# Widgets


def make_controls(
    temperature: float, tries: int, worked: bool, seed: int
) -> dict[str, widgets.Widget]:
    controls = {
        "worked": choice("asked for", [WORKED, ALONE]),
        "sum": slider("sum", 1, min=1, max=SUMS, tooltip="which of the sums the bars show"),
        "temperature": knob("temperature", temperature),
        "tries": slider("tries", tries, min=1, max=MOST, tooltip="texts a sum"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }
    controls["worked"].value = WORKED if worked else ALONE
    for name in ("temperature", "tries"):
        controls[name].continuous_update = False  # each new value is many new texts
    return controls


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    return [
        *(controls[name] for name in ("worked", "sum", "temperature", "tries")),
        row(controls["seed"], controls["show_code"]),
    ]
