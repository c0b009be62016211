"""JupyterLab on the learner's own copies of the modules."""

import contextlib
import errno
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

from course_utils.author.stock import before
from course_utils.learner import home
from course_utils.learner.own_copies import (
    Change,
    changes,
    copy_modules,
    gone,
    missing,
    news,
)
from course_utils.project import SELF_PACED, module_names

HOST = "127.0.0.1"
FIRST_PORT = 8888
# No question about news and no look for updates, as the course works without a network; and nothing
# of nbgrader, which is for a class: its Validate calls right what passes the visible tests.
SETTINGS = Path(__file__).with_name("lab_settings")
HOW_TO_TAKE_OVER = (
    "Your files stay as they are. To take a change over, edit your copy; to start a module afresh, "
    "rename your copy and run course lab again."
)


def lab(root: Path, target: Path, port: int | None = None, browser: bool = True) -> None:
    """Copy the modules that `target` lacks into it, and run JupyterLab there until it is stopped.

    root: the course; target: the learner's folder. Says which modules are new and which changed in
    the course since they were copied, and opens the home notebook. Without a port, takes the first
    free one from 8888. Raises ValueError if there are no modules, OSError if the port asked for is
    taken or `target` cannot be written.
    """
    check_modules(root)
    for path in copy_modules(root, target):
        print(f"new: {path.relative_to(target).as_posix()}")
    if changed := changes(root, target):
        print(*map(news, changed), "What changed: course lab --diff", sep="\n")
    sys.stdout.flush()  # before JupyterLab writes
    first = home.write(target) or sorted(target.glob("*/*.ipynb"))[0]
    port = free_port(port)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    page = first.relative_to(target).as_posix()
    if not browser:
        print(f"JupyterLab: http://{HOST}:{port}/lab/tree/{page}?token={token}", flush=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", str(first)),
        *(f"--ServerApp.root_dir={target}", f"--ServerApp.ip={HOST}"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.open_browser={browser}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in most containers
        command.append("--ServerApp.allow_root=True")
    if shell := os.environ.get("SHELL") or shutil.which("sh"):
        # A login shell, which a terminal has where this one is none, would set PATH anew.
        command.append(f"--ServerApp.terminado_settings=shell_command={shlex.quote(shell)}")
    os.environ["JUPYTER_TOKEN"] = token
    os.environ["JUPYTER_CONFIG_PATH"] = before("JUPYTER_CONFIG_PATH", str(SETTINGS))
    os.environ["PATH"] = before("PATH", sysconfig.get_path("scripts"))  # `course` in terminals
    os.environ[SELF_PACED] = "1"
    os.chdir(target)  # elsewhere nbgrader's Lab extension logs that it will not work
    if os.name == "posix":
        os.execv(sys.executable, command)  # signals reach JupyterLab itself
    with subprocess.Popen(command) as server:
        while server.poll() is None:
            with contextlib.suppress(KeyboardInterrupt):  # JupyterLab got it too, and asks
                server.wait()
    if server.returncode:
        raise OSError(f"JupyterLab stopped with code {server.returncode}; see its messages above")


def difference(root: Path, target: Path) -> str:
    """What the course changed since the copies in `target` were made, as text for a terminal."""
    check_modules(root)
    new = [f"{path.as_posix()}: new, course lab copies it" for path in missing(root, target)]
    old = [f"{path.as_posix()}: no longer in the course" for path in gone(root, target)]
    changed = [shown(change) for change in changes(root, target)]
    if not (new or old or changed):
        return "Your copies are up to date with the course."
    return "\n\n".join([*filter(None, ["\n".join(new + old)]), *changed, HOW_TO_TAKE_OVER])


def shown(change: Change) -> str:
    return "\n".join([news(change), *(f"    {line}".rstrip() for line in change.diff)])


def check_modules(root: Path) -> None:
    """ValueError if the course has no modules."""
    if not module_names(root):
        raise ValueError(f"no modules in {root / 'notebooks'}; run: course build")


def free_port(wanted: int | None) -> int:
    """The port asked for, or the first free one from FIRST_PORT. OSError if there is none."""
    for port in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + 50):
        with socket.socket() as probe:
            if os.name == "posix":  # elsewhere this option would let a taken port through
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                return port
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
    if wanted:
        raise OSError(f"port {wanted} is taken or not allowed; set PORT to another one")
    raise OSError(f"ports {FIRST_PORT} to {FIRST_PORT + 49} are taken; set PORT to a free one")
