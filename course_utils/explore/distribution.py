"""The distribution explorer: how the knobs reshape the choice of the next token."""

import base64
import functools
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import storyteller
from course_utils.explore.plots import Bar, DistributionPicture, percent, visible
from course_utils.generate import Settings
from course_utils.metrics import effective_choices, entropy
from course_utils.sampling import check_count, check_number, finite_rows, sample

TOP = 12  # tokens shown one by one; the rest of a large vocabulary shares one bar
HOTTEST = 3.0
OWN = "your own"
PRESETS = {
    "deterministic": {"temperature": 0.0, "top_p": 1.0},
    "chat": {"temperature": 0.7, "top_p": 1.0},
    "creative": {"temperature": 1.0, "top_p": 0.95, "frequency_penalty": 0.2},
    "code": {"temperature": 0.2, "top_p": 0.95},
}
NEUTRAL = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "frequency_penalty": 0.0}


@dataclass(frozen=True)
class State:
    """All that a picture shows. Every tensor has shape (vocab,).

    counts: how often each token was drawn. yours: probabilities from the learner's function.
    """

    tokens: Sequence[str]
    logits: Tensor
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
        return [
            f"entropy {float(entropy(self.after)):.2f} bits, "
            f"like {float(effective_choices(self.after)):,.1f} equal choices",
            f"{int(kept.sum()):,} of {len(kept):,} tokens kept, "
            f"{percent(round(mass, 5))} of the mass",
        ]


