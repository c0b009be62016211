"""The distribution explorer: how the knobs reshape the choice of the next token."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
    preset_box,
    prompt_box,
    row,
    seed_box,
)
from course_utils.explore.given import Fault, name_of, one_a_token, pair, reading_model, some_choice
from course_utils.explore.panel import Panel
from course_utils.explore.plots.distribution import Bar, DistributionPicture
from course_utils.explore.plots.style import percent, visible
from course_utils.generate import Settings
from course_utils.metrics import entropy
from course_utils.model.interface import Model
from course_utils.model.tokenizer import Names
from course_utils.sampling import sample

TOP = 12  # tokens shown one by one; the rest of a large vocabulary shares one bar
SLIDERS = ("temperature", "top_k", "top_p", "min_p")


@dataclass(frozen=True)
class State:
    """All that a picture shows. Every tensor has shape (vocab,).

    order: the tokens, likeliest first, which no knob changes; counts: how often each token was
    drawn; yours: probabilities from the learner's function.
    """

    tokens: Sequence[str]
    logits: Tensor
    order: Tensor
    settings: Settings
    counts: Tensor
    yours: Tensor | None = None

    @functools.cached_property
    def after(self) -> Tensor:
        """The logits once the settings have worked on them: tokens that they cut are at -inf."""
        return self.settings.process(self.logits, torch.tensor([], dtype=torch.int64))

    @functools.cached_property
    def probs(self) -> Tensor:
        """The probabilities that a token is drawn with."""
        return self.after.softmax(dim=-1)

    @functools.cached_property
    def measures(self) -> list[str]:
        """How open the choice is and what is left of the vocabulary, in words."""
        kept = ~self.after.isneginf()
        mass = float(self.logits.softmax(dim=-1)[kept].sum())
        bits = float(entropy(self.after))
        return [
            f"entropy {bits:.2f} bits, like {2**bits:,.1f} equal choices",
            f"{int(kept.sum()):,} of {len(kept):,} tokens kept, "
            f"{percent(round(mass, 5))} of the mass",
        ]


class Distribution(Panel):
    """Bars of the next-token probabilities, under sliders; a cell shows it as its last value.

    source: a prompt, or a pair (tokens, logits) of your own.
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    knobs: which sliders there are, of "temperature", "top_k", "top_p" and "min_p".
    temperature: where it starts, from 0 (greedy) to 3.
    function: your own f(logits, *knobs) -> probabilities, drawn beside the course's; a fault in it
        becomes a message below the picture.
    strategy: the same for your own f(logits, *knobs) -> logits.
    seed: what the draws start from.
    Raises ValueError on a source, knob or number that it cannot show.
    """

    def __init__(
        self,
        source: str | tuple[Sequence[str], Tensor] = "Once upon a time",
        *,
        model: Model | None = None,
        knobs: Sequence[str] = ("temperature",),
        temperature: float = 1.0,
        function: Callable[..., Tensor] | None = None,
        strategy: Callable[..., Tensor] | None = None,
        seed: int = 0,
    ):
        check_knob("temperature", temperature)
        check_seed(seed)
        self.knobs = tuple(knobs)
        if not self.knobs or not set(self.knobs) <= set(SLIDERS):
            names = ", ".join(map(repr, SLIDERS))
            raise ValueError(f"knobs must be of {names}, got {knobs!r}")
        if function and strategy:
            raise ValueError("give either function, which returns probabilities, or strategy")
        self.model = model
        tokens, logits = read(source, model)
        super().__init__(function or strategy)
        self.gives_logits = strategy is not None
        self.fixed_temperature = float(temperature)
        self.tokens, self.logits, self.order = tokens, logits, ranking(logits)
        self.prompt = source if isinstance(source, str) else None
        self.picture = DistributionPicture(min(len(self.tokens), TOP) + (len(self.tokens) > TOP))
        self.controls = make_controls(self.knobs, self.prompt, temperature, seed)
        self.forget_draws()
        self.connect()
        self.assemble(arrange(self.controls))

    def connect(self) -> None:
        self.watch_knobs(*self.knobs)
        self.controls["seed"].observe(lambda _: self.move(), "value")
        self.redraw_on("show_code")
        self.controls["sample_1"].on_click(lambda _: self.add_draws(1))
        self.controls["sample_100"].on_click(lambda _: self.add_draws(100))
        if self.prompt is not None:
            self.controls["prompt"].observe(self.on_prompt, "value")

    # What the learner does

    def move(self) -> None:
        self.forget_draws()
        self.refresh()

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.prompt}'."
        if new := self.taken("prompt", still, read, change["new"], self.model):
            (self.tokens, self.logits), self.prompt = new, change["new"]
            self.order = ranking(self.logits)
            self.move()

    def add_draws(self, number: int) -> None:
        """Draw more tokens at the present setting: they add up until something else changes."""
        drawn = sample(self.state().after.expand(number, -1), self.generator)
        self.counts = self.counts + torch.bincount(drawn, minlength=len(self.counts))
        self.refresh()

    def forget_draws(self) -> None:
        self.generator = torch.Generator().manual_seed(self.controls["seed"].value)
        self.counts = torch.zeros(len(self.tokens), dtype=torch.int64)

    # What the explorer shows

    def settings(self) -> Settings:
        values = {"temperature": self.fixed_temperature} | self.values()
        if "top_k" in values:
            values["top_k"] = int(values["top_k"]) or None
        return Settings(**values)

    def state(self, yours: Tensor | None = None) -> State:
        return State(self.tokens, self.logits, self.order, self.settings(), self.counts, yours)

    def show(self) -> None:
        state = self.state(self.ask_function(self.your_probs, self.why_not_called()))
        self.paint(state)
        self.text = summary(state, self.knobs)
        self.show_code(state.settings.code())

    def draw(self, state: State) -> Figure:
        """The picture of a state; always the same Figure, with its artists moved."""
        title = heading(state.settings, self.knobs)
        return self.picture.draw(bars(state), title, "  ·  ".join(state.measures))

    def why_not_called(self) -> str:
        if self.settings().temperature:
            return ""
        return (
            f"At temperature 0 the choice is greedy: {name_of(self.function)} is not called, "
            "because it would divide by zero."
        )

    def your_probs(self) -> Tensor:
        """What the learner's function returns here, as probabilities. Raises Fault."""
        settings = self.settings()
        values = [getattr(settings, name) for name in self.knobs]
        result = self.function(self.logits_for_function(), *values)
        return checked(choice_from(result) if self.gives_logits else result, self.tokens)

    def logits_for_function(self) -> Tensor:
        """A copy of the logits: at the temperature, if the function is not the one to apply it."""
        if "temperature" in self.knobs:
            return self.logits.clone()
        return Settings(self.fixed_temperature).truncate(self.logits.clone())


