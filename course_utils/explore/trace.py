"""The probability trace explorer: how likely each token is in texts by people and by methods."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure

from course_utils.beam import beam_search
from course_utils.checks import check_number, check_seed
from course_utils.explore.controls import (
    check_knob,
    check_up_to,
    code_button,
    knob,
    preset_box,
    prompt_box,
    row,
    seed_box,
    slider,
    text_box,
)
from course_utils.explore.given import complaint, reading_model
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent, printable, signed
from course_utils.explore.plots.trace import SURE, Strip, TracePicture
from course_utils.generate import Process, Settings, generate
from course_utils.model.interface import Model
from course_utils.model.tokenizer import check_length

# From "Among the Forest People" by Clara Dillingham Pierson, 1898. The Storyteller has not read it.
PROMPT = "The very next morning the Forest People awakened to find"
HUMAN = (
    " a silvery frost on the grass and feel the still air stirred by the soft dropping of damp "
    "red, brown, and yellow leaves from the trees. Over the river and all the lowland near it hung "
    "a heavy veil of white mist."
)
LONGEST = 80
MOST_BEAMS = 6
PART = 10  # new tokens between two pictures
Toys = Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class Trace:
    """A text after the prompt. probs: of each token, by the model before any strategy."""

    prompt: str
    detail: str
    text: str
    probs: list[float]


class ProbabilityTrace(Panel):
    """How likely each token was to the model, in a human text and in greedy, beam and drawn ones.

    prompt: what all of them continue; or toys, which need no model: a mapping from a name to a list
        of (token, probability).
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    human: what a person wrote there, at most 80 tokens.
    temperature, top_p, seed: of the drawn text; beams: at most 6; length: new tokens, at most 80.
    process: your own f(logits, ids) -> logits; its text, drawn with the same seed, is shown too.
    Raises ValueError on a text or number that it cannot show.
    """

    def __init__(
        self,
        prompt: str | Toys = PROMPT,
        human: str = HUMAN,
        *,
        model: Model | None = None,
        temperature: float = 1.0,
        top_p: float = 0.95,
        beams: int = 4,
        length: int = 60,
        seed: int = 0,
        process: Process | None = None,
    ):
        check_knob("temperature", temperature)
        check_knob("top_p", top_p)
        check_seed(seed)
        check_up_to("beams", beams, MOST_BEAMS)
        check_up_to("length", length, LONGEST)
        toys = None if isinstance(prompt, str) else read_toys(prompt)
        self.model = reading_model(model, prompt)
        if toys is None:
            fitting(self.model, prompt, human)
        elif process:
            raise ValueError("process needs a prompt, which toys are not")
        super().__init__(process)
        self.prompt, self.human = ("", "") if toys else (prompt, human)
        self.traces: dict[str, Trace] = toys or {}
        self.made: dict[str, tuple] = {}  # what each finished text was made from
        self.texts = text_box("texts")
        written = ["human", "greedy", "beam", "sampled", *(["yours"] if process else [])]
        self.names = list(toys or written)
        self.picture = TracePicture(len(self.names))
        if toys:
            self.assemble([], below=[self.texts])
        else:
            self.controls = make_controls(prompt, human, temperature, top_p, beams, length, seed)
            self.connect()
            self.assemble(arrange(self.controls), [self.texts], self.write())

    def connect(self) -> None:
        self.watch_knobs("temperature", "top_p")
        for name in ("beams", "length", "seed"):
            self.controls[name].observe(lambda _: self.move(), "value")
        for name in ("prompt", "human"):
            self.controls[name].observe(self.on_text, "value")
        self.redraw_on("show_code")

    # What the learner does

    def move(self) -> None:
        self.start_job(self.write())

    def on_text(self, _) -> None:
        prompt, human = self.controls["prompt"].value, self.controls["human"].value
        still = "The picture still shows the texts before."
        if texts := self.taken("text", still, fitting, self.model, prompt, human):
            self.prompt, self.human = texts
            self.move()

    # The texts

    def now(self) -> dict[str, object]:
        return super().now() | ({"prompt": self.prompt, "human": self.human} if self.prompt else {})

    def settings(self) -> Settings:
        return Settings(**self.values())

    def asked(self) -> dict[str, tuple]:
        """All that each text depends on, after the prompt: where the controls stand."""
        length, seed, beams = (self.controls[name].value for name in ("length", "seed", "beams"))
        return {
            "human": (self.prompt, self.human),
            "greedy": (self.prompt, Settings(temperature=0), length, 0),
            "beam": (self.prompt, beams, length),
            "sampled": (self.prompt, self.settings(), length, seed),
            "yours": (self.prompt, self.function, length, seed),
        }

    def write(self) -> Iterator[float]:
        """Write the texts whose settings have changed; yields the share that is done."""
        asked = self.asked()
        late = [name for name in self.names if self.made.get(name) != asked[name]]
        for i, name in enumerate(late):
            detail, parts = detail_of(name, asked[name]), text_parts(self.model, name, *asked[name])
            try:
                for share, ids in parts:
                    self.traces[name] = traced(self.model, asked[name][0], ids, detail)
                    yield (i + share) / len(late)
            except Exception as error:
                if name != "yours":
                    raise
                self.traces.pop(name, None)
                self.notes["function"] = complaint(self.function, error)
            else:
                self.made[name] = asked[name]
                if name == "yours":
                    self.notes.pop("function", None)

    # What the explorer shows

    def show(self) -> None:
        traces = {name: self.traces.get(name, Trace("", "no text", "", [])) for name in self.names}
        self.paint(traces)
        self.text = summary(traces)
        self.texts.value = below(traces)
        if self.controls:
            self.show_code(code(self.settings(), self.asked()))

    def draw(self, traces: dict[str, Trace]) -> Figure:
        """The picture of these texts; always the same Figure, with its artists moved."""
        strips = [
            Strip(name, trace.detail, trace.probs, numbers(trace.probs))
            for name, trace in traces.items()
        ]
        return self.picture.draw(strips, "How likely each token was to the model")


def read_toys(toys: Toys) -> dict[str, Trace]:
    """Traces made by hand. ValueError if they are none."""
    if not isinstance(toys, Mapping) or not toys:
        raise ValueError(
            "prompt must be a text, or a mapping from a name to a list of (token, probability), "
            f"got {type(toys).__name__}"
        )
    traces = {}
    for name, pairs in toys.items():
        try:
            tokens, probs = zip(*pairs, strict=True)
        except (TypeError, ValueError):
            raise ValueError(f"{name!r} must be a list of (token, probability), got {pairs!r}")
        for p in probs:
            hint = "A token that is there is possible"
            check_number(f"a probability of {name!r}", p, 0, 1, hint, above=True)
        traces[name] = Trace("", "", "".join(tokens), list(probs))
    return traces


def fitting(model: Model, prompt: str, human: str) -> tuple[str, str]:
    """Both; ValueError unless they fit into the context."""
    ids, room = model.encode(prompt), model.context - LONGEST
    if len(ids) > room:
        raise ValueError(f"prompt must be at most {room - 1} tokens, got {len(ids) - 1}")
    count = len(human_ids(model, prompt, human))
    if not 1 <= count <= LONGEST:
        raise ValueError(f"human text must be 1 to {LONGEST} tokens, got {count}")
    return prompt, human


def human_ids(model: Model, prompt: str, human: str) -> list[int]:
    """The tokens of a continuation; a word is set apart from the prompt's last one."""
    space = " " if human[:1].isalnum() and not prompt[-1:].isspace() else ""
    check_length("human text", human, LONGEST, model.tokenizer)
    return model.tokenizer.encode_ordinary(space + human)