class Distribution(widgets.VBox):
    """Bars of the next-token probabilities, under sliders; a cell shows it as its last value.

    source: a prompt for the Storyteller, or a pair (tokens, logits) of your own.
    knobs: which sliders there are, of "temperature", "top_k" and "top_p".
    temperature: where it starts, from 0 (greedy) to 3.
    function: your own f(logits, *knobs) -> probabilities, drawn beside the course's; a fault in it
        becomes a message below the picture.
    seed: what the draws start from.
    Raises ValueError on a source, knob or number that it cannot show.
    """

    def __init__(
        self,
        source: str | tuple[Sequence[str], Tensor] = "Once upon a time",
        *,
        knobs: Sequence[str] = ("temperature",),
        temperature: float = 1.0,
        function: Callable[..., Tensor] | None = None,
        seed: int = 0,
    ):
        check_number("temperature", temperature, 0, HOTTEST, "Use 0 for greedy")
        check_count("seed", seed, least=0)
        self.knobs = tuple(knobs)
        if not self.knobs or not set(self.knobs) <= {"temperature", "top_k", "top_p"}:
            raise ValueError(f"knobs must be of 'temperature', 'top_k', 'top_p', got {knobs!r}")
        self.function = function
        self.fixed_temperature = temperature
        self.tokens, self.logits = read(source)
        self.prompt = source if isinstance(source, str) else None
        self.notes: dict[str, str] = {}
        self.picture = DistributionPicture(min(len(self.tokens), TOP) + (len(self.tokens) > TOP))
        self.drawing = threading.Lock()
        self.stale = False
        self.applying = False
        self.controls = make_controls(self.knobs, self.prompt, temperature, seed)
        self.image = widgets.Image(
            format="png", layout=widgets.Layout(width="700px", max_width="100%", height="auto")
        )
        self.summary, self.message, self.code = (
            text_box(name) for name in ("summary", "message", "code")
        )
        self.forget_draws()
        self.connect()
        self.refresh()
        super().__init__(
            [*arrange(self.controls), self.image, self.summary, self.message, self.code],
            layout=widgets.Layout(width="100%", max_width="720px"),
        )

    def connect(self) -> None:
        for name in self.knobs:
            self.controls[name].observe(self.on_knob, "value")
        self.controls["preset"].observe(self.on_preset, "value")
        self.controls["seed"].observe(self.on_seed, "value")
        self.controls["show_code"].observe(self.refresh, "value")
        self.controls["sample_1"].on_click(lambda _: self.add_draws(1))
        self.controls["sample_100"].on_click(lambda _: self.add_draws(100))
        if self.prompt is not None:
            self.controls["prompt"].observe(self.on_prompt, "value")

    # What the learner does

    def on_knob(self, _) -> None:
        if self.applying:
            return
        # Two presets may look the same on these sliders: the one that was chosen stays.
        chosen = self.controls["preset"].value
        if chosen == OWN or self.shown(chosen) != self.values():
            self.controls["preset"].value = OWN
            self.notes.pop("preset", None)
        self.forget_draws()
        self.refresh()

    def on_preset(self, change) -> None:
        name = change["new"]
        if name == OWN:
            return
        self.notes["preset"] = what_is_missing(name, self.knobs)
        self.applying = True  # one picture, after the last slider has moved
        for knob, value in self.shown(name).items():
            self.controls[knob].value = value
        self.applying = False
        self.forget_draws()
        self.refresh()

    def on_prompt(self, change) -> None:
        try:
            self.tokens, self.logits = read(change["new"])
        except ValueError as error:
            self.notes["prompt"] = f"{error}. The picture still shows '{self.prompt}'."
        else:
            self.prompt = change["new"]
            self.notes.pop("prompt", None)
            self.forget_draws()
        self.refresh()

    def on_seed(self, _) -> None:
        self.forget_draws()
        self.refresh()

    def add_draws(self, number: int) -> None:
        """Draw more tokens at the present setting: they add up until something else changes."""
        drawn = sample(self.state().after.expand(number, -1), self.generator)
        self.counts = self.counts + torch.bincount(drawn, minlength=len(self.counts))
        self.refresh()

    def forget_draws(self) -> None:
        self.generator = torch.Generator().manual_seed(self.controls["seed"].value)
        self.counts = torch.zeros(len(self.tokens), dtype=torch.int64)

    # What the explorer shows

    def values(self) -> dict[str, float]:
        """Where the sliders stand. The front end may send 0.7000000000000001 for 0.7."""
        return {name: round(self.controls[name].value, 2) for name in self.knobs}

    def shown(self, preset: str) -> dict[str, float]:
        """The part of a preset that has a slider here."""
        return {name: PRESETS[preset].get(name, NEUTRAL[name]) for name in self.knobs}

    def settings(self) -> Settings:
        values = {"temperature": self.fixed_temperature} | self.values()
        if "top_k" in values:
            values["top_k"] = int(values["top_k"]) or None
        return Settings(**values)

    def state(self, yours: Tensor | None = None) -> State:
        return State(self.tokens, self.logits, self.settings(), self.counts, yours)

    def refresh(self, _=None) -> None:
        """Bring picture and text up to date.

        Events may come in several threads. One of them draws, and draws again if something moved
        meanwhile; the others leave at once. So events never queue up, and the last value wins.
        """
        self.stale = True
        while self.stale and self.drawing.acquire(blocking=False):
            try:
                self.stale = False
                self.show()
            finally:
                self.drawing.release()

    def show(self) -> None:
        yours, self.notes["function"] = self.ask_function()
        state = self.state(yours)
        self.draw(state)
        self.image.value = self.picture.png()
        self.text = summary(state, self.knobs)
        self.summary.value = status(self.text)
        set_text(self.message, " ".join(filter(None, self.notes.values())))
        shown = self.controls["show_code"].value
        self.controls["show_code"].description = "Hide the code" if shown else "Show the code"
        self.code.value = f"<pre>{escape(state.settings.code())}</pre>" if shown else ""
        self.code.layout.display = None if shown else "none"

    def draw(self, state: State) -> Figure:
        """The picture of a state; always the same Figure, with its artists moved."""
        title = heading(state.settings, self.knobs)
        return self.picture.draw(bars(state), title, "  ·  ".join(state.measures))

    def ask_function(self) -> tuple[Tensor | None, str]:
        """What the learner's function returns here, or None and what is wrong with it."""
        if self.function is None:
            return None, ""
        values = [value or None for value in self.values().values()]
        if self.settings().temperature == 0:
            return None, (
                f"At temperature 0 the choice is greedy: {name_of(self.function)} is not called, "
                "because it would divide by zero."
            )
        try:
            result = self.function(self.logits.clone(), *values)
            return checked(result, self.tokens), ""
        except Fault as fault:
            line = first_line(self.function)
            where = f" (it starts in line {line} of its cell)" if line else ""
            return None, f"{name_of(self.function)}{where} {fault}"
        except Exception as error:
            return None, complaint(self.function, error)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs) -> dict:
        """The live panel, and for a page without a kernel its last picture and text."""
        still = base64.b64encode(self.image.value).decode("ascii")
        bundle = super()._repr_mimebundle_(**kwargs)
        return bundle | {"image/png": still, "text/plain": self.text}


