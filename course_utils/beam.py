"""Search: decoding that compares whole texts, and the tree that it grows meanwhile.

The loops ask a function `next_logits(ids, rows)` for logits (beams, vocab): ids (beams, length)
are all tokens so far, and beam i goes on from what was beam `rows[i]` in the call before. A
`Reader` has that function for a model; a toy's can be a look-up in a table.
Same arguments, seed and machine: same texts. Greedy decoding is not here: it is `generate` with
`Settings(temperature=0)`.
"""

import math
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.checks import at_least_single, check_count, check_number, check_seed, finite_rows
from course_utils.generate import Process, Settings, generate_batch, processed
from course_utils.model.interface import Model

NextLogits = Callable[[Tensor, list[int]], Tensor]
Decode = Callable[[list[int]], str]


@dataclass(frozen=True)
class Hypothesis:
    """A text that a search found.

    tokens: the new ones, with end-of-text if it was reached; text: without it; score: what the
    search ranks texts by; logprob: the sum of the tokens' log-probabilities in nats, after process
    (`best_of_n`: before); finished: whether it came to end-of-text before `max_new_tokens` cut it.
    """

    tokens: list[int]
    text: str
    score: float
    logprob: float
    finished: bool


class Node(NamedTuple):
    """A token that a search weighed.

    parent: the place in the tree of the token before; depth: 1 for a first token; logprob: this
    token's alone; total: what the step ranked by, for the whole text up to here; kept: whether the
    text went on or joined the finished ones; otherwise it was pruned.
    """

    parent: int | None
    depth: int
    token: int | None
    logprob: float
    total: float
    kept: bool


ROOT = Node(parent=None, depth=0, token=None, logprob=0.0, total=0.0, kept=True)


class Search(NamedTuple):
    """The texts that a search found, best first, and all that it weighed, in that order.

    tree[0] is the prompt; every other node comes after its parent.
    """

    hypotheses: list[Hypothesis]
    tree: list[Node]


def beam_search(
    model: Model,
    prompt: str,
    num_beams: int = 4,
    max_new_tokens: int = 50,
    length_penalty: float = 1.0,
    early_stopping: bool | str = False,
    num_return: int = 1,
    process: Settings | Process | None = None,
) -> Search:
    """Carry the `num_beams` likeliest texts along at each step, where greedy carries one.

    A finished text scores (sum of its log-probabilities) / length ** length_penalty; the length
    counts new tokens and end-of-text. The sum is below zero, so a higher length_penalty favours
    longer texts, though many texts say the contrary; 0 ranks by the sum, 1 by the mean.
    num_return: at most num_beams; length_penalty: in [-100, 100]; early_stopping, once there are
    num_beams finished texts: True stops; False stops if the likeliest running text, scored at its
    present length, is no better than the worst of them; "never" scores it at the length that suits
    it best, so it stops only if nothing can be gained any more. process: `Settings`, or a function
    of log-probabilities (vocab,) and the ids so far (length,); its result is added up as it is.
    Raises ValueError if a parameter is out of range, if prompt and max_new_tokens together are
    more than the context, or if process leaves no token in any beam.
    Same texts and scores as transformers' `generate`, but for a process that leaves fewer than
    2 * num_beams tokens, where that fills up with copies at -1e9. GNMT's length penalty is another
    one: it divides by ((5 + length) / 6) ** alpha (Wu et al. 2016,
    https://arxiv.org/abs/1609.08144).
    """
    check_count("num_beams", num_beams)
    check_count("num_return", num_return)
    if num_return > num_beams:
        raise ValueError(f"num_return must be at most num_beams, {num_beams}, got {num_return}")
    found, tree = grow_beams(
        model.reader().next_logits,
        prompt_ids(model, prompt, max_new_tokens),
        num_beams,
        max_new_tokens,
        length_penalty,
        early_stopping,
        process,
        model.ends,
        model.tokenizer.decode,
    )
    return Search(found[:num_return], tree)


