"""The distribution explorer: how the knobs reshape the choice of the next token."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from types import MappingProxyType

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.checks import check_seed
from course_utils.explore.controls import (
    SPOKEN,
    button,
    check_knob,
    check_knobs,
    code_button,
    knob,
    knob_values,
    preset_box,
    prompt_box,
    row,
    seed_box,
    settings_of,
    text_box,
    whole,
)
from course_utils.explore.following import Following, Source, follow
from course_utils.explore.given import Fault, name_of, one_a_token, some_choice
from course_utils.explore.panel import Panel
from course_utils.explore.plots.distribution import Bar, DistributionPicture, place
from course_utils.explore.plots.look import percent, readable, signed, visible
from course_utils.generate import Settings
from course_utils.metrics import entropy
from course_utils.model.interface import Model
from course_utils.sampling import sample
from course_utils.toys import Markov

TOP = 12  # tokens shown one by one; the rest of a large vocabulary shares one bar
OTHERS = "others"  # the key of that bar
SLIDERS = ("temperature", "top_k", "top_p", "min_p")


@dataclass(frozen=True)
class Pinned:
    """A distribution to compare with. name: where it was; probs: (vocab,)."""

    name: str
    probs: Tensor


@dataclass(frozen=True)
class State:
    """All that a picture shows. Every tensor has shape (vocab,).

    order: the tokens, likeliest first, which no knob changes; first: how many of them are above the
    window; counts: how often each token was drawn; yours: probabilities from the learner's
    function; sought: the token that is looked for, and the names of all tokens of its word.
    """

    tokens: Sequence[str]
    logits: Tensor
    order: Tensor
    settings: Settings
    counts: Tensor
    yours: Tensor | None = None
    first: int = 0
    pinned: Pinned | None = None
    sought: tuple[int, list[str]] | None = None

    @functools.cached_property
    def before(self) -> Tensor:
        """The probabilities without any knob."""
        return self.logits.softmax(dim=-1)

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
        mass = float(self.before[kept].sum())
        bits = float(entropy(self.after))
        return [
            f"entropy {bits:.2f} bits, like {2**bits:,.1f} equal choices",
            f"{int(kept.sum()):,} of {len(kept):,} tokens kept, "
            f"{percent(round(mass, 5))} of the mass",
        ]

    @property
    def window(self) -> str:
        """Which ranks are shown, unless the list begins or is short."""
        if not self.first:
            return ""
        return f"ranks {self.first + 1:,} to {self.first + TOP:,} of {len(self.tokens):,}"


class Distribution(Panel):
    """Bars of the next-token probabilities, under sliders; a cell shows it as its last value.

    A chosen bar's token joins the text, and what may follow it is shown next.
    source: a prompt; a toy, a `toys.Markov`, which starts from the first of its words; or a pair
        (tokens, logits) of your own.
    model: what reads the prompt, the Storyteller, one that `model.load` gives, or a `toys.Markov`.
    knobs: which sliders there are, of "temperature", "top_k", "top_p" and "min_p".
    settings: where they start, and what the knobs without a slider stay at, which beside a function
        is the temperature alone; temperature: in place of that of the settings, from 0 to 3.
    function: your own f(logits, *knobs) -> probabilities, drawn beside the course's; a fault in it
        becomes a message below the picture.
    strategy: the same for your own f(logits, *knobs) -> logits.
    chosen: ids of tokens that have joined the text already; seed: what the draws start from.
    Raises ValueError on a source, knob, id or number that it cannot show.
    """

    called = MappingProxyType({"prompt": "source"})

    def __init__(
        self,
        source: Source = "Once upon a time",
        *,
        model: Model | Markov | None = None,
        knobs: Sequence[str] = ("temperature",),
        settings: Settings = Settings(),  # noqa: B008, it is frozen
        temperature: float | None = None,
        function: Callable[..., Tensor] | None = None,
        strategy: Callable[..., Tensor] | None = None,
        chosen: Sequence[int] = (),
        seed: int = 0,
    ):
        self.knobs = check_knobs(knobs, SLIDERS)
        if temperature is not None:
            check_knob("temperature", temperature)
            settings = replace(settings, temperature=float(temperature))
        starts = knob_values(settings, self.knobs)
        if not set(settings.changed()) <= set(SLIDERS):
            raise ValueError(f"settings must have no penalty, which needs a text, got {settings!r}")
        check_seed(seed)
        held = settings.changed().keys() - {"temperature", *self.knobs}
        if held and (function or strategy):
            # Whether it would come before or after the function's own work, no one has said.
            raise ValueError(f"settings must leave {min(held)} off beside a function of your own")
        if function and strategy:
            raise ValueError("give either function, which returns probabilities, or strategy")
        at = follow(source, model)
        for token in chosen:
            at = at.after(token)
        super().__init__(function or strategy)
        self.gives_logits = strategy is not None
        self.fixed = settings
        self.following, self.first = at, 0
        self.sought: tuple[int, list[str]] | None = None
        self.pinned: Pinned | None = None
        size = len(at.tokens)
        self.picture = DistributionPicture(min(size, TOP) + (size > TOP))
        self.path = text_box("path")
        self.controls = make_controls(self.knobs, starts, whole(settings, self.knobs), at, seed)
        self.forget_draws()
        self.connect()
        self.assemble(arrange(self.controls), [*scrolling(self.controls), self.path])

    def connect(self) -> None:
        controls = self.controls
        self.watch_knobs(*self.knobs)
        controls["seed"].observe(lambda _: self.move(), "value")
        self.redraw_on("show_code")
        controls["sample_1"].on_click(lambda _: self.add_draws(1))
        controls["sample_100"].on_click(lambda _: self.add_draws(100))
        controls["undo"].on_click(lambda _: self.undo())
        controls["pin"].observe(self.on_pin, "value")
        controls["find"].observe(lambda _: self.seek(), "value")
        if self.following.prompt is not None:
            controls["prompt"].observe(self.on_prompt, "value")
        if "up" in controls:
            controls["up"].on_click(lambda _: self.scroll(-TOP))
            controls["down"].on_click(lambda _: self.scroll(TOP))
            self.image.scrolls(self.scroll)

    # What the learner does

    def move(self) -> None:
        self.forget_draws()
        self.refresh()

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.following.prompt}'."
        if new := self.taken("prompt", still, follow, change["new"], self.following.model):
            self.go_to(new)

    def choose(self, key: str) -> None:
        """Let the token of a bar join the text; the bar of all others shows the next of them."""
        if key == OTHERS:
            self.scroll(TOP)
        elif not self.following.over:
            self.go_to(self.following.after(int(key)))

    def undo(self) -> None:
        if self.following.chosen:
            self.go_to(self.following.back())

    def go_to(self, at: Following) -> None:
        """Show what may follow another text."""
        self.following, self.first = at, 0
        self.sought = self.token_of(self.controls["find"].value)
        self.move()

    def scroll(self, steps: int) -> None:
        """Show tokens that are so much less likely, as far as there are any."""
        last = max(len(self.following.tokens) - TOP, 0)
        self.first = max(0, min(self.first + steps, last))
        self.refresh()

    def seek(self) -> None:
        """Show the token that was typed, wherever it stands."""
        self.sought, self.first = self.token_of(self.controls["find"].value), 0
        if self.sought:
            rank = int((self.following.order == self.sought[0]).nonzero())
            self.first = 0 if rank < TOP else rank - TOP // 2
        self.scroll(0)

    def token_of(self, word: str) -> tuple[int, list[str]] | None:
        if word:
            return self.taken("find", "", self.following.seek, word)
        self.notes.pop("find", None)
        return None

    def on_pin(self, change) -> None:
        """Keep the distribution as A, or let it go."""
        state = self.state()
        after = f", after '{tail(self.following.text)}'" if self.following.text else ""
        name = heading(state.settings, self.knobs) + after
        self.pinned = Pinned(name, state.probs) if change["new"] else None
        self.controls["pin"].description = "Clear A" if change["new"] else "Pin as A"
        self.refresh()

    def add_draws(self, number: int) -> None:
        """Draw more tokens at the present setting: they add up until something else changes."""
        state = self.state()
        drawn = sample(state.after.expand(number, -1), self.generator)
        self.counts = self.counts + torch.bincount(drawn, minlength=len(self.counts))
        self.refresh()
        if number == 1:
            self.let_land(int(drawn))

    def let_land(self, token: int) -> None:
        """Let a draw fall onto the bar of its token, or onto that of all others."""
        shown, others = in_window(self.following.order, self.first)
        ids, key = (token, str(token)) if token in shown.tolist() else (others, OTHERS)
        self.image.land(key, place(float(self.counts[ids].sum() / self.counts.sum())))

    def forget_draws(self) -> None:
        self.generator = torch.Generator().manual_seed(self.controls["seed"].value)
        self.counts = torch.zeros(len(self.following.tokens), dtype=torch.int64)

    # What the explorer shows

    def settings(self) -> Settings:
        return settings_of(self.fixed, self.values())

    def state(self, yours: Tensor | None = None) -> State:
        at = self.following
        return State(
            at.tokens,
            at.logits,
            at.order,
            self.settings(),
            self.counts,
            yours,
            self.first,
            self.pinned,
            self.sought,
        )

    def show(self) -> None:
        state = self.state(self.ask_function(self.your_probs, self.why_not_called()))
        self.paint(state)
        self.notes["over"] = self.following.over
        self.text = " ".join(filter(None, [summary(state, self.knobs), path_said(self.following)]))
        self.path.value = path_page(self.following)
        self.path.layout.display = None if self.following.chosen else "none"
        self.controls["undo"].disabled = not self.following.chosen
        if "up" in self.controls:
            self.controls["up"].disabled = not self.first
            self.controls["down"].disabled = self.first + TOP >= len(self.following.tokens)
        self.show_code(state.settings.code())

    def draw(self, state: State) -> Figure:
        """The picture of a state; always the same Figure, with its artists moved."""
        title = heading(state.settings, self.knobs)
        return self.picture.draw(bars(state), title, "  ·  ".join(state.measures), state.window)

    def now(self) -> dict[str, object]:
        following = self.following
        chosen = [one.token for one in following.chosen]
        here = {"settings": self.settings(), "temperature": None, "chosen": chosen}
        here |= {} if following.prompt is None else {"source": following.prompt}
        here |= {"model": following.model} if isinstance(following.model, Markov) else {}
        return super().now() | here

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
        return checked(choice_from(result) if self.gives_logits else result, self.following.tokens)

    def logits_for_function(self) -> Tensor:
        """A copy of the logits: at the temperature, if the function is not the one to apply it."""
        if "temperature" in self.knobs:
            return self.following.logits.clone()
        return Settings(self.fixed.temperature).truncate(self.following.logits.clone())


def in_window(order: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """The tokens that are shown one by one, and all others."""
    return order[first : first + TOP], torch.cat([order[:first], order[first + TOP :]])


# From a state to bars and words


def bars(state: State) -> list[Bar]:
    """The tokens of the window in the model's own order, which no temperature changes."""
    kept = ~state.after.isneginf()
    drew = int(state.counts.sum()) > 0
    pinned = state.pinned.probs if state.pinned else None

    def bar(label: str, ids: Tensor | int) -> Bar:
        return Bar(
            label,
            float(state.before[ids].sum()),
            float(state.probs[ids].sum()),
            bool(kept[ids].any()),
            int(state.counts[ids].sum()) if drew else None,
            None if state.yours is None else float(state.yours[ids].sum()),
            None if pinned is None else float(pinned[ids].sum()),
        )

    shown, rest = in_window(state.order, state.first)
    running = float(state.probs[state.order[: state.first]].sum())
    result = []
    for rank, i in enumerate(shown.tolist(), state.first + 1):
        one = bar(visible(state.tokens[i]), i)
        running += one.after
        says = (
            f"'{one.label}', rank {rank:,}, logit {signed(float(state.logits[i]))}\n"
            f"{shares(one)}\nwith all above it {exact(min(running, 1.0))}"
        )
        sought = state.sought is not None and state.sought[0] == i
        result.append(replace(one, sought=sought, says=says, key=str(i)))
    if not len(rest):
        return result
    others = bar(f"{len(rest):,} others", rest)
    where = f", {state.first:,} of them above" if state.first else ""
    return [*result, replace(others, says=f"{others.label}{where}\n{shares(others)}", key=OTHERS)]


