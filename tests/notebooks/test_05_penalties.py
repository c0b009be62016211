"""The Storyteller does what the lesson on penalties says, and its numbers by hand are right."""

import math
import re
from pathlib import Path

import pytest
import torch
from lessons import names_of

from course_utils import explore, penalties
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import seq_rep_n
from course_utils.sampling import top_k
from course_utils.toys import NEXT_LOGITS, NINE_WORDS, VOCABULARY

SOURCE = Path(__file__).parents[2] / "quizzes/source/05_penalties/05_penalties.py"
LESSON = names_of(SOURCE, "setup")
HEARD, AGAIN, TASK, PROMPTS = (LESSON[name] for name in ("HEARD", "AGAIN", "TASK", "PROMPTS"))
PROSE = " ".join(SOURCE.read_text().replace("\n# ", " ").split())
NEW = torch.tensor([3, 3, 7, 3])


@pytest.fixture
def finish(storyteller):
    """What a greedy writer adds to a prompt, after the settings or a process."""

    def finish(process, prompt=TASK, tokens=34):
        if not isinstance(process, Settings):
            rule = process
            process = lambda logits, ids: top_k(rule(logits, ids), 1)  # noqa: E731
        return list(generate(storyteller, prompt, process, max_new_tokens=tokens))

    return finish


@pytest.fixture
def write(storyteller):
    def write(process, prompts=PROMPTS, tokens=64):
        texts = [[] for _ in prompts]
        for steps in generate_batch(storyteller, prompts, process, tokens):
            for text, step in zip(texts, steps, strict=True):
                if step and step.token != storyteller.tokenizer.eot_token:
                    text.append(step.token)
        return texts

    return write


def said(steps):
    return "".join(step.text for step in steps)


def mean_repeats(texts, n):
    return sum(seq_rep_n(text, n) for text in texts) / len(texts)


def token(storyteller, word):
    [i] = storyteller.tokenizer.encode_ordinary(word)
    return i


def test_a_function_that_is_not_written_yet_is_called_that(capsys):
    assert LESSON["finish"](LESSON["careful"](lambda logits, ids: None)) == []
    assert capsys.readouterr().out == "(Your function is not ready yet: it returns nothing.)\n"


def test_three_writers_open_the_module(finish):
    first = said(finish(Settings(temperature=0)))
    assert first.startswith(" west of the moon, and the moon, and the moon, and the moon,")
    assert first.endswith(", and the moon,")
    second = said(finish(Settings(temperature=0, repetition_penalty=1.3)))
    assert second.startswith(' west of the sky."')
    third = said(finish(Settings(temperature=0, frequency_penalty=2.0)))
    assert third.startswith(" west of the moon, and she lives in a beautiful castle.")
    assert "moon" not in third[20:]


def test_the_moon_against_the_sky(storyteller, finish):
    so_far = TASK + " west of the"
    logits, seen = storyteller.next_logits(so_far), torch.tensor(storyteller.encode(so_far))
    words = (" moon", " sun", " sky", " stars")
    four = [token(storyteller, word) for word in words]
    assert logits[four].tolist() == pytest.approx([11.009, 9.218, 8.786, 7.831], abs=0.001)
    assert torch.bincount(seen, minlength=len(logits))[four].tolist() == [1, 2, 0, 0]
    assert logits.softmax(dim=-1)[four[0]] == pytest.approx(0.63, abs=0.005)
    after = penalties.repetition_penalty(logits, seen, 1.3)
    assert after[four].tolist() == pytest.approx([8.47, 7.09, 8.786, 7.831], abs=0.005)
    assert [words[i] for i in after[four].argsort(descending=True)] == [
        " sky",
        " moon",
        " stars",
        " sun",
    ]
    assert int(after.argmax()) == four[2]
    assert logits[four[0]] / 1.25 == pytest.approx(8.81, abs=0.005)

    def at(theta):
        return said(finish(Settings(temperature=0, repetition_penalty=theta), tokens=20))

    for theta in (1.1, 1.15, 1.2, 1.25):
        text = at(theta)
        assert text.startswith(" west of the moon") and text.count("moon,") <= 1
        assert "and the moon" not in text
    assert at(1.05).startswith(" west of the moon, and the moon, and the moon")
    assert at(1.3).startswith(" west of the sky")


