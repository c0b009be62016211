"""The speculation explorer: a cheap draft proposes, the model accepts or draws anew."""

import dataclasses
import time
from collections.abc import Iterator, Sequence

import ipywidgets as widgets
from matplotlib.figure import Figure

from course_utils.checks import check_seed
from course_utils.explore.controls import (
    check_knob,
    check_up_to,
    choice,
    code_button,
    knob,
    prompt_box,
    row,
    seed_box,
    slider,
)
from course_utils.explore.given import reading_model
from course_utils.explore.interval import wilson
from course_utils.explore.panel import Panel
from course_utils.explore.plots.look import percent, visible
from course_utils.explore.plots.speculation import Piece, Share, SpeculationPicture
from course_utils.generate import Settings
from course_utils.model.gpt import GPT
from course_utils.model.interface import Model
from course_utils.model.storyteller import Storyteller
from course_utils.model.tokenizer import Names
from course_utils.speculative import Draft, Round, lookup_draft, model_draft, speculate

LENGTH = 40  # tokens of a text
MOST_AHEAD = 8
GRID = (0.0, 0.3, 0.6, 0.9, 1.2, 1.5)
TEXTS = 2  # at each temperature of the curve; at 0 one, as each is the same
PAUSE = 0.3  # seconds between two pictures, at least
LOOKUP, YOURS = "look up", "yours"


class Speculation(Panel):
    """A text by speculative sampling: which tokens were drafted, accepted, redrawn, or a bonus.

    The draft is the model itself with fewer blocks (it has six), or what followed the last time
    that the same tokens stood in the text ("look up").
    prompt: what the text goes on from.
    model: what checks, the Storyteller or one that `model.load` gives, which has no fewer blocks.
    draft: your own draft, as `speculative.Draft` has it, as one more choice, which it starts with.
    temperature: of model and draft, from 0 (greedy) to 3; ahead: tokens a draft, 1 to 8.
    seed: what the text starts from.
    Raises ValueError on a prompt or number that it cannot use.
    """

    def __init__(
        self,
        prompt: str = "Once upon a time",
        *,
        model: Model | None = None,
        draft: Draft | None = None,
        temperature: float = 0.8,
        ahead: int = 4,
        seed: int = 0,
    ):
        check_knob("temperature", temperature)
        check_up_to("ahead", ahead, MOST_AHEAD)
        check_seed(seed)
        if not isinstance(prompt, str):
            raise ValueError(f"prompt must be a text, got {prompt!r}")
        self.model = reading_model(model, prompt)
        fitting(self.model, prompt)
        super().__init__(draft)
        self.prompt = prompt
        self.names = Names(self.model.tokenizer, self.model.vocab_size)
        self.small = fewer_blocks(self.model)
        self.rounds: list[Round] = []
        self.made: tuple = ()  # what the text was made from, once it is whole
        self.counts: dict[float, list[tuple[int, int]]] = {}
        drafts = [*([YOURS] if draft else []), *self.small, LOOKUP]
        self.picture = SpeculationPicture(GRID[-1])
        self.controls = make_controls(prompt, drafts, float(temperature), ahead, seed)
        self.connect()
        self.assemble(arrange(self.controls), work=self.write())

    def connect(self) -> None:
        self.controls["prompt"].observe(self.on_prompt, "value")
        for name in ("drafted_by", "ahead"):
            self.controls[name].observe(lambda _: self.begin_anew(), "value")
        for name in ("temperature", "seed"):
            self.controls[name].observe(lambda _: self.start_job(self.write()), "value")
        self.redraw_on("show_code")

    # What the learner does

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.prompt}'."
        if new := self.taken("prompt", still, fitting, self.model, change["new"]):
            self.stop_job()
            self.prompt = new
            self.begin_anew()

    def begin_anew(self) -> None:
        """Another draft has other shares."""
        self.stop_job()
        self.counts = {}
        self.start_job(self.write())

    # The texts

    def write(self) -> Iterator[float]:
        """Write the text if it is to be another, and then those of the curve; yields the share."""
        todo = [(t, i) for i in range(TEXTS) for t in GRID if t > 0 or i == 0]
        todo = [(t, i) for t, i in todo if len(self.counts.get(t, ())) <= i]
        total, due = len(todo) + 1, time.monotonic()
        temperature = round(self.controls["temperature"].value, 4)
        asked = (self.prompt, *(self.controls[n].value for n in ("drafted_by", "ahead", "seed")))
        asked += (temperature,)
        self.notes.pop("function", None)
        with self.blaming_function(self.controls["drafted_by"].value == YOURS):
            if asked != self.made:
                self.rounds, self.made = [], ()
                for one in self.speculated(temperature, self.controls["seed"].value):
                    self.rounds.append(one)
                    if time.monotonic() >= due:
                        yield 0.0
                        due = time.monotonic() + PAUSE
                self.made = asked
            for done, (t, i) in enumerate(todo, 1):
                counted = []
                for one in self.speculated(t, i):
                    counted.append(one)
                    if time.monotonic() >= due:
                        yield done / total
                        due = time.monotonic() + PAUSE
                self.counts.setdefault(t, []).append(looked_at(counted))
        yield 1.0

    def speculated(self, temperature: float, seed: int) -> Iterator[Round]:
        settings, ahead = Settings(temperature=temperature), self.controls["ahead"].value
        draft = self.draft(settings)
        return speculate(self.model, self.prompt, draft, settings, LENGTH, seed, ahead)

    def draft(self, settings: Settings) -> Draft:
        name = self.controls["drafted_by"].value
        if name == YOURS:
            return self.function
        return (
            lookup_draft(self.model) if name == LOOKUP else model_draft(self.small[name], settings)
        )

    # What the explorer shows

    def show(self) -> None:
        rounds = list(self.rounds)
        shares = self.shares()
        said = counted_words(rounds)
        self.paint(self.pieces(rounds), shares, said)
        curve = ", ".join(f"{one.temperature:g} {percent(one.share)}" for one in shares)
        self.text = f"{self.heading()}: {'; '.join(said)}." + (
            f" Accepted at T {curve}." if curve else ""
        )
        draft = self.controls["drafted_by"].value
        self.show_code(code(draft, self.controls, round(self.controls["temperature"].value, 4)))

    def draw(self, pieces: Sequence[Piece], shares: Sequence[Share], said: list[str]) -> Figure:
        """The picture of this text; always the same Figure, with its artists moved."""
        prompt = visible(self.prompt).replace("␣", " ")
        after = f"{LENGTH} tokens at most after '{prompt}'"
        temperature = round(self.controls["temperature"].value, 4)
        return self.picture.draw(pieces, shares, temperature, said, self.heading(), after)

    def heading(self) -> str:
        controls = self.controls
        return (
            f"Draft {controls['drafted_by'].value}, {controls['ahead'].value} ahead, "
            f"T {controls['temperature'].value:.2f}"
        )

    def shares(self) -> list[Share]:
        """What of the drafts was accepted, by temperature, lowest first."""
        result = []
        for t, counts in sorted(self.counts.items()):
            accepted, looked = (sum(column) for column in zip(*counts, strict=True))
            if looked:
                share = accepted / looked
                result.append(Share(t, share, *wilson(share, looked)))
        return result

    def pieces(self, rounds: Sequence[Round]) -> list[Piece]:
        """The tokens of the text, and between them those that were refused."""
        result = []
        for number, one in enumerate(rounds, 1):
            drafted = f"pass {number}: {one.accepted} of {len(one.drafted)} accepted"
            kinds = [(token, "accepted") for token in one.tokens[: one.accepted]]
            if one.redrawn is not None:
                kinds += [(one.drafted[one.accepted], "refused"), (one.redrawn, "redrawn")]
            elif one.bonus is not None:
                kinds.append((one.bonus, "bonus"))
            for token, kind in kinds:
                label = visible(self.names[token])
                result.append(Piece(label, kind, f"'{label}', {kind}\n{drafted}"))
        return result


