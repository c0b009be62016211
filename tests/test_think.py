"""Votes and pass@k against every subset of tries; power sampling against every text of a toy."""

import itertools
import math
import re
from collections import Counter
from fractions import Fraction

import pytest
import torch
from cases import at_least
from oracles import chi_square

from course_utils.generate import Settings, generate
from course_utils.model.storyteller import HERE
from course_utils.think import majority_vote, pass_at_k, power_sample, thinking_budget, walk

PROMPT = "Once upon a time"


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        (["7", "8", "7"], "7"),
        (["8", "7", "7", "8"], "8"),  # as many each: the one that came first
        (["7", "8", "8", "7"], "7"),
        ([None, None, None, "8"], "8"),  # no answer is no vote
        ([None, "9", None, "8", "8"], "8"),
        ([None, None], None),
        (["7", 7, 7.5, 7], 7),  # a text is not a number
        ([0, 0, 1], 0),
        (["", "", "1"], ""),
        ([(1, 2), (2, 1), (2, 1)], (2, 1)),
        (("7",), "7"),
    ],
)
def test_the_vote_worked_by_hand(answers, winner):
    assert majority_vote(answers) == winner


def test_a_vote_does_not_depend_on_the_order_but_for_ties():
    for answers in itertools.product("ab", (None, "a", "c"), "abc", "bc"):
        most = max(answers.count(answer) for answer in answers if answer)
        best = [answer for answer in answers if answer and answers.count(answer) == most]
        assert majority_vote(answers) == best[0]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([], "answers must be a list with one answer a try, got []"),
        ("778", "answers must be a list with one answer a try, got '778'"),
        (7, "answers must be a list with one answer a try, got 7"),
        ([["7"], ["8"]], "answers must be strings, numbers or tuples, to be counted: unhashable"),
    ],
)
def test_a_vote_that_cannot_be_counted(answers, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        majority_vote(answers)


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_at_k_is_the_mean_over_every_choice_of_k_tries(n):
    for c, k in itertools.product(range(n + 1), range(1, n + 1)):
        right = [i < c for i in range(n)]
        choices = [any(chosen) for chosen in itertools.combinations(right, k)]
        assert pass_at_k(n, c, k) == float(Fraction(sum(choices), len(choices)))


@pytest.mark.parametrize("p", [0.02, 0.3, 0.9])
def test_pass_at_k_is_right_on_average_where_the_short_way_is_too_low(p):
    n, k = 12, 5
    chance = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    mean = sum(w * pass_at_k(n, c, k) for c, w in enumerate(chance))
    short = sum(w * (1 - (1 - c / n) ** k) for c, w in enumerate(chance))
    assert mean == pytest.approx(1 - (1 - p) ** k, rel=1e-12)
    assert short < mean - 1e-6


@pytest.mark.parametrize(
    ("n", "c", "k"), [(10_000, 1, 10_000), (10_000, 1, 1), (10_000, 3, 5_000), (10_000, 9_999, 1)]
)
def test_pass_at_k_of_many_tries_is_rounded_once(n, c, k):
    missed = Fraction(1)
    for i in range(c):  # the right ones are all among the n - k that were not chosen
        missed *= Fraction(max(n - k - i, 0), n - i)
    assert pass_at_k(n, c, k) == float(1 - missed)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 0, 1), "n must be a whole number of at least 1, got 0"),
        ((4.0, 0, 1), "n must be a whole number of at least 1, got 4.0"),
        ((4, -1, 1), "c must be a whole number of at least 0, got -1"),
        ((4, 5, 1), "c must be at most n, 4, as it counts the right ones of them, got 5"),
        ((4, 1, 0), "k must be a whole number of at least 1, got 0"),
        ((4, 1, 5), "k must be at most n, 4, got 5. Make more tries, or lower k"),
    ],
)
def test_pass_at_k_out_of_range(numbers, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        pass_at_k(*numbers)


# A text is a first word and, unless that ends it, one more or two. Word 0 is the likeliest first
# one, but no text that goes on from it is likely; word 1 leads to one good text.
END = 3
TOY = {
    (): [0.5, 0.3, 0.1, 0.1],
    (0,): [0.3, 0.3, 0.3, 0.1],
    (1,): [0.05, 0.9, 0.05, 0.0],
    (2,): [0.1, 0.1, 0.1, 0.7],
}
LAST = [0.25, 0.25, 0.1, 0.4]


def next_logits(ids, rows):
    assert rows == [0] and ids.shape[0] == 1 and ids[0, 0] == 9  # the prompt
    return torch.tensor([TOY.get(tuple(ids[0, 1:].tolist()), LAST)]).log()


def every_text():
    """{text: its probability}"""
    texts = {}
    for a, b, c in itertools.product(range(4), repeat=3):
        if a == END:
            texts[(a,)] = TOY[()][a]
        elif b == END:
            texts[a, b] = TOY[()][a] * TOY[(a,)][b]
        else:
            texts[a, b, c] = TOY[()][a] * TOY[(a,)][b] * LAST[c]
    return {text: p for text, p in texts.items() if p > 0}


def powered(alpha):
    weights = {text: p**alpha for text, p in every_text().items()}
    return {text: weight / sum(weights.values()) for text, weight in weights.items()}


def at_temperature(t):
    """What drawing each token at a temperature gives."""

    def step(so_far, token):
        row = [p ** (1 / t) for p in TOY.get(so_far, LAST)]
        return row[token] / sum(row)

    return {
        text: math.prod(step(text[:i], token) for i, token in enumerate(text))
        for text in every_text()
    }


def drawn(runs, **arguments):
    """How often each text came."""
    seeds = range(runs)
    chains = [walk(next_logits, [9], max_new_tokens=3, seed=s, end=END, **arguments) for s in seeds]
    counts = Counter(tuple(chain.tokens) for chain in chains)
    assert counts.keys() <= every_text().keys()
    return [counts[text] for text in every_text()]


def test_the_toy_is_worth_sampling():
    assert sum(every_text().values()) == pytest.approx(1)
    two, cold = powered(2.0), at_temperature(0.5)
    first = [sum(p for text, p in d.items() if text[0] == 0) for d in (two, cold)]
    assert first[0] < 0.4 and first[1] > 0.6


CHAINS = [(0.5, 1), (1.0, 3), (2.0, 1), (2.0, 2)]  # alpha, block


@pytest.mark.slow
@pytest.mark.parametrize("chain", at_least((2.0, 2), of=CHAINS), ids=str)
def test_power_samples_are_drawn_by_the_power_and_not_by_the_temperature(chain):
    alpha, block = chain
    counts = drawn(1000, alpha=alpha, steps=20, block=block)
    assert chi_square(counts, powered(alpha).values()) < 1
    if alpha != 1:
        assert chi_square(counts, at_temperature(1 / alpha).values()) > 2
        assert chi_square(counts, every_text().values()) > 2


def test_without_steps_it_is_plain_temperature():
    counts = drawn(2000, alpha=2.0, steps=0, block=2)
    assert chi_square(counts, at_temperature(0.5).values()) < 1
    assert chi_square(counts, powered(2.0).values()) > 5


def test_a_chain_says_how_it_went():
    chain = walk(next_logits, [9], 2.0, 3, steps=5, block=2, seed=1, end=END, decode=str)
    assert chain.proposed == 10 and 0 < chain.accepted <= 10
    assert chain.logprob == pytest.approx(math.log(every_text()[tuple(chain.tokens)]))
    assert chain.score == 2 * chain.logprob
    assert chain.finished == (chain.tokens[-1] == END)
    assert chain.text == str(chain.tokens[:-1] if chain.finished else chain.tokens)


def test_at_a_power_of_one_all_texts_of_one_length_are_taken():
    def even(ids, rows):
        return torch.tensor([[0.5, 0.3, 0.2]]).log()

    for seed in range(20):
        chain = walk(even, [], 1.0, 6, steps=10, block=2, seed=seed)
        assert chain.accepted == chain.proposed == 30 and len(chain.tokens) == 6


@pytest.mark.slow
def test_power_samples_of_the_model_are_likelier_than_its_cold_texts(storyteller):
    def mean(steps):
        texts = [power_sample(storyteller, PROMPT, 4.0, 16, steps, 8, seed) for seed in range(6)]
        return sum(text.logprob for text in texts) / 6

    assert mean(steps=12) > mean(steps=0) + 2


@pytest.mark.slow
def test_a_power_samples_log_probability_is_the_models_own(storyteller):
    from transformers import GPT2LMHeadModel

    chain = power_sample(storyteller, PROMPT, 2.0, 20, steps=6, block=7, seed=3)
    assert chain.accepted > 0 and chain.proposed == 18
    ids = storyteller.encode(PROMPT)
    model = GPT2LMHeadModel.from_pretrained(HERE, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids + chain.tokens])).logits[0, len(ids) - 1 : -1]
    each = logits.double().log_softmax(-1).gather(-1, torch.tensor(chain.tokens).unsqueeze(-1))
    assert chain.logprob == pytest.approx(float(each.sum()), abs=1e-3)
    assert chain.text == storyteller.tokenizer.decode(chain.tokens)