def shares(bar: Bar) -> str:
    """The probabilities of a bar, exactly."""
    said = f"before {exact(bar.before)}, now {exact(bar.after)}{'' if bar.kept else ' (cut)'}"
    said += "" if bar.pinned is None else f", A {exact(bar.pinned)}"
    return said + ("" if bar.yours is None else f", your function {exact(bar.yours)}")


def exact(share: float) -> str:
    """A probability with more digits than there is room for in a picture."""
    if not share:
        return "0%"
    return f"{share:.3%}" if share >= 0.001 else signed(share, ".2g")


def heading(settings: Settings, knobs: Sequence[str]) -> str:
    """The knobs that there are, and those that stay where they were set."""
    names = [name for name in SLIDERS if name in knobs or name in settings.changed()]
    text = ", ".join(f"{SPOKEN[name]} {reading(getattr(settings, name))}" for name in names)
    text = text.replace("temperature", "Temperature", 1) if names[0] == "temperature" else text
    return text + (" (greedy)" if settings.temperature == 0 else "")


def reading(value: float | int | None) -> str:
    if value is None:
        return "off"
    return signed(value) if isinstance(value, float) else str(value)


def summary(state: State, knobs: Sequence[str]) -> str:
    """The picture in one line."""
    best = int(state.probs.argmax())
    text = (
        f"{heading(state.settings, knobs)}: the most likely next token is "
        f"'{visible(state.tokens[best])}' at {percent(float(state.probs[best]))}; "
        f"{'; '.join(state.measures)}."
    )
    window = f"Shown: {state.window}." if state.window else ""
    parts = [text, window, draws(state), comparison(state), against(state), found(state)]
    return " ".join(filter(None, parts))


