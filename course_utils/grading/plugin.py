"""What `quizzes/nbgrader_config.py` puts into stock nbgrader, to grade untrusted code safely."""

import os
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, NbGraderPreprocessor
from traitlets import Bool, Float

from course_utils.grading import sandbox, separate
from course_utils.grading.repair import repair


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
        given = self.source(resources)
        for clear in (ClearSolutions, ClearHiddenTests):
            given, _ = clear(parent=self.parent)(given, {})
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
        given = self.source(resources)
        lesson = [cell.source for cell in given.cells if "nbgrader" not in cell.metadata]
        folder = Path(resources["metadata"]["path"]).resolve()
        separate.execute(nb, lesson, folder, self.sandbox, self.timeout)
        return nb, resources


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