def test_a_count_of_the_prompt_would_cost_an_article_more_than_its_lead(storyteller):
    the = token(storyteller, " the")
    best = storyteller.next_logits(TASK + " west of").topk(2)
    assert int(best.indices[0]) == the
    assert storyteller.encode(TASK + " west of").count(the) == 7
    assert best.values.diff().abs() < 2 * 7
    assert storyteller.encode(" west of").count(the) == 0
    pieces = [storyteller.tokenizer.encode_ordinary(word) for word in (" west", " Castle")]
    names = [[storyteller.tokenizer.decode([i]).strip() for i in piece] for piece in pieces]
    assert names == [["w", "est"], ["C", "as", "tle"]]


def test_nine_words_by_hand():
    count = torch.bincount(NEW, minlength=len(VOCABULARY))
    frequency, presence = NEXT_LOGITS - 0.5 * count, NEXT_LOGITS - 0.5 * (count > 0)
    forward, toward, closer = map(VOCABULARY.index, ("forward", "toward", "closer"))
    assert frequency[[forward, toward]].tolist() == pytest.approx([5.25, 5.78])
    assert int(frequency.argmax()) == toward
    assert int(presence.argmax()) == forward
    gap = float(NEXT_LOGITS[forward] - NEXT_LOGITS[toward])
    assert gap == pytest.approx(0.47) and gap / 2 == pytest.approx(0.235)
    most = penalties.presence_penalty(NEXT_LOGITS, NEW, 2.0)
    assert most.topk(2).indices.tolist() == [forward, closer]
    assert most[[forward, closer, toward]].tolist() == pytest.approx([4.75, 4.51, 4.28])

    panel = explore.Penalties(NINE_WORDS, knobs=("frequency_penalty", "presence_penalty"))
    assert panel.controls["frequency_penalty"].step == 0.1
    for value, best in ((0.2, "forward"), (0.3, "toward")):  # "on the slider, 0.3"
        panel.controls["frequency_penalty"].value = value
        assert f"→ '{best}'" in panel.text
    panel.close()


def test_division_hits_what_is_sure():
    ids = torch.tensor([VOCABULARY.index(word) for word in ("effort", "effort", "forward")])
    fallen = NEXT_LOGITS - penalties.repetition_penalty(NEXT_LOGITS, ids, 2.0)
    assert fallen[VOCABULARY.index("forward")] == pytest.approx(3.38, abs=0.006)
    assert fallen[VOCABULARY.index("effort")] == pytest.approx(1.90)


def test_who_counts_the_prompt():
    panel = explore.Penalties(
        TASK,
        " west of the",
        knobs=("repetition_penalty", "frequency_penalty"),
        repetition_penalty=1.3,
    )
    assert "31 of 31 seen tokens moved" in panel.text and "→ '␣sky'" in panel.text
    panel.controls["count_prompt"].value = "never"
    assert "4 of 31 seen tokens moved" in panel.text and "→ '␣moon' 63.4%" in panel.text
    panel.controls["count_prompt"].value = "as APIs do"
    panel.controls["repetition_penalty"].value = 1.0
    panel.controls["frequency_penalty"].value = 2.0
    assert "4 of 31 seen tokens moved" in panel.text and "→ '␣moon' 63.4%" in panel.text
    panel.close()


def test_the_third_wind_hears_a_wrong_address(storyteller):
    heard, start = HEARD, len(storyteller.encode(HEARD))
    best, ahead, shares = {penalty: [] for penalty in (0, 1, 2)}, [], []
    moon, sky, sun = (token(storyteller, word) for word in (" moon", " sky", " sun"))
    for wind in ("North", "East", "South", "West"):
        heard += AGAIN.format(wind) + " west of the"
        logits, ids = storyteller.next_logits(heard), torch.tensor(storyteller.encode(heard))
        ahead.append(float(logits[moon] - logits[sky]))
        for penalty, words in best.items():
            row = penalties.frequency_penalty(logits, ids[start:], penalty)
            words.append(storyteller.tokenizer.decode([int(row.argmax())]).strip())
            if wind == "North":
                shares.append(float(row.softmax(dim=-1)[moon]))
                assert [ids[start:].tolist().count(i) for i in (moon, sun)] == [0, 1]
                assert int(logits.topk(2).indices[1]) == sun
        heard += ' moon,"'
    assert best == {
        0: ["moon"] * 4,
        1: ["moon", "moon", "moon", "sky"],
        2: ["moon", "moon", "sky", "sky"],
    }
    assert shares == pytest.approx([0.631, 0.681, 0.702], abs=0.0006)
    assert ahead == sorted(ahead)  # "by a little more later"
    assert ahead[0] == pytest.approx(2.2, abs=0.05) and ahead[-1] < 3


