"""The duel explorer: two passages, one by a human and one by a sampler. Which is which?"""

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.checks import check_seed
from course_utils.explore.controls import (
    button,
    check_knob,
    code_button,
    knob,
    row,
    seed_box,
    text_box,
)
from course_utils.explore.frontier import STORIES
from course_utils.explore.given import check_room, reading_model
from course_utils.explore.interval import wilson
from course_utils.explore.panel import Panel
from course_utils.explore.plots.duel import DuelPicture, Outcome
from course_utils.explore.plots.look import percent
from course_utils.generate import Process, Settings, generate_batch
from course_utils.metrics import perplexity
from course_utils.model.interface import Model

WORDS = 14  # of each passage, so that no length tells who wrote it
LENGTH = 48  # tokens in which a sampler writes so many words
ROUNDS = 10
AGAIN = 10  # times that a text which ended too soon is drawn anew
PAUSE = 0.3  # seconds between two pictures, at least
KNOBS = ("temperature", "top_k", "top_p")
# The Storyteller has not read what STORIES tells. The rest is from "English Fairy Tales" by Joseph
# Jacobs, 1890, and "Japanese Fairy Tales" by Yei Theodora Ozaki, 1908, and it may have read that.
PASSAGES = {
    **STORIES,
    "There was once upon a time a poor widow who had an only son named Jack,": (
        " and a cow named Milky-white. And all they had to live on was the milk the cow gave"
    ),
    "There was an old sow with three little pigs, and": (
        " as she had not enough to keep them, she sent them out to seek their fortune."
    ),
    "Long, long ago there lived, an old man and an old woman;": (
        " they were peasants, and had to work hard to earn their daily rice. The old man"
    ),
    "The old man used to go and cut grass for the farmers around,": (
        " and while he was gone the old woman, his wife, did the work of the house and worked"
    ),
    "Once upon a time there were Three Bears, who lived": (
        " together in a house of their own, in a wood. One of them was a Little, Small, Wee Bear."
    ),
}
PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "_": None})


@dataclass(frozen=True)
class Round:
    """What both wrote after the prompt, equally many words; human_first: whether A is human."""

    prompt: str
    human: str
    sampler: str
    human_first: bool
    perplexities: tuple[float, float]  # of human and sampler
    tokens: tuple[int, int]