def fitting(model: Model, prompt: str) -> str:
    """The prompt; ValueError unless it and the text fit into the context."""
    room = model.context - LENGTH
    if len(model.encode(prompt)) > room:
        raise ValueError(f"prompt must be at most {room - 1} tokens. Shorten it")
    return prompt


def fewer_blocks(model: Model) -> dict[str, Model]:
    """The Storyteller with its first blocks alone, by their number; nothing of another model."""
    if not isinstance(model, Storyteller):
        return {}
    blocks, result = model.gpt.config.n_layer, {}
    for n in sorted({max(1, blocks - 1), max(1, blocks // 2)}, reverse=True):
        gpt = GPT(dataclasses.replace(model.gpt.config, n_layer=n))
        gpt.load_state_dict(model.gpt.state_dict(), strict=False)
        name = "1 block" if n == 1 else f"{n} blocks"
        result[name] = Storyteller(gpt.to(model.device).ready(), model.tokenizer, model.device)
    return result


def looked_at(rounds: Sequence[Round]) -> tuple[int, int]:
    """How many drafted tokens were accepted, and of how many that were looked at: no more of a
    draft than the first that was refused."""
    accepted = sum(one.accepted for one in rounds)
    return accepted, accepted + sum(one.redrawn is not None for one in rounds)


def counted_words(rounds: Sequence[Round]) -> list[str]:
    if not rounds:
        return ["no text yet"]
    tokens = sum(len(one.tokens) for one in rounds)
    accepted, looked = looked_at(rounds)
    share = f", {percent(accepted / looked)}" if looked else ""
    return [
        f"{tokens} tokens in {len(rounds)} passes",
        f"{tokens / len(rounds):.2f} tokens a pass",
        f"{accepted} of {looked} accepted{share}",
        f"{looked - accepted} redrawn",
        f"{sum(one.bonus is not None for one in rounds)} bonus",
    ]


def code(draft: str, controls: dict[str, widgets.Widget], temperature: float) -> str:
    """The lines that write this text."""
    drafts = {LOOKUP: "lookup_draft(model)", YOURS: "draft"}
    made = drafts.get(draft, "model_draft(small, settings)")
    seed, ahead = controls["seed"].value, controls["ahead"].value
    return "\n".join(
        [
            f"settings = Settings(temperature={temperature:g})",
            f"for round in speculate(model, prompt, {made}, settings, {LENGTH},",
            f"                       seed={seed}, ahead={ahead}):",
            "    print(round.drafted, round.accepted, round.redrawn, round.bonus)",
        ]
    )


# Widgets


def make_controls(
    prompt: str, drafts: Sequence[str], temperature: float, ahead: int, seed: int
) -> dict[str, widgets.Widget]:
    controls = {
        "prompt": prompt_box(prompt),
        "drafted_by": choice("draft", drafts),
        "temperature": knob("temperature", temperature),
        "ahead": slider("ahead", ahead, min=1, max=MOST_AHEAD, tooltip="tokens a draft, at most"),
        "seed": seed_box(seed),
        "show_code": code_button(),
    }
    for name in ("temperature", "ahead"):
        controls[name].continuous_update = False  # each new value is a new text
    return controls


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    return [
        *(controls[name] for name in ("prompt", "drafted_by", "temperature", "ahead")),
        row(controls["seed"], controls["show_code"]),
    ]
