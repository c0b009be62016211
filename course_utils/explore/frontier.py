"""The frontier explorer: how likely and how diverse the texts of many settings are."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure

from course_utils.checks import check_seed
from course_utils.explore.controls import (
    LABEL,
    PRESETS,
    WIDE,
    button,
    code_button,
    row,
    seed_box,
    slider,
    text_box,
)
from course_utils.explore.given import reading_model
from course_utils.explore.panel import Panel
from course_utils.explore.plots.frontier import Dot, FrontierPicture
from course_utils.explore.plots.look import printable
from course_utils.generate import Process, Settings, generate_batch
from course_utils.metrics import distinct_n
from course_utils.model import storyteller
from course_utils.model.interface import Model
from course_utils.model.tokenizer import longest_token

LENGTH = 20  # tokens a text
MORE = 3  # sets of texts that the button adds
PAUSE = 0.3  # seconds between two pictures, at least

# Prompts and how the books go on: Clara Dillingham Pierson 1898, Joseph Jacobs 1890, Yei Theodora
# Ozaki 1908, Parker Fillmore 1922, George MacDonald 1871. The Storyteller has not read them.
STORIES = {
    "The very next morning the Forest People awakened to find": (
        " a silvery frost on the grass and feel the still air stirred by the soft dropping of damp "
        "red, brown, and yellow leaves"
    ),
    "A girl once went to the fair to hire herself for servant.": (
        " At last a funny-looking old gentleman engaged her, and took her home to his house. When "
        "she got there, he told her"
    ),
    "Now for a time the Dragon King and his bride": (
        " lived very happily. They loved each other dearly, and the bridegroom day after day took "
        "delight in showing his bride all the wonders"
    ),
    "The Wolf was deeply impressed with all this.": (
        " He crept carefully down to the Fox's kitchen and sniffed cautiously at the crack under "
        "the door."
    ),
    "As soon as Diamond had got himself comfortable on the saddle place,": (
        " the horse began pulling at the hay, and the boy began thinking. He had never mounted "
        "Diamond himself before"
    ),
}
GRID = {
    **{f"T {t:g}": Settings(temperature=t) for t in (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)},
    **{f"top-k {k}": Settings(top_k=k) for k in (10, 40)},
    **{f"top-p {p:g}": Settings(top_p=p) for p in (0.8, 0.9, 0.95)},
    **{f"min-p {p:g}": Settings(min_p=p) for p in (0.05, 0.1)},
    # The other two presets are T 0 and T 0.7.
    **{name: Settings(**PRESETS[name]) for name in ("creative", "code")},
}
FAMILIES = {"T": "temperature", "top-k": "top_k", "top-p": "top_p", "min-p": "min_p"}
HUMAN, YOURS = "human", "yours"

Toys = Mapping[str, Sequence[Sequence[tuple[str, float]]]]


@dataclass(frozen=True)
class Round:
    """A set of texts, one a prompt. All sets are as large, so that their diversity compares.

    diversity: the share of different tokens among all of the set; logprob: the mean of a token by
    the model before any strategy.
    """

    diversity: float
    logprob: float
    texts: list[str]


class Frontier(Panel):
    """One dot a setting: how likely its texts are to the model, and how diverse.

    The diversity is that of a set with one text a prompt, distinct-1: in sets this small, longer
    n-grams hardly ever repeat, and self-BLEU is mostly noise. So human text has its place too.
    "More texts" writes more sets: each dot is their mean then, with bars of one standard deviation.
    prompts: a mapping from a prompt to what a person wrote there, at least 20 tokens; or toys,
        which need no model: from a name to a list of texts, each a list of (token, probability).
    model: what reads the prompts, the Storyteller or one that `model.load` gives.
    process: your own f(logits, ids) -> logits, as one more dot.
    seed: what the texts start from.
    Raises ValueError on prompts or a seed that it cannot use.
    """

    def __init__(
        self,
        prompts: Mapping[str, str] | Toys = STORIES,
        *,
        model: Model | None = None,
        process: Process | None = None,
        seed: int = 0,
    ):
        check_seed(seed)
        toys = read_toys(prompts)
        self.model = reading_model(model, None if toys else "prompts")
        human = toys.pop(HUMAN, [None])[0] if toys else read_human(prompts, self.model)
        if toys and process:
            raise ValueError("process needs prompts, which toys are not")
        super().__init__(process)
        self.prompts = [] if toys else list(prompts)
        self.human = human
        self.settings = {} if toys else GRID | ({YOURS: self.function} if process else {})
        self.rounds: dict[str, list[Round]] = toys or {name: [] for name in self.settings}
        self.picture = FrontierPicture()
        self.passage = text_box("texts")
        self.controls = make_controls(list(self.rounds), bool(toys), seed)
        self.connect()
        self.assemble(arrange(self.controls), [self.passage], self.write(1))

    def connect(self) -> None:
        self.redraw_on("setting", "text", "show_code")
        if self.settings:
            self.controls["more"].on_click(lambda _: self.start_job(self.write(MORE)))
            self.controls["seed"].observe(self.on_seed, "value")

    def on_seed(self, _) -> None:
        self.stop_job()
        self.rounds = {name: [] for name in self.settings}
        self.start_job(self.write(1))

    def choose(self, key: str) -> None:
        """Look at the setting whose dot was chosen in the picture; people's has no texts."""
        if key in self.rounds:
            self.controls["setting"].value = key

    # The texts

    def write(self, more: int) -> Iterator[float]:
        """Write so many more sets of texts for each setting; yields the share that is done."""
        todo = [name for _ in range(more) for name in self.settings]
        due = time.monotonic()
        for i, name in enumerate(todo):
            settings, rounds = self.settings[name], self.rounds[name]
            # Greedy writes the same texts again.
            if not (rounds and settings == Settings(temperature=0)):
                first = self.controls["seed"].value * 10_000 + len(rounds) * len(self.prompts)
                with self.blaming_function(called=name == YOURS):
                    rounds.append(written(self.model, self.prompts, settings, first))
            if time.monotonic() >= due:  # to draw takes as long as to write
                yield (i + 1) / len(todo)
                due = time.monotonic() + PAUSE

    # What the explorer shows

    def show(self) -> None:
        dots = {name: dot(name, rounds) for name, rounds in self.rounds.items() if rounds}
        if self.human:
            dots[HUMAN] = dot(HUMAN, [self.human])
        picked = self.controls["setting"].value
        rounds = self.rounds[picked]
        self.controls["text"].max = max(1, sum(len(each.texts) for each in rounds))
        self.paint(dots, picked)
        self.text = summary(dots, picked, sum(len(each.texts) for each in rounds))
        self.passage.value = self.one_text(picked, rounds)
        if self.settings:
            self.show_code(code(self.settings[picked]))

    def draw(self, dots: dict[str, Dot], picked: str) -> Figure:
        """The picture of these dots; always the same Figure."""
        return self.picture.draw(
            list(dots.values()),
            picked,
            "Likely or diverse: one dot a setting",
            reading(dots[picked]) if picked in dots else f"{picked}: no text yet",
        )

    def one_text(self, picked: str, rounds: list[Round]) -> str:
        """The text that the slider points at, as HTML. It stays text, whatever a token says."""
        texts = [text for each in rounds for text in each.texts]
        if not texts:
            return ""
        i = min(self.controls["text"].value, len(texts)) - 1
        prompt = self.prompts[i % len(self.prompts)] if self.prompts else ""
        look = "line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere"
        said = f"<i>{escape(printable(prompt))}</i>{escape(printable(texts[i]))}"
        return f'<div style="{look}"><b>{escape(printable(picked))}</b>: {said}</div>'


