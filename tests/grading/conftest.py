from pathlib import Path

import pytest
from grading.tiny import make_course


@pytest.fixture
def course(tmp_path) -> Path:
    """A nbgrader course with the tiny module generated and nothing submitted."""
    return make_course(tmp_path)
