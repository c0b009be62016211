"""What all explorers share: labelled controls over a picture and its one-line summary."""

import atexit
import base64
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Sequence
from html import escape

import ipywidgets as widgets
from IPython import get_ipython
from traitlets import Unicode

PRESETS = {
    "deterministic": {"temperature": 0.0, "top_p": 1.0},
    "chat": {"temperature": 0.7, "top_p": 1.0},
    "creative": {"temperature": 1.0, "top_p": 0.95, "frequency_penalty": 0.2},
    "code": {"temperature": 0.2, "top_p": 0.95},
}
OWN = "your own"
HOTTEST = 3.0
CAPTION = "The text below the picture says what it shows."

# The panels that each cell made in its last run: they close when the cell runs again.
panels_of_cell: dict[str, tuple[str, list["Panel"]]] = {}

# The panel of each job. A job that is in torch when Python ends would abort the process.
panel_of_job: weakref.WeakKeyDictionary[threading.Thread, "Panel"] = weakref.WeakKeyDictionary()


@atexit.register
def end_jobs() -> None:
    """Stop all jobs, and wait for the step that each is in; half a minute is for one that hangs."""
    for job, panel in list(panel_of_job.items()):
        panel.job = None
        job.join(timeout=30)


class NamedImage(widgets.Image):
    """An Image with a tooltip, by which screen readers call it: there is no alternative text.

    The page looks for a tooltip only where there is a description, and fails without one.
    """

    description = Unicode().tag(sync=True)


