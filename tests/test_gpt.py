"""The model against `transformers`, on the weights that ship."""

import pytest
import torch

from course_utils.gpt import Cache
from course_utils.storyteller import HERE


@pytest.fixture(scope="module")
def oracle():
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(HERE, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def ids():
    return torch.randint(0, 4096, (3, 200), generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def test_logits_equal_those_of_transformers(storyteller, oracle, ids):
    assert (storyteller.gpt(ids) - oracle(ids).logits).abs().max() < 1e-4


@torch.inference_mode()
def test_cached_logits_equal_those_of_transformers(storyteller, oracle, ids):
    cache = Cache(storyteller.gpt.config, 3, torch.float32, torch.device("cpu"))
    theirs = None
    for start, end in [(0, 50), (50, 51), (51, 60), (60, 61), (61, 200)]:
        ours = storyteller.gpt(ids[:, start:end], cache)
        theirs = oracle(
            ids[:, start:end],
            past_key_values=theirs.past_key_values if theirs else None,
            use_cache=True,
        )
        assert (ours - theirs.logits).abs().max() < 1e-4
    assert cache.length == 200


@torch.inference_mode()
def test_a_token_does_not_see_the_next_one(storyteller, ids):
    changed = ids.clone()
    changed[:, 100:] = 7
    before, after = storyteller.gpt(ids), storyteller.gpt(changed)
    assert torch.equal(before[:, :100], after[:, :100])
    assert not torch.equal(before[:, 100:], after[:, 100:])
