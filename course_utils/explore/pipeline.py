"""The pipeline explorer: from a model's scores to one token, stage by stage, in any order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import sampling
from course_utils.checks import check_seed
from course_utils.explore.controls import (
    button,
    check_knob,
    choice,
    code_button,
    knob,
    prompt_box,
    row,
    seed_box,
)
from course_utils.explore.distribution import exact
from course_utils.explore.following import follow
from course_utils.explore.given import one_a_token, some_choice
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent, signed, visible
from course_utils.explore.plots.pipeline import Cell, Column, PipelinePicture, Segment
from course_utils.generate import Settings
from course_utils.model.interface import Model

TOP = 8  # tokens with a row of their own; the rest of a large vocabulary shares one
KNOBS = ("temperature", "top_k", "top_p")
LOGITS, HEAT, SOFTMAX, TOP_K, TOP_P, YOURS = "logits", "÷T", "softmax", "top-k", "top-p", "yours"
START = Settings(temperature=0.8, top_k=6, top_p=0.9)
USUAL = (HEAT, SOFTMAX, TOP_K, TOP_P)


@dataclass(frozen=True)
class Stage:
    """What a stage makes of the logits (vocab,): -inf is cut. probs: whether softmax came before
    or here, so that the picture shows probabilities; cut (vocab,): what this very stage cut, and
    `before` (vocab,) what it was given."""

    name: str
    formula: tuple[str, str]
    probs: bool
    before: Tensor
    logits: Tensor

    @property
    def cut(self) -> Tensor:
        return self.logits.isneginf() & ~self.before.isneginf()

    @property
    def left(self) -> int:
        return int((~self.logits.isneginf()).sum())


class Pipeline(Panel):
    """One set of logits through ÷T, softmax, top-k and top-p, side by side, and then the die.

    Standing in the usual order, the stages do what `Settings.process` does. Each can be moved to
    the left or right of another: after softmax it works on probabilities.
    source: a prompt, or a pair (tokens, logits) of your own.
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    settings: where temperature, top_k and top_p start; the others must be off.
    strategy: your own f(logits) -> logits, as one more stage, the last at first.
    seed: of the die. Its number stays while the knobs move, and the line moves under it.
    Raises ValueError on a source, settings or seed that it cannot show.
    """

    def __init__(
        self,
        source: str | tuple[Sequence[str], Tensor] = "The king said to his",
        *,
        model: Model | None = None,
        settings: Settings = START,
        strategy: Callable[[Tensor], Tensor] | None = None,
        seed: int = 0,
    ):
        check_seed(seed)
        start = checked_settings(settings)
        following = follow(source, model)
        super().__init__(strategy)
        self.model, self.tokens, self.logits = model, following.tokens, following.logits
        self.prompt = source if isinstance(source, str) else None
        self.usual = (*USUAL, YOURS) if strategy else USUAL
        self.stages = list(self.usual)
        self.picture = PipelinePicture(min(len(self.tokens), TOP + 1), len(self.usual) + 1)
        self.controls = make_controls(self.prompt, start, self.usual, seed)
        self.forget_rolls()
        self.connect()
        self.assemble(arrange(self.controls))

    def connect(self) -> None:
        self.redraw_on(*KNOBS, "stage", "show_code")
        self.controls["seed"].observe(self.on_seed, "value")
        self.controls["roll"].on_click(lambda _: self.roll())
        self.controls["left"].on_click(lambda _: self.move_stage(-1))
        self.controls["right"].on_click(lambda _: self.move_stage(1))
        self.controls["usual"].on_click(lambda _: self.put_in_order(self.usual))
        if self.prompt is not None:
            self.controls["prompt"].observe(self.on_prompt, "value")

    # What the learner does

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.prompt}'."
        if new := self.taken("prompt", still, follow, change["new"], self.model):
            self.tokens, self.logits, self.prompt = new.tokens, new.logits, change["new"]
            self.refresh()

    def on_seed(self, _) -> None:
        self.forget_rolls()
        self.refresh()

    def forget_rolls(self) -> None:
        self.generator = torch.Generator().manual_seed(self.controls["seed"].value)
        self.rolled: Tensor | None = None  # the generator's state before the last roll

    def roll(self) -> None:
        """Let the die fall: the next number of the seed."""
        self.rolled = self.generator.get_state()
        sampling.uniform(torch.Size(), self.generator)
        self.refresh()

    def move_stage(self, by: int) -> None:
        """Move the stage that is chosen one place, if it is not at that end already."""
        name, stages = self.controls["stage"].value, list(self.stages)
        here = stages.index(name)
        there = min(max(here + by, 0), len(stages) - 1)
        stages.insert(there, stages.pop(here))
        self.put_in_order(stages)

    def put_in_order(self, stages: Sequence[str]) -> None:
        self.stages = list(stages)
        self.refresh()

    def choose(self, key: str) -> None:
        """A stage that was chosen in the picture is the one to move; the die's line rolls it."""
        name = key.rpartition(" ")[0]
        if name in self.stages:
            self.controls["stage"].value = name
        elif name == "die":
            self.roll()

    # What the explorer shows

    def settings(self) -> Settings:
        temperature, top_k, top_p = (round(self.controls[name].value, 4) for name in KNOBS)
        return Settings(temperature=temperature, top_k=int(top_k) or None, top_p=top_p)

    def run(self, stages: Sequence[str]) -> list[Stage]:
        """The logits, and what each stage in turn makes of them."""
        x, probs, settings = self.logits, False, self.settings()
        done = [Stage(LOGITS, ("the model's", "scores x"), False, x, x)]
        for name in stages:
            probs = probs or name == SOFTMAX
            after = self.ask_strategy(x) if name == YOURS else applied(name, settings, x)
            done.append(Stage(name, formula(name, settings, probs), probs, x, after))
            x = after
        return done

    def ask_strategy(self, x: Tensor) -> Tensor:
        """What the learner's stage makes of the logits; they stay as they are if it fails."""

        def call() -> Tensor:
            result = one_a_token(self.function(x.clone()), self.tokens, "logit", "logits")
            return some_choice(result).to(x.dtype)

        after = self.ask_function(call)
        return x if after is None else after

    def show(self) -> None:
        done = self.run(self.stages)
        usual = done if self.stages == list(self.usual) else self.run(self.usual)
        order = self.logits.argsort(descending=True, stable=True)
        last = done[-1]
        number, token = self.landing(last.logits)
        said = words(done, usual, self.tokens)
        self.paint(done, order, number, token, said)
        self.text = f"{heading(done, self.settings())}: {said}"
        if token is not None:
            self.text += f" The number {number:.3f} lands on '{visible(self.tokens[token])}'."
        self.show_code(code(self.stages, self.settings()))

    def landing(self, logits: Tensor) -> tuple[float | None, int | None]:
        """The die's number and the token that it lands on, as `sample` draws it."""
        if self.rolled is None:
            return None, None
        generator = torch.Generator()
        generator.set_state(self.rolled)
        number = float(sampling.uniform(torch.Size(), generator))
        generator.set_state(self.rolled)
        return number, int(sampling.sample(logits, generator))

    def draw(
        self,
        done: Sequence[Stage],
        order: Tensor,
        number: float | None,
        token: int | None,
        said: str,
    ) -> Figure:
        """The picture of these stages; always the same Figure, with its artists moved."""
        named = TOP if len(order) > TOP + 1 else len(order)
        shown, rest = order[:named].tolist(), order[named:]
        labels = [visible(self.tokens[i]) for i in shown]
        labels += [f"{len(rest):,} others"] if len(rest) else []
        columns = [column(stage, shown, rest, labels) for stage in done]
        return self.picture.draw(
            labels,
            columns,
            segments(done[-1].logits, dict(zip(shown, labels, strict=False)), self.tokens),
            number,
            "" if token is None else visible(self.tokens[token]),
            1 + self.stages.index(self.controls["stage"].value),
            heading(done, self.settings()),
            said,
        )


