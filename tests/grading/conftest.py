import shutil
from pathlib import Path

import pytest
from grading.tiny import make_course


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """The folder above a nbgrader course with the tiny module generated; for copies."""
    root = tmp_path_factory.mktemp("made")
    make_course(root)
    return root


@pytest.fixture
def course(made, tmp_path) -> Path:
    """A nbgrader course with the tiny module generated and nothing submitted."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True) / "quizzes"
