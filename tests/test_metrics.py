import math

import pytest
import torch

from course_utils.metrics import effective_choices, entropy


@pytest.mark.parametrize(
    ("probs", "bits"),
    [([1.0], 0), ([0.5, 0.5], 1), ([0.25] * 4, 2), ([0.5, 0.25, 0.25, 0.0], 1.5), ([1.0, 0.0], 0)],
)
def test_entropy_worked_by_hand(probs, bits):
    logits = torch.tensor(probs).log()
    assert entropy(logits).item() == pytest.approx(bits, abs=1e-6)
    assert effective_choices(logits).item() == pytest.approx(2**bits, abs=1e-5)


def test_entropy_keeps_leading_shape():
    assert torch.allclose(entropy(torch.zeros(2, 3, 8)), torch.full((2, 3), 3.0))


def test_entropy_refuses_nan():
    with pytest.raises(ValueError, match="NaN"):
        entropy(torch.tensor([math.nan, 0.0]))