def against(state: State) -> str:
    """How far the pinned distribution is from the present one."""
    if state.pinned is None:
        return ""
    gaps = (state.probs - state.pinned.probs).abs()
    most = int(gaps.argmax())
    distance = percent(float(gaps.sum()) / 2)
    if distance == "0%":
        return f"A ({state.pinned.name}) is the same."
    return (
        f"A ({state.pinned.name}): {distance} of the probability moved, most at "
        f"'{visible(state.tokens[most])}', {percent(float(state.pinned.probs[most]))} in A and "
        f"{percent(float(state.probs[most]))} now."
    )


def found(state: State) -> str:
    """Where the token stands that was looked for."""
    if state.sought is None:
        return ""
    token, names = state.sought
    rank = int((state.order == token).nonzero()) + 1
    several = f"is {len(names)} tokens, {' '.join(names)}; the first, " if len(names) > 1 else ""
    word = f"'{''.join(names)}' {several}'{names[0]}'," if several else f"'{names[0]}'"
    return (
        f"{word} has rank {rank:,} of {len(state.tokens):,}, "
        f"before {exact(float(state.before[token]))}, now {exact(float(state.probs[token]))}."
    )


# The text so far


def tail(text: str) -> str:
    """The end of a text."""
    return text if len(text) <= 24 else f"…{text[-23:]}"


