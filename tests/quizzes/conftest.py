"""The bank's table is printed at the end of the tests."""

import time

import bank
import pytest

ROWS = pytest.StashKey[list[bank.Row]]()
SECONDS = pytest.StashKey[float]()


@pytest.fixture(scope="session")
def measured(pytestconfig):
    """A function: name of a module -> how its items did. Each module is measured once."""
    pytestconfig.stash[ROWS], pytestconfig.stash[SECONDS] = [], 0.0
    done: dict[str, list[bank.Row]] = {}

    def measure(name: str) -> list[bank.Row]:
        if name not in done:
            start = time.monotonic()
            done[name] = bank.measure(name)
            pytestconfig.stash[SECONDS] += time.monotonic() - start
            pytestconfig.stash[ROWS] += done[name]
        return done[name]

    return measure


def pytest_terminal_summary(terminalreporter, config):
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("the bank of questions")
        terminalreporter.line(bank.table(rows))
        terminalreporter.line(f"{config.stash[SECONDS]:.0f} s")
