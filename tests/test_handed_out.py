"""What learners are given is theirs to change, and what they change is no one else's."""

import math

import pytest
import torch

from course_utils import beam, metrics, penalties, sampling, think, toys
from course_utils.generate import Settings, generate, generate_batch
from course_utils.model.storyteller import HERE, load
from course_utils.speculative import lookup_draft, model_draft, speculate

PROMPT = "Once upon a time"


def in_place(logits, ids):
    """Top-k as a beginner writes it."""
    logits[logits < logits.topk(20).values[-1]] = -math.inf
    ids.fill_(0)
    return logits


def by_copy(logits, ids):
    return in_place(logits.clone(), ids.clone())


def numbers(steps):
    return [(s.token, s.logprob, s.rank, s.entropy, s.mass, s.kept) for s in steps]


def test_a_process_in_place_changes_nothing_but_what_it_returns(storyteller):
    here, copied = ([*generate(storyteller, PROMPT, f, 20, seed=3)] for f in (in_place, by_copy))
    assert numbers(here) == numbers(copied) and here[0].kept == 20 and here[0].mass < 0.999
    scores = [metrics.perplexity([s.logprob for s in steps]) for steps in (here, copied)]
    assert scores[0] == scores[1]
    searches = (
        lambda f: beam.best_of_n(storyteller, PROMPT, 3, f, 12),
        lambda f: beam.beam_search(storyteller, PROMPT, 3, 12, process=f),
        lambda f: beam.stochastic_beam_search(storyteller, PROMPT, 3, 12, process=f),
        lambda f: [*speculate(storyteller, PROMPT, lookup_draft(storyteller), f, 20)],
        lambda f: [*speculate(storyteller, PROMPT, model_draft(storyteller, f), f, 20)],
    )
    for search in searches:
        assert search(in_place) == search(by_copy)


def test_a_draft_that_changes_its_ids_changes_no_text(storyteller):
    def careless(ids, ahead, generator):
        ids.clear()
        return [], torch.zeros(0, storyteller.gpt.config.vocab_size, dtype=torch.float64)

    rounds = speculate(storyteller, PROMPT, careless, Settings(temperature=0), 10)
    greedy = generate(storyteller, PROMPT, Settings(temperature=0), 10)
    assert [t for r in rounds for t in r.tokens] == [step.token for step in greedy]


@pytest.mark.parametrize("process", [None, Settings(top_k=5), Settings(min_p=0.1), by_copy])
def test_a_step_can_be_changed_and_differentiated(storyteller, process):
    first, other = next(generate_batch(storyteller, [PROMPT, "The dog"], process, 3))
    before = other.logits.clone(), other.left.clone(), other.ids.clone()
    raw = first.logits.clone()
    first.left.mul_(2)
    first.ids.add_(1)
    assert torch.equal(first.logits, raw)
    first.logits.sub_(1)
    for was, now in zip(before, (other.logits, other.left, other.ids), strict=True):
        assert torch.equal(was, now)
    for logits in (first.logits, storyteller.next_logits(PROMPT)):
        assert not logits.is_inference()
        logits.requires_grad_()
        logits.log_softmax(-1)[0].backward()
        assert logits.grad[0] > 0.9


def test_what_a_process_is_given_can_be_differentiated(storyteller):
    def steepest(logits, ids):
        with torch.enable_grad():
            logits.requires_grad_()
            logits.logsumexp(-1).backward()
        return logits.grad.log()

    step = next(generate(storyteller, PROMPT, steepest, 1))
    assert torch.allclose(step.left.softmax(-1), step.logits.softmax(-1), atol=1e-6)


def test_gradients_flow_through_the_strategies():
    x = torch.randn(50, generator=torch.Generator().manual_seed(0)).requires_grad_()
    penalised = penalties.frequency_penalty(x, torch.tensor([1, 1, 2]), 0.5)
    sampling.top_p(sampling.temperature(penalised, 0.7), 0.9).softmax(-1).max().backward()
    assert x.grad.abs().sum() > 0


def everything(model):
    x = toys.NINE_WORDS.logits
    ids = torch.tensor([3, 3, 7])
    process = Settings(0.9, 40, 0.95, 0.01, 1.1, 0.3, 0.7)
    found = [
        beam.beam_search(model, PROMPT, 4, 12),
        beam.diverse_beam_search(model, PROMPT, 4, 2, 0.7, 12),
        beam.stochastic_beam_search(model, PROMPT, 3, 12),
        beam.best_of_n(model, PROMPT, 2, process, 12),
        beam.contrastive_search(model, PROMPT, max_new_tokens=12),
        numbers(generate(model, PROMPT, process, 12)),
        [*speculate(model, PROMPT, lookup_draft(model), process, 20)],
        metrics.perplexity([-0.1, -0.7]).item(),
        metrics.entropy(x).item(),
        metrics.mauve(x[:8].view(4, 2), x[1:].view(4, 2))[0],
        sampling.dynamic_temperature(x, 0.3, 1.7).tolist(),
        sampling.mirostat_update(6.0, x, tau=3.3).tolist(),
        sampling.adaptive_p(x, 0.3).tolist(),
        sampling.contrast(x, x.flip(0), 0.01).tolist(),
        sampling.guide(x, x.flip(0), 1.7).tolist(),
        think.power_sample(model, PROMPT, 2.0, 12, 3, 6),
        think.thinking_budget(x, ids, [3, 1], 3).tolist(),
        penalties.presence_penalty(x, ids, 0.3).tolist(),
        penalties.frequency_penalty(x, ids, 0.3).tolist(),
        penalties.dry(x, ids, 0.3).tolist(),
        penalties.logit_bias(x, {2: 0.3}).tolist(),
        model.next_logits(PROMPT).tolist(),
    ]
    return found


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_the_default_dtype_changes_nothing(storyteller, dtype):
    expected = everything(storyteller)
    torch.set_default_dtype(dtype)
    try:
        found = everything(load.__wrapped__(HERE))
    finally:
        torch.set_default_dtype(torch.float32)
    for got, wanted in zip(found, expected, strict=True):
        assert got == wanted


def test_float64_is_not_rounded_on_the_way():
    close = torch.tensor([1, 1 + 1e-9], dtype=torch.float64)
    assert sampling.greedy(close) == 1
    assert sampling.top_k(close, 1).isneginf().tolist() == [True, False]
    assert sampling.top_p(close, 0.1).isneginf().tolist() == [True, False]
    assert sampling.greedy(torch.tensor([1e39, 0], dtype=torch.float64)) == 0
    moved = penalties.presence_penalty(close, torch.tensor([0]), 0.3)
    assert moved.tolist() == [1 - 0.3, 1 + 1e-9]


@pytest.mark.parametrize("spaces", [5_000, 1_000_000])
def test_a_prompt_of_spaces_is_too_long(storyteller, spaces):
    with pytest.raises(ValueError, match=f"at most 255 tokens.*got {spaces} characters"):
        storyteller.encode(" " * spaces)