class Panel(widgets.VBox):
    """Controls, picture, summary, message and code, one below the other.

    A subclass makes `controls`, calls `assemble` with them, and writes `show`, which sets `picture`
    and `text` from where the controls stand. A control that moves calls `refresh`.
    """

    job: threading.Thread | None = None
    closed = False
    stale = False

    def __init__(self):
        self.controls: dict[str, widgets.Widget] = {}
        self.notes: dict[str, str] = {}
        self.text = ""
        self.drawing = threading.Lock()
        self.image = NamedImage(
            format="png",
            tooltip=CAPTION,
            layout=widgets.Layout(width="700px", max_width="100%", height="auto"),
        )
        self.summary, self.message, self.code = (
            text_box(name) for name in ("summary", "message", "code")
        )
        self.progress = widgets.FloatProgress(
            min=0, max=1, description="progress", layout=widgets.Layout(width="340px")
        )
        self.stop = widgets.Button(
            description="Stop", tooltip="stop generating", layout={"width": "80px"}
        )
        self.stop.on_click(lambda _: self.stop_job())
        self.running = widgets.HBox([self.progress, self.stop])
        self.running.layout.display = "none"
        super().__init__(layout=widgets.Layout(width="100%", max_width="720px"))
        replace_panels_of_this_cell(self)

    def assemble(self, rows: Sequence[widgets.Widget], below: Sequence[widgets.Widget] = ()):
        """Put rows of controls above the picture, and `below` between picture and summary."""
        picture = [self.image, *below, self.summary, self.message, self.code]
        self.children = [*rows, self.running, *picture]

    def show(self) -> None:
        """Bring `image`, `text`, and whatever else a subclass has, up to date."""
        raise NotImplementedError

    def refresh(self, _=None) -> None:
        """Show where the controls stand.

        Events may come in several threads. One of them draws, and draws again if something moved
        meanwhile; the others leave at once. So events never queue up, and the last value wins.
        """
        self.stale = True
        while self.stale and self.drawing.acquire(blocking=False):
            try:
                self.stale = False
                self.show()
                self.summary.value = status(self.text)
                set_text(self.message, " ".join(filter(None, self.notes.values())))
            finally:
                self.drawing.release()

    # Presets

    def watch_knobs(self, *names: str) -> None:
        """Let the preset buttons set these knobs, a moved knob release them, and both `move`."""
        self.knobs = names
        self.applying = False
        for name in names:
            self.controls[name].observe(self.on_knob, "value")
        self.controls["preset"].observe(self.on_preset, "value")

    def values(self) -> dict[str, float]:
        """Where the knobs stand. The front end may send 0.7000000000000001 for 0.7."""
        return {name: round(self.controls[name].value, 4) for name in self.knobs}

    def on_knob(self, _) -> None:
        if self.applying:
            return
        # Two presets may look the same on these knobs: the one that was chosen stays.
        chosen = self.controls["preset"].value
        if chosen != OWN and preset_values(chosen, self.knobs) != self.values():
            self.controls["preset"].value = OWN
            self.notes.pop("preset", None)
        self.move()

    def on_preset(self, change) -> None:
        name = change["new"]
        if name == OWN:
            return
        self.notes["preset"] = what_is_missing(name, self.knobs)
        self.applying = True  # one answer, after the last knob has moved
        for knob_name, value in preset_values(name, self.knobs).items():
            self.controls[knob_name].value = value
        self.applying = False
        self.move()

    def move(self) -> None:
        """What follows when knobs have moved. A subclass that writes texts starts to write."""
        self.refresh()

    def show_code(self, code: str) -> None:
        """The lines for the present setting, if the `show_code` button is pressed."""
        shown = self.controls["show_code"].value
        self.controls["show_code"].description = "Hide the code" if shown else "Show the code"
        self.code.value = f"<pre>{escape(code)}</pre>" if shown else ""
        self.code.layout.display = None if shown else "none"

    # Work that takes longer than a moment

    def start_job(self, work: Iterator[float]) -> threading.Thread:
        """Run `work` beside the kernel, so that Stop can be heard.

        It yields the share that is done, from 0 to 1, at least twice a second; the panel refreshes
        at each. A job that is still running is stopped first. An error in it becomes a message.
        """
        self.stop_job()
        job = threading.Thread(target=self.run_job, args=(work,), daemon=True)
        self.job = job
        panel_of_job[job] = self
        job.start()
        return job

    def run_job(self, work: Iterator[float]) -> None:
        me, end = threading.current_thread(), ""
        self.notes.pop("job", None)
        self.progress.value = 0
        self.running.layout.display = None
        try:
            for share in work:
                if self.job is not me:
                    end = "Stopped."
                    break
                self.progress.value = share
                self.refresh()
        except Exception as error:
            end = f"{type(error).__name__}: {error}"
        # A newer job may have the panel by now, or the panel may be gone.
        if self.job in (me, None) and not self.closed:
            self.job = None
            self.notes["job"] = end
            self.running.layout.display = "none"
            self.refresh()

    def stop_job(self) -> None:
        """Ask the running job to stop: it does before its next step."""
        job, self.job = self.job, None
        if job is not None and job is not threading.current_thread():
            job.join(timeout=5)

    def close(self) -> None:
        """Take the panel and every widget in it off the page, and let its memory go.

        Python calls it once more when the object goes, even if `__init__` never ran to its end.
        """
        if self.closed:
            return
        self.stop_job()
        self.closed = True
        # A thread may be in the middle of a picture. Once it is done, no other begins.
        if hasattr(self, "drawing"):
            self.drawing.acquire(timeout=5)
        owned = [*self.children, *vars(self).values(), *getattr(self, "controls", {}).values()]
        for widget in owned:
            if isinstance(widget, widgets.Widget):
                discard(widget)
        self.layout.close()
        self.unobserve_all()
        super().close()
        # `Out` of the notebook still holds the panel: leave nothing heavy in it.
        self.children = ()
        for name in [name for name in vars(self) if not name.startswith("_")]:
            if name not in ("text", "comm", "closed", "drawing"):
                delattr(self, name)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs) -> dict:
        """The live panel, and for a page that cannot have it the picture and text of now."""
        still = base64.b64encode(self.image.value).decode("ascii")
        page = (
            f'<img src="data:image/png;base64,{still}" alt="{CAPTION}" style="max-width: 100%">'
            f'<p style="white-space: pre-wrap">{escape(self.text)}</p>'
        )
        live = super()._repr_mimebundle_(**kwargs)
        return live | {"text/html": page, "image/png": still, "text/plain": self.text}


