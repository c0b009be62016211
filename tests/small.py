"""Small random models of transformers with tokenizers of the kinds that are in use, saved as
folders: each architecture's code is run, and nothing is downloaded."""

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE, Unigram

ROOT = Path(__file__).resolve().parent.parent
VOCAB, KNOWN = 700, 695  # of the model, and of its tokenizer
SPECIAL = ["<begin>", "<end>", "<turn>", "<unk>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32}
GROUPED = LAYERS | {"num_key_value_heads": 2, "intermediate_size": 64, "head_dim": 8}
# gpt2 and gpt-neox end a text with one token, the others with one of two.
ARCHITECTURES = {
    "gpt2": (
        "GPT2Config",
        {"n_layer": 2, "n_head": 4, "n_embd": 32, "n_positions": 128},
        "byte-level",
    ),
    "llama": ("LlamaConfig", GROUPED | {"max_position_embeddings": 512}, "byte-fallback"),
    "qwen3": ("Qwen3Config", GROUPED | {"max_position_embeddings": 512}, "byte-level"),
    "gemma3": (
        "Gemma3TextConfig",
        GROUPED
        | {
            "max_position_embeddings": 512,
            "sliding_window": 8,
            "layer_types": ["sliding_attention", "full_attention"],
            "query_pre_attn_scalar": 8,
            "tie_word_embeddings": False,
        },
        "unigram",
    ),
    # Not a transformer: what it keeps of a text is no cache of keys, so it reads anew.
    "mamba": ("MambaConfig", {"num_hidden_layers": 2, "hidden_size": 32}, "byte-level"),
    "gpt-neox": (
        "GPTNeoXConfig",
        LAYERS | {"intermediate_size": 64, "max_position_embeddings": 512},
        "byte-level",
    ),
}


def save(folder: Path, name: str, **changed) -> Path:
    """A model of this architecture, the same each time. changed: in its config."""
    config, sizes, kind = ARCHITECTURES[name]
    fast = tokenizer(kind)
    ends = [fast.convert_tokens_to_ids(token) for token in ("<end>", "<turn>")]
    ends = ends[0] if name in ("gpt2", "gpt-neox") else ends
    sizes = sizes | {"vocab_size": VOCAB, "eos_token_id": ends}
    sizes |= {"bos_token_id": 0, "pad_token_id": 0}
    torch.manual_seed(5)
    with torch.random.fork_rng():
        made = getattr(transformers, config)(initializer_range=0.3, **sizes | changed)
        network = transformers.AutoModelForCausalLM.from_config(made)
    network.get_output_embeddings().weight.data[1:3] *= 2.0  # some texts come to an end
    network.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def corpus() -> list[str]:
    """A text that nobody edits, so that the models stay the same: that of the licence."""
    text = (ROOT / "LICENSE-TEXTS").read_text("utf-8")
    return text[text.index("=====") :].splitlines(keepends=True)


def tokenizer(kind: str) -> transformers.PreTrainedTokenizerFast:
    """byte-level as GPT-2's; byte-fallback as Llama 2's, with a space in front of each text and a
    begin-of-text; unigram as Gemma's, with a begin-of-text alone."""
    made = byte_level() if kind == "byte-level" else of_sentencepiece(kind)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<begin>", eos_token="<end>", unk_token="<unk>"
    )


def byte_level() -> Tokenizer:
    made = Tokenizer(BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=KNOWN,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(corpus(), trainer)
    return made


def of_sentencepiece(kind: str) -> Tokenizer:
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    spaces = normalizers.Replace(" ", "▁")
    if kind == "unigram":
        made = unigram(spaces)
    else:
        made = Tokenizer(BPE(unk_token="<unk>", byte_fallback=True))
        made.normalizer = spaces
        trainer = trainers.BpeTrainer(vocab_size=KNOWN, special_tokens=SPECIAL + BYTES)
        made.train_from_iterator(corpus(), trainer)
        parts = json.loads(made.to_str())
        added = [part for part in parts["added_tokens"] if part["content"] in SPECIAL]
        made = Tokenizer.from_str(json.dumps(parts | {"added_tokens": added}))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces])
        steps.append(decoders.Strip(" ", 1, 0))
    made.decoder = decoders.Sequence(steps)
    made.post_processor = processors.TemplateProcessing(
        single="<begin> $A", special_tokens=[("<begin>", 0)]
    )
    return made


def unigram(spaces: normalizers.Normalizer) -> Tokenizer:
    """Pieces as BPE finds them, as the trainer of unigrams gives others each time; bytes behind."""
    trained = Tokenizer(BPE(unk_token="<unk>"))
    trained.normalizer = spaces
    trainer = trainers.BpeTrainer(vocab_size=KNOWN - len(BYTES), special_tokens=SPECIAL)
    trained.train_from_iterator(corpus(), trainer)
    ranked = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    pieces = [(piece, -1 - rank / 100) for piece, rank in ranked]
    pieces += [(byte, -30.0) for byte in BYTES]
    made = Tokenizer(Unigram(pieces, SPECIAL.index("<unk>"), byte_fallback=True))
    made.normalizer = spaces
    return made
