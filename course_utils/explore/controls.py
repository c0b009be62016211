"""The controls of explorers, with a label each, and where presets put them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

import ipywidgets as widgets

from course_utils.checks import check_count, check_number
from course_utils.explore.plots.look import printable
from course_utils.generate import Settings

PRESETS = {
    "deterministic": {"temperature": 0.0, "top_p": 1.0},
    "chat": {"temperature": 0.7, "top_p": 1.0},
    "creative": {"temperature": 1.0, "top_p": 0.95, "frequency_penalty": 0.2},
    "code": {"temperature": 0.2, "top_p": 0.95},
}
OWN = "your own"
LONGEST_RUN = 4
KNOBS = {
    "temperature": (
        1.0,
        {
            "min": 0,
            "max": 3.0,
            "step": 0.05,
            "tooltip": "0 is greedy; below 1 sharpens, above 1 flattens",
        },
    ),
    "top_k": (0, {"min": 0, "max": 100, "tooltip": "how many tokens stay; 0 is off"}),
    "top_p": (
        1.0,
        {"min": 0.01, "max": 1, "step": 0.01, "tooltip": "how much probability stays; 1 is off"},
    ),
    "min_p": (
        0.0,
        {
            "min": 0,
            "max": 1,
            "step": 0.01,
            "tooltip": "the least share of the best token's probability; 0 is off",
        },
    ),
    "repetition_penalty": (
        1.0,
        {"min": 1, "max": 2, "step": 0.05, "tooltip": "on every token seen; 1 is off"},
    ),
    "frequency_penalty": (
        0.0,
        {"min": -2, "max": 2, "step": 0.1, "tooltip": "for each time a token came; 0 is off"},
    ),
    "presence_penalty": (
        0.0,
        {"min": -2, "max": 2, "step": 0.1, "tooltip": "once for a token that came; 0 is off"},
    ),
}
OFF = {name: neutral for name, (neutral, _) in KNOBS.items()} | {"no_repeat_ngram": 0}

# What pictures and sentences call them; a slider has the name that code has.
SPOKEN = {
    name: name.replace("top_", "top-").replace("min_", "min-").replace("_", " ") for name in OFF
} | {"no_repeat_ngram": "no repeat n-gram"}

LABEL = {"description_width": "122px"}
WIDE = {"width": "auto"}  # of the column


def check_knobs(knobs: Sequence[str], of: Sequence[str]) -> tuple[str, ...]:
    """The knobs; ValueError unless there is one, and each is among these."""
    if isinstance(knobs, str) or not knobs or not set(knobs) <= set(of):
        raise ValueError(f"knobs must be of {', '.join(map(repr, of))}, got {knobs!r}")
    return tuple(knobs)


def check_up_to(name: str, value: int, most: int, least: int = 1) -> None:
    """ValueError unless the value is a whole number in [least, most]."""
    check_count(name, value, least)
    if value > most:
        raise ValueError(f"{name} must be in [{least}, {most}], got {value}")


def check_knob(name: str, value: float) -> None:
    """ValueError unless the slider of this knob can stand there."""
    if name == "no_repeat_ngram":
        check_up_to(name, value, LONGEST_RUN, least=0)
        return
    options = KNOBS[name][1]
    if name == "top_k":
        check_count(name, value, least=0)
    hint = "Use 0 for greedy" if name == "temperature" else f"Use {OFF[name]} to switch it off"
    check_number(name, value, options["min"], options["max"], hint)


def knob_values(settings: Settings, knobs: Sequence[str]) -> dict[str, float]:
    """Where these sliders stand for the settings. ValueError if a slider does not reach there."""
    if not isinstance(settings, Settings):
        raise ValueError(f"settings must be Settings(...), got {settings!r}")
    values = {}
    for name in knobs:
        neutral, options = KNOBS[name]
        value = getattr(settings, name)
        if value is not None:
            check_number(name, value, options["min"], options["max"], "The slider ends there")
        values[name] = neutral if value is None else type(neutral)(value)
    return values


def settings_of(fixed: Settings, values: Mapping[str, float]) -> Settings:
    """The settings with these knobs moved, a top-k of 0 being off."""
    moved = {name: value for name, value in values.items() if name != "top_k"}
    moved |= {"top_k": int(values["top_k"]) or None} if "top_k" in values else {}
    return replace(fixed, **moved)


def whole(settings: Settings, knobs: Sequence[str]) -> Sequence[str]:
    """The knobs that presets may count on: none, if one without a slider is not off."""
    return knobs if set(settings.changed()) <= set(knobs) else ()


def prompt_box(value: str, name: str = "prompt") -> widgets.Text:
    """A prompt, read when the learner leaves the box or presses Enter."""
    return widgets.Text(
        value=value,
        description=name,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=WIDE,
    )


def slider(name: str, value: float, **range_and_tooltip) -> widgets.FloatSlider | widgets.IntSlider:
    """A slider with its name as the label: of whole numbers if the value is one."""
    kind = widgets.IntSlider if isinstance(value, int) else widgets.FloatSlider
    return kind(value=value, description=name, style=LABEL, layout=WIDE, **range_and_tooltip)


def knob(name: str, value: float | None = None) -> widgets.FloatSlider | widgets.IntSlider:
    """The slider of a field of `Settings`, at the given value or at its neutral one."""
    neutral, options = KNOBS[name]
    return slider(name, neutral if value is None else value, **options)


def run_knob(n: int) -> widgets.IntSlider:
    """The slider of no_repeat_ngram, which is no field of `Settings`."""
    tip = "no run of so many tokens comes twice; 0 is off"
    return slider("no_repeat_ngram", n, min=0, max=LONGEST_RUN, tooltip=tip)


def choice(name: str, options: Sequence[str]) -> widgets.ToggleButtons:
    """Buttons of which one is down. A list that drops down would lose its arrow keys to Lab."""
    buttons = widgets.ToggleButtons(
        options=options,
        description=name,
        style={"description_width": "initial", "button_width": "auto"},
        layout=WIDE,
    )
    buttons.add_class("widget-inline-hbox")  # the label beside them, as other controls have it
    return buttons


def presets_of(knobs: Sequence[str]) -> list[str]:
    """The presets that these knobs express whole: what else a preset sets would not be true."""
    return [
        name
        for name, values in PRESETS.items()
        if all(knob in knobs or value == OFF[knob] for knob, value in values.items())
    ]


def preset_box(knobs: Sequence[str]) -> dict[str, widgets.Widget]:
    """The buttons of the presets for these knobs, by their name; nothing if there is none."""
    presets = presets_of(knobs)
    return {"preset": choice("preset", [OWN, *presets])} if presets else {}


def preset_values(preset: str, knobs: Sequence[str]) -> dict[str, float]:
    """Where a preset puts these knobs: those that it does not name are off."""
    return {name: PRESETS[preset].get(name, OFF[name]) for name in knobs}


def seed_box(seed: int) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(
        value=seed,
        min=0,
        max=2**31 - 1,
        description="seed",
        style={"description_width": "50px"},
        layout=widgets.Layout(width="150px"),
    )


def button(text: str, tooltip: str = "") -> widgets.Button:
    """A button as wide as its text."""
    return widgets.Button(
        description=text, tooltip=tooltip or text, layout={"width": f"{len(text) * 8 + 40}px"}
    )


def code_button() -> widgets.ToggleButton:
    return widgets.ToggleButton(description="Show the code", layout={"width": "130px"})


def row(*children: widgets.Widget) -> widgets.HBox:
    """Controls side by side, and below each other where the window is narrow."""
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap"))


def text_box(name: str) -> widgets.HTML:
    box = widgets.HTML(layout=WIDE)
    box.add_class(name)
    return box


def set_text(box: widgets.HTML, text: str) -> None:
    """Show a text, or take no room without one."""
    box.layout.display = None if text else "none"
    box.value = status(text) if text else ""


def status(text: str) -> str:
    """Text that screen readers speak when it changes. It stays text, whatever a token says."""
    look = "line-height: 1.45; white-space: pre-wrap"
    return f'<div role="status" aria-live="polite" style="{look}">{escape(printable(text))}</div>'
