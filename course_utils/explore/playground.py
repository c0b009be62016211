"""The playground: a prompt, every knob, and several texts side by side."""

import functools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from types import MappingProxyType

import ipywidgets as widgets
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.checks import check_seed
from course_utils.explore.controls import (
    KNOBS,
    SPOKEN,
    WIDE,
    button,
    check_knobs,
    check_up_to,
    code_button,
    knob,
    knob_values,
    preset_box,
    prompt_box,
    row,
    seed_box,
    set_text,
    settings_of,
    text_box,
    whole,
)
from course_utils.explore.distribution import SLIDERS, Distribution
from course_utils.explore.given import Fault, name_of, reading_model, returned, some_choice
from course_utils.explore.panel import Panel, box
from course_utils.explore.plots.look import DRAWN, percent, printable, readable, signed, visible
from course_utils.explore.plots.playground import LEVELS, Block, Cell, PlaygroundPicture, level
from course_utils.generate import Process, Settings, Step, generate_batch
from course_utils.metrics import distinct_n, effective_choices, ends_in_loop
from course_utils.model.interface import Model, Tokenizer
from course_utils.model.tokenizer import END_OF_TEXT, token_name
from course_utils.toys import Markov

MOST_SAMPLES, MOST_TOKENS = 4, 200
STORYTELLER = "storyteller.load()"
TOY, GIVEN = "toy  # the table that the explorer was given", "model  # that the explorer was given"
BEAT = 0.15  # seconds between two updates of the page: quick to the eye, easy on the front end
AT_ONCE = 0.25  # seconds in which short texts are there as a whole, and nothing flickers


@dataclass(frozen=True)
class Request:
    """What is asked for. Text i is drawn with `seed` + i."""

    prompt: str
    settings: Settings
    samples: int
    tokens: int
    seed: int

    @property
    def seeds(self) -> list[int]:
        return list(range(self.seed, self.seed + self.samples))

    def code(self, writes: str) -> str:
        """A program that prints the same texts. writes: the model, as code."""
        knobs = ", ".join(f"{name}={value!r}" for name, value in self.settings.changed().items())
        return "\n".join(
            [
                *(["from course_utils import storyteller"] if writes == STORYTELLER else []),
                "from course_utils.generate import Settings, generate",
                "",
                f"model = {writes}",
                f"prompt = {self.prompt!r}",
                f"settings = Settings({knobs})",
                f"for seed in {self.seeds}:",
                f"    steps = generate(model, prompt, settings, {self.tokens}, seed)",
                '    print(prompt + "".join(step.text for step in steps), end="\\n\\n")',
            ]
        )


@dataclass(frozen=True)
class Token:
    """One token of a text. Probability, rank and the three likeliest others are the model's own.

    name: the token with its spaces seen; text: what it adds to the text; choices: how many equal
    choices the draw was like, after the knobs; ends: whether it is end-of-text.
    """

    id: int
    name: str
    text: str
    logprob: float
    rank: int
    others: Sequence[tuple[str, float]]
    choices: float
    ends: bool

    @property
    def probability(self) -> float:
        return math.exp(self.logprob)

    @property
    def shown(self) -> str:
        return "∎" if self.ends else self.text

    @property
    def tip(self) -> str:
        name = "end of text" if self.ends else f"'{self.name}'"
        others = ", ".join(f"'{other}' {percent(share)}" for other, share in self.others) or "none"
        return f"{name}: {percent(self.probability)}, rank {self.rank:,}. Others: {others}"