def checked_settings(settings: Settings) -> dict[str, float]:
    """Where the sliders start. ValueError if they cannot say the settings."""
    changed = settings.changed()
    if others := [name for name in changed if name not in KNOBS]:
        raise ValueError(f"settings may have {', '.join(KNOBS)}, got {', '.join(others)}")
    for name, value in changed.items():
        check_knob(name, value)
    # A slider of whole numbers is made for a whole number.
    return {name: v if name == "top_k" else float(v) for name, v in changed.items()}


# From a stage to what is shown of it


def applied(name: str, settings: Settings, x: Tensor) -> Tensor:
    """What a stage makes of logits. Softmax changes only how they are written."""
    if name == HEAT:
        t = settings.temperature
        return sampling.temperature(x, t) if t else sampling.top_k(x, 1)
    if name == TOP_K and settings.top_k:
        return sampling.top_k(x, settings.top_k)
    return sampling.top_p(x, settings.top_p) if name == TOP_P else x


def formula(name: str, settings: Settings, probs: bool) -> tuple[str, str]:
    """How a stage works, in two short lines. probs: whether on probabilities."""
    t, k, p = settings.temperature, settings.top_k, settings.top_p
    again = "p ÷ Σ p" if probs else "others: −∞"
    if name == HEAT and not t:
        return "T 0: the best", again
    if name == HEAT:
        return (f"p^(1 ÷ {t:.2f})", again) if probs else (f"x ÷ {t:.2f}", "")
    if name == SOFTMAX:
        return "p = exp x", "÷ Σ exp x"
    if name == YOURS:
        return "your f(x)", again if probs else ""
    if name == TOP_K:
        return (f"the best {k}", again) if k else ("off", "")
    if p == 1:
        return "off", ""
    return (f"Σ p ≥ {p:.2f}", again) if probs else ("Σ softmax x", f"≥ {p:.2f}")