def read(
    source: str | tuple[Sequence[str], Tensor], model: Model | None = None
) -> tuple[Sequence[str], Tensor]:
    """Tokens and logits of a source. ValueError if they cannot be shown."""
    model = reading_model(model, source)
    if model is None:
        return pair(source)
    return Names(model.tokenizer, model.vocab_size), model.next_logits(source)


def ranking(logits: Tensor) -> Tensor:
    """The tokens, likeliest first; of equals, the lowest id first."""
    return logits.argsort(descending=True, stable=True)


# From a state to bars and words


def bars(state: State) -> list[Bar]:
    """The most likely tokens in the model's own order, which no temperature changes."""
    before = state.logits.softmax(dim=-1)
    kept = ~state.after.isneginf()
    drew = int(state.counts.sum()) > 0

    def bar(label: str, ids: Tensor | int) -> Bar:
        return Bar(
            label,
            float(before[ids].sum()),
            float(state.probs[ids].sum()),
            bool(kept[ids].any()),
            int(state.counts[ids].sum()) if drew else None,
            None if state.yours is None else float(state.yours[ids].sum()),
        )

    result, running = [], 0.0
    for rank, i in enumerate(state.order[:TOP].tolist(), 1):
        one = bar(visible(state.tokens[i]), i)
        running += one.after
        says = (
            f"'{one.label}', rank {rank}, logit {signed(float(state.logits[i]))}\n"
            f"before {exact(one.before)}, now {exact(one.after)}{'' if one.kept else ' (cut)'}\n"
            f"with all above it {exact(min(running, 1.0))}"
        )
        result.append(replace(one, says=says, key=str(i)))
    rest = state.order[TOP:]
    if not len(rest):
        return result
    others = bar(f"{len(rest):,} others", rest)
    says = f"{others.label}\nbefore {exact(others.before)}, now {exact(others.after)}"
    return [*result, replace(others, says=says, key="others")]


