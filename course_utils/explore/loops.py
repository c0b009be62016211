"""The loops explorer: greedy and beam search repeat themselves, and what gets them out."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.beam import grow_beams, prompt_ids
from course_utils.checks import check_seed
from course_utils.explore.controls import (
    OFF,
    SPOKEN,
    check_knob,
    check_up_to,
    code_button,
    knob,
    preset_box,
    prompt_box,
    row,
    run_knob,
    seed_box,
    text_box,
)
from course_utils.explore.given import complaint, name_of, reading_model
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent, printable, signed, visible
from course_utils.explore.plots.loops import LoopsPicture, Track
from course_utils.generate import Process, Settings, generate
from course_utils.metrics import seq_rep_n
from course_utils.model.interface import Model
from course_utils.penalties import no_repeat_ngram

N = 4  # the n-grams that are looked for
BEAMS = 4
LENGTHS = (20, 200)
MOST_TEXTS = 6  # of toys
BEAT = 0.25  # seconds between two pictures of a text that grows
SLIDERS = ("temperature", "top_p", "repetition_penalty", "frequency_penalty")
GREEDY, BEAM, YOURS, FUNCTION = "Greedy", f"Beam search, {BEAMS} beams", "Your settings", "function"
Toys = Mapping[str, Sequence[str]]


class Loops(Panel):
    """How texts repeat themselves; a cell shows it as its last value.

    prompt: for the model; or toys, which need no model and have no controls: a mapping from a name
        to the tokens of a text, at most 200, each with the space that it brings.
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    length: tokens of each text after a prompt, from 20 to 200.
    temperature, top_p, repetition_penalty, frequency_penalty, no_repeat_ngram: where the sliders
        of the third text start; seed: of its draws.
    function: your own f(logits, ids so far) -> logits, in place of the penalties: a fourth text.
        A fault in it becomes a message below the picture.
    Raises ValueError on a prompt or number that it cannot show.
    """

    def __init__(
        self,
        prompt: str | Toys = "Once upon a time",
        *,
        model: Model | None = None,
        length: int = 100,
        temperature: float = 0.0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.2,
        frequency_penalty: float = 0.0,
        no_repeat_ngram: int = 0,
        seed: int = 0,
        function: Process | None = None,
    ):
        check_up_to("length", length, LENGTHS[1], least=LENGTHS[0])
        numbers = (temperature, top_p, repetition_penalty, frequency_penalty)
        start = dict(zip(SLIDERS, numbers, strict=True))
        for name, value in (*start.items(), ("no_repeat_ngram", no_repeat_ngram)):
            check_knob(name, value)
        check_seed(seed)
        toys = {} if isinstance(prompt, str) else read_toys(prompt)
        if toys and function:
            raise ValueError("function needs a prompt, which toys are not")
        self.model = reading_model(model, prompt)
        if not toys:
            self.ids = prompt_ids(self.model, prompt, length)
        super().__init__(function)
        self.toys = toys
        self.prompt = "" if toys else prompt
        self.length = max(len(toy.ids) for toy in toys.values()) if toys else length
        self.names = list(toys) or [GREEDY, BEAM, YOURS] + [FUNCTION] * (function is not None)
        self.picture = LoopsPicture(len(self.names), self.length)
        self.texts: dict[str, list[int]] = {}
        self.written_out = set(toys)  # the names of the texts that are done
        self.pages = text_box("texts")
        if not toys:
            self.controls = make_controls(prompt, start, no_repeat_ngram, seed)
            self.connect()
            self.work_now(self.work(self.names))
        self.assemble(arrange(self.controls) if self.controls else [], below=[self.pages])
        if self.unwritten():
            self.start_job(self.work(self.unwritten()))

    def connect(self) -> None:
        self.watch_knobs(*SLIDERS, "no_repeat_ngram")
        self.controls["seed"].observe(lambda _: self.write(), "value")
        self.controls["prompt"].observe(self.on_prompt, "value")
        self.redraw_on("show_code")

    # What the learner does

    def move(self) -> None:
        self.write()

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.prompt}'."
        ids = self.taken("prompt", still, prompt_ids, self.model, change["new"], self.length)
        if ids:
            self.stop_job()
            self.prompt, self.ids = change["new"], ids
            self.texts, self.written_out = {}, set()
            self.write()

    def now(self) -> dict[str, object]:
        return super().now() | ({"prompt": self.prompt} if self.prompt else {})

    # Writing

    def write(self) -> None:
        """Write again what the sliders change, and whatever a stopped job has left undone."""
        self.stop_job()
        self.written_out -= {YOURS, FUNCTION}
        self.start_job(self.work(self.unwritten()))

    def unwritten(self) -> list[str]:
        return [name for name in self.names if name not in self.written_out]

    def work(self, names: Sequence[str]) -> Iterator[float]:
        """Write these texts; yields the share that is done now and then, and at once if stopped."""
        job, shown = self.job, time.monotonic()
        for done, name in enumerate(names):
            text: list[int] = []
            try:
                for token in self.tokens(name, job):
                    text.append(token)
                    self.texts[name] = text
                    if self.job is not job or time.monotonic() - shown > BEAT:
                        yield (done + len(text) / self.length) / len(names)
                        shown = time.monotonic()
            except Stopped:
                yield done / len(names)  # the last: who asks for no more has stopped the job
            except Exception as error:
                if name != FUNCTION:
                    raise
                self.texts[name] = text
                self.notes["function"] = complaint(self.function, error)
            else:
                if name == FUNCTION:
                    self.notes["function"] = ""
            self.written_out.add(name)
        yield 1.0

    def tokens(self, name: str, job: threading.Thread | None) -> Iterator[int]:
        if name == BEAM:
            yield from self.beam_tokens(job)
            return
        process = Settings(temperature=0) if name == GREEDY else self.process(name == FUNCTION)
        seed = self.controls["seed"].value
        for step in generate(self.model, self.prompt, process, self.length, seed):
            yield step.token

    def beam_tokens(self, job: threading.Thread | None) -> list[int]:
        reader = self.model.reader()

        def next_logits(ids: Tensor, rows: list[int]) -> Tensor:
            if self.job is not job:
                raise Stopped
            return reader.next_logits(ids, rows)

        found = grow_beams(next_logits, self.ids, BEAMS, self.length, end=self.model.ends)
        return found.hypotheses[0].tokens

    def process(self, with_function: bool) -> Process:
        """The strategies of the sliders, with the learner's function in place of the penalties."""
        settings, n = self.settings(), self.controls["no_repeat_ngram"].value

        def process(logits: Tensor, ids: Tensor) -> Tensor:
            if with_function:
                return settings.truncate(self.function(logits.clone(), ids.clone()))
            logits = settings.penalise(logits, ids, len(self.ids))
            return settings.truncate(no_repeat_ngram(logits, ids, n) if n else logits)

        return process

    # What the explorer shows

    def settings(self) -> Settings:
        return Settings(**{name: self.values()[name] for name in SLIDERS})

    def state(self) -> "State":
        texts = [self.toys.get(name) or self.written(name) for name in self.names]
        return State(self.prompt, self.length, self.values() if self.controls else {}, texts)

    def written(self, name: str) -> "Written":
        """A text as it is now, without end-of-text."""
        ids = list(self.texts.get(name, []))
        ended = bool(ids) and ids[-1] in self.model.ends
        label = name_of(self.function) if name == FUNCTION else name
        return Written(label, ids[: -1 if ended else None], ended, self.model.tokenizer.decode)

    def show(self) -> None:
        state = self.state()
        self.paint(state)
        self.text = summary(state)
        self.pages.value = page(state)
        if self.controls:
            self.show_code(code(self.settings(), self.values()["no_repeat_ngram"]))

    def draw(self, state: "State") -> Figure:
        """The picture of a state; always the same Figure, with its artists moved."""
        return self.picture.draw([text.track() for text in state.texts], heading(state), N)


