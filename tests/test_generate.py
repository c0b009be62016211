import re

import pytest
import torch

from course_utils import sampling
from course_utils.generate import Settings, generate, predictor

PROMPT = "Once upon a time"


def text_of(steps):
    return "".join(step.text for step in steps)


def test_settings_build_what_their_code_says(storyteller):
    logits = storyteller.next_logits(PROMPT)
    settings = Settings(temperature=0.8, top_k=40, top_p=0.9)
    names = {**vars(sampling), "logits": logits, "generator": torch.Generator().manual_seed(3)}
    exec(settings.code(), names)
    drawn = settings.process(logits, torch.tensor([0]))
    assert names["token"] == sampling.sample(drawn, torch.Generator().manual_seed(3))
    assert Settings().code() == "token = sample(logits, generator)"
    assert torch.equal(Settings().process(logits, torch.tensor([0])), logits)


def test_temperature_zero_is_greedy(storyteller):
    steps = list(generate(storyteller, PROMPT, Settings(temperature=0).process, 40, seed=5))
    assert all(step.rank == 1 and step.kept == 1 for step in steps)
    other_seed = generate(storyteller, PROMPT, Settings(temperature=0).process, 40, seed=6)
    assert text_of(steps) == text_of(other_seed)


def test_greedy_falls_into_a_loop(storyteller):
    text = text_of(generate(storyteller, PROMPT, Settings(temperature=0).process, 200))
    assert re.search(r"(.{12,}?)\1\1", text, re.DOTALL), text


def test_a_seed_gives_its_text_again(storyteller):
    process = Settings(temperature=0.8, top_p=0.9).process
    first, again, other = (
        text_of(generate(storyteller, PROMPT, process, 60, seed)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_step_tells_how_its_token_was_chosen(storyteller):
    ids = storyteller.encode(PROMPT)
    for step in generate(storyteller, PROMPT, Settings(top_k=5).process, 5):
        probs = storyteller.gpt(torch.tensor([ids]))[0, -1].softmax(-1)
        assert step.logprob == pytest.approx(probs[step.token].log().item(), abs=1e-4)
        assert step.rank == 1 + (probs > probs[step.token]).sum()
        assert (step.kept, step.rank <= 5) == (5, True)
        assert step.mass == pytest.approx(probs.topk(5).values.sum().item(), abs=1e-5)
        ids.append(step.token)


def test_a_learners_function_takes_the_place_of_a_strategy(storyteller):
    seen = []

    def process(logits, ids):
        seen.append(len(ids))
        return torch.where(torch.arange(len(logits)) == 11, 0.0, -torch.inf)

    assert [step.token for step in generate(storyteller, PROMPT, process, 3)] == [11] * 3
    assert seen == [len(storyteller.encode(PROMPT)) + i for i in range(3)]


def test_it_stops_at_end_of_text(storyteller):
    end = storyteller.tokenizer.eot_token

    def process(logits, ids):
        return torch.where(torch.arange(len(logits)) == end, 0.0, -torch.inf)

    assert [step.text for step in generate(storyteller, PROMPT, process, 9)] == [""]


@torch.inference_mode()
def test_cached_logits_equal_uncached_ones_within_and_past_the_context(storyteller):
    next_logits = predictor(storyteller)
    ids = (storyteller.encode(" and the old man" * 50) * 2)[:258]
    for length in (3, 4, 200, 201, 256, 257, 258):
        expected = storyteller.gpt(torch.tensor([ids[:length][-256:]]))[0, -1]
        assert (next_logits(ids[:length]) - expected).abs().max() < 1e-4


def test_a_text_goes_on_past_the_context(storyteller):
    steps = list(generate(storyteller, " the" * 250, Settings(top_k=40).process, 12))
    assert len(steps) == 12 or steps[-1].token == storyteller.tokenizer.eot_token


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -0.1}, "temperature must be in [0, inf), got -0.1. Use 0 for greedy"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_p": 0.0}, "top_p must be in (0, 1], got 0.0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_settings(values, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Settings(**values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt": ""}, "prompt must not be empty"),
        ({"prompt": PROMPT, "max_new_tokens": 0}, "max_new_tokens must be a whole number"),
        ({"prompt": PROMPT, "seed": -1}, "seed must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_requests_fail_before_the_first_token(storyteller, arguments, message):
    with pytest.raises(ValueError, match=message):
        generate(storyteller, **arguments)
