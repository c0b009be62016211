"""What all explorers share: labelled controls over a picture and its one-line summary."""

import atexit
import base64
import inspect
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from traceback import StackSummary
from types import MappingProxyType
from typing import TypeVar

import ipywidgets as widgets
from IPython import get_ipython

from course_utils.explore.controls import (
    OWN,
    preset_values,
    set_text,
    status,
    text_box,
)
from course_utils.explore.given import complaint, line_in, name_of
from course_utils.explore.in_time import limited
from course_utils.explore.picture import LivePicture
from course_utils.explore.plots.style import Picture
from course_utils.explore.sharing import CopyButton, arguments, code_of

T = TypeVar("T")

PATIENCE = 2.0  # seconds that a cell waits for a few texts, so that its saved output has them
GLANCE = 0.3  # and for many; what is left of either is written behind the cell
# Controls that make no difference to what is shown, or keep what was there before.
PASSING = ("preset", "show_code", "pin", "compare")
CAPTION = "The text below the picture says what it shows."

# The panels that each cell made in its last run: they close when the cell runs again.
panels_of_cell: dict[str, tuple[str, list[widgets.Widget]]] = {}

# The panel of each job. A job that is in torch when Python ends would abort the process.
panel_of_job: weakref.WeakKeyDictionary[threading.Thread, "Panel"] = weakref.WeakKeyDictionary()


@atexit.register
def end_jobs() -> None:
    """Stop all jobs, and wait for the step that each is in; half a minute is for one that hangs."""
    for job, panel in list(panel_of_job.items()):
        panel.job = None
        job.join(timeout=30)