class Stopped(Exception):
    """The job was told to stop while it searched."""


# What is in a text


def lags(ids: Sequence[int], n: int = N) -> list[int | None]:
    """For each token: how many tokens ago the n that end with it came last, None if never."""
    last: dict[tuple[int, ...], int] = {}
    found: list[int | None] = []
    for i in range(len(ids)):
        gram = tuple(ids[max(0, i + 1 - n) : i + 1])
        found.append(i - last[gram] if len(gram) == n and gram in last else None)
        last[gram] = i
    return found


def again(ids: Sequence[int], n: int = N) -> list[bool]:
    """For each token: whether it is part of n tokens that had come before."""
    marks = [lag is not None for lag in lags(ids, n)]
    return [any(marks[i : i + n]) for i in range(len(marks))]


def loop(ids: Sequence[int]) -> tuple[int, int] | None:
    """Where the loop begins that a text ends in, and how many tokens it has.

    As `metrics.ends_in_loop` has it: 2 tokens or more, 3 times or more, at the very end.
    """
    for size in range(2, len(ids) // 3 + 1):
        start = len(ids) - size
        while start and ids[start - 1] == ids[start - 1 + size]:
            start -= 1
        if len(ids) - start >= 3 * size:
            return start, size
    return None


@dataclass(frozen=True)
class Written:
    """One text. ids: the new tokens, without end-of-text; ended: whether that came."""

    name: str
    ids: list[int]
    ended: bool
    decode: Callable[[list[int]], str]

    def track(self) -> Track:
        share = seq_rep_n(self.ids, N) if len(self.ids) >= N else None
        return Track(self.name, lags(self.ids), again(self.ids), share, loop(self.ids), self.ended)


@dataclass(frozen=True)
class State:
    """All that a picture shows. values: where the sliders of the third text stand.

    Toys have no prompt and no values.
    """

    prompt: str
    length: int
    values: dict[str, float]
    texts: list[Written]


def read_toys(toys: Toys) -> dict[str, Written]:
    """Given texts. ValueError if they are none."""
    if not isinstance(toys, Mapping) or not 1 <= len(toys) <= MOST_TEXTS:
        got = f"{len(toys)} texts" if isinstance(toys, Mapping) else type(toys).__name__
        raise ValueError(
            "prompt must be a text, or a mapping from a name to a list of tokens, of 1 to "
            f"{MOST_TEXTS} texts, got {got}"
        )
    for name, tokens in toys.items():
        listed = isinstance(tokens, Sequence) and not isinstance(tokens, str)
        if not listed or not all(isinstance(token, str) for token in tokens):
            raise ValueError(f"{name!r} must be a list of tokens, got {tokens!r}")
        if not 1 <= len(tokens) <= LENGTHS[1]:
            raise ValueError(f"{name!r} must be 1 to {LENGTHS[1]} tokens, got {len(tokens)}")
    vocabulary = list(dict.fromkeys(token for tokens in toys.values() for token in tokens))
    id_of = {token: i for i, token in enumerate(vocabulary)}
    return {
        str(name): Written(
            str(name),
            [id_of[token] for token in tokens],
            False,
            lambda ids: "".join(vocabulary[i] for i in ids),
        )
        for name, tokens in toys.items()
    }


# From a state to words


def heading(state: State) -> str:
    if not state.prompt:
        return f"Given texts, {state.length} tokens at most"
    prompt = visible(state.prompt).replace("␣", " ")
    return f"{state.length} tokens at most after '{prompt}'"


def summary(state: State) -> str:
    """The picture in one line."""
    on = [
        f"{SPOKEN[name]} {signed(value, 'g')}"
        for name, value in state.values.items()
        if value != OFF[name]
    ]
    set_to = f" ({', '.join(on) or 'all off'})"
    parts = []
    for text in state.texts:
        track = text.track()
        part = text.name + (set_to if state.values and text.name == YOURS else "")
        short = f"fewer than {N} tokens" if text.ids else "no text yet"
        part += f" {short if track.share is None else percent(track.share)}"
        if track.loop:
            start, size = track.loop
            phrase = visible(text.decode(text.ids[start : start + size]))
            part += f", ending in the loop '{phrase}'"
        parts.append(part)
    return f"{heading(state)}. {N}-grams that repeat earlier ones: {'; '.join(parts)}."


def page(state: State) -> str:
    """The texts as HTML: what came before is underlined and tinted."""
    blocks = [
        f"<p style='margin: 0.4em 0'><b>{escape(text.name)}:</b> "
        f"<i>{plain(state.prompt)}</i>{marked(text)}</p>"
        for text in state.texts
    ]
    return f"<div style='line-height: 1.5'>{''.join(blocks)}</div>"


def marked(text: Written) -> str:
    """The text in runs of fresh and of repeated tokens."""
    look = "background: rgba(217, 115, 13, 0.25); color: inherit; text-decoration: underline"
    runs: list[tuple[bool, list[int]]] = []
    for token, repeated in zip(text.ids, again(text.ids), strict=True):
        if not runs or runs[-1][0] != repeated:
            runs.append((repeated, []))
        runs[-1][1].append(token)
    said = [(repeated, plain(text.decode(ids))) for repeated, ids in runs]
    return "".join(f'<mark style="{look}">{s}</mark>' if again else s for again, s in said)


def plain(text: str) -> str:
    """Text for a page, in which a line break is a sign and takes no line."""
    return escape(printable(text)).replace("\n", "⏎ ")


def code(settings: Settings, n: int) -> str:
    """The Python lines for the third text."""
    lines = settings.code().splitlines()
    if n:
        penalties = sum("_penalty(" in line for line in lines)
        lines.insert(penalties, f"logits = no_repeat_ngram(logits, ids, {n})")
    return "\n".join(lines)


# Widgets


def make_controls(
    prompt: str, start: dict[str, float], n: int, seed: int
) -> dict[str, widgets.Widget]:
    return {
        "prompt": prompt_box(prompt),
        **{name: knob(name, float(value)) for name, value in start.items()},
        "no_repeat_ngram": run_knob(n),
        **preset_box((*SLIDERS, "no_repeat_ngram")),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    sliders = [controls[name] for name in (*SLIDERS, "no_repeat_ngram")]
    last = row(controls["seed"], controls["show_code"])
    return [controls["prompt"], controls["preset"], *sliders, last]
