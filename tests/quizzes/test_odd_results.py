"""Whatever a learner's function returns, its test ends with points and a reason."""

import itertools
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from bank import MODULES, Module, run

pytestmark = pytest.mark.full

ENDLESS: list = []
ENDLESS.append(ENDLESS)
VALUES = {
    "None": None,
    "a text": "text",
    "NaN": float("nan"),
    "inf": float("inf"),
    "a vast number": 10**5000,
    "a vast number in a list": [10**5000],
    "a vast fraction": Fraction(10**400),
    "no number": Decimal("sNaN"),
    "below 0": -1,
    "True": True,
    "complex": 1j,
    "an empty list": [],
    "lists in a list": [[1], [2, 3]],
    "texts": ["a", "b", "c"],
    "Nones": [None] * 3,
    "a list in itself": ENDLESS,
    "a dict": {"a": [1]},
    "a set": {1, 2},
    "bytes": b"1",
    "an object": object(),
    "a class": int,
    "an exception": ValueError("x"),
    "an empty tensor": torch.tensor([]),
    "a tensor of NaN": torch.full((3,), float("nan")),
    "a tensor of two axes": torch.zeros(2, 2),
    "a meta tensor": torch.zeros(3, device="meta"),
    "a sparse tensor": torch.zeros(3).to_sparse(),
    "a complex tensor": torch.zeros(3, dtype=torch.complex64),
    "a tensor of True": torch.ones(3, dtype=torch.bool),
    "an array of objects": np.array([[1], [2, 3]], dtype=object),
}
LATER = ("None", "a text", "NaN", "lists in a list", "a dict", "a tensor of two axes")
FUNCTION = re.compile(r"^def (\w+)", re.M)
ITEMS = [
    (name, item)
    for name in MODULES
    for item, answers in Module(name).bank.items()
    if answers.kind in ("write", "repair")
]


@pytest.mark.parametrize(("name", "item"), ITEMS, ids=lambda value: value)
def test_no_result_stops_its_test(name, item):
    module = Module(name)
    space, test = module.space({}), module.test(item).source
    function = FUNCTION.findall(module.answers[item].source)[-1]
    right, faults = space[function], []
    for value, every in [*((each, 1) for each in VALUES), *((each, 5) for each in LATER)]:
        calls = itertools.count(1)

        def odd(*args, value=value, every=every, calls=calls):
            return right(*args) if next(calls) % every else VALUES[value]

        try:
            run(test, {**space, function: odd})
        except AssertionError:
            pass
        except Exception as error:
            faults.append(f"{value}, every {every}: {type(error).__name__}: {error}")
    assert faults == []
