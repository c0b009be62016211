"""The beam tree explorer: what a search carries along, what it prunes, and which text wins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.beam import Hypothesis, NextLogits, Node, Search, grow_beams, prompt_ids
from course_utils.checks import check_number
from course_utils.explore.controls import (
    check_up_to,
    code_button,
    prompt_box,
    row,
    slider,
    text_box,
)
from course_utils.explore.given import Fault, reading_model, returned
from course_utils.explore.panel import Panel
from course_utils.explore.plots.beam_tree import BeamTreePicture, Branch, number
from course_utils.explore.plots.look import signed, visible
from course_utils.model.interface import Model
from course_utils.model.tokenizer import END_OF_TEXT, token_name

MOST_BEAMS = 5
LONGEST = 6
STRONGEST = 2.0  # length penalty, up or down
END = "■ end"
MOST_KNOWN = 200  # texts whose logits are held: 120 MB with 150,000 tokens

Table = Mapping[tuple[str, ...], Mapping[str, float]]


class BeamTree(Panel):
    """The tree that beam search grows, under sliders; a cell shows it as its last value.

    source: a prompt, or a table of your own: the text so far, as a tuple of
        tokens, -> the probability of each next token. "<|endoftext|>" ends a text.
    model: what reads the prompt, the Storyteller or one that `model.load` gives.
    num_beams: where it starts, from 1 to 5; depth: new tokens, from 1 to 6, or fewer if
        the table ends before; length_penalty: in [-2, 2].
    function: your own f(next_logprobs, num_beams, depth, length_penalty) -> token ids of the best
        text, where next_logprobs(ids so far) gives log-probabilities (vocab,) of the next token.
        Its text is marked in the tree; a fault in it becomes a message below the picture.
    Raises ValueError on a source or number that it cannot show.
    """

    called = MappingProxyType({"prompt": "source"})

    def __init__(
        self,
        source: str | Table = "The little girl saw a",
        *,
        model: Model | None = None,
        num_beams: int = 3,
        depth: int = 4,
        length_penalty: float = 1.0,
        function: Callable[..., list[int]] | None = None,
    ):
        self.model = reading_model(model, source)
        self.source = read(source, self.model)
        for name, value, most in (
            ("num_beams", num_beams, MOST_BEAMS),
            ("depth", depth, LONGEST),
        ):
            check_up_to(name, value, most)
        check_number("length_penalty", length_penalty, -STRONGEST, STRONGEST, "1.0 is usual")
        super().__init__(function)
        self.prompt = source if isinstance(source, str) else None
        self.picture = BeamTreePicture()
        depth = min(depth, self.source.longest)
        self.controls = make_controls(
            self.prompt, num_beams, depth, self.source.longest, float(length_penalty)
        )
        self.outline = text_box("outline")
        self.redraw_on("num_beams", "depth", "length_penalty", "show_outline", "show_code")
        if self.prompt is not None:
            self.controls["prompt"].observe(self.on_prompt, "value")
        self.assemble(arrange(self.controls), below=[self.outline])

    def on_prompt(self, change) -> None:
        still = f"The picture still shows '{self.prompt}'."
        if source := self.taken("prompt", still, read, change["new"], self.model):
            self.source, self.prompt = source, change["new"]
            self.refresh()

    def state(self) -> "State":
        num_beams, depth = self.controls["num_beams"].value, self.controls["depth"].value
        # The front end may send 0.7000000000000001 for 0.7.
        length_penalty = round(self.controls["length_penalty"].value, 2)
        search = grow(self.source, num_beams, depth, length_penalty)
        # One beam that stops at the first end-of-text is greedy.
        one_beam = grow(self.source, 1, depth, length_penalty, early_stopping=True)
        greedy = one_beam.hypotheses[0]
        state = State(self.source, num_beams, depth, length_penalty, search, greedy)
        state.yours = self.ask_function(lambda: self.your_text(state))
        return state

    def show(self) -> None:
        state = self.state()
        self.paint(state)
        self.text = summary(state)
        self.show_code(code(state, self.prompt))
        self.unfold("show_outline", "Show as text", "Hide the text", self.outline, outline(state))

    def draw(self, state: "State") -> Figure:
        """The picture of a state; always the same Figure, drawn anew."""
        return self.picture.draw(branches(state), heading(state), subtitle(state))

    def now(self) -> dict[str, object]:
        return super().now() | ({} if self.prompt is None else {"source": self.prompt})

    def your_text(self, state: "State") -> Hypothesis:
        """The text that the learner's function finds. Raises Fault if it is none."""
        logprobs = self.source.next_logprobs
        tokens = self.function(logprobs, state.num_beams, state.depth, state.length_penalty)
        tokens = checked(tokens, state)
        total = sum(float(logprobs(tokens[:i])[token]) for i, token in enumerate(tokens))
        score = total / len(tokens) ** state.length_penalty
        return Hypothesis(tokens, self.source.decode(tokens), score, total, False)


