import os
import shutil
from pathlib import Path

import pytest
import torch
from cases import PROFILES
from hypothesis import HealthCheck, settings

from course_utils.cli import ROOT
from course_utils.grading import sandbox
from course_utils.model.storyteller import load

torch.set_num_threads(1)
for name, cases in PROFILES.items():
    settings.register_profile(
        name,
        max_examples=cases,
        derandomize=True,
        deadline=None,  # a busy machine fails no test
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("test")


@pytest.fixture(scope="session")
def storyteller():
    return load()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; a missing one fails in CI and skips on a laptop."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")
    return path


@pytest.fixture(scope="session")
def sandboxed() -> None:
    """A missing sandbox fails in CI and skips on a laptop."""
    if reason := sandbox.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def lesson_pages(tmp_path_factory) -> list[Path]:
    """What `course html` writes of this course."""
    from course_utils.author.site import html  # slow to import

    return list(html(ROOT, tmp_path_factory.mktemp("site")))