class Panel(widgets.VBox):
    """Controls, and beside or below them picture, summary, message and code.

    A subclass makes `picture` and `controls`, calls `assemble` with them, and writes `show`, which
    sets `image` and `text` from where the controls stand. A control that moves calls `refresh`.
    What is chosen in the picture comes to `choose`, if a subclass has one.
    function: the learner's, if there is one.
    """

    picture: Picture
    called: Mapping[str, str] = MappingProxyType({})  # arguments that a control calls otherwise
    job: threading.Thread | None = None
    closed = False
    stale = False

    def __new__(cls, *args, **kwargs) -> "Panel":
        panel = super().__new__(cls, *args, **kwargs)
        panel.given = arguments(cls.__init__, args, kwargs)
        return panel

    def __init__(self, function: Callable | None = None):
        self.function = function and limited(function, self.give_up)
        self.controls: dict[str, widgets.Widget] = {}
        self.notes: dict[str, str] = {}
        self.text = ""
        self.drawing = threading.Lock()
        self.image = LivePicture(choosable=hasattr(self, "choose"))
        if self.image.choosable:
            self.image.observe(lambda change: self.choose(change["new"][0]), "chosen")
        self.summary, self.message, self.code = (
            text_box(name) for name in ("summary", "message", "code")
        )
        self.progress = widgets.FloatProgress(
            min=0, max=1, description="progress", layout=widgets.Layout(width="200px")
        )
        self.stop = widgets.Button(
            description="Stop", tooltip="stop generating", layout={"width": "80px"}
        )
        self.stop.on_click(lambda _: self.stop_job())
        self.running = widgets.HBox([self.progress, self.stop])
        self.running.layout.display = "none"
        self.copy_button = CopyButton(self.setting)
        super().__init__()
        self.comm.on_close(lambda _: self.stop_job())  # the page is gone
        self.add_class("nt-panel")
        replace_panels_of_this_cell(self)

    def assemble(
        self,
        rows: Sequence[widgets.Widget],
        below: Sequence[widgets.Widget] = (),
        work: Iterable[float] = (),
    ) -> None:
        """Show rows of controls, the picture, and `below` it what else there is.

        work: as in `start_job`, many texts. The first picture shows those that are soon there.
        """
        steps = iter(work)
        is_left = self.work_now(steps, many=True)
        self.refresh()
        self.lay_out([*rows, self.running], self.image, below)
        if is_left:
            self.start_job(steps)

    def lay_out(
        self,
        controls: Sequence[widgets.Widget],
        shown: widgets.Widget,
        below: Sequence[widgets.Widget] = (),
    ) -> None:
        """Controls and words left, what is shown right; below each other on a narrow page."""
        words = [self.summary, self.message]
        self.started = self.stands()
        copying = [self.copy_button]
        side = box("nt-side", box("nt-controls", *controls, *copying), box("nt-words", *words))
        main = box("nt-main", box("nt-shown", shown), box("nt-below", *below, self.code))
        columns = box("nt-columns", side, main)
        self.children = [columns]

    def redraw_on(self, *names: str) -> None:
        """Let these controls, those of them that are there, bring the picture up to date."""
        for name in names:
            if name in self.controls:
                self.controls[name].observe(self.refresh, "value")

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
                self.image.says = self.text
                self.say_notes()
            finally:
                self.drawing.release()

    def say_notes(self) -> None:
        """The notes, a fault of the learner's function marked so that nobody misses it."""
        set_text(self.message, " ".join(filter(None, self.notes.values())))
        mark = self.message.add_class if self.notes.get("function") else self.message.remove_class
        mark("nt-fault")

    def draw(self, *numbers) -> object:
        """Move what `picture` holds to these numbers."""
        raise NotImplementedError

    def paint(self, *numbers) -> None:
        """Draw, and put the picture on the page."""
        self.draw(*numbers)
        self.image.show(self.picture)

    # What the learner gives

    def taken(self, note: str, still: str, read: Callable[..., T], *typed) -> T | None:
        """What `read` makes of what was typed; None if it is refused, which the note then says.

        still: what the page goes on showing then.
        """
        try:
            result = read(*typed)
        except ValueError as error:
            self.notes[note] = f"{error}. {still}"
            self.refresh()
            return None
        self.notes.pop(note, None)
        return result

    @contextmanager
    def blaming_function(self, called: bool = True) -> Iterator[None]:
        """Turn an error in the block into a note, if the learner's function is called there."""
        try:
            yield
        except Exception as error:
            if not called:
                raise
            self.notes["function"] = complaint(self.function, error)

    def ask_function(self, call: Callable[[], T], not_called: str = "") -> T | None:
        """What `call` makes of the learner's function; None without one, or if it fails.

        not_called: why it cannot be called where the controls stand, if so.
        """
        if self.function is None:
            return None
        self.notes |= {"function": "", "not called": not_called}
        if not not_called:
            with self.blaming_function():
                return call()
        return None

    def give_up(self, stack: StackSummary) -> None:
        """Say that a call of the learner's function cannot be ended. Its thread is held in it."""
        self.notes["function"] = (
            f"{name_of(self.function)} does not end{line_in(self.function, stack)}, and cannot be "
            "ended from here: restart the kernel."
        )
        self.say_notes()

    # Sharing

    def stands(self) -> dict[str, object]:
        """Where the controls stand that have a place to stand."""
        values = {name: getattr(control, "value", None) for name, control in self.controls.items()}
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in values.items()
            if value is not None and name not in PASSING
        }

    def now(self) -> dict[str, object]:
        """The constructor's arguments that would make this panel as it stands.

        Of the controls, those that bear the name of an argument. A subclass adds what it calls
        otherwise.
        """
        taken = inspect.signature(type(self).__init__).parameters
        named = {self.called.get(name, name): value for name, value in self.stands().items()}
        return self.given | {name: value for name, value in named.items() if name in taken}

    def moved(self) -> dict[str, object]:
        """What no argument sets: the controls to move once the panel is made."""
        values = self.now()
        settings = values.get("settings")
        known = {*values, *self.called, *(vars(settings) if settings else ())}
        return {
            name: value
            for name, value in self.stands().items()
            if name not in known and value != self.started.get(name)
        }

    def setting(self) -> str:
        """The code that makes this panel as it stands.

        What was drawn, pinned, saved or scrolled to is not in it.
        """
        return code_of(type(self), self.now(), self.moved())

    def at(self, **values: object) -> "Panel":
        """The panel with these controls moved, as "Copy this setting" writes it.

        ValueError if there is no such control.
        """
        for name, value in values.items():
            if name not in self.controls:
                known = ", ".join(self.stands())
                raise ValueError(f"a control must be one of {known}, got {name!r}")
            self.controls[name].value = value
        return self

    # Presets

    def watch_knobs(self, *names: str) -> None:
        """Let the preset buttons set these knobs, a moved knob release them, and both `move`."""
        self.knobs = names
        self.applying = False
        for name in names:
            self.controls[name].observe(self.on_knob, "value")
        if "preset" in self.controls:
            self.controls["preset"].observe(self.on_preset, "value")

    def values(self) -> dict[str, float]:
        """Where the knobs stand. The front end may send 0.7000000000000001 for 0.7."""
        return {name: round(self.controls[name].value, 4) for name in self.knobs}

    def on_knob(self, _) -> None:
        if self.applying:
            return
        if "preset" in self.controls:
            chosen = self.controls["preset"].value
            if chosen != OWN and preset_values(chosen, self.knobs) != self.values():
                self.controls["preset"].value = OWN
        self.move()

    def on_preset(self, change) -> None:
        name = change["new"]
        if name == OWN:
            return
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
        self.unfold("show_code", "Show the code", "Hide the code", self.code, code)

    def unfold(self, name: str, show: str, hide: str, box: widgets.HTML, text: str) -> None:
        """Lines in a box of their own, if the button of this name is pressed."""
        shown = self.controls[name].value
        self.controls[name].description = hide if shown else show
        box.value = f"<pre>{escape(text)}</pre>" if shown else ""
        box.layout.display = None if shown else "none"

    # Work that takes longer than a moment

    def work_now(self, work: Iterator[float], many: bool = False) -> bool:
        """Work while the cell runs, so that its output has it. Returns whether some is left."""
        end = time.monotonic() + (GLANCE if many else PATIENCE)
        return any(time.monotonic() > end for _ in work)

    def start_job(self, work: Iterator[float]) -> threading.Thread:
        """Run `work` beside the kernel, so that Stop can be heard.

        It yields the share that is done, from 0 to 1, at least twice a second; the panel refreshes
        at each. A job that is still running is stopped first. An error in it becomes a message.
        """
        job = threading.Thread(target=self.run_job, args=(work,), daemon=True)
        # The old one sees that it has a successor, and leaves without a word.
        old, self.job = self.job, job
        self.wait_for(old)
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
        self.wait_for(job)

    @staticmethod
    def wait_for(job: threading.Thread | None) -> None:
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
        if self.closed:
            return {"text/plain": self.text}
        with self.drawing:
            png = self.png()
        live = super()._repr_mimebundle_(**kwargs)
        return live | still_bundle(png, CAPTION, self.text)

    def png(self) -> bytes:
        """The picture as it is now, as the bytes of a PNG file."""
        return self.picture.png()

    def svg(self) -> str:
        """The picture as it is now, for a page that has the palette."""
        return self.picture.svg()


def still_bundle(png: bytes, alt: str, said: str) -> dict[str, str]:
    """A picture and what it says, for a page without widgets."""
    data = base64.b64encode(png).decode("ascii")
    page = (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" style="max-width: 100%">'
        f'<p style="white-space: pre-wrap">{escape(said)}</p>'
    )
    return {"text/html": page, "image/png": data, "text/plain": said}


def box(name: str, *children: widgets.Widget) -> widgets.VBox:
    """Widgets below each other, with a name for the style sheet."""
    made = widgets.VBox(children)
    made.add_class(name)
    return made


def replace_panels_of_this_cell(panel: widgets.Widget) -> None:
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
