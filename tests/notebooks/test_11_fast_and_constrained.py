"""The models and toys do what the lesson on guesses and masks says of them."""

import math
import random
from collections import Counter

import pytest
import torch

from course_utils import calculator, constrain
from course_utils.explore.speculation import GRID, LENGTH, TEXTS, fewer_blocks, looked_at
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import sample
from course_utils.speculative import lookup_draft, model_draft, speculate, verify
from course_utils.sums import answer, draw_sum, question
from course_utils.toys import exact_conditional, masked_decoding

START = "Once upon a time"
MET = "Once a girl lived with her grandmother. One day she met"
ANSWERS = (" the moon", " her grandmother")
TEXTS_OF_TWO = {
    (" the", " king"): 0.57,
    (" the", " moon"): 0.03,
    (" her", " cat"): 0.20,
    (" her", " grandmother"): 0.20,
}
OPENINGS = ("Once upon a time", "The king", "The little girl", "One day", "The old man", "The fox")


@pytest.fixture(scope="module")
def apprentice(storyteller):
    return fewer_blocks(storyteller)["5 blocks"]


def passes(storyteller, draft, temperature, ahead=4, seed=0, most=LENGTH):
    settings = Settings(temperature=temperature)
    return list(speculate(storyteller, START, draft(settings), settings, most, seed, ahead))


def fill_in(storyteller, prompt, grammar, seed, most=40):
    generator = torch.Generator().manual_seed(seed)
    ids, new, left, end = storyteller.encode(prompt), [], [], storyteller.tokenizer.eot_token
    while len(new) < most:
        allowed = grammar.allowed(new)
        if allowed.nonzero().flatten().tolist() == [end]:
            break
        probs = storyteller.logits(ids + new, 1)[0].double().softmax(dim=-1) * allowed
        left.append(float(probs.sum()))
        new.append(int(sample(probs.log(), generator)))
    return storyteller.tokenizer.decode(new), left


@pytest.mark.slow
def test_the_apprentice_writes_about_half_of_the_text(storyteller, apprentice):
    rounds = passes(storyteller, lambda knobs: model_draft(apprentice, knobs), 0.8)
    assert (len(rounds), sum(len(one.tokens) for one in rounds)) == (21, 40)
    accepted, looked = looked_at(rounds)
    assert (accepted, looked) == (19, 38)
    assert sum(one.accepted == len(one.drafted) for one in rounds) == 2  # the bonuses
    for seed in range(1, 5):
        draft = passes(storyteller, lambda knobs: model_draft(apprentice, knobs), 0.8, seed=seed)
        accepted, looked = looked_at(draft)
        assert 0.5 <= accepted / looked < 0.65


@pytest.mark.slow
def test_passes_at_two_temperatures_and_what_they_cost(storyteller, apprentice):
    drafts = {
        "apprentice": lambda knobs: model_draft(apprentice, knobs),
        "look up": lambda _: lookup_draft(storyteller),
    }
    counted, texts = {}, {}
    for name, draft in drafts.items():
        for T in (0, 0.8):
            rounds = passes(storyteller, draft, T)
            kept, judged = looked_at(rounds)
            guessed = sum(len(one.drafted) for one in rounds)
            counted[name, T] = len(rounds), guessed, judged, kept
            texts[T] = [token for one in rounds for token in one.tokens]
            assert len(rounds) + kept == 40
    assert counted["apprentice", 0] == (17, 62, 37, 23)
    assert counted["apprentice", 0.8][:2] == (21, 84)
    assert counted["look up", 0] == (29, 33, 18, 11)
    cold = storyteller.tokenizer.decode(texts[0])
    assert cold.count("and she was very fond of him") == 2
    assert counted["look up", 0.8][0] >= 38 and counted["look up", 0.8][3] <= 2

    def time_of(name, T, cost):
        rounds, guessed, *_ = counted[name, T]
        return (rounds + guessed * cost) / 40

    assert all(1.9 < time_of("apprentice", T, 5 / 6 + 0.15) < 2.65 for T in (0, 0.8))
    assert time_of("look up", 0, 0.15) < 0.95 < 1 < time_of("look up", 0.8, 0.15)
    assert time_of("apprentice", 0.8, 1 / 4) > 1 > time_of("apprentice", 0.8, 1 / 5)
    assert time_of("apprentice", 0.8, 19 / 84) == pytest.approx(1)
    assert time_of("apprentice", 0.8, 1 / 2) > 1
    assert 0.5 < time_of("apprentice", 0.8, 1 / 50) < 0.6


