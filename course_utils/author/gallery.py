"""The pictures of README's gallery: one of every explorer, for a light and a dark page."""

import re
from collections.abc import Callable
from pathlib import Path

from course_utils import explore
from course_utils.explore.panel import Panel
from course_utils.explore.picture import palette
from course_utils.explore.plots.look import CLASSES

SCHEMES = ("light", "dark")


def distribution() -> Panel:
    panel = explore.Distribution(
        "The king said to his", knobs=("temperature", "top_p"), temperature=0.7
    )
    panel.controls["top_p"].value = 0.7
    panel.controls["sample_100"].click()
    return panel


def pipeline() -> Panel:
    panel = explore.Pipeline()
    panel.controls["roll"].click()
    return panel


def duel() -> Panel:
    """One that was played to its end, by someone who always says A."""
    panel = explore.Duel()
    if panel.job:
        panel.job.join()
    for _ in panel.rounds:
        panel.guess(True)
        if len(panel.guesses) < len(panel.rounds):
            panel.go_on()
    return panel


# The others open with a picture worth showing.
EXAMPLES: dict[str, Callable[[], Panel]] = {
    "Distribution": distribution,
    "Pipeline": pipeline,
    "Duel": duel,
}


def panels() -> list[str]:
    return [name for name in explore.__all__ if issubclass(getattr(explore, name), Panel)]


def gallery(folder: Path) -> list[Path]:
    """Write folder/<explorer>_light.svg and _dark.svg for all, the same to the byte each time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in panels():
        panel = EXAMPLES.get(name, getattr(explore, name))()
        job = panel.job
        if job:
            job.join()
        stem = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
        for scheme, called in enumerate(SCHEMES):
            paths.append(folder / f"{stem}_{called}.svg")
            paths[-1].write_text(alone(panel.svg(), scheme), "utf-8")
        panel.close()
    return paths


def alone(svg: str, scheme: int) -> str:
    """A picture as a file of its own. scheme: 0 for light, 1 for dark."""
    fills = "".join(f".f-{name},.t-{name}{{fill:var(--nt-{name})}}" for name in CLASSES.values())
    font = "text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;white-space:pre}"
    style = f"<style>svg{{{palette(scheme)}}}{fills}{font}</style>"
    return svg.replace(">", f">{style}", 1)
