"""Starts the untrusted side in a sandbox made of bubblewrap, limits and a filter of system calls,
and ends it for sure."""

import contextlib
import functools
import os
import platform
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import psutil

from course_utils.grading import syscalls
from course_utils.project import PACKAGE, ROOT, SELF_PACED, requirement

MEMORY = 3 * 2**30  # of all processes of a submission together, resident
ADDRESSES = 8 * 2**30  # of one process; torch alone maps about 3 GB
CPU_SECONDS = 300
PROCESSES = 64
MOST_CUTS = 2
TRIES = 3  # to count its memory while it runs, before it is stopped for that
FILE = 64 * 2**20  # one file, and all of /tmp together
LONGEST_COMMAND = 2**20  # bytes; Linux takes twice as many, with variables
POINTER = 9  # bytes that each word takes besides
WORK = Path("/tmp/work")  # the working directory inside
JOIN_KEYRING = {"x86_64": 250, "aarch64": 219}  # the system call keyctl
LIMITS = {
    "as": ADDRESSES,
    "cpu": CPU_SECONDS,
    "nproc": PROCESSES,
    "fsize": FILE,
    "nofile": 256,
    "core": 0,
}
SMALL = ("/tmp", "/dev/shm")  # file systems in memory, each of FILE bytes
INODE = 1024  # bytes of memory that each file there takes besides
BUFFER = 208 * 2**10  # bytes that the kernel may hold for an open file: a socket's
USERS = range(2_000_000_000, 2**31 - 1)  # of no system, and no range that containers are given
SETTINGS = ("etc", "pip.conf", ".condarc", "condarc", ".condarc.d", "condarc.d", "conda-meta")
VARIABLES = {
    "PYTHONPATH": str(PACKAGE.parent),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    SELF_PACED: "0",  # grading tells nothing while answers run
}
TOOLS = ("bwrap", "prlimit", "setpriv")
INSTALL = (
    "the sandbox needs bubblewrap, util-linux and libseccomp: install them (Debian, Ubuntu: "
    "apt-get install bubblewrap util-linux libseccomp2)"
)
SYSTEMD = Path("/run/systemd/system")  # is there if systemd started this machine
BUS = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")  # where a user's systemd listens
# It starts what a submission needs: torch, a thread, and a process.
PROBE = (
    "import os, threading, torch; thread = threading.Thread(target=int); thread.start(); "
    "thread.join(); child = os.fork() or os._exit(0); os.waitpid(child, 0)"
)
PROBE_SECONDS = 120


@functools.cache
def missing(probe: str = PROBE) -> str | None:
    """None if a sandbox can be started here and run `probe`, else why not, and what to do."""
    if absent := [name for name in TOOLS if not shutil.which(name)]:
        return (
            f"{' and '.join(absent)} not found; {INSTALL}, or grade with --no-sandbox on a machine "
            "that holds nothing else"
        )
    try:
        ran = subprocess.run(
            [*argv(), sys.executable, "-c", probe],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            env=outside(),
        )
    except ImportError:
        return f"pyseccomp is missing; run: pip install {requirement('grading')}"
    except RuntimeError as error:  # it looks for the library with other programs
        try:
            subprocess.run(["true"], check=True)
        except OSError as limited:
            return cause(str(limited))
        return f"{error}; {INSTALL}"
    except OSError as error:
        return cause(str(error))
    except subprocess.TimeoutExpired:
        return f"the sandbox took more than {PROBE_SECONDS} s to start; end other programs"
    return cause(ran.stderr.strip()) if ran.returncode else None