@pytest.mark.slow
def test_a_big_frequency_penalty_takes_commas_and_articles(storyteller, write):
    rates = {}
    for penalty in (0.0, 2.0):
        texts = write(
            Settings(temperature=0.8, frequency_penalty=penalty), ["Once upon a time"] * 8, 150
        )
        later = [i for text in texts for i in text[75:]]
        rates[penalty] = {
            word: later.count(token(storyteller, word)) / len(later)
            for word in (".", ",", " the", " and")
        }
    assert all(rates[2.0][word] < 0.6 * rates[0.0][word] for word in rates[0.0])
    assert rates[0.0][","] == pytest.approx(0.058, abs=0.0006)
    assert rates[2.0][","] == pytest.approx(0.007, abs=0.0006)
    assert rates[2.0][" the"] < 0.25 * rates[0.0][" the"]


def test_dividing_log_probabilities_makes_the_dog_a_good_dog_again_and_again(finish):
    def with_rule(rule):
        def process(logits, ids):
            scores = logits.log_softmax(dim=-1)
            scores[ids.unique()] = rule(scores[ids.unique()])
            return scores

        return finish(process, "The dog", 45)

    divided, multiplied = with_rule(lambda x: x / 1.5), with_rule(lambda x: x * 1.5)
    assert said(divided).count("good dog") > 5
    assert said(multiplied).count("dog") == 0
    assert said(multiplied).count("and he had a good deal of money to buy") == 2
    assert math.log(0.05) == pytest.approx(-3.0, abs=0.005)
    assert seq_rep_n([step.token for step in divided], 4) > 0.4
    assert seq_rep_n([step.token for step in multiplied], 4) < 0.25


def test_subtraction_ignores_zero_and_division_does_not():
    shares, closer = {}, {}
    for shift in (-10, 0, 10):
        moved = NEXT_LOGITS + shift
        subtracted = penalties.presence_penalty(moved, NEW, 0.5).softmax(dim=-1)[3]
        divided = penalties.repetition_penalty(moved, NEW, 1.2).softmax(dim=-1)
        assert subtracted == pytest.approx(0.547, abs=0.0006)
        shares[shift], closer[shift] = float(divided[3]), int(divided.argmax())
    assert list(shares.values()) == pytest.approx([0.554, 0.487, 0.272], abs=0.0006)
    assert closer[10] == VOCABULARY.index("closer")
    assert NEXT_LOGITS.softmax(dim=-1)[3] == pytest.approx(0.57, abs=0.005)
    for shift, taken in ((0, 1.1), (10, 2.8)):
        moved = NEXT_LOGITS + shift
        fallen = moved - penalties.repetition_penalty(moved, NEW, 1.2)
        assert fallen[3] == pytest.approx(taken, abs=0.05)
        assert fallen[VOCABULARY.index("closer")] == 0


def test_a_block_stops_the_address_at_its_first_step(storyteller, finish):
    ids = torch.tensor(storyteller.encode(TASK))
    logits = penalties.no_repeat_ngram(storyteller.next_logits(TASK), ids, 4)
    assert storyteller.tokenizer.encode_ordinary(" west")[0] == token(storyteller, " w")
    assert logits[token(storyteller, " w")] == -torch.inf
    text = said(finish(lambda logits, ids: penalties.no_repeat_ngram(logits, ids, 4)))
    assert text.startswith(" moon")
    [quoted] = re.findall("as the prince did with the block: `([^`]*)`", PROSE)
    assert text.strip().startswith(quoted.removeprefix("and "))
    words = ("toward", "you", "toward", "closer", "toward")
    nine = torch.tensor([VOCABULARY.index(word) for word in words])
    banned = penalties.no_repeat_ngram(NEXT_LOGITS, nine, 2).isneginf().nonzero().flatten()
    assert [VOCABULARY[i] for i in banned] == ["closer", "you"]
    assert not penalties.no_repeat_ngram(NEXT_LOGITS, nine, 3).isneginf().any()


