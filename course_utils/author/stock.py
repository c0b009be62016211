"""Stock nbgrader in a process of its own, so its logs, settings and kernels touch nothing of ours.

`run` is the caller's side; `python -m course_utils.author.stock` is the other one. It starts in a
nbgrader course folder, and both sides keep their notes to each other in that folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from course_utils.project import SELF_PACED

STUDENT = "me"
REQUEST, REPLY, LOG = "request.json", "reply.json", "log.txt"
LONGEST = 600


def run(course: Path, modules: list[str], submission: Path | None = None) -> dict:
    """Generate the assignments of `modules`; with a submission, autograde it as the only one's.

    Returns "released": module -> folder, and for a submission "autograded": its notebook or None
    (then "failure" says why), "grades": question -> [points or None, max points]. Raises
    ValueError if a module is not accepted.
    """
    course = course.resolve()
    request = {"modules": modules, "submission": submission and str(submission)}
    (course / REQUEST).write_text(json.dumps(request), "utf-8")
    with (course / LOG).open("wb") as log:  # a file: a pipe would wait for a learner's stray child
        worker = subprocess.Popen(
            [sys.executable, "-m", "course_utils.author.stock"],
            cwd=course,
            env=environment(course.parent / "jupyter"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            worker.wait(LONGEST)
        except subprocess.TimeoutExpired:
            raise ValueError(f"the notebook ran for more than {LONGEST} s and was stopped")
        finally:
            worker.kill()
            worker.wait()
    try:
        reply = json.loads((course / REPLY).read_text("utf-8"))
    except FileNotFoundError:
        lines = (course / LOG).read_text("utf-8", errors="replace").split("\n")
        raise ValueError("nbgrader stopped: " + " ".join(line for line in lines[-4:] if line))
    return accepted(reply)


def accepted(reply: dict) -> dict:
    """What `work` returned. ValueError if it refused a module."""
    if "refused" in reply:
        raise ValueError(f"{reply['refused']}: nbgrader: {reply['failure']}")
    return reply


def environment(jupyter: Path) -> dict[str, str]:
    """Variables for a Jupyter without any user's settings, whose kernel is this very Python."""
    if find_spec("ipykernel") is None:
        raise ValueError(f"ipykernel is missing in {sys.executable}; run: pip install ipykernel")
    kernel = jupyter / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), "utf-8")
    changed = {
        "PATH": before("PATH", sysconfig.get_path("scripts")),  # nbgrader calls `alembic` by name
        "JUPYTER_PATH": before("JUPYTER_PATH", str(jupyter)),
        "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
        "JUPYTER_DATA_DIR": str(jupyter / "data"),
        "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
        "JUPYTER_NO_CONFIG": "1",
        "IPYTHONDIR": str(jupyter / "ipython"),
        "OMP_NUM_THREADS": "1",
        "PYTHONIOENCODING": "utf-8",
        SELF_PACED: "0",  # what runs here is scored, and not practised
    }
    # A warning on stderr would cost the points of its cell.
    return {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"} | changed


def before(name: str, path: str) -> str:
    """A search path of the environment with one more folder in front."""
    return os.pathsep.join(filter(None, [path, os.environ.get(name)]))


def main() -> None:
    request = json.loads(Path(REQUEST).read_text("utf-8"))
    reply = work(request["modules"], request["submission"])
    Path(REPLY).write_text(json.dumps(reply), "utf-8")


def work(
    modules: list[str],
    submission: str | None,
    student: str = STUDENT,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Do it here, in the course folder that this process is in; the reply of `run`, or `refused`.

    A module that has been generated there stays as it is, and a student submits it once.
    progress: called with the number of each cell of the submission, and how many there are.
    """
    import nbgrader.api
    from nbgrader.apps import NbGraderAPI
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from traitlets.config import PyFileConfigLoader

    # Its version matters only to a gradebook that is kept, and asking alembic takes 2 s.
    nbgrader.api.get_alembic_version = lambda: "temporary"
    if not event.contains(Engine, "connect", hurry):
        event.listen(Engine, "connect", hurry)
    config = PyFileConfigLoader("nbgrader_config.py", path=os.getcwd()).load_config()
    config.Separate.sandbox = False  # it is the learner's own code
    config.Separate.progress = progress
    api = NbGraderAPI(config=config)
    released = {}
    for module in modules:
        released[module] = folder(api, api.coursedir.release_directory, ".", module)
        if Path(released[module], f"{module}.ipynb").is_file():
            continue
        result = api.generate_assignment(module)
        if not result["success"]:
            return {"refused": module, "failure": last_error(result)}
    reply = {"released": released}
    if submission is None:
        return reply

    (module,) = modules
    target = Path(folder(api, api.coursedir.submitted_directory, student, module))
    target.mkdir(parents=True)
    shutil.copyfile(submission, target / f"{module}.ipynb")
    result = api.autograde(module, student)
    reply["failure"] = None if result["success"] else last_error(result)
    done = Path(folder(api, api.coursedir.autograded_directory, student, module))
    reply["autograded"] = str(done / f"{module}.ipynb") if result["success"] else None
    with api.gradebook as gradebook:
        graded = gradebook.find_submission_notebook(module, module, student)
        reply["grades"] = {g.name: [g.auto_score, g.max_score] for g in graded.grades}
    return reply


def hurry(connection, _) -> None:
    """Wait for no disk: nobody needs this gradebook after a loss of power, and it commits often."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")


def folder(api, step: str, student: str, module: str) -> str:
    return os.path.normpath(api.coursedir.format_path(step, student, module))


def last_error(result: dict) -> str:
    """The first exception that nbgrader logged, else its last line."""
    text = result.get("log", "") + result.get("error", "")
    errors = re.findall(r"^\s*((?:\w+\.)*\w+Error: .*)$", text, re.MULTILINE)
    return errors[0] if errors else text.strip().split("\n")[-1]


if __name__ == "__main__":
    main()
