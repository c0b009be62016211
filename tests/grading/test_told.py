"""Once a hidden test has run, feedback holds nothing that depends on what it gave."""

import base64
import codecs
import textwrap

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.grading import plugin, separate, told

pytestmark = pytest.mark.grading

SETUP = "import torch\nfrom course_utils import quiz as check"


def quiz(name: str, source: str, **meta) -> nbformat.NotebookNode:
    mark = {"grade_id": name, "grade": False, "solution": False, "locked": False} | meta
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, **mark}})


# Each is a function that gets the secret, a text or a number, and tries to have it told.
HOSTILE = {
    "returns it": "return x",
    "prints it": "print(x); return 0",
    "prints it in other words": "print(' '.join(map(str, map(ord, str(x))))); return 0",
    "warns of it": "import warnings, sys; warnings.warn(str(x)); print(x, file=sys.stderr)",
    "raises it": "raise ValueError(x)",
    "raises it reversed": "raise ValueError(str(x)[::-1])",
    "raises it as a key": "raise KeyError(x)",
    "raises a type of its name": "raise type('E' + str(x).encode().hex(), (Exception,), {})()",
    "raises it in many words": "raise ValueError('[ok] '.join(str(x)))",
    "raises the author's words": "raise ValueError('Twice 2 is 4. ' * (len(str(x)) + 1))",
    "raises it as a syntax error": "raise SyntaxError(x, ('f', 1, len(str(x)), str(x)))",
    "raises it after lines": "raise ValueError('\\n' * 300 + str(x))",
    "raises an assertion": "raise AssertionError(x)",
    "exits with it": "raise SystemExit(x)",
    "returns a type of its name": "return type('T' + str(x).encode().hex(), (), {})()",
    "returns it in a list": "return [type('T' + str(x).encode().hex(), (), {})()]",
    "returns it as a key": "return {type('T' + str(x).encode().hex(), (), {})(): 1}",
    "returns it as a shape": "return torch.zeros([ord(c) % 3 + 2 for c in str(x)][:4])",
    "returns it as a length": "return [0] * sum(map(ord, str(x)))",
    "returns it as a number": "return int(str(x).encode().hex(), 16) % 2**53",
    "returns it as a tensor": "return torch.tensor([float(ord(c)) for c in str(x)])",
    "returns it as base64": "import base64; return base64.b64encode(str(x).encode()).decode()",
    "returns it as a line of a check": "return f'[ok] {x}'",
    "returns it doubled": "return [x, x]",
    "keeps it in a name": "global kept; kept = str(x); return 0",
    "keeps it in a number": "global kept_number; kept_number = float(len(str(x)) * 7); return 0",
    "keeps it in a type": "global kind; kind = type('K' + str(x).encode().hex(), (), {})()",
    "changes what it was given": "x.append(x[0]) if type(x) is list else None; return x",
    "returns words with it": "return ' '.join(w + str(x) for w in 'Each element.'.split())",
    "makes the points of it": "return float(len(str(x)))",
}
TEST = """
def example():
    check.gives({f}, 2, expect=4, why="Twice 2 is 4.")

points = 1.0 * check.passes("the example", example)
points += check.passes("two values", check.gives, {f}, [1], expect=[1, 1], why="A list doubles.")
### BEGIN HIDDEN TESTS
secret = {secret!r}
points += check.passes("the secret", check.gives, {f}, secret, expect=2, why="Each element.")
points += check.passes(
    "a tensor", check.close, {f}, secret, expect=[[2.0], [4.0]], why=f"With {{secret}} too."
)
try:
    check.text({f}(secret), "a right text", dict(), "Look at the text again.")
except AssertionError as reason:
    print(reason)
assert {f}(secret) == 4, f"Of {{secret}} it makes {{{f}(secret)}}."
### END HIDDEN TESTS
float(min(points, 3))
"""
LATER = """
check.number(kept_number, 3.0, 0.1, dict(), "Count again.")
### BEGIN HIDDEN TESTS
assert True
### END HIDDEN TESTS
"""
VISIBLE = "check.text(kept, 'right', dict(), 'Read it again.')"


def notebook(secret: object, functions: dict[str, str], count: int = 1) -> nbformat.NotebookNode:
    cells = [quiz("setup", SETUP, locked=True)]
    for i, body in enumerate(functions.values()):
        name = f"f{i}"
        cells.append(quiz(name, f"import torch\ndef {name}(x):\n    {body}", solution=True))
        test = TEST.format(f=name, secret=secret)
        cells.append(quiz(f"{name}_test", test, grade=True, locked=True, points=3))
    for i, test in enumerate([VISIBLE, LATER, "kind + 1", "print(kept)"]):
        cells.append(quiz(f"later{i}", test, grade=True, locked=True, points=1))
    cells.append(new_code_cell("print(kept)"))
    return new_notebook(cells=cells)


def page(secret: object, functions: dict[str, str]) -> list:
    """The outputs of each code cell as feedback shows them."""
    made = notebook(secret, functions)
    separate.execute(made, sandbox=False, seconds=60)
    made, _ = plugin.HideTests().preprocess(made, {})
    return [cell.outputs for cell in made.cells]


def transformed(secret: object) -> set[str]:
    text = str(secret)
    data = text.encode()
    return {
        *(
            text,
            text[::-1],
            data.hex(),
            base64.b64encode(data).decode(),
            codecs.encode(text, "rot13"),
        ),
        *(" ".join(map(str, data)), str(list(data)), str([float(c) for c in data]), "-".join(text)),
        *(str(len(text) * 7), str(sum(data)), str(int(data.hex(), 16) % 2**53)),
        str(tuple(c % 3 + 2 for c in data[:4])),
    }


