"""The penalties explorer: which logits move, and by how much, as a text repeats itself."""

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import penalties
from course_utils.explore.controls import (
    OFF,
    SPOKEN,
    check_knob,
    check_knobs,
    choice,
    code_button,
    knob,
    prompt_box,
    run_knob,
    slider,
)
from course_utils.explore.given import (
    check_room,
    name_of,
    one_a_token,
    pair,
    reading_model,
    some_choice,
)
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent, signed, visible
from course_utils.explore.plots.penalties import Move, PenaltiesPicture
from course_utils.model.interface import Model
from course_utils.model.tokenizer import Names, check_length

TOP = 10  # tokens shown
PROMPT = "The king and the queen lived in a castle."
TEXT = " The king said to the queen, and the queen said to the king, and the king"
PENALTIES = ("repetition_penalty", "frequency_penalty", "presence_penalty", "no_repeat_ngram")
NEW_ONLY = ("frequency_penalty", "presence_penalty")  # as OpenAI's API and `Settings` have it
AS_APIS, ALWAYS, NEVER = COUNTED = ("as APIs do", "always", "never")


class Penalties(Panel):
    """The logits of the tokens seen so far, before and after; a cell shows it as its last value.

    source: a prompt, or a pair (tokens, logits) of your own.
    text: what was written after the prompt; for your own tokens, some of them with blanks between.
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    knobs: which sliders there are, of "repetition_penalty", "frequency_penalty",
        "presence_penalty" and "no_repeat_ngram"; the others are off.
    repetition_penalty: where it starts, in [1, 2]; frequency_penalty, presence_penalty: in
        [-2, 2]; no_repeat_ngram: from 0, which is off, to 4.
    function: your own f(logits, ids, value) -> logits for the one knob that is then given, drawn
        beside the course's; a fault in it becomes a message below the picture.
    Raises ValueError on a source, text, knob or number that it cannot show.
    """

    called = MappingProxyType({"prompt": "source"})

    def __init__(
        self,
        source: str | tuple[Sequence[str], Tensor] = PROMPT,
        text: str | None = None,
        *,
        model: Model | None = None,
        knobs: Sequence[str] = PENALTIES,
        repetition_penalty: float = 1.2,
        frequency_penalty: float = 0.0,
        presence_penalty: float = 0.0,
        no_repeat_ngram: int = 0,
        function: Callable[[Tensor, Tensor, float], Tensor] | None = None,
    ):
        numbers = (repetition_penalty, frequency_penalty, presence_penalty, no_repeat_ngram)
        start = dict(zip(PENALTIES, numbers, strict=True))
        for name, value in start.items():
            check_knob(name, value)
        self.knobs = check_knobs(knobs, PENALTIES)
        if function and len(self.knobs) > 1:
            raise ValueError(f"knobs must be the one that function is for, got {knobs!r}")
        self.source, self.writing = source, default_text(source) if text is None else text
        self.model = reading_model(model, source)
        self.read = read(self.source, self.writing, self.model)
        super().__init__(function)
        self.picture = PenaltiesPicture(min(len(self.read.tokens), TOP))
        prompt = source if isinstance(source, str) else None
        self.controls = make_controls(self.knobs, start, prompt, self.writing)
        self.show_all_of_the_text()
        self.connect()
        self.assemble(arrange(self.controls))

    def connect(self) -> None:
        self.watch_knobs(*self.knobs)
        self.redraw_on("length", "count_prompt", "show_code")
        self.controls["text"].observe(self.on_text, "value")
        if "prompt" in self.controls:
            self.controls["prompt"].observe(self.on_text, "value")

    # What the learner does

    def on_text(self, _) -> None:
        source = self.controls["prompt"].value if "prompt" in self.controls else self.source
        text = self.controls["text"].value
        still = "The picture still shows the text before."
        if new := self.taken("text", still, read, source, text, self.model):
            self.read, self.source, self.writing = new, source, text
            self.show_all_of_the_text()
            self.refresh()

    def show_all_of_the_text(self) -> None:
        """Set the slider that walks along the text to its end."""
        self.controls["length"].max = max(1, self.read.written)  # a slider needs some way to go
        self.controls["length"].value = self.read.written

    # What the explorer shows

    def state(self) -> "State":
        length = min(self.controls["length"].value, self.read.written)
        counted = self.controls["count_prompt"].value if "prompt" in self.controls else AS_APIS
        state = State(
            self.read.tokens,
            self.read.logits[length],
            self.read.ids[: self.read.prompt_length + length],
            self.read.prompt_length,
            {name: value for name, value in self.values().items() if value != OFF[name]},
            counted,
        )
        state.yours = self.ask_function(lambda: self.your_logits(state), self.why_not_called())
        return state

    def show(self) -> None:
        state = self.state()
        self.paint(state)
        self.text = summary(state)
        self.show_code(state.code())

    def draw(self, state: "State") -> Figure:
        """The picture of a state; always the same Figure, with its artists moved."""
        seen = "text + prompt" if state.prompt_length else "seen"
        measured = ", ".join(measures(state))
        return self.picture.draw(moves(state), heading(state), measured, seen, remarks(state))

    def now(self) -> dict[str, object]:
        return super().now() | {"source": self.source, "text": self.writing}

    def why_not_called(self) -> str:
        off = self.knobs == ("no_repeat_ngram",) and not self.values()["no_repeat_ngram"]
        return f"At 0 it is off: {name_of(self.function)} is not called." if off else ""

    def your_logits(self, state: "State") -> Tensor:
        """What the learner's function returns here. Raises Fault if it cannot be drawn from."""
        [(name, value)] = self.values().items()
        result = self.function(state.logits.clone(), state.history(name).clone(), value)
        return some_choice(one_a_token(result, state.tokens, "logit", "logits").float())


