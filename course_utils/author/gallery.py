"""The pictures of README's gallery: one of every explorer."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from course_utils import explore
from course_utils.explore.panel import Panel


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
    """Write folder/<explorer>.png for every explorer, the same to the byte each time."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in panels():
        panel = EXAMPLES.get(name, getattr(explore, name))()
        job = panel.job
        if job:
            job.join()
        paths.append(folder / f"{re.sub('(?<!^)(?=[A-Z])', '_', name).lower()}.png")
        # The page gets its pictures quickly; these are to be small.
        Image.open(io.BytesIO(panel.png())).save(paths[-1], optimize=True)
        panel.close()
    return paths