def path_said(at: Following) -> str:
    """The chosen tokens in a few words; the page has each of them below the picture."""
    if not at.chosen:
        return ""
    logprob = sum(one.logprob for one in at.chosen)
    count = "1 token was" if len(at.chosen) == 1 else f"{len(at.chosen)} tokens were"
    return f"{count} chosen, together {exact(math.exp(logprob))} likely to the model."


def path_page(at: Following) -> str:
    """The text so far with the probability of each chosen token below it."""
    if not at.chosen:
        return ""
    prompt = f'<span class="prompt">{escape(readable(tail(at.prompt)))}</span>' if at.prompt else ""
    tokens = "".join(
        f"<span>{escape(visible(one.name))}<small>{percent(math.exp(one.logprob))}</small></span>"
        for one in at.chosen
    )
    logprob = sum(one.logprob for one in at.chosen)
    total = (
        f"All together {exact(math.exp(logprob))}: the product of what the model itself gives each "
        f"token, before any knob. Its natural logarithm is {signed(logprob)}."
    )
    return f'<div class="chosen">{prompt}{tokens}</div><div class="total">{total}</div>'


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
        least = signed(float(probs[bad]), ".3g")
        raise Fault(f"returned {least} at '{visible(tokens[bad])}', expected 0 or more.")
    if not abs(total - 1) <= 1e-3:
        raise Fault(f"returned numbers that add up to {total:.4g}, expected 1.")
    return probs


# Widgets


def make_controls(
    knobs: Sequence[str],
    starts: dict[str, float],
    presets_for: Sequence[str],
    at: Following,
    seed: int,
) -> dict[str, widgets.Widget]:
    controls = {} if at.prompt is None else {"prompt": prompt_box(at.prompt)}
    pin = widgets.ToggleButton(
        description="Pin as A",
        tooltip="keep this distribution, and show its shares beside what comes",
        layout={"width": "84px"},
    )
    controls |= {name: knob(name, starts[name]) for name in knobs} | preset_box(presets_for)
    controls |= {
        "sample_1": button("Sample 1", "draw one token"),
        "sample_100": button("Sample 100", "draw a hundred tokens"),
        "seed": seed_box(seed),
        "undo": button("Undo", "take the token that was chosen last out of the text"),
        "pin": pin,
        "find": prompt_box("", "find"),
        "show_code": code_button(),
    }
    if len(at.tokens) > TOP:
        controls["up"] = button("▲ Likelier", "show the tokens above")
        controls["down"] = button("▼ Less likely", "show the tokens below")
    return controls


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """Prompt, presets, sliders, then the buttons."""
    above = [controls[name] for name in ("prompt", "preset", *SLIDERS) if name in controls]
    rows = [("sample_1", "sample_100"), ("undo", "pin"), ("seed", "show_code")]
    return [*above, controls["find"], *(row(*(controls[name] for name in names)) for names in rows)]


def scrolling(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """The buttons below the picture, if it cannot show all tokens at once."""
    return [row(controls["up"], controls["down"])] if "up" in controls else []
