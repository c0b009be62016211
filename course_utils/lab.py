"""JupyterLab on the learner's own copies of the modules."""

import contextlib
import errno
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

FOLDER = "my-course"
HOST = "127.0.0.1"
FIRST_PORT = 8888
QUIET = [  # neither asks for news nor looks for updates: the course works without a network
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


def copy_modules(root: Path, target: Path) -> list[Path]:
    """Copy the files of `root`/notebooks that `target` lacks; return the new ones.

    A file that is there stays as it is, also when its module has changed since.
    """
    source = root / "notebooks"
    made = []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        copy = target / relative
        if path.is_dir() or ".ipynb_checkpoints" in relative.parts or os.path.lexists(copy):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as data, copy.open("xb") as out:
            shutil.copyfileobj(data, out)
        made.append(copy)
    return made


def lab(root: Path, port: int | None = None, browser: bool = True) -> None:
    """Copy the modules the learner lacks, then run JupyterLab on them until it is stopped.

    Without a port, takes the first free one from 8888. Raises ValueError if there are no modules,
    OSError if the port asked for is taken.
    """
    target = root.resolve() / FOLDER
    copy_modules(root, target)
    here = sorted(target.glob("*/*.ipynb"))
    if not here:
        raise ValueError(f"no modules in {root / 'notebooks'}; run: course build")
    port = free_port(port)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    page = here[0].relative_to(target).as_posix()
    if not browser:
        print(f"JupyterLab: http://{HOST}:{port}/lab/tree/{page}?token={token}", flush=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", str(here[0]), *QUIET),
        *(f"--ServerApp.root_dir={target}", f"--ServerApp.ip={HOST}"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.open_browser={browser}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in most containers
        command.append("--ServerApp.allow_root=True")
    os.environ["JUPYTER_TOKEN"] = token
    os.chdir(target)  # elsewhere nbgrader's Lab extension logs that it will not work
    if os.name == "posix":
        os.execv(sys.executable, command)  # signals reach JupyterLab itself
    with subprocess.Popen(command) as server:
        while server.poll() is None:
            with contextlib.suppress(KeyboardInterrupt):  # JupyterLab got it too, and asks
                server.wait()
    if server.returncode:
        raise OSError(f"JupyterLab stopped with code {server.returncode}; see its messages above")


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
