"""How sums are asked, worked out and checked, over all that the Calculator may be asked."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.sums import (
    COUNT,
    HIGH,
    LOW,
    answer,
    draw_sum,
    is_held_out,
    question,
    step,
    verify,
    working,
)

SUMS = st.lists(st.integers(LOW, HIGH), min_size=COUNT, max_size=COUNT)
EXAMPLE = [47, 12, 85, 36]
RIGHT = "85+47=1'3'2,36+12=48,132+48=18'0;180"


@given(SUMS, st.randoms(use_true_random=False))
def test_every_working_is_accepted_and_gives_the_sum(numbers, rng):
    text = working(numbers, rng)
    assert verify(numbers, text)
    assert answer(text) == sum(numbers)


@given(SUMS, st.randoms(use_true_random=False), st.data())
def test_any_change_of_a_character_is_refused(numbers, rng, data):
    text = working(numbers, rng)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in "0123456789+=',;: x" if c != text[place]]))
    assert not verify(numbers, text[:place] + other + text[place + 1 :])
    assert not verify(numbers, text[:place] + text[place + 1 :])
    assert not verify(numbers, text[:place] + other + text[place:])


@given(SUMS, SUMS, st.randoms(use_true_random=False))
def test_a_working_is_of_its_own_numbers_alone(numbers, others, rng):
    assert verify(others, working(numbers, rng)) == (sorted(others) == sorted(numbers))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing"),
        (";180", "no step"),
        ("180", "the answer alone"),
        (RIGHT + "\n", "more after it"),
        (RIGHT + ";180", "two answers"),
        ("85+47=1'3'2,36+12=48;180", "a number is left"),
        ("85+47=1'3'2,85+12=97,132+97=2'29;229", "85 twice"),
        ("85+47=1'3'3,36+12=47,133+47=18'0;180", "two wrong steps, a right answer"),
        (RIGHT[:-1] + "1", "another answer than the last step's"),
        ("0" + RIGHT, "a nought in front"),
        ("٨" + RIGHT[1:], "other digits"),
        ("85+47=132,36+12=48,132+48=180;180", "no carries"),
        ("180+0=180;180", "numbers that are not there"),
    ],
)
def test_what_is_no_working(text, why):
    assert verify(EXAMPLE, RIGHT)
    assert not verify(EXAMPLE, text), why


def test_an_answer_is_read_from_the_end():
    assert answer(RIGHT) == 180
    assert answer("180") == 180
    for text in ("", "85+47=132,36+12", "85+47=132;", "85+47=132;x", "1" * 5000):
        assert answer(text) is None


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_step_has_the_sum_and_marks_the_digits_that_took_a_carry(a, b):
    asked, result = step(a, b).split("=")
    assert asked == f"{a}+{b}"
    assert result.replace("'", "") == str(a + b)
    for place, digit in enumerate(reversed(re.findall(r"\d'?", result))):
        assert ("'" in digit) == (a % 10**place + b % 10**place >= 10**place)


def test_questions_name_what_is_asked():
    assert question(EXAMPLE) == "47+12+85+36:"
    assert question(EXAMPLE, worked=False) == "47+12+85+36?"


@given(SUMS, st.randoms(use_true_random=False))
def test_the_order_of_numbers_does_not_bring_a_held_out_sum_into_training(numbers, rng):
    assert is_held_out(rng.sample(numbers, COUNT)) == is_held_out(numbers)


def test_about_a_tenth_is_held_out_and_draws_keep_to_their_side():
    rng = random.Random(0)
    drawn = [[rng.randint(LOW, HIGH) for _ in range(COUNT)] for _ in range(5000)]
    assert 0.08 < sum(map(is_held_out, drawn)) / len(drawn) < 0.12
    for side in (True, False):
        assert all(is_held_out(draw_sum(rng, side)) == side for _ in range(200))