def cause(said: str) -> str:
    """Why a sandbox did not start, by what it said, and the way out."""
    if re.search(r"Resource temporarily unavailable|can't start new thread|Cannot fork", said):
        import resource

        most = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        mine = len([p for p in psutil.process_iter(["uids"]) if p.info["uids"][0] == os.getuid()])
        return (
            f"the sandbox got no process or thread: your limit is {most} (ulimit -u), and you "
            f"run {mine} processes. End some, ask for a higher limit, or lower --workers "
            f"({said[-200:]})"
        )
    if re.search(r"allocate memory|MemoryError|not enough memory", said):
        free = psutil.virtual_memory().available / 2**30
        return (
            f"the sandbox got no memory: {free:.1f} GB are free. End other programs, or lower "
            f"--workers ({said[-200:]})"
        )
    if re.search(r"No space left on device", said):
        return (
            "the sandbox got no namespace: too many are in use. Raise user.max_user_namespaces "
            f"(sysctl), or lower --workers ({said[-200:]})"
        )
    if re.search(r"No permissions to create|not permitted|Permission denied", said):
        return (
            "you may make no namespaces here, which bubblewrap needs. As root allow them (sysctl "
            "kernel.unprivileged_userns_clone=1; on Ubuntu "
            "kernel.apparmor_restrict_unprivileged_userns=0), or grade on a virtual machine "
            f"({said[-200:]})"
        )
    return f"bubblewrap cannot start here: {said[-300:]}"


@functools.cache
def scope() -> tuple[str, ...]:
    """The command in front that has the kernel count all memory of a sandbox in a cgroup.

    Empty where there is no systemd that would do it: then `Process.watch` counts.
    """
    if not (shutil.which("systemd-run") and SYSTEMD.is_dir()):
        return ()
    command = ["systemd-run", "--scope", "--quiet", "--collect"]
    command += ["--user"] * bool(os.geteuid())
    for name, value in {"MemoryMax": MEMORY, "MemorySwapMax": 0, "TasksMax": PROCESSES + 8}.items():
        command += ["--property", f"{name}={value}"]
    try:
        ran = subprocess.run([*command, "true"], capture_output=True, timeout=10, env=outside())
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if ran.returncode else tuple(command)


def argv(folder: Path | None = None) -> list[str]:
    """The command line in front of a command that runs it in a sandbox.

    It sees the system and this Python, read-only, the files of `folder` as a copy in its working
    directory, and a small /tmp; no network, no home, no other process, no variable of ours. What
    the kernel refuses to it is in `syscalls`. Raises what `syscalls.filter_file` does, and
    ValueError if the names of the files are too long together.
    """
    filter_path = f"/proc/{os.getpid()}/fd/{syscalls.filter_file()}"
    command = [*scope(), "env", *(f"--unset={name}" for name in BUS)]
    command += ["sh", "-c", 'exec "$@" 9<"$0"', filter_path]
    root = os.geteuid() == 0
    command += ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += ["--seccomp", "9"]
    command += [f"--unshare-{name}" for name in ("pid", "net", "ipc", "uts", "cgroup-try")]
    if root:  # it becomes another user below: the kernel counts no processes of root
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--ro-bind", os.devnull, "/dev/zero"]  # mapped, it is memory that nobody counts
    command += ["--remount-ro", "/dev"]
    for path in SMALL:  # before the rest, which may lie in them
        command += ["--perms", "1777", "--size", str(FILE), "--tmpfs", path]
    made: set[Path] = set()
    for path in read_only():
        command += [*way_to(Path(path), made), "--ro-bind", path, path]
    for name in ("bin", "sbin", "lib", "lib64"):
        if (path := Path("/", name)).is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    for path in hidden():
        if path.is_dir():
            command += ["--tmpfs", str(path), "--remount-ro", str(path)]
        else:
            command += ["--ro-bind", os.devnull, str(path)]
    command += ["--perms", "1777", "--dir", str(WORK)]
    for path in files_of(folder):
        place = WORK / path.relative_to(folder)
        command += [*way_to(place, made), "--ro-bind", str(path), str(place)]
    if (length := sum(len(os.fsencode(part)) + POINTER for part in command)) > LONGEST_COMMAND:
        raise ValueError(
            f"the names of its files, with their folders, have {length:,} bytes together; at most "
            f"{LONGEST_COMMAND:,} can be shown to code: give the files shorter names"
        )
    command += ["--remount-ro", "/", "--chdir", str(WORK)]
    for name, value in variables().items():
        command += ["--setenv", name, value]
    if root:
        user = str(free_user())
        command += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        command += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    # Inside: there the kernel counts the processes of this sandbox alone, not all of the user's.
    return [*command, "prlimit", *(f"--{name}={value}" for name, value in LIMITS.items())]


