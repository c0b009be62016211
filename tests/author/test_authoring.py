"""docs/authoring.md does what it says: its edits are made and its commands run, in a copy."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "authoring.md"
PATH = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
PARTS = (
    *("course_utils", "quizzes", "notebooks", "tests"),
    *("pyproject.toml", ".gitignore", ".pre-commit-config.yaml"),
)
STEP = re.compile(
    r"At the end of `(?P<end>[^`]+)`:\n\n```python\n(?P<appended>.*?)```"
    r"|[Ii]n `(?P<file>[^`]+)`,\s(?P<where>above the cell|below|in place of)\s`(?P<at>[^`]+)`:\n\n"
    r"```\w*\n(?P<put>.*?)```"
    r"|```sh\n(?P<commands>.*?)```",
    re.DOTALL,
)


@pytest.fixture
def copy(tmp_path) -> Path:
    for part in PARTS:
        if (ROOT / part).is_file():
            shutil.copy(ROOT / part, tmp_path)
        else:
            left = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")
            shutil.copytree(ROOT / part, tmp_path / part, ignore=left)
    return tmp_path


def edit(path: Path, where: str, at: str, put: str) -> None:
    text = path.read_text("utf-8")
    lines = text.split("\n")
    if where == "in place of":
        assert text.count(at) == 1
        text = text.replace(at, put.rstrip("\n"))
    else:
        assert lines.count(at) == 1
        line = lines.index(at) + 1
        while where == "above the cell" and not lines[line].startswith("# %%"):
            line -= 1
        text = "\n".join([*lines[:line], *put.split("\n")[:-1], *lines[line:]])
    path.write_text(text, "utf-8")


def run(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a line of the page with the copy's course in place of the one that is installed."""
    python = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=os.environ
        | {
            "PATH": PATH,
            "PYTHONPATH": os.pathsep.join(python),
            "PRE_COMMIT_HOME": str(folder.with_name("pre-commit")),  # others may hold its lock
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=900,
    )


@pytest.mark.prove
def test_the_page_can_be_followed_from_top_to_bottom(copy):
    steps = list(STEP.finditer(PAGE.read_text("utf-8")))
    for step in steps:
        if step["commands"]:
            for command in step["commands"].splitlines():
                done = run(command, copy)
                assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}"
        elif step["end"]:
            with (copy / step["end"]).open("a", encoding="utf-8") as out:
                out.write(step["appended"])
        else:
            edit(copy / step["file"], step["where"], step["at"], step["put"])
    assert sum(bool(step["commands"]) for step in steps) == 4
    assert len(steps) == 10
    built = (copy / "notebooks" / "13_gap" / "13_gap.ipynb").read_text("utf-8")
    assert "### 13.9 A gap of nothing *(1 point)*" in built and "answer_zero = 3" not in built
    assert "9 questions, 11 points" in built


@pytest.mark.full
def test_a_commit_checks_itself(copy):
    if shutil.which("pre-commit", path=PATH) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pre-commit is not installed")
    shutil.rmtree(copy / "tests")
    for kind in ("quizzes/source", "notebooks"):  # one module is enough
        for module in (copy / kind).iterdir():
            if module.name != "00_start_here":
                shutil.rmtree(module)

    def checks() -> tuple[int, str]:
        done = run("git add --all && pre-commit run --all-files --color never", copy)
        return done.returncode, done.stdout

    assert run("git init --quiet .", copy).returncode == 0
    code, said = checks()
    assert code == 0 and said.count("Passed") == 3, said

    name = "00_start_here/00_start_here"
    text = copy / "quizzes" / "source" / f"{name}.py"
    text.write_text(text.read_text("utf-8").replace("# # Start here", "# # Begin here"), "utf-8")
    strategy = copy / "course_utils" / "sampling.py"
    strategy.write_text(strategy.read_text("utf-8") + "import os\n", "utf-8")
    code, said = checks()
    assert code == 1
    assert "F401" in said
    assert "files were modified by this hook" in said.split("course build")[1]
    assert "# Begin here" in (copy / "notebooks" / f"{name}.ipynb").read_text("utf-8")


def test_the_hosted_workflow_calls_ci_run_and_the_quick_tests_elsewhere():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    checkout, ci = jobs["test"]["steps"]
    assert checkout.keys() == {"uses"} and checkout["uses"].startswith("actions/checkout@")
    assert ci == {"run": "bash .ci/run"}
    assert (ROOT / ".ci" / "run").is_file()
    machines = jobs["quick"]["strategy"]["matrix"]["include"]
    assert {machine["os"] for machine in machines} == {
        f"{system}-latest" for system in ("ubuntu", "macos", "windows")
    }
    assert {machine["python"] for machine in machines} == {"3.12", "3.13"}
    quick = 'python -m pytest -m "not (slow or full or browser or grading or prove)" -q'
    quick += " --hypothesis-profile quick"
    assert jobs["quick"]["steps"][-1] == {"run": quick}
