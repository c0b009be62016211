"""The Storyteller does what the lesson on penalties says of it."""

import pytest
import torch

from course_utils import penalties
from course_utils.sampling import top_k

PROMPTS = (
    "Once upon a time",
    "The king said to his",
    "In the forest there lived",
    "One day the little girl",
    "The wolf and the fox",
    "There was once a poor man",
    "The three brothers",
    "The giant came to the",
)


@pytest.fixture
def write(storyteller):
    from course_utils.generate import generate_batch

    def write(process, prompts=PROMPTS, tokens=64):
        texts = [[] for _ in prompts]
        for steps in generate_batch(storyteller, prompts, process, tokens):
            for text, step in zip(texts, steps, strict=True):
                if step and step.token != storyteller.tokenizer.eot_token:
                    text.append(step.token)
        return texts

    return write


def mean_repeats(texts, n):
    from course_utils.metrics import seq_rep_n

    return sum(seq_rep_n(text, n) for text in texts) / len(texts)


@pytest.mark.slow
def test_loops_fall_with_the_penalty_and_a_block_leaves_single_repeats(write):
    from course_utils.generate import Settings

    thetas = (1.0, 1.1, 1.2, 1.5)
    texts = [write(Settings(temperature=0, repetition_penalty=theta)) for theta in thetas]
    four = [mean_repeats(text, 4) for text in texts]
    one = [mean_repeats(text, 1) for text in texts]
    assert 0.3 < four[0] < 0.7
    assert four[0] > four[1] > four[2] and four[2] < 0.05 and four[3] < 0.01
    assert one == sorted(one, reverse=True)

    blocked = write(lambda logits, ids: top_k(penalties.no_repeat_ngram(logits, ids, 4), 1))
    drawn = write(Settings())
    assert mean_repeats(blocked, 4) == 0
    assert mean_repeats(blocked, 1) > 0.5
    assert 0.1 < mean_repeats(drawn, 1) < 0.35
    assert one[3] < mean_repeats(drawn, 1)


@pytest.mark.slow
def test_a_big_frequency_penalty_takes_commas_and_articles(storyteller, write):
    from course_utils.generate import Settings

    rates = {}
    for penalty in (0.0, 2.0):
        texts = write(
            Settings(temperature=0.8, frequency_penalty=penalty), ["Once upon a time"] * 8, 150
        )
        later = [token for text in texts for token in text[75:]]
        rates[penalty] = {
            token: later.count(storyteller.tokenizer.encode_ordinary(token)[0]) / len(later)
            for token in (".", ",", " the", " and")
        }
    assert all(rates[2.0][token] < 0.6 * rates[0.0][token] for token in rates[0.0])
    assert rates[2.0][","] < 0.25 * rates[0.0][","]
    assert rates[2.0][" the"] < 0.25 * rates[0.0][" the"]


def test_dividing_log_probabilities_makes_the_dog_a_good_dog_again_and_again(storyteller):
    from course_utils.generate import generate
    from course_utils.metrics import seq_rep_n

    def with_rule(rule):
        def process(logits, ids):
            scores = logits.log_softmax(dim=-1)
            scores[ids.unique()] = rule(scores[ids.unique()])
            return top_k(scores, 1)

        return [step.token for step in generate(storyteller, "The dog", process, 45)]

    assert seq_rep_n(with_rule(lambda x: x / 1.5), 4) > 0.4
    assert seq_rep_n(with_rule(lambda x: x * 1.5), 4) < 0.25


def test_snow_white_loses_her_capital(storyteller):
    tokenizer = storyteller.tokenizer
    tale = "Snow-White laughed. Snow-White ran home. Snow-White was happy. Snow-White sang."
    tale += " Then Snow-"
    ids = torch.tensor(tokenizer.encode_ordinary(tale))
    logits = storyteller.next_logits(tale)
    capital = tokenizer.encode_ordinary("-White")[1]
    assert logits.softmax(dim=-1)[capital] > 0.9
    after = penalties.frequency_penalty(logits, ids, 2.0).softmax(dim=-1)
    assert after[capital] < 0.15
    assert tokenizer.decode([int(after.argmax())]) == "wh"


def test_bans_and_their_ways_round(storyteller):
    tokenizer = storyteller.tokenizer
    logits = storyteller.next_logits("Once upon a")
    [time] = tokenizer.encode_ordinary(" time")
    assert logits.softmax(dim=-1)[time] > 0.98
    banned = penalties.logit_bias(logits, {time: -100})
    assert tokenizer.decode([int(banned.argmax())]) == " while"
    spellings = [
        tuple(tokenizer.encode_ordinary(w)) for w in (" cat", " cats", " Cat", "cat", "Cat", " CAT")
    ]
    assert len(set(spellings)) == 6
    assert tokenizer.encode_ordinary(" cathedral")[0] == tokenizer.encode_ordinary(" cat")[0]


def test_the_numbers_that_learners_read_off_the_explorer():
    from course_utils import explore

    panel = explore.Penalties(knobs=("repetition_penalty", "no_repeat_ngram"))
    assert "15 of 15 seen tokens moved" in panel.text
    panel.controls["count_prompt"].value = "never"
    assert "8 of 15 seen tokens moved" in panel.text
    panel.controls["count_prompt"].value = "as APIs do"
    panel.controls["repetition_penalty"].value = 1.0
    for n, banned in ((2, "3 of them banned"), (3, "1 of them banned"), (4, "0 of 15 seen")):
        panel.controls["no_repeat_ngram"].value = n
        assert banned in panel.text
    panel.close()


@pytest.mark.slow
def test_the_loops_explorer_shows_what_the_page_says():
    from course_utils import explore

    panel = explore.Loops(
        function=lambda logits, ids: penalties.repetition_penalty(logits, ids, 1.2)
    )
    while panel.job:
        panel.job.join(timeout=60)
    greedy, beam, yours, function = (text.track().share for text in panel.state().texts)
    assert 0.45 < greedy < 0.75
    assert beam > 0.3
    assert yours == function < 0.1
    panel.close()


@pytest.mark.slow
def test_the_playground_takes_more_unlikely_tokens_and_fewer_commas(storyteller):
    from course_utils.generate import Settings, generate_batch

    unlikely, last = {}, {}
    for penalty in (0.0, 2.0):
        settings = Settings(temperature=0.8, frequency_penalty=penalty)
        rows = list(generate_batch(storyteller, ["Once upon a time"] * 2, settings, 120))
        steps = [step for row in rows for step in row if step]
        unlikely[penalty] = sum(step.logprob < -4.605 for step in steps)
        last[penalty] = "".join(step.text for row in rows[-40:] for step in row if step)
    assert 25 < unlikely[0.0] < 45 < unlikely[2.0] < 65
    assert last[2.0].count(",") < last[0.0].count(",")
