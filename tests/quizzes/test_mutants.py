"""Faulty versions of right answers, made by program: every one loses points."""

from pathlib import Path

import pytest
from bank import MODULES
from mutants import items, measure, mutants

FULL = {"marks": pytest.mark.full}
ITEMS = [
    pytest.param(name, item, **(FULL if i else {}))
    for name in MODULES
    for i, item in enumerate(items(name))
]


# Of one item a module, in CI of each; make prove takes all mutants, in a file a module.
@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_mutants_lose_points(name, item):
    row = measure(name, item, most=2)
    assert row.survivors == []
    assert row.killed > 0


def test_every_module_is_proven():
    files = {path.stem for path in Path(__file__).parent.glob("test_mutants_*.py")}
    assert files == {f"test_mutants_{name}" for name in MODULES if items(name)}


def test_a_fault_is_made_at_every_place():
    source = "def f(x):\n    if x > 1:\n        x = x[1:]\n    return min(x, 2) + 3"
    made = {mutant.fault: mutant.source for mutant in mutants(source, range(1, 5))}
    assert "if x >= 1" in made["line 2: compared by GtE"]
    assert "if True" in made["line 2: always"]
    assert "x = x[:]" in made["line 3: no lower of a slice"]
    assert "pass" in made["line 3: left out"]
    assert "max(x, 2)" in made["line 4: min to max"]
    assert "min(x, 2) - 3" in made["line 4: Add to Sub"]
    assert "return None" not in made["line 4: returns None"]  # a bare return
    assert len(set(made.values())) == len(made) >= 20