def read_toys(prompts: Mapping) -> dict[str, list[Round]]:
    """The sets of toys, none if these are prompts. ValueError if they are neither."""
    if not isinstance(prompts, Mapping) or not prompts:
        raise ValueError(
            "prompts must be a mapping from a prompt to what a person wrote there, or from a name "
            f"to texts, got {prompts!r}"
        )
    if all(isinstance(text, str) for text in prompts.values()):
        return {}
    toys = {}
    for name, texts in prompts.items():
        try:
            tokens = [[token for token, _ in text] for text in texts]
            probs = torch.tensor([p for text in texts for _, p in text], dtype=torch.float64)
        except (TypeError, ValueError):
            raise ValueError(f"{name!r} must be a list of texts of (token, probability)")
        if not len(probs) or not ((probs > 0) & (probs <= 1)).all():
            raise ValueError(f"probabilities of {name!r} must be in (0, 1], and at least one")
        texts = ["".join(text) for text in tokens]
        toys[name] = [Round(distinct_n(tokens, 1), float(probs.log().mean()), texts)]
    if not toys.keys() - {HUMAN}:
        raise ValueError("prompts must have a name beside 'human'")
    return toys


def read_human(prompts: Mapping[str, str], model: Model | None = None) -> Round:
    """What people wrote, cut to the length of the others. model: the Storyteller by default."""
    model = model or storyteller.load()
    texts, logprobs = [], []
    for prompt, text in prompts.items():
        enough = text[: 2 * LENGTH * longest_token(model.tokenizer)]
        start, ids = model.encode(prompt), model.tokenizer.encode_ordinary(enough)[:LENGTH]
        if len(ids) < LENGTH:
            raise ValueError(
                f"what a person wrote after {prompt!r} must be at least {LENGTH} tokens, "
                f"got {len(ids)}"
            )
        if len(start) + LENGTH > model.context:
            raise ValueError(f"the prompt {prompt[:40]!r}… is too long, shorten it")
        logits = model.logits(start + ids, LENGTH + 1)[:-1]
        chosen = torch.tensor(ids)[:, None]
        logprobs += logits.log_softmax(dim=-1).gather(-1, chosen).flatten().tolist()
        texts.append(ids)
    shown = [model.tokenizer.decode(ids) for ids in texts]
    return Round(distinct_n(texts, 1), statistics.mean(logprobs), shown)


