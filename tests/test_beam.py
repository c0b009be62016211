"""Beam search against `transformers` on the weights that ship; the rest against slow references."""

import itertools
import math
import re
from collections import Counter, defaultdict

import pytest
import torch
from cases import at_least
from torch.nn.functional import cosine_similarity

from course_utils.beam import (
    beam_search,
    below,
    best_of_n,
    contrastive_search,
    diverse_beam_search,
    grow_beams,
    grow_samples,
    gumbel,
    largest,
    stochastic_beam_search,
)
from course_utils.generate import Settings, generate
from course_utils.model.storyteller import HERE
from course_utils.penalties import no_repeat_ngram, repetition_penalty

INF = math.inf
PROMPT = "Once upon a time"
OPENINGS = """
The frog had never seen the sea
In the attic lived a clock that
My grandmother kept a dragon
It rained on the day of the race
Nobody in the village could whistle
The tailor's youngest son was
A crow sat down beside the king
"Open the door," said the wolf
Far behind the mountains
There was a well with no bottom
The miller counted his sacks
Three sisters shared one shoe
When the moon fell into the pond
The giant was afraid of bees
On Monday the cat began to speak
The prince would not eat his soup
Deep under the old bridge
She found a key in the bread
The soldier came home at last
Every evening the lamp went out
A boy of seven years
The queen had lost her shadow
At the end of the road stood
The fox promised never to lie
Once a star forgot to shine
The baker's oven was cold
He put the ring on his finger
The wind knocked at the window
Long before the first winter
The princess laughed and
The old horse knew the way
Nine geese walked to market
A letter came from the north
The fisherman pulled up his net
In a castle made of salt
The mouse was the mayor
His boots were too big for him
The witch sold apples
No one had asked the river
The little tree wanted to travel
They sailed for forty days
The thief looked at the dog
Under the snow the seed was
The bell rang twice and then
A shepherd with one sheep
The owl read the newspaper
Her hair was as white as
The farmer's wife shut the gate
And so they were married, and
They lived happily ever after.
""".strip().splitlines()

# num_beams, max_new_tokens, length_penalty, early_stopping, num_return, name of the process
SETTINGS = [
    (4, 12, 1.0, False, 1, None),
    (2, 12, 0.0, "never", 2, None),
    (8, 6, 0.6, True, 8, None),
    (4, 1, 2.0, False, 4, None),
    (4, 12, 1.0, False, 2, "repetition_penalty"),
    (4, 12, 1.0, True, 1, "no_repeat_ngram"),
    (4, 12, 1.0, True, 4, "eager"),
    (4, 12, 0.6, False, 4, "eager"),
    (4, 12, 2.0, "never", 2, "eager"),
    (4, 16, -1.0, "never", 4, "eager"),
    (4, 16, -1.0, False, 4, "eager"),
    (2, 16, 0.0, False, 2, "eager"),
    (8, 8, 2.0, False, 8, "eager"),
    (4, 150, 1.0, False, 4, None),  # three openings only
]


def eager(end):
    """A process that wants to end, so that all the rules for finished texts have work to do."""

    def process(logprobs, ids):
        return torch.where(torch.arange(len(logprobs)) == end, logprobs + 3, logprobs)

    return process


def process_named(name, end):
    return {
        None: None,
        "eager": eager(end),
        "repetition_penalty": lambda x, ids: repetition_penalty(x, ids, 1.3),
        "no_repeat_ngram": lambda x, ids: no_repeat_ngram(x, ids, 2),
    }[name]


@pytest.fixture(scope="module")
def oracle():
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(HERE, dtype=torch.float32).eval()