class Duel(Panel):
    """Ten rounds of two passages, one by a human and one by a sampler: guess which is the human's.

    Both go on from the same prompt, with as many words, and neither is marked. The score has its
    95% interval; ten guesses by a coin are right five times, give or take three. The perplexities,
    by the model before any strategy, are shown once a round is guessed.
    prompts: a mapping from a prompt to what a person wrote there, at least 14 words; ten of them
        make ten rounds, fewer make fewer.
    model: what writes and measures, the Storyteller or one that `model.load` gives.
    settings: of the sampler, where temperature, top_k and top_p start; the others stay as they are.
    process: your own f(logits, ids) -> logits as the sampler, in place of the sliders.
    seed: of the sampler's texts, and of the order of rounds and of the two.
    Raises ValueError on prompts or numbers that it cannot use.
    """

    def __init__(
        self,
        prompts: Mapping[str, str] = PASSAGES,
        *,
        model: Model | None = None,
        settings: Settings | None = None,
        process: Process | None = None,
        seed: int = 0,
    ):
        check_seed(seed)
        settings = settings or Settings()
        for name in KNOBS:
            if name in settings.changed():
                check_knob(name, getattr(settings, name))
        self.human = read_prompts(prompts)
        self.model = reading_model(model, "prompts")
        for prompt, text in self.human.items():
            check_room("prompt and text", len(self.model.encode(prompt + text)) + LENGTH)
        super().__init__(process)
        self.fixed = settings
        self.rounds: list[Round] = []
        self.guesses: list[bool] = []  # whether A was said to be human
        self.looking = False  # at the answer to the last guess
        self.picture = DuelPicture(min(ROUNDS, len(self.human)))
        self.passage = text_box("texts")
        self.controls = make_controls(settings, process is None, seed)
        self.picks = row(*(self.controls[name] for name in ("a", "b", "next")))
        self.connect()
        self.assemble(arrange(self.controls), work=self.write())

    def connect(self) -> None:
        self.controls["a"].on_click(lambda _: self.guess(True))
        self.controls["b"].on_click(lambda _: self.guess(False))
        self.controls["next"].on_click(lambda _: self.go_on())
        for name in (*KNOBS, "seed"):
            if name in self.controls:
                self.controls[name].observe(lambda _: self.begin_anew(), "value")
        self.redraw_on("show_code")

    def lay_out(
        self,
        controls: Sequence[widgets.Widget],
        shown: widgets.Widget,
        below: Sequence[widgets.Widget] = (),
    ) -> None:
        """The passages and the buttons first, over the picture."""
        super().lay_out(controls, widgets.VBox([self.passage, self.picks, shown]), below)

    # What the learner does

    def guess(self, a_is_human: bool) -> None:
        if not self.looking and len(self.guesses) < len(self.rounds):
            self.guesses.append(a_is_human)
            self.looking = True
            self.refresh()

    def go_on(self) -> None:
        """To the next round, and after the last one to a new duel."""
        if not self.looking:
            return
        if len(self.guesses) == len(self.rounds):
            self.controls["seed"].value += 1
        else:
            self.looking = False
            self.refresh()

    def begin_anew(self) -> None:
        self.stop_job()
        self.rounds, self.guesses, self.looking = [], [], False
        self.start_job(self.write())

    # The texts

    def process(self) -> Settings | Process:
        return self.function or self.settings()

    def settings(self) -> Settings:
        values = {name: getattr(self.fixed, name) for name in Settings.__dataclass_fields__}
        for name in KNOBS:
            if name in self.controls:
                value = round(self.controls[name].value, 4)
                values[name] = (int(value) or None) if name == "top_k" else value
        return Settings(**values)

    def write(self) -> Iterator[float]:
        """Let the sampler write, and yield the share that is done."""
        seed = self.controls["seed"].value
        dice = random.Random(seed)
        prompts = dice.sample(sorted(self.human), self.picture.rounds)
        sides = [dice.random() < 0.5 for _ in prompts]
        self.notes["function"] = self.notes["short"] = ""
        with self.blaming_function(called=self.function is not None):
            if texts := (yield from self.sampled(prompts, seed)):
                three = zip(prompts, texts, sides, strict=True)
                self.rounds = [self.round(*one) for one in three]
        yield 1.0

    def sampled(self, prompts: list[str], seed: int) -> Iterator[float]:
        """Passages of the sampler after these prompts. One that ends too soon is drawn again."""
        found = dict.fromkeys(range(len(prompts)), "")
        due = time.monotonic()
        for again in range(AGAIN):
            late = [i for i, text in found.items() if not text]
            if not late:
                break
            texts = [""] * len(late)
            seeds = [(seed * AGAIN + again) * ROUNDS + i for i in late]
            asked = [prompts[i] for i in late]
            for step, steps in enumerate(
                generate_batch(self.model, asked, self.process(), LENGTH, seeds), 1
            ):
                texts = [
                    text + one.text if one else text for text, one in zip(texts, steps, strict=True)
                ]
                if time.monotonic() >= due:
                    yield (again + step / LENGTH) / AGAIN
                    due = time.monotonic() + PAUSE
            for i, text in zip(late, texts, strict=True):
                found[i] = passage(text)
        if short := [prompts[i] for i, text in found.items() if not text]:
            self.notes["short"] = (
                f"The sampler must write at least {WORDS} words, and in {AGAIN} texts it did not "
                f"after '{short[0]}'. Try another seed or other settings."
            )
            return []
        return list(found.values())

    def round(self, prompt: str, sampler: str, human_first: bool) -> Round:
        human = self.human[prompt]
        logprobs = [self.logprobs(prompt, text) for text in (human, sampler)]
        measured = tuple(float(perplexity(x)) for x in logprobs)
        return Round(prompt, human, sampler, human_first, measured, tuple(map(len, logprobs)))

    def logprobs(self, prompt: str, text: str) -> Tensor:
        """Of each token of a passage after its prompt, by the model as it is."""
        start, ids = self.model.encode(prompt), self.model.tokenizer.encode_ordinary(f" {text}")
        logits = self.model.logits(start + ids, len(ids) + 1)[:-1]
        return logits.log_softmax(dim=-1).gather(-1, torch.tensor(ids)[:, None]).flatten()

    # What the explorer shows

    def show(self) -> None:
        outcomes = [
            Outcome(guess == one.human_first, *one.perplexities)
            for guess, one in zip(self.guesses, self.rounds, strict=False)
        ]
        over = bool(self.rounds) and len(outcomes) == len(self.rounds)
        means = self.means() if over else None
        said = score(outcomes, self.picture.rounds)
        self.paint(outcomes, means, said)
        self.text = " ".join(filter(None, [self.heading(), said, verdict(means)]))
        self.passage.value = self.page()
        self.label_buttons(over)
        self.show_code(code(self.settings(), self.function is not None))

    def draw(
        self, outcomes: Sequence[Outcome], means: tuple[float, float] | None, said: str
    ) -> Figure:
        """The picture of these rounds; always the same Figure, with its artists moved."""
        return self.picture.draw(outcomes, means, said, verdict(means) or self.heading())

    def heading(self) -> str:
        if self.function:
            return "Human against your function."
        knobs = ", ".join(f"{name} {value:g}" for name, value in self.settings().changed().items())
        return f"Human against {knobs or 'the model as it is'}."

    def means(self) -> tuple[float, float]:
        """The perplexities over all tokens of all rounds, human and sampler."""
        result = []
        for k in range(2):
            logs = [-math.log(one.perplexities[k]) * one.tokens[k] for one in self.rounds]
            result.append(math.exp(-sum(logs) / sum(one.tokens[k] for one in self.rounds)))
        return tuple(result)

    def label_buttons(self, over: bool) -> None:
        for name in ("a", "b"):
            self.controls[name].disabled = self.looking or not self.rounds
        self.controls["next"].disabled = not self.looking
        self.controls["next"].description = "New duel" if over else "Next round"

    def page(self) -> str:
        """Both passages as HTML; who wrote which only after the guess. They stay text."""
        if not self.rounds:
            return "" if self.notes["short"] else "<p>The sampler is writing…</p>"
        number = len(self.guesses) - self.looking
        one = self.rounds[number]
        texts = [one.human, one.sampler] if one.human_first else [one.sampler, one.human]
        writers = ["human", "sampler"] if one.human_first else ["sampler", "human"]
        look = "line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.3em 0"
        lines = [f"<b>Round {number + 1} of {len(self.rounds)}.</b> <i>{escape(one.prompt)}</i> …"]
        for name, text, writer in zip("AB", texts, writers, strict=True):
            wrote = f" ({writer})" if self.looking else ""
            lines.append(f"<b>{name}</b>{wrote}: … {escape(text)} …")
        if self.looking:
            right = self.guesses[-1] == one.human_first
            lines.append(
                f"<b>{'Right' if right else 'Wrong'}</b>: {'AB'[not one.human_first]} is human."
            )
        else:
            lines.append("Which one is human?")
        said = "".join(f'<p style="{look}">{line}</p>' for line in lines)
        return f'<div role="status" aria-live="polite">{said}</div>'


