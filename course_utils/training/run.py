"""The whole way from a corpus folder to a model folder with its card."""

import functools
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from course_utils.model.gpt import Config
from course_utils.model.storyteller import load
from course_utils.model.tokenizer import load_tokenizer
from course_utils.training.books import MIRROR, all_books, check_raw, fetch
from course_utils.training.bpe import train_tokenizer
from course_utils.training.card import model_card
from course_utils.training.corpus import encode_stories, read_stories
from course_utils.training.evaluate import evaluate
from course_utils.training.export import export
from course_utils.training.gather import (
    COMMON_WORDS,
    HARD_WORDS,
    LONG_SENTENCES,
    PHRASE,
    SHARED,
    gather,
)
from course_utils.training.train import Recipe, train, windows_at

CONFIG = Config(vocab_size=4096, n_positions=256, n_embd=256, n_layer=6, n_head=4)


def log(message: str) -> None:
    print(message, flush=True)


DETAILS = """

They are those of {given} of the {listed} books in `course_utils/training/books.tsv`{others}:
{counts}.
A story is told twice if {shared:.0%} of its phrases of {phrase} words came before, and too hard if
{hard:.1%} of its words are not among the {common:,} commonest or its sentences have more than
{sentence:.0f} words. A story's first 200 characters decide by sha1 whether it is for validation."""


def run_from_books(
    folder: Path, raw: Path | None, mirror: str | None, tokens: int | None, device: str
) -> None:
    """From the raw books, downloaded into `folder/raw` or found in `raw`, to a model and its card.

    Raises ValueError or OSError if books are missing, or if `folder` holds a training on others.
    """
    listed = all_books()
    books = listed
    if raw:
        books = check_raw(listed, raw, log)
    else:
        raw = folder / "raw"
        fetch(listed, raw, mirror or MIRROR, log)
    counts = gather(books, raw, folder / "corpus.part", log)
    adopt(folder)
    differing = sum(not book.is_in(raw) for book in books)
    details = DETAILS.format(
        given=len(books),
        listed=len(listed),
        others=f", {differing} of them in another edition" if differing else "",
        counts=counts,
        shared=SHARED,
        phrase=PHRASE,
        hard=HARD_WORDS,
        common=COMMON_WORDS,
        sentence=LONG_SENTENCES,
    )
    run(folder / "corpus", folder, tokens, device, "--from-books", details)


def adopt(folder: Path) -> None:
    """Make `corpus.part` the corpus of this training, unless another one was begun here."""
    fresh, used = folder / "corpus.part", folder / "corpus"
    if not (folder / "tokenizer.ranks").exists():
        shutil.rmtree(used, ignore_errors=True)
        fresh.replace(used)
        return
    old = used / "train.txt"
    if not old.exists() or old.read_bytes() != (fresh / "train.txt").read_bytes():
        raise ValueError(
            f"{folder} holds a training on other stories than those in {fresh}. "
            "Move it away, or choose another folder with --run"
        )
    shutil.rmtree(fresh)


def run(
    corpus: Path,
    folder: Path,
    tokens: int | None,
    device: str,
    source: str = "--corpus DIR",
    details: str = "",
) -> None:
    """Train on `corpus/train.txt`, evaluate on `corpus/valid.txt`, fill `folder/storyteller`.

    source and details go into the model card: how to say where the stories are, and about them.
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
    batch_at = functools.partial(windows_at, ids, recipe, CONFIG.n_positions)
    model, seconds = train(CONFIG, recipe, batch_at, folder, device, log)
    export(model, ranks, folder / "storyteller")
    threads = torch.get_num_threads()
    trained = load(folder / "storyteller")
    result = evaluate(trained, unseen)
    log(str(result))
    facts = {
        "stories": len(stories),
        "ids": len(ids),
        "seconds": seconds,
        "threads": threads,
        "source": source,
        "details": details,
    }
    card = model_card(trained, recipe, facts, device, result)
    (folder / "storyteller" / "MODEL_CARD.md").write_text(card, "utf-8")
    log(f"the model is in {folder / 'storyteller'}")