def theirs(oracle, prompts, settings):
    """What `transformers` finds for ids of equal length: for each (tokens, score), best first."""
    from transformers import LogitsProcessor, RepetitionPenaltyLogitsProcessor

    num_beams, new, length_penalty, early_stopping, num_return, name = settings
    end = oracle.config.eos_token_id

    class Eager(LogitsProcessor):
        def __call__(self, ids, scores):
            return scores + 3 * (torch.arange(scores.shape[-1]) == end)

    class OnlyEnd(LogitsProcessor):
        def __call__(self, ids, scores):
            return scores.masked_fill(torch.arange(scores.shape[-1]) != end, -INF)

    ids = torch.tensor(prompts)
    out = oracle.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        num_beams=num_beams,
        max_new_tokens=new,
        length_penalty=length_penalty,
        early_stopping=early_stopping,
        num_return_sequences=num_return,
        logits_processor={
            "eager": [Eager()],
            "only_end": [OnlyEnd()],
            "repetition_penalty": [RepetitionPenaltyLogitsProcessor(1.3)],
        }.get(name, []),
        no_repeat_ngram_size=2 if name == "no_repeat_ngram" else 0,
        pad_token_id=end,
        return_dict_in_generate=True,
        output_scores=True,
    )
    rows = []
    for row in out.sequences[:, ids.shape[1] :].tolist():
        rows.append(row[: row.index(end) + 1] if end in row else row)
    found = list(zip(rows, out.sequences_scores.tolist(), strict=True))
    return [found[i : i + num_return] for i in range(0, len(found), num_return)]


@pytest.mark.slow
@pytest.mark.parametrize("every", at_least(7, of=[7, 1]), ids="every={}".format)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_texts_and_scores_equal_those_of_transformers(storyteller, oracle, settings, every):
    assert len(set(OPENINGS)) == 50
    num_beams, new, length_penalty, early_stopping, num_return, name = settings
    process = process_named(name, storyteller.tokenizer.eot_token)
    by_length = defaultdict(list)
    for opening in OPENINGS[:: every if new < 100 else 17]:
        by_length[len(storyteller.encode(opening))].append(opening)
    for openings in by_length.values():
        expected = theirs(oracle, [storyteller.encode(text) for text in openings], settings)
        for opening, texts in zip(openings, expected, strict=True):
            found, _ = beam_search(
                storyteller, opening, num_beams, new, length_penalty, early_stopping, num_return,
                process,
            )  # fmt: skip
            assert [text.tokens for text in found] == [tokens for tokens, _ in texts], opening
            for text, (_, score) in zip(found, texts, strict=True):
                # Both add up in float32; a score that is multiplied by the length has its noise.
                assert text.score == pytest.approx(score, rel=2e-6, abs=1e-4)