@pytest.mark.slow
def test_acceptance_against_temperature(storyteller, apprentice):
    for temperature in GRID:
        rounds = [
            passes(storyteller, lambda knobs: model_draft(apprentice, knobs), temperature, seed=i)
            for i in range(TEXTS)
        ]
        kept, judged = map(sum, zip(*map(looked_at, rounds), strict=True))
        assert 0.5 < kept / judged < 0.67


@pytest.mark.slow
def test_what_joins_follows_the_model_and_not_the_guesser(storyteller, apprentice):
    ids = storyteller.encode(START)
    p = storyteller.logits(ids, 1)[0].double().softmax(-1)
    q = apprentice.logits(ids, 1)[0].double().softmax(-1)
    there, comma = storyteller.tokenizer.encode_ordinary(" there,")
    assert p.argmax() == there and q.argmax() == comma
    assert p[there] > 0.6 > 0.3 > q[there]
    overlap = float(torch.minimum(p, q).sum())
    assert 0.45 < overlap < 0.55
    generator, joined, accepted = torch.Generator().manual_seed(0), Counter(), 0
    for _ in range(2000):
        guess = int(sample(q.log(), generator))
        tokens, hit = verify(torch.stack([p, p]), q[None], [guess], generator)
        joined[tokens[0]] += 1
        accepted += hit
    assert joined[there] / 2000 == pytest.approx(float(p[there]), abs=0.03)
    assert accepted / 2000 == pytest.approx(overlap, abs=0.03)


def test_the_sums_by_hand():
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.6, 0.2])
    kept = torch.minimum(p, q)
    assert kept.tolist() == pytest.approx([0.2, 0.3, 0.2])
    assert (p - q).clamp(min=0).tolist() == pytest.approx([0.3, 0, 0])
    # Two words, and a guesser that always says the first one.
    assert pytest.approx(0.75) == 0.6 / 0.8
    assert pytest.approx(2.44) == sum(0.8**i for i in range(3))
    assert sum(0.5**i for i in range(5)) == pytest.approx(1.94, abs=0.01)
    assert sum(0.5**i for i in range(9)) == pytest.approx(2.00, abs=0.01)
    assert sum(0.8**i for i in range(9)) > sum(0.8**i for i in range(5)) + 0.9
    assert pytest.approx(1.90, abs=0.01) == 40 / 21


def test_another_rule_is_exact_and_accepts_less():
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.6, 0.2])
    assert float((p * q).sum()) < float(torch.minimum(p, q).sum())
    for seed in range(20):
        p, q = torch.rand(2, 5, generator=torch.Generator().manual_seed(seed)).softmax(-1)
        assert float((p * q).sum()) < float(torch.minimum(p, q).sum())


def test_a_q_without_the_cut_favours_the_tokens_that_were_kept():
    p, q = torch.tensor([0.3, 0.3, 0.2, 0.2]), torch.tensor([0.4, 0.3, 0.2, 0.1])
    drawn = torch.tensor([0.4, 0.3, 0.2, 0.0]) / 0.9
    kept = drawn * (p / q).clamp(max=1)
    joined = kept + (1 - kept.sum()) * (p - q).clamp(min=0) / (p - q).clamp(min=0).sum()
    assert (joined[:3] > p[:3] - 1e-6).all() and joined[3] < p[3] - 0.05


@pytest.mark.slow
def test_looking_up_falls_behind_on_new_stories(storyteller):
    def stories(seeds):
        prompts = [OPENINGS[seed % len(OPENINGS)] for seed in seeds]
        texts = [storyteller.encode(prompt) for prompt in prompts]
        for steps in generate_batch(storyteller, prompts, Settings(temperature=0.8), 50, seeds):
            for text, step in zip(texts, steps, strict=True):
                if step:
                    text.append(step.token)
        return texts

    def come_true(texts, seen):
        accepted = 0
        for text in texts:
            at = 4
            while at < len(text):
                found = next(
                    (
                        other[i + n : i + n + 4]
                        for n in (3, 2, 1)
                        for other in (text[:at], *seen)
                        for i in range(len(other) - n - 1, -1, -1)
                        if other[i : i + n] == text[at - n : at]
                    ),
                    [],
                )
                same = [a == b for a, b in zip(found, text[at:], strict=False)]
                hits = [*same, False].index(False)
                accepted, at = accepted + hits, at + hits + 1
        return accepted

    new = stories(range(106, 112))
    assert come_true(new, stories(range(16))) >= 1.8 * come_true(new, [])


def test_seven_tokens_are_allowed_at_first(storyteller):
    grammar = constrain.regex(storyteller.tokenizer, "|".join(ANSWERS))
    first = grammar.allowed([]).nonzero().flatten().tolist()
    pieces = {storyteller.tokenizer.decode([token]) for token in first}
    assert pieces == {" ", " t", " th", " the", " h", " he", " her"}