class Fault(ValueError):
    """What a learner's function returned is not a distribution."""


def read(source: str | tuple[Sequence[str], Tensor]) -> tuple[Sequence[str], Tensor]:
    """Tokens and logits of a source. ValueError if they cannot be shown."""
    if isinstance(source, str):
        model = storyteller.load()
        logits = model.next_logits(source)
        names = (model.tokenizer.decode_single_token_bytes(i) for i in range(len(logits)))
        return [name.decode("utf-8", "backslashreplace") for name in names], logits
    try:
        tokens, logits = source
    except (TypeError, ValueError):
        raise ValueError(f"source must be a prompt or a pair (tokens, logits), got {source!r}")
    logits = finite_rows(logits).clone()
    if logits.shape != (len(tokens),):
        raise ValueError(
            f"logits must be one number a token, shape ({len(tokens)},), got {tuple(logits.shape)}"
        )
    return tokens, logits


# From a state to bars and words


def bars(state: State) -> list[Bar]:
    """The most likely tokens in the model's own order, which no temperature changes."""
    before = state.logits.softmax(dim=-1)
    kept = ~state.after.isneginf()
    drew = int(state.counts.sum()) > 0
    order = state.logits.argsort(descending=True, stable=True)

    def bar(label: str, ids: Tensor) -> Bar:
        return Bar(
            label,
            float(before[ids].sum()),
            float(state.probs[ids].sum()),
            bool(kept[ids].any()),
            int(state.counts[ids].sum()) if drew else None,
            None if state.yours is None else float(state.yours[ids].sum()),
        )

    result = [bar(visible(state.tokens[int(i)]), i) for i in order[:TOP]]
    rest = order[TOP:]
    return [*result, bar(f"{len(rest):,} others", rest)] if len(rest) else result


def heading(settings: Settings, knobs: Sequence[str]) -> str:
    text = ", ".join(f"{name} {reading(getattr(settings, name))}" for name in knobs)
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


def what_is_missing(preset: str, knobs: Sequence[str]) -> str:
    """A note on what a preset also sets, if this explorer has no knob for it."""
    parts = [
        f"{name} {value:g}"
        for name, value in PRESETS[preset].items()
        if name not in knobs and value != NEUTRAL[name]
    ]
    return (
        f"The preset '{preset}' also sets {' and '.join(parts)}, not shown here." if parts else ""
    )


# A learner's function


def checked(result: object, tokens: Sequence[str]) -> Tensor:
    """The result as probabilities (vocab,). Raises Fault if it is no distribution."""
    if result is None:
        raise Fault("returned nothing: does it end with a return?")
    try:
        probs = torch.as_tensor(result).detach().double().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise Fault(f"returned a {type(result).__name__}, expected a tensor of probabilities.")
    if probs.shape != (len(tokens),):
        raise Fault(
            f"returned shape {tuple(probs.shape)}, expected ({len(tokens)},): one probability a "
            "token."
        )
    if probs.isnan().any():
        bad = visible(tokens[int(probs.isnan().int().argmax())])
        raise Fault(f"returned NaN at '{bad}'. An overflow, or 0 divided by 0?")
    if (probs < 0).any():
        bad = int(probs.argmin())
        raise Fault(f"returned {probs[bad]:.3g} at '{visible(tokens[bad])}', expected 0 or more.")
    total = float(probs.sum())
    if not abs(total - 1) <= 1e-3:
        raise Fault(f"returned numbers that add up to {total:.4g}, expected 1.")
    return probs