@dataclass(frozen=True)
class Group:
    """The texts of a request: by the knobs, or by the function that `writer` names."""

    request: Request
    writer: str
    texts: list[list[Token]]

    @property
    def title(self) -> str:
        return self.writer or words(self.request.settings)

    @property
    def tokens(self) -> list[Token]:
        """All tokens but end-of-text."""
        return [token for text in self.texts for token in text if not token.ends]

    def numbers(self) -> list[str]:
        """What the texts are like, in words."""
        tokens = self.tokens
        if not tokens:
            return ["nothing was written"]
        texts = [[token.id for token in text if not token.ends] for text in self.texts]
        mean = sum(token.logprob for token in tokens) / len(tokens)
        choices = sum(token.choices for token in tokens) / len(tokens)
        stuck = sum(map(ends_in_loop, texts))
        long_enough = any(len(text) > 1 for text in texts)
        return [
            f"mean log-probability {signed(mean)}",
            *([f"distinct-2 {distinct_n(texts, 2):.2f}"] if long_enough else []),
            f"{stuck} of {len(texts)} {'ends' if stuck == 1 else 'end'} in a loop",
            f"{choices:,.1f} effective choices a token",
        ]


Side = tuple[str, Group]  # the side of a comparison that it is on, "A: " or "B: ", if there is one


