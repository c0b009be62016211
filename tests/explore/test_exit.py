"""A script may end while an explorer still writes: the job ends first, and Python goes in peace."""

import subprocess
import sys

import pytest
from cases import at_least

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
@pytest.mark.parametrize("job", at_least("Loops as it opens", "Playground", of=MID_JOB))
def test_a_script_ends_in_the_middle_of_a_job(job):
    script = f"from course_utils import explore; {MID_JOB[job]}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