# Where the probabilities come from


class Story:
    """A model after a prompt."""

    longest, start = LONGEST, "prompt"

    def __init__(self, prompt: str, model: Model):
        self.model = model
        self.prompt = prompt
        self.ids = prompt_ids(self.model, prompt, LONGEST)
        self.ends = self.model.ends
        self.decode = self.model.tokenizer.decode
        self.size = self.model.vocab_size
        self.known: dict[tuple[int, ...], Tensor] = {}

    def reader(self) -> NextLogits:
        return self.next_logits

    def next_logits(self, ids: Tensor, rows: list[int]) -> Tensor:
        """A slider that moves searches among the same texts again: each is read once."""
        texts = [tuple(text) for text in ids.tolist()]
        new = [text for text in texts if text not in self.known]
        if len(self.known) + len(new) > MOST_KNOWN:
            self.known, new = {}, texts
        if new:
            read = self.model.reader(cached=False).next_logits(list(map(list, new)))
            self.known.update(zip(new, read, strict=True))
        return torch.stack([self.known[text] for text in texts])

    def next_logprobs(self, ids: list[int]) -> Tensor:
        return self.model.logits([*self.ids, *ids], 1)[0].log_softmax(dim=-1)

    def name(self, token: int) -> str:
        return token_name(self.model.tokenizer, token)


class Toy:
    """Probabilities from a table: text so far -> next token -> probability."""

    start = "start"

    def __init__(self, table: Table):
        self.table = {text: dict(shares) for text, shares in table.items()}
        self.longest = min(max(map(len, table), default=0) + 1, LONGEST)
        for text in table.keys() | {()}:
            self.check(text)
        self.names = list(dict.fromkeys(name for row in table.values() for name in row))
        self.name = self.names.__getitem__
        self.ends = {i for i, name in enumerate(self.names) if name == END_OF_TEXT}
        self.ids, self.size = [], len(self.names)

    def check(self, text: tuple[str, ...]) -> None:
        """ValueError unless the row of this text can be used, and so can what it leads to."""
        if text not in self.table:
            raise ValueError(f"source must say what follows {text}: it has no such row")
        shares = self.table[text]
        if not all(share >= 0 for share in shares.values()) or not sum(shares.values()) > 0:
            raise ValueError(f"source must give probabilities, got {shares} after {text}")
        for name, share in shares.items():
            if share > 0 and name != END_OF_TEXT and len(text) + 1 < self.longest:
                self.check((*text, name))

    def reader(self) -> NextLogits:
        return lambda ids, rows: torch.stack([self.next_logprobs(text) for text in ids.tolist()])

    def next_logprobs(self, ids: list[int]) -> Tensor:
        shares = self.table[tuple(self.names[token] for token in ids)]
        given = torch.tensor(
            [float(shares.get(name, 0)) for name in self.names], dtype=torch.float32
        )
        return (given / given.sum()).log()

    def decode(self, tokens: list[int]) -> str:
        return "".join(map(self.name, tokens))


