"""The model against `transformers`, on the weights that ship."""

import copy
import json
import math
import shutil
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.model.cache import Cache
from course_utils.model.gpt import GPT
from course_utils.model.packed import can_halve, halved, product, products
from course_utils.model.storyteller import HERE, load


@pytest.fixture(scope="module")
def oracle():
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(HERE, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def ids():
    return torch.randint(0, 4096, (3, 200), generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
@pytest.mark.slow
def test_logits_equal_those_of_transformers(storyteller, oracle, ids):
    assert (storyteller.gpt(ids) - oracle(ids).logits).abs().max() < 1e-4


@torch.inference_mode()
def test_cached_logits_equal_those_of_transformers(storyteller, oracle, ids):
    cache = Cache(storyteller.gpt, 3)
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


@torch.inference_mode()
def test_rows_of_unequal_length_end_together(storyteller, ids):
    lengths = [200, 1, 57]
    padded = torch.full_like(ids, 7)
    for i, n in enumerate(lengths):
        padded[i, 200 - n :] = ids[i, :n]
    cache = Cache(storyteller.gpt, 3, torch.tensor([200 - n for n in lengths]))
    logits = [storyteller.gpt(padded[:, a:b], cache)[:, -1] for a, b in [(0, 150), (150, 200)]][-1]
    for i, n in enumerate(lengths):
        alone = storyteller.gpt(ids[i : i + 1, :n])[0, -1]
        assert (logits[i] - alone).abs().max() < 1e-4


@torch.inference_mode()
def test_a_cache_goes_on_from_chosen_rows(storyteller, ids):
    cache = Cache(storyteller.gpt, 3)
    storyteller.gpt(ids[:, :50], cache)
    for rows in ([2, 2, 0], [1, 0], [0, 1, 1, 0]):
        cache.select(torch.tensor(rows))
        ids = ids[torch.tensor(rows)]
        new = cache.length
        logits = storyteller.gpt(ids[:, new : new + 1], cache)[:, -1]
        assert (logits - storyteller.gpt(ids[:, : new + 1])[:, -1]).abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3])
def test_one_token_a_row_equals_the_blocks(storyteller, ids, dtype, rows, monkeypatch):
    """With the halved, the packed and the plain matrices, for machines that cannot do either."""
    gpt = load(dtype=dtype).gpt
    with torch.inference_mode():
        expected = gpt(ids[:rows, :40])[:, -1].float()
    close = 1e-4 if dtype == torch.float32 else 0.25
    for ways in ((), ("can_halve",), ("can_halve", "can_pack")):
        monkeypatch.setattr("course_utils.model.packed.made", {})
        for way in ways:
            monkeypatch.setattr(f"course_utils.model.packed.{way}", lambda weight: False)
        cache = Cache(gpt, rows)
        with torch.inference_mode():
            gpt.hidden(ids[:rows, :39], cache)
            hidden = gpt.hidden(ids[:rows, 39:40], cache)
            assert (gpt.logits(hidden)[:, -1].float() - expected).abs().max() < close
            assert (gpt.logits(hidden[:, -1], cache).float() - expected).abs().max() < close


def test_products_follow_the_weights(storyteller, ids):
    gpt = GPT(storyteller.gpt.config)
    for weights in (gpt.state_dict(), storyteller.gpt.state_dict()):
        gpt.load_state_dict(weights)
        cache = Cache(gpt, 3)
        with torch.no_grad():
            gpt(ids[:, :9], cache)
            cached = gpt(ids[:, 9:10], cache)[:, -1]
            whole = gpt(ids[:, :10])[:, -1]
            # The scores of weights that nobody trained are in the hundreds.
            assert (cached - whole).abs().max() < 1e-4 + 1e-6 * whole.abs().max()
    gpt.to(torch.bfloat16)
    with torch.no_grad():
        assert gpt(ids[:, :1], Cache(gpt, 3)).dtype == torch.bfloat16


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("factor", [0.5, 0.9])
def test_products_follow_a_change_that_has_no_version(storyteller, ids, rows, factor):
    """To weights that float16 holds and others, also where torch's default device is another."""
    gpt = GPT(storyteller.gpt.config)
    gpt.load_state_dict(storyteller.gpt.state_dict())
    with torch.device("meta"):
        products(gpt, rows)
    for _ in range(2):
        cache = Cache(gpt, rows)
        with torch.no_grad():
            gpt(ids[:rows, :9], cache)
            hidden = gpt.hidden(ids[:rows, 9:10], cache)[:, -1]
            assert (gpt.logits(hidden, cache) - gpt(ids[:rows, :10])[:, -1]).abs().max() < 1e-4
        for weight in gpt.parameters():
            weight.data.mul_(factor)


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_weights_in_float16_lose_nothing(storyteller, rows):
    """Of the same numbers, the sums in float32 are as near to those in float64."""
    x = torch.randn(rows, storyteller.gpt.config.n_embd, generator=torch.Generator().manual_seed(0))
    layer = storyteller.gpt.h[0].mlp.c_fc
    weight, bias = layer.weight.detach(), layer.bias.detach()
    exact = x.double() @ weight.double() + bias.double()
    scale = x.double().abs() @ weight.double().abs() + bias.double().abs()
    off = (product(weight, bias, rows)(x) - exact).abs() / scale
    assert off.max() < 16 * torch.finfo(torch.float32).eps


