"""Test cells work on what students made in a process with limits, and it costs only its cell."""

import copy
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from cases import at_least
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.grading import examiner, repair, separate

pytestmark = [pytest.mark.grading, pytest.mark.slow]

SETUP = "import torch, time"


def quiz(name: str, source: str, **meta) -> nbformat.NotebookNode:
    mark = {"grade_id": name, "grade": False, "solution": False, "locked": False} | meta
    return new_code_cell(source, metadata={"nbgrader": {"schema_version": 3, **mark}})


def notebook(answer: str, *tests: str) -> nbformat.NotebookNode:
    cells = [quiz("setup", SETUP, locked=True), quiz("answer", answer, solution=True)]
    cells += [
        quiz(f"test{i}", test, grade=True, locked=True, points=1) for i, test in enumerate(tests)
    ]
    return new_notebook(cells=cells)


def said(cell: nbformat.NotebookNode) -> str:
    return "".join(out.get("text", "") or out.get("evalue", "") for out in cell.outputs)


HOLDS = "assert f(0) == 0\nprint('held')"
HEAVY = {
    "a count of 300,000,000": (
        "def f(x): return 300_000_000 * x",
        "print(torch.bincount(torch.tensor([f(1)])).numel())",
        "can't allocate memory",
    ),
    "a list that grows": (
        "def f(x): return 10**9 * x",
        "print(len([0] * f(1)))",
        "",
    ),
    "native code without end": (
        "def f(x): return 10**15 * x",
        "sum(range(f(1)))",
        "took too long to work on this answer",
    ),
    "the end of the process": (
        "def f(x): return -6 * x",
        "import os\nos.abort() if f(1) == -6 else None",
        "ended its process",
    ),
}


@pytest.mark.parametrize("kind", at_least("a count of 300,000,000", of=HEAVY))
def test_a_test_that_takes_too_much_costs_only_its_own_points(kind):
    answer, test, words = HEAVY[kind]
    made = notebook(answer, HOLDS, test, HOLDS)
    examiner.execute(made, sandboxed=False, seconds=1)
    first, heavy, last = made.cells[2:]
    assert said(first) == said(last) == "held\n"
    assert [out.output_type for out in heavy.outputs] == ["error"]
    assert words in said(heavy)


@pytest.mark.prove
def test_tests_that_end_it_again_and_again_end_the_submission_with_a_reason():
    made = notebook("x = 0", *["import os; os.abort()"] * (examiner.MOST_DEATHS + 1))
    with pytest.raises(ValueError, match="died each time"):
        examiner.execute(made, sandboxed=False, seconds=1)


def test_what_it_gives_is_what_execute_gives():
    first = notebook("def f(x): return x", HOLDS, "f(2.0)", "f(1)\n1 / f(0)")
    made = [first, copy.deepcopy(first)]
    examiner.execute(made[0], sandboxed=False)
    separate.execute(made[1], sandbox=False)
    assert made[0] == made[1]


def test_what_a_submission_takes_has_limits_of_its_own():
    """Neither the time nor the memory of tests are those of a learner's own process."""
    answer = "import resource\nlimits = [resource.getrlimit(i)[0] for i in (0, 9)]\nf = abs"
    before = [-1, -1]
    made = notebook(answer, f"assert limits == {before}, limits\nprint('held')")
    examiner.execute(made, sandboxed=False)
    assert said(made.cells[-1]) == "held\n"


DEEP = ["1" + "+1" * 50_000, "(" * 5000, "x = '\0'", "-" * 100_000 + "1"]


@pytest.mark.parametrize("source", at_least(DEEP[0], of=DEEP))
def test_a_cell_that_no_parser_reads_stops_nothing_else(source):
    made = notebook("def f(x): return x", HOLDS)
    made.cells.insert(1, new_code_cell(source))
    made.cells.insert(1, new_code_cell("y = 2"))
    examiner.execute(made, lesson=["y = 2"], sandboxed=False)
    assert said(made.cells[-1]) == "held\n"


def test_reading_which_cells_are_needed_is_linear():
    """Each of 2,000 cells is needed by the next one, from the last to the first."""
    cells = [new_code_cell(f"v{i} = v{i + 1} if 0 else {i}") for i in range(2000)]
    made = new_notebook(cells=[*cells, new_code_cell("print(v0)")])
    read = []
    given = separate.needs
    try:
        separate.needs = lambda source: read.append(source) or given(source)
        assert separate.lesson_to_skip(made, {cell.source for cell in cells}) == set()
    finally:
        separate.needs = given
    assert len(read) == len(made.cells)


def test_a_lessons_cell_that_changes_what_an_answer_reads_runs_too():
    lesson = ["T = {'a': 1}", "T['b'] = 2", "U = 3"]
    made = new_notebook(cells=[new_code_cell(source) for source in lesson])
    made.cells.append(quiz("answer", "def f(x): return T['b'] + x", solution=True))
    assert separate.lesson_to_skip(made, set(lesson)) == {2}


def test_what_the_courses_cells_import_is_there_before_the_process_forks():
    """Or each submission of a class would pay for it: matplotlib takes as long as a module's tests.

    Of a package that a cell needs and nobody has, that cell tells.
    """
    setup = "import sys\nthere = 'wave' in sys.modules\nimport wave\nfrom xml.sax import saxutils"
    made = notebook("def f(x): return x", "print(there)")
    made.cells[0].source = setup
    examiner.execute(made, sandboxed=False)
    assert said(made.cells[-1]) == "True\n"
    assert repair.modules_needed(made) == ["sys", "wave", "xml.sax", "xml.sax.saxutils"]
    made.cells[0].source = "import nobody_has_this"
    with pytest.raises(ValueError, match="No module named 'nobody_has_this'"):
        examiner.execute(made, sandboxed=False)
    made.cells[0].source = "%matplotlib inline"
    assert repair.modules_needed(made) == []


def test_a_lessons_colours_do_not_wait_for_matplotlib():
    code = (
        "import sys; from course_utils.explore.plots.look import DRAWN, KEPT, visible; "
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.prove
def test_it_ends_with_whoever_asked(tmp_path):
    code = """
        from nbformat.v4 import new_code_cell, new_notebook
        from course_utils.grading import examiner
        print(examiner.warm().process.pid, flush=True)
        made = new_notebook(cells=[new_code_cell("import time; time.sleep(99)")])
        examiner.execute(made, sandboxed=False, seconds=99)
    """
    caller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    server = psutil.Process(int(caller.stdout.readline()))
    end = time.monotonic() + 60
    while len(started := server.children(recursive=True)) < 2:  # its fork, and the submission
        assert time.monotonic() < end
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    _, alive = psutil.wait_procs([server, *started], timeout=60)
    assert not alive
