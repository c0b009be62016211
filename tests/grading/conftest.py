import os
from pathlib import Path

import pytest
from grading.tiny import make_course

from course_utils.grading import sandbox


@pytest.fixture(scope="session")
def sandboxed() -> None:
    """A missing sandbox fails in CI and skips on a laptop."""
    if reason := sandbox.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def course(tmp_path) -> Path:
    """A nbgrader course with the tiny module generated and nothing submitted."""
    return make_course(tmp_path)
