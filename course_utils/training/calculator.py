"""The whole way from nothing but arithmetic to the Calculator's folder with its card."""

import base64
import functools
import platform
import random
from dataclasses import replace
from pathlib import Path

import torch

from course_utils.model.calculator import load
from course_utils.model.gpt import Config
from course_utils.sums import draw_sum, question, working
from course_utils.training.accuracy import SUMS, accuracy, held_out_sums
from course_utils.training.calculator_card import calculator_card
from course_utils.training.export import export
from course_utils.training.train import NO_TARGET, Batch, Recipe, train

END = 256  # end-of-text; the 256 tokens before it are the bytes
CONFIG = Config(vocab_size=END + 1, n_positions=70, n_embd=96, n_layer=3, n_head=4)
RECIPE = Recipe(tokens=96 * 70 * 640, batch=96, bfloat16=False)
ALONE = 0.2  # share of the examples that give the answer alone


def write_ranks(path: Path) -> None:
    """A tokenizer whose tokens are the bytes: a sum is read and written a character at a time."""
    lines = (f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(END))
    path.write_text("".join(lines), "ascii")


def batch_at(recipe: Recipe, context: int, step: int) -> Batch:
    """Sums of a step that are not held out, one a row; only what follows the question is learned.

    (batch, context) int64 ids and targets.
    """
    rng = random.Random(f"{recipe.seed} {step}")
    ids = torch.full((recipe.batch, context + 1), END)
    targets = torch.full((recipe.batch, context), NO_TARGET)
    for row in range(recipe.batch):
        numbers = draw_sum(rng, held_out=False)
        worked = rng.random() >= ALONE
        asked = question(numbers, worked)
        text = asked + (working(numbers, rng) if worked else str(sum(numbers)))
        end = len(text) + 1
        ids[row, 1:end] = torch.tensor(list(text.encode()))
        targets[row, len(asked) : end] = ids[row, len(asked) + 1 : end + 1]
    return ids[:, :-1], targets


log = functools.partial(print, flush=True)


def run(folder: Path, tokens: int | None, device: str) -> None:
    """Train, measure on held-out sums, fill `folder/calculator`.

    Raises ValueError or OSError if `folder` holds the training of another model or cannot be
    written.
    """
    recipe = replace(RECIPE, tokens=tokens) if tokens else RECIPE
    batches = functools.partial(batch_at, recipe, CONFIG.n_positions)
    threads = torch.get_num_threads()
    model, seconds = train(CONFIG, recipe, batches, folder, device, log)
    write_ranks(folder / "tokenizer.ranks")
    export(model, folder / "tokenizer.ranks", folder / "calculator")
    trained = load(folder / "calculator")
    lines = []
    for line in accuracy(trained, held_out_sums(SUMS)):
        log(line)
        lines.append(line)
    hardware = f"{device}, {platform.machine()}, {threads} of its threads"
    card = calculator_card(trained, recipe, ALONE, seconds, hardware, SUMS, "\n".join(lines))
    (folder / "calculator" / "MODEL_CARD.md").write_text(card, "utf-8")
    log(f"the model is in {folder / 'calculator'}")