@pytest.mark.parametrize("n", [1, 7, 64, 640, 4096, 4100])
@pytest.mark.parametrize("k", [1, 3, 16])
def test_the_largest_are_those_of_topk(n, k):
    x = torch.randn(n, generator=torch.Generator().manual_seed(n))
    x[: n // 2] = -INF
    best, places = largest(x, k)
    expected = x.topk(min(k, n))
    finite = expected.values.isfinite()
    assert torch.equal(best, expected.values) and torch.equal(x[places], best)
    assert torch.equal(places[finite], expected.indices[finite])


def table(rows):
    """`next_logits` from probabilities: {the tokens so far: [a probability a token]}."""

    def next_logits(ids, _):
        return torch.tensor([rows[tuple(text)] for text in ids.tolist()]).log()

    return next_logits


# Greedy takes 0 (0.5), and then the best it finds is 0.5 * 0.4. The best text is 1, 0: 0.4 * 0.9.
GREEDY_LOSES = table({(): [0.5, 0.4, 0.1], (0,): [0.4, 0.3, 0.3], (1,): [0.9, 0.05, 0.05]})


def test_two_beams_find_what_greedy_misses():
    [greedy], _ = grow_beams(GREEDY_LOSES, [], num_beams=1, max_new_tokens=2)
    (best, second), _ = grow_beams(GREEDY_LOSES, [], num_beams=2, max_new_tokens=2)
    assert (greedy.tokens, math.exp(greedy.logprob)) == ([0, 0], pytest.approx(0.2))
    assert (best.tokens, math.exp(best.logprob)) == ([1, 0], pytest.approx(0.36))
    assert (second.tokens, second.text, second.finished) == ([0, 0], "[0, 0]", False)


def test_the_tree_holds_what_was_kept_and_what_was_pruned():
    _, tree = grow_beams(GREEDY_LOSES, [], num_beams=2, max_new_tokens=2)
    drawn = [(n.parent, n.depth, n.token, round(math.exp(n.total), 3), n.kept) for n in tree]
    assert drawn == [
        (None, 0, None, 1.0, True),
        (0, 1, 0, 0.5, True),
        (0, 1, 1, 0.4, True),
        (0, 1, 2, 0.1, False),
        (2, 2, 0, 0.36, True),
        (1, 2, 0, 0.2, True),
        (1, 2, 1, 0.15, False),
        (1, 2, 2, 0.15, False),
    ]
    assert [round(math.exp(node.logprob), 3) for node in tree[4:]] == [0.9, 0.4, 0.3, 0.3]


def test_the_tree_of_a_model_leads_to_its_hypotheses(storyteller):
    end = storyteller.tokenizer.eot_token
    found, tree = beam_search(storyteller, PROMPT, 3, 12, num_return=3, process=eager(end))
    for place, node in enumerate(tree[1:], 1):
        parent = tree[node.parent]
        assert node.parent < place
        assert node.depth == parent.depth + 1
        assert parent.kept and parent.token != end
        assert node.total == pytest.approx(parent.total + node.logprob, abs=1e-4)
    for depth in range(1, tree[-1].depth + 1):
        nodes = [node for node in tree if node.depth == depth]
        assert len(nodes) == 6
        assert sum(node.kept and node.token != end for node in nodes) == 3
    paths = defaultdict(list)
    for place, node in enumerate(tree[1:], 1):
        paths[place] = [*paths[node.parent], node.token]
    assert all(text.tokens in paths.values() for text in found)
    for text in found:
        assert text.score == pytest.approx(text.logprob / len(text.tokens), abs=1e-4)
        assert text.finished == (text.tokens[-1] == end)
        words = text.tokens[:-1] if text.finished else text.tokens
        assert text.text == storyteller.tokenizer.decode(words)


def toy(vocab, new, seed=0):
    """A random model of texts up to `new` tokens: `next_logits`, and each text's logits."""
    generator = torch.Generator().manual_seed(seed)
    logits = {
        text: 1.5 * torch.randn(vocab, generator=generator)
        for length in range(new)
        for text in itertools.product(range(vocab), repeat=length)
    }
    return lambda ids, _: torch.stack([logits[tuple(text)] for text in ids.tolist()]), logits


def every_text(logits, new, end=None, begun=()):
    """All texts that the model can write, {tokens: probability}."""
    if len(begun) == new or end in begun:
        return {begun: 1.0}
    probs = logits[begun].double().softmax(-1).tolist()
    return {
        text: p * rest
        for token, p in enumerate(probs)
        for text, rest in every_text(logits, new, end, (*begun, token)).items()
    }


@pytest.mark.parametrize("seed", range(20))
def test_enough_beams_find_every_text_in_order(seed):
    next_logits, logits = toy(4, 4, seed)
    texts = every_text(logits, 4, end=3)
    for power in (0.0, 0.7, 1.0, -0.5):
        found, _ = grow_beams(next_logits, [], len(texts), 4, power, end=3)
        scores = {text: math.log(p) / len(text) ** power for text, p in texts.items()}
        best = sorted(scores, key=scores.get, reverse=True)
        assert [tuple(text.tokens) for text in found] == best
        assert [text.score for text in found] == pytest.approx([scores[text] for text in best])


def test_a_positive_length_penalty_favours_the_longer_text():
    half = [0.5, 0.5]  # of the tokens 0 and end-of-text, again and again
    for power, length in [(0.0, 1), (2.0, 3)]:
        [best, *_], _ = grow_beams(
            lambda ids, _: torch.tensor([half] * len(ids)).log(), [], 3, 3, power, "never", end=1
        )
        assert len(best.tokens) == length


TWO = {  # token 2 is end-of-text; two beams have two finished texts, 0.3 and 0.2, after step 2
    (): [0.5, 0.2, 0.3],
    (0,): [0.59, 0.01, 0.4],
    (1,): [0.99, 0.005, 0.005],
    (0, 0): [0.05, 0.05, 0.9],  # 0.295, and with its end 0.2655
    (1, 0): [0.4, 0.4, 0.2],
}
WORSE = {  # as TWO, but the second finished text has 0.1, and a sum times length of -4.6
    (): [0.5, 0.2, 0.3],
    (0,): [0.79, 0.01, 0.2],
    (1,): [0.45, 0.45, 0.1],
    (0, 0): [0.05, 0.05, 0.9],  # -1.9 as it runs, and -3.1 with its end
    (1, 0): [0.4, 0.4, 0.2],
}
ONE = {  # token 1 is end-of-text; one beam has its finished text after step 1
    (): [0.49, 0.51],
    (0,): [0.01, 0.99],  # 0.4851 in two tokens: a mean of -0.36, while log 0.51 is -0.67
}


@pytest.mark.parametrize(
    ("rows", "num_beams", "new", "length_penalty", "early_stopping", "expected"),
    [
        (TWO, 2, 9, 0.0, True, [[2], [0, 2]]),
        (TWO, 2, 9, 0.0, False, [[2], [0, 0, 2]]),
        (TWO, 2, 9, 0.0, "never", [[2], [0, 0, 2]]),
        (TWO, 2, 2, 0.0, "never", [[2], [0, 0]]),  # the cut text counts as it stands
        (WORSE, 2, 9, -1.0, True, [[2], [0, 2]]),
        (WORSE, 2, 9, -1.0, False, [[2], [0, 0, 2]]),
        (WORSE, 2, 9, -1.0, "never", [[2], [0, 0, 2]]),
        (ONE, 1, 9, 1.0, True, [[1]]),
        (ONE, 1, 9, 1.0, False, [[1]]),  # log 0.49 / 1 is below log 0.51, though only just
        (ONE, 1, 9, 1.0, "never", [[0, 1]]),  # log 0.49 / 9 is above it
        (ONE, 1, 9, -1.0, "never", [[1]]),  # with a negative penalty more length cannot help
    ],
)
def test_when_it_stops_worked_by_hand(
    rows, num_beams, new, length_penalty, early_stopping, expected
):
    zeros = defaultdict(lambda: [0.98] + [0.01] * (len(rows[()]) - 1), rows)
    found, _ = grow_beams(
        table(zeros), [], num_beams, new, length_penalty, early_stopping, end=len(rows[()]) - 1
    )
    assert [text.tokens for text in found] == expected


def test_an_end_of_text_below_the_best_num_beams_does_not_count():
    # Ranks are 0 (0.5), 1 (0.3), end (0.2): with two beams the end comes third.
    rows = {(): [0.5, 0.3, 0.2], (0,): [0.98, 0.01, 0.01], (1,): [0.98, 0.01, 0.01]}
    found, tree = grow_beams(table(rows), [], 2, 2, 0.0, end=2)
    assert [text.tokens for text in found] == [[0, 0], [1, 0]]
    assert [(node.token, node.kept) for node in tree[1:4]] == [(0, True), (1, True), (2, False)]
    found, _ = grow_beams(table(rows), [], 3, 2, 0.0, end=2)
    assert [text.tokens for text in found] == [[0, 0], [1, 0], [2]]


def test_where_few_tokens_are_left_there_are_no_copies_as_in_transformers(storyteller, oracle):
    end = storyteller.tokenizer.eot_token

    def only_end(logprobs, ids):
        return torch.where(torch.arange(len(logprobs)) == end, logprobs, -INF)

    [found], tree = beam_search(storyteller, PROMPT, 4, 9, num_return=4, process=only_end)
    assert (found.tokens, found.text, found.finished) == ([end], "", True)
    assert len(tree) == 2
    settings = (4, 9, 1.0, False, 4, "only_end")
    [[best, *copies]] = theirs(oracle, [storyteller.encode(PROMPT)], settings)
    assert best == ([end], pytest.approx(found.score, abs=1e-4))
    assert len(copies) == 3 and all(score < -1e8 for _, score in copies)


def test_a_beam_without_a_way_on_is_dropped():
    rows = {(): [0.6, 0.4], (0,): [0.5, 0.5], (1,): [0.7, 0.3]}

    def dead_end(logprobs, ids):
        return logprobs - INF if ids.tolist() == [0] else logprobs

    found, _ = grow_beams(table(rows), [], 2, 2, process=dead_end)
    assert [text.tokens for text in found] == [[1, 0], [1, 1]]
    with pytest.raises(ValueError, match="process left no token in any beam"):
        grow_beams(table(rows), [], 2, 2, process=lambda x, ids: x - INF)


def test_nan_is_refused():
    for search in (grow_beams, grow_samples):
        with pytest.raises(ValueError, match="contain NaN"):
            search(lambda ids, _: torch.tensor([[0.0, math.nan]]), [], 2, 2)
        with pytest.raises(ValueError, match="contain NaN"):
            search(lambda ids, _: torch.zeros(1, 3), [], 2, 2, process=lambda x, ids: x * math.nan)


def test_the_cache_changes_nothing(storyteller):
    def uncached(ids, _):
        return storyteller.gpt(ids)[:, -1]

    ids, end = storyteller.encode(PROMPT), storyteller.tokenizer.eot_token
    for arguments in [(4, 30), (7, 10)]:
        found, _ = beam_search(storyteller, PROMPT, *arguments, num_return=4)
        expected, _ = grow_beams(uncached, ids, *arguments, end=end)
        assert [text.tokens for text in found] == [text.tokens for text in expected[:4]]


def test_settings_are_a_process_too(storyteller):
    settings = Settings(repetition_penalty=1.3, frequency_penalty=0.5, top_k=3)
    length = len(storyteller.encode(PROMPT))

    def process(logprobs, ids):
        return settings.process(logprobs, ids, length)

    found = beam_search(storyteller, PROMPT, 3, 15, process=settings)
    assert found == beam_search(storyteller, PROMPT, 3, 15, process=process)
    assert found != beam_search(storyteller, PROMPT, 3, 15)


def test_one_beam_is_greedy(storyteller):
    [found], _ = beam_search(storyteller, PROMPT, 1, 40)
    steps = list(generate(storyteller, PROMPT, Settings(temperature=0), 40))
    assert found.tokens == [step.token for step in steps]
    assert found.text == "".join(step.text for step in steps)
    assert found.logprob == pytest.approx(sum(step.logprob for step in steps), abs=1e-3)


def slow_groups(logits, vocab, num_groups, size, strength, new):
    """Diverse beam search of texts without end, from the paper: {tokens: score} a group."""
    groups = [{(): 0.0} for _ in range(num_groups)]
    for _ in range(new):
        counts = Counter()
        for i, group in enumerate(groups):
            longer = {
                (*text, token): total
                + logits[text].double().log_softmax(-1)[token].item()
                - strength * counts[token]
                for text, total in group.items()
                for token in range(vocab)
            }
            groups[i] = dict(sorted(longer.items(), key=lambda one: -one[1])[:size])
            counts.update(text[-1] for text in groups[i])
    return groups


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("num_groups", "size"), [(1, 3), (2, 2), (3, 1), (3, 2)])
def test_diverse_beams_equal_a_slow_reference(seed, num_groups, size):
    next_logits, logits = toy(6, 3, seed)
    for strength in (0.0, 0.5, 2.0):
        found, _ = grow_beams(
            next_logits, [], num_groups * size, 3, num_groups=num_groups, diversity_penalty=strength
        )
        expected = slow_groups(logits, 6, num_groups, size, strength, 3)
        pairs = sorted((total / 3, text) for group in expected for text, total in group.items())
        assert [text.score for text in reversed(found)] == pytest.approx([s for s, _ in pairs])
        assert sorted(tuple(text.tokens) for text in found) == sorted(text for _, text in pairs)
        for text in found:
            path = [tuple(text.tokens[:length]) for length in range(3)]
            steps = zip(path, text.tokens, strict=True)
            own = sum(logits[begun].log_softmax(-1)[token].item() for begun, token in steps)
            assert text.logprob == pytest.approx(own, abs=1e-5)


