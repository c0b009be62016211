"""The Storyteller does what the lesson on beam search says of it."""

import pytest

from course_utils import explore
from course_utils.beam import beam_search, diverse_beam_search
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import distinct_n, ends_in_loop, seq_rep_n
from course_utils.penalties import no_repeat_ngram

LAST_WORDS = [
    "So the fox went home and was never seen again.",
    "The lamp was never found.",
    '"Good-bye," said the bear, and he went away.',
    "And the moral of this story is",
    "Then the little boy fell fast asleep.",
    "After that the wolf never came back.",
    "They all went home, and it was a happy evening.",
    "The old woman shut the door and went to bed.",
]
OPENINGS = [
    "Once upon a time",
    "The king said to his",
    "The little girl saw a",
    "There was once a",
    "In the middle of the forest",
    "One day a poor man",
    "Long ago there lived",
    "When the sun went down",
]


def best(model, prompt, *numbers, **options):
    return beam_search(model, prompt, *numbers, **options).hypotheses[0]


@pytest.mark.slow
def test_beams_beat_greedy_early_and_lose_to_it_late(storyteller):
    totals = {
        length: [best(storyteller, "There was once a", k, length).logprob for k in (1, 2, 4, 8, 16)]
        for length in (6, 20, 40)
    }
    assert all(total > totals[6][0] + 1 for total in totals[6][1:])
    assert all(total > totals[20][0] for total in totals[20][1:])
    assert all(total < totals[40][0] - 2 for total in totals[40][1:])
    assert totals[40][2] < totals[40][1] + 0.05, "4 beams do no better than 2"
    assert ends_in_loop(best(storyteller, "There was once a", 1, 40).tokens)


@pytest.mark.parametrize(
    ("beams", "text"), [(2, "␣little␣girl␣sitting␣in"), (3, "␣little␣girl␣in␣the")]
)
def test_the_tree_of_the_little_girl(beams, text):
    panel = explore.BeamTree("The little girl saw a", num_beams=beams, depth=4)
    assert f"the winner is '{text}'" in panel.text


@pytest.mark.slow
def test_ranked_by_the_sum_wide_beams_end_at_once(storyteller):
    def search_all(width, penalty):
        return [best(storyteller, prompt, width, 20, penalty) for prompt in LAST_WORDS]

    by_sum = {width: search_all(width, 0.0) for width in (1, 2, 4, 8, 16)}
    lengths = [sum(len(text.tokens) for text in texts) for texts in by_sum.values()]
    totals = [sum(text.logprob for text in texts) for texts in by_sum.values()]
    assert lengths == sorted(lengths, reverse=True) and lengths[-1] < lengths[0] / 2
    assert totals == sorted(totals)
    assert sum(text.text == "" for text in by_sum[16]) > len(LAST_WORDS) / 2
    assert not any(text.text == "" for text in by_sum[1])
    by_mean = [text for width in (1, 16) for text in search_all(width, 1.0)]
    assert all(len(text.tokens) == 20 for text in by_mean)


@pytest.mark.slow
def test_beams_are_likelier_and_duller_than_draws(storyteller):
    def mean(values):
        return sum(values) / len(OPENINGS)

    likely, different, repeated = {}, {}, {}
    for width in (1, 4, 8):
        texts = [best(storyteller, prompt, width, 40) for prompt in OPENINGS]
        likely[width] = mean(text.logprob / len(text.tokens) for text in texts)
        different[width] = mean(distinct_n([text.tokens], 2) for text in texts)
        repeated[width] = mean(seq_rep_n(text.tokens, 4) for text in texts)
    rows = zip(*generate_batch(storyteller, OPENINGS, Settings(), 40), strict=True)
    drawn = [[step for step in row if step] for row in rows]
    likely["drawn"] = mean(sum(step.logprob for step in row) / len(row) for row in drawn)
    different["drawn"] = mean(distinct_n([[step.token for step in row]], 2) for row in drawn)
    assert likely["drawn"] + 1 < likely[1] < likely[4] < likely[8]
    assert all(seq_rep_n([step.token for step in row], 4) == 0 for row in drawn)
    assert 0.2 < repeated[1] < repeated[4] < repeated[8]
    assert -3.7 < likely["drawn"] < -2.7, "near the 3.16 nats of human text in the model card"
    assert different[8] < different[4] < different[1] < different["drawn"] - 0.2


@pytest.mark.slow
def test_the_trace_of_the_human_and_the_beam():
    traces = explore.ProbabilityTrace(beams=4, length=60).traces
    mean = {name: explore.trace.mean_logprob(traces[name].probs) for name in traces}
    assert mean["human"] + 3 < mean["beam"] < -0.5
    first, second = explore.trace.halves(traces["beam"].probs)
    assert second > first + 0.1


def test_free_texts_loop_and_blocked_and_drawn_ones_do_not(storyteller):
    prompt = "Once upon a time"
    assert seq_rep_n(best(storyteller, prompt, 4, 80).tokens, 4) > 0.5
    assert 0.4 < seq_rep_n(best(storyteller, prompt, 1, 80).tokens, 4) < 0.57
    [drawn] = zip(*generate_batch(storyteller, [prompt], Settings(), 80), strict=True)
    assert seq_rep_n([step.token for step in drawn], 4) < 0.05


def test_a_ban_can_lead_to_a_likelier_text(storyteller):
    free = best(storyteller, "There was once a", 4, 40)
    blocked = best(
        storyteller,
        "There was once a",
        4,
        40,
        process=lambda logprobs, ids: no_repeat_ngram(logprobs, ids, 3),
    )
    assert seq_rep_n(free.tokens, 3) > 0.5 and seq_rep_n(blocked.tokens, 3) == 0
    assert blocked.logprob > free.logprob + 0.5


def test_plain_beams_share_their_beginning_and_diverse_ones_do_not(storyteller):
    prompt = "The princess opened the door and"
    plain = beam_search(storyteller, prompt, 4, 14, num_return=4).hypotheses
    diverse = diverse_beam_search(storyteller, prompt, 4, 4, 1.0, 14).hypotheses
    assert len({tuple(text.tokens[:6]) for text in plain}) == 1
    assert len({tuple(text.tokens[:2]) for text in diverse}) >= 3
    assert max(text.logprob for text in diverse) < min(text.logprob for text in plain)
