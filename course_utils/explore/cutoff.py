"""The adaptive cutoff explorer: how many tokens top-k, top-p and min-p keep along a text."""

import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import sampling
from course_utils.checks import check_rows, single_rows
from course_utils.explore.controls import (
    KNOBS,
    SPOKEN,
    check_knob,
    code_button,
    knob,
    preset_box,
    prompt_box,
    row,
    slider,
)
from course_utils.explore.distribution import reading
from course_utils.explore.given import Fault, check_room, encoded, name_of, reading_model, returned
from course_utils.explore.panel import Panel
from course_utils.explore.plots.cutoff import CutoffPicture, Track
from course_utils.explore.plots.look import percent, visible
from course_utils.explore.ranked import Ranked
from course_utils.model.interface import Model
from course_utils.model.tokenizer import Names

# From "The Story of the Three Bears" as Joseph Jacobs tells it, 1890.
PASSAGE = (
    "Once upon a time there were Three Bears, who lived together in a house of their own, in a "
    "wood. One of them was a Little, Small, Wee Bear."
)
RULES = ("top_k", "top_p", "min_p")
SLIDERS = ("temperature", *RULES)
TOP = 4  # tokens named in the summary
MANY = 10_000  # from here on, a larger vocabulary is counted in buckets


@dataclass(frozen=True)
class Passage:
    """A text and what could follow each of its tokens.

    tokens: the text's, one a step; logits (steps, vocab) after each; names: of the vocabulary;
    ids: the text's token ids, None if the logits are toys.
    """

    tokens: tuple[str, ...]
    logits: Tensor
    names: Sequence[str]
    ids: Tensor | None = None

    @functools.cached_property
    def ranked(self) -> Tensor:
        """The logits of each step, from the largest down."""
        return sampling.descending(self.logits)

    @functools.cached_property
    def finite(self) -> Tensor:
        """How many tokens of each step are not at -inf."""
        return self.logits.isfinite().sum(dim=-1)

    @functools.cached_property
    def many(self) -> Ranked:
        """The same, of a large vocabulary."""
        return Ranked(self.ranked.numpy())

    @functools.cached_property
    def ranks(self) -> Tensor:
        """The place of each next token of the text among all tokens, 1 for the likeliest."""
        came = self.ids[1:, None]
        rows, own = self.logits[:-1], self.logits[:-1].gather(-1, came)
        before = torch.arange(rows.shape[-1]) < came  # of equals, the lowest id is first
        return ((rows > own) | (rows == own) & before).sum(dim=-1) + 1

    def likeliest(self, step: int, n: int) -> list[int]:
        """The n likeliest tokens of a step; of equals, those with the lowest ids."""
        row = self.logits[step]
        ids = (row >= row.topk(min(n, len(row))).values[-1]).nonzero().flatten()
        return ids[row[ids].argsort(descending=True, stable=True)][:n].tolist()

    def __len__(self) -> int:
        return len(self.tokens)


