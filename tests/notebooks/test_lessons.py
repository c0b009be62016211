"""Every module's reference notebook runs from any folder, offline, silently and soon."""

import re
import textwrap
import time
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "quizzes" / "source").glob("*/*.py"))
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r" *### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", re.DOTALL)

# The kernel's own sockets are of this machine or its file system: those stay.
OFFLINE = textwrap.dedent(
    """
    import socket

    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a lesson reached for the network: {address}")
        return connect(self, address)

    socket.socket.connect = local_only
    """
)


def execute(notebook, folder: Path, monkeypatch, **options):
    """Run a notebook with an empty folder as working directory and home, and no network."""
    home = folder / "home"
    home.mkdir()
    monkeypatch.setenv("IPYTHONDIR", str(home))
    monkeypatch.setenv("MPLCONFIGDIR", str(home))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook.cells.insert(0, new_code_cell(OFFLINE))
    NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(folder)}}, **options
    ).execute()
    return notebook


def outputs(notebook, kind: str, **fields) -> list[str]:
    return [
        f"{cell.source[:60]!r}: {output}"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == kind and all(output[k] == v for k, v in fields.items())
    ]


def released(notebook):
    """The notebook as learners get it, without solutions and hidden tests."""
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.source = HIDDEN.sub("", SOLUTION.sub(r"\1# YOUR CODE HERE", cell.source))
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_reference_runs_offline_in_silence_within_a_minute(source, tmp_path, monkeypatch):
    start = time.monotonic()
    notebook = execute(jupytext.read(source), tmp_path, monkeypatch)
    seconds = time.monotonic() - start
    assert outputs(notebook, "error") == []
    assert outputs(notebook, "stream", name="stderr") == []
    assert seconds < 60


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_an_untouched_lesson_never_stops_run_all(source, tmp_path, monkeypatch):
    notebook = execute(released(jupytext.read(source)), tmp_path, monkeypatch)
    assert outputs(notebook, "error") == []
    assert outputs(notebook, "stream", name="stderr") == []


@pytest.mark.slow
def test_the_storyteller_does_what_the_temperature_lesson_says(storyteller):
    """The prose leans on this model: at 0.1 it loops, and one prompt leaves it more open."""
    from course_utils.generate import Settings, generate
    from course_utils.metrics import effective_choices

    different = {}
    for t in (0.1, 0.8, 1.5):
        steps = generate(storyteller, "Once upon a time", Settings(t).process, 60, seed=0)
        words = "".join(step.text for step in steps).lower().split()
        different[t] = len(set(words)) / len(words)
    assert different[0.1] < 0.6
    assert different[0.1] < different[0.8] < different[1.5]

    logits = storyteller.next_logits("Once upon a time")
    open_choice = storyteller.next_logits("The king said to his")
    colder = [t / 100 for t in range(10, 100) if effective_choices(logits / (t / 100)) < 3]
    assert colder, "some T below 1 has to bring it under 3 effective choices"
    t = colder[-1]
    assert effective_choices(open_choice / t) > effective_choices(logits / t)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_citation_is_in_the_references_and_at_the_end(source):
    texts = [cell.source for cell in jupytext.read(source).cells if cell.cell_type == "markdown"]
    body, end = texts[:-1], texts[-1]
    assert end.startswith("## References")
    key = re.compile(r"\[([a-z]+\d+)\](?!\()")
    listed = set(
        re.findall(r"\*\*\[([a-z]+\d+)\]\*\*", (ROOT / "quizzes/references.md").read_text())
    )
    cited = set(key.findall("\n".join(body)))
    assert cited, "a lesson without a source"
    assert cited <= listed
    assert cited == set(key.findall(end))
