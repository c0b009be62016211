"""Print every benchmark, and write the tables to RESULTS.md after each part: `make bench`."""

import argparse
from pathlib import Path

import engine
import explorers
import grading
import runtimes
import scoring
import startup
import torch
from engine import Result
from transformers.utils import logging

RESULTS = Path(__file__).with_name("RESULTS.md")
TABLE = "| | theirs | ours | ratio | target |\n|---|---:|---:|---:|---|"


def engines(repeats: int) -> tuple[list[Result], list[str]]:
    first, others = runtimes.sampling(repeats)
    results = [first, *engine.generation(repeats)]
    results += engine.cache(min(repeats, 3)) + engine.one_step(repeats)
    speed = float(first.ours.split()[0].replace(",", ""))
    inside, ceiling = engine.draw_in_loop(repeats), engine.ceiling(speed)
    texts = ", ".join(engine.same_texts())
    alike = f"Texts of 60 tokens equal to those made alone: {texts}."
    return results, [others, inside, ceiling, alike]


def pictures(repeats: int) -> tuple[list[Result], list[str]]:
    return explorers.explorers() + explorers.large_vocabulary(), [startup.startup()]


def scores(repeats: int) -> tuple[list[Result], list[str]]:
    graded, classes = grading.grading(min(repeats, 3))
    return [*graded, scoring.scoring(min(repeats, 3))], [classes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="interleaved runs of each pair")
    repeats = parser.parse_args().repeats
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    setup, rows, notes = engine.setup(), [], []
    for part in (engines, pictures, scores):
        results, said = part(repeats)
        rows += [
            f"| {r.what} | {r.theirs} | {r.ours} | **{r.ratio:.2f}** | {r.target} |"
            for r in results
        ]
        notes += said
        parts = ["# Results of the last `make bench`", setup, "\n".join([TABLE, *rows]), *notes]
        text = "\n\n".join(parts) + "\n"
        print(text, flush=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
