"""`make prove`: run every test, and keep in docs/proof.md what ran, how many and how long.

`python tests/proof.py COMMAND…` adds a file for its results to the command, which is pytest's. What
failed or was skipped is named on the page, before all else.
"""

import platform
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "proof.md"


def part(case: ElementTree.Element) -> str:
    """tests.grading.attacks.test_limits -> grading/attacks/test_limits."""
    return "/".join(case.get("classname", "").split(".")[1:])


def processor() -> str:
    names = Path("/proc/cpuinfo")
    lines = names.read_text("utf-8").splitlines() if names.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(named)} × {named[0]}" if named else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that was proven; with what, if the files differ from it."""
    command = ["git", "describe", "--always", "--dirty=, with changes that are not committed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "not in a git repository"


def named(cases: list[ElementTree.Element], *outcomes: str) -> list[str]:
    """A line on each case that ended so, with the first line of why."""
    return [
        f"- {outcomes[0]}: {part(case)} {case.get('name')}: {found.get('message').splitlines()[0]}"
        for case in cases
        for outcome in outcomes
        if (found := case.find(outcome)) is not None
    ]


def mutants(cases: list[ElementTree.Element]) -> list[str]:
    """The faulty answers that tests/quizzes/mutants.py made: how many lost points, by question."""
    found = [case.find("properties/property[@name='mutants']") for case in cases]
    rows = sorted(row.get("value") for row in found if row is not None)
    head = [
        "## Faulty answers made by program",
        "",
        "| Module | Question | Lost points | Full points, and wrong | Right after all |",
        "|---|---|--:|--:|--:|",
    ]
    return [*head, *rows, ""] if rows else []


def page(cases: list[ElementTree.Element], minutes: float, day: str) -> str:
    """The page for these test cases of pytest's JUnit file."""
    parts = defaultdict(list)
    for case in cases:
        parts[part(case)].append(float(case.get("time", 0)))
    failed = named(cases, "failure", "error")
    skipped = named(cases, "skipped")
    passed = len(cases) - len(failed) - len(skipped)
    rows = sorted(parts.items(), key=lambda row: -sum(row[1]))
    lines = [
        "# What `make prove` proved",
        "",
        f"{day}, commit {commit()}, Python {platform.python_version()}, {processor()}: "
        f"{passed} tests passed, {len(failed)} failed, {len(skipped)} were skipped, "
        f"{minutes:.0f} minutes with two workers.",
        "",
        *([*failed, ""] if failed else []),
        *([*skipped, ""] if skipped else []),
        "| Part | Tests | Seconds |",
        "|---|--:|--:|",
        *(f"| {name} | {len(times)} | {sum(times):.0f} |" for name, times in rows),
        "",
        *mutants(cases),
    ]
    return "\n".join(lines)


def main(command: list[str]) -> int:
    start = time.monotonic()
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        status = subprocess.run([*command, f"--junitxml={results}"], cwd=ROOT).returncode
        cases = list(ElementTree.parse(results).iter("testcase")) if results.exists() else []
    if cases:
        minutes = (time.monotonic() - start) / 60
        PAGE.write_text(page(cases, minutes, f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
        print(f"wrote {PAGE}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
