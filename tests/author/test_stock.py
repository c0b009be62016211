"""What nbgrader and kernels run in."""

import subprocess
import sys
from pathlib import Path

from course_utils.author import stock


def test_what_jupyter_leaves_behind_goes_with_the_folder(tmp_path):
    code = "from jupyter_core.paths import jupyter_config_dir; print(jupyter_config_dir())"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env=stock.environment(tmp_path / "jupyter"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert tmp_path in Path(shown.stdout.strip()).parents
