"""The distribution explorer beside plain `interact` and `plt.show()` of the same picture, and every
explorer that draws at a slider with the largest of today's vocabularies."""

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from engine import Result
from nbclient import NotebookClient
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import small  # noqa: E402

from tests.browser.conftest import NO_NETWORK, Lab, serve, setting  # noqa: E402

MOVES = 200
KEYS = 40
REST = 250  # milliseconds between two keys, so that each finds an idle kernel

ONE_THREAD = """\
import torch

torch.set_num_threads(1)
"""

OURS = """\
from course_utils import explore

panel = explore.Distribution("Once upon a time")
slider = panel.controls["temperature"]
panel
"""

THEIRS = """\
%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact
from course_utils.explore.distribution import State, bars
from course_utils.explore.following import follow
from course_utils.explore.plots.look import INK, KEPT, percent
from course_utils.generate import Settings

at = follow("Once upon a time")
nothing = torch.zeros(len(at.tokens), dtype=torch.int64)
slider = FloatSlider(value=1, min=0, max=3, step=0.05)


@interact(temperature=slider)
def draw(temperature):
    state = State(at.tokens, at.logits, at.order, Settings(temperature), nothing)
    rows = bars(state)
    figure, axes = plt.subplots(figsize=(7, 4.65))
    places = range(len(rows))
    axes.barh(places, [row.after for row in rows], 0.48, color=KEPT)
    axes.barh(places, [row.before for row in rows], 0.72, facecolor="none", edgecolor=INK)
    axes.set_yticks(places, [row.label for row in rows])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    for place, row in zip(places, rows):
        axes.text(max(row.before, row.after) + 0.025, place, percent(row.after), va="center")
    axes.set(xlim=(0, 1), xlabel="solid: now   ·   outline: temperature 1")
    axes.invert_yaxis()
    figure.suptitle(f"Temperature {temperature:.2f}")
    axes.set_title("  ·  ".join(state.measures))
    plt.show()
"""

# `set_state` is what a message from the page ends in.
TIMED = f"""\
import json, time


def move(value):
    start = time.perf_counter()
    slider.set_state({{"value": value}})
    return time.perf_counter() - start


times = [move(0.05 + i * 37 % 59 * 0.05) for i in range({MOVES + 10})]
print(json.dumps(times[10:]))
"""

# A move of a knob until its texts stand: three of 40 tokens.
TEXTS = """\
from course_utils import explore

panel = explore.Playground()
slider = panel.controls["temperature"]
"""

THEIR_TEXTS = """\
from ipywidgets import FloatSlider, interact
from course_utils import storyteller
from course_utils.generate import Settings, generate_batch

slider = FloatSlider(value=1, min=0, max=3, step=0.05)


@interact(temperature=slider)
def write(temperature):
    prompts, settings = ["Once upon a time"] * 3, Settings(temperature=temperature)
    steps = generate_batch(storyteller.load(), prompts, settings, 40, [0, 1, 2])
    texts = zip(*[[step.text if step else "" for step in row] for row in steps])
    print(*map("".join, texts), sep="\\n\\n")
"""

UNTIL_WRITTEN = """\
import json, time


def move(value):
    start = time.perf_counter()
    slider.set_state({"value": value})
    if "panel" in globals() and panel.job:
        panel.job.join()
    return time.perf_counter() - start


times = [move(0.05 + i * 37 % 59 * 0.05) for i in range(25)]
print(json.dumps(times[5:]))
"""

# Explorers that draw where a slider stands; the others let the model write anew.
SLIDERS = {
    "Distribution": "top_p",
    "AdaptiveCutoff": "temperature",
    "Penalties": "repetition_penalty",
    "BeamTree": "length_penalty",
}
KNOBS = {"Distribution": 'knobs=("temperature", "top_k", "top_p", "min_p"), '}
VOCABULARY = 151_936

ANY_MODEL = """\
from course_utils import explore, model

slider = explore.{explorer}({knobs}model=model.load({folder!r})).controls[{slider!r}]
"""

ANY_SLIDER = """\
import json, time


def move(i):
    start = time.perf_counter()
    slider.set_state({"value": slider.min + slider.step * (1 + i * 37 % 19)})
    return time.perf_counter() - start


times = [move(i) for i in range(50)]
print(json.dumps(times[10:]))
"""