def free_user() -> int:
    """A user that nobody is, and no sandbox of another container on this machine."""
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        first, _, count = max((list(map(int, line.split())) for line in lines), key=lambda m: m[2])
    low, high = max(first, USERS.start), min(first + count, USERS.stop)
    if low >= high:  # a container with few users, of which it has the upper half
        low, high = first + count // 2, first + count
    return low + secrets.randbelow(high - low)


def files_of(folder: Path | None) -> list[Path]:
    """The plain files below a folder that a submission sees: all but notebooks."""
    found = sorted(folder.rglob("*")) if folder else []
    return [
        path
        for path in found
        if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb"
    ]


def way_to(path: Path, made: set[Path]) -> list[str]:
    """Make the folders above a path that are not in `made`, once: bubblewrap takes 9,000 words.

    Those that it makes by itself only root may enter.
    """
    there = {Path("/"), Path("/tmp"), WORK} | made
    parents = [p for p in reversed(path.parents) if p not in there]
    made.update(parents)
    return [part for p in parents for part in ("--perms", "0755", "--dir", str(p))]


def hidden() -> list[Path]:
    """What lies in the readable folders: settings, which may hold passwords, and this course."""
    places = [Path(sys.prefix), Path(sys.base_prefix)]
    settings = [Path("/usr/local/etc"), *(place / name for place in places for name in SETTINGS)]
    ours = [ROOT / "quizzes", ROOT / "tests", ROOT / ".git"]
    seen = [Path(path) for path in read_only()]
    found = {path.resolve() for path in settings + ours if path.exists()}
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
        **VARIABLES,
    }


def outside() -> dict[str, str]:
    """The variables of what starts bubblewrap, of which `argv` leaves it PATH alone: an ordinary
    user's sandbox shows it as /proc/1."""
    return {name: os.environ[name] for name in ("PATH", *BUS) if name in os.environ}


def own_keyring() -> None:
    """Leave the session's keyring for an empty one, which what is started from here gets too."""
    if call := sys.platform == "linux" and JOIN_KEYRING.get(platform.machine()):
        import ctypes

        # A kernel that has no keys, or denies this, has no ring to share either.
        ctypes.CDLL(None).syscall(call, 1, None)


waiting: list[subprocess.Popen] = []  # untrusted sides that have not been asked for anything yet


def prepare(*imports: str) -> None:
    """Start an untrusted side without a sandbox, which the next `Process` takes.

    imports: modules that cells will want, and that take a second.
    """
    waiting.append(started(None, False, *imports))


def taken(folder: Path | None, sandbox: bool) -> subprocess.Popen:
    """One that waits, or else a new one."""
    while waiting and not sandbox:  # a sandbox is made for its folder
        if (ready := waiting.pop()).poll() is None:  # the system may have ended it for its memory
            return ready
    return started(folder, sandbox)


def started(folder: Path | None, sandbox: bool, *imports: str) -> subprocess.Popen:
    command = argv(folder) if sandbox else []
    return subprocess.Popen(
        # -P: a file of the submission named like a module does not stop the start
        [*command, sys.executable, "-P", "-m", "course_utils.grading.worker", *imports],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=outside() if sandbox else os.environ | VARIABLES,
        cwd=None if sandbox else folder,
        start_new_session=True,
    )


