"""The engine beside transformers' `generate`: the same weights, prompt, knobs and thread.

Times are the processor's, of one thread: what else the machine does counts as little as may be.
"""

import functools
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import process_time
from unittest import mock

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
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # the last one is ARM's
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


def interleaved(calls: Sequence[Callable], repeats: int) -> list[tuple[float, ...]]:
    """Seconds of each call: a tuple a call, of runs that took turns with those of the others."""
    for call in calls:
        call()  # the first run pays for caches and allocations
    return list(zip(*([timed(call) for call in calls] for _ in range(repeats)), strict=True))


def side_by_side(theirs: Callable, ours: Callable, repeats: int) -> tuple[float, float, float]:
    """Seconds of each, medians of interleaved runs, and the median ratio of neighbours."""
    sides = interleaved((theirs, ours), repeats)
    return *map(statistics.median, sides), neighbours(*sides)


def neighbours(theirs: Sequence[float], ours: Sequence[float]) -> float:
    return statistics.median(t / o for t, o in zip(theirs, ours, strict=True))


def timed(call: Callable) -> float:
    start = process_time()
    call()
    return process_time() - start


@functools.cache
def hf(dtype: torch.dtype) -> GPT2LMHeadModel:
    return GPT2LMHeadModel.from_pretrained(HERE, dtype=dtype).eval()


def by_transformers(batch: int, dtype: torch.dtype = torch.float32, **how) -> Callable:
    prompt = torch.tensor([load().encode(PROMPT)])

    def call() -> None:
        ids = prompt.expand(batch, -1)
        out = hf(dtype).generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=NEW,
            eos_token_id=None,
            pad_token_id=0,
            **how,
        )
        assert out.shape[1] == prompt.shape[1] + NEW

    return call


def by_course(batch: int, dtype: torch.dtype = torch.float32) -> Callable:
    model = endless(dtype)

    def call() -> None:
        for steps in generate_batch(model, [PROMPT] * batch, Settings(**KNOBS), NEW):
            assert None not in steps

    return call


SAMPLING = {"do_sample": True, **KNOBS}


def generation(repeats: int) -> list[Result]:
    """All but sampling at batch 1 in float32, which `runtimes` has."""
    theirs, ours, half = by_transformers, by_course, torch.bfloat16
    beam = {"do_sample": False, "num_beams": 4}
    here = f"on {processor()}"
    before = "the first edition's {:.2f} on a Xeon, {:.2f} on an EPYC"
    cases = [
        (
            "sampling, batch 16",
            16,
            theirs(16, **SAMPLING),
            ours(16),
            before.format(1.90, 2.03),
        ),
        (
            "beam search, 4 beams, batch 1",
            1,
            theirs(1, **beam),
            lambda: beam_search(endless(torch.float32), PROMPT, num_beams=4, max_new_tokens=NEW),
            before.format(1.85, 2.34),
        ),
        (
            f"sampling, batch 1, ours in bfloat16, {here}",
            1,
            theirs(1, **SAMPLING),
            ours(1, half),
            "2",
        ),
        (
            f"sampling, batch 1, both in bfloat16, {here}",
            1,
            theirs(1, half, **SAMPLING),
            ours(1, half),
            "",
        ),
        (
            f"sampling, batch 16, ours in bfloat16, {here}",
            16,
            theirs(16, **SAMPLING),
            ours(16, half),
            "",
        ),
    ]
    return [
        against_transformers(what, batch, interleaved(calls, repeats), target)
        for what, batch, *calls, target in cases
    ]


def against_transformers(
    what: str, batch: int, sides: Sequence[Sequence[float]], target: str
) -> Result:
    speeds = (f"{batch * NEW / statistics.median(side):,.0f} tokens/s" for side in sides)
    return Result(what, *speeds, neighbours(*sides), target)


def cache(repeats: int) -> list[Result]:
    """The cache against our own loop without it, up to the full context."""
    model = endless(torch.float32)
    new = model.gpt.config.n_positions - len(model.encode(PROMPT))

    def loop(cached: bool) -> list[float]:
        """When each token came."""
        steps = generate(model, PROMPT, Settings(**KNOBS), new, cache=cached)
        return [process_time(), *(process_time() for _ in steps)]

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


def draw_in_loop(repeats: int) -> str:
    """What a draw takes between two steps of the model, and over again with nothing between."""
    spent, drawn, logits = [], [], []

    def watched(settings: Settings, x: torch.Tensor, rows: list[Row]):
        start = process_time()
        result = draw(settings, x, rows)
        spent.append(process_time() - start)
        drawn.extend(result[0])
        logits.append(x)
        return result

    def hot() -> float:
        settings, rows = Settings(**KNOBS), [Row(load(), PROMPT, 0)]
        start = process_time()
        tokens = [draw(settings, x, rows)[0][0] for x in logits]
        seconds = process_time() - start
        assert tokens == drawn
        return seconds

    call, runs = by_course(1), []
    call()
    for _ in range(repeats):
        for held in (spent, drawn, logits):
            held.clear()
        with mock.patch("course_utils.generate.draw", watched):
            whole = timed(call)
        runs.append((sum(spent) / NEW, hot() / NEW, sum(spent) / whole))
    inside, alone, share = map(statistics.median, zip(*runs, strict=True))
    return (
        f"The draw takes {inside * 1e6:,.0f} µs a token inside the loop, {share:.0%} of the whole, "
        f"and {alone * 1e6:,.0f} µs hot: the same draws from the same logits, one after the other."
    )


def ceiling(tokens_a_second: float) -> str:
    """How near generation at batch 1 is to reading all weights once a token and doing no more."""
    weights = load().gpt.named_parameters()
    read = [p.detach().flatten() for name, p in weights if p.ndim == 2 and name != "wpe.weight"]
    size = sum(p.nbytes for p in read)
    best = min(timed(lambda: [p.dot(p) for p in read]) for _ in range(50))
    return (
        f"Memory: the {size / 1e6:.1f} MB of float32 matrices that a token needs, read one after "
        f"the other by one thread at {size / best / 1e9:.0f} GB/s, allow {1 / best:,.0f} tokens/s "
        f"at batch 1. Sampling reaches {tokens_a_second * best:.0%} of that: its products read the "
        "same numbers in float16, half as much."
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


@functools.cache
def processor() -> str:
    """Its name, and which instructions it has for bfloat16."""
    name = platform.processor() or platform.machine() or "an unknown processor"
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return name
    info = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    has = (info.get("flags") or info.get("Features", "")).split()
    flags = [flag for flag in BFLOAT16_FLAGS if flag in has]
    return f"{info.get('model name', name)} with {' and '.join(flags) or 'no bfloat16'}"


def setup() -> str:
    return (
        f"{processor()}, {torch.get_num_threads()} thread, torch {torch.__version__}, "
        f"transformers {transformers.__version__}, Python {platform.python_version()}. "
        f"Generation: {NEW} new tokens after “{PROMPT}”, float32 and cached but where it says "
        f"otherwise, {', '.join(f'{name} {value}' for name, value in KNOBS.items())}, no "
        "end-of-text. Seconds of generation and of sampling steps are the processor's. Runs are "
        "interleaved; times are medians, ratios the median of neighbouring runs."
    )
