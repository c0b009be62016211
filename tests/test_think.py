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
from course_utils.think import majority_vote, pass_at_k, power_sample, walk

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
