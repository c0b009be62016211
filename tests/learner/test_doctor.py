import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.cli import ROOT
from course_utils.learner import doctor as examine
from course_utils.learner.doctor import FAIL, OK, WARN, Finding, doctor

ORDER = ["Python", "packages", "kernel", "widgets", "model", "memory", "sandbox", "browser"]


@pytest.fixture
def root(tmp_path) -> Path:
    """What doctor reads of a course, to damage."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("storyteller", "calculator"):
        folder = Path("course_utils", "model", name)
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(**variables: str) -> tuple[int, list[str]]:
    """`course doctor` in a process of its own: its exit code and its lines."""
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.cli", "doctor"],
        env=os.environ | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def finding(root: Path, what: str) -> Finding:
    (found,) = [each for each in doctor(root) if each.what.startswith(what)]
    return found


def test_a_machine_that_runs_these_tests_can_run_the_course():
    code, lines = run()
    assert code == 0
    assert [line[6:].split()[0].rstrip(":") for line in lines] == ORDER
    assert [line for line in lines if line.startswith(FAIL)] == []
    fixes = [line for line in lines if ". Fix: " in line]
    assert fixes == [line for line in lines if line.startswith(WARN)]


def test_it_does_not_wait_for_torch():
    code = (
        "import sys; from pathlib import Path; from course_utils.learner.doctor import doctor; "
        f"doctor(Path({str(ROOT)!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"


def test_another_version_and_a_missing_package_are_named(root):
    path = root / "pyproject.toml"
    text = path.read_text("utf-8").replace("ipywidgets~=8.1.9", "ipywidgets~=7.6")
    path.write_text(text.replace('"psutil~=', '"no-such-package-here~='), "utf-8")
    found = finding(root, "packages")
    assert found.level == FAIL
    assert "ipywidgets is 8." in found.what and "not ~=7.6" in found.what
    assert "no-such-package-here is missing" in found.what
    assert found.fix == f'"{sys.executable}" -m pip install --editable "{root}"'


def test_a_build_of_torch_is_that_version():
    assert finding(ROOT, "packages").level == OK


def test_an_old_python_is_named(root):
    path = root / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace(">=3.11", ">=3.99"), "utf-8")
    found = finding(root, "Python")
    assert found.level == FAIL and found.fix == "install Python 3.99 or newer, then the course"


def test_what_cannot_be_checked_fails_with_its_reason_and_the_rest_goes_on(root):
    (root / "pyproject.toml").unlink()
    found = doctor(root)
    assert len(found) == len(ORDER)
    assert [each.level for each in found[:2]] == [FAIL, FAIL]
    assert found[1].what.startswith("packages: could not be checked, FileNotFoundError: ")
    assert "\n" not in "".join(map(str, found))


def test_a_kernel_of_another_python_is_named(tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/elsewhere/bin/python", "-m", "ipykernel_launcher"], "display_name": "x"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    code, lines = run(JUPYTER_PATH=str(tmp_path))
    assert code == 1
    assert lines[2] == (
        f"FAIL  kernel: {folder} runs /elsewhere/bin/python, not this Python. "
        f"Fix: remove {folder}, and start JupyterLab again"
    )
    spec["argv"][0] = sys.executable
    (folder / "kernel.json").write_text(json.dumps(spec))
    assert run(JUPYTER_PATH=str(tmp_path))[0] == 0


def test_a_widget_extension_of_another_version_is_named(tmp_path):
    folder = tmp_path / "labextensions" / "@jupyter-widgets" / "jupyterlab-manager"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "3.1.4"}')
    code, lines = run(JUPYTER_PATH=str(tmp_path))
    assert code == 1
    assert lines[3].startswith(f"FAIL  widgets: {folder} is version 3.1.4, not 5. Fix: remove")


@pytest.mark.parametrize("disabled", [[examine.WIDGETS], {examine.WIDGETS: True}])
def test_a_widget_extension_that_is_switched_off_is_named(tmp_path, disabled):
    path = tmp_path / "labconfig" / "page_config.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"disabledExtensions": disabled}))
    code, lines = run(JUPYTER_CONFIG_PATH=str(tmp_path))
    assert code == 1
    assert lines[3].startswith(f"FAIL  widgets: {examine.WIDGETS} is disabled. Fix: ")
    assert lines[3].endswith(str(path))


def test_no_widget_extension_is_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda name: [str(tmp_path)])
    found = finding(ROOT, "widgets")
    assert found.level == FAIL and "JupyterLab has no" in found.what


@pytest.mark.parametrize("name", ["storyteller", "calculator"])
def test_damaged_and_missing_weights_are_named(root, name):
    model = root / "course_utils" / "model" / name / "model.safetensors"
    data = bytearray(model.read_bytes())
    data[-1] ^= 1  # a single bit
    model.write_bytes(data)
    found = finding(root, "model")
    assert found.level == FAIL and "model.safetensors is damaged: its sha256" in found.what
    model.unlink()
    found = finding(root, "model")
    assert found.level == FAIL and "model.safetensors is missing" in found.what


def test_little_memory_is_a_warning(monkeypatch):
    monkeypatch.setattr(examine, "NEEDED", 10**6 * examine.GIB)
    found = finding(ROOT, "memory")
    assert found.level == WARN and "less than the 1e+06 GB a module may need" in found.what


def test_without_a_sandbox_or_a_browser_a_learner_can_go_on(tmp_path):
    code, lines = run(PATH=str(tmp_path), BROWSER="")
    assert code == 0
    assert lines[6].startswith("warn  sandbox: ") and "only to grade the work of others" in lines[6]


def test_who_wants_no_browser_is_told_so():
    assert run(BROWSER="none")[1][7].startswith("ok    browser: BROWSER=none")
