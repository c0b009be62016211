"""The run table, printed at the end: how long each lesson takes, and how much memory."""

import pytest

RUNS = pytest.StashKey[dict[str, tuple[float, int]]]()


@pytest.fixture(scope="session")
def run_table(pytestconfig) -> dict[str, tuple[float, int]]:
    """Lesson -> seconds from top to bottom, and its kernel's highest memory in bytes."""
    return pytestconfig.stash.setdefault(RUNS, {})


def pytest_terminal_summary(terminalreporter, config):
    runs = config.stash.get(RUNS, {})
    if runs:
        terminalreporter.section("lessons, from top to bottom")
        for name, (seconds, peak) in runs.items():
            terminalreporter.line(f"{name:<18} {seconds:5.1f} s {peak / 2**30:6.2f} GB")
        terminalreporter.line(f"{'all':<18} {sum(s for s, _ in runs.values()):5.1f} s")