@pytest.mark.parametrize("odd", [1 + 2**-20, 1e6, 1e-9, math.inf, math.nan])
def test_weights_that_float16_does_not_hold_stay_as_they_are(odd, capfd):
    weight = torch.tensor([[odd, 1.0], [1.0, 0.5]])
    assert not can_halve(weight)
    given = product(weight, None, 1)(torch.tensor([[1.0, 0.0]]))
    assert torch.allclose(given[0, 0], weight[0, 0], rtol=1e-7, atol=0, equal_nan=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rows", [1, 3])
def test_an_exchange_of_weights_is_a_change(storyteller, rows):
    """The sum of all stays the same."""
    gpt = copy.deepcopy(storyteller.gpt).ready()
    x = torch.randn(rows, gpt.config.n_embd, generator=torch.Generator().manual_seed(0))
    layer = gpt.h[2].mlp.c_fc
    for seed in range(20):
        pair = torch.randperm(256, generator=torch.Generator().manual_seed(seed))[:2]
        for weights in (gpt.wte.weight.data, layer.weight.data, layer.weight.data.T):
            weights[pair] = weights[pair.flip(0)]
        now = products(gpt, rows)
        with torch.no_grad():
            assert (now.head(x) - x @ gpt.wte.weight.T).abs().max() < 1e-3
            assert (now.blocks[2][4](x) - layer(x)).abs().max() < 1e-3


def test_products_are_made_once_for_any_rows(storyteller):
    gpt = copy.deepcopy(storyteller.gpt).ready()
    gpt.h[0].ln_1.bias.data[0] = math.nan
    assert products(gpt, 1) is products(gpt, 1) is products(gpt, 5)


def test_a_cache_gives_no_gradient(storyteller, ids):
    cache = Cache(storyteller.gpt, 1)
    hidden = torch.randn(1, storyteller.gpt.config.n_embd, requires_grad=True)
    assert not storyteller.gpt.logits(hidden, cache).requires_grad


def test_products_warn_of_nothing(storyteller):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        halved.__wrapped__()
        product(storyteller.gpt.wte.weight.T, None, 1)


def test_a_text_past_the_context_is_refused(storyteller, ids):
    cache = Cache(storyteller.gpt, 3)
    storyteller.gpt(ids, cache)
    with pytest.raises(ValueError, match="at most 256 tokens, got 257"):
        storyteller.gpt(ids[:, :57], cache)
    assert cache.length == 200


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A GPT-2 with random weights and other sizes than ours, as transformers saves it."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(3)
    config = GPT2Config(vocab_size=503, n_positions=64, n_embd=48, n_layer=3, n_head=4)
    model = GPT2LMHeadModel(config).eval()
    for parameter in model.parameters():  # no bias or norm may be left at its 0 or 1
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    folder = tmp_path_factory.mktemp("gpt2")
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def test_published_weights_load_from_a_folder(published, ids):
    theirs, folder = published
    ours = GPT.from_pretrained(folder)
    assert (ours(ids[:, :64] % 503) - theirs(ids[:, :64] % 503).logits).abs().max() < 1e-4


@torch.inference_mode()
def test_names_without_prefix_and_mask_buffers_load_too(published, ids, tmp_path):
    theirs, folder = published
    weights = load_file(folder / "model.safetensors")
    bare = {name.removeprefix("transformer."): w for name, w in weights.items()}
    bare["h.0.attn.bias"] = torch.ones(1, 1, 64, 64).tril()
    save_file(bare, tmp_path / "model.safetensors")
    shutil.copy(folder / "config.json", tmp_path)
    ours = GPT.from_pretrained(str(tmp_path))
    assert (ours(ids[:, :64] % 503) - theirs(ids[:, :64] % 503).logits).abs().max() < 1e-4


def in_hub_cache(folder, home):
    """Put a model's files where the Hugging Face library keeps those of "gpt2"."""
    repo = home / "models--gpt2"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40)
    shutil.copytree(folder, repo / "snapshots" / ("0" * 40))


def test_a_name_is_read_from_the_hub_cache_without_a_network(published, tmp_path, monkeypatch):
    _, folder = published
    in_hub_cache(folder, tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket", None)
    assert GPT.from_pretrained("gpt2").config.n_positions == 64


def test_a_download_that_fails_says_that_it_needs_the_network(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="gpt2 is no folder and cannot be downloaded"):
        GPT.from_pretrained("gpt2")
    assert "downloading it from huggingface.co" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gptj"}, "model_type must be 'gpt2', got 'gptj'"),
        ({"activation_function": "relu"}, "activation_function must be 'gelu_new', got 'relu'"),
        ({"scale_attn_by_inverse_layer_idx": True}, "must be False, got True"),
    ],
)
def test_another_architecture_is_refused(published, tmp_path, change, message):
    _, folder = published
    shutil.copytree(folder, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ValueError, match=message):
        GPT.from_pretrained(tmp_path / "other")


def test_a_folder_without_weights_is_named(published, tmp_path):
    shutil.copy(published[1] / "config.json", tmp_path)
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        GPT.from_pretrained(tmp_path)
