"""The Storyteller does what the lesson on newer samplers says of it."""

import math

import pytest
import torch

from course_utils.beam import contrastive_search
from course_utils.explore.cutoff import PASSAGE, kept_counts, read
from course_utils.explore.frontier import STORIES, read_human
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, perplexity, seq_rep_n
from course_utils.penalties import dry
from course_utils.sampling import (
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    mirostat,
    mirostat_update,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
)
from course_utils.speculative import lookup_draft, speculate


def kept(logits) -> int:
    return int(logits.isfinite().sum())


def written(model, process, texts=10, tokens=20):
    prompts = list(STORIES) * (texts // 5)
    ids, logprobs = [[] for _ in prompts], []
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(ids, steps, strict=True):
            if step is not None:
                text.append(step.token)
                logprobs.append(step.logprob)
    return ids, float(perplexity(logprobs))


def test_min_p_keeps_few_tokens_and_more_when_hot(storyteller):
    shut, opened = map(storyteller.next_logits, ("Once upon a time", "The king said to his"))
    assert [kept(min_p(x / T, 0.1)) for T in (1, 2) for x in (shut, opened)] == [2, 9, 7, 74]
    there, comma = (shut / 2).softmax(-1).topk(2).values.tolist()
    assert 0.51 < comma / there < 0.52
    assert 0.65 < shut.softmax(-1).max() < 0.67 and 0.17 < shut.softmax(-1).topk(2).values[1] < 0.18


def test_along_the_passage_min_p_cuts_more_until_it_is_lowered():
    passage = read(PASSAGE)

    def numbers(rule, value):
        values = {"temperature": 1.0, "top_k": 40, "top_p": 0.9, "min_p": 0.1} | {rule: value}
        counts = kept_counts(passage, rule, values)
        cut = int((passage.ranks > torch.tensor(counts[:-1])).sum())
        return sorted(counts)[len(counts) // 2], max(counts), cut

    assert len(passage) == 39
    assert numbers("top_p", 0.9) == (48, 360, 5)
    assert numbers("min_p", 0.1) == (4, 21, 9)
    assert numbers("min_p", 0.01)[1:] == (167, 5)


def test_only_top_n_sigma_keeps_its_tokens_when_hot(storyteller):
    opened = storyteller.next_logits("The king said to his")
    assert [kept(top_n_sigma(opened / T, 1.0)) for T in (1, 2, 3)] == [20, 20, 20]
    for cut in (lambda x: min_p(x, 0.1), lambda x: eta_cutoff(x, 9e-4)):
        counts = [kept(cut(opened / T)) for T in (1, 2, 3)]
        assert counts == sorted(counts) and counts[0] < counts[1] < counts[2]
    assert len({kept(epsilon_cutoff(opened / T, 9e-4)) for T in (1, 2, 3)}) == 3


def test_typical_cuts_wife_and_daughter_but_keeps_the_best_of_a_sure_row(storyteller):
    opened, sure = map(storyteller.next_logits, ("The king said to his", "Once upon a"))
    best = opened.topk(2).indices
    assert [storyteller.tokenizer.decode([i]) for i in best.tolist()] == [" wife", " daughter"]
    assert typical_p(opened, 0.2)[best].isneginf().all()
    assert typical_p(sure, 0.2)[sure.argmax()].isfinite()


def test_mirostat_in_nats_keeps_several_times_as_many(storyteller):
    p = storyteller.next_logits("The king said to his").softmax(-1)
    assert 2 * int((-p.log2() <= 6).sum()) < int((-p.log() <= 6).sum())


@pytest.mark.slow
def test_greedy_loops_and_dry_and_contrastive_search_do_not(storyteller):
    def looped(process):
        steps = generate(storyteller, "Once upon a time", process, 70)
        return seq_rep_n([step.token for step in steps], 4)

    assert looped(lambda logits, ids: top_k(logits, 1)) > 0.25
    assert looped(lambda logits, ids: top_k(dry(logits, ids), 1)) < 0.15
    found = contrastive_search(storyteller, "Once upon a time", 4, 0.6, 70)
    assert seq_rep_n(found.tokens, 4) < 0.05


@pytest.mark.slow
def test_speculation_writes_the_same_text_in_fewer_passes(storyteller):
    greedily = Settings(temperature=0)
    plain = "".join(s.text for s in generate(storyteller, "Once upon a time", greedily, 60))
    rounds = list(
        speculate(storyteller, "Once upon a time", lookup_draft(storyteller), greedily, 60)
    )
    assert "".join(each.text for each in rounds) == plain
    assert len(rounds) < 45


@pytest.mark.slow
def test_top_p_falls_into_the_boredom_trap_and_mirostat_does_not(storyteller):
    memory = {}

    def steered(logits, ids):
        text, mu = tuple(ids.tolist()), 4.0
        if text[:-1] in memory:
            mu, before = memory[text[:-1]]
            surprise = -before.log_softmax(-1)[text[-1]].item() / math.log(2)
            mu = mirostat_update(mu, surprise, 2.0, 0.1)
        memory[text] = mu, logits
        return mirostat(logits, mu)

    def means(process):
        bits = torch.full((6, 100), torch.nan)
        prompts = ["One fine morning the Fox"] * 6
        for i, steps in enumerate(generate_batch(storyteller, prompts, process, 100)):
            for seed, step in enumerate(steps):
                if step is not None:
                    bits[seed, i] = -step.logprob / math.log(2)
        return bits.view(6, 5, 20).nanmean(dim=(0, 2)).tolist()

    bored, held = means(Settings(top_p=0.3)), means(steered)
    assert bored[-1] < 0.75 * bored[0]
    assert all(1.6 < bits < 2.4 for bits in held)


@pytest.mark.slow
def test_hot_min_p_stays_near_people_and_so_does_top_p_with_temperature_last(storyteller):
    people = math.exp(-read_human(STORIES).logprob)
    assert 20 < people < 35
    for setting in (Settings(top_p=0.9), Settings(min_p=0.1)):
        assert written(storyteller, setting)[1] < people
    hot = {
        "top-p": Settings(temperature=2.0, top_p=0.9),
        "min-p": Settings(temperature=2.0, min_p=0.1),
        "last": lambda logits, ids: top_p(logits, 0.9) / 2.0,
    }
    perplexities = {name: written(storyteller, process)[1] for name, process in hot.items()}
    assert 20 * people < perplexities["top-p"] < 100 * people
    assert 0.5 * people < perplexities["min-p"] < 2 * people
    assert 0.5 * people < perplexities["last"] < 2.5 * people


@pytest.mark.slow
def test_tuned_top_p_is_as_diverse_as_min_p(storyteller):
    found = []
    for setting in (Settings(2.0, min_p=0.1), Settings(2.0, top_p=0.3)):
        ids, perplexed = written(storyteller, setting, texts=40)
        found.append((perplexed, sum(distinct_n(ids[i : i + 5], 1) for i in range(0, 40, 5)) / 8))
    (a, x), (b, y) = found
    assert 0.6 < a / b < 1.6
    assert abs(x - y) < 0.06


@pytest.mark.slow
def test_without_a_cut_the_perplexity_is_nearest_to_peoples(storyteller):
    people = math.log(math.exp(-read_human(STORIES).logprob))
    settings = (Settings(0), Settings(top_k=40), Settings(top_p=0.9), Settings(min_p=0.1))
    gap = abs(math.log(written(storyteller, Settings(), 5, 60)[1]) - people)
    for setting in settings:
        assert abs(math.log(written(storyteller, setting, 5, 60)[1]) - people) > gap
