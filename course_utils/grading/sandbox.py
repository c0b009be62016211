"""Starts the untrusted side in a sandbox made of bubblewrap and prlimit, and ends it for sure."""

import functools
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from course_utils.project import PACKAGE, ROOT

MEMORY = 3 * 2**30  # of all processes of a submission together, resident
ADDRESSES = 8 * 2**30  # of one process; torch alone maps about 3 GB
CPU_SECONDS = 300
PROCESSES = 64
FILE = 64 * 2**20  # one file, and all of /tmp together
WORK = Path("/tmp/work")  # the working directory inside
JOIN_KEYRING = {"x86_64": 250, "aarch64": 219}  # the system call keyctl
NOBODY = 65534  # users above it are nobody's
SETTINGS = {
    "PYTHONPATH": str(PACKAGE.parent),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
HOW_TO_INSTALL = (
    "the sandbox needs bubblewrap and prlimit: install them (Debian, Ubuntu: apt-get install "
    "bubblewrap util-linux), or grade with --no-sandbox on a machine that holds nothing else"
)


@functools.cache
def missing() -> str | None:
    """None if a sandbox can be started here, else why not, and what to do."""
    if absent := [name for name in ("bwrap", "prlimit") if not shutil.which(name)]:
        return f"{' and '.join(absent)} not found; {HOW_TO_INSTALL}"
    probe = subprocess.run(
        [*argv(), sys.executable, "-c", "import torch"], capture_output=True, text=True, timeout=120
    )
    if probe.returncode:
        return f"bubblewrap cannot start here: {probe.stderr.strip()[-300:]}; {HOW_TO_INSTALL}"
    return None


def argv(folder: Path | None = None) -> list[str]:
    """The command line in front of a command that runs it in a sandbox.

    It sees the system and this Python, read-only, the files of `folder` as a copy in its working
    directory, and a small /tmp; no network, no home, no other process, no variable of ours.
    """
    limits = {
        "as": ADDRESSES,
        "cpu": CPU_SECONDS,
        "nproc": PROCESSES,
        "fsize": FILE,
        "nofile": 256,
        "core": 0,
    }
    command = ["prlimit", *(f"--{name}={value}" for name, value in limits.items())]
    root = os.geteuid() == 0
    command += ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += [f"--unshare-{name}" for name in ("pid", "net", "ipc", "uts", "cgroup-try")]
    if root:  # it becomes another user below: the kernel counts no processes of root
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns"]
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    for path in ("/tmp", "/dev/shm"):  # before the rest, which may lie in them
        command += ["--perms", "1777", "--size", str(FILE), "--tmpfs", path]
    for path in read_only():
        command += [*way_to(Path(path)), "--ro-bind", path, path]
    for name in ("bin", "sbin", "lib", "lib64"):
        if (path := Path("/", name)).is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    for path in hidden():
        command += ["--tmpfs", str(path), "--remount-ro", str(path)]
    command += ["--perms", "1777", "--dir", str(WORK)]
    if folder:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb":
                place = WORK / path.relative_to(folder)
                command += [*way_to(place), "--ro-bind", str(path), str(place)]
    command += ["--remount-ro", "/", "--chdir", str(WORK)]
    for name, value in variables().items():
        command += ["--setenv", name, value]
    if root:
        user = str(NOBODY + os.getpid())
        command += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        command += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return command


def way_to(path: Path) -> list[str]:
    """Make the folders above a path; those that bubblewrap makes by itself only root may enter."""
    parents = [p for p in reversed(path.parents) if p not in (Path("/"), Path("/tmp"), WORK)]
    return [part for p in parents for part in ("--perms", "0755", "--dir", str(p))]


def hidden() -> list[Path]:
    """Folders inside the readable ones: settings, which may hold passwords, and this course."""
    settings = [Path("/usr/local/etc"), Path(sys.prefix, "etc"), Path(sys.base_prefix, "etc")]
    ours = [ROOT / "quizzes", ROOT / "tests", ROOT / ".git"]
    seen = [Path(path) for path in read_only()]
    found = {path.resolve() for path in settings + ours if path.is_dir()}
    return sorted(path for path in found if any(path.is_relative_to(other) for other in seen))


def read_only() -> list[str]:
    """The folders that Python and the course need; what lies in /usr comes with it."""
    needed = [Path("/usr"), Path("/etc/ld.so.cache"), Path("/etc/alternatives")]
    needed += [Path(sys.prefix), Path(sys.base_prefix), PACKAGE]
    found: list[Path] = []
    for path in (p.resolve() for p in needed if p.exists()):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return [str(path) for path in found]


def variables() -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/tmp",
        "IPYTHONDIR": "/tmp/ipython",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "LANG": "C.UTF-8",
        **SETTINGS,
    }


def outside() -> dict[str, str]:
    """The variables of bubblewrap itself: an ordinary user's sandbox shows it as /proc/1."""
    return {"PATH": os.environ["PATH"]}


def own_keyring() -> None:
    """Leave the session's keyring for an empty one, which what is started from here gets too."""
    if call := sys.platform == "linux" and JOIN_KEYRING.get(platform.machine()):
        import ctypes

        # A kernel that has no keys, or denies this, has no ring to share either.
        ctypes.CDLL(None).syscall(call, 1, None)


class Process:
    """The untrusted side, running. With sandbox=False it is an ordinary process of this user."""

    def __init__(self, folder: Path | None, sandbox: bool):
        command = argv(folder) if sandbox else []
        self.process = subprocess.Popen(
            # -P: a file of the submission named like a module does not stop the start
            [*command, sys.executable, "-P", "-m", "course_utils.grading.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=outside() if sandbox else os.environ | SETTINGS,
            cwd=None if sandbox else folder,
            start_new_session=True,
        )
        self.too_large = False
        self.ended = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        """End the process when it and all its children hold too much memory together."""
        while not self.ended.wait(0.25):
            if held(self.process.pid, rss) > MEMORY and held(self.process.pid, pss) > MEMORY:
                self.too_large = True
                self.process.kill()
                return

    def end(self) -> None:
        """Kill it and all that it started: they die with the sandbox's first process."""
        self.ended.set()
        for child in children(self.process.pid):
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.kill()
        self.process.wait()


def children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def held(pid: int, of: Callable[[psutil.Process], int]) -> int:
    """The memory that the descendants of a process hold together, in bytes."""
    total = 0
    for process in children(pid):
        try:
            total += of(process)
        except psutil.NoSuchProcess:
            continue
    return total


def rss(process: psutil.Process) -> int:
    """Quick; counts a page once for every process that maps it."""
    return process.memory_info().rss


def pss(process: psutil.Process) -> int:
    """Shares a page out among those that map it; `rss` where the kernel does not tell us."""
    try:
        return process.memory_full_info().pss
    except psutil.AccessDenied:
        return rss(process)