class Playground(Panel):
    """Texts of a model under every knob; a cell shows it as its last value.

    Each token is tinted by the probability that the model gave it, with its rank and the likeliest
    others where the pointer or the arrow keys are. While a knob moves, the texts are written anew
    with the same seeds, and what changed has a line above it. "Save as A" keeps the texts, and
    "Compare with A" shows them beside the new ones.
    prompt: for the model; or a toy, a `toys.Markov`, which writes in its place and starts from the
        first of its words.
    model: what reads the prompt, the Storyteller, one that `model.load` gives, or a `toys.Markov`.
    settings: where the knobs start; samples: texts, 1 to 4; max_new_tokens: 1 to 200; seed: of the
        first text, the next ones follow it.
    process: your own f(logits, ids) -> logits, as `generate` takes it. Its texts stand beside those
        of the knobs, drawn with the same seeds; a fault in it becomes a message.
    knobs: which sliders there are; the others stay as the settings have them.
    Raises ValueError on an argument that it cannot use.
    """

    called = MappingProxyType({"tokens": "max_new_tokens"})

    def __init__(
        self,
        prompt: str | Markov = "Once upon a time",
        *,
        model: Model | Markov | None = None,
        settings: Settings = Settings(),  # noqa: B008, it is frozen
        samples: int = 3,
        max_new_tokens: int = 40,
        seed: int = 0,
        process: Process | None = None,
        knobs: Sequence[str] = tuple(KNOBS),
    ):
        self.knobs = check_knobs(knobs, tuple(KNOBS))
        check_up_to("samples", samples, MOST_SAMPLES)
        check_up_to("max_new_tokens", max_new_tokens, MOST_TOKENS)
        check_seed(seed)
        toy = isinstance(prompt, Markov)
        if not toy and not isinstance(prompt, str):
            raise ValueError(f"prompt must be a text or a Markov table, got {prompt!r}")
        if process is not None and not callable(process):
            raise ValueError(f"process must be a function of logits and ids, got {process!r}")
        starts = knob_values(settings, self.knobs)
        given = model is not None
        model = reading_model(model, prompt, toys=True) or prompt
        if toy:
            prompt = next(token.strip() for token in model.tokens if token != END_OF_TEXT)
        model.encode(prompt)
        super().__init__(process)
        self.model = model
        self.fixed = settings
        self.writes = TOY if isinstance(model, Markov) else GIVEN if given else STORYTELLER
        self.picture = PlaygroundPicture()
        self.texts = widgets.HTML(layout=WIDE)
        self.token_chosen = widgets.Text(layout={"display": "none"})
        self.token_chosen.add_class("token-chosen")
        self.token_chosen.observe(self.on_token, "value")
        self.choice = box("choice")  # a token's distribution
        self.saved: list[Group] = []
        self.good: list[Group] = []  # the last texts that were written to their end
        self.before: list[Group] = []  # those that the present ones take the place of
        self.controls = make_controls(
            prompt, starts, whole(self.fixed, self.knobs), samples, max_new_tokens, seed
        )
        self.connect()
        # Texts in place of the picture: they can be read, pointed at and copied.
        self.lay_out(
            [*arrange(self.controls), self.running], self.texts, [self.token_chosen, self.choice]
        )
        self.write_first_texts()

    def connect(self) -> None:
        self.watch_knobs(*self.knobs)
        self.redraw_on("samples", "tokens", "seed", "compare", "show_code")
        self.controls["prompt"].observe(self.generate, "value")
        # Enter, also when the prompt is still the same.
        self.controls["prompt"].on_msg(
            lambda _, content, __: content.get("event") == "submit" and self.generate()
        )
        self.controls["generate"].on_click(self.generate)
        self.controls["save"].on_click(self.save)

    # What the learner does

    def generate(self, _=None) -> None:
        request = self.wanted()
        # To leave the prompt by a click on the button, or by Enter, comes as two events.
        if self.job and request == self.request:
            return
        still = "The texts are still those of the last prompt."
        if work := self.taken("prompt", still, self.begin, request):
            self.start_job(work)

    def move(self) -> None:
        if self.wanted() == self.request:
            self.refresh()
        else:
            self.generate()

    def on_token(self, change) -> None:
        """Show what the chosen token was drawn from: its place is side, text, token, time."""
        side, text, token, _ = map(int, change["new"].split(","))
        group = self.sides()[side][1]
        for old in self.choice.children:
            old.close()
        self.choice.children = self.choice_at(group, text, token)

    def choice_at(self, group: Group, text: int, token: int) -> list[widgets.Widget]:
        """A line on the token at this place, and the distribution that it was drawn from."""
        request, tokens = group.request, group.texts[text]
        settings = Settings(**{name: getattr(request.settings, name) for name in SLIDERS})
        panel = Distribution(
            request.prompt,
            model=self.model,
            knobs=SLIDERS,
            settings=settings,
            chosen=[token.id for token in tokens[:token]],
        )
        line = text_box("choice-line")
        set_text(line, f"Text {text + 1}, token {token + 1}, {tokens[token].tip}")
        return [line, panel]

    def save(self, _) -> None:
        self.saved = [
            replace(group, texts=[list(text) for text in group.texts]) for group in self.groups
        ]
        self.controls["compare"].disabled = False
        self.notes["saved"] = "Saved as A. What you generate from now on is B."
        self.refresh()

    # Writing

    def wanted(self) -> Request:
        values = {name: self.controls[name].value for name in ("prompt", "samples", "tokens")}
        return Request(settings=self.settings(), seed=self.controls["seed"].value, **values)

    def settings(self) -> Settings:
        """Where the knobs stand, and what those without a slider stay at."""
        return settings_of(self.fixed, self.values())

    def now(self) -> dict[str, object]:
        toy = {"model": self.model} if isinstance(self.model, Markov) else {}
        here = {"prompt": self.controls["prompt"].value, "settings": self.settings(), **toy}
        return super().now() | here

    def begin(self, request: Request) -> Iterator[float]:
        """Put empty texts in place and return the work that fills them. ValueError on a prompt."""
        writers = {"": request.settings}
        if self.function:
            writers[name_of(self.function)] = careful(self.function)
        prompts = [request.prompt] * request.samples
        sources = [
            generate_batch(self.model, prompts, writer, request.tokens, request.seeds)
            for writer in writers.values()
        ]
        self.request = request
        self.before = [group for group in self.good if alike(group.request, request)]
        self.groups = [Group(request, name, [[] for _ in prompts]) for name in writers]
        for name in ("saved", "function"):
            self.notes.pop(name, None)
        return self.write(self.groups, sources)

    def write(self, groups: list[Group], sources: list[Iterator]) -> Iterator[float]:
        """Write all texts, a token of each at a time. Yields the share done, at every beat."""
        going, job = list(zip(groups, sources, strict=True)), self.job
        due = time.monotonic() + AT_ONCE
        for done in range(1, groups[0].request.tokens + 1):
            for pair in going[:]:
                if not self.add_step(*pair):
                    going.remove(pair)
            if not going:
                break
            if self.job is not job or time.monotonic() >= due:
                yield done / groups[0].request.tokens
                due = time.monotonic() + BEAT
        self.good = groups

    def add_step(self, group: Group, source: Iterator) -> bool:
        """Add a token to each text of the group. Returns whether there was one to add."""
        steps = None
        with self.blaming_function(called=bool(group.writer)):
            steps = next(source, None)
        for text, step in zip(group.texts, steps or (), strict=False):
            if step is not None:
                text.append(token_of(step, self.model))
        return steps is not None

    def write_first_texts(self) -> None:
        """Write while the cell runs, so that its output has them; what is slow goes on behind."""
        work = self.begin(self.wanted())
        if self.work_now(work):
            self.start_job(work)
        self.refresh()

    # What the explorer shows

    def show(self) -> None:
        sides, writing = self.sides(), self.job is not None
        # Without the tips while it grows: they are most of what would have to be sent.
        page = page_of(sides, tips=not writing, before=self.before)
        if page != self.texts.value:
            self.texts.value = page
        self.text = self.said(sides, writing)
        moved = self.wanted() != self.request and not writing and not self.notes.get("prompt")
        self.notes["moved"] = "The controls have moved: press Generate." if moved else ""
        self.show_code(self.wanted().code(self.writes))

    def sides(self) -> list[Side]:
        """The groups on the page: the present ones, or the saved ones and these."""
        if not (self.saved and self.controls["compare"].value):
            return [("", group) for group in self.groups]
        return [("A: ", group) for group in self.saved] + [("B: ", group) for group in self.groups]

    def draw(self, sides: list[Side]) -> Figure:
        """The picture of the groups; always the same Figure."""
        return self.picture.draw([block(*side) for side in sides])

    def png(self) -> bytes:
        self.draw(self.sides())
        return super().png()

    def svg(self) -> str:
        self.draw(self.sides())
        return super().svg()

    def said(self, sides: list[Side], writing: bool) -> str:
        if writing:  # one sentence that stays, so that a screen reader says it once
            plan = f"{plural(self.request.samples, 'text')} of up to {self.request.tokens} tokens"
            return f"Writing {plan} at {words(self.request.settings)}."
        said = [summary(*side) for side in sides]
        if len(self.groups) > 1 and not self.notes.get("function"):
            said.append(difference(*self.groups))
        if self.before:
            said.append(changes(self.groups, self.before))
        return " ".join(said)


