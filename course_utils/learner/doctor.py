"""`course doctor`: whether this machine can run the course, and how to mend what is not right.

Imports nothing but the standard library at the top: what it looks for may be missing.
"""

import json
import os
import platform
import re
import sys
import tomllib
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from course_utils.model.checksums import damage
from course_utils.project import CARRIED, NAME, PACKAGE, requirement

OK, WARN, FAIL = "ok", "warn", "FAIL"
GIB = 2**30
NEEDED = 2 * GIB  # what the largest module may take, by the tests of the lessons
WIDGETS = "@jupyter-widgets/jupyterlab-manager"


@dataclass(frozen=True)
class Finding:
    """How one thing is here. FAIL: a learner cannot go on. WARN: only some of it will not work."""

    level: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.what}"
        return f"{line}. Fix: {self.fix}" if self.fix else line


def doctor(root: Path) -> list[Finding]:
    """Examine this machine for the course in `root`. One finding for each thing, in a fixed order.

    A check that itself fails is a finding too: the others still run.
    """
    checks = [python, packages, kernel, widgets, weights, memory, sandbox, browser]
    return [examined(check, root) for check in checks]


def examined(check: Callable[[Path], Finding], root: Path) -> Finding:
    try:
        return check(root)
    except Exception as error:
        what = f"{check.__name__}: could not be checked, {type(error).__name__}: {error}"
        return Finding(FAIL, " ".join(what.split()), install(root))


def install(root: Path) -> str:
    return f'"{sys.executable}" -m pip install {requirement(root=root)}'


def needs(root: Path) -> tuple[str, list[str]]:
    """The Python and the packages that the course asks for.

    A checkout's own file tells, as it may be newer than what was noted when it was installed.
    """
    if root == CARRIED:
        packages = [line for line in metadata.requires(NAME) if "extra ==" not in line]
        return metadata.metadata(NAME)["Requires-Python"], packages
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return project["requires-python"], project["dependencies"]


def python(root: Path) -> Finding:
    least = re.search(r">=(\d+)\.(\d+)", needs(root)[0]).groups()
    what = f"Python {platform.python_version()}, {sys.executable}"
    if sys.version_info < tuple(map(int, least)):
        return Finding(FAIL, what, f"install Python {'.'.join(least)} or newer, then the course")
    return Finding(OK, what)


def packages(root: Path) -> Finding:
    """Each of the course's own dependencies is there, in a version that it allows."""
    from packaging.requirements import Requirement  # JupyterLab needs it, so it comes along

    wanted = [Requirement(line) for line in needs(root)[1]]
    wrong = []
    for package in wanted:
        try:
            found = metadata.version(package.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{package.name} is missing")
            continue
        if not package.specifier.contains(found, prereleases=True):
            wrong.append(f"{package.name} is {found}, not {package.specifier}")
    if wrong:
        return Finding(FAIL, f"packages: {'; '.join(wrong)}", install(root))
    return Finding(OK, f"packages: all {len(wanted)} in the versions asked for")


def kernel(root: Path) -> Finding:
    """The kernel that notebooks name runs in this Python, where the course is installed."""
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    command = Path(spec.argv[0])
    # Jupyter takes a mere python, python3 or python3.11 to mean its own. Links lead out of an
    # environment, so folders are compared.
    own = command.name == str(command) and command.name.startswith("python")
    if own or command.parent.resolve() == Path(sys.executable).parent.resolve():
        return Finding(OK, "kernel: notebooks run in this Python")
    fix = f"remove {spec.resource_dir}, and start JupyterLab again"
    return Finding(FAIL, f"kernel: {spec.resource_dir} runs {command}, not this Python", fix)


def widgets(root: Path) -> Finding:
    """JupyterLab finds the extension that draws sliders, switched on, and for this ipywidgets."""
    from jupyter_core.paths import jupyter_path

    # Read here: jupyterlab_server could tell, but takes a second and a half to import.
    for folder in (Path(path, WIDGETS) for path in jupyter_path("labextensions")):
        if (about := folder / "package.json").is_file():
            break
    else:
        fix = f'"{sys.executable}" -m pip install --force-reinstall jupyterlab_widgets'
        return Finding(FAIL, f"widgets: JupyterLab has no {WIDGETS}", fix)
    if path := disabled_in(WIDGETS):
        fix = f"take it out of disabledExtensions in {path}"
        return Finding(FAIL, f"widgets: {WIDGETS} is disabled", fix)
    version = json.loads(about.read_text("utf-8"))["version"]
    if not version.startswith("5."):  # ipywidgets 8 needs it
        fix = f"remove that folder, then {install(root)}"
        return Finding(FAIL, f"widgets: {folder} is version {version}, not 5", fix)
    return Finding(OK, f"widgets: {WIDGETS} {version}")


def disabled_in(extension: str) -> Path | None:
    """The file of JupyterLab's settings that switches it off. The first folder's file decides."""
    from jupyter_core.paths import jupyter_config_path

    for folder in jupyter_config_path():
        path = Path(folder, "labconfig", "page_config.json")
        if path.is_file():
            names = json.loads(path.read_text("utf-8")).get("disabledExtensions", {})
            if extension in names:
                return path if isinstance(names, list) or names[extension] else None
    return None


def weights(root: Path) -> Finding:
    package = PACKAGE if root == CARRIED else root / "course_utils"
    reasons = (damage(package / "model" / name) for name in ("storyteller", "calculator"))
    if reason := next(filter(None, reasons), None):
        fix = f'git -C "{root}" checkout -- course_utils'
        if root == CARRIED:
            fix = f"{install(root)} --force-reinstall --no-deps"
        return Finding(FAIL, f"model: {reason}", fix)
    return Finding(OK, "model: the files of Storyteller and Calculator have the right checksums")


def memory(root: Path) -> Finding:
    """How much memory is free, within the limit of a container if there is one."""
    import psutil

    free = psutil.virtual_memory().available
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (most := limit.read_text("utf-8").strip()).isdecimal():
        used = int((limit.parent / "memory.current").read_text("utf-8"))
        free = min(free, int(most) - used)
    what = f"memory: {free / GIB:.1f} GB free"
    if free < NEEDED:
        fix = "close other programs, and one module before you open the next"
        return Finding(WARN, f"{what}, less than the {NEEDED / GIB:g} GB a module may need", fix)
    return Finding(OK, what)


def sandbox(root: Path) -> Finding:
    """Whether other people's notebooks could be graded here. Learners run their own."""
    from course_utils.grading import sandbox

    only = "needed only to grade the work of others"
    if platform.system() != "Linux":
        return Finding(WARN, f"sandbox: none on {platform.system()}, {only}", "grade on Linux")
    if reason := sandbox.missing("pass"):
        return Finding(WARN, f"sandbox: none here, {only}", reason)
    counted = "by systemd, in a cgroup" if sandbox.scope() else "from /proc"
    return Finding(
        OK,
        "sandbox: bubblewrap, its limits and its filter of system calls work; memory is counted "
        + counted,
    )


def browser(root: Path) -> Finding:
    if os.environ.get("BROWSER") == "none":
        return Finding(OK, "browser: BROWSER=none, so course lab prints an address to open")
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        fix = "BROWSER=none course lab prints an address to open in a browser elsewhere"
        return Finding(WARN, "browser: none found here", fix)
    return Finding(OK, f"browser: {getattr(found, 'name', type(found).__name__)}")