def test_diverse_groups_on_the_model(storyteller):
    alone, _ = beam_search(storyteller, PROMPT, 2, 20, num_return=2)
    equal, _ = diverse_beam_search(storyteller, PROMPT, 6, 3, 0.0, 20)
    texts = Counter(tuple(text.tokens) for text in equal)
    assert texts == {tuple(text.tokens): 3 for text in alone}
    apart, _ = diverse_beam_search(storyteller, PROMPT, 6, 3, 100.0, 20)
    assert {tuple(text.tokens) for text in alone} <= {tuple(text.tokens) for text in apart}
    assert len({text.tokens[0] for text in apart}) >= 3


def test_a_group_that_has_ended_leaves_the_others_going():
    rows = defaultdict(lambda: [0.5, 0.3, 0.2], {(): [0.5, 0.1, 0.4], (0,): [0.2, 0.1, 0.7]})
    found, tree = grow_beams(
        table(rows), [], 2, 4, 0.0, True, end=2, num_groups=2, diversity_penalty=1.0
    )
    # The first takes 0 and ends. The second takes the end at once: 0.4 against 0.5 / e.
    assert [text.tokens for text in found] == [[2], [0, 2]]
    assert max(node.depth for node in tree) == 2


def test_diversity_does_not_forbid_to_end():
    rows = {(): [0.3, 0.1, 0.6]}
    found, _ = grow_beams(
        table(rows), [], 2, 4, 0.0, True, end=2, num_groups=2, diversity_penalty=9.0
    )
    assert [text.tokens for text in found] == [[2], [2]]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_stochastic_beams_are_samples_without_replacement(k):
    next_logits, logits = toy(3, 2, seed=4)
    texts = every_text(logits, 2, end=2)
    assert len(texts) == 7
    runs, drawn = 4000, Counter()
    for seed in range(runs):
        found, _ = grow_samples(next_logits, [], k, 2, seed=seed, end=2)
        drawn[tuple(tuple(text.tokens) for text in found)] += 1
        assert [text.score for text in found] == sorted((t.score for t in found), reverse=True)
    expected = {}
    for order in itertools.permutations(texts, k):
        left, expected[order] = 1.0, float(runs)
        for text in order:
            expected[order] *= texts[text] / left
            left -= texts[text]
    assert drawn.keys() <= expected.keys()  # so all k are different
    cells = [order for order in expected if expected[order] >= 5]
    rare = runs - sum(expected[order] for order in cells)
    square = sum((drawn[order] - expected[order]) ** 2 / expected[order] for order in cells)
    square += (runs - sum(drawn[order] for order in cells) - rare) ** 2 / max(rare, 1)
    assert square < len(cells) + 4 * math.sqrt(2 * len(cells))
    for text, p in texts.items():  # how often a text is among the k
        share = sum(n for order, n in drawn.items() if text in order) / runs
        exact = sum(n for order, n in expected.items() if text in order) / runs
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / runs) + 1e-9
        assert k > 1 or exact == pytest.approx(p)


