import pytest
import torch

from course_utils import sampling
from course_utils.explore.ranked import HEAD, Ranked

VOCAB = 30_000


def rows():
    """Like a language model's, flat, sharp, cut in the head and in the tail."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(12, VOCAB, generator=generator)
    like_a_model = -1.3 * torch.arange(1, VOCAB + 1).log() + noise[:6]
    flat = noise[6:] * torch.tensor([0.003, 0.01, 0.3, 1.0, 2.0, 5.0])[:, None]
    x = torch.cat([like_a_model, flat])
    x[1, HEAD // 2 :] = -torch.inf
    x[8, HEAD * 3 + 7 :] = -torch.inf
    return x


@pytest.fixture(scope="module")
def ranked():
    return Ranked(sampling.descending(rows()).numpy())


@pytest.mark.parametrize("t", [0.05, 0.3, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.99])
def test_as_many_tokens_as_the_rules_keep(ranked, t, p):
    # The definition, in float64: the quotients of `temperature` would be rounded to float32.
    x = rows().double() / t
    for rule in ("top_p", "min_p"):
        kept = getattr(sampling, rule)(x, p).isfinite().sum(dim=-1)
        assert getattr(ranked, rule)(t, p) == kept.tolist()


def test_hardly_any_step_is_weighed_token_by_token(ranked, monkeypatch):
    asked = []
    weights = Ranked.weights
    monkeypatch.setattr(
        Ranked,
        "weights",
        lambda self, step, places, t: (asked.append(places), weights(self, step, places, t))[1],
    )
    for p in (0.3, 0.5, 0.7, 0.9):
        ranked.top_p(1.0, p)
    assert asked.count(slice(None)) <= 0.1 * 4 * 12
