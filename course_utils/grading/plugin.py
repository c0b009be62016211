"""What `quizzes/nbgrader_config.py` puts into stock nbgrader, to grade untrusted code safely."""

import os
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from traitlets import Bool, Float, Unicode

from course_utils.grading import sandbox, separate
from course_utils.grading.repair import as_given, repair


class CoursePreprocessor(NbGraderPreprocessor):
    """Knows the module's source notebook, which stock preprocessors are not told."""

    def source(self, resources: dict) -> NotebookNode:
        coursedir = self.parent.parent.coursedir  # the exporter's, and its converter's
        module = resources["nbgrader"]["assignment"]
        folder = coursedir.format_path(coursedir.source_directory, ".", module)
        path = Path(folder, f"{resources['nbgrader']['notebook']}.ipynb")
        return nbformat.read(path, as_version=4)


class Repair(CoursePreprocessor):
    """Puts quiz cells that were deleted, copied or edited back as they were given; notes what."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        # A hook before all would be the place, but nbgrader only logs what a hook raises.
        check_plain(Path(resources["metadata"]["path"]))
        given = as_given(self.source(resources))
        for note in (notes := repair(nb, given)):
            self.log.warning("%s: %s", resources["nbgrader"]["student"], note)
        nb.metadata["next_token"] = {**given.metadata.get("next_token", {}), "notes": notes}
        return nb, resources


class Separate(CoursePreprocessor):
    """Runs the submission in a sandbox and its test cells out of its reach, instead of Execute."""

    sandbox = Bool(True, help="Whether untrusted code runs in a sandbox.").tag(config=True)
    timeout = Float(30, help="Seconds for a cell, and for all calls of a test.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        if self.sandbox and (reason := sandbox.missing()):
            raise NbGraderException(reason)
        folder = Path(resources["metadata"]["path"]).resolve()
        lesson = lesson_of(self.source(resources))
        separate.execute(nb, lesson, folder, self.sandbox, self.timeout)
        return nb, resources


class Replay(NbGraderPreprocessor):
    """Takes the outputs of a submission that was executed before, instead of Separate."""

    executed = Unicode(help="File of the executed notebook.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        before = nbformat.read(self.executed, as_version=4)
        if [cell.source for cell in nb.cells] != [cell.source for cell in before.cells]:
            raise NbGraderException(f"{self.executed} is of another submission or module")
        for cell, executed in zip(nb.cells, before.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs = executed.outputs
        return nb, resources


class HideTests(ClearHiddenTests):
    """Takes hidden tests out of feedback; what they printed stays, as that is the reason."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        # Only there: a student who writes the marks elsewhere would stop the feedback.
        if separate.is_test(cell):
            return super().preprocess_cell(cell, resources, index)
        return cell, resources


def lesson_of(source: NotebookNode) -> list[str]:
    """The sources of a module's cells that are no quiz."""
    return [cell.source for cell in source.cells if "nbgrader" not in cell.metadata]


def check_plain(folder: Path) -> None:
    """NbGraderException if anything below is not a plain file or folder."""
    paths = [folder]
    for parent, folders, files in os.walk(folder):
        paths += [Path(parent, name) for name in folders + files]
    for path in paths:
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise NbGraderException(
                f"{path} is a link or a special file: submissions hold plain files and folders "
                "only; ask the student to submit again without it"
            )


class Collect(ExchangeCollect):
    """Stock collecting, which would follow a link in a submission and copy a file of yours."""

    def do_copy(self, src: str, dest: str, log=None) -> None:
        check_plain(Path(src))
        super().do_copy(src, dest, log)