def column(stage: Stage, shown: Sequence[int], rest: Tensor, labels: Sequence[str]) -> Column:
    before, after = (values(x, stage.probs) for x in (stage.before, stage.logits))
    cut = stage.cut
    cells = []
    for i, label in zip(shown, labels, strict=False):
        was, now = float(before[i]), float(after[i])
        if cut[i]:
            says = f"'{label}', {stage.name}: cut, was {said(was, stage.probs)}"
            cells.append(Cell(was, "", True, says))
        elif stage.logits[i].isneginf():
            cells.append(Cell(None, "", False, ""))
        else:
            number = percent(now) if stage.probs else short(now)
            says = f"'{label}', {stage.name}: {said(now, stage.probs)}"
            cells.append(Cell(now, number, False, says))
    if len(rest):
        cells.append(others(stage, before[rest], after[rest], rest, labels[-1]))
    return Column(stage.name, stage.formula, f"{stage.left:,} left", stage.probs, cells)


def others(stage: Stage, before: Tensor, after: Tensor, rest: Tensor, label: str) -> Cell:
    """The tokens without a row, together. They have probabilities to add up, but no logit."""
    left = int((~stage.logits[rest].isneginf()).sum())
    says = f"{label}, {stage.name}: {left:,} left"
    if not stage.probs:
        number = f"{left:,} left" if left else ""
        return Cell(None, "cut" if not left and stage.cut[rest].any() else number, False, says)
    if not left and stage.cut[rest].any():
        total = float(before.sum())
        return Cell(total, "", True, f"{label}, {stage.name}: cut, were {exact(total)}")
    total = float(after.sum())
    return Cell(total, percent(total), False, f"{says}, {exact(total)}") if left else Cell(None)


def values(x: Tensor, probs: bool) -> Tensor:
    return x.double().softmax(dim=-1) if probs else x


def said(value: float, probs: bool) -> str:
    return exact(value) if probs else f"{value:.4f}".replace("-", "−")


