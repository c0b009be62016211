import pytest


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """However busy the machine, a cell waits for its first texts."""
    monkeypatch.setattr("course_utils.explore.panel.PATIENCE", 600.0)
