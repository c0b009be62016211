"""The machine that docs/classroom.md sets up, in namespaces of its own, so that it leaves no trace.

It is this machine, but accounts, homes, settings and /srv are copies or empty folders that only its
own processes see. All of it is gone when its first process is, which ends with the test's.
"""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from os import environ
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "docs" / "classroom.md").read_text("utf-8")
COURSE, ENVIRONMENT, SETTINGS = "/opt/next-token", "/opt/jupyter", "/etc/next-token"  # as it says
TEACHERS, STUDENTS = ["ines"], ["ann", "bob"]
MODULE = "00_start_here"
EMPTY = ("/home", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var/log", "/var/mail")
# NEEDED, pairs of folders, are bound aside before COVERED hides them, and then to their place.
SET_UP = [
    "bash",
    "-c",
    r"""
    set -euo pipefail
    umask 022
    mount -t tmpfs tmpfs /media
    mkdir /media/etc
    cp -a /etc/. /media/etc
    mount --bind /media/etc /etc
    number=0
    while IFS=$'\t' read -r here there; do
        mkdir /media/$((number += 1))
        mount --bind "$here" /media/$number
    done <<< "$NEEDED"
    while read -r folder; do
        mode=$([ "$folder" = /tmp ] && echo 1777 || echo 755)
        mount -t tmpfs -o mode=$mode tmpfs "$folder"
    done <<< "$COVERED"
    number=0
    while IFS=$'\t' read -r here there; do
        mkdir -p "$there"
        mount --bind /media/$((number += 1)) "$there"
    done <<< "$NEEDED"
    echo ready
    while read -r; do :; done  # until the test ends; meanwhile bash reaps orphans
    """,
]


def commands(heading: str) -> str:
    """The shell commands that stand under a heading of the recipe."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", RECIPE, re.M | re.S)
    return "set -e\n" + "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S))


def search_path() -> str:
    """Where programs are looked for: first beside this Python, whether it is activated or not."""
    return f"{Path(sys.executable).parent}:{environ['PATH']}"


def covered() -> str:
    """The folders that are empty there, but for what is needed in them; one a line."""
    hidden = [path for path in EMPTY if Path(path).is_dir()]
    for prefix in map(Path, (sys.prefix, sys.base_prefix)):
        closed = [p for p in reversed(prefix.parents) if not p.stat().st_mode & 0o001]
        # /root, say, in which no other user could start a Python
        hidden += [str(p) for p in closed[:1] if not any(p.is_relative_to(h) for h in hidden)]
    return "\n".join(hidden)


def needed(folder: Path) -> str:
    """The folders that are there too, and their names there; a pair a line.

    Writes a course with one module into `folder`, in place of the clone that the recipe makes.
    """
    folder.chmod(0o755)  # pytest made it for its own user
    for name in ("course_utils", "docs/classroom", "pyproject.toml", f"quizzes/source/{MODULE}"):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb"))
        else:
            shutil.copy(source, target)
    shutil.copy(ROOT / "quizzes" / "nbgrader_config.py", folder / "quizzes")
    pairs = {prefix: prefix for prefix in (sys.prefix, sys.base_prefix)}
    pairs = [*pairs.items(), (folder, COURSE), (sys.prefix, ENVIRONMENT)]
    return "\n".join(f"{here}\t{there}" for here, there in pairs)


@dataclass
class Machine:
    """It runs while its first process, `pid`, does; `url` is that of its JupyterHub."""

    pid: int
    passwords: dict[str, str]
    url: str = ""

    def argv(self, user: str, script: str) -> list[str]:
        """The command line, on this machine, of a shell script that a user runs on that one."""
        variables = {
            "HOME": "/root" if user == "root" else f"/home/{user}",
            "LANG": "C.UTF-8",
            "PATH": f"{ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "PYTHONPATH": COURSE,  # the environment is this test's: its course is another clone
        }
        inside = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--wd=/"]
        if user != "root":  # as in a terminal in JupyterLab
            folders = [f"{SETTINGS}/instructor"] * (user in TEACHERS) + [f"{SETTINGS}/everyone"]
            variables["JUPYTER_CONFIG_PATH"] = ":".join(folders)
            inside += ["runuser", "--user", user, "--"]
        inside += ["env", "--ignore-environment", *(f"{k}={v}" for k, v in variables.items())]
        return [*inside, "bash", "-c", script]

    def run(self, user: str, script: str, check: bool = True) -> str:
        """What a script prints that a user runs at home; unless it fails, which fails the test."""
        argv = self.argv(user, f"cd\n{script}")
        done = subprocess.run(argv, capture_output=True, text=True, timeout=150)
        said = done.stdout + done.stderr
        if check and done.returncode:
            pytest.fail(
                f"{user} ran\n{script}\nwhich ended with {done.returncode}:\n{said[-4000:]}"
            )
        return said