def read_prompts(prompts: Mapping[str, str]) -> dict[str, str]:
    """The passages of people, cut to as many words. ValueError if there are none, or too short."""
    texts = prompts.items() if isinstance(prompts, Mapping) else ()
    if not texts or not all(isinstance(part, str) for pair in texts for part in pair):
        raise ValueError(
            "prompts must be a mapping from a prompt to what a person wrote there, "
            f"got {repr(prompts)[:60]}"
        )
    found = {prompt: passage(text) for prompt, text in texts}
    for prompt, text in found.items():
        if not text:
            raise ValueError(f"what a person wrote after {prompt!r} must be at least {WORDS} words")
    return found


def passage(text: str) -> str:
    """The first words of a text, without what could tell where it is from: line breaks and the
    shapes of quotation marks. "" if there are too few; the last one may be cut, and does not count.
    """
    words = text.translate(PLAIN).replace("--", "—").split()
    return " ".join(words[:WORDS]) if len(words) > WORDS else ""


# Words


def score(outcomes: Sequence[Outcome], rounds: int) -> str:
    """How many guesses were right, with the interval of the share."""
    if not outcomes:
        return f"{rounds} rounds: which passage is human?"
    right, n = sum(one.right for one in outcomes), len(outcomes)
    low, high = wilson(right / n, n)
    return f"{right} of {n} right, 95% interval {percent(low)} to {percent(high)}."


def verdict(means: tuple[float, float] | None) -> str:
    if means is None:
        return ""
    human, sampler = means
    return f"Perplexity over all rounds: human {human:.1f}, sampler {sampler:.1f}."


def code(settings: Settings, with_function: bool) -> str:
    """The lines that write and measure a passage of the sampler."""
    values = ", ".join(f"{name}={value:g}" for name, value in settings.changed().items())
    made = "process" if with_function else f"Settings({values})"
    return "\n".join(
        [
            f"steps = list(generate(model, prompt, {made}, {LENGTH}))",
            f"words = ''.join(step.text for step in steps).split()[:{WORDS}]",
            "perplexity([step.logprob for step in steps])",
        ]
    )


# Widgets


def make_controls(settings: Settings, with_knobs: bool, seed: int) -> dict[str, widgets.Widget]:
    controls = {}
    for name in KNOBS if with_knobs else ():
        value = getattr(settings, name)
        controls[name] = knob(name, value if name == "top_k" else float(value))
        controls[name].continuous_update = False  # each new value is a new duel
    return controls | {
        "a": button("A is human"),
        "b": button("B is human"),
        "next": button("Next round"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    sliders = [controls[name] for name in KNOBS if name in controls]
    return [*sliders, row(controls["seed"], controls["show_code"])]
