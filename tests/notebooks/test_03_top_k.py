"""The Storyteller does what the lesson on top-k says of it."""

import pytest
import torch

FLAT, SHARP = '"Good morning," said the', "Once upon a"


def passage(storyteller):
    from course_utils.explore.cutoff import PASSAGE, read

    return read(PASSAGE)


def mass(logits, k: int = 40):
    return logits.softmax(dim=-1).sort(dim=-1, descending=True).values[..., :k].sum(dim=-1)


def test_forty_tokens_are_too_many_at_one_step_and_too_few_at_another(storyteller):
    flat, sharp = map(storyteller.next_logits, (FLAT, SHARP))
    assert 0.4 < mass(flat) < 0.5
    assert mass(sharp) > 0.998 and mass(sharp, 1) > 0.99

    def place(logits, word: str) -> int:
        [token] = storyteller.tokenizer.encode_ordinary(word)
        return int((logits > logits[token]).sum()) + 1

    assert all(place(flat, word) > 40 for word in (" woman", " child", " wolf"))
    assert all(place(sharp, word) <= 40 for word in (" sudden", " hot"))
    assert place(sharp, " time") == 1
    assert 0.7 < mass(storyteller.next_logits("The king said to his")) < 0.82


def test_along_the_passage_the_mass_swings_and_few_tokens_are_plausible(storyteller):
    read = passage(storyteller)
    kept = mass(read.logits)
    assert kept.min() < 0.65 and kept.max() > 0.995
    assert "".join(read.tokens[: int(kept.argmin()) + 1]).endswith("One of them was a")
    assert "".join(read.tokens[: int(kept.argmax()) + 1]) == "Once upon a"
    plausible = (read.logits.softmax(dim=-1) > 0.01).sum(dim=-1)
    assert plausible.max() < 30 and (plausible == 1).sum() == 2

    assert int((read.ranks > 40).sum()) == 6
    assert int((read.ranks > 10).sum()) == 8
    assert read.tokens[37] == " Bear" and read.ranks[36] > 1_000


def test_bfloat16_makes_ties_at_the_border(storyteller):
    logits = passage(storyteller).logits

    def ties(x) -> int:
        ordered = x.sort(dim=-1, descending=True).values
        return int((ordered[:, 39] == ordered[:, 40]).sum())

    assert ties(logits) == 0
    assert 4 <= ties(logits.bfloat16()) <= 14
    different = sum(len(row.unique()) for row in logits.bfloat16()) / len(logits)
    assert 700 < different < 1_300


@pytest.mark.slow
def test_a_cut_to_zero_lets_banned_tokens_in(storyteller):
    from course_utils import sampling
    from course_utils.generate import Settings, generate

    prompt = "The king said to his"
    assert (storyteller.next_logits(prompt) < 0).float().mean() > 0.7

    def cut_to_zero(logits, ids):
        return logits.masked_fill(sampling.top_k(logits, 40).isneginf(), 0.0)

    zero, cut = (
        [step.rank for step in generate(storyteller, prompt, process, 40, seed=1)]
        for process in (cut_to_zero, Settings(top_k=40))
    )
    assert sum(rank > 40 for rank in zero) >= 4
    assert max(cut) <= 40
    # The example of a cut that is not renormalised: the best alone is below 1 - 0.8.
    assert storyteller.next_logits(prompt).softmax(dim=-1).max() < 0.2


@pytest.mark.slow
def test_hot_and_cut_texts_differ_and_stay_likely(storyteller):
    from course_utils.generate import Settings, generate_batch

    def texts(settings):
        batch = generate_batch(storyteller, ["Once upon a time"] * 2, settings, 40, [0, 1])
        return [list(filter(None, row)) for row in zip(*batch, strict=True)]

    def mean(rows) -> float:
        steps = [step.logprob for row in rows for step in row]
        return sum(steps) / len(steps)

    cut, hot = texts(Settings(temperature=1.4, top_k=25)), texts(Settings(temperature=1.4))
    assert len({tuple(step.token for step in row) for row in cut}) == 2
    assert mean(cut) - mean(hot) > 1.5
    assert torch.tensor([step.rank for row in cut for step in row]).max() <= 25
