"""The engine beside transformers' `generate`: the same weights, prompt, knobs and thread."""

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import transformers
from transformers import (
    GPT2LMHeadModel,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from course_utils.beam import beam_search
from course_utils.generate import Row, Settings, draw, generate, generate_batch
from course_utils.model.storyteller import HERE, Storyteller, load

PROMPT = "Once upon a time"
NEW = 200
KNOBS = {"temperature": 0.8, "top_k": 50, "top_p": 0.95}
OPENINGS = (
    "Once upon a time there was {}",
    "In a house by the sea lived {}",
    "The king sent for {}",
    '"Open the door," said {}',
    "Far away in the north, {}",
    "It was a cold night, and {}",
    "Nobody in the village had ever seen {}",
    "At last the road brought them to {}",
    "When the moon rose, {}",
    "Deep in the forest stood {}",
)
HEROES = (
    "a poor woodcutter",
    "an old woman with a cat",
    "the youngest son",
    "a little girl",
    "the miller's daughter",
    "a talking fox",
    "two brothers",
    "a giant",
    "the queen's ring",
    "a silver bird",
    "an honest thief",
    "the grey wolf",
    "a boat without a sail",
    "seven small men",
    "a prince in rags",
    "the blind fiddler",
    "an empty castle",
    "a well that spoke",
    "three white horses",
    "the north wind",
)


class Endless(Storyteller):
    """The Storyteller, but no token ends a text: what eos_token_id=None is in transformers."""

    class Tokenizer:
        eot_token = -1

        def __init__(self, tokenizer):
            self.tokenizer = tokenizer

        def __getattr__(self, name):
            return getattr(self.tokenizer, name)

    def encode(self, prompt: str) -> list[int]:
        return load().encode(prompt)


def endless(dtype: torch.dtype) -> Endless:
    model = load(dtype=dtype)
    return Endless(model.gpt, Endless.Tokenizer(model.tokenizer), "cpu")


@dataclass(frozen=True)
class Result:
    what: str
    theirs: str
    ours: str
    ratio: float
    target: str


def side_by_side(theirs: Callable, ours: Callable, repeats: int) -> tuple[float, float, float]:
    """Seconds of each, medians of interleaved runs, and the median ratio of neighbours."""
    ours(), theirs()  # the first run pays for caches and allocations
    pairs = [(timed(theirs), timed(ours)) for _ in range(repeats)]
    theirs_s, ours_s = (statistics.median(side) for side in zip(*pairs, strict=True))
    return theirs_s, ours_s, statistics.median(t / o for t, o in pairs)


def timed(call: Callable) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def generation(repeats: int) -> list[Result]:
    hf = {
        dtype: GPT2LMHeadModel.from_pretrained(HERE, dtype=dtype).eval()
        for dtype in (torch.float32, torch.bfloat16)
    }
    prompt = torch.tensor([load().encode(PROMPT)])

    def theirs(batch: int, dtype: torch.dtype = torch.float32, **how) -> Callable:
        def call() -> None:
            ids = prompt.expand(batch, -1)
            out = hf[dtype].generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=NEW,
                eos_token_id=None,
                pad_token_id=0,
                **how,
            )
            assert out.shape[1] == prompt.shape[1] + NEW

        return call

    def ours(batch: int, dtype: torch.dtype = torch.float32) -> Callable:
        model = endless(dtype)

        def call() -> None:
            for steps in generate_batch(model, [PROMPT] * batch, Settings(**KNOBS), NEW):
                assert None not in steps

        return call

    draw = {"do_sample": True, **KNOBS}
    beam = {"do_sample": False, "num_beams": 4}
    half = torch.bfloat16
    cases = [
        ("sampling, batch 1", 1, theirs(1, **draw), ours(1), "1.5, stretch 2"),
        ("sampling, batch 16", 16, theirs(16, **draw), ours(16), "1.4"),
        (
            "beam search, 4 beams, batch 1",
            1,
            theirs(1, **beam),
            lambda: beam_search(endless(torch.float32), PROMPT, num_beams=4, max_new_tokens=NEW),
            "1.5",
        ),
        ("sampling, batch 1, ours in bfloat16", 1, theirs(1, **draw), ours(1, half), "2"),
        ("sampling, batch 1, both in bfloat16", 1, theirs(1, half, **draw), ours(1, half), ""),
        ("sampling, batch 16, ours in bfloat16", 16, theirs(16, **draw), ours(16, half), ""),
    ]
    results = []
    for what, batch, their_call, our_call, target in cases:
        theirs_s, ours_s, ratio = side_by_side(their_call, our_call, repeats)
        speeds = (f"{batch * NEW / seconds:,.0f} tokens/s" for seconds in (theirs_s, ours_s))
        results.append(Result(what, *speeds, ratio, target))
    return results