def test_noise_below_a_drawn_maximum_is_still_independent_noise():
    generator = torch.Generator().manual_seed(1)
    logprobs = torch.tensor([0.6, 0.3, 0.1, 0.0], dtype=torch.float64).log()
    largest = gumbel((200_000, 1), generator)
    noisy = below(largest, logprobs + gumbel((200_000, 4), generator))
    assert torch.equal(noisy.amax(-1, keepdim=True), largest)
    assert noisy[:, 3].isneginf().all()
    noise = (noisy - logprobs)[:, :3]
    for level in (-1.0, 0.0, 1.0, 3.0):  # P(Gumbel < x) = exp(-exp(-x)), alone and in pairs
        share = (noise < level).double()
        p = math.exp(-math.exp(-level))
        assert (share.mean(0) - p).abs().max() < 0.005
        pairs = share.T @ share / len(share)
        assert (pairs[[0, 0, 1], [1, 2, 2]] - p * p).abs().max() < 0.005


def test_noise_stays_finite_far_down():
    phi = torch.tensor([-900.0, -905.0, -2000.0, -INF], dtype=torch.float64)
    for top in (-950.0, -900.0, 30.0):
        moved = below(torch.tensor([top], dtype=torch.float64), phi)
        assert moved[0] == top and moved[3] == -INF
        assert moved[:3].isfinite().all() and (moved.diff() <= 0).all()


