import dataclasses
import itertools
import re

import pytest
import torch
from oracles import chi_square

from course_utils.generate import Settings, generate
from course_utils.model.gpt import GPT
from course_utils.model.storyteller import Storyteller
from course_utils.speculative import lookup_draft, model_draft, speculate, verify

PROMPT = "Once upon a time"
GREEDY = Settings(temperature=0)


@pytest.fixture(scope="module")
def half(storyteller):
    """A draft model: the Storyteller without the last three of its blocks."""
    gpt = GPT(dataclasses.replace(storyteller.gpt.config, n_layer=3))
    gpt.load_state_dict(storyteller.gpt.state_dict(), strict=False)
    return Storyteller(gpt.eval(), storyteller.tokenizer, "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("closeness", [0.0, 0.9])
def test_each_token_of_a_round_follows_the_target(closeness):
    generator = torch.Generator().manual_seed(5)
    target = torch.rand(3, 4, generator=generator, dtype=torch.float64).softmax(-1)
    far = torch.tensor([0.0, 0.1, 0.2, 0.7], dtype=torch.float64)  # never proposes token 0
    draft = closeness * target[:2] + (1 - closeness) * far
    rounds = 30_000
    counts = dict.fromkeys(itertools.product(range(4), repeat=2), 0)
    for _ in range(rounds):
        proposed = torch.multinomial(draft, 1, generator=generator).flatten().tolist()
        tokens, accepted = verify(target, draft, proposed, generator)
        assert tokens[:accepted] == proposed[:accepted]
        if len(tokens) == 1:  # the round ended in a refusal: the next one starts from row 1
            tokens += verify(target[1:2], draft[:0], [], generator)[0]
        counts[tuple(tokens[:2])] += 1
    joint = [float(target[0, a] * target[1, b]) for a, b in counts]
    assert chi_square(list(counts.values()), joint) < 1


def test_acceptance_worked_by_hand():
    target = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    sure = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    results = [verify(target, sure, [0], generator) for _ in range(2000)]
    assert {tuple(tokens) for tokens, _ in results} == {(0, 2), (1,)}
    assert sum(accepted for _, accepted in results) == pytest.approx(1000, abs=100)
    assert verify(target[:1], sure[:0], [], generator)[1] == 0
    same = verify(target, target[:1], [1], generator)
    assert same == ([1, 2], 1)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=re.escape("must be (2, vocab) and (1, vocab)")):
        verify(torch.ones(1, 4), torch.ones(1, 4), [0], torch.Generator())


@pytest.mark.slow
@pytest.mark.parametrize("prompt", [PROMPT, "The king", '"No," said', "The old man sat down", "x"])
def test_greedy_text_is_that_of_generate(storyteller, half, prompt):
    expected = [step.token for step in generate(storyteller, prompt, GREEDY, 80)]
    for draft in (lookup_draft(storyteller), model_draft(half, GREEDY)):
        rounds = list(speculate(storyteller, prompt, draft, GREEDY, 80))
        assert [token for r in rounds for token in r.tokens] == expected
        assert_told(rounds)
        assert any(r.redrawn is not None for r in rounds)


def assert_told(rounds):
    """Whether the rounds say how their tokens came about; no text ends in them."""
    for r in rounds:
        *taken, last = r.tokens
        assert taken == r.drafted[: r.accepted] and len(r.drafted) <= 4
        if r.accepted < len(r.drafted):
            assert (r.redrawn, r.bonus) == (last, None) and last != r.drafted[r.accepted]
        else:
            assert (r.redrawn, r.bonus) == (None, last)


def test_a_round_tells_what_became_of_its_draft(storyteller):
    """Greedy, and a draft that knows the text, but for every fifth token, and stops before one."""
    expected = [step.token for step in generate(storyteller, PROMPT, GREEDY, 12)]
    start, vocab = len(storyteller.encode(PROMPT)), storyteller.gpt.config.vocab_size

    def draft(ids, ahead, generator):
        at = len(ids) - start
        known = expected[at : min(at + ahead, 9)]
        known = [0 if (at + i) % 5 == 4 else token for i, token in enumerate(known)]
        return known, torch.eye(vocab, dtype=torch.float64)[known]

    rounds = list(speculate(storyteller, PROMPT, draft, GREEDY, 12))
    assert [(len(r.drafted), r.accepted, len(r.tokens)) for r in rounds] == [
        (4, 4, 5),
        (4, 4, 5),
        (0, 0, 1),
        (0, 0, 1),
    ]
    assert_told(rounds)
    late = list(speculate(storyteller, PROMPT, draft, GREEDY, 12, ahead=7))
    assert [(len(r.drafted), r.accepted, r.redrawn is None) for r in late][:2] == [
        (7, 4, False),
        (4, 4, True),
    ]


