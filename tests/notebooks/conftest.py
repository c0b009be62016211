import pytest


@pytest.fixture(autouse=True)
def always_patient(patient):
    """What an explorer says does not hang on the machine."""