def test_stochastic_beams_on_the_model(storyteller):
    end = storyteller.tokenizer.eot_token
    settings = Settings(temperature=0.8, top_k=20)
    found, tree = stochastic_beam_search(storyteller, PROMPT, 5, 12, settings, seed=3)
    again = stochastic_beam_search(storyteller, PROMPT, 5, 12, settings, seed=3)
    assert (found, tree) == again
    assert found != stochastic_beam_search(storyteller, PROMPT, 5, 12, settings, seed=4)[0]
    assert len({tuple(text.tokens) for text in found}) == 5
    for text in found:
        ids, logprob = storyteller.encode(PROMPT), 0.0
        for token in text.tokens:
            with torch.inference_mode():
                logits = storyteller.gpt(torch.tensor([ids]))[0, -1]
            logprob += settings.process(logits, torch.tensor(ids)).log_softmax(-1)[token].item()
            ids.append(token)
        assert text.logprob == pytest.approx(logprob, abs=1e-3)
        assert text.finished == (text.tokens[-1] == end)


def test_a_finished_sample_keeps_its_place_unless_better_ones_come():
    next_logits, logits = toy(3, 4, seed=2)
    texts = every_text(logits, 4, end=2)
    for seed in range(50):
        found, tree = grow_samples(next_logits, [], len(texts), 4, seed=seed, end=2)
        assert {tuple(text.tokens) for text in found} == texts.keys()
        few, _ = grow_samples(next_logits, [], 3, 4, seed=seed, end=2)
        assert len(few) == 3
        for node in tree[1:]:
            assert node.total <= tree[node.parent].total


