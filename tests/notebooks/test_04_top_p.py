"""The Storyteller does what the lesson on top-p says of it."""

import itertools
import statistics

import pytest
import torch

from course_utils.explore.cutoff import PASSAGE, kept_counts, read
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import top_p


def size(logits, p: float) -> int:
    return int(top_p(logits, p).isfinite().sum())


def test_a_sharp_prompt_and_a_flat_one(storyteller):
    assert storyteller.next_logits("Once upon a").softmax(-1).max() > 0.99
    assert 0.02 < storyteller.next_logits("The").softmax(-1).max() < 0.06
    assert size(storyteller.next_logits("The"), 0.9) > 300

    sharp = storyteller.next_logits("Once upon a time")
    flat = storyteller.next_logits("The little girl saw a")
    assert size(sharp, 0.7) == 2
    assert 0.85 < sharp.softmax(-1).topk(3).values.sum() < 0.89
    assert 50 < size(flat, 0.7) < 100
    assert 0.19 < flat.softmax(-1).topk(3).values.sum() < 0.24

    king = storyteller.next_logits("The king said to his")
    assert 120 < size(king, 0.9) < 150
    assert size(king, 0.17) == 2


def test_along_the_passage_the_nucleus_is_one_token_and_hundreds():
    passage = read(PASSAGE)
    values = {"temperature": 1.0, "top_k": 40, "top_p": 0.9, "min_p": 0.1}
    kept = kept_counts(passage, "top_p", values)
    assert [step for step, count in enumerate(kept, 1) if count == 1] == [2, 3]
    assert kept.index(max(kept)) + 1 == 30
    assert passage.tokens[25:30] == (" One", " of", " them", " was", " a")
    assert 330 < max(kept) < 390

    def forbidden(p: float) -> int:
        kept = kept_counts(passage, "top_p", values | {"top_p": p})
        return sum(rank > count for rank, count in zip(passage.ranks, kept, strict=False))

    assert 12 <= forbidden(0.5) <= 16
    assert 3 <= forbidden(0.9) <= 7


@pytest.mark.slow
def test_half_the_mass_is_a_handful_and_a_hot_nucleus_is_a_crowd(storyteller):
    def median(settings: Settings) -> float:
        steps = generate(storyteller, "Once upon a time", settings, 50, seed=0)
        return statistics.median(step.kept for step in steps)

    assert median(Settings(top_p=0.5)) < 15
    assert 20 < median(Settings(top_p=0.9)) < 120
    assert median(Settings(temperature=1.5, top_p=0.95)) > 500


@pytest.mark.slow
def test_the_nucleus_follows_the_place_in_the_sentence_and_not_the_second_digit(storyteller):
    stories = [[] for _ in range(8)]
    for steps in generate_batch(storyteller, ["Once upon a time"] * 8, Settings(top_p=0.9), 100):
        for story, step in zip(stories, steps, strict=True):
            if step:
                story.append(step)
    sizes = [step.kept for story in stories for step in story]
    assert min(sizes) == 1
    assert 300 < max(sizes) < 1200

    pairs = [pair for story in stories for pair in itertools.pairwise(story)]
    inside = [now.kept for _, now in pairs if now.text[:1].isalpha()]
    article = [now.kept for before, now in pairs if before.text in (" the", " a", " an")]
    starts = [now.kept for before, now in pairs if before.text.strip(' "\n')[-1:] in (*".!?", "")]
    assert len(inside) > 40
    assert statistics.median(inside) < 30
    assert statistics.median(article) > 150
    assert statistics.median(inside) < statistics.median(starts) < statistics.median(article) / 2

    logits = torch.stack([step.logits for story in stories for step in story])
    narrow, wide = top_p(logits, 0.94), top_p(logits, 0.95)
    added = wide.isfinite() & ~narrow.isfinite()
    assert 0.12 < added.sum() / narrow.isfinite().sum() < 0.25
    assert 0.007 < (wide.softmax(dim=-1) * added).sum(dim=-1).mean() < 0.013


def test_the_end_of_a_word_is_nearly_sure(storyteller):
    logits = storyteller.next_logits("Once upon a time there was a boy who was so impat")
    assert size(logits, 0.9) < 5
    assert int(logits.argmax()) == storyteller.encode("impatient")[-1]
