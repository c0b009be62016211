"""The Storyteller does what the lesson on recipes says of it."""

import json

import pytest
import torch

from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, effective_choices, seq_rep_n
from course_utils.sampling import temperature, top_p

PROMPT = "Once upon a time"


def write(storyteller, settings, seeds, tokens, prompt=PROMPT):
    texts = [[] for _ in seeds]
    for steps in generate_batch(storyteller, [prompt] * len(seeds), settings, tokens, seeds):
        for text, step in zip(texts, steps, strict=True):
            text += [step] if step else []
    return texts


def ids(texts):
    return [[step.token for step in text] for text in texts]


def test_the_order_decides_how_many_tokens_stay(storyteller):
    story = "Once upon a time there were Three Bears, who lived together in a house of their own."
    with torch.inference_mode():
        scores = storyteller.gpt(torch.tensor([storyteller.encode(story)]))[0, 1:]
    hot, plain, cold = (
        top_p(temperature(scores, t), 0.9).isfinite().sum(dim=-1).median() for t in (1.5, 1.0, 0.5)
    )
    assert cold < 10 < plain < 100 < hot

    logits = storyteller.next_logits("The king said to his")
    first, last = top_p(temperature(logits, 2.0), 0.8), temperature(top_p(logits, 0.8), 2.0)
    assert 500 < first.isfinite().sum() < 2000
    assert 30 < last.isfinite().sum() < 100
    assert last.softmax(dim=-1).max() > 2 * first.softmax(dim=-1).max()


@pytest.mark.slow
def test_a_lower_p_with_temperature_first_is_like_a_higher_one_with_it_last(storyteller):
    def choices(process):
        texts = write(storyteller, process, [0, 1], 40)
        values = [float(effective_choices(step.left)) for text in texts for step in text]
        return sum(values) / len(values)

    last = choices(lambda logits, _: temperature(top_p(logits, 0.9), 1.5))
    assert choices(Settings(temperature=1.5, top_p=0.9)) > 2 * last
    assert 0.5 * last < choices(Settings(temperature=1.5, top_p=0.6)) < 2 * last


@pytest.mark.slow
def test_presets_differ_on_a_story(storyteller):
    settings = {
        "deterministic": Settings(temperature=0),
        "code": Settings(temperature=0.2, top_p=0.95),
        "creative": Settings(temperature=1.0, top_p=0.95, frequency_penalty=0.2),
    }
    texts = {name: ids(write(storyteller, s, [0, 1, 2], 60)) for name, s in settings.items()}
    assert len(set(map(tuple, texts["deterministic"]))) == 1
    distinct = {name: distinct_n(found, 2) for name, found in texts.items()}
    assert distinct["deterministic"] < distinct["code"] < 0.6 < 0.9 < distinct["creative"]


@pytest.mark.slow
def test_the_second_digit_of_p_is_lost_in_the_noise(storyteller):
    groups = [range(start, start + 16) for start in (0, 16, 32, 48)]
    values = {
        p: [
            distinct_n(ids(write(storyteller, Settings(top_p=p), seeds, 40)), 2) for seeds in groups
        ]
        for p in (0.90, 0.91)
    }
    between = abs(sum(values[0.90]) - sum(values[0.91])) / 4
    assert all(max(row) - min(row) > 2 * between for row in values.values())


@pytest.mark.slow
def test_both_knobs_low_is_nearly_greedy_and_repeats(storyteller):
    repeated, single = {}, {}
    for t in (0.3, 0.6, 1.0):
        for p in (0.6, 1.0):
            texts = write(storyteller, Settings(temperature=t, top_p=p), range(12), 80)
            steps = [step for text in texts for step in text]
            single[t, p] = sum(step.kept == 1 for step in steps) / len(steps)
            repeated[t, p] = sum(seq_rep_n(text, 3) for text in ids(texts)) / 12
    assert single[0.3, 0.6] > 0.7 > 0.3 > single[1.0, 0.6]
    assert repeated[0.3, 0.6] > 1.5 * repeated[0.3, 1.0] > 3 * repeated[1.0, 1.0]
    for p in (0.6, 1.0):
        assert repeated[0.3, p] > repeated[0.6, p] > repeated[1.0, p]


@pytest.mark.slow
def test_the_same_seeds_cut_the_noise_between_two_prompts(storyteller):
    king, queen = (f"{PROMPT} there was a {who} who" for who in ("king", "queen"))
    before = write(storyteller, None, range(32), 1, king)
    same = write(storyteller, None, range(32), 1, queen)
    fresh = write(storyteller, None, range(100, 132), 1, queen)

    def spread(after):
        pairs = zip(before, after, strict=True)
        return torch.tensor([a[0].logprob - b[0].logprob for a, b in pairs]).std()

    def agree(after):
        return sum(a[0].token == b[0].token for a, b in zip(before, after, strict=True))

    assert spread(same) < 0.75 * spread(fresh)
    assert agree(same) > agree(fresh)


def test_batch_and_cache_move_the_last_digits_of_logits_only(storyteller):
    [alone] = write(storyteller, None, [0], 8)
    [again] = write(storyteller, None, [0], 8)
    batch = write(storyteller, None, range(8), 8)[0]
    uncached = list(generate(storyteller, PROMPT, None, 8, seed=0, cache=False))
    for steps, most in ((again, 0.0), (batch, 1e-3), (uncached, 1e-3)):
        gaps = [(a.logits - b.logits).abs().max() for a, b in zip(alone, steps, strict=True)]
        assert max(gaps) <= most


@pytest.mark.slow
def test_hardly_a_text_depends_on_its_batch(storyteller):
    together = ids(write(storyteller, None, range(16), 40))
    alone = [ids(write(storyteller, None, [seed], 40))[0] for seed in range(16)]
    assert sum(a != b for a, b in zip(together, alone, strict=True)) <= 3


def test_half_precision_writes_another_text_even_when_greedy():
    from course_utils.model import storyteller

    exact, rounded = (
        [step.token for step in generate(model, PROMPT, Settings(temperature=0), 60)]
        for model in (storyteller.load(), storyteller.load(dtype=torch.bfloat16))
    )
    assert exact != rounded


def test_a_schema_is_kept_to_at_temperature_one(storyteller):
    from course_utils import constrain

    fields = {"name": {"type": "string", "maxLength": 12}, "age": {"enum": [7, 30, 90]}}
    schema = {"type": "object", "properties": fields, "required": ["name", "age"]}
    form = constrain.json_schema(storyteller.tokenizer, schema | {"additionalProperties": False})
    prompt = "The prince told his name and his age: "
    start = len(storyteller.encode(prompt))
    for seed in range(3):
        steps = generate(
            storyteller, prompt, lambda logits, seen: form.process(logits, seen[start:]), 40, seed
        )
        assert json.loads("".join(step.text for step in steps)).keys() == fields.keys()
