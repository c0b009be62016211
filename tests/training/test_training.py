import functools
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from course_utils.model import storyteller as shipped
from course_utils.model.gpt import GPT, Config, from_gpt2
from course_utils.model.tokenizer import load_tokenizer
from course_utils.training.bpe import train_tokenizer
from course_utils.training.corpus import encode_stories, read_stories
from course_utils.training.evaluate import total_nats
from course_utils.training.export import export
from course_utils.training.train import Recipe, initialise, train, windows_at

TINY = Config(vocab_size=300, n_positions=16, n_embd=16, n_layer=2, n_head=2)
RECIPE = Recipe(tokens=30 * 4 * 16, batch=4)
STORIES = [
    f'The {animal} saw a {color} {thing}.\n\n"It was a {color} day," said the {animal}.'
    for animal in ("badger", "sparrow", "hedgehog")
    for color in ("yellow", "purple")
    for thing in ("lantern", "kettle", "wheelbarrow")
]


@pytest.fixture
def ranks(tmp_path):
    train_tokenizer(STORIES, TINY.vocab_size, tmp_path / "ranks")
    return tmp_path / "ranks"


@pytest.fixture
def ids(ranks):
    return encode_stories(load_tokenizer(ranks), STORIES)


def windows(ids):
    return functools.partial(windows_at, ids, RECIPE, TINY.n_positions)


def quiet(message):
    pass


def test_stories_are_split_at_their_end(tmp_path):
    (tmp_path / "t.txt").write_text("a\n\nb\n<|endoftext|>\nc\n<|endoftext|>\n")
    assert read_stories(tmp_path / "t.txt") == ["a\n\nb", "c"]


def test_the_row_of_ids_gives_the_stories_back(ranks, ids):
    tokenizer = load_tokenizer(ranks)
    assert tokenizer.n_vocab == TINY.vocab_size
    assert tokenizer.decode(ids.tolist()).split("<|endoftext|>")[1:-1] == STORIES


def test_too_little_text_for_the_vocabulary_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"only .* tokens, 4095 are needed"):
        train_tokenizer(STORIES, 4096, tmp_path / "ranks")


def test_a_pass_takes_each_window_once(ids):
    steps = ((len(ids) - 1) // 16 - 1) // 4
    rows, following = map(torch.cat, zip(*map(windows(ids), range(steps)), strict=True))
    assert rows.shape == following.shape == (4 * steps, 16)
    assert torch.equal(rows[:, 1:], following[:, :-1])
    assert len({tuple(row) for row in rows.tolist()}) > 0.5 * len(rows)
    assert not torch.equal(windows(ids)(0)[0], windows(ids)(steps)[0])


@pytest.mark.slow
def test_it_learns(ids, tmp_path):
    fresh = GPT(TINY)
    initialise(fresh, 0)
    longer = replace(RECIPE, tokens=8 * RECIPE.tokens)
    model, seconds = train(TINY, longer, windows(ids), tmp_path / "run", "cpu", quiet)
    assert total_nats(model, ids) < 0.7 * total_nats(fresh, ids)
    assert seconds > 0


class Stop(Exception):
    pass


def test_a_stopped_training_ends_as_an_undisturbed_one(ids, tmp_path, monkeypatch):
    whole, _ = train(TINY, RECIPE, windows(ids), tmp_path / "whole", "cpu", quiet)

    def stopped(step):
        if step == 17:
            raise Stop
        return windows(ids)(step)

    clock = iter(range(0, 10**6, 100))  # a checkpoint at every step
    monkeypatch.setattr("course_utils.training.train.time.monotonic", lambda: next(clock))
    with pytest.raises(Stop):
        train(TINY, RECIPE, stopped, tmp_path / "run", "cpu", quiet)
    lines = []
    resumed, _ = train(TINY, RECIPE, windows(ids), tmp_path / "run", "cpu", lines.append)
    assert lines[0] == "going on from step 17"
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_a_checkpoint_of_another_model_is_refused(ids, tmp_path):
    train(TINY, replace(RECIPE, tokens=64), windows(ids), tmp_path, "cpu", quiet)
    with pytest.raises(ValueError, match="is of another model"):
        train(replace(TINY, n_layer=1), RECIPE, windows(ids), tmp_path, "cpu", quiet)


@torch.inference_mode()
def test_evaluation_counts_every_id_once(ids):
    model = GPT(TINY)
    initialise(model, 0)
    for name, weight in model.named_parameters():  # blind: every prediction is uniform
        if name == "wte.weight":
            weight.zero_()
    for length in (2, 16, 17, 18, 25, 100):
        nats = total_nats(model, ids[:length])
        assert nats == pytest.approx((length - 1) * np.log(300), rel=1e-5)


def test_export_and_load_are_inverse_up_to_float16(ranks, tmp_path):
    model = GPT(TINY)
    initialise(model, 1)
    export(model, ranks, tmp_path / "out")
    again = from_gpt2(load_file(tmp_path / "out" / "model.safetensors"))
    assert again.keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight.half().float(), again[name])
    assert shipped.load(tmp_path / "out").gpt.config == TINY