class Process:
    """The untrusted side, running. With sandbox=False it is an ordinary process of this user."""

    def __init__(self, folder: Path | None, sandbox: bool):
        if sandbox and os.geteuid() == 0:  # inside it is another user
            for path in files_of(folder):
                path.chmod(path.stat().st_mode | 0o444)
        self.process = taken(folder, sandbox)
        self.worker = self.process.pid
        self.own: set[int] = set()  # the worker and what leads to it, once they are known
        self.times: BinaryIO | None = None  # the kernel's, of the worker: to open it takes 0.1 ms
        self.noted = 0.0
        self.paused = 0.0  # seconds in which it stood still to be counted
        self.too_large = False
        self.cuts = 0  # how often what its code started was ended, in the present request
        self.ended = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        try:
            while not self.ended.wait(0.25) and self.within():
                pass
        except BaseException:
            self.process.kill()  # nothing runs unwatched
            raise

    def within(self) -> bool:
        """Whether it holds no more memory than it may, and goes on.

        If all together hold too much, what its code started is ended: an earlier cell may have left
        it behind. All is ended, if what runs the code does by itself, or if there is ever more.
        """
        if not too_much(family(self.process.pid), rss, lost=MEMORY):
            return True
        if any(self.share_little() for _ in range(TRIES)):
            return True
        began = time.monotonic()
        stopped = self.stop()
        try:
            if not too_much(list(stopped), pss):
                return True
            own = [process for process in stopped if process.pid in self.own]
            if not own or self.cuts == MOST_CUTS or too_much(own, pss):
                self.too_large = True
                self.process.kill()
                return False
            self.cuts += 1
            send(psutil.Process.kill, [process for process in stopped if process not in own])
            return True
        finally:
            # Those that started others come last, and do not learn that these had stopped.
            send(psutil.Process.resume, [p for p in reversed(stopped) if not stopped[p]])
            self.paused += time.monotonic() - began

    def share_little(self) -> bool:
        """Whether it holds no more than it may while it runs, shared with no newcomer."""
        inside = family(self.process.pid)
        small = not too_much(inside, pss, lost=MEMORY)
        return small and set(inside) >= set(family(self.process.pid))

    def stop(self) -> dict[psutil.Process, bool]:
        """Let nothing run inside: what does would start another, or change while it is counted.

        Returns its processes, each with whether its code had stopped it before.
        """
        stopped: dict[psutil.Process, bool] = {}
        for _ in range(PROCESSES):
            running = [p for p in family(self.process.pid) if p not in stopped]
            if not running:
                break
            for (
                process
            ) in running:  # those that started others come first, and stop no more of them
                stopped[process] = stands_still(process)
                send(psutil.Process.suspend, [process])
        return stopped

    def find_worker(self) -> None:
        """Know which of its processes runs the code; before it does, as that may start more."""
        for child in children(self.process.pid):
            self.worker = child.pid  # each starts the next
            self.own.add(child.pid)
        self.own.add(self.process.pid)
        self.forget_times()
        self.starved()

    def starved(self) -> float:
        """Seconds, since this was asked last, in which its code was ready to run, and others had
        the processors (0 where the kernel does not tell), or it was stopped to be counted.
        """
        before, self.noted = self.noted, self.all_starved()
        return self.noted - before

    def all_starved(self) -> float:
        try:
            if self.times is None:
                place = Path(f"/proc/{self.worker}/schedstat")
                self.times = place.open("rb", buffering=0)
            self.times.seek(0)
            return int(self.times.read(100).split()[1]) / 1e9 + self.paused
        except (OSError, IndexError):
            return self.noted

    def forget_times(self) -> None:
        if self.times is not None:
            self.times.close()
            self.times = None

    def end(self) -> None:
        """Kill it and all that it started: they die with the sandbox's first process."""
        self.ended.set()
        for child in children(self.process.pid):
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        if hasattr(os, "killpg"):  # what has outlived who started it, and may hold the pipes
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.forget_times()


