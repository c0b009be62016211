"""Other users of this machine, to try as them what an instructor does who is not root."""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))


def link(source: Path, target: Path) -> None:
    """Put a folder of this Python there too, by hard links if it is on the same file system."""
    try:
        subprocess.run(["cp", "-al", source, target], check=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)


@functools.cache
def readable_packages() -> Path:
    """The packages of this Python where any user may read them: not below a folder of root's."""
    if all(folder.stat().st_mode & 0o001 for folder in PACKAGES.parents):
        return PACKAGES
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link(PACKAGES, folder / "packages")
    return folder / "packages"


def python_of_all() -> list[str]:
    """The command of a Python that runs as a user who is not root: Debian's own, for root."""
    if os.geteuid():
        return [sys.executable]
    python = shutil.which("python3", path="/usr/bin")
    if not (python and shutil.which("setpriv")):
        pytest.skip("no /usr/bin/python3 or setpriv to try it as another user")
    return ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", python]


def readable_python(folder: Path) -> list[str]:
    """The command of a Python with the packages of this one, for a user who is not root.

    folder: one that all may read. The sandbox shows a Python's own packages alone, so they are
    there by hard links.
    """
    command = python_of_all()
    if not os.geteuid():
        subprocess.run([command[-1], "-m", "venv", "--without-pip", folder / "venv"], check=True)
        (place,) = (folder / "venv").glob("lib/python*/site-packages")
        if place.parent.name != PACKAGES.parent.name:
            pytest.skip(f"{command[-1]} is another Python than {sys.executable}")
        place.rmdir()
        link(PACKAGES, place)
        link(Path(sys.prefix, "share"), folder / "venv" / "share")  # nbconvert's templates
        command[-1] = str(folder / "venv" / "bin" / "python")
    return command


def as_user(code: str) -> str:
    """What this code prints, run by a user who is not root."""
    ran = subprocess.run(
        [*python_of_all(), "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ
        | {"SECRET_TOKEN": "token_6151", "HOME": "/tmp"}
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(readable_packages())])},
    )
    if "No permissions to create" in ran.stdout + ran.stderr:
        pytest.skip(f"users may make no namespaces here: {ran.stderr[-200:]}")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
