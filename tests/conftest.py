import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from cases import PROFILES
from filelock import FileLock
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

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


APART = "tests/quizzes/test_mutants"  # the tests of these files share nothing, and take hours


class ByFile(LoadScopeScheduling):
    """What a file's tests share is made once, so they stay on one of pytest-xdist's workers, and so
    do all that use one JupyterLab and one Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        if path.startswith(APART):
            return nodeid
        return str(Path(path).parent) if path.startswith("tests/browser/") else path


def pytest_xdist_make_scheduler(config, log) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    """Those with a browser take longest, and begin."""
    items.sort(key=lambda item: item.path.parent.name != "browser")


def pytest_terminal_summary(terminalreporter):
    """What tests have recorded: record_property(title of a section, line)."""
    sections = defaultdict(list)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for title, line in report.user_properties:
                    sections[title].append(line)
    for title, lines in sections.items():
        terminalreporter.section(title)
        terminalreporter.write("\n".join(sorted(lines)) + "\n")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """No test depends on which ran before it."""
    torch.manual_seed(0)


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
def lesson_pages(request, tmp_path_factory) -> list[Path]:
    """What `course html` writes, made once for all workers: of the whole course if a test that is
    in `make prove` alone looks at it."""
    from course_utils.author.site import html  # slow to import

    looks = [item for item in request.session.items if "lesson_pages" in item.fixturenames]
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with FileLock(folder / "site.lock"):
        if not (folder / "site").exists():
            course = ROOT
            if not any(item.get_closest_marker("prove") for item in looks):
                course = folder / "of_two_lessons"
                for name in ("00_start_here", "04_top_p"):
                    shutil.copytree(ROOT / "notebooks" / name, course / "notebooks" / name)
                (course / "quizzes").mkdir()
                shutil.copy(ROOT / "quizzes" / "references.md", course / "quizzes")
            list(html(course, folder / "making"))
            (folder / "making").rename(folder / "site")
    return sorted((folder / "site").glob("*.html"))


@pytest.fixture
def patient(monkeypatch):
    """However busy the machine, a cell waits for its first texts."""
    for name in ("PATIENCE", "GLANCE"):
        monkeypatch.setattr(f"course_utils.explore.panel.{name}", 600.0)