def complaint(function: Callable, error: Exception) -> str:
    """Which line of the learner's code failed, and how."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if code and frame.filename == code.co_filename]
    where = f" in line {lines[-1]} of its cell" if lines else ""
    if isinstance(error, NotImplementedError):
        return f"{name_of(function)} is not written yet: it stops{where}."
    said = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    return f"{name_of(function)} stopped{where}: {said[:300]}"


def name_of(function: Callable) -> str:
    return getattr(function, "__name__", "your function")


def first_line(function: Callable) -> int | None:
    return getattr(getattr(function, "__code__", None), "co_firstlineno", None)


# Widgets


def make_controls(
    knobs: Sequence[str], prompt: str | None, temperature: float, seed: int
) -> dict[str, widgets.Widget]:
    style = {"description_width": "90px"}
    wide = widgets.Layout(width="440px", max_width="100%")
    sliders = {
        "temperature": lambda: widgets.FloatSlider(
            value=temperature,
            min=0,
            max=HOTTEST,
            step=0.05,
            description="temperature",
            tooltip="0 is greedy; below 1 sharpens, above 1 flattens",
        ),
        "top_k": lambda: widgets.IntSlider(
            value=0, min=0, max=100, description="top_k", tooltip="how many tokens stay; 0 is off"
        ),
        "top_p": lambda: widgets.FloatSlider(
            value=1.0,
            min=0.01,
            max=1,
            step=0.01,
            description="top_p",
            tooltip="how much probability stays; 1 is off",
        ),
    }
    controls = {}
    if prompt is not None:
        controls["prompt"] = widgets.Text(
            value=prompt, description="prompt", continuous_update=False, style=style
        )
        controls["prompt"].layout = widgets.Layout(width="700px", max_width="100%")
    for name in knobs:
        controls[name] = sliders[name]()
        controls[name].style.description_width = "90px"
        controls[name].layout = wide
    controls["preset"] = widgets.Dropdown(
        options=[OWN, *PRESETS],
        description="preset",
        style={"description_width": "50px"},
        layout=widgets.Layout(width="200px"),
    )
    controls["sample_1"] = widgets.Button(description="Sample 1", layout={"width": "100px"})
    controls["sample_100"] = widgets.Button(description="Sample 100", layout={"width": "110px"})
    controls["seed"] = widgets.BoundedIntText(
        value=seed,
        min=0,
        max=2**31 - 1,
        description="seed",
        style={"description_width": "50px"},
        layout=widgets.Layout(width="150px"),
    )
    controls["show_code"] = widgets.ToggleButton(
        description="Show the code", layout={"width": "130px"}
    )
    return controls


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """Prompt, sliders with the presets beside the first, then the buttons."""
    rows = [controls["prompt"]] if "prompt" in controls else []
    sliders = [controls[name] for name in ("temperature", "top_k", "top_p") if name in controls]
    wrap = widgets.Layout(flex_flow="row wrap")
    buttons = [controls[name] for name in ("sample_1", "sample_100", "seed", "show_code")]
    return [
        *rows,
        widgets.HBox([sliders[0], controls["preset"]], layout=wrap),
        *sliders[1:],
        widgets.HBox(buttons, layout=wrap),
    ]


def text_box(name: str) -> widgets.HTML:
    box = widgets.HTML(layout=widgets.Layout(width="700px", max_width="100%"))
    box.add_class(name)
    return box


def set_text(box: widgets.HTML, text: str) -> None:
    """Show a text, or take no room without one."""
    box.layout.display = None if text else "none"
    box.value = status(text) if text else ""


def status(text: str) -> str:
    """Text that screen readers speak when it changes. It stays text, whatever a token says."""
    look = "line-height: 1.45; white-space: pre-wrap"
    return f'<div role="status" aria-live="polite" style="{look}">{escape(text)}</div>'
