"""Executes one submission, on a worker that may be on another machine.

Workers are many and start often: what is imported here leaves nbgrader out, which takes seconds.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from distributed import get_worker

from course_utils.grading import examiner, submitted
from course_utils.grading.examiner import reason
from course_utils.grading.repair import is_test, quiz_id, repair

EDITION = "4"  # of what is kept of an executed submission


@dataclass(frozen=True)
class Module:
    """What all submissions of a module are executed against."""

    name: str
    source: str  # the source notebook, as JSON
    given: str  # the same as learners got it
    tests: dict[str, str] = field(default_factory=dict)  # sources with private tests put in
    earlier: dict[str, str] = field(default_factory=dict)  # grade ids of earlier editions


@dataclass(frozen=True)
class Job:
    """All that a worker needs to execute one submission."""

    student: str
    module: Module
    files: dict[str, bytes]
    sandbox: bool
    seconds: float

    @property
    def key(self) -> str:
        """Another one if the submission, the module or the limits are others."""
        parts = [
            EDITION,
            self.module.name,
            self.module.source,
            str(self.sandbox),
            str(self.seconds),
        ]
        parts += [f"{name} {text}" for name, text in self.module.tests.items()]
        parts += [f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in self.files.items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def execute(job: Job) -> dict:
    """Run a submission. {"notebook": JSON with outputs, "notes": repairs}, or {"failed": why}."""
    try:
        notebook, notes = executed(job)
        return {"notebook": nbformat.writes(notebook), "notes": notes}
    except Exception as error:  # it is this submission's result, and the others go on
        return {"failed": reason(error)}


def executed(job: Job) -> tuple[nbformat.NotebookNode, list[str]]:
    source, given = (nbformat.reads(x, as_version=4) for x in (job.module.source, job.module.given))
    path, notebook = submitted.find(job.files, job.module.name)
    notes = repair(notebook, given, job.module.earlier)
    if path != f"{job.module.name}.ipynb":
        notes.append(f"the notebook was found as {path!r}")
    notebook.metadata["next_token"] = {**given.metadata.get("next_token", {}), "notes": notes}
    ours = {quiz_id(cell): cell for cell in source.cells if quiz_id(cell)}
    for cell in notebook.cells:
        if quiz_id(cell) and is_test(cell):
            cell.source = ours[quiz_id(cell)].source  # with its hidden tests
    lesson = [cell.source for cell in source.cells if "nbgrader" not in cell.metadata]
    # Dask clears that folder when a worker starts, so a killed one leaves no submission behind.
    with TemporaryDirectory(dir=get_worker().local_directory) as folder:
        for path, data in job.files.items():
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, path).write_bytes(data)
        options = job.sandbox, job.seconds, job.module.tests
        examiner.execute(notebook, lesson, Path(folder), *options)
    return notebook, notes
