import pytest


@pytest.fixture(autouse=True)
def always_patient(patient, monkeypatch):
    """What an explorer says does not hang on the machine."""
    monkeypatch.setattr("course_utils.explore.in_time.LIMIT", 600.0)