def read(source: str | Table, model: Model | None) -> Story | Toy:
    """ValueError if it is neither a prompt nor a table, or one that cannot be searched."""
    if model is not None:
        return Story(source, model)
    if isinstance(source, Mapping):
        return Toy(source)
    raise ValueError(f"source must be a prompt or a table of probabilities, got {source!r}")


def grow(source: Story | Toy, *numbers: float, early_stopping: bool = False) -> Search:
    """The search for these num_beams, depth and length_penalty."""
    return grow_beams(
        source.reader(),
        source.ids,
        *numbers,
        early_stopping=early_stopping,
        end=source.ends,
        decode=source.decode,
    )


# From a search to branches and words


@dataclass
class State:
    """All that a picture shows.

    greedy: what is found without a search; yours: what the learner's function found.
    """

    source: Story | Toy
    num_beams: int
    depth: int
    length_penalty: float
    search: Search
    greedy: Hypothesis
    yours: Hypothesis | None = None

    @property
    def winner(self) -> Hypothesis:
        return self.search.hypotheses[0]


def branches(state: State) -> list[Branch]:
    """The tree of the search for the picture, each node in its place."""
    tree = state.search.tree
    winner, greedy, yours = (
        path(tree, found.tokens if found else [])
        for found in (state.winner, state.greedy, state.yours)
    )
    scores = {path(tree, found.tokens)[-1]: found.score for found in state.search.hypotheses}

    def branch(place: int, node: Node) -> Branch:
        return Branch(
            label(state, node),
            node.parent,
            node.depth,
            node.logprob,
            node.total,
            node.kept,
            scores.get(place),
            node.parent is None or place in winner,
            place in greedy,
            place in yours,
        )

    return [branch(place, node) for place, node in enumerate(tree)]


def label(state: State, node: Node) -> str:
    if node.token is None:
        return state.source.start
    return END if node.token in state.source.ends else visible(state.source.name(node.token))


def path(tree: list[Node], tokens: list[int]) -> list[int]:
    """The places of these tokens, one below the other, as far as the tree holds them."""
    children = {(node.parent, node.token): place for place, node in enumerate(tree)}
    places = [0]
    for token in tokens:
        if (places[-1], token) not in children:
            break
        places.append(children[places[-1], token])
    return places[1:]


def heading(state: State) -> str:
    beams, penalty = counted(state.num_beams, "beam"), signed(state.length_penalty, ".1f")
    return f"{beams}, {counted(state.depth, 'step')}, length penalty {penalty}"


def counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def spoken(state: State, found: Hypothesis) -> str:
    """A text in quotation marks, and whether it ended of itself."""
    ends = bool(found.tokens) and found.tokens[-1] in state.source.ends
    text = state.source.decode(found.tokens[:-1] if ends else found.tokens)
    return f"'{visible(text)}{END if ends else ''}'"


def subtitle(state: State) -> str:
    """What greedy misses, or that it misses nothing."""
    if state.greedy.tokens == state.winner.tokens:
        return f"Greedy finds this text too, with the total {number(state.greedy.logprob)}."
    gap = state.winner.logprob - state.greedy.logprob
    times = f"{torch.tensor(abs(gap), dtype=torch.float64).exp():.1f} times as likely as"
    if gap < 0:
        pruned = state.greedy.score > state.winner.score
        why = "the beams pruned it" if pruned else "the length penalty decided"
        return f"Greedy's text is {times} the winner: {why}."
    return f"The winner is {times} greedy's text."


def summary(state: State) -> str:
    """The picture in one line."""
    winner, greedy = state.winner, state.greedy
    text = (
        f"{heading(state)}: the winner is {spoken(state, winner)}, "
        f"total {number(winner.logprob)}, score {number(winner.score)}. "
    )
    if greedy.tokens == winner.tokens:
        text += "Greedy takes the same."
    else:
        text += (
            f"Greedy takes {spoken(state, greedy)}, "
            f"total {number(greedy.logprob)}, score {number(greedy.score)}."
        )
    kept = sum(node.kept for node in state.search.tree[1:])
    pruned = len(state.search.tree) - 1 - kept
    parts = [text, f"Branches: {kept} kept, {pruned} pruned."]
    lengths = {len(found.tokens) for found in state.search.hypotheses}
    if len(lengths) == 1 and len(state.search.hypotheses) > 1:
        parts.append("All texts are equally long, so the length penalty changes no order.")
    return " ".join([*parts, comparison(state)]).strip()