def text_parts(model: Model, name: str, prompt: str, *how) -> Iterator[tuple[float, list[int]]]:
    """The new ids of a text as it grows, with the share of it that is done."""
    if name == "human":
        yield 1.0, human_ids(model, prompt, *how)
    elif name == "beam":
        beams, length = how
        search = beam_search(model, prompt, num_beams=beams, max_new_tokens=length)
        yield 1.0, search.hypotheses[0].tokens
    else:
        process, length, seed = how
        ids = []
        for step in generate(model, prompt, process, length, seed):
            ids.append(step.token)
            if not len(ids) % PART and len(ids) < length:
                yield len(ids) / length, ids
        yield 1.0, ids


def traced(model: Model, prompt: str, ids: list[int], detail: str) -> Trace:
    """The probability of each of these tokens after the prompt, by the model as it is."""
    start = model.encode(prompt)
    logits = model.logits(start + ids, len(ids) + 1)[:-1]
    probs = logits.softmax(dim=-1).gather(-1, torch.tensor(ids)[:, None]).flatten()
    shown = [i for i in ids if i not in model.ends]
    return Trace(prompt, detail, model.tokenizer.decode(shown), probs.tolist())


# Words


def detail_of(name: str, asked: tuple) -> str:
    if name == "beam":
        return f"{asked[1]} beams" if asked[1] > 1 else "1 beam"
    if name == "sampled":
        return f"T {asked[1].temperature:g}, top-p {asked[1].top_p:g}"
    return {
        "human": "as it was written",
        "greedy": "likeliest each time",
        "yours": "your function",
    }[name]


