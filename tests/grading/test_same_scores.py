"""Stock nbgrader and `course grade` give the same points: other modules and answers each day.

tests/quizzes/same_scores.py sends all of the bank through both.
"""

import os
from datetime import date

import pytest
from bank import MODULES
from same_scores import compare

# A sample that failed is run again by its number.
SAMPLE = int(os.environ.get("BANK_SAMPLE") or date.today().toordinal())
LESSONS = [name for name in MODULES if name != "00_start_here"]

pytestmark = [pytest.mark.grading, pytest.mark.slow]


@pytest.mark.parametrize("name", [LESSONS[(2 * SAMPLE + i) % len(LESSONS)] for i in range(2)])
def test_the_points_are_those_of_stock_nbgrader_item_by_item(name, sandboxed, tmp_path):
    scores = compare(name, [SAMPLE, SAMPLE + 1], tmp_path)
    assert len(scores) > 15
    assert [score for score in scores if not score.same] == [], f"BANK_SAMPLE={SAMPLE}"