def test_best_of_n_ranks_the_texts_of_generate(storyteller):
    settings = Settings(temperature=0.9, top_p=0.9)
    found = best_of_n(storyteller, PROMPT, 4, settings, 25, seed=7)
    texts = {}
    for seed in range(7, 11):
        steps = list(generate(storyteller, PROMPT, settings, 25, seed))
        mean = sum(step.logprob for step in steps) / len(steps)
        texts["".join(step.text for step in steps)] = mean
    assert [text.text for text in found] == sorted(texts, key=texts.get, reverse=True)
    assert [text.score for text in found] == pytest.approx(sorted(texts.values())[::-1], abs=1e-3)
    for text in found:
        assert text.score == text.logprob / len(text.tokens)
        assert len(text.tokens) == 25 or text.finished


@torch.inference_mode()
def slow_contrastive(storyteller, ids, k, alpha, new):
    """The rule of Su et al. 2022 without a cache: each candidate's whole text is read."""
    outputs = []
    hook = storyteller.gpt.ln_f.register_forward_hook(lambda *call: outputs.append(call[-1][0]))
    start, ids, scores = len(ids), list(ids), []
    for _ in range(new):
        probs = storyteller.gpt(torch.tensor([ids]))[0, -1].softmax(-1)
        best = {}
        for p, token in zip(*probs.topk(k), strict=True):
            storyteller.gpt(torch.tensor([[*ids, token]]))
            states = outputs[-1]
            likeness = max(cosine_similarity(states[-1], state, dim=0) for state in states[:-1])
            best[token.item()] = ((1 - alpha) * p - alpha * likeness).item()
        ids.append(max(best, key=best.get))
        scores.append(best[ids[-1]])
        if ids[-1] == storyteller.tokenizer.eot_token:
            break
    hook.remove()
    return ids[start:], sum(scores) / len(scores)


