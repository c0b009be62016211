"""All that a toy can write, against its draws; and what a rule leaves of it, by two ways."""

import math
import re
from collections import Counter

import pytest
import torch
from oracles import chi_square

from course_utils.generate import generate_batch
from course_utils.model.tokenizer import END_OF_TEXT
from course_utils.toys import CAT, Markov, every_text, exact_conditional, masked_decoding

INF = math.inf
# After the prompt "go": a sea is likely and hardly ever blue, a hill is not and nearly always is.
HILL = Markov(
    ("go", " sea", " hill", " blue", " red", END_OF_TEXT),
    torch.tensor(
        [
            [0, 0.75, 0.25, 0, 0, 0],
            [0, 0, 0, 0.125, 0.875, 0],
            [0, 0, 0, 0.875, 0.125, 0],
            [0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 1],
            [1, 0, 0, 0, 0, 0],
        ]
    ).log(),
)
RULES = {
    "ends with a stop": lambda text: text[-1] == ".",
    "has a dog": lambda text: " dog" in text,
    "begins with a dog": lambda text: text[0] == " dog",
    "comes to its end": lambda text: text[-1] == END_OF_TEXT,
    "no word twice": lambda text: len(set(text)) == len(text),
    "anything": lambda text: True,
}


def is_blue(text):
    return " blue" in text


def distance(a, b):
    return sum(abs(a[text] - b[text]) for text in a) / 2


def test_every_text_worked_by_hand():
    assert every_text(HILL, "go", 2) == pytest.approx(
        {
            (" sea", " blue"): 0.75 / 8,
            (" sea", " red"): 0.75 * 7 / 8,
            (" hill", " blue"): 0.25 * 7 / 8,
            (" hill", " red"): 0.25 / 8,
        }
    )
    assert every_text(HILL, "sea blue", 3) == {(END_OF_TEXT,): 1.0}
    assert len(every_text(HILL, "go", 7)) == 4  # they have all ended


def test_every_text_is_what_is_drawn():
    runs = 1500
    rows = [[] for _ in range(runs)]
    for steps in generate_batch(CAT, ["the"] * runs, None, 3, cache=False):
        for row, step in zip(rows, steps, strict=True):
            if step is not None:
                row.append(CAT.tokens[step.token])
    counts = Counter(map(tuple, rows))
    texts = every_text(CAT, "the", 3)
    assert counts.keys() <= texts.keys() and sum(texts.values()) == pytest.approx(1)
    assert chi_square([counts[text] for text in texts], texts.values()) < 1


def test_a_mask_forgets_how_hard_the_rest_is_worked_by_hand():
    """Blue is hard to come by at sea, and the mask cannot know."""
    texts = every_text(HILL, "go", 2)
    exact = exact_conditional(texts, is_blue)
    assert exact == pytest.approx({(" sea", " blue"): 0.3, (" hill", " blue"): 0.7})
    masked = masked_decoding(texts, is_blue)
    assert masked == pytest.approx({(" sea", " blue"): 0.75, (" hill", " blue"): 0.25})


@pytest.mark.parametrize("name", RULES)
def test_both_are_distributions_over_the_allowed_texts(name):
    texts = every_text(CAT, "the", 4)
    exact, masked = (way(texts, RULES[name]) for way in (exact_conditional, masked_decoding))
    allowed = {text for text in texts if RULES[name](text)}
    assert exact.keys() == masked.keys() == allowed
    for share in (exact, masked):
        assert sum(share.values()) == pytest.approx(1) and min(share.values()) > 0
    some, other = sorted(allowed)[:2]
    assert exact[some] / exact[other] == pytest.approx(texts[some] / texts[other])


@pytest.mark.parametrize("name", RULES)
def test_masked_decoding_is_step_by_step_what_a_mask_leaves(name):
    """The same by hand: at each step, of all next tokens those with an allowed text behind them."""
    texts = every_text(CAT, "the", 3)
    masked, probs = masked_decoding(texts, RULES[name]), CAT.table.double().softmax(-1).tolist()
    for text, share in masked.items():
        chance, last = 1.0, CAT.tokens.index(" the")
        for n, token in enumerate(text):
            open_ = {begun[n] for begun in masked if begun[:n] == text[:n]}
            kept = sum(probs[last][CAT.tokens.index(other)] for other in open_)
            last, before = CAT.tokens.index(token), last
            chance *= probs[before][last] / kept
        assert share == pytest.approx(chance)


def test_where_the_mask_distorts_and_where_it_does_not():
    texts = every_text(CAT, "the", 4)
    apart = {
        name: distance(exact_conditional(texts, rule), masked_decoding(texts, rule))
        for name, rule in RULES.items()
    }
    # A rule on the first token takes as much from every text, and no rule takes nothing.
    assert apart.pop("begins with a dog") < 1e-9 and apart.pop("anything") < 1e-9
    assert min(apart.values()) > 0.03 and apart["ends with a stop"] > 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: every_text(CAT, "the", 0), "max_new_tokens must be a whole number of at least 1"),
        (
            lambda: every_text(CAT, "the", 7),
            "max_new_tokens must be at most 6 to list all texts of",
        ),
        (lambda: every_text(CAT, "the cow", 2), "prompt must be of the words"),
        (
            lambda: exact_conditional({("a",): 1.0}, is_blue),
            "at least one of the 1 texts, got none",
        ),
        (lambda: masked_decoding({("a",): 1.0}, is_blue), "at least one of the 1 texts, got none"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
