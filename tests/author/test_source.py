"""What a cell uses, binds and imports, which decides what runs before it."""

import pytest

from course_utils.author.source import needs

NEEDS = {
    "x = 1\ny = x": "",
    "y = x\nx = 1": "x",
    "x += 1": "x",
    "x[0] = 1": "x",
    "(a, b), c[0] = z\ny = a": "c z",
    "a = b = c\ny = a, b": "c",
    "import os.path as p, sys\ny = p, sys, os": "os",
    "for i in r:\n    y = i\ny = i": "r i",
    "for i in r:\n    x = i\n    y = x": "r",
    "if a:\n    x = 1\ny = x": "a x",
    "if a:\n    x = 1\n    y = x\nelse:\n    y = z": "a z",
    "while t:\n    t = 0\nelse:\n    y = u": "t u",
    "try:\n    x = 1\nexcept E:\n    y = x\nfinally:\n    y = z": "E x z",
    "with o:\n    x = 1\ny = x": "o x",
    "match v:\n    case 1:\n        y = w": "v w",
    # A function reads its names when it is called, whatever is bound by then.
    "def f(n):\n    return f(n - 1) + g": "f g",
    "x = 1\ndef f():\n    return x": "x",
    "k = 1\ny = lambda: k": "k",
    "k = 1\ny = (k for n in ())": "k",
    "def f(x, old=f):\n    return x": "f",
    "@wraps(f)\ndef f(x):\n    return x": "wraps f",
    "class A:\n    k = k": "k",
    "k = 1\nclass A(B):\n    def f(self):\n        return k": "B k",
    "d = {}\nd[sum(0 for m in (1, 2))] = 1\ny = m": "sum m",
    "del x\nx = 1": "x",
    "x = 1\ndel x\ny = x": "x",
    "y = [n for n in z if n in k]": "z k",
    "y = f'{x}'": "x",
    "%run x": "run x",  # no Python: any word may be a name
    "y = (" + "(" * 5000: "y",
}


@pytest.mark.parametrize("source", NEEDS)
def test_a_cell_needs_what_it_may_read_before_it_binds_it(source):
    """Of a name that is local to a comprehension alone it may say so too: one cell more runs."""
    assert needs(source)[0] - {"n"} == set(NEEDS[source].split())


def test_what_a_cell_changes_in_place_it_gives_as_what_it_binds():
    source = "x[0].y = z\ndel u.v\nw[1] += 1\ndef f(a):\n    a[0] = b[1]\n"
    assert needs(source)[1] == {"x", "u", "w", "f"}


@pytest.mark.parametrize("source", ["y = eval('x')", "from __future__ import annotations\ny: x"])
def test_where_names_may_stand_in_texts_every_word_counts(source):
    assert "x" in needs(source)[0]
