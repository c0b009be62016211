"""Write a trained model as the course ships it: weights, config, tokenizer, checksums."""

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

from course_utils.model.checksums import FILES
from course_utils.model.gpt import GPT, to_gpt2


def export(model: GPT, ranks: Path, folder: Path) -> None:
    """Fill `folder` with files that `model.storyteller` and `transformers` can load."""
    folder.mkdir(parents=True, exist_ok=True)
    end_of_text = model.config.vocab_size - 1
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        **asdict(model.config),
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    shutil.copyfile(ranks, folder / "tokenizer.ranks")
    save_file(to_gpt2(model), folder / "model.safetensors", metadata={"format": "pt"})
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in FILES]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", "utf-8")
