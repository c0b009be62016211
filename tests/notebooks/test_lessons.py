"""Every module's reference notebook runs from any folder, offline, silently and soon."""

import re
import textwrap
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from course_utils.author.notebook import source_notebook
from course_utils.author.questions import STUB
from course_utils.author.source import HIDDEN, SOLUTION, put

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "quizzes" / "source").glob("*/*.py"))
LESSONS = [path for path in SOURCES if path.stem != "00_start_here"]

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

# The same lesson takes a kernel twice the seconds of the processor where another program shares its
# core and memory, or on an old laptop. A text that never changes, written now and then between the
# cells, tells how slow it is then; a lesson may be late by as much. A faster one changes no limit.
USUAL = 0.19  # seconds of the processor for this text: 530 tokens a second, as on a Xeon of 2023
PACE = """
import time as _time

from course_utils.generate import Settings as _Settings
from course_utils.generate import generate as _generate
from course_utils.model.storyteller import load as _load

_model = _load()
_began = _time.process_time()
list(_generate(_model, "Once upon a time", _Settings(temperature=0), 100))
_paces = [*globals().get("_paces", []), _time.process_time() - _began]
"""

# The seconds of the processor that the kernel took for the lesson, those of a text, and the most
# memory that it ever held, in bytes. Linux's ru_maxrss would begin with that of the tests' own
# process; macOS has nothing else, and counts it in bytes.
SPENT = """
import resource
import statistics
from pathlib import Path

status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peaks = [1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print(
    _time.process_time() - sum(_paces),
    statistics.median(_paces),
    *peaks or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss],
)
"""


@pytest.fixture(scope="module")
def run_table() -> dict[str, float]:
    """Lesson -> seconds of the processor from top to bottom, less what the machine was late."""
    return {}


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
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,  # where printed text is cut depends on the moment
        **options,
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
            cell.source = put(put(cell.source, SOLUTION, STUB), HIDDEN)
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_reference_runs_offline_in_silence_within_a_minute(
    source, tmp_path, monkeypatch, run_table, record_property
):
    notebook = source_notebook(source)
    for at in (len(notebook.cells), len(notebook.cells) // 2, 0):
        notebook.cells.insert(at, new_code_cell(PACE))
    notebook.cells.append(new_code_cell(SPENT))
    execute(notebook, tmp_path, monkeypatch)
    seconds, pace, peak = map(float, notebook.cells[-1].outputs[0].text.split())
    late = max(1, pace / USUAL)
    run_table[source.stem] = seconds / late
    record_property(
        "lessons, from top to bottom: seconds, how many times slower the machine was, memory",
        f"{source.stem:<24} {seconds:5.1f} s {late:5.1f} {peak / 2**30:5.2f} GB",
    )
    assert outputs(notebook, "error") == []
    assert outputs(notebook, "stream", name="stderr") == []
    assert seconds / late < 60
    assert peak < 2 * 2**30


@pytest.mark.slow
def test_all_lessons_together_take_less_than_six_minutes(run_table):
    assert sum(run_table.values()) < 360


@pytest.mark.prove
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_an_untouched_lesson_never_stops_run_all(source, tmp_path, monkeypatch):
    notebook = execute(released(source_notebook(source)), tmp_path, monkeypatch)
    assert outputs(notebook, "error") == []
    assert outputs(notebook, "stream", name="stderr") == []


@pytest.mark.parametrize("source", LESSONS, ids=lambda path: path.stem)
def test_every_citation_is_in_the_references_and_at_the_end(source):
    texts = [cell.source for cell in source_notebook(source).cells if cell.cell_type == "markdown"]
    at = next(i for i, text in enumerate(texts) if text.startswith("## References"))
    body, end = texts[:at], texts[at:]
    key = re.compile(r"\[([a-z]+\d+)\](?!\()")
    listed = set(
        re.findall(r"\*\*\[([a-z]+\d+)\]\*\*", (ROOT / "quizzes/references.md").read_text())
    )
    cited = set(key.findall("\n".join(body)))
    assert cited, "a lesson without a source"
    assert cited <= listed
    assert cited == set(key.findall("\n".join(end)))