# What there is to look at


@dataclass(frozen=True)
class Read:
    """A prompt and the text after it. logits: (written + 1, vocab), for each length of the text."""

    tokens: Sequence[str]
    logits: Tensor
    ids: Tensor
    prompt_length: int

    @property
    def written(self) -> int:
        return len(self.ids) - self.prompt_length


def read(source: str | tuple[Sequence[str], Tensor], text: str, model: Model | None) -> Read:
    """ValueError if the source or the text cannot be shown."""
    return read_toy(source, text) if model is None else read_story(source, text, model)


def read_story(prompt: str, text: str, model: Model) -> Read:
    before = model.encode(prompt)
    check_length("text", text, model.context - 1, model.tokenizer)
    ids = [*before, *model.tokenizer.encode_ordinary(text)]
    if len(ids) > model.context:
        raise ValueError(
            f"prompt and text must be at most {model.context - 1} tokens together, "
            f"got {len(ids) - 1}. Shorten one"
        )
    written = len(ids) - len(before)
    check_room("text", written)
    logits = model.logits(ids, written + 1)
    tokens = Names(model.tokenizer, model.vocab_size)
    return Read(tokens, logits, torch.tensor(ids), len(before))


def read_toy(source: tuple[Sequence[str], Tensor], text: str) -> Read:
    tokens, logits = pair(source)
    places = {token.strip(): place for place, token in enumerate(tokens)}
    words = text.split()
    for word in words:
        if word not in places:
            raise ValueError(f"text must be of the words {', '.join(places)}, got {word!r}")
    ids = torch.tensor([places[word] for word in words], dtype=torch.int64)
    return Read(tokens, logits.expand(len(words) + 1, -1), ids, 0)


def default_text(source: str | tuple[Sequence[str], Tensor]) -> str:
    """A text with repeats: of your own tokens, the likeliest ones."""
    if isinstance(source, str):
        return TEXT
    tokens, logits = pair(source)
    best, *others = (tokens[i].strip() for i in logits.argsort(descending=True).tolist())
    return " ".join([best, best, *others[:1], best])


@dataclass
class State:
    """All that a picture shows.

    logits: (vocab,), the model's; ids: prompt and text; values: the penalties that are on;
    counted: whether they look at the prompt; yours: logits from the learner's function.
    """

    tokens: Sequence[str]
    logits: Tensor
    ids: Tensor
    prompt_length: int
    values: dict[str, float]
    counted: str
    yours: Tensor | None = None

    def looks_at_all(self, name: str) -> bool:
        return self.counted == ALWAYS or (self.counted == AS_APIS and name not in NEW_ONLY)

    def history(self, name: str) -> Tensor:
        """The ids that a penalty looks back at."""
        return self.ids if self.looks_at_all(name) else self.ids[self.prompt_length :]

    @functools.cached_property
    def after(self) -> Tensor:
        """The logits after the penalties, a banned token's at -inf."""
        logits = self.logits
        for name, value in self.values.items():
            logits = getattr(penalties, name)(logits, self.history(name), value)
        return logits

    @functools.cached_property
    def counts(self) -> tuple[Counter[int], Counter[int]]:
        """How often each token came in the text, and in the prompt."""
        parts = self.ids[self.prompt_length :], self.ids[: self.prompt_length]
        return tuple(Counter(part.tolist()) for part in parts)

    @functools.cached_property
    def order(self) -> list[int]:
        """Tokens for the picture, banned ones first, then by how far they moved.

        Those of a small vocabulary, or those of prompt and text.
        """
        few = len(self.tokens) <= TOP
        ids = torch.arange(len(self.tokens)) if few else self.ids.unique()
        new, old = self.counts
        distance = (self.after - self.logits).abs()
        # Equal but for rounding: then what came often goes first.
        keys = [
            (-round(float(distance[i]), 4), -new[i] - old[i], -float(self.logits[i]), i)
            for i in ids.tolist()
        ]
        return [i for *_, i in sorted(keys)]

    def code(self) -> str:
        """The Python lines for the present setting."""
        lines = [
            f"logits = {name}(logits, ids{'' if self.looks_at_all(name) else '[prompt_length:]'}, "
            f"{value:g})"
            for name, value in self.values.items()
        ]
        return "\n".join(lines) or "# Every penalty is off: the logits stay as they are."