class AdaptiveCutoff(Panel):
    """How many tokens each rule keeps after each token of a text, each rule on its own.

    text: a passage, or toys: a list of (token, logits (vocab,) of what follows
        it), or logits (steps, vocab).
    model: what reads the passage, the Storyteller or one that `model.load` gives.
    names: of the vocabulary of toys; without them its tokens are "#0", "#1", …
    temperature, top_k, top_p, min_p: where the sliders start.
    strategy: your own f(logits, value) -> logits, drawn beside the rule that `knob` names, whose
        value it gets; the logits (vocab,) have been through the temperature.
    Raises ValueError on a text or number that it cannot show.
    """

    called = MappingProxyType({"prompt": "text"})

    def __init__(
        self,
        text: str | Sequence[tuple[str, Tensor]] | Tensor = PASSAGE,
        *,
        model: Model | None = None,
        names: Sequence[str] | None = None,
        temperature: float = 1.0,
        top_k: int = 40,
        top_p: float = 0.9,
        min_p: float = 0.1,
        strategy: Callable[[Tensor, float], Tensor] | None = None,
        knob: str = "top_p",
    ):
        start = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
        for name, value in start.items():
            check_knob(name, value)
        if knob not in RULES:
            raise ValueError(f"knob must be one of {', '.join(RULES)}, got {knob!r}")
        self.model = model
        passage = read(text, model, names)
        super().__init__(strategy)
        self.knob = knob
        self.passage = passage
        self.prompt = text if isinstance(text, str) else None
        self.picture = CutoffPicture()
        self.yours: tuple = (None, None)  # what the learner's function was asked, and its counts
        self.controls = make_controls(start, self.prompt, len(passage))
        self.connect()
        self.assemble(arrange(self.controls))

    def connect(self) -> None:
        self.watch_knobs(*SLIDERS)
        self.redraw_on("step", "show_code")
        if self.prompt is not None:
            self.controls["prompt"].observe(self.on_prompt, "value")

    # What the learner does

    def on_prompt(self, change) -> None:
        still = "The picture still shows the text before."
        if passage := self.taken("prompt", still, read, change["new"], self.model):
            self.passage, self.prompt = passage, change["new"]
            self.controls["step"].max = len(passage)
            self.refresh()

    def choose(self, key: str) -> None:
        """Look at the step that was chosen in the picture."""
        self.controls["step"].value = int(key)

    # What the explorer shows

    def show(self) -> None:
        passage, values = self.passage, self.values()
        step = min(self.controls["step"].value, len(passage)) - 1
        kept = {name: kept_counts(passage, name, values) for name in RULES}
        yours = self.ask_function(lambda: self.your_counts(values), self.why_not_called(values))
        self.paint(passage, values, kept, yours, step)
        said = [along_the_text(values, kept), at_the_step(passage, kept, step)]
        said += [cut_by(passage, kept)]
        said += [comparison(yours, kept[self.knob], self.knob, passage.tokens)]
        self.text = " ".join(filter(None, said))
        self.show_code(code(values))

    def draw(
        self,
        passage: Passage,
        values: dict[str, float],
        kept: dict[str, list[int]],
        yours: list[int] | None,
        step: int,
    ) -> Figure:
        """The picture of these numbers; always the same Figure, with its artists moved."""
        tracks = [Track(name, setting(name, values[name]), kept[name]) for name in RULES]
        tracks += [Track("yours", "yours", yours)] if yours else []
        vocabulary = passage.logits.shape[-1]
        return self.picture.draw(
            passage.tokens,
            vocabulary,
            tracks,
            step,
            f"{after(passage, step)} are kept: "
            + ", ".join(f"{track.name} {track.kept[step]:,}" for track in tracks),
        )

    def now(self) -> dict[str, object]:
        return super().now() | ({} if self.prompt is None else {"text": self.prompt})

    def why_not_called(self, values: dict[str, float]) -> str:
        if values["temperature"] == 0:
            return f"At temperature 0 the choice is greedy: {name_of(self.function)} is not called."
        if self.knob == "top_k" and not values["top_k"]:
            return f"top-k is off: {name_of(self.function)} is not called."
        return ""

    def your_counts(self, values: dict[str, float]) -> list[int]:
        """How many tokens the learner's function keeps at each step."""
        asked = (self.passage, values["temperature"], values[self.knob])
        if self.yours[0] != asked:
            rows = sampling.temperature(self.passage.logits, values["temperature"])
            counts = [kept_by(self.function, x, values[self.knob]) for x in rows]
            self.yours = (asked, counts)
        return self.yours[1]


def read(
    text: str | Sequence[tuple[str, Tensor]] | Tensor,
    model: Model | None = None,
    names: Sequence[str] | None = None,
) -> Passage:
    """A text with the logits after each of its tokens. ValueError if it cannot be shown."""
    model = reading_model(model, text)
    if model is not None:
        return read_passage(text, model)
    if isinstance(text, Tensor):
        rows, tokens = text, None
    else:
        try:
            tokens, rows = zip(*text, strict=True)
            rows = torch.stack(rows)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(
                "text must be a passage, a list of (token, logits), or logits, "
                f"got {type(text).__name__}"
            )
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"logits must be (steps, vocab), got shape {tuple(rows.shape)}")
    rows = single_rows(rows).clone()
    tokens = tokens or tuple(str(i) for i in range(1, len(rows) + 1))
    names = [f"#{i}" for i in range(rows.shape[1])] if names is None else names
    if len(names) != rows.shape[1]:
        raise ValueError(f"names must be one a token, {rows.shape[1]}, got {len(names)}")
    return Passage(tokens, rows, names)


def read_passage(text: str, model: Model) -> Passage:
    ids = encoded(model, text, "text")
    check_room("text", len(ids))
    first = model.tokenizer.decode_single_token_bytes(ids[0])
    start = not text.strip().encode().startswith(first.strip())  # it is a begin-of-text
    names = Names(model.tokenizer, model.vocab_size)
    tokens = tuple(names[i] for i in ids[start:])
    return Passage(tokens, model.logits(ids)[start:], names, torch.tensor(ids[start:]))


# Counting


def kept_counts(passage: Passage, rule: str, values: dict[str, float]) -> list[int]:
    """How many tokens a rule of `sampling` keeps at each step: here the logits are sorted already.

    Which tokens it keeps is no question: the likeliest, as many as these.
    """
    t, value = values["temperature"], values[rule]
    if t == 0:
        return [1] * len(passage)
    if rule == "top_k":
        return passage.finite.clamp(max=value or passage.logits.shape[-1]).tolist()
    if value == KNOBS[rule][0]:  # it is off
        return passage.finite.tolist()
    if passage.logits.shape[-1] > MANY:
        return getattr(passage.many, rule)(t, value)
    x = sampling.temperature(passage.ranked, t)
    if rule == "min_p":
        return sampling.min_p(x, value).isfinite().sum(dim=-1).tolist()
    mass = sampling.mass_before(x.double().softmax(dim=-1))
    return ((mass < value) & x.isfinite()).sum(dim=-1).tolist()