def test_what_follows_end_of_text_is_neither_accepted_nor_redrawn(storyteller):
    end, vocab = storyteller.tokenizer.eot_token, storyteller.gpt.config.vocab_size

    def only_end(logits, ids):
        return torch.where(torch.arange(len(logits)) == end, 0.0, -torch.inf)

    for known, accepted, bonus in (([end, end, end], 1, None), ([end], 1, None), ([], 0, end)):

        def draft(ids, ahead, generator, known=known):
            return known, torch.eye(vocab, dtype=torch.float64)[known]

        [found] = speculate(storyteller, PROMPT, draft, only_end, 9)
        assert (found.tokens, found.drafted, found.accepted) == ([end], known, accepted)
        assert (found.redrawn, found.bonus, found.text) == (None, bonus, "")
    [found] = speculate(storyteller, PROMPT, lambda *_: ([7], torch.eye(vocab)[[7]]), only_end, 9)
    assert (found.tokens, found.accepted, found.redrawn, found.bonus) == ([end], 0, end, None)


@pytest.mark.slow
def test_it_needs_fewer_passes_than_tokens(storyteller, half):
    for draft in (lookup_draft(storyteller), model_draft(half, GREEDY)):
        rounds = list(speculate(storyteller, PROMPT, draft, GREEDY, 150))
        assert sum(len(r.tokens) for r in rounds) == 150
        assert len(rounds) < 120


@pytest.mark.full
@torch.inference_mode()
def test_texts_follow_the_models_own_distribution(storyteller, half):
    process = Settings(temperature=1.5, top_k=3)
    ids = storyteller.encode(PROMPT)
    expected = {}
    first = process.process(storyteller.next_logits(PROMPT), torch.tensor(ids)).double().softmax(-1)
    for a in first.nonzero().flatten().tolist():
        logits = storyteller.gpt(torch.tensor([[*ids, a]]))[0, -1]
        second = process.process(logits, torch.tensor(ids)).double().softmax(-1)
        for b in second.nonzero().flatten().tolist():
            expected[a, b] = float(first[a] * second[b])
    draft = model_draft(half, Settings(temperature=1.5, top_k=3))
    counts = dict.fromkeys(expected, 0)
    for seed in range(800):
        rounds = speculate(storyteller, PROMPT, draft, process, 2, seed)
        counts[tuple(token for r in rounds for token in r.tokens)] += 1
    assert chi_square(list(counts.values()), list(expected.values())) < 1


def test_the_text_is_streamed_and_ends_at_end_of_text(storyteller):
    end = storyteller.tokenizer.eot_token
    word = storyteller.tokenizer.encode_ordinary(" é")

    def process(logits, ids):
        wanted = [*word, *word, *[end] * 9][len(ids) - len(storyteller.encode(PROMPT))]
        return torch.where(torch.arange(len(logits)) == wanted, 0.0, -torch.inf)

    rounds = list(speculate(storyteller, PROMPT, lookup_draft(storyteller), process, 20))
    assert "".join(r.text for r in rounds) == " é é"
    assert rounds[-1].tokens[-1] == end


def test_a_seed_gives_its_text_again(storyteller, half):
    draft = model_draft(half)
    first, again, other = (
        "".join(r.text for r in speculate(storyteller, PROMPT, draft, None, 40, seed))
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_new_tokens": 300}, "max_new_tokens must be at most 251, the rest of the context"),
        ({"max_new_tokens": 0}, "max_new_tokens must be a whole number of at least 1, got 0"),
        ({"ahead": 0}, "ahead must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_requests_fail_before_the_first_token(storyteller, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        speculate(storyteller, PROMPT, lookup_draft(storyteller), **arguments)
    with pytest.raises(ValueError, match="ngram must be a whole number"):
        lookup_draft(storyteller, 0)
