"""What the lesson 11_fast_and_constrained says of its toys is so."""

import torch

from course_utils.sampling import min_p
from course_utils.toys import NEXT_LOGITS, VOCABULARY


def words(kept: torch.Tensor) -> list[str]:
    return [word for word, stays in zip(VOCABULARY, kept, strict=True) if stays]


def test_a_gap_of_1_keeps_two_words_and_one_of_3_keeps_three():
    below = NEXT_LOGITS.max() - NEXT_LOGITS
    assert words(below <= 1) == ["forward", "toward"]
    assert words(below <= 3) == ["closer", "forward", "toward"]


def test_min_p_at_a_tenth_keeps_closer_which_is_2_24_below():
    assert words(min_p(NEXT_LOGITS, 0.1).isfinite()) == ["closer", "forward", "toward"]
    assert round(float(NEXT_LOGITS.max() - NEXT_LOGITS[0]), 2) == 2.24