# From a state to rows and words


def moves(state: State) -> list[Move]:
    chances = state.logits.softmax(dim=-1), state.after.softmax(dim=-1)

    def move(i: int) -> Move:
        new, old = (counts[i] for counts in state.counts)
        before, after = (percent(float(chance[i])) for chance in chances)
        return Move(
            visible(state.tokens[i]),
            f"{new} + {old}" if state.prompt_length else f"×{new}",
            float(state.logits[i]),
            float(state.after[i]),
            before if before == after else f"{before} → {after}",
            None if state.yours is None else float(state.yours[i]),
        )

    return [move(i) for i in state.order[:TOP]]


def heading(state: State) -> str:
    on = [f"{SPOKEN[name]} {signed(value, 'g')}" for name, value in state.values.items()]
    text = ", ".join(on) or "every penalty is off"
    return text[0].upper() + text[1:]


def measures(state: State) -> list[str]:
    """How many tokens moved, and whether another one is now the likeliest."""
    banned = int((state.after.isneginf() & ~state.logits.isneginf()).sum())
    moved = int((state.after != state.logits).sum())
    seen = len(state.ids.unique())
    parts = [f"{moved} of {seen} seen {'token' if seen == 1 else 'tokens'} moved"]
    parts += [f"{banned} of them banned"] if banned else []
    before, after = (x.softmax(dim=-1) for x in (state.logits, state.after))
    first, then = int(before.argmax()), int(after.argmax())
    best = f"likeliest: '{visible(state.tokens[first])}' {percent(float(before[first]))}"
    return [*parts, f"{best} → '{visible(state.tokens[then])}' {percent(float(after[then]))}"]


def remarks(state: State) -> list[str]:
    """What the picture cannot say by itself."""
    hidden = len(state.order) - TOP
    parts = ["repetition penalty: ÷ right of 0, × left of it"]
    parts = parts if "repetition_penalty" in state.values else []
    return [*parts, f"{hidden} more tokens seen"] if hidden > 0 else parts


def summary(state: State) -> str:
    """The picture in one line."""
    text = f"{heading(state)}: {', '.join(measures(state))}."
    finite = [i for i in state.order if state.after[i].isfinite()]
    if finite and state.after[finite[0]] != state.logits[finite[0]]:
        i = finite[0]
        text += (
            f" '{visible(state.tokens[i])}' moved furthest, "
            f"from {signed(float(state.logits[i]))} to {signed(float(state.after[i]))}."
        )
    return f"{text} {comparison(state)}".strip()


def comparison(state: State) -> str:
    if state.yours is None:
        return ""
    # The gap between two tokens cut alike is none, and between cut and kept it is the largest.
    gaps = (state.yours - state.after).abs().nan_to_num(nan=0.0, posinf=math.inf)
    worst = int(gaps.argmax())
    if gaps[worst] <= 1e-4:
        return "Your function agrees with the reference."
    return (
        f"Your function differs most at '{visible(state.tokens[worst])}': "
        f"yours {signed(float(state.yours[worst]), '.3f')}, "
        f"reference {signed(float(state.after[worst]), '.3f')}."
    )


# Widgets


def make_controls(
    knobs: Sequence[str], start: dict[str, float], prompt: str | None, text: str
) -> dict[str, widgets.Widget]:
    controls = {}
    if prompt is not None:
        controls["prompt"] = prompt_box(prompt)
        controls["count_prompt"] = choice("count the prompt", COUNTED)
    controls["text"] = prompt_box(text, "text")
    for name in knobs:
        value = start[name]
        controls[name] = run_knob(value) if name == "no_repeat_ngram" else knob(name, float(value))
    tip = "how much of the text is written"
    controls["length"] = slider("tokens so far", 0, min=0, max=1, tooltip=tip)
    return controls | {"show_code": code_button()}


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """The texts, then the sliders, then what is chosen more rarely."""
    sliders = [controls[name] for name in PENALTIES if name in controls]
    above = [controls[name] for name in ("prompt", "text") if name in controls]
    counted = [controls["count_prompt"]] if "count_prompt" in controls else []
    return [*above, controls["length"], *sliders, *counted, controls["show_code"]]
