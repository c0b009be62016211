"""Which notebook a kernel belongs to."""

import json
import os
import urllib.request
from pathlib import Path

SECONDS = 2  # that Jupyter's server has to answer


def notebook() -> Path | None:
    """The file of the notebook whose kernel this is, or None if it cannot be told.

    Jupyter's server knows it also after the learner has renamed it; the variable that it gave to
    the kernel only before that.
    """
    path = asked()
    return path if path and path.is_file() and path.suffix == ".ipynb" else started()


def asked() -> Path | None:
    """The path that the server of this kernel has for it; None if there is no such server."""
    from ipykernel.connect import get_connection_file
    from jupyter_core.paths import jupyter_runtime_dir

    try:
        kernel = Path(get_connection_file()).stem.removeprefix("kernel-")
    except RuntimeError:  # this is no kernel
        return None
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for notes in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server = json.loads(notes.read_text("utf-8"))
            headers = {"Authorization": f"token {server['token']}"}
            request = urllib.request.Request(f"{server['url']}api/sessions", headers=headers)
            with direct.open(request, timeout=SECONDS) as answer:
                sessions = json.load(answer)
        except (OSError, ValueError):  # one that has ended, or lets only its users in
            continue
        for session in sessions:
            if session["kernel"]["id"] == kernel:
                return Path(server["root_dir"], session["path"])
    return None


def started() -> Path | None:
    """The file that the notebook had when its kernel started: nobody has to be asked for it."""
    path = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return path if path.is_file() and path.suffix == ".ipynb" else None


def module(path: Path) -> str | None:
    """The module that a notebook's file says it is, by the mark of `course build`."""
    try:
        name = json.loads(path.read_bytes())["metadata"]["next_token"]["module"]
    except (ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
