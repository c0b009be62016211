"""Print every benchmark, and write the tables to RESULTS.md: `make bench`."""

import argparse
from pathlib import Path

import engine
import explorers
import grading
import runtimes
import scoring
import startup
import torch
from transformers.utils import logging

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="interleaved runs of each pair")
    repeats = parser.parse_args().repeats
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    first, others = runtimes.sampling(repeats)
    results = [first, *engine.generation(repeats)]
    results += engine.cache(min(repeats, 3)) + engine.one_step(repeats)
    speed = float(first.ours.split()[0].replace(",", ""))
    inside, ceiling = engine.draw_in_loop(repeats), engine.ceiling(speed)
    texts = ", ".join(engine.same_texts())
    results += explorers.explorers() + explorers.large_vocabulary()
    started = startup.startup()
    graded, classes = grading.grading(min(repeats, 3))
    results += [*graded, scoring.scoring(min(repeats, 3))]
    rows = [
        f"| {r.what} | {r.theirs} | {r.ours} | **{r.ratio:.2f}** | {r.target} |" for r in results
    ]
    text = "\n".join(
        [
            "# Results of the last `make bench`",
            "",
            engine.setup(),
            "",
            "| | theirs | ours | ratio | target |",
            "|---|---:|---:|---:|---|",
            *rows,
            "",
            others,
            "",
            inside,
            "",
            ceiling,
            "",
            f"Texts of 60 tokens equal to those made alone: {texts}.",
            "",
            started,
            "",
            classes,
            "",
        ]
    )
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