def test_a_seed_gives_its_text_again(storyteller):
    first, again, other = (
        power_sample(storyteller, PROMPT, 2.0, 12, 3, 6, seed) for seed in (1, 1, 2)
    )
    assert first == again and first.tokens != other.tokens


def test_without_steps_the_model_writes_at_that_temperature(storyteller):
    """Not the same draws as `generate`, but a power of 1000 leaves no choice."""
    greedy = [step.token for step in generate(storyteller, PROMPT, Settings(temperature=0), 24)]
    assert power_sample(storyteller, PROMPT, 1000, 24, steps=0).tokens == greedy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0}, "alpha must be in (0, 1000], got 0. Use 1 to draw from the model itself"),
        ({"alpha": math.inf}, "alpha must be in (0, 1000], got inf"),
        ({"alpha": math.nan}, "alpha must be in (0, 1000], got nan"),
        ({"alpha": "4"}, "alpha must be in (0, 1000], got '4'"),
        ({"steps": -1}, "steps must be a whole number of at least 0, got -1"),
        ({"block": 0}, "block must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"max_new_tokens": 0}, "max_new_tokens must be a whole number of at least 1, got 0"),
        ({"max_new_tokens": 300}, "max_new_tokens must be at most 251 after this prompt of 5"),
        ({"prompt": ""}, "prompt must not be empty"),
    ],
)
def test_bad_arguments_of_power_samples(storyteller, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        power_sample(storyteller, **{"prompt": PROMPT, **arguments})


def stands_in(text, end):
    """Where the end begins in the text, if it does."""
    places = range(len(text) - len(end) + 1)
    return next((i for i in places if text[i : i + len(end)] == end), None)


def budget(text, end, most, least=0):
    """The logits of four tokens after a budget."""
    logits = torch.tensor([0.5, -1.0, 2.0, -3.0])
    return thinking_budget(logits, torch.tensor(text, dtype=torch.int64), end, most, least)


@pytest.mark.parametrize("end", [(3,), (2, 3), (2, 2), (1, 2, 1), (0, 1, 2)], ids=str)
@pytest.mark.parametrize(("most", "least"), [(3, 0), (3, 2), (4, 4), (0, 0), (2, 1)])
def test_whatever_is_drawn_the_thinking_ends_within_its_budget(end, most, least):
    """Every text that can be written under the budget, token by token."""
    length = most + len(end) + 1
    running, whole = [()], []
    while running:
        text = running.pop()
        if len(text) == length:
            whole.append(text)
            continue
        left = budget(text, end, most, least)
        running += [(*text, token) for token in range(4) if left[token] > -math.inf]
        closed = stands_in(text, end) is not None
        if closed or least <= len(text) < most:
            assert left.tolist() == [0.5, -1.0, 2.0, -3.0]
        elif len(text) >= most:
            assert left.isneginf().sum() == 3 and left.max() == 0
    closed = [stands_in(text, end) + len(end) for text in whole]  # all have the end
    assert max(closed) <= most + len(end)
    assert min(closed) > least
    written = set(whole)
    for text in itertools.product(range(4), repeat=length):
        at = stands_in(text, end)
        if at is not None and least < at + len(end) <= most:
            assert text in written  # who ends in time is left alone


def test_what_stands_there_of_the_end_is_not_written_again():
    assert budget([0, 2], (2, 3), most=2).tolist() == [-math.inf] * 3 + [0]
    assert budget([0, 1], (2, 3), most=2).tolist() == [-math.inf, -math.inf, 0, -math.inf]
    assert budget([1, 2, 1, 2], (1, 2, 1, 3), most=4).argmax() == 1


def test_a_ban_leaves_the_only_token_that_is_left():
    only = torch.tensor([-math.inf, 1.0])
    ids = torch.tensor([0])
    assert torch.equal(thinking_budget(only, ids, [1], most=3, least=2), only)
    assert thinking_budget(torch.flip(only, [0]), ids, [1], 1).tolist() == [-math.inf, 0]


def test_each_row_of_a_batch_has_its_own_budget():
    logits = torch.randn(2, 2, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    ids = torch.tensor([[[0, 3], [3, 0]], [[0, 0], [0, 2]]])
    before = logits.clone()
    got = thinking_budget(logits, ids, (2, 3), most=2)
    assert got.dtype == logits.dtype and torch.equal(logits, before)
    for i, j in itertools.product(range(2), repeat=2):
        assert torch.equal(got[i, j], thinking_budget(logits[i, j], ids[i, j], (2, 3), 2))
    assert got.float().argmax(-1).tolist() == [[2, 2], [2, 3]]
    none = thinking_budget(logits, ids[..., :0], (2, 3), most=2)
    assert torch.equal(none, logits)


def test_the_storyteller_is_made_to_come_to_an_end(storyteller):
    """It has no thoughts, but what closes them can be any words."""
    end = storyteller.tokenizer.encode_ordinary(" So it ended.")
    start = len(storyteller.encode(PROMPT))

    def process(logits, ids):
        return thinking_budget(logits, ids[start:], end, most=20)

    steps = list(generate(storyteller, PROMPT, process, 60))
    free = list(generate(storyteller, PROMPT, None, 60))
    tokens = [step.token for step in steps]
    assert tokens[20 : 20 + len(end)] == end and len(tokens) > 40
    assert tokens[:20] == [step.token for step in free[:20]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 3), "end must be the token ids that close the thinking, got []"),
        ((7, 3), "end must be the token ids that close the thinking, got 7"),
        (("</think>", 3), "end must be the token ids that close the thinking, got '</think>'"),
        (([4], 3), "end must be a token id in [0, 4), got 4"),
        (([1], -1), "most must be a whole number of at least 0, got -1"),
        (([1], 3, -1), "least must be a whole number of at least 0, got -1"),
        (([1], 3, 4), "least must be at most 3, as most is, got 4"),
    ],
)
def test_bad_budgets(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        budget([0], *arguments)
    with pytest.raises(ValueError, match="ids must be an int64 tensor"):
        thinking_budget(torch.zeros(4), torch.zeros(2), [1], 3)
    with pytest.raises(ValueError, match="NaN"):
        thinking_budget(torch.full((4,), math.nan), torch.tensor([0]), [1], 3)