def replace_panels_of_this_cell(panel: Panel) -> None:
    """Close what the cell that is running now made in its last run, and note the new panel."""
    shell = get_ipython()
    parent = shell.get_parent() if shell and hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    if cell is None:
        return
    run = parent["header"]["msg_id"]
    last_run, panels = panels_of_cell.get(cell, (run, []))
    if last_run != run:
        for old in panels:
            old.close()
        panels = []
    panels_of_cell[cell] = (run, [*panels, panel])


def discard(widget: widgets.Widget) -> None:
    """Close a widget with everything in it."""
    for child in getattr(widget, "children", ()):
        discard(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
        if part is not None:
            part.close()
    widget.unobserve_all()
    widget.close()


# A learner's function


class Fault(ValueError):
    """What a learner's function returned cannot be used."""


def complaint(function: Callable, error: Exception) -> str:
    """Which line of the learner's code failed, and how."""
    if isinstance(error, Fault):
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", None)
        where = f" (it starts in line {line} of its cell)" if line else ""
        return f"{name_of(function)}{where} {error}"
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


# Controls

LABEL = {"description_width": "130px"}
WIDE = {"width": "480px", "max_width": "100%"}


def prompt_box(value: str) -> widgets.Text:
    """A prompt, read when the learner leaves the box or presses Enter."""
    layout = {"width": "700px", "max_width": "100%"}
    return widgets.Text(
        value=value, description="prompt", continuous_update=False, style=LABEL, layout=layout
    )


def slider(name: str, value: float, **range_and_tooltip) -> widgets.FloatSlider | widgets.IntSlider:
    """A slider with its name as the label: of whole numbers if the value is one."""
    kind = widgets.IntSlider if isinstance(value, int) else widgets.FloatSlider
    return kind(value=value, description=name, style=LABEL, layout=WIDE, **range_and_tooltip)


def knob(name: str, value: float | None = None) -> widgets.FloatSlider | widgets.IntSlider:
    """The slider of a field of `Settings`, at the given value or at its neutral one."""
    neutral, options = KNOBS[name]
    return slider(name, neutral if value is None else value, **options)


LONGEST_RUN = 4
KNOBS = {
    "temperature": (
        1.0,
        {
            "min": 0,
            "max": HOTTEST,
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


def run_knob(n: int) -> widgets.IntSlider:
    """The slider of no_repeat_ngram, which is no field of `Settings`."""
    tip = "no run of so many tokens comes twice; 0 is off"
    return slider("no_repeat_ngram", n, min=0, max=LONGEST_RUN, tooltip=tip)


def choice(name: str, options: Sequence[str]) -> widgets.ToggleButtons:
    """Buttons of which one is down. A list that drops down would lose its arrow keys to Lab."""
    buttons = widgets.ToggleButtons(
        options=options,
        description=name,
        style=LABEL | {"button_width": "auto"},
        layout=widgets.Layout(width="auto", max_width="100%"),
    )
    buttons.add_class("widget-inline-hbox")  # the label beside them, as other controls have it
    return buttons


def preset_box() -> widgets.ToggleButtons:
    return choice("preset", [OWN, *PRESETS])


def preset_values(preset: str, knobs: Sequence[str]) -> dict[str, float]:
    """Where a preset puts these knobs: those that it does not name are off."""
    return {name: PRESETS[preset].get(name, OFF[name]) for name in knobs}


def what_is_missing(preset: str, knobs: Sequence[str]) -> str:
    """A note on what a preset also sets, if this explorer has no knob for it."""
    parts = [
        f"{name} {value:g}"
        for name, value in PRESETS[preset].items()
        if name not in knobs and value != OFF[name]
    ]
    return (
        f"The preset '{preset}' also sets {' and '.join(parts)}, not shown here." if parts else ""
    )


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