def comparison(state: State) -> str:
    yours, winner = state.yours, state.winner
    if yours is None:
        return ""
    if yours.tokens == winner.tokens or abs(yours.score - winner.score) < 1e-4:
        return "Your function agrees with the reference."
    return (
        f"Your function finds {spoken(state, yours)}, total {number(yours.logprob)}, "
        f"score {number(yours.score)}."
    )


def outline(state: State) -> str:
    """The whole tree as text, a token a line, indented by its depth, best branches first."""
    all_branches = branches(state)
    lines = []

    def add(place: int) -> None:
        branch = all_branches[place]
        words = [f"{'  ' * branch.depth}{branch.label}"]
        if branch.parent is not None:
            words.append(f"{number(branch.logprob)}  total {number(branch.total)}")
            words.append("kept" if branch.kept else "pruned")
        if branch.score is not None:
            words.append(f"score {number(branch.score)}")
        words += ["greedy"] * branch.greedy + ["your function"] * branch.yours
        words += ["WINNER"] * (branch.winner and branch.score is not None)
        lines.append("  ".join(words))
        below = [i for i, other in enumerate(all_branches) if other.parent == place]
        for child in sorted(below, key=lambda i: -all_branches[i].total):
            add(child)

    add(0)
    return "\n".join(lines)


def code(state: State, prompt: str | None) -> str:
    """The Python lines for the present setting."""
    numbers = f"num_beams={state.num_beams}, max_new_tokens={state.depth}, "
    numbers += f"length_penalty={state.length_penalty:g}"
    if prompt is None:
        return f"found, tree = grow_beams(next_logits, [], {numbers})\nfound[0].text"
    return f"found, tree = beam_search(model, {prompt!r}, {numbers})\nfound[0].text"


def checked(result: object, state: State) -> list[int]:
    """The result as token ids. Raises Fault if they are no text of at most `depth` tokens."""
    tokens = returned(result)
    tokens = tokens.tolist() if isinstance(tokens, Tensor) else tokens
    whole = isinstance(tokens, list | tuple) and all(type(token) is int for token in tokens)
    if not whole:
        raise Fault(f"returned {result!r:.80}, expected a list of token ids.")
    if not 1 <= len(tokens) <= state.depth:
        raise Fault(f"returned {len(tokens)} tokens, expected 1 to {state.depth}.")
    size = state.source.size
    for token in tokens:
        if not 0 <= token < size:
            raise Fault(f"returned the token {token}, expected ids from 0 to {size - 1}.")
    return list(tokens)


# Widgets


def make_controls(
    prompt: str | None, num_beams: int, depth: int, longest: int, length_penalty: float
) -> dict[str, widgets.Widget]:
    controls = {} if prompt is None else {"prompt": prompt_box(prompt)}
    return controls | {
        "num_beams": slider(
            "num_beams", num_beams, min=1, max=MOST_BEAMS, tooltip="texts carried along"
        ),
        "depth": slider("depth", depth, min=1, max=longest, tooltip="how many new tokens"),
        "length_penalty": slider(
            "length_penalty",
            length_penalty,
            min=-STRONGEST,
            max=STRONGEST,
            step=0.1,
            tooltip="score = total / length ** length_penalty; higher favours longer texts",
        ),
        "show_outline": widgets.ToggleButton(description="Show as text", layout={"width": "130px"}),
        "show_code": code_button(),
    }


def arrange(controls: dict[str, widgets.Widget]) -> list[widgets.Widget]:
    above = [controls["prompt"]] if "prompt" in controls else []
    sliders = [controls[name] for name in ("num_beams", "depth", "length_penalty")]
    return [*above, *sliders, row(controls["show_outline"], controls["show_code"])]