# From steps to words


def token_of(step: Step, model: Model) -> Token:
    """What the page needs of a step, without the logits: saved texts must not hold those."""
    best = step.logits.topk(min(4, len(step.logits))).indices.tolist()
    others = [i for i in best if i != step.token and step.logits[i] > -math.inf][:3]
    return Token(
        step.token,
        shown_name(model.tokenizer, step.token),
        step.text,
        step.logprob,
        step.rank,
        [(shown_name(model.tokenizer, i), float(step.logprobs[i].exp())) for i in others],
        float(effective_choices(step.left)),
        step.token in model.ends,
    )


@functools.cache
def shown_name(tokenizer: Tokenizer, token: int) -> str:
    return visible(token_name(tokenizer, token))


def words(settings: Settings) -> str:
    """The knobs that are in use; the temperature always."""
    values = {"temperature": settings.temperature} | settings.changed()
    said = ", ".join(f"{SPOKEN[name]} {signed(value, 'g')}" for name, value in values.items())
    return said + (" (greedy)" if settings.temperature == 0 else "")


def summary(side: str, group: Group) -> str:
    """A group of the picture in one line."""
    by = f"by {group.writer}" if group.writer else f"at {words(group.request.settings)}"
    said = ", ".join(group.numbers())
    if group.tokens:
        unlikely = sum(token.probability < LEVELS[-2][0] for token in group.tokens)
        said += f"; {unlikely} of {plural(len(group.tokens), 'token')} below 1%"
    return f"{side}{lengths(group)} {by}: {said}."