def short(logit: float) -> str:
    """A logit in the room beside a bar."""
    if abs(logit) < 100:
        return signed(logit)
    return (f"{logit:.0f}" if abs(logit) < 1e5 else f"{logit:.0e}").replace("-", "−")


def segments(logits: Tensor, labels: dict[int, str], tokens: Sequence[str]) -> list[Segment]:
    """The line that `sample` lays its number on: the kept tokens by id, others run together."""
    ends = logits.double().softmax(dim=-1).cumsum(dim=-1)
    starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    found, at = [], 0.0
    for i in sorted(i for i in labels if not logits[i].isneginf()):
        start, end = float(starts[i]), float(ends[i])
        if start - at > 1e-9:
            found.append(between(at, start))
        says = f"'{labels[i]}', from {start:.4f} to {end:.4f}"
        found.append(Segment(labels[i], start, end, True, says))
        at = end
    return [*found, between(at, 1.0)] if 1 - at > 1e-9 else found


def between(start: float, end: float) -> Segment:
    return Segment("others", start, end, False, f"others, from {start:.4f} to {end:.4f}")


# Words


def heading(done: Sequence[Stage], settings: Settings) -> str:
    knobs = {
        HEAT: f"÷T {settings.temperature:.2f}",
        TOP_K: f"top-k {settings.top_k or 'off'}",
        TOP_P: f"top-p {settings.top_p:.2f}" if settings.top_p < 1 else "top-p off",
    }
    return " → ".join(knobs.get(stage.name, stage.name) for stage in done[1:])


def words(done: Sequence[Stage], usual: Sequence[Stage], tokens: Sequence[str]) -> str:
    """What comes out, and whether it would in the usual order, too."""
    last = done[-1]
    best = int(last.logits.argmax())
    share = float(values(last.logits, True)[best])
    text = (
        f"{last.left:,} of {len(tokens):,} tokens left, "
        f"'{visible(tokens[best])}' the likeliest at {percent(share)}."
    )
    if done is usual:
        return text
    same = torch.allclose(values(last.logits, True), values(usual[-1].logits, True), atol=1e-9)
    if same:
        return f"{text} The usual order gives the same."
    return f"{text} In the usual order {usual[-1].left:,} would be left."


def code(stages: Sequence[str], settings: Settings) -> str:
    """The Python lines of the stages in their order; `sample` takes the softmax by itself."""
    lines = []
    for name in stages:
        if name == HEAT:
            t = settings.temperature
            lines.append(f"temperature(logits, {t:g})" if t else "top_k(logits, 1)")
        elif name == TOP_K and settings.top_k:
            lines.append(f"top_k(logits, {settings.top_k})")
        elif name == TOP_P and settings.top_p < 1:
            lines.append(f"top_p(logits, {settings.top_p:g})")
        elif name == YOURS:
            lines.append("strategy(logits)")
    return "\n".join([*(f"logits = {line}" for line in lines), "token = sample(logits, generator)"])


# Widgets


def make_controls(
    prompt: str | None, start: dict[str, float], stages: Sequence[str], seed: int
) -> dict[str, widgets.Widget]:
    controls = {} if prompt is None else {"prompt": prompt_box(prompt)}
    for name in KNOBS:
        controls[name] = knob(name, start.get(name))
    return controls | {
        "stage": choice("stage", stages),
        "left": button("← Left", "move this stage to the left"),
        "right": button("Right →", "move this stage to the right"),
        "usual": button("Usual", "put the stages into the usual order"),
        "roll": button("Roll", "let the die fall on the line"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """Prompt, sliders, the order of the stages, then the die."""
    above = [controls["prompt"]] if "prompt" in controls else []
    return [
        *above,
        *(controls[name] for name in KNOBS),
        controls["stage"],
        row(*(controls[name] for name in ("left", "right", "usual"))),
        row(*(controls[name] for name in ("roll", "seed", "show_code"))),
    ]