@pytest.mark.slow
def test_nothing_on_the_page_depends_on_what_a_hidden_test_gave():
    """Two secrets that no function tells apart by how it fails: the pages are the same."""
    assert len(HOSTILE) >= 30
    first, second = "quux_8311_zyx", "plugh_90417_abcdefgh"
    pages = [page(secret, HOSTILE) for secret in (first, second)]
    names = ["setup", *(name for name in HOSTILE for _ in ("answer", "test"))]
    for name, *outputs in zip(names, *pages, strict=False):
        assert outputs[0] == outputs[1], name
    assert pages[0] == pages[1]
    text = str(pages[0])
    for secret in (first, second):
        assert [form for form in transformed(secret) if form in text] == []


def test_the_author_s_words_stay():
    outputs = page("quux", {"wrong": "return x"})
    said = "".join(out.get("text", "") + out.get("evalue", "") for out in outputs[2])
    assert said.splitlines()[:2] == [
        "[not yet] the example: Twice 2 is 4.",
        "[not yet] two values: A list doubles.",
    ]
    assert "[not yet] the secret: Return a number; yours returns …." in said
    assert "[not yet] a tensor: Return a tensor; yours is a str." in said
    assert "Of … it makes …." in said and "quux" not in said
    assert outputs[-1][0].text == separate.NOT_SHOWN


def test_all_is_shown_while_no_hidden_test_has_run():
    """The first check stops the cell, above its hidden tests."""
    test = (
        "assert f(2) == 4, f'It gives {f(2)}.'\n### BEGIN HIDDEN TESTS\nf(7)\n### END HIDDEN TESTS"
    )
    cells = [quiz("f", "def f(x): return 'my own'", solution=True)]
    cells += [
        quiz("f_test", test, grade=True, locked=True, points=1),
        new_code_cell("print('mine')"),
    ]
    made = new_notebook(cells=cells)
    separate.execute(made, sandbox=False)
    made, _ = plugin.HideTests().preprocess(made, {})
    assert made.cells[1].outputs[0].evalue == "It gives my own."
    assert made.cells[2].outputs[0].text == "mine\n"


def test_private_tests_in_a_cell_without_hidden_ones_count():
    test = "assert f(2) == 2, 'Give it back.'"
    private = f"{test}\n### BEGIN HIDDEN TESTS\nf('quux')\n### END HIDDEN TESTS\nNone"
    cells = [quiz("f", "def f(x):\n    print(x)\n    return x", solution=True)]
    cells += [quiz("f_test", test, grade=True, locked=True, points=1), new_code_cell("print(1)")]
    made = new_notebook(cells=cells)
    separate.execute(made, sandbox=False, tests={"f_test": private})
    made.cells[1].outputs[0].text += "quux"
    made, _ = plugin.HideTests().preprocess(made, {})
    assert "quux" not in str(made.cells) and made.cells[2].outputs[0].text == separate.NOT_SHOWN


def test_what_another_edition_executed_is_not_shown():
    cell = quiz("f_test", "f(1)", grade=True, locked=True, points=1)
    cell.outputs = [new_output("stream", name="stdout", text="quux")]
    made, _ = plugin.HideTests().preprocess(new_notebook(cells=[cell]), {})
    assert "quux" not in str(made) and "grade this submission again" in str(made)


SOURCE = """
names = {"why": "Unused here."}
why = f"No value, {p:g}, stands in it."
why = f"Nothing is put in."
why = f"At p = {p} the smallest set that holds it."
check.passes(f"T = {T}", one, why="Two\\nlines of it.")
### BEGIN HIDDEN TESTS
hidden_name
### END HIDDEN TESTS
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ok] T = 3", "[ok] T = …"),
        ("[not yet] T = 3: At p = 0.5 the smallest set that holds it.",
         "[not yet] T = …: At p = … the smallest set that holds it."),
        ("[not yet] T = 3: lines of it.", "[not yet] T = …: lines of it."),
        ("Return a tensor; yours is a list.", "Return a tensor; yours is a list."),
        ("Return a tensor; yours is a quux.", "Return a tensor; yours is a …."),
        ("Your function raised TypeError: quux", "Your function raised TypeError: …"),
        ("Your function raised Quux: Two", "Your function raised …: …"),
        ("There is a NaN in your result. lines of it.",
         "There is a NaN in your result. lines of it."),
        ("it ran too long, more than 30 s", "it ran too long, more than … s"),
        ("name 'one' is not defined", "name 'one' is not defined"),
        ("name 'hidden_name' is not defined", "name … is not defined"),
        ("No value, 3, stands in it.", "No value, …, stands in it."),
        ("Nothing is put in.", "Nothing is put in."),
        ("given 1", "…"),
        ("quux", "…"),
        ("one", "…"),
        ("x" * 5000, "…"),
    ],
)  # fmt: skip
def test_a_line_is_told_in_the_author_s_words(text, said):
    words = told.of_checks() | told.of_source(textwrap.dedent(SOURCE))
    assert told.lines_of(text, words) == [said]


def test_many_lines_that_are_nobody_s_are_told_once():
    assert told.lines_of("\n".join(map(str, range(10_000))), told.of_checks()) == ["…"]