def kept_by(function: Callable, logits: Tensor, value: float) -> int:
    """How many tokens the learner's function keeps. Raises Fault if it returns no logits."""
    result = returned(function(logits.clone(), value))
    try:
        check_rows(result)
    except ValueError as error:
        raise Fault(f"returned what cannot be used: {error}.")
    if result.shape != logits.shape:
        raise Fault(
            f"returned shape {tuple(result.shape)}, expected {tuple(logits.shape)}: one logit a "
            "token."
        )
    kept = result.isfinite()
    if (~kept).any() and logits[kept].min() < logits[~kept].max():
        raise Fault("cut a token that is likelier than one that it kept.")
    return int(kept.sum())


# Words


def setting(rule: str, value: float) -> str:
    return f"{SPOKEN[rule]} {reading(value if value != KNOBS[rule][0] else None)}"


def along_the_text(values: dict[str, float], kept: dict[str, list[int]]) -> str:
    parts = [f"{setting(name, values[name])} keeps {span(counts)}" for name, counts in kept.items()]
    steps = len(kept["top_k"])
    return f"Temperature {values['temperature']:.2f}, {steps:,} steps: {'; '.join(parts)}."


def span(counts: list[int]) -> str:
    if min(counts) == max(counts):
        return f"{counts[0]:,} at every step"
    return f"{min(counts):,} to {max(counts):,}, median {statistics.median_low(counts):,}"


def after(passage: Passage, step: int) -> str:
    return f"After '{visible(passage.tokens[step])}' (step {step + 1:,})"


def at_the_step(passage: Passage, kept: dict[str, list[int]], step: int) -> str:
    """What each rule keeps at one step, the likeliest tokens there, and the one that came."""
    counts = ", ".join(f"{SPOKEN[name]} {counts[step]:,}" for name, counts in kept.items())
    probs = passage.logits[step].softmax(dim=-1)
    best = passage.likeliest(step, TOP)
    likely = ", ".join(f"'{visible(passage.names[i])}' {percent(float(probs[i]))}" for i in best)
    text = f"{after(passage, step)}: {counts} kept; likeliest {likely}"
    if passage.ids is None or step + 1 == len(passage):
        return f"{text}."
    came, rank = passage.tokens[step + 1], int(passage.ranks[step])
    cutters = [SPOKEN[name] for name, counts in kept.items() if rank > counts[step]]
    return (
        f"{text}. The text goes on with '{visible(came)}', number {rank:,} by probability, "
        f"cut by {', '.join(cutters) or 'none'}."
    )


def cut_by(passage: Passage, kept: dict[str, list[int]]) -> str:
    """How many of the text's own tokens a rule would have made impossible."""
    if passage.ids is None or len(passage) < 2:
        return ""
    cut = {name: int((passage.ranks > torch.tensor(kept[name][:-1])).sum()) for name in RULES}
    parts = ", ".join(f"{SPOKEN[name]} cuts {number:,}" for name, number in cut.items())
    return f"Of the text's own {len(passage) - 1:,} next tokens {parts}."


def comparison(
    yours: list[int] | None, reference: list[int], rule: str, tokens: Sequence[str]
) -> str:
    if yours is None:
        return ""
    gaps = [abs(a - b) for a, b in zip(yours, reference, strict=True)]
    if not any(gaps):
        return f"Your function keeps as many as {SPOKEN[rule]} at every step."
    worst = gaps.index(max(gaps))
    steps = f"{sum(map(bool, gaps)):,} of {len(gaps):,} steps"
    return (
        f"Your function differs from {SPOKEN[rule]} at {steps}, most after "
        f"'{visible(tokens[worst])}' (step {worst + 1:,}): yours {yours[worst]:,}, "
        f"reference {reference[worst]:,}."
    )


def code(values: dict[str, float]) -> str:
    """The lines that count what these settings keep."""
    if values["temperature"] == 0:
        return "tokens = greedy(logits)  # temperature 0: one token a step, whatever the rules"
    lines = [f"logits = temperature(logits, {values['temperature']:g})  # (steps, vocab)"]
    for name in RULES:
        if values[name] != KNOBS[name][0]:
            lines.append(f"kept = {name}(logits, {values[name]:g}).isfinite().sum(dim=-1)")
    return "\n".join(lines)


# Widgets


def make_controls(
    start: dict[str, float], prompt: str | None, steps: int
) -> dict[str, widgets.Widget]:
    controls = {} if prompt is None else {"prompt": prompt_box(prompt, "text")}
    for name, value in start.items():
        controls[name] = knob(name, value if name == "top_k" else float(value))
    where = {"min": 1, "max": steps, "tooltip": "the token of the text that is looked at"}
    return controls | {
        "step": slider("step", (steps + 1) // 2, **where),
        **preset_box(SLIDERS),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    above = [controls["prompt"]] if "prompt" in controls else []
    sliders = [controls[name] for name in SLIDERS]
    last = row(controls["step"], controls["show_code"])
    return [*above, controls["preset"], *sliders, last]