def exact(share: float) -> str:
    """A probability with more digits than there is room for in a picture."""
    return f"{share:.3%}" if share >= 0.001 or not share else f"{share:.2g}"


def signed(number: float) -> str:
    """With the minus sign that is as wide as a plus."""
    return f"{number:.2f}".replace("-", "−")


def heading(settings: Settings, knobs: Sequence[str]) -> str:
    fixed = settings.temperature != 1 and "temperature" not in knobs
    names = ["temperature", *knobs] if fixed else knobs
    text = ", ".join(f"{name} {reading(getattr(settings, name))}" for name in names)
    return text[0].upper() + text[1:] + (" (greedy)" if settings.temperature == 0 else "")


def reading(value: float | int | None) -> str:
    if value is None:
        return "off"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def summary(state: State, knobs: Sequence[str]) -> str:
    """The picture in one line."""
    best = int(state.probs.argmax())
    text = (
        f"{heading(state.settings, knobs)}: the most likely next token is "
        f"'{visible(state.tokens[best])}' at {percent(float(state.probs[best]))}; "
        f"{'; '.join(state.measures)}."
    )
    return " ".join(filter(None, [text, draws(state), comparison(state)]))


def draws(state: State) -> str:
    total = int(state.counts.sum())
    if not total:
        return ""
    often = [i for i in state.counts.argsort(descending=True, stable=True)[:3].tolist()]
    parts = [
        f"'{visible(state.tokens[i])}' {int(state.counts[i]):,}" for i in often if state.counts[i]
    ]
    rest = total - int(state.counts[often].sum())
    parts += [f"other tokens {rest:,}"] if rest else []
    return f"{total:,} {'draw' if total == 1 else 'draws'}: {', '.join(parts)}."


def comparison(state: State) -> str:
    if state.yours is None:
        return ""
    worst = int((state.yours - state.probs).abs().argmax())
    yours, reference = float(state.yours[worst]), float(state.probs[worst])
    if abs(yours - reference) <= 1e-4:
        return "Your function agrees with the reference."
    return (
        f"Your function differs most at '{visible(state.tokens[worst])}': "
        f"yours {yours:.3f}, reference {reference:.3f}."
    )


# A learner's function


def choice_from(result: object) -> object:
    """The softmax of logits. Raises Fault if no token is left; what is no tensor stays as it is."""
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return result
    return (some_choice(result) if result.numel() else result).softmax(dim=-1)


def checked(result: object, tokens: Sequence[str]) -> Tensor:
    """The result as probabilities (vocab,). Raises Fault if it is no distribution."""
    probs = one_a_token(result, tokens, "probability", "probabilities")
    total = float(probs.sum())
    if (probs < 0).any():
        bad = int(probs.argmin())
        raise Fault(f"returned {probs[bad]:.3g} at '{visible(tokens[bad])}', expected 0 or more.")
    if not abs(total - 1) <= 1e-3:
        raise Fault(f"returned numbers that add up to {total:.4g}, expected 1.")
    return probs


# Widgets


def make_controls(
    knobs: Sequence[str], prompt: str | None, temperature: float, seed: int
) -> dict[str, widgets.Widget]:
    controls = {} if prompt is None else {"prompt": prompt_box(prompt)}
    for name in knobs:
        controls[name] = knob(name, float(temperature) if name == "temperature" else None)
    return controls | {
        "preset": preset_box(),
        "sample_1": button("Sample 1", "draw one token"),
        "sample_100": button("Sample 100", "draw a hundred tokens"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """Prompt, presets, sliders, then the buttons."""
    above = [controls["prompt"]] if "prompt" in controls else []
    sliders = [controls[name] for name in SLIDERS if name in controls]
    buttons = [controls[name] for name in ("sample_1", "sample_100", "seed", "show_code")]
    return [*above, controls["preset"], *sliders, row(*buttons)]