def lengths(group: Group) -> str:
    sizes = [len(text) for text in group.texts]
    span = f"{min(sizes)} to " if min(sizes) < max(sizes) else ""
    return f"{plural(len(sizes), 'text')} of {span}{plural(max(sizes), 'token')}"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def difference(reference: Group, yours: Group) -> str:
    """Where a function's texts part from those of the knobs."""
    for number, (expected, got) in enumerate(zip(reference.texts, yours.texts, strict=True), 1):
        for place, (a, b) in enumerate(zip(expected, got, strict=False), 1):
            if a.id != b.id:
                return (
                    f"{yours.writer} parts from the knobs in text {number} at token {place}: "
                    f"'{b.name}', where they wrote '{a.name}'."
                )
    return f"{yours.writer} wrote the same texts as the knobs."


def alike(before: Request, now: Request) -> bool:
    """Whether it is the knobs alone that have moved: the prompt and the seeds are the same."""
    same = (before.prompt, before.seed) == (now.prompt, now.seed)
    return same and before.settings != now.settings


def text_before(group: Group, number: int, before: Sequence[Group]) -> list[Token]:
    """The text that stood where this one of the group stands; none if there was none."""
    texts = [old.texts for old in before if old.writer == group.writer]
    return texts[0][number] if texts and number < len(texts[0]) else []


def changed(token: Token, place: int, before: Sequence[Token]) -> bool:
    """Whether another token stood at this place, or none, of a text that was there."""
    return bool(before) and (place >= len(before) or before[place].id != token.id)


def changes(groups: Sequence[Group], before: Sequence[Group]) -> str:
    """How many tokens the last move of the knobs has changed."""
    marks = [
        changed(token, place, text_before(group, number, before))
        for group in groups
        for number, text in enumerate(group.texts)
        for place, token in enumerate(text)
    ]
    return f"{sum(marks):,} of {plural(len(marks), 'token')} changed."


def block(side: str, group: Group) -> Block:
    # Words as cells, so that a prompt is broken into lines as a text is.
    prompt = [Cell(f" {readable(word)}", None) for word in opening(group.request.prompt).split(" ")]
    texts = [
        [
            *prompt,
            *(Cell(readable(token.shown), token.probability) for token in text if token.shown),
        ]
        for text in group.texts
    ]
    labels = [f"seed {seed}" for seed in group.request.seeds]
    return Block(side + group.title, group.numbers(), labels, texts)


def opening(prompt: str) -> str:
    """The prompt, or the end of a long one: it stands before every text."""
    return prompt if len(prompt) <= 80 else f"…{prompt[-79:]}"


# The page