# Milliseconds by the clock of the page: from a key's event to the frame after the next picture,
# which is an image that has loaded, or an SVG that is in its place.
WATCH = """() => {
    window.times = [];
    let pressed = null;
    document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
    const shown = () => requestAnimationFrame(() => {
        if (pressed !== null) times.push(performance.now() - pressed);
        pressed = null;
    });
    document.addEventListener('load', event => event.target.tagName === 'IMG' && shown(), true);
    const svg = document.querySelector('.nt-picture .image');
    if (svg) new MutationObserver(shown).observe(svg, {childList: true});
}"""


def explorers() -> list[Result]:
    """Times from a move to its picture: in the kernel alone, and in Chromium from a key."""
    what = "Distribution, 4,096 tokens, "
    theirs, ours = in_kernel(THEIRS), in_kernel(OURS)
    keys = in_chromium(THEIRS, OURS)
    texts = [in_kernel(code, UNTIL_WRITTEN) for code in (THEIR_TEXTS, TEXTS)]
    return [
        row(what + "slider to picture in the kernel", theirs, ours, "25 ms"),
        row(what + "the same, 95th percentile", theirs, ours, "45 ms", late),
        row(what + "key to picture in Chromium", *keys, "70 ms"),
        row("Playground, a move until its 3 texts of 40 tokens stand", *texts, "250 ms"),
    ]


def large_vocabulary() -> list[Result]:
    """Times from a move to its picture in the kernel: the Storyteller's tokens beside 151,936.

    The model is random and small, as only what follows its logits is measured.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        small.save(Path(folder), "qwen3", vocab_size=VOCABULARY)
        for explorer, slider in SLIDERS.items():
            few, many = (
                in_kernel(
                    ANY_MODEL.format(
                        explorer=explorer,
                        knobs=KNOBS.get(explorer, ""),
                        folder=name,
                        slider=slider,
                    ),
                    ANY_SLIDER,
                )
                for name in ("storyteller", folder)
            )
            what = f"{explorer}, {slider}, 4,096 tokens beside {VOCABULARY:,}"
            rows.append(row(what, few, many, "60 ms"))
    return rows


def row(
    what: str,
    theirs: Sequence[float],
    ours: Sequence[float],
    target: str,
    summed: Callable[[Sequence[float]], float] = statistics.median,
) -> Result:
    their_s, our_s = summed(theirs), summed(ours)
    return Result(what, f"{their_s * 1e3:.0f} ms", f"{our_s * 1e3:.0f} ms", their_s / our_s, target)


def late(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def in_kernel(code: str, timed: str = TIMED) -> list[float]:
    """Seconds of each move of the slider, in a kernel with no page to look at it."""
    cells = [nbformat.v4.new_code_cell(source) for source in (ONE_THREAD, code, timed)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=300, resources=place).execute()
    (said,) = [out.text for out in cells[-1].outputs if out.get("name") == "stdout"]
    return json.loads(said)


def in_chromium(*codes: str) -> list[list[float]]:
    """Seconds from each key to its picture, for the slider that each code shows."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folders = [Path(scratch, name) for name in ("course", "home", "profile")]
        for folder in folders:
            folder.mkdir()
        with serve(*folders[:2]) as (url, token, learner):
            setting(url, token, "notification", {"fetchNews": "false"})
            browser = playwright.chromium.launch_persistent_context(
                folders[2],
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=NO_NETWORK,
                viewport={"width": 1280, "height": 800},
            )
            lab = Lab(url, token, learner, browser.pages[0], folders[1])
            times = [press_keys(lab, f"{i}.ipynb", code) for i, code in enumerate(codes)]
            browser.close()
    return times


def press_keys(lab: Lab, name: str, code: str) -> list[float]:
    page = lab.open(lab.write(name, f"# %%\n{ONE_THREAD}\n{code}"))
    handle = page.locator(".noUi-handle")
    handle.wait_for(timeout=20_000)
    page.wait_for_timeout(1_000)
    page.evaluate(WATCH)
    handle.focus()
    for i in range(KEYS):
        page.keyboard.press("ArrowRight" if i < KEYS / 2 else "ArrowLeft")
        page.wait_for_function("count => times.length >= count", arg=i + 1, timeout=10_000)
        page.wait_for_timeout(REST)
    return [milliseconds / 1e3 for milliseconds in page.evaluate("times")]


def main() -> None:
    for r in explorers() + large_vocabulary():
        print(f"| {r.what} | {r.theirs} | {r.ours} | **{r.ratio:.2f}** | {r.target} |")


if __name__ == "__main__":
    main()
