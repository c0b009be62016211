"""Faulty versions of right answers, made by program: every one loses points."""

import pytest
from bank import MODULES
from mutants import items, measure, mutants

SOME = 2  # mutants of an item in make test; make prove takes all
ITEMS = [(name, item) for name in MODULES for item in items(name)]


@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_mutants_lose_points(name, item):
    row = measure(name, item, most=SOME)
    assert row.survivors == []
    assert row.killed > 0


@pytest.mark.prove
@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_every_mutant_loses_points_and_there_are_many(name, item, record_property):
    row = measure(name, item)
    counts = f"{row.killed} | {len(row.survivors)} | {len(row.equal)}"
    record_property("mutants", f"| {name} | {item} | {counts} |")  # for docs/proof.md
    assert row.good, [mutant.fault for mutant in row.survivors]


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
