import re

import pytest
import torch

from course_utils import sampling
from course_utils.generate import Settings, generate, generate_batch

PROMPT = "Once upon a time"


def text_of(steps):
    return "".join(step.text for step in steps)


def test_settings_build_what_their_code_says(storyteller):
    logits = storyteller.next_logits(PROMPT)
    chosen = Settings(temperature=0.8, top_k=40, top_p=0.9)
    names = {**vars(sampling), "logits": logits, "generator": torch.Generator().manual_seed(3)}
    exec(chosen.code(), names)
    drawn = chosen.process(logits, torch.tensor([0]))
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


def test_a_text_goes_on_past_the_context(storyteller):
    steps = list(generate(storyteller, " the" * 250, Settings(top_k=40).process, 12))
    assert len(steps) == 12 or steps[-1].token == storyteller.tokenizer.eot_token


def texts_of(batches, rows):
    """The tokens of each row, and the check that a row which ended stays ended."""
    texts = [[] for _ in range(rows)]
    for steps in batches:
        assert len(steps) == rows
        for text, step in zip(texts, steps, strict=True):
            assert step is None or not text or text[-1].token != 4095
            if step:
                text.append(step)
    return texts


PROMPTS = [
    PROMPT,
    "The",
    "The king said to his three sons that he who brought the finest ring would have the kingdom.",
    "She ran through the wood, and at last",
    '"Who is there?" cried the old woman',
    "In the sea there lived a fish who",
    "And they lived happily",
    " the" * 200,
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "process",
    [
        None,
        Settings(temperature=0.8, top_k=50, top_p=0.95),
        Settings(temperature=1.1, top_p=0.9, frequency_penalty=0.2),
        Settings(temperature=0.9, top_p=0.9).process,
    ],
)
def test_a_rows_text_is_its_own_in_any_batch_and_without_cache(storyteller, process):
    seeds = range(40, 40 + len(PROMPTS))
    together = texts_of(generate_batch(storyteller, PROMPTS, process, 40, seeds), len(PROMPTS))
    fewer = texts_of(generate_batch(storyteller, PROMPTS[::-3], process, 40, seeds[::-3]), 3)
    for i, seed in enumerate(seeds):
        alone = [step.token for step in generate(storyteller, PROMPTS[i], process, 40, seed)]
        anew = generate(storyteller, PROMPTS[i], process, 40, seed, cache=False)
        assert [step.token for step in together[i]] == alone
        assert [step.token for step in anew] == alone
    for ours, theirs in zip(fewer, together[::-3], strict=True):
        assert [step.token for step in ours] == [step.token for step in theirs]


def test_rows_end_on_their_own(storyteller):
    """A batch in which the rows end at different steps, so that the cache loses rows."""
    end = storyteller.tokenizer.eot_token
    prompts = [f"The{' the' * i}" for i in range(5)]

    def process(logits, ids):
        return torch.where(torch.arange(4096) == end, 0.0, -torch.inf) if len(ids) > 9 else logits

    texts = texts_of(generate_batch(storyteller, prompts, process, 20), 5)
    assert [len(text) for text in texts] == [9, 8, 7, 6, 5]
    for seed, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        alone = generate(storyteller, prompt, process, 20, seed)
        assert [step.token for step in text] == [step.token for step in alone]


@pytest.mark.parametrize("cache", [True, False])
def test_a_batch_goes_past_the_context_and_loses_rows_there(storyteller, cache):
    """The longest row ends first, so the others still have room, but the cache has not."""
    end = storyteller.tokenizer.eot_token
    prompts = [" the" * 250, " the" * 30, " old" * 252]

    def process(logits, ids):
        stop = len(ids) > 253 or (len(ids) > 36 and ids[1] == ids[2] and len(ids) < 200)
        return torch.where(torch.arange(4096) == end, 0.0, -torch.inf) if stop else logits

    texts = texts_of(generate_batch(storyteller, prompts, process, 12, [5, 6, 7], cache), 3)
    assert [len(text) for text in texts] == [4, 7, 2]
    for seed, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        alone = generate(storyteller, prompt, process, 12, 5 + seed)
        assert [step.token for step in text] == [step.token for step in alone]


def test_the_code_has_every_digit_and_whole_numbers(storyteller):
    code = Settings(temperature=0.123456789, top_k=1_000_000).code()
    assert "temperature(logits, 0.123456789)" in code
    assert "top_k(logits, 1000000)" in code


def test_penalties_count_what_their_apis_count(storyteller):
    ids = torch.tensor([0, 1, 1, 2, 2])
    logits = torch.zeros(4)
    chosen = Settings(repetition_penalty=2.0, frequency_penalty=0.5, presence_penalty=1.0)
    got = chosen.process(logits + 4, ids, prompt_length=3)
    assert got.tolist() == [2.0, 2.0, 0.0, 4.0]  # 4 / 2, then 2 * 0.5 + 1 off token 2 alone
    assert chosen.code().splitlines() == [
        "logits = repetition_penalty(logits, ids, 2)",
        "logits = frequency_penalty(logits, ids[..., prompt_length:], 0.5)",
        "logits = presence_penalty(logits, ids[..., prompt_length:], 1)",
        "token = sample(logits, generator)",
    ]


def test_penalties_reach_the_text(storyteller):
    plain, penalised = (
        [step.token for step in generate(storyteller, PROMPT, chosen, 120)]
        for chosen in (Settings(0.0), Settings(0.0, frequency_penalty=0.8))
    )
    assert len(set(penalised)) > 2 * len(set(plain))


def test_a_process_that_returns_no_logits_is_named(storyteller):
    for process, got in [(lambda x, ids: x.argmax(), "()"), (lambda x, ids: None, "NoneType")]:
        with pytest.raises(ValueError, match=re.escape(f"of shape (4096,), got {got}")):
            next(generate(storyteller, PROMPT, process))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompts": []}, "prompts must be a list of at least one text, got []"),
        ({"prompts": "text"}, "prompts must be a list of at least one text, got 'text'"),
        ({"prompts": ["a", ""]}, "prompt must not be empty"),
        ({"prompts": ["a", "b"], "seeds": [1]}, "seeds must be one a prompt, 2, got 1"),
        ({"prompts": ["a"], "seeds": [-1]}, "seed must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_batches_fail_before_the_first_token(storyteller, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        generate_batch(storyteller, **arguments)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -0.1}, "temperature must be in [0, inf), got -0.1. Use 0 for greedy"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_p": 0.0}, "top_p must be in (0, 1], got 0.0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, got 0"),
        ({"top_k": 0, "temperature": 0}, "top_k must be a whole number of at least 1, got 0"),
        ({"min_p": 2}, "min_p must be in [0, 1], got 2"),
        ({"frequency_penalty": 3}, "frequency_penalty must be in [-2, 2], got 3"),
        ({"presence_penalty": -3}, "presence_penalty must be in [-2, 2], got -3"),
        ({"repetition_penalty": 0}, "repetition_penalty must be in (0, inf), got 0"),
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
        ({"prompt": PROMPT, "seed": 2**63}, r"seed must be below 2\*\*63, got 9223372036854775808"),
    ],
)
def test_bad_requests_fail_before_the_first_token(storyteller, arguments, message):
    with pytest.raises(ValueError, match=message):
        generate(storyteller, **arguments)
