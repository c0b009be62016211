import math
import re
from statistics import fmean

import pytest
from cases import at_least
from drawn import check_texts, said

from course_utils import calculator, explore
from course_utils.explore import votes
from course_utils.explore.interval import wilson
from course_utils.explore.plots.votes import Answer, Point, VotesPicture, spread
from course_utils.explore.votes import Try, bars, points
from course_utils.generate import Settings, generate
from course_utils.sums import answer, is_held_out, question
from course_utils.think import majority_vote, pass_at_k


@pytest.fixture
def few(monkeypatch):
    """The real explorer with three sums, so that it is quick."""
    monkeypatch.setattr(votes, "SUMS", 3)

    def make(**options):
        panel = explore.Votes(**{"tries": 4} | options)
        wait(panel)
        return panel

    return make


def wait(panel) -> None:
    if panel.job:
        panel.job.join(60)
    assert panel.job is None


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value).replace("&#x27;", "'")


def tried(*answers: int | None) -> list[Try]:
    """Tries that gave these answers, each less likely than the one before."""
    return [
        Try("" if given is None else f"1+1=2;{given}", -float(i)) for i, given in enumerate(answers)
    ]


@pytest.mark.slow
def test_a_try_is_what_generate_writes(few):
    panel, model = few(temperature=0.75, tries=3, seed=2), calculator.load()
    assert all(map(is_held_out, panel.sums))
    for i, numbers in enumerate(panel.sums):
        for j, one in enumerate(panel.found[i]):
            seed = (2 * 3 + i) * votes.MOST + j
            steps = list(generate(model, question(numbers), Settings(0.75), votes.NEW, seed))
            assert one.text == "".join(step.text for step in steps)
            assert one.logprob == pytest.approx(sum(step.logprob for step in steps), abs=1e-3)
            assert one.answer == answer(one.text)


@pytest.mark.slow
def test_the_page_says_what_the_course_counts(few):
    panel = few(tries=8)
    numbers = panel.sums[0]
    answers = [one.answer for one in panel.found[0]]
    vote, right = majority_vote(answers), answers.count(sum(numbers))
    assert f"8 tries: {right} right; the vote says {vote} (" in panel.text
    shares = [
        pass_at_k(8, [one.answer for one in panel.found[i]].count(sum(panel.sums[i])), 8)
        for i in range(3)
    ]
    assert f"pass@8 {votes.percent(fmean(shares))} (" in panel.text
    assert str(vote) in said(panel.image.value)


@pytest.mark.slow
def test_more_tries_are_added_and_fewer_are_made_of_what_is_there(few):
    panel = few(tries=2)
    first = [list(panel.found[i]) for i in range(3)]
    panel.controls["tries"].value = 5
    wait(panel)
    assert [panel.found[i][:2] for i in range(3)] == first
    assert {len(panel.found[i]) for i in range(3)} == {5} and "5 tries" in panel.text
    panel.controls["tries"].value = 2
    wait(panel)
    assert "2 tries" in panel.text and len(panel.found[0]) == 5


@pytest.mark.slow
def test_knobs_begin_anew_and_the_seed_comes_again(few):
    panel = few(temperature=1.5)
    first = dict(panel.found)
    panel.controls["seed"].value = 1
    wait(panel)
    assert panel.found != first
    panel.controls["seed"].value = 0
    wait(panel)
    assert panel.found == first
    panel.controls["worked"].value = votes.ALONE
    wait(panel)
    assert "answer alone" in panel.text and max(len(t.text) for t in panel.found[0]) < 9
    panel.controls["temperature"].value = 0.0
    wait(panel)
    assert len({one.text for one in panel.found[0]}) == 1


@pytest.mark.slow
def test_another_sum_has_its_own_bars_and_workings(few):
    panel = few()
    panel.controls["sum"].value = 2
    asked = "+".join(map(str, panel.sums[1]))
    assert panel.text.startswith(f"{asked} = {sum(panel.sums[1])}, worked out.")
    vote = majority_vote([one.answer for one in panel.found[1]])
    assert f"<b>{vote}</b>" in panel.passage.value
    given = panel.found[1][-1]
    panel.choose(str(given.answer))
    assert f"<b>{given.answer}</b> (" in panel.passage.value
    shown = panel.passage.value
    panel.choose("n 4")  # a column of the curves has no workings
    assert panel.passage.value == shown


@pytest.mark.slow
def test_stop_ends_the_job_and_keeps_what_is_there(monkeypatch):
    monkeypatch.setattr(votes, "SUMS", 50)
    panel = explore.Votes(tries=1)
    panel.controls["tries"].value = 64
    job = panel.job
    panel.stop.click()
    job.join(2)
    assert not job.is_alive() and message(panel) == "Stopped."
    assert len(panel.found[49]) == 1 and "tries" in panel.text
    panel.close()


