"""The whole way from a corpus folder to a model folder with its card."""

from dataclasses import replace
from pathlib import Path

import torch

from course_utils.gpt import Config
from course_utils.storyteller import load
from course_utils.tokenizer import load_tokenizer
from course_utils.training.bpe import train_tokenizer
from course_utils.training.card import model_card
from course_utils.training.corpus import encode_stories, read_stories
from course_utils.training.evaluate import evaluate
from course_utils.training.export import export
from course_utils.training.train import Recipe, train

CONFIG = Config(vocab_size=4096, n_positions=256, n_embd=256, n_layer=6, n_head=4)


def log(message: str) -> None:
    print(message, flush=True)


def run(corpus: Path, folder: Path, tokens: int | None, device: str) -> None:
    """Train on `corpus/train.txt`, evaluate on `corpus/valid.txt`, fill `folder/storyteller`.

    Raises ValueError or OSError if a file is missing or too small for the vocabulary.
    """
    stories, unseen = read_stories(corpus / "train.txt"), read_stories(corpus / "valid.txt")
    folder.mkdir(parents=True, exist_ok=True)
    ranks = folder / "tokenizer.ranks"
    if not ranks.exists():
        log(f"learning {CONFIG.vocab_size} tokens from {len(stories)} stories")
        train_tokenizer(stories, CONFIG.vocab_size, ranks)
    ids = encode_stories(load_tokenizer(ranks), stories)
    recipe = replace(Recipe(), tokens=tokens) if tokens else Recipe()
    model, seconds = train(CONFIG, recipe, ids, folder, device, log)
    export(model, ranks, folder / "storyteller")
    threads = torch.get_num_threads()
    trained = load(folder / "storyteller")
    result = evaluate(trained, unseen)
    log(str(result))
    facts = {"stories": len(stories), "ids": len(ids), "seconds": seconds, "threads": threads}
    card = model_card(trained, recipe, facts, device, result)
    (folder / "storyteller" / "MODEL_CARD.md").write_text(card, "utf-8")
    log(f"the model is in {folder / 'storyteller'}")