def cache(repeats: int) -> list[Result]:
    """The cache against our own loop without it, up to the full context."""
    model = endless(torch.float32)
    new = model.gpt.config.n_positions - len(model.encode(PROMPT))

    def loop(cached: bool) -> list[float]:
        """When each token came."""
        steps = generate(model, PROMPT, Settings(**KNOBS), new, cache=cached)
        return [time.perf_counter(), *(time.perf_counter() for _ in steps)]

    loop(True)
    pairs = [(loop(False), loop(True)) for _ in range(repeats)]
    whole = statistics.median((a[-1] - a[0]) / (b[-1] - b[0]) for a, b in pairs)
    costs = [[after - before for before, after in pairwise(loop(True)[1:])] for _ in range(5)]
    costs = [statistics.median(column) for column in zip(*costs, strict=True)]
    first, last = statistics.median(costs[:50]), statistics.median(costs[-50:])
    without, with_cache = (
        f"{new / statistics.median(side[-1] - side[0] for side in sides):,.0f} tokens/s"
        for sides in zip(*pairs, strict=True)
    )
    name = f"cache against none, to length {model.gpt.config.n_positions}"
    flat = "time a token: last 50 against first 50 of the context"
    return [
        Result(name, without, with_cache, whole, "7"),
        Result(flat, f"{first * 1e6:,.0f} µs", f"{last * 1e6:,.0f} µs", last / first, "flat"),
    ]


def one_step(repeats: int) -> list[Result]:
    """Temperature, top-k, top-p and the draw, on given logits."""
    warpers = LogitsProcessorList(
        [TemperatureLogitsWarper(0.8), TopKLogitsWarper(50), TopPLogitsWarper(0.95)]
    )
    settings, results = Settings(**KNOBS), []
    for vocab in (4096, 151_936):
        for batch in (1, 64):
            logits = 4 * torch.randn(batch, vocab, generator=torch.Generator().manual_seed(batch))
            rows = [Row(load(), PROMPT, seed) for seed in range(batch)]

            def theirs(x=logits):
                return torch.multinomial(warpers(None, x).softmax(dim=-1), 1)

            def ours(x=logits, rows=rows):
                return draw(settings, x, rows)

            times = repeats * (200 if batch * vocab < 1e6 else 3)
            theirs_s, ours_s, ratio = side_by_side(theirs, ours, times)
            what = f"one sampling step, vocabulary {vocab:,}, batch {batch}"
            spans = (f"{seconds * 1e6:,.0f} µs" for seconds in (theirs_s, ours_s))
            results.append(Result(what, *spans, ratio, "3"))
    return results


def ceiling(tokens_a_second: float) -> str:
    """How near generation at batch 1 is to reading all weights once a token and doing no more."""
    block = torch.ones(2**26)
    block.sum()
    bandwidth = block.nbytes / min(timed(block.sum) for _ in range(5))
    weights = sum(p.nbytes for name, p in load().gpt.named_parameters() if name != "wpe.weight")
    share = tokens_a_second * weights / bandwidth
    return (
        f"Memory: {bandwidth / 1e9:.0f} GB/s read by one thread, {weights / 1e6:.1f} MB of float32 "
        f"weights a token: at most {bandwidth / weights:,.0f} tokens/s from memory at batch 1. "
        f"Sampling at batch 1 reaches {share:.0%} of that."
    )


def same_texts() -> list[str]:
    """Of 200 texts of 60 tokens, how many are equal alone, in a batch, and without a cache."""
    model, settings = load(), Settings(**KNOBS)
    prompts = [opening.format(hero) for opening in OPENINGS for hero in HEROES]
    assert len(set(prompts)) == 200

    def tokens(steps) -> list[int]:
        return [step.token for step in steps if step]

    def batches(size: int) -> list[list[int]]:
        texts = []
        for first in range(0, len(prompts), size):
            seeds = range(first, min(first + size, len(prompts)))
            some = [prompts[i] for i in seeds]
            grown = list(generate_batch(model, some, settings, 60, seeds))
            texts += [tokens(column) for column in zip(*grown, strict=True)]
        return texts

    alone = batches(1)
    anew = [tokens(generate(model, p, settings, 60, i, cache=False)) for i, p in enumerate(prompts)]
    again = batches(1)
    sides = {
        "run again": again,
        "in batches of 7": batches(7),
        "in batches of 64": batches(64),
        "without cache": anew,
    }
    return [
        f"{sum(a == b for a, b in zip(alone, texts, strict=True))} of {len(prompts)} {name}"
        for name, texts in sides.items()
    ]


def setup() -> str:
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo") as info:
            model = next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        model = platform.processor() or model
    return (
        f"{model}, {torch.get_num_threads()} thread, torch {torch.__version__}, "
        f"transformers {transformers.__version__}, Python {platform.python_version()}. "
        f"Generation: {NEW} new tokens after “{PROMPT}”, float32 and cached but where it says "
        f"otherwise, {', '.join(f'{name} {value}' for name, value in KNOBS.items())}, no "
        "end-of-text. Runs are interleaved; times are medians, ratios the median of neighbouring "
        "pairs."
    )
