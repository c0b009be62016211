"""What Formgrader's server hands out of a submission's folder: never a page that can act.

Stock nbgrader serves these files beside Formgrader, with the type that their names suggest: a
student's `x.html` or `x.svg`, opened by an instructor, could give grades.
"""

import sys
from pathlib import PurePosixPath

PICTURES = {
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".webp",
}  # which a cell shows; none of them has scripts
HANDLERS = "nbgrader.server_extensions.formgrader.handlers"


def set_extra_headers(self, path: str) -> None:
    """Pictures as they are, all else to be saved, and none in Formgrader's name."""
    self.set_header("X-Content-Type-Options", "nosniff")
    self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
    if PurePosixPath(path).suffix.lower() not in PICTURES:
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", "attachment")


def check_before_serving() -> None:
    """Have Formgrader serve submissions so, where it is at work in this process.

    It has no setting for that. Elsewhere nothing is loaded: that would take a second.
    """
    if HANDLERS in sys.modules:
        sys.modules[HANDLERS].SubmissionFilesHandler.set_extra_headers = set_extra_headers
