"""Each row of a Reader against the model run on that row's ids alone, without a cache."""

import pytest
import torch

from course_utils.model.reader import Reader

STORY = " and the old man said to the king that he would not go into the wood" * 20


@pytest.fixture
def ids(storyteller):
    return storyteller.encode(STORY[:1000])


def alone(storyteller, ids):
    return storyteller.gpt(torch.tensor([ids[-256:]]))[0]


def close(got, expected):
    return got.shape == expected.shape and (got - expected).abs().max() < 1e-4


@torch.inference_mode()
@pytest.mark.parametrize("cached", [True, False])
def test_one_text_within_and_past_the_context(storyteller, ids, cached):
    reader, ids = Reader(storyteller.gpt, cached), (ids * 2)[:258]
    for length in (3, 4, 200, 201, 256, 257, 258):
        expected = alone(storyteller, ids[:length])[-1:]
        assert close(reader.next_logits([ids[:length]]), expected), length


@torch.inference_mode()
@pytest.mark.parametrize(
    "rows",
    [[0, 1, 2, 3], [0, 3], [2], [0, 1, 1, 3], [1, 0, 3, 2], [3, 3, 3, 3], [0, 0, 1, 2, 3, 3]],
)
def test_rows_of_any_length_go_on_from_where_they_are_told(storyteller, ids, rows):
    reader = Reader(storyteller.gpt)
    texts = [ids[:9], ids[5:7], ids[3:20], ids[1:5]]
    reader.next_logits(texts)
    for token in (11, 12, 13):
        # Only in the first of these steps do rows move; then each goes on by itself.
        texts = [[*texts[row], token + i] for i, row in enumerate(rows)]
        got = reader.next_logits(texts, rows if token < 13 else None)
        for i, text in enumerate(texts):
            assert close(got[i], alone(storyteller, text)[-1]), (token, i)
        rows = range(len(rows))


@torch.inference_mode()
def test_a_tensor_of_ids_reads_as_lists_do(storyteller, ids):
    beams = torch.tensor([ids[:6], ids[4:10]])
    got = Reader(storyteller.gpt).next_logits(beams, [0, 0])
    assert torch.equal(got, Reader(storyteller.gpt).next_logits(beams.tolist()))


@torch.inference_mode()
def test_what_was_taken_back_is_forgotten(storyteller, ids):
    reader = Reader(storyteller.gpt)
    longer, other = [*ids[:20], 5, 6, 7], [*ids[:18], 8, 9]
    for text, n in ((ids[:20], 1), (longer, 4), (other, 3), (other, 3), (ids[:7], 2), (longer, 1)):
        assert close(reader.last_logits(text, n), alone(storyteller, text)[-n:]), (text, n)