def diverse_beam_search(
    model: Model,
    prompt: str,
    num_beams: int = 4,
    num_groups: int = 2,
    diversity_penalty: float = 0.5,
    max_new_tokens: int = 50,
    length_penalty: float = 1.0,
    early_stopping: bool | str = False,
    process: Settings | Process | None = None,
) -> Search:
    """Beam search in groups; each avoids the tokens that the groups before it have just taken.

    A token's log-probability falls by `diversity_penalty` for every beam of an earlier group that
    took it in this step. Totals and scores keep the deduction; `logprob` is without it.
    num_groups: a divisor of num_beams; diversity_penalty: 0 or above, 0 gives equal groups.
    Returns the hypotheses of all groups, best first. Two groups may end with the same text: only
    tokens taken in the same step are avoided, and a likely enough token is taken all the same.
    The rest is as in `beam_search`.
    Vijayakumar et al. 2018 with the Hamming diversity, https://arxiv.org/abs/1610.02424; the rule
    of HammingDiversityLogitsProcessor, which transformers 5 no longer has.
    """
    return grow_beams(
        model.reader().next_logits,
        prompt_ids(model, prompt, max_new_tokens),
        num_beams,
        max_new_tokens,
        length_penalty,
        early_stopping,
        process,
        model.ends,
        model.tokenizer.decode,
        num_groups,
        diversity_penalty,
    )


