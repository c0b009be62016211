"""Any causal model of transformers: six architectures, small and random, saved with tokenizers of
the kinds in use. The oracle is transformers' own `generate`."""

import json
import shutil
import sys
from inspect import signature

import pytest
import small
import torch
from cases import at_least
from safetensors.torch import load_file, save_file
from sentencepiece import SentencePieceTrainer
from tokenizers.models import Unigram

from course_utils import constrain, explore, model
from course_utils.beam import (
    beam_search,
    best_of_n,
    contrastive_search,
    diverse_beam_search,
    stochastic_beam_search,
)
from course_utils.cli import main
from course_utils.generate import Settings, generate, generate_batch
from course_utils.model import adapter, calculator, storyteller
from course_utils.model.tokenizer import Names, token_name
from course_utils.speculative import lookup_draft, model_draft, speculate
from course_utils.toys import CAT

PROMPTS = (
    "The course",
    "A strategy is one function in a file, and it looks back at the text",
    "é ok",
    "\n",
    "Hello  world\n\nx 😀",
)
GREEDY = Settings(temperature=0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    return {name: small.save(home / name, name) for name in small.ARCHITECTURES}


@pytest.fixture(params=small.ARCHITECTURES)
def any_model(request, folders):
    return model.load(folders[request.param])


@pytest.fixture
def folder(folders, tmp_path):
    """A folder of its own, to spoil."""
    return shutil.copytree(folders["llama"], tmp_path / "spoiled")


def theirs(any_model, prompt, length, **options):
    """What `generate` of transformers gives: the new tokens of each text, and its output."""
    ids = any_model.tokenizer.fast(prompt, return_tensors="pt")
    out = any_model.network.generate(
        **{name: ids[name] for name in ("input_ids", "attention_mask")},
        do_sample=False,
        max_new_tokens=length,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    texts = [row[ids.input_ids.shape[1] :].tolist() for row in out.sequences]
    return [until_end(text, any_model.ends) for text in texts], out


def until_end(tokens, ends):
    last = next((i for i, token in enumerate(tokens) if token in ends), len(tokens))
    return tokens[: last + 1]


def texts_of(batches, count):
    texts = [[] for _ in range(count)]
    for steps in batches:
        for text, step in zip(texts, steps, strict=True):
            if step is not None:
                text.append(step.token)
    return texts


@pytest.mark.parametrize("cache", [True, False])
def test_greedy_texts_equal_those_of_transformers(any_model, cache):
    expected = [theirs(any_model, prompt, 30)[0][0] for prompt in PROMPTS]
    got = texts_of(generate_batch(any_model, PROMPTS, GREEDY, 30, cache=cache), len(PROMPTS))
    assert got == expected
    ended = [text[-1] in any_model.ends for text in expected]
    assert any(ended) and len({tuple(text) for text in expected}) > 2
    assert len(any_model.encode(PROMPTS[1])) > 8  # past the sliding window
    for prompt, text in zip(PROMPTS, expected, strict=True):
        alone = [step.token for step in generate(any_model, prompt, GREEDY, 30, cache=cache)]
        assert alone == text


@pytest.mark.parametrize("num_beams", [2, 4])
def test_beams_equal_those_of_transformers(any_model, num_beams):
    options = {"num_beams": num_beams, "num_return_sequences": num_beams}
    for prompt in PROMPTS[:3]:
        texts, out = theirs(any_model, prompt, 16, **options)
        found = beam_search(any_model, prompt, num_beams, 16, num_return=num_beams).hypotheses
        assert [text.tokens for text in found] == texts
        scores = torch.tensor([text.score for text in found])
        assert torch.allclose(scores, out.sequences_scores, atol=1e-4)
        assert [text.finished for text in found] == [t[-1] in any_model.ends for t in texts]


def test_speculation_writes_the_greedy_text(any_model):
    prompt = PROMPTS[1]
    expected = [step.token for step in generate(any_model, prompt, GREEDY, 30)]
    for draft in (lookup_draft(any_model), model_draft(any_model, GREEDY), wrong_draft(any_model)):
        found = list(speculate(any_model, prompt, draft, GREEDY, 30))
        assert [token for each in found for token in each.tokens] == expected


def wrong_draft(any_model):
    """Right at first and then wrong: the cache has to go back, past a sliding window too."""
    right = model_draft(any_model, GREEDY)

    def propose(ids, ahead, generator):
        tokens, probs = right(ids, ahead, generator)
        tokens[1:] = [(token + 1) % any_model.vocab_size for token in tokens[1:]]
        return tokens, torch.nn.functional.one_hot(torch.tensor(tokens), probs.shape[-1]).double()

    return propose


def test_a_reader_reads_as_the_model_does(any_model):
    """Rows that move, double and fall away; a text whose end is taken back."""
    rows = [any_model.encode(prompt) for prompt in PROMPTS[:3]]
    cached, anew = any_model.reader(), any_model.reader(cached=False)
    for step, sources in enumerate([None, [2, 0, 0, 1], [3, 3], [1]]):
        rows = rows if sources is None else [[*rows[i], 10 + step, 20] for i in sources]
        expected = torch.stack([any_model.logits(row)[-1] for row in rows])
        for reader in (cached, anew):
            assert (reader.next_logits(rows, sources) - expected).abs().max() < 1e-3
    reader, text = any_model.reader(), [*rows[0], *range(30, 50)]
    for ids, n in ((text, 3), ([*text[:-6], 9, 8], 4), (text[:12], 2), (text, 1)):
        expected = any_model.logits(ids)[-n:]
        assert (reader.last_logits(ids, n) - expected).abs().max() < 1e-3


def test_contrastive_search_is_its_definition(any_model):
    found = contrastive_search(any_model, PROMPTS[0], k=3, alpha=0.5, max_new_tokens=8)
    ids, tokens = any_model.encode(PROMPTS[0]), []
    while len(tokens) < len(found.tokens):
        p = any_model.logits(ids)[-1].softmax(dim=-1)
        scores = {}
        for token in p.topk(3).indices.tolist():
            text = torch.tensor([[*ids, token]])
            with torch.no_grad():
                out = any_model.network(text, output_hidden_states=True, use_cache=False)
            *before, last = out.hidden_states[-1][0].double()
            likeness = max(float(torch.cosine_similarity(last, x, dim=0)) for x in before)
            scores[token] = 0.5 * float(p[token]) - 0.5 * likeness
        tokens.append(max(scores, key=scores.get))
        ids = [*ids, tokens[-1]]
    assert found.tokens == tokens


def test_other_searches_find_texts(any_model):
    drawn = stochastic_beam_search(any_model, PROMPTS[0], 3, 8).hypotheses
    assert len({tuple(text.tokens) for text in drawn}) == 3
    first = next(iter(diverse_beam_search(any_model, PROMPTS[0], max_new_tokens=8).hypotheses))
    assert first.tokens
    best = best_of_n(any_model, PROMPTS[0], 2, max_new_tokens=8)[0]
    text = [*any_model.encode(PROMPTS[0]), *best.tokens]
    logprobs = any_model.logits(text, len(best.tokens) + 1)[:-1].log_softmax(dim=-1)
    chosen = logprobs.gather(-1, torch.tensor(best.tokens)[:, None])
    assert best.score == pytest.approx(float(chosen.mean()), abs=1e-4)


def test_a_grammar_holds(any_model):
    prompt = len(any_model.encode(PROMPTS[0]))
    rules = constrain.regex(any_model.tokenizer, r"(yes|no), é[0-9]{3}\.")
    for seed in range(3):
        steps = generate(
            any_model,
            PROMPTS[0],
            lambda logits, ids: rules.process(logits, ids[prompt:]),
            seed=seed,
        )
        text = "".join(step.text for step in steps)
        assert text[:2] in ("ye", "no") and text.endswith(".") and "é" in text
    ends = rules.allowed(any_model.tokenizer.encode_ordinary("no, é123.")).nonzero().flatten()
    assert set(ends.tolist()) == any_model.ends


def test_tokens_are_shown_rightly(any_model):
    tokenizer = any_model.tokenizer
    for text in ("Hello  world\n\nx 😀 é", " a word", "\tx", "<end> is text"):
        ids = tokenizer.encode_ordinary(text)
        assert tokenizer.decode(ids) == text
        # Unigrams find the piece even where they are told that it is text.
        assert isinstance(
            tokenizer.fast.backend_tokenizer.model, Unigram
        ) or not any_model.ends & set(ids)
        whole = tokenizer.fast.decode(any_model.encode(text), skip_special_tokens=True)
        assert tokenizer.decode(any_model.encode(text)).endswith(whole) or "<end>" in text
    names = Names(tokenizer, any_model.vocab_size)
    assert len(names) == small.VOCAB and names[1] == "<end>" and names[699] == "#699"
    assert sum(name.startswith(" ") for name in names) > 20
    assert not any(sign in "".join(names) for sign in "Ġ▁Ċ")
    euro = tokenizer.encode_ordinary("€")
    assert [token_name(tokenizer, token) for token in euro[-3:]] == ["\\xe2", "\\x82", "\\xac"]
    with pytest.raises(ValueError, match="vocabulary"):
        tokenizer.decode_single_token_bytes(small.VOCAB)


def test_prompts_are_those_of_the_tokenizer(any_model):
    for prompt in PROMPTS:
        assert any_model.encode(prompt) == any_model.tokenizer.fast(prompt).input_ids
    with pytest.raises(ValueError, match="prompt must not be empty"):
        any_model.encode("")
    if any_model.context == 128:
        with pytest.raises(ValueError, match="prompt must be at most 128 tokens"):
            any_model.encode("x " * 200)
        steps = list(generate(any_model, "x " * 60, Settings(min_p=0.0), 20))
        assert len(steps) > 5  # past the context it goes on with the last tokens


EXPLORERS = {
    "AdaptiveCutoff": lambda m: explore.AdaptiveCutoff(PROMPTS[1], model=m),
    "BeamTree": lambda m: explore.BeamTree(PROMPTS[0], model=m),
    "Distribution": lambda m: explore.Distribution(PROMPTS[0], model=m),
    "Duel": lambda m: explore.Duel({PROMPTS[0]: " and it looks back" * 9}, model=m),
    "Frontier": lambda m: explore.Frontier({PROMPTS[0]: " and it looks back" * 9}, model=m),
    "Loops": lambda m: explore.Loops(PROMPTS[0], model=m, length=20),
    "Penalties": lambda m: explore.Penalties(PROMPTS[0], " and a text, and a text", model=m),
    "Playground": lambda m: explore.Playground(PROMPTS[0], model=m, max_new_tokens=8),
    "ProbabilityTrace": lambda m: explore.ProbabilityTrace(
        PROMPTS[0], " in a file", model=m, length=8, beams=2
    ),
    "Pipeline": lambda m: explore.Pipeline(PROMPTS[0], model=m),
    "Speculation": lambda m: explore.Speculation(PROMPTS[0], model=m),
    "Votes": lambda m: explore.Votes(tries=1, model=m),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize(
    "any_model", at_least("qwen3", "gemma3", of=small.ARCHITECTURES), indirect=True
)
def test_every_explorer_shows_it(any_model, name, monkeypatch):
    def no_other(*_, **__):
        pytest.fail("the model that was given is the one to use")

    monkeypatch.setattr(storyteller, "load", no_other)
    panel = EXPLORERS[name](any_model)
    if name == "Playground":  # it shows its texts, and has a picture on static pages only
        assert panel.texts.value.count("<span") >= 3 and panel.text
    else:
        assert panel.image.value.startswith("<svg") and panel.text
    panel.close()


def test_no_explorer_is_left_out():
    takes = {n for n in explore.FILES if "model" in signature(getattr(explore, n)).parameters}
    assert takes == set(EXPLORERS) == set(explore.FILES) - {"Chart"}


def test_an_explorer_says_what_is_no_model():
    with pytest.raises(ValueError, match=r"model must be one that model\.load gives, got 'gpt2'"):
        explore.Distribution(model="gpt2")
    with pytest.raises(ValueError, match="model must be one"):
        explore.BeamTree(model=CAT)
    with pytest.raises(ValueError, match="model needs a prompt"):
        explore.Distribution((["a", "b"], torch.zeros(2)), model=storyteller.load())


# Loading


def test_the_storyteller_is_there_by_default():
    assert model.load() is model.load("storyteller") is storyteller.load()
    assert isinstance(model.load(), storyteller.Storyteller)
    assert model.load(storyteller.HERE).gpt.config == model.load().gpt.config
    assert model.load("calculator") is calculator.load()


def test_memory_is_said_first_and_a_model_too_large_is_not_loaded(folder, capsys, monkeypatch):
    adapter.load.cache_clear()
    model.load(folder)
    count = sum(w.numel() for w in load_file(folder / "model.safetensors").values())
    assert f"{count:,} parameters, 0.3 MB in float32 of" in capsys.readouterr().out
    adapter.load.cache_clear()
    monkeypatch.setattr(adapter.psutil, "virtual_memory", lambda: type("", (), {"available": 1000}))
    refused(folder, "parameters, 0.3 MB in float32, but only 0.0 MB of memory are free")


def refused(folder, reason):
    adapter.load.cache_clear()
    with pytest.raises(ValueError) as error:
        model.load(folder)
    assert reason in str(error.value) and "\n" not in str(error.value)
    assert main(["generate", "x", "--model", str(folder), "--device", "cpu"]) == 2


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_folder_that_holds_no_model(folder, file):
    (folder / file).unlink()
    refused(folder, f"{file} is missing")


def test_damaged_files(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1000])
    refused(folder, "cannot be loaded")
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs")
    refused(folder, "is damaged")
    (folder / "config.json").write_text("{")
    refused(folder, "cannot be loaded")


@pytest.mark.parametrize(
    "changed",
    [
        {"model_type": "bert", "architectures": ["BertForMaskedLM"]},
        {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]},
        {"architectures": ["LlamaForSequenceClassification"]},
    ],
)
def test_a_model_that_is_no_causal_one(folder, changed):
    write_json(folder / "config.json", changed)
    refused(folder, "is no causal language model")


def test_models_that_cannot_be_run_as_they_are(folder):
    write_json(folder / "config.json", {"quantization_config": {"quant_method": "awq"}})
    refused(folder, "quantised")
    write_json(folder / "config.json", {"quantization_config": None, "model_type": "unheard-of"})
    refused(folder, "cannot be loaded")


def write_json(path, changed):
    values = json.loads(path.read_text("utf-8")) | changed
    path.write_text(json.dumps({name: v for name, v in values.items() if v is not None}))


def test_a_tokenizer_that_does_not_fit(folder, folders):
    write_json(folder / "config.json", {"vocab_size": 300})
    refused(folder, "has a tokenizer of 695 tokens, but the model has 300")
    for file in folder.glob("tokenizer*"):
        file.unlink()
    refused(folder, "has no tokenizer that can be loaded")


def test_a_file_of_sentencepiece_itself(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()
    SentencePieceTrainer.train(
        sentence_iterator=iter(small.corpus()),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=600,
        model_type="bpe",
        byte_fallback=True,
        minloglevel=2,
    )
    kind = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))
    tokenizer = model.load(folder).tokenizer
    assert tokenizer.decode(tokenizer.encode_ordinary("a course, é\n")) == "a course, é\n"