@pytest.mark.slow
@pytest.mark.parametrize(("k", "alpha"), [(4, 0.6), (6, 0.3), (2, 1.0), (1, 0.5), (5, 0.0)])
def test_contrastive_search_equals_a_slow_reference(storyteller, k, alpha):
    for opening in OPENINGS[:2]:
        found = contrastive_search(storyteller, opening, k, alpha, 12)
        tokens, score = slow_contrastive(storyteller, storyteller.encode(opening), k, alpha, 12)
        assert found.tokens == tokens
        assert found.score == pytest.approx(score, abs=1e-4)


@pytest.mark.slow
def test_contrastive_search_at_its_ends(storyteller):
    greedy = [step.token for step in generate(storyteller, PROMPT, Settings(temperature=0), 60)]
    for k, alpha in [(5, 0.0), (1, 0.6)]:
        assert contrastive_search(storyteller, PROMPT, k, alpha, 60).tokens == greedy
    found = contrastive_search(storyteller, PROMPT, max_new_tokens=60)
    grams = list(zip(*(found.tokens[i:] for i in range(4)), strict=False))
    assert len(set(grams)) == len(grams)  # greedy goes round in circles here


def test_past_the_context_is_refused_before_the_start(storyteller):
    room = 256 - len(storyteller.encode(PROMPT))
    message = re.escape(f"max_new_tokens must be at most {room} after this prompt of")
    searches = (beam_search, diverse_beam_search, stochastic_beam_search, contrastive_search)
    for search in searches:
        with pytest.raises(ValueError, match=message):
            search(storyteller, PROMPT, max_new_tokens=room + 1)
    [found], _ = beam_search(storyteller, " the" * 250, 2, 5)
    assert found.finished or len(found.tokens) == 5


@pytest.mark.parametrize(
    ("search", "arguments", "message"),
    [
        (beam_search, {"num_beams": 0}, "num_beams must be a whole number of at least 1, got 0"),
        (beam_search, {"num_beams": True}, "num_beams must be a whole number"),
        (beam_search, {"num_return": 5}, "num_return must be at most num_beams, 4, got 5"),
        (beam_search, {"num_return": 0}, "num_return must be a whole number of at least 1"),
        (beam_search, {"max_new_tokens": 0}, "max_new_tokens must be a whole number"),
        (beam_search, {"length_penalty": INF}, "length_penalty must be in [-100, 100], got inf"),
        (beam_search, {"length_penalty": math.nan}, "got nan. Use 0 to rank by the sum"),
        (beam_search, {"length_penalty": "1"}, "got '1'"),
        (beam_search, {"early_stopping": 1}, 'must be True, False or "never", got 1'),
        (beam_search, {"early_stopping": "always"}, "got 'always'"),
        (beam_search, {"prompt": ""}, "prompt must not be empty"),
        (beam_search, {"process": lambda x, ids: x[:5]}, "shape (4096,), got (5,)"),
        (beam_search, {"process": lambda x, ids: None}, "shape (4096,), got NoneType"),
        (diverse_beam_search, {"num_groups": 3}, "num_groups must divide num_beams, 4, got 3"),
        (diverse_beam_search, {"num_groups": 0}, "num_groups must be a whole number"),
        (diverse_beam_search, {"diversity_penalty": -1}, "diversity_penalty must be in [0, inf)"),
        (stochastic_beam_search, {"k": 0}, "k must be a whole number of at least 1, got 0"),
        (stochastic_beam_search, {"seed": -1}, "seed must be a whole number of at least 0"),
        (best_of_n, {"n": 0}, "n must be a whole number of at least 1, got 0"),
        (best_of_n, {"seed": 0.5}, "seed must be a whole number of at least 0, got 0.5"),
        (contrastive_search, {"k": 0}, "k must be a whole number of at least 1, got 0"),
        (contrastive_search, {"alpha": 1.1}, "alpha must be in [0, 1], got 1.1. Use 0 for greedy"),
    ],
)
def test_bad_arguments(storyteller, search, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        search(storyteller, **{"prompt": PROMPT, **arguments})
