from collections.abc import Iterator

import pytest

from course_utils.explore import loops, playground


@pytest.fixture(autouse=True, scope="module")
def patient() -> Iterator[None]:
    """A cell waits for its first texts, however busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        for explorer in (loops, playground):
            patch.setattr(explorer, "PATIENCE", 120.0)
        yield