@pytest.mark.slow
def test_the_mask_turns_the_answer_round_and_the_masses_turn_it_back(storyteller):
    grammar = constrain.regex(storyteller.tokenizer, "|".join(ANSWERS))
    count, weights = Counter(), Counter()
    for seed in range(100):
        text, left = fill_in(storyteller, MET, grammar, seed)
        count[text] += 1
        weights[text] += math.prod(left)
    assert 0.55 < count[" the moon"] / 100 < 0.75

    def chance(text):
        ids, product = storyteller.encode(MET), 1.0
        for token in storyteller.tokenizer.encode_ordinary(text):
            product *= float(storyteller.logits(ids, 1)[0].softmax(-1)[token])
            ids = [*ids, token]
        return product

    moon, grandmother = map(chance, ANSWERS)
    assert 0.995 < grandmother / (moon + grandmother) < 0.9975
    assert weights[" her grandmother"] / weights.total() > 0.99
    probs = storyteller.next_logits(MET).softmax(-1)
    the, her = (storyteller.tokenizer.encode_ordinary(word)[0] for word in (" the", " her"))
    assert 0.12 < probs[the] < 0.15 and 0.06 < probs[her] < 0.08


def test_the_four_texts():
    def on_the_form(text):
        return text[-1] in (" moon", " grandmother")

    exact = exact_conditional(TEXTS_OF_TWO, on_the_form)
    masked = masked_decoding(TEXTS_OF_TWO, on_the_form)
    assert exact[" the", " moon"] == pytest.approx(0.03 / 0.23)
    assert masked[" the", " moon"] == pytest.approx(0.6) == pytest.approx(20 * 0.03)
    assert masked[" her", " grandmother"] == pytest.approx(0.4) == pytest.approx(2 * 0.2)
    # Two forms that say moon, and one that says grandmother, by their weights.
    assert pytest.approx(1 / 6) == 2 * 0.05 / (2 * 0.05 + 0.5)

    def resampled(n):
        return sum(
            math.comb(n, k) * 0.6**k * 0.4 ** (n - k) * k * 0.05 / (k * 0.05 + (n - k) * 0.5)
            for k in range(1, n + 1)
        )

    assert resampled(1) == pytest.approx(0.6)
    assert 0.13 < resampled(64) < resampled(16) < 0.15


@pytest.mark.slow
def test_inside_the_name_nearly_all_is_allowed_and_before_it_nothing_is_left(storyteller):
    fields = {"name": {"type": "string", "maxLength": 8}, "age": {"enum": [7, 30, 90]}}
    schema = {"type": "object", "properties": fields, "required": ["name", "age"]}
    form = constrain.json_schema(storyteller.tokenizer, schema | {"additionalProperties": False})
    _, left = fill_in(storyteller, "The prince told his name and age: ", form, 0)
    assert left[7] == pytest.approx(0.98, abs=0.005) and math.prod(left[:3]) < 1e-9
    assert left[:3] == pytest.approx([5.1e-08, 0.0012, 3.5e-06], rel=0.05)
    beginnings = [form.allowed(storyteller.tokenizer.encode_ordinary('{"n')[:n]) for n in range(3)]
    assert [int(allowed.sum()) for allowed in beginnings] == [1, 1, 1]


@pytest.mark.slow
def test_white_space_that_has_no_end(storyteller):
    def whole(pattern):
        grammar = constrain.regex(storyteller.tokenizer, pattern)
        ages = [fill_in(storyteller, "The prince was ", grammar, i, 16)[0] for i in range(10)]
        return sum(text.endswith("}") for text in ages)

    assert whole(r'\{"age":(7|30|90)\}') == 10
    assert whole(r'\{"age":[ \n]*(7|30|90)\}') <= 4


@pytest.mark.slow
def test_a_form_without_room_for_the_working():
    adder = calculator.load()
    grammar = constrain.regex(adder.tokenizer, ";[0-9]{3}")
    cold, right = Settings(temperature=0), Counter()
    for seed in range(6):
        numbers = draw_sum(random.Random(seed), held_out=True)
        asked = question(numbers)
        start = len(adder.encode(asked))

        def masked(logits, ids, start=start):
            return cold.process(grammar.process(logits, ids[start:]), ids)

        for name, process in (("free", cold), ("form", masked)):
            text = "".join(step.text for step in generate(adder, asked, process, 54))
            right[name] += answer(text) == sum(numbers)
    assert right["free"] >= 4 and right["form"] == 0