def written(model: Model, prompts: Sequence[str], process: Settings | Process, first: int) -> Round:
    """A set of texts, with the seeds from `first` on. An end-of-text is no token to compare."""
    texts, logprobs = [[] for _ in prompts], []
    seeds = range(first, first + len(prompts))
    for steps in generate_batch(model, prompts, process, LENGTH, seeds):
        for text, step in zip(texts, steps, strict=True):
            if step is not None:
                logprobs.append(step.logprob)
                if step.token not in model.ends:
                    text.append(step.token)
    diversity = distinct_n(texts, 1) if any(texts) else 0.0
    shown = [model.tokenizer.decode(text) for text in texts]
    return Round(diversity, statistics.mean(logprobs), shown)


def dot(name: str, rounds: list[Round]) -> Dot:
    family = name if name in (HUMAN, YOURS) else FAMILIES.get(name.split()[0], "other")
    numbers = [(each.diversity, each.logprob) for each in rounds]
    means = map(statistics.mean, zip(*numbers, strict=True))
    spread = tuple(map(statistics.stdev, zip(*numbers, strict=True))) if len(rounds) > 1 else None
    return Dot(name, family, *means, spread)


# Words


def reading(dot: Dot) -> str:
    diverse, likely = dot.said(2)
    return f"{dot.label}: diversity {diverse}, mean log-probability {likely}"


def summary(dots: dict[str, Dot], picked: str, texts: int) -> str:
    """The picture in one line."""
    parts = []
    if picked in dots:
        parts.append(f"{reading(dots[picked])}, over {texts} texts.")
    others = [dot for name, dot in dots.items() if name != HUMAN]
    if others:
        likely = max(others, key=lambda dot: dot.logprob)
        diverse = max(others, key=lambda dot: dot.diversity)
        parts.append(f"Likeliest: {likely.label}. Most diverse: {diverse.label}.")
    if others and HUMAN in dots:
        human = dots[HUMAN]
        nearest = min(others, key=lambda dot: distance(dot, human, others))
        likelier = sum(dot.logprob > human.logprob for dot in others)
        parts.append(
            f"{reading(human).capitalize()}; nearest to it: {nearest.label}. Likely is not good: "
            f"{likelier} of {len(others)} settings write likelier text than people do."
        )
    return " ".join(parts)


def distance(a: Dot, b: Dot, dots: Sequence[Dot]) -> float:
    """How far two dots are from each other, each way in parts of the spread of all dots."""

    def spread(values: Iterator[float]) -> float:
        values = list(values)
        return max(values) - min(values) or 1.0

    wide = spread(dot.diversity for dot in dots)
    high = spread(dot.logprob for dot in dots)
    return ((a.diversity - b.diversity) / wide) ** 2 + ((a.logprob - b.logprob) / high) ** 2


def code(settings: Settings | Process) -> str:
    """The lines that make the dot of these settings."""
    made = "process"
    if isinstance(settings, Settings):
        values = ", ".join(f"{name}={value:g}" for name, value in settings.changed().items())
        made = f"Settings({values})"
    return "\n".join(
        [
            "texts = [[] for _ in prompts]",
            f"for steps in generate_batch(model, prompts, {made}, {LENGTH}):",
            "    for text, step in zip(texts, steps):",
            "        if step is not None:  # the text has not ended",
            "            text.append(step)",
            "diversity = distinct_n([[step.token for step in text] for text in texts], 1)",
            "likelihood = mean(step.logprob for text in texts for step in text)",
        ]
    )


# Widgets


def make_controls(names: list[str], toy: bool, seed: int) -> dict[str, widgets.Widget]:
    controls = {
        # JupyterLab takes the arrow keys away from a dropdown.
        "setting": widgets.SelectionSlider(
            options=names, description="setting", style=LABEL, layout=WIDE
        ),
        "text": slider("text", 1, min=1, max=1, tooltip="which text is shown below"),
    }
    if toy:
        return controls
    return controls | {
        "more": button("More texts", f"write {MORE} more sets for every setting, for their spread"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    buttons = [controls[name] for name in ("more", "seed", "show_code") if name in controls]
    return [controls["setting"], controls["text"], *([row(*buttons)] if buttons else [])]