def test_a_ban_and_its_ways_round(storyteller):
    tokenizer = storyteller.tokenizer
    words = (" cat", " cats", " Cat", "cat", "Cat", " CAT")
    assert len({tuple(tokenizer.encode_ordinary(word)) for word in words}) == 6
    rows = [tokenizer.encode_ordinary(word) for word in (*words, " cathedral")]
    assert [910 in row for row in rows] == [True, *[False] * 5, True]
    assert token(storyteller, " cat") == 910
    logits = storyteller.next_logits("The mouse was afraid of the")
    banned = penalties.logit_bias(logits, {token(storyteller, " cat"): -100})
    cat = token(storyteller, " Cat")
    before, after = (x.softmax(dim=-1)[cat] for x in (logits, banned))
    assert before == pytest.approx(0.019, abs=0.001) and after > before


@pytest.mark.slow
def test_loops_fall_with_the_penalty_and_a_block_leaves_single_repeats(storyteller, write):
    thetas = (1.0, 1.1, 1.2, 1.5)
    texts = [write(Settings(temperature=0, repetition_penalty=theta)) for theta in thetas]
    four = [mean_repeats(text, 4) for text in texts]
    one = [mean_repeats(text, 1) for text in texts]
    assert 0.3 < four[0] < 0.7
    assert four[0] > four[1] > four[2] and four[2] < 0.05 and four[3] == 0
    assert one == sorted(one, reverse=True)

    blocked = write(lambda logits, ids: top_k(penalties.no_repeat_ngram(logits, ids, 4), 1))
    drawn = write(Settings())
    assert mean_repeats(blocked, 4) == 0
    assert mean_repeats(blocked, 1) == pytest.approx(0.541, abs=0.0006)
    assert [one[0], one[2]] == pytest.approx([0.662, 0.166], abs=0.0006)
    assert mean_repeats(drawn, 1) == pytest.approx(0.19, abs=0.005)
    assert one[3] < 0.04 and one[2] < mean_repeats(drawn, 1) < one[1]


@pytest.mark.parametrize(
    "brake, wrong_from",
    [
        (lambda x, said: x - torch.bincount(said, minlength=len(x)).clamp(max=3), 3),
        (lambda x, said: x - 3 * (torch.bincount(said, minlength=len(x)) > 0), 1),
        (lambda x, said: penalties.no_repeat_ngram(x, said, 4), 1),
    ],
    ids=("at most three", "three once", "block"),
)
def test_each_brake_errs_at_some_wind(storyteller, finish, brake, wrong_from):
    heard, start = HEARD, len(storyteller.encode(HEARD))
    words = []
    for wind in ("North", "East", "South", "West"):
        heard += AGAIN.format(wind) + " west of the"
        words.append(said(finish(lambda x, ids: brake(x, ids[start:]), heard, tokens=1)).strip())
        heard += ' moon,"'
    assert [word == "moon" for word in words] == [wind < wrong_from for wind in range(4)]


@pytest.mark.parametrize("limit, holds", [(2, "comma"), (2.5, "both"), (3, "both"), (4, "loop")])
def test_a_limit_of_the_brake_lies_between_two_and_four(limit, holds):
    count = torch.tensor([6.0, 0.0]).clamp(max=limit)
    loop_ends = int((torch.tensor([2.0, 0.0]) - count).argmax()) == 1
    comma_leads = bool((torch.tensor([4.0, 0.0]) - count).diff() < 0)
    assert (loop_ends, comma_leads) == (holds != "comma", holds != "loop")


def test_the_brake_of_the_lesson_finds_the_castle_and_stops(storyteller, finish):
    start = len(storyteller.encode(TASK))

    def brake(logits, ids):
        return logits - torch.bincount(ids[start:], minlength=len(logits)).clamp(max=3)

    steps = finish(brake, tokens=60)
    assert said(steps).startswith(" west of the moon, and she")
    assert seq_rep_n([step.token for step in steps], 4) < 0.02
    first = [step.token for step in finish(Settings(temperature=0), tokens=60)]
    assert seq_rep_n(first, 4) == pytest.approx(0.877, abs=0.0006)
