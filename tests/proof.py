"""`make prove`: run every test, and keep in docs/proof.md what ran, how many and how long.

`python tests/proof.py COMMAND…` adds a file for its results to the command, which is pytest's. What
failed or was skipped is named on the page, before all else. What the command left out keeps its row
of the page, with the commit at which it ran: all takes hours, and may run in parts.
"""

import platform
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PAGE_NAME = "docs/proof.md"
PAGE = ROOT / PAGE_NAME
MUTANTS = """## Faulty answers made by program

| Module | Question | Lost points | Full points, and wrong | Right after all |
|---|---|--:|--:|--:|
"""
LESS = {"-k", "-x", "--maxfail", "--lf"}  # of pytest
ROW = re.compile(r"\| \S+ \| .*\d")  # of either table, and none of their heads


def part(case: ElementTree.Element) -> str:
    """tests.grading.attacks.test_limits.TestClass -> grading/attacks/test_limits.

    What could not be imported has its name alone.
    """
    path = (case.get("classname") or case.get("name", "")).split(".")[1:]
    while len(path) > 1 and not file_of("/".join(path)).exists():
        path.pop()
    return "/".join(path)


def processor() -> str:
    names = Path("/proc/cpuinfo")
    lines = names.read_text("utf-8").splitlines() if names.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(named)} × {named[0]}" if named else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that was proven; with what, if the files but this page differ from it."""
    head = git("rev-parse", "--short", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", ".", f":!{PAGE_NAME}")
    dirty = ", with changes that are not committed" if changed else ""
    return head + dirty or "not in a git repository"


def git(*command: str) -> str:
    return subprocess.run(
        ["git", *command], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()


def named(cases: list[ElementTree.Element], *outcomes: str) -> list[str]:
    """A line on each case that ended so, with the first line of why."""
    return [
        f"- {outcomes[0]}: {part(case)} {case.get('name')}: {first_line(found)}"
        for case in cases
        for outcome in outcomes
        if (found := case.find(outcome)) is not None
    ]


def first_line(outcome: ElementTree.Element) -> str:
    return (outcome.get("message") or "without a message").strip().partition("\n")[0]


def ran(cases: list[ElementTree.Element], machine: str) -> dict[str, str]:
    """A row of the first table for each part that ran, by its name."""
    times = defaultdict(list)
    for case in cases:
        times[part(case)].append(float(case.get("time", 0)))
    return {
        name: f"| {name} | {len(seconds)} | {sum(seconds):.0f} | {machine} |"
        for name, seconds in times.items()
    }


def mutants(cases: list[ElementTree.Element]) -> dict[str, str]:
    """The faulty answers that tests/quizzes/mutants.py made: a row for each question."""
    found = [case.find("properties/property[@name='mutants']") for case in cases]
    rows = [row.get("value") for row in found if row is not None]
    return {row.rsplit(" | ", 3)[0]: row for row in rows}


def kept(page: str, parts: Iterable[str]) -> tuple[dict, dict, list[str]]:
    """The rows of both tables, and what failed or was skipped, of a page that is there already, for
    parts that did not run now and still have a file."""
    first, _, second = page.partition(MUTANTS)
    rows = {line.split(" | ")[0][2:]: line for line in first.splitlines() if ROW.match(line)}
    rows = {name: row for name, row in rows.items() if file_of(name).exists()}
    noted = [line for line in first.splitlines() if line.startswith("- ")]
    noted = [line for line in noted if line.split()[2] in rows.keys() - set(parts)]
    faulty = {row.rsplit(" | ", 3)[0]: row for row in second.splitlines() if ROW.match(row)}
    return rows, faulty, noted


def file_of(name: str) -> Path:
    return ROOT / "tests" / f"{name}.py"


def page(cases: list[ElementTree.Element], at: str, before: str) -> str:
    """The page for these test cases of pytest's JUnit file, with what ran `before` of others.

    at: the day and the commit.
    """
    now = ran(cases, f"{at}, Python {platform.python_version()}, {processor()}")
    rows, faulty, noted = kept(before, now)
    rows, faulty = rows | now, faulty | mutants(cases)
    noted += named(cases, "failure", "error") + named(cases, "skipped")
    failed = sum(line.startswith("- failure") for line in noted)
    tests = sum(int(row.split(" | ")[1]) for row in rows.values())
    passed = tests - len(noted)
    slowest_first = sorted(rows.values(), key=lambda row: -int(row.split(" | ")[2]))
    lines = [
        "# What `make prove` proved",
        "",
        f"{passed} tests passed, {failed} failed, {len(noted) - failed} were skipped. A part that "
        "ran again takes the place of its former row.",
        "",
        *([*noted, ""] if noted else []),
        "| Part | Tests | Seconds | When, at which commit, on what |",
        "|---|--:|--:|---|",
        *slowest_first,
        "",
        *([*MUTANTS.splitlines(), *sorted(faulty.values()), ""] if faulty else []),
    ]
    return "\n".join(lines)


def main(command: list[str]) -> int:
    if less := [word for word in command if "::" in word or word in LESS]:
        print(f"{' '.join(less)}: a part is a file or a folder, or its row would tell of less")
        return 2
    at = f"{datetime.now(UTC):%Y-%m-%d}, {commit()}"
    in_parts = any(word.startswith("tests/") for word in command)
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        status = subprocess.run([*command, f"--junitxml={results}"], cwd=ROOT).returncode
        cases = list(ElementTree.parse(results).iter("testcase")) if results.exists() else []
    if cases:
        before = PAGE.read_text("utf-8") if in_parts and PAGE.exists() else ""
        PAGE.write_text(page(cases, at, before), "utf-8")
        print(f"wrote {PAGE}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
