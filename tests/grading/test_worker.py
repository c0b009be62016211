"""The shell that runs a submission's cells takes what a kernel takes, and no cell ends it."""

import pytest

from course_utils.grading.separate import Budget, Submission

pytestmark = [pytest.mark.grading, pytest.mark.usefixtures("sandboxed")]

DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
CELLS = {
    "inline": "%matplotlib inline",
    "widget": "%matplotlib widget",
    "notebook": "%matplotlib notebook",
    "ipympl": "%matplotlib ipympl",
    "a window": "%matplotlib qt",
    "no backend named": "%matplotlib",
    "pylab": "%pylab widget",
    "sharp pictures": "%config InlineBackend.figure_format = 'retina'",
    "show": DRAW,
    "display": "display(3, {'text/plain': 'x'}, raw=False)",
    "a widget": "import ipywidgets\ndisplay(ipywidgets.IntSlider())",
    "page": "%%html\n<b>bold</b>",
    "clear": "from IPython.display import clear_output\nclear_output(wait=True)",
    "exit": "exit()",
    "quit": "quit()",
    "a bare exit": "exit",
    "shut down": "get_ipython().kernel.do_shutdown(True)",
    "kernel": "assert get_ipython().kernel.shell is get_ipython()",
    "comms": "assert get_ipython().kernel.comm_manager is not None",
    "kind": "assert type(get_ipython()).__name__ == 'ZMQInteractiveShell'",
    "await": "import asyncio\nawait asyncio.sleep(0)",
    "shell": "!true",
    "capture": "%%capture\nprint(3)",
    "question": "len?",
    "value": "5",
}


@pytest.fixture(scope="module")
def submission():
    with Submission(None, sandbox=True, seconds=60) as submission:
        assert submission.run("import torch", 60) == ("", None)
        yield submission


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_for_a_kernel_costs_nothing(kind, submission):
    process, says = submission.process, kind in ("no backend named", "pylab")
    (printed, error), mark = submission.run(CELLS[kind], 60), f"after_{len(CELLS[kind])}"
    assert error is None
    assert bool(printed) == says
    if not CELLS[kind].startswith("%%") and "?" not in CELLS[kind]:  # they take the whole cell
        assert submission.run(f"{CELLS[kind]}\n{mark} = 1", 60)[1] is None
        assert submission.get(mark, Budget(60)) == 1
    assert submission.process is process


STOPS = [
    "import sys; sys.exit(3)",
    "raise SystemExit",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
]


@pytest.mark.parametrize("source", STOPS)
def test_a_cell_that_stops_itself_ends_no_other(source, submission):
    process = submission.process
    before = f"before_{STOPS.index(source)}"
    _, error = submission.run(f"{before} = 1\n\n{source}\nnever = 1", 60)
    assert error[0] in ("SystemExit", "KeyboardInterrupt", "GeneratorExit") and error[2] == 3
    assert submission.get(before, Budget(60)) == 1
    with pytest.raises(NameError):
        submission.get("never", Budget(60))
    assert submission.process is process


def test_a_function_that_draws_says_nothing_on_stderr(submission):
    budget = Budget(60)
    body = DRAW.replace("\n", "\n    ")
    source = f"def draw():\n    {body}\n    display(plt.gcf())\n    exit()\n    return 7"
    assert submission.run(source, 60) == ("", None)
    assert submission.get("draw", budget)() == 7
    assert budget.warned.text == ""


@pytest.mark.parametrize(
    "line", ["print(7, file=sys.stderr)", "logging.warning('seven')", "warnings.warn('seven')"]
)
def test_what_a_function_says_on_stderr_costs_nothing(line, submission):
    budget = Budget(60)
    source = f"import logging, sys, warnings\ndef say():\n    {line}\n    return 7"
    assert submission.run(source, 60) == ("", None)
    assert submission.get("say", budget)() == 7
    assert budget.warned.text == ""


def test_the_line_of_an_error_is_the_cell_s_own(submission):
    assert submission.run("x = 1\n\n1 / 0", 60)[1] == ["ZeroDivisionError", "division by zero", 3]
    assert submission.run("x = 1\ndef f(:", 60)[1][2] == 2
    assert submission.run("def deep():\n    return int('x')\n\ndeep()", 60)[1][2] == 2