# Counting


def test_bars_are_counts_with_the_vote_and_the_likeliest_named():
    found = bars(tried(7, 9, 9, None, 8), 8, 9, True, 7)
    assert [(one.label, one.count, one.right) for one in found] == [
        ("9", 2, False),
        ("7", 1, False),
        ("no answer", 1, False),
        ("8", 1, True),
    ]
    assert [one.tags for one in found] == [["vote"], ["likeliest", "yours"], [], []]


def test_many_answers_share_the_last_bar():
    found = bars(tried(*range(10, 30)), 29, 10, False, None)
    assert len(found) == votes.SHOWN + 1 and found[-1].label == "14 others"
    assert found[-1].count == 14 and "the right one among them" in found[-1].says
    assert len(bars(tried(*range(10, 17)), 1, 10, False, None)) == 7


def test_curves_worked_by_hand():
    done = [(7, tried(7, 8, 8, 8)), (5, tried(4, 5, 5, 5))]
    shares = {name: {p.n: p.share for p in points(name, done, 4)} for name in votes.MADE}
    assert shares["pass@n"] == {1: 0.5, 2: pytest.approx((0.5 + 1) / 2), 4: 1.0}
    # Of two that differ the vote goes to the first: 7, 8 of the one sum, 4, 5 of the other.
    assert shares["vote of n"] == {1: 0.5, 2: 0.5, 4: 0.5}
    assert shares["likeliest"] == {1: 0.5, 2: 0.5, 4: 0.5}
    assert points("pass@n", [], 4) == []
    assert [p.n for p in points("pass@n", [(7, tried(*[7] * 6))], 6)] == [1, 2, 4, 6]


def test_an_interval_is_that_of_wilson():
    low, high = wilson(0.5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(1.0, 24)[1] == pytest.approx(1.0) and wilson(1.0, 24)[0] == pytest.approx(
        0.8620, abs=1e-4
    )
    # It is where the true share would be 1.96 deviations from what was counted.
    for n, k in [(5, 0), (12, 7), (100, 99)]:
        for bound in wilson(k / n, n):
            if 1e-9 < bound < 1 - 1e-9:
                away = abs(k / n - bound) / math.sqrt(bound * (1 - bound) / n)
                assert away == pytest.approx(1.96, abs=1e-3)


# A learner's own vote


@pytest.mark.slow
def test_a_learners_vote_is_named_beside_the_courses(few):
    panel = few(function=lambda answers: answers[0])
    last = panel.found[0][0].answer
    assert f"&lt;lambda&gt; {last}." in panel.summary.value and message(panel) == ""
    assert any("yours" in text for text in said(panel.image.value))


@pytest.mark.slow
def test_a_fault_becomes_a_message(few):
    panel = few(function=lambda answers: answers[99])
    assert "IndexError" in message(panel) and "the vote says" in panel.text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tries": 0}, "tries"),
        ({"tries": 65}, "tries must be in"),
        ({"temperature": 4.0}, "temperature must be in"),
        ({"model": "gpt2"}, "model must be one that model.load gives"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_cannot_show_is_refused_in_words(options, says):
    with pytest.raises(ValueError, match=says):
        explore.Votes(**options)


# The picture


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("tries", at_least(1, 13, 17, 46, 64, of=range(1, 65)))
def test_no_text_leaves_the_picture_or_meets_another(share, tries):
    picture = VotesPicture(7)
    answers = [Answer("no answer", 64, True, ("vote", "likeliest", "yours"), "", "a")]
    answers += [Answer("9" * 9, 64 - i, False, ("vote",), "", str(i)) for i in range(6)]
    ns = sorted({n for n in (1, 2, 4, 8, 16, 32, 64) if n <= tries} | {tries})
    curves = {name: [Point(n, share, 0, 1) for n in ns] for name in votes.MADE}
    picture.draw(answers, curves, 24, "99+99+99+99+99 = 495, worked out", "x" * 120)
    check_texts(picture.svg())
    assert {key for key, *_ in picture.marks} == {"a", *"012345", *(f"n {n}" for n in ns)}


def test_nothing_stays_behind_when_the_picture_is_drawn_again():
    fresh, used = VotesPicture(3), VotesPicture(3)
    curves = {"pass@n": [Point(1, 0.5, 0.2, 0.8), Point(2, 0.7, 0.4, 0.9)]}
    used.draw(
        [Answer("1", 3, False, ("vote",))] * 3, dict.fromkeys(votes.MADE, curves["pass@n"]), 3
    )
    used.svg()
    for picture in (used, fresh):
        picture.draw([Answer("2", 1, True)], curves, 1, "title")
    assert used.svg() == fresh.svg()


def test_names_stand_apart_in_the_order_of_their_curves():
    assert spread({"a": 50, "b": 48, "c": 90}) == {"b": 48, "a": 63, "c": 90}