STYLE = """
.playground { display: flex; flex-flow: row wrap; gap: 16px; line-height: 1.5; font-size: 14px;
  white-space: normal; margin: 6px 2px; }
.playground > section { flex: 1 1 300px; min-width: 0; }
.playground .numbers, .playground .seed, .playground .prompt, .playground .key {
  color: var(--jp-ui-font-color2, #5f6770); }
.playground .numbers, .playground .seed, .playground .key { font-size: 12px; }
.playground .cards { display: grid; gap: 10px; margin-top: 4px;
  grid-template-columns: repeat(auto-fit, minmax(min(var(--least), 100%), 1fr)); }
.playground .card { position: relative; padding: 6px 8px 66px; border-radius: 4px;
  border: 1px solid var(--jp-border-color2, #bdbdbd); }
.playground .text { white-space: pre-wrap; overflow-wrap: anywhere; }
.playground [tabindex] { cursor: help; border-radius: 2px; }
.playground [tabindex]:hover, .playground [tabindex]:focus {
  outline: 2px solid var(--jp-ui-font-color1, #1a1a1a); }
.playground [tabindex]:hover::after, .playground [tabindex]:focus::after {
  content: attr(aria-description); position: absolute; left: 0; right: 0; bottom: 0;
  height: 60px; box-sizing: border-box; padding: 4px 8px; overflow: hidden;
  font-size: 12px; line-height: 17px; white-space: normal; border-radius: 0 0 4px 4px;
  background: var(--jp-layout-color2, #eee); color: var(--jp-ui-font-color1, #1a1a1a); }
.playground [tabindex]:hover::after { z-index: 1; }
.playground .changed { border-top: 2px solid var(--jp-ui-font-color1, #1a1a1a); }
.playground .old { opacity: 0.4; }
.playground .key { flex: 1 1 100%; margin-bottom: -8px; }
.playground .key span { white-space: nowrap; color: var(--jp-ui-font-color1, #1a1a1a); }
""" + "\n".join(
    f".playground .p{number} {{ background: {DRAWN}{round(255 * strength):02x};"
    + (f" text-decoration: underline {line};" if line else "")
    + " }"
    for number, (_, _, strength, line) in enumerate(LEVELS)
)

# The arrow keys go from token to token, so that all texts are one stop each for Tab.
ARROWS = (
    "const way = {ArrowRight: 'next', ArrowLeft: 'previous'}[event.key];"
    "const to = way && event.target[way + 'ElementSibling'];"
    "if (to && to.hasAttribute('tabindex')) {"
    " event.target.tabIndex = -1; to.tabIndex = 0; to.focus(); event.preventDefault(); }"
    "if (event.key == 'Enter') event.target.click();"
)

# A click on a token tells the kernel, by a box that nobody sees, which one it is.
CLICK = (
    "const one = event.target.closest('[tabindex]'), panel = this.closest('.nt-panel');"
    "if (one && panel) { const box = panel.querySelector('.token-chosen input');"
    " const at = (all, within) => [...within.querySelectorAll(all)].indexOf(one.closest(all));"
    " const section = one.closest('section'), card = one.closest('.card');"
    " box.value = [at('section', this), at('.card', section), at('[tabindex]', card), Date.now()];"
    " box.dispatchEvent(new Event('input', {bubbles: true})); }"
)


def page_of(sides: list[Side], tips: bool, before: Sequence[Group] = ()) -> str:
    """All texts as HTML. What the model or the learner wrote is escaped.

    tips: whether the texts are done; before: what they take the place of. Until they are done, it
    stands pale where they have not come yet; then what differs from it has a line above it.
    """
    columns = "".join(
        section(side, group, tips, len(sides), () if side == "A: " else before)
        for side, group in sides
    )
    shades = " ".join(
        f'<span class="p{number}">&nbsp;{name}&nbsp;</span>'
        for number, (_, name, *_) in enumerate(LEVELS)
    )
    line = ' <span class="changed">Changed</span> by the last move.' if before else ""
    key = f"The model gave {shades}.{line} Point at a token, or use Tab and arrow keys. "
    key += "Click it, or press Enter, for its distribution."
    return (
        f'<style>{STYLE}</style><div class="playground" data-lm-suppress-shortcuts="true" '
        f'onkeydown="{ARROWS}" onclick="{CLICK}"><div class="key">{key}</div>{columns}</div>'
    )


def section(side: str, group: Group, tips: bool, columns: int, before: Sequence[Group]) -> str:
    """One group: a column, with its texts side by side if it is the only one."""
    # Two and four texts stand in pairs, three in a row; all below each other on a narrow page.
    least = 200 if columns == 1 and group.request.samples == 3 else 280
    numbers = ", ".join(group.numbers()) if tips else "writing …"
    cards = "".join(
        card(seed, group.request.prompt, text, tips, text_before(group, number, before))
        for number, (seed, text) in enumerate(zip(group.request.seeds, group.texts, strict=True))
    )
    return (
        f'<section><b>{escape(side + group.title)}</b><div class="numbers">{numbers}</div>'
        f'<div class="cards" style="--least: {least}px">{cards}</div></section>'
    )


