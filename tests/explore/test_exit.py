"""A script may end while an explorer still writes: the job ends first, and Python goes in peace."""

import subprocess
import sys

import pytest

MID_JOB = {
    "Loops as it opens": "explore.Loops()",
    "Loops": "explore.Loops().controls['prompt'].value = 'Once upon a time'",
    "Frontier": "explore.Frontier().controls['more'].click()",
    "Playground": "explore.Playground().controls['prompt'].value = 'The little dog'",
    "Votes": "explore.Votes()",
    "Speculation": "explore.Speculation().controls['seed'].value = 7",
    "ProbabilityTrace": "explore.ProbabilityTrace().controls['seed'].value = 7",
}


@pytest.mark.slow
@pytest.mark.parametrize("start", MID_JOB.values(), ids=MID_JOB)
def test_a_script_ends_in_the_middle_of_a_job(start):
    script = f"from course_utils import explore; {start}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
