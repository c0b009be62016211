import json
import shutil

import pytest
import torch

from course_utils.model import calculator
from course_utils.model.checksums import FILES
from course_utils.model.storyteller import HERE, StorytellerError, load


@pytest.fixture(params=[HERE, calculator.HERE], ids=lambda folder: folder.name)
def copy(request, tmp_path):
    """The files of either model, which one function loads, to damage."""
    for name in (*FILES, "SHA256SUMS"):
        shutil.copy(request.param / name, tmp_path)
    return tmp_path


def test_the_files_that_ship_are_small_and_whole():
    assert (HERE / "model.safetensors").stat().st_size < 40e6
    parameters = sum(p.numel() for p in load().gpt.parameters())
    assert 5e6 <= parameters <= 8e6
    assert "bits per character" in (HERE / "MODEL_CARD.md").read_text("utf-8")


def test_it_is_loaded_once():
    assert load() is load()


def test_next_logits_are_the_models_own(storyteller):
    logits = storyteller.next_logits("Once upon a")
    assert logits.shape == (4096,)
    assert logits.dtype == torch.float32
    assert " time" in storyteller.tokenizer.decode(logits.topk(3).indices.tolist())


def test_bfloat16_weights_give_nearly_the_same_scores(storyteller):
    halved = load(dtype=torch.bfloat16)
    assert halved.gpt.wte.weight.dtype == torch.bfloat16
    assert storyteller.gpt.wte.weight.dtype == torch.float32
    ours, theirs = (model.next_logits("Once upon a") for model in (storyteller, halved))
    assert theirs.dtype == torch.float32
    assert 0 < (ours - theirs).abs().max() < 0.2


@pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(StorytellerError, match=f"{name} is missing"):
        load(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(StorytellerError, match=f"{name} is damaged"):
        load(copy)


def test_another_models_tokenizer_is_refused(copy, monkeypatch):
    monkeypatch.setattr("course_utils.model.storyteller.check_files", lambda folder: None)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"vocab_size": 5000}))
    tokens = config["vocab_size"]
    with pytest.raises(StorytellerError, match=f"{tokens} tokens, but the model has 5000"):
        load(copy)


def test_prompt_edges(storyteller):
    with pytest.raises(ValueError, match="prompt must not be empty"):
        storyteller.encode("")
    longest = " the" * 255
    assert len(storyteller.encode(longest)) == 256
    with pytest.raises(ValueError, match="at most 255 tokens, got 256"):
        storyteller.encode(longest + " the")
