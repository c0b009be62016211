"""Once a hidden test has run, feedback holds nothing that depends on what it gave."""

import textwrap

import nbformat
import pytest
from grading.attacks.tellers import HOSTILE, transformed
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.grading import plugin, separate, told

pytestmark = pytest.mark.grading

SETUP = "import torch\nfrom course_utils import quiz as check"


def quiz(name: str, source: str, **meta) -> nbformat.NotebookNode:
    mark = {"grade_id": name, "grade": False, "solution": False, "locked": False} | meta
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, **mark}})


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
    cells += [new_code_cell("print(kept)"), new_code_cell("1 / 0")]
    # One for each bit, which it prints or not
    cells += [new_code_cell(f"if ord(kept[{i}]) % 2: print(1)") for i in range(10)]
    return new_notebook(cells=cells)


def page(secret: object, functions: dict[str, str]) -> list:
    """The outputs of each code cell as feedback shows them."""
    made = notebook(secret, functions)
    separate.execute(made, sandbox=False, seconds=60)
    made, _ = plugin.HideTests().preprocess(made, {})
    return [cell.outputs for cell in made.cells]


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
    assert outputs[7][0].text == separate.NOT_SHOWN and not any(outputs[8:])


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
    assert told.lines_of([text], words) == [said]


def test_many_texts_that_are_nobody_s_are_told_once():
    assert told.lines_of([*map(str, range(10_000))], told.of_checks()) == ["…"]


def test_a_text_counts_as_a_whole():
    words = told.of_source("'A list doubles.'\nf'It gives {x}.'")
    assert told.lines_of(["It gives 1.\nA list doubles.\n3."], words) == ["It gives …."]
    assert told.lines_of(["1\nA list doubles."], words) == ["…"]
    assert told.lines_of([told.quoted("A list doubles.")], words) == ["…"]