def numbers(probs: list[float]) -> list[str]:
    if not probs:
        return []
    first, second = halves(probs)
    return [
        f"mean log p {signed(mean_logprob(probs))}",
        f"p > {SURE}: {percent(sure(probs))}",
        f"mean p {first:.2f} → {second:.2f}",
    ]


def mean_logprob(probs: list[float]) -> float:
    return sum(map(math.log, probs)) / len(probs)


def sure(probs: list[float]) -> float:
    return sum(p > SURE for p in probs) / len(probs)


def halves(probs: list[float]) -> tuple[float, float]:
    """The mean probability in the first half of a text and in the second."""
    middle = (len(probs) + 1) // 2
    parts = probs[:middle], probs[len(probs) // 2 :]
    return tuple(sum(part) / len(part) for part in parts)


def summary(traces: dict[str, Trace]) -> str:
    """The picture in one line."""
    parts = []
    for name, trace in traces.items():
        if not trace.probs:
            parts.append(f"{name}: no text")
            continue
        first, second = halves(trace.probs)
        parts.append(
            f"{name} {signed(mean_logprob(trace.probs))}, {percent(sure(trace.probs))}, "
            f"{first:.2f} → {second:.2f}"
        )
    return (
        f"Mean log-probability a token, share of tokens above {SURE}, and mean probability from "
        f"the first half of the text to the second: {'; '.join(parts)}."
    )


def below(traces: dict[str, Trace]) -> str:
    """The texts, as HTML. They stay text, whatever a token says."""
    lines = []
    for name, trace in traces.items():
        said, prompt, text = (escape(printable(part)) for part in (name, trace.prompt, trace.text))
        lines.append(f"<b>{said}</b>: <i>{prompt}</i>{text}")
    look = "line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere"
    return "".join(f'<p style="{look}; margin: 0.4em 0">{line}</p>' for line in lines)


def code(settings: Settings, asked: dict[str, tuple]) -> str:
    """The lines that write these texts."""
    _, beams, length = asked["beam"]
    seed = asked["sampled"][-1]
    lines = [
        f"greedy = generate(model, prompt, Settings(temperature=0), {length})",
        f"beam = beam_search(model, prompt, num_beams={beams}, max_new_tokens={length})",
        f"sampled = generate(model, prompt, Settings(temperature={settings.temperature:g}, "
        f"top_p={settings.top_p:g}), {length}, seed={seed})",
        "probs = [math.exp(step.logprob) for step in sampled]",
    ]
    return "\n".join(lines)


# Widgets


def make_controls(
    prompt: str,
    human: str,
    temperature: float,
    top_p: float,
    beams: int,
    length: int,
    seed: int,
) -> dict[str, widgets.Widget]:
    controls = {
        "prompt": prompt_box(prompt),
        "human": prompt_box(human, "human text"),
        "temperature": knob("temperature", float(temperature)),
        "top_p": knob("top_p", float(top_p)),
        "beams": slider("beams", beams, min=1, max=MOST_BEAMS, tooltip="of beam search"),
        "length": slider("length", length, min=1, max=LONGEST, tooltip="new tokens a text"),
        **preset_box(("temperature", "top_p")),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }
    for name in ("temperature", "top_p", "beams", "length"):
        controls[name].continuous_update = False  # each new value is a new text
    return controls


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    return [
        controls["prompt"],
        controls["human"],
        controls["preset"],
        controls["temperature"],
        row(controls["top_p"], controls["seed"]),
        controls["beams"],
        row(controls["length"], controls["show_code"]),
    ]