def test_weights_of_another_model(folder):
    weights = load_file(folder / "model.safetensors")
    left = {name: w for name, w in weights.items() if "layers.1" not in name}
    save_file(left, folder / "model.safetensors", {"format": "pt"})
    refused(folder, "holds the weights of another model")


def test_a_name_is_looked_up_in_the_cache_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("nothing is fetched"))
    refused("Qwen/Qwen3-0.6B", "fetch it with: hf download Qwen/Qwen3-0.6B --include")
    refused("no such/place/at all", "is neither a folder nor the name of a model")
    assert "course: Qwen/Qwen3-0.6B is neither" in capsys.readouterr().err


def test_a_cached_name_is_found(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("nothing is fetched"))
    home = tmp_path / "models--some--model"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40)
    shutil.copytree(folders["qwen3"], home / "snapshots" / ("0" * 40))
    found = model.load("some/model")
    assert found.encode("x") == model.load(folders["qwen3"]).encode("x")


def test_the_extra_is_named_where_it_is_missing(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(folder, "transformers is missing")


def test_the_command_writes_with_it(folders, capsys):
    adapter.load.cache_clear()
    arguments = ["--greedy", "--max-new-tokens", "5", "--device", "cpu"]
    assert main(["generate", "The course", "--model", str(folders["gpt2"]), *arguments]) == 0
    said = capsys.readouterr()
    steps = generate(model.load(folders["gpt2"]), "The course", GREEDY, 5)
    assert said.out == "The course" + "".join(step.text for step in steps) + "\n"
    assert "parameters" in said.err