def family(pid: int) -> list[psutil.Process]:
    """A process, and all that it has started."""
    try:
        return [first := psutil.Process(pid), *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def children(pid: int) -> list[psutil.Process]:
    return family(pid)[1:]


def send(signal_to: Callable[[psutil.Process], None], processes: list[psutil.Process]) -> None:
    """To those that have not ended."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            signal_to(process)


def stands_still(process: psutil.Process) -> bool:
    """Whether it was stopped, or will be as soon as it has a processor to stop on."""
    try:
        return process.status() == psutil.STATUS_STOPPED or will_stop(process.pid)
    except psutil.NoSuchProcess:
        return False


def will_stop(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether SIGSTOP waits for a process; False where nobody tells."""
    waiting = re.findall(rb"(?m)^(?:Sig|Shd)Pnd:\s*(\w+)", status_of(pid, proc))
    return any(int(signals, 16) >> (signal.SIGSTOP - 1) & 1 for signals in waiting)


def too_much(
    processes: list[psutil.Process], of: Callable[[psutil.Process], int], lost: int = 0
) -> bool:
    """Whether what the processes of a sandbox hold is more than a submission may; see `held`."""
    return held_by_kernel(processes) + held(processes, of, lost) > MEMORY


def held(
    processes: list[psutil.Process], of: Callable[[psutil.Process], int], lost: int = 0
) -> int:
    """The memory that processes hold together, in bytes.

    lost: what counts for one that ended before it was asked, and may have handed on what it had.
    """
    total = 0
    for process in processes:
        try:
            total += of(that_tells(process))
        except psutil.NoSuchProcess:
            total += lost
    return total


def held_by_kernel(processes: list[psutil.Process]) -> int:
    """What a sandbox's processes hold that is not theirs: small files in memory, and buffers."""
    files = 0
    for process in processes:
        try:
            files += that_tells(process).num_fds()
        except psutil.AccessDenied:
            files += LIMITS["nofile"]
        except (psutil.Error, OSError):
            continue
    total = BUFFER * max(files, sockets(processes))
    for path in SMALL:
        for process in reversed(processes):  # the last is inside
            try:
                used = os.statvfs(f"/proc/{process.pid}/root{path}")
            except OSError:  # it has ended
                continue
            if used.f_blocks * used.f_frsize <= FILE:  # it is the sandbox's
                total += (used.f_blocks - used.f_bfree) * used.f_frsize
                total += (used.f_files - used.f_ffree) * INODE
            break
    return total


def sockets(processes: list[psutil.Process]) -> int:
    """How many there are in the sandbox's network; no file is open for one that waits."""
    for process in reversed(processes):
        place = Path(f"/proc/{process.pid}")
        try:
            if not (place / "ns/net").samefile("/proc/self/ns/net"):
                return (place / "net/unix").read_bytes().count(b"\n") - 1  # and a line of names
        except OSError:
            continue
    return 0


def that_tells(process: psutil.Process) -> psutil.Process:
    """The process; where its first thread has ended, and tells of no memory, one that has not."""
    if process.status() == psutil.STATUS_ZOMBIE:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                if int(thread) != process.pid:
                    return psutil.Process(int(thread))
    return process


def rss(process: psutil.Process) -> int:
    """Quick; counts a page once for every process that maps it."""
    return process.memory_info().rss + not_resident(process.pid)


def pss(process: psutil.Process) -> int:
    """Shares a page out among those that map it; `rss` where the kernel does not tell us."""
    try:
        return process.memory_full_info().pss + not_resident(process.pid)
    except (psutil.AccessDenied, AttributeError):  # only Linux has it
        return rss(process)


def not_resident(pid: int, proc: Path = Path("/proc")) -> int:
    """What a process has in swap, where it may have sent it, and the tables of its pages, in bytes;
    0 where nobody tells."""
    sizes = re.findall(rb"(?m)^Vm(?:Swap|PTE):\s*(\d+) kB", status_of(pid, proc))
    return sum(int(size) * 1024 for size in sizes)


def status_of(pid: int, proc: Path) -> bytes:
    """What the kernel tells of a process in words; nothing of one that has ended."""
    try:
        return (proc / str(pid) / "status").read_bytes()
    except OSError:
        return b""