@torch.no_grad()
def grow_beams(
    next_logits: NextLogits,
    ids: list[int],
    num_beams: int = 4,
    max_new_tokens: int = 50,
    length_penalty: float = 1.0,
    early_stopping: bool | str = False,
    process: Settings | Process | None = None,
    end: int | Set[int] | None = None,
    decode: Decode = str,
    num_groups: int = 1,
    diversity_penalty: float = 0.0,
) -> Search:
    """The loop of `beam_search` and `diverse_beam_search`, for any function `next_logits`.

    ids: the prompt's, perhaps none; end: the token that ends a text, or all of those that do;
    decode: tokens to text. Returns num_beams hypotheses, or fewer if there are not that many texts.
    """
    check_count("num_beams", num_beams)
    check_count("max_new_tokens", max_new_tokens)
    check_count("num_groups", num_groups)
    if num_beams % num_groups:
        raise ValueError(f"num_groups must divide num_beams, {num_beams}, got {num_groups}")
    check_number("length_penalty", length_penalty, -100, 100, "Use 0 to rank by the sum")
    check_number("diversity_penalty", diversity_penalty, 0, math.inf, "Use 0 to switch it off")
    if not isinstance(early_stopping, bool) and early_stopping != "never":
        raise ValueError(f'early_stopping must be True, False or "never", got {early_stopping!r}')

    tree, prompt = [ROOT], torch.tensor([ids], dtype=torch.int64)
    ends = all_ends(end)
    rules = (num_beams // num_groups, max_new_tokens, length_penalty, early_stopping, ends)
    groups = going = [Beams(tree, prompt, *rules) for _ in range(num_groups)]
    rows = [0] * num_groups
    while going:
        texts = torch.cat([group.ids for group in going])
        logprobs = at_least_single(next_logits(texts, rows)).log_softmax(dim=-1)
        logprobs = processed_rows(process, logprobs, texts, len(ids))
        penalty = logprobs.new_zeros(logprobs.shape[-1]) if num_groups > 1 else None
        rows, first = [], 0
        for group in going:
            after = first + len(group.ids)
            tokens = group.step(logprobs[first:after], penalty)
            if penalty is not None:
                taken = torch.bincount(tokens, minlength=len(penalty))
                penalty += diversity_penalty * taken.to(penalty.dtype)
            rows += [first + row for row in group.rows]
            first = after
        going = [group for group in going if group.rows]
    return search(tree, [text for group in groups for text in group.finished], ends, decode)


@dataclass
class Beams:
    """Up to `size` texts that run side by side, and the best `size` that have finished."""

    tree: list[Node]
    ids: Tensor  # (running, length), with the prompt
    size: int
    max_new_tokens: int
    length_penalty: float
    early_stopping: bool | str
    ends: Set[int]
    length: int = 0
    nodes: list[int] = field(default_factory=lambda: [0])  # the last node of each running text
    rows: list[int] = field(default_factory=lambda: [0])  # and the row it grew from
    finished: list[tuple[float, int]] = field(default_factory=list)  # score, last node

    def step(self, logprobs: Tensor, penalty: Tensor | None) -> Tensor:
        """Lengthen each running text by each token, and keep the best of all that come out.

        logprobs: (running, vocab); penalty: (vocab,), if any. Returns the tokens taken, but
        end-of-text. Each text can end in as many ways as there are `ends`, so of the best
        size * (1 + ways) at least `size` go on. One that ends counts only if it is among the best
        `size`.
        """
        self.length += 1
        totals = logprobs.new_tensor([self.tree[node].total for node in self.nodes])
        ranked = logprobs if penalty is None else logprobs - penalty
        totals = (ranked + totals.unsqueeze(-1)).flatten()
        best, places = largest(totals, max(2, 1 + len(self.ends)) * self.size)
        if not best[0] < math.inf:
            raise ValueError("log-probabilities contain NaN or +inf: look at process and logits")
        each = zip(best.tolist(), places.tolist(), logprobs.flatten()[places].tolist(), strict=True)
        last = self.length == self.max_new_tokens
        running, taken = [], []
        for rank, (total, place, logprob) in enumerate(each):
            if total == -math.inf:
                break
            row, token = divmod(place, logprobs.shape[-1])
            ends = last or token in self.ends
            kept = (rank if ends else len(running)) < self.size
            if kept and ends:
                self.finished.append((total / self.length**self.length_penalty, len(self.tree)))
            elif kept:
                running.append((row, len(self.tree)))
            if kept and token not in self.ends:
                taken.append(token)
            parent = self.nodes[row]
            self.tree.append(Node(parent, self.length, token, logprob, total, kept))
        self.finished = sorted(self.finished, key=lambda text: -text[0])[: self.size]
        running = in_place(running)
        self.rows, self.nodes = [row for row, _ in running], [node for _, node in running]
        if self.is_done():
            self.rows = self.nodes = []
        self.ids = extended(self.ids, self.rows, [self.tree[node].token for node in self.nodes])
        return torch.tensor(taken, dtype=torch.int64)

    def is_done(self) -> bool:
        """Whether no text is running, or none that `early_stopping` wants to see finished."""
        if not self.nodes or len(self.finished) < self.size:
            return not self.nodes
        if self.early_stopping is True:
            return True
        longest = self.early_stopping == "never" and self.length_penalty > 0
        length = self.max_new_tokens if longest else self.length
        best = max(self.tree[node].total for node in self.nodes) / length**self.length_penalty
        worst, _ = self.finished[-1]
        return best <= worst


def in_place(running: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same (row, node), with the first that grew from a row in that row.

    Most texts then stay where they are in the cache, and need not be copied.
    """
    first, rest = {}, []
    for row, node in running:
        if row < len(running) and row not in first:
            first[row] = node
        else:
            rest.append((row, node))
    return [(row, first[row]) if row in first else rest.pop(0) for row in range(len(running))]


def stochastic_beam_search(
    model: Model,
    prompt: str,
    k: int = 4,
    max_new_tokens: int = 50,
    process: Settings | Process | None = None,
    seed: int = 0,
) -> Search:
    """Draw `k` different texts, as if without replacement from all that the model could write.

    Add Gumbel noise to the log-probability of every text and take the k largest sums: that is a
    sample without replacement. The texts are too many to list, but the largest sum below a node of
    the tree can be drawn for the node as a whole, and then for each child given its parent's; so
    a beam search that ranks nodes by these sums finds the k largest without the rest.
    process: as in `generate`, and it acts on logits. Returns at most k hypotheses, in the order
    drawn: the first is an ordinary sample. score and total: log-probability plus noise.
    A text that `max_new_tokens` cuts stands for all that could follow it.
    Raises ValueError if a parameter is out of range, if prompt and max_new_tokens together are
    more than the context, on NaN, or on a row that process leaves all -inf.
    Kool, van Hoof and Welling 2019, https://arxiv.org/abs/1903.06059. transformers has none.
    """
    return grow_samples(
        model.reader().next_logits,
        prompt_ids(model, prompt, max_new_tokens),
        k,
        max_new_tokens,
        process,
        seed,
        model.ends,
        model.tokenizer.decode,
    )


@torch.no_grad()
def grow_samples(
    next_logits: NextLogits,
    ids: list[int],
    k: int = 4,
    max_new_tokens: int = 50,
    process: Settings | Process | None = None,
    seed: int = 0,
    end: int | Set[int] | None = None,
    decode: Decode = str,
) -> Search:
    """The loop of `stochastic_beam_search`, for any `next_logits`; else as in `grow_beams`."""
    check_count("k", k)
    check_count("max_new_tokens", max_new_tokens)
    check_seed(seed)
    ends = all_ends(end)
    generator = torch.Generator().manual_seed(seed)
    root = ROOT._replace(total=gumbel((), generator).item())
    tree, texts = [root], torch.tensor([ids], dtype=torch.int64)
    nodes, sums, rows, finished = [0], [0.0], [0], []
    for depth in range(1, max_new_tokens + 1):
        logits = processed_rows(process, next_logits(texts, rows), texts, len(ids))
        logprobs = finite_rows(logits).log_softmax(dim=-1)
        parents = torch.tensor([tree[node].total for node in nodes], dtype=torch.float64)
        noisy = logprobs + torch.tensor(sums, dtype=torch.float64).unsqueeze(-1)
        noisy = below(parents.unsqueeze(-1), noisy + gumbel(noisy.shape, generator)).flatten()
        best, places = largest(noisy, max(2, 1 + len(ends)) * k)
        each = zip(best.tolist(), places.tolist(), logprobs.flatten()[places].tolist(), strict=True)
        bar = sorted([total for total, _ in finished] + best.tolist(), reverse=True)[:k][-1]
        finished = [text for text in finished if text[0] >= bar]
        running = []
        for total, place, logprob in each:
            if total == -math.inf:
                break
            row, token = divmod(place, logprobs.shape[-1])
            kept = total >= bar
            if kept and (token in ends or depth == max_new_tokens):
                finished.append((total, len(tree)))
            elif kept:
                running.append((row, len(tree), sums[row] + logprob))
            tree.append(Node(nodes[row], depth, token, logprob, total, kept))
        if not running:
            break
        rows, nodes, sums = map(list, zip(*sorted(running), strict=True))
        texts = extended(texts, rows, [tree[node].token for node in nodes])
    return search(tree, finished, ends, decode)


def gumbel(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise, float64: the largest of log-probabilities plus it is a fair draw."""
    return -(-torch.rand(shape, generator=generator, dtype=torch.float64).log()).log()


def below(top: Tensor, noisy: Tensor) -> Tensor:
    """Move perturbed log-probabilities so that the largest of each row is `top`.

    top: (..., 1); noisy: (..., vocab), each log-probability plus Gumbel noise of its own. The
    result is distributed as `noisy` is, given that its maximum has that value.
    It is -log(exp(-top) - exp(-maximum) + exp(-noisy)), written so that nothing overflows.
    """
    gap = top - noisy + torch.log1p(-(noisy - noisy.amax(dim=-1, keepdim=True)).exp())
    return top - gap.clamp(min=0) - torch.log1p((-gap.abs()).exp())


def best_of_n(
    model: Model,
    prompt: str,
    n: int = 4,
    process: Settings | Process | None = None,
    max_new_tokens: int = 50,
    seed: int = 0,
) -> list[Hypothesis]:
    """Draw n texts as `generate` does with the seeds seed, seed + 1, …, and rank them.

    score: the mean log-probability a token, the model's own, before process. It ranks what the
    model finds likely, and likely is not good: the first text is often the dullest, or the one
    that repeats itself. A real best-of-n ranks by something else, a reader or a reward model.
    Returns the n texts, best first. Raises ValueError as `generate` does, and if n is below 1.
    Past the context it goes on like `generate`.
    """
    check_count("n", n)
    check_seed(seed)
    texts = [[] for _ in range(n)]
    seeds = range(seed, seed + n)
    for steps in generate_batch(model, [prompt] * n, process, max_new_tokens, seeds):
        for text, step in zip(texts, steps, strict=True):
            if step is not None:
                text.append(step)
    found = []
    for steps in texts:
        logprob = sum(step.logprob for step in steps)
        tokens = [step.token for step in steps]
        score = logprob / len(tokens)
        found.append(hypothesis(tokens, score, logprob, model.ends, model.tokenizer.decode))
    return sorted(found, key=lambda text: -text.score)


@torch.no_grad()
def contrastive_search(
    model: Model, prompt: str, k: int = 4, alpha: float = 0.6, max_new_tokens: int = 50
) -> Hypothesis:
    """Choose among the k likeliest tokens the one that says something new.

    Each is scored (1 - alpha) * probability - alpha * likeness; the likeness is the largest cosine
    between its last hidden state and that of any token before it, the prompt's included.
    k: at least 1; alpha: in [0, 1], and 0 is greedy. Returns the text; its score is the mean of its
    tokens' scores. Every step reads the k tokens as one batch.
    Raises ValueError if a parameter is out of range, or prompt and max_new_tokens together are
    more than the context.
    Su et al. 2022, https://arxiv.org/abs/2202.06417; transformers 5 no longer has it.
    """
    check_count("k", k)
    check_number("alpha", alpha, 0, 1, "Use 0 for greedy")
    ids, reader = prompt_ids(model, prompt, max_new_tokens), model.reader()
    logits, hidden = reader.next_states([ids])
    seen, row = normalize(hidden[0], dim=-1), 0
    tokens, logprob, score = [], 0.0, 0.0
    for _ in range(max_new_tokens):
        best, candidates = logits[row].log_softmax(dim=-1).topk(min(k, model.vocab_size))
        texts = [[*ids, token] for token in candidates.tolist()]
        logits, hidden = reader.next_states(texts, [row] * len(texts))
        directions = normalize(hidden[:, 0], dim=-1)
        likeness = (directions @ seen.T).amax(dim=-1)
        scores = (1 - alpha) * best.exp() - alpha * likeness
        row = scores.argmax().item()
        ids, seen = texts[row], torch.cat([seen, directions[row : row + 1]])
        tokens.append(ids[-1])
        logprob += best[row].item()
        score += scores[row].item()
        if tokens[-1] in model.ends:
            break
    return hypothesis(tokens, score / len(tokens), logprob, model.ends, model.tokenizer.decode)


def prompt_ids(model: Model, prompt: str, max_new_tokens: int) -> list[int]:
    """The ids of the prompt; ValueError if it and the new tokens are more than the context."""
    check_count("max_new_tokens", max_new_tokens)
    ids, context = model.encode(prompt), model.context
    if len(ids) + max_new_tokens > context:
        raise ValueError(
            f"max_new_tokens must be at most {context - len(ids)} after this prompt of {len(ids)} "
            f"tokens, got {max_new_tokens}: a search does not go past the context of {context}"
        )
    return ids


def all_ends(end: int | Set[int] | None) -> Set[int]:
    """The tokens that end a text, given as none, one or several."""
    return frozenset() if end is None else {end} if isinstance(end, int) else end


def processed_rows(
    process: Settings | Process | None, logits: Tensor, ids: Tensor, prompt_length: int
) -> Tensor:
    """What process makes of logits (beams, vocab); a learner's function sees one row at a time."""
    if process is None:
        return logits
    if isinstance(process, Settings):
        return process.process(logits, ids, prompt_length)
    rows = zip(logits, ids, strict=True)
    return torch.stack([processed(process, *row, prompt_length) for row in rows])


def largest(x: Tensor, k: int, block: int = 64) -> tuple[Tensor, Tensor]:
    """The k largest of x (n,), or all if there are fewer: values and places, largest first.

    As `x.topk(k)`, but faster: those k can only lie in the k blocks with the largest maxima.
    """
    if len(x) % block or k * block >= len(x):
        return x.topk(min(k, len(x)))
    blocks = x.view(-1, block)
    chosen = blocks.amax(dim=-1).topk(k).indices
    best, places = blocks[chosen].flatten().topk(k)
    return best, chosen[places // block] * block + places % block


def extended(ids: Tensor, rows: list[int], tokens: list[int]) -> Tensor:
    """The chosen rows of ids (beams, length), each with its new token."""
    last = torch.tensor(tokens, dtype=torch.int64).unsqueeze(-1)
    return torch.cat([ids[rows], last], dim=-1)


def search(
    tree: list[Node], finished: list[tuple[float, int]], ends: Set[int], decode: Decode
) -> Search:
    """The result: the tree, and the texts read off it. finished: score and last node of each."""
    if not finished:
        raise ValueError("process left no token in any beam. Let it keep at least one")
    found = []
    for score, node in sorted(finished, key=lambda text: -text[0]):
        path = [tree[node]]
        while path[-1].parent:
            path.append(tree[path[-1].parent])
        logprob = sum(step.logprob for step in path)
        tokens = [step.token for step in reversed(path)]
        found.append(hypothesis(tokens, score, logprob, ends, decode))
    return Search(found, tree)


def hypothesis(
    tokens: list[int], score: float, logprob: float, ends: Set[int], decode: Decode
) -> Hypothesis:
    finished = tokens[-1] in ends
    text = decode(tokens[:-1] if finished else tokens)
    return Hypothesis(tokens, text, score, logprob, finished)