def card(seed: int, prompt: str, text: Sequence[Token], tips: bool, before: Sequence[Token]) -> str:
    text = list(text)  # it may grow meanwhile
    spans = "".join(
        span(token, tips, not i, changed(token, i, before)) for i, token in enumerate(text)
    )
    if not tips and len(text) < len(before):
        old = "".join(token.shown for token in before[len(text) :])
        spans += f'<span class="old">{escape(printable(old))}</span>'
    return (
        f'<div class="card" role="group" aria-label="text of seed {seed}">'
        f'<div class="seed">seed {seed}</div><div class="text">'
        f'<span class="prompt">{escape(printable(opening(prompt)))}</span>{spans}</div></div>'
    )


def span(token: Token, tips: bool, first: bool, changed: bool) -> str:
    # The space before a word stays outside: at the end of a line it would be a tinted stub.
    word = token.shown.lstrip(" ") or token.shown
    space = token.shown.removesuffix(word)
    text = escape(printable(word)).replace("\n", "⏎\n")
    shade = f'class="p{level(token.probability)}{" changed" * changed}"'
    if not tips:
        return f"{space}<span {shade}>{text}</span>"
    tip = escape(token.tip + (". Changed" if changed else ""))
    stop = f'tabindex="{0 if first else -1}" aria-description="{tip}"'
    return f"{space}<span {shade} {stop}>{text}</span>"


# A learner's process


def careful(process: Process) -> Process:
    """The process on a copy of the logits. Raises Fault if what it returns cannot be drawn from."""

    def checked(logits: Tensor, ids: Tensor) -> Tensor:
        result = returned(process(logits.clone(), ids))
        if not isinstance(result, Tensor) or not result.is_floating_point():
            kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
            raise Fault(f"returned {kind}, expected a tensor of logits.")
        if result.shape != logits.shape:
            expected = f"({len(logits)},): one logit a token"
            raise Fault(f"returned shape {tuple(result.shape)}, expected {expected}.")
        if result.isnan().any():
            raise Fault("returned NaN. An overflow, or 0 divided by 0?")
        return some_choice(result)

    return checked


# Widgets


def make_controls(
    prompt: str,
    starts: dict[str, float],
    presets_for: Sequence[str],
    samples: int,
    tokens: int,
    seed: int,
) -> dict[str, widgets.Widget]:
    controls = {"prompt": prompt_box(prompt)}
    controls |= {name: knob(name, value) for name, value in starts.items()}
    compare = widgets.ToggleButton(
        description="Compare with A",
        tooltip="show the saved texts beside the present ones",
        disabled=True,
        layout={"width": "150px"},
    )
    return controls | {
        **preset_box(presets_for),
        "samples": number_box("samples", samples, MOST_SAMPLES),
        "tokens": number_box("tokens", tokens, MOST_TOKENS),
        "seed": seed_box(seed),
        "generate": button("Generate", "write the texts anew"),
        "save": button("Save as A", "keep these texts and their settings"),
        "compare": compare,
        "show_code": code_button(),
    }


def number_box(name: str, value: int, most: int) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(
        value=value,
        min=1,
        max=most,
        description=name,
        style={"description_width": "60px"},
        layout=widgets.Layout(width="140px"),
    )


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    """Prompt, presets, the knobs, the boxes, then the buttons."""
    above = [controls[name] for name in ("prompt", "preset", *KNOBS) if name in controls]
    boxes = row(*(controls[name] for name in ("samples", "tokens", "seed")))
    buttons = row(*(controls[name] for name in ("generate", "save", "compare", "show_code")))
    return [*above, boxes, buttons]
