"""What a sandbox refuses, counts and hides, for root and for an ordinary user."""

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import sysconfig
import textwrap
import time
import venv
from pathlib import Path

import psutil
import pytest
from grading.users import as_user

from course_utils.grading import sandbox, syscalls

pytestmark = [pytest.mark.grading, pytest.mark.usefixtures("sandboxed")]


def inside(code: str, **options) -> str:
    """What this code prints in a sandbox."""
    command = [*sandbox.argv(**options), sys.executable, "-c", textwrap.dedent(code)]
    ran = subprocess.run(command, capture_output=True, text=True, env=sandbox.outside())
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# Calls that succeed, or fail for another reason than that they are refused, without a filter.
CALLS = """
    import ctypes, errno, os, socket, sys, threading

    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(256)

    def call(name, *args):
        found = libc.syscall(NUMBERS[name], *args)
        return errno.errorcode.get(ctypes.get_errno()) if found < 0 else "done"

    print("add_key", call("add_key", b"user", b"probe", b"secret", 6, -3))
    print("request_key", call("request_key", b"user", b"probe", None, -3))
    print("keyctl", call("keyctl", 0, -3, 1))
    print("io_uring_setup", call("io_uring_setup", 1, room))
    print("userfaultfd", call("userfaultfd", 0))
    print("ptrace", call("ptrace", 0, 0, 0, 0))
    print("bpf", call("bpf", 0, room, 72))
    print("perf_event_open", call("perf_event_open", room, 0, -1, -1, 0))
    print("mount", call("mount", b"none", b"/tmp", b"tmpfs", 0, 0))
    print("unshare", call("unshare", 0x10000000))
    for flags in (0x10000000, 0x8000, 0x100):  # CLONE_NEWUSER, CLONE_PARENT, and CLONE_VM alone
        print("clone", call("clone", flags | 17, 0, 0, 0, 0))
    print("clone", call("clone", 0x10000 | 0x800 | 0x100, room, 0, 0, 0))  # a thread's own files
    print("close_range", call("close_range", 1000, 1000, 2))
    for option in (4, 36, 78, 2**32 + 4):
        print("prctl", call("prctl", option, 0, 2, 0, 0))
    with socket.socket(socket.AF_UNIX) as own:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            size = ctypes.byref(ctypes.c_int(2**20))
            print("setsockopt", call("setsockopt", own.fileno(), 1, option, size, 4))
    for name in ("splice", "vmsplice", "tee", "sendfile"):
        print(name, call(name, 0, 0, 0, 0, 0, 0))
    print("io_setup", call("io_setup", 1, room))
    print("landlock_create_ruleset", call("landlock_create_ruleset", 0, 0, 1))
    print("inotify_init1", call("inotify_init1", 0))
    for command in (1024, 1026, 2**32 + 1026):  # F_SETLEASE, F_NOTIFY, and what the kernel cuts off
        print("fcntl", call("fcntl", os.open("/usr/bin", os.O_RDONLY), command, 1))
    print("memfd_create", call("memfd_create", b"x", 0))
    print("shmget", call("shmget", 0, 4096, 0o600))
    for kind in (0x21, 0x23):  # MAP_ANONYMOUS, and MAP_SHARED or MAP_SHARED_VALIDATE
        print("mmap", call("mmap", 0, 4096, 3, kind, -1, 0))
    for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK"):
        print(family, call("socket", getattr(socket, family), 1, 0))
"""
REFUSED = [
    *("add_key", "request_key", "keyctl", "io_uring_setup", "userfaultfd", "ptrace", "bpf"),
    *("perf_event_open", "mount", "unshare", "clone", "clone", "clone", "clone", "close_range"),
    *("prctl", "prctl", "prctl", "prctl", "setsockopt", "setsockopt"),
    *("splice", "vmsplice", "tee", "sendfile", "io_setup", "landlock_create_ruleset"),
    *("inotify_init1",),
    *("fcntl", "fcntl", "fcntl", "memfd_create", "shmget", "mmap", "mmap"),
    *("AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK"),
]
OTHER_SIDE = """
    a, b = socket.socketpair()
    a.send(b"x")
    thread = threading.Thread(target=lambda: print("thread", b.recv(1)))
    thread.start(); thread.join()
    child = os.fork() or os._exit(7)
    print("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def calls() -> str:
    """CALLS, and the numbers that they have here."""
    import pyseccomp

    arch = pyseccomp.system_arch()
    names = {*filter(str.islower, REFUSED), "socket"}
    numbers = {name: pyseccomp.resolve_syscall(arch, name) for name in names}
    return f"NUMBERS = {numbers}\n" + textwrap.dedent(CALLS)


def test_the_kernel_refuses_what_reaches_past_it():
    said = inside(calls() + textwrap.dedent(OTHER_SIDE)).splitlines()
    assert said == [*(f"{name} EPERM" for name in REFUSED), "thread b'x'", "fork 7"]


def test_it_refuses_the_same_to_a_user_who_is_not_root():
    code = f"""
        import subprocess, sys
        from course_utils.grading import sandbox
        command = [*sandbox.argv(), sys.executable, "-c", {calls()!r}]
        ran = subprocess.run(command, capture_output=True, text=True, env=sandbox.outside())
        print(ran.stdout, ran.stderr)
    """
    assert as_user(code).splitlines()[: len(REFUSED)] == [f"{name} EPERM" for name in REFUSED]


def test_a_key_of_one_session_is_not_found_in_the_next():
    code = """
        import ctypes
        from course_utils.grading import sandbox
        libc = ctypes.CDLL(None)
        add = libc.syscall(248, b"user", b"probe_6151", b"secret", 6, -3)
        found = lambda: libc.syscall(249, b"user", b"probe_6151", None, 0)
        print(add == found(), end=" ")
        sandbox.own_keyring()
        print(found())
    """
    if not Path("/proc/keys").exists() or sandbox.platform.machine() != "x86_64":
        pytest.skip("this kernel keeps no keys, or has other numbers")
    env = os.environ | {"PYTHONPATH": str(sandbox.PACKAGE.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=env
    )
    assert ran.stdout == "True -1\n", ran.stderr


def test_a_lock_in_one_sandbox_is_not_seen_in_another():
    """Both read the same files of the system; on their own ones locks seem to work."""
    held = """
        import fcntl, os, sqlite3, struct, sys
        file = os.open("/usr/bin/env", os.O_RDONLY)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        whole = struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0)
        for command in (fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW):
            assert fcntl.fcntl(file, command, whole) == whole
        with sqlite3.connect("/tmp/own.db") as database:
            database.execute("create table x (y)")
        print("held", flush=True)
        sys.stdin.read()
    """
    command = [*sandbox.argv(), sys.executable, "-c", textwrap.dedent(held)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=sandbox.outside()
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with open("/usr/bin/env", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            wanted = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
            found = fcntl.fcntl(file, fcntl.F_GETLK, wanted)
        assert struct.unpack("hhqqi", found)[0] == fcntl.F_UNLCK
        holder.communicate()


def test_as_many_files_as_may_be_handed_in_are_shown(tmp_path):
    for i in range(1_000):
        (tmp_path / f"{i}").mkdir()
        (tmp_path / f"{i}" / "a.txt").touch()
    seen = inside("import glob; print(len(glob.glob('*/a.txt')))", folder=tmp_path)
    assert seen == "1000\n"


def test_names_that_no_command_line_takes_are_a_reason(tmp_path):
    folder = tmp_path / ("d" * 250)
    folder.mkdir()
    for i in range(1_900):
        (folder / f"{i:0250}").touch()
    with pytest.raises(ValueError, match="give the files shorter names"):
        sandbox.argv(tmp_path)


# Processes


def test_an_instructor_with_80_tasks_can_start_it():
    code = """
        import subprocess, sys
        from course_utils.grading import sandbox
        others = [subprocess.Popen(["sleep", "60"]) for _ in range(80)]
        code = "import os; child = os.fork(); child and os.wait(); print('started')"
        ran = subprocess.run([*sandbox.argv(), sys.executable, "-c", code],
                             capture_output=True, text=True, env=sandbox.outside())
        for other in others:
            other.kill()
        print(ran.stdout.count("started"), ran.stderr)
    """
    assert as_user(code).startswith("2 ")


FORKS = """
    import os, time
    for i in range(200):
        try:
            if not os.fork():
                time.sleep(20)
                os._exit(0)
        except OSError as error:
            print(i, error)
            break
"""


def test_a_submission_has_few_processes_of_its_own():
    count, error = inside(FORKS).split(maxsplit=1)
    assert int(count) < sandbox.PROCESSES and "temporarily unavailable" in error


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root becomes another")
def test_each_sandbox_of_root_has_a_user_of_its_own_who_reads_its_files(tmp_path):
    users = {sandbox.free_user() for _ in range(20)}
    assert len(users) == 20 and min(users) >= sandbox.USERS.start
    (tmp_path / "private.txt").write_text("words")
    (tmp_path / "private.txt").chmod(0o600)
    with sandbox_of(tmp_path) as process:
        assert (tmp_path / "private.txt").stat().st_mode & 0o444 == 0o444
        assert process.poll() is None
    assert inside("print(open('private.txt').read())", folder=tmp_path) == "words\n"


class sandbox_of:
    """A sandbox with a folder's files, while it runs."""

    def __init__(self, folder: Path | None = None):
        self.process = sandbox.Process(folder, sandbox=True)

    def __enter__(self) -> subprocess.Popen:
        return self.process.process

    def __exit__(self, *_) -> None:
        self.process.end()


def test_a_limit_is_named_and_no_way_around_the_sandbox():
    code = """
        import resource, subprocess, sys
        from course_utils.grading import sandbox
        others = [subprocess.Popen(["sleep", "60"]) for _ in range(20)]
        resource.setrlimit(resource.RLIMIT_NPROC, (22, 22))
        try:
            print(sandbox.missing())
        finally:
            for other in others:
                other.kill()
    """
    said = as_user(code)
    assert "your limit is 22 (ulimit -u)" in said and "--no-sandbox" not in said


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("bwrap: Can't fork for pid: Resource temporarily unavailable", "ulimit -u"),
        ("RuntimeError: can't start new thread", "ulimit -u"),
        ("ImportError: libtorch.so: Cannot allocate memory", "got no memory"),
        ("bwrap: Creating new namespace failed: No space left on device", "max_user_namespaces"),
        ("bwrap: setting up uid map: Permission denied", "unprivileged_userns"),
        ("bwrap: execvp x: No such file", "No such file"),
    ],
)
def test_each_cause_has_its_way_out(said, named):
    why = sandbox.cause(said)
    assert named in why and said in why and "--no-sandbox" not in why


# Memory


FILL = """
import os, socket
os.fork() or os._exit(0)  # the last process is none any more
for i in range(20_000): open(f"/tmp/{i}", "w").close()
open("/dev/shm/large", "wb").write(bytes(40 * 2**20))
held = [socket.socketpair() for _ in range(50)]
print("filled", flush=True)
import time
time.sleep(60)
"""


@contextlib.contextmanager
def filled(code: str):
    """The process of a sandbox, once its code has said that it holds all."""
    process = subprocess.Popen(
        [*sandbox.argv(), sys.executable, "-c", code], stdout=subprocess.PIPE, env=sandbox.outside()
    )
    try:
        assert process.stdout.readline() == b"filled\n"
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_memory_that_is_no_process_s_own_is_counted():
    with filled(FILL) as pid:
        least = 20_000 * sandbox.INODE + 40 * 2**20 + 100 * sandbox.BUFFER
        assert least < sandbox.held_by_kernel(sandbox.children(pid)) < 2 * least


BACKLOG = """
import socket
at = socket.socket(socket.AF_UNIX)
at.bind("/tmp/s")
at.listen(100)
for _ in range(100):
    with socket.socket(socket.AF_UNIX) as waits:
        waits.connect("/tmp/s")
        waits.send(bytes(100_000))
print("filled", flush=True)
import time
time.sleep(60)
"""


def test_connections_that_no_file_is_open_for_are_counted():
    with filled(BACKLOG) as pid:
        held = sandbox.held_by_kernel(sandbox.family(pid))
        assert 100 * sandbox.BUFFER < held < 200 * sandbox.BUFFER


HEADLESS = """
import ctypes, threading, time
def hold():
    kept = b"x" * 2**28
    print("filled", flush=True)
    time.sleep(60)
threading.Thread(target=hold).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.parametrize("of", [sandbox.rss, sandbox.pss])
def test_memory_of_a_process_whose_first_thread_has_ended_is_counted(of):
    with filled(HEADLESS) as pid:
        inside = sandbox.children(pid)
        while inside[-1].status() != "zombie":
            time.sleep(0.01)
        assert sandbox.held(inside, of) > 2**28


def test_memory_in_swap_and_tables_of_pages_are_counted(tmp_path):
    (tmp_path / "7").mkdir()
    said = b"Name:\tVmSwap: 9 kB\xff\nVmRSS:\t   20 kB\nVmPTE:\t 8 kB\nVmSwap:\t  4096 kB\n"
    (tmp_path / "7" / "status").write_bytes(said)
    assert sandbox.not_resident(7, tmp_path) == 2**22 + 2**13
    assert sandbox.not_resident(8, tmp_path) == 0
    assert 0 < sandbox.not_resident(os.getpid()) < psutil.swap_memory().used + 2**26


def test_a_stop_that_waits_for_a_processor_is_seen(tmp_path):
    for pid, own, shared in [(7, 0, 1 << 18), (8, 1 << 18, 0), (9, 1 << 17, 1 << 19)]:
        (tmp_path / str(pid)).mkdir()
        status = f"State:\tR (running)\nSigPnd:\t{own:016x}\nShdPnd:\t{shared:016x}\n"
        (tmp_path / str(pid) / "status").write_text(status)
    assert [sandbox.will_stop(pid, tmp_path) for pid in (7, 8, 9, 10)] == [True, True, False, False]


def test_no_memory_is_had_by_mapping_zeros():
    tried = "try: open('/dev/zero', 'r+b')\nexcept OSError as error: print(error.strerror)"
    assert inside(tried) == "Permission denied\n"


@pytest.mark.slow
def test_a_submission_that_fills_it_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "MEMORY", 40 * 2**20)
    process = sandbox.Process(None, sandbox=True)
    process.process.wait(60)
    assert process.too_large
    process.end()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_cannot_be_watched_is_ended(monkeypatch):
    def fails(processes):
        raise ZeroDivisionError

    monkeypatch.setattr(sandbox, "held_by_kernel", fails)
    process = sandbox.Process(None, sandbox=True)
    process.process.wait(60)
    process.end()


SYSTEMD = """#!/bin/sh
echo "$@" >> {log}
while [ "$1" != env ] && [ "$1" != true ]; do shift; done
exec "$@"
"""


def test_where_there_is_systemd_it_counts(tmp_path, monkeypatch):
    """With a stand-in for systemd-run, which starts the command that is left."""
    log = tmp_path / "log"
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text(SYSTEMD.format(log=log))
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "SYSTEMD", tmp_path)
    sandbox.scope.cache_clear()
    try:
        assert inside("print('started')") == "started\n"
        monkeypatch.setattr(sandbox, "SYSTEMD", tmp_path / "none")
        sandbox.scope.cache_clear()
        assert sandbox.scope() == ()
    finally:
        sandbox.scope.cache_clear()
    tried, started = log.read_text().splitlines()
    for words in (f"MemoryMax={sandbox.MEMORY}", "MemorySwapMax=0", "TasksMax="):
        assert words in tried and words in started


# Files


def test_settings_beside_this_python_are_hidden(tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    for name in ("pip.conf", ".condarc", "conda-meta/history", "etc/jupyter/token.json"):
        path = tmp_path / "venv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret_6151")
    look = (
        "import pathlib, sys\n"
        "for path in pathlib.Path(sys.prefix).rglob('*'):\n"
        "    try: print('6151' in path.read_text(errors='replace'))\n"
        "    except OSError: pass\n"
    )
    code = "import subprocess, sys; from course_utils.grading import sandbox; subprocess.run("
    code += f"[*sandbox.argv(), sys.executable, '-c', {look!r}], check=True)"
    path = os.pathsep.join([str(sandbox.PACKAGE.parent), sysconfig.get_path("purelib")])
    ran = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert "False" in ran.stdout and "True" not in ran.stdout, ran.stderr


def test_what_is_refused_is_known_to_this_library():
    """But for a few calls that this architecture or an older library lacks."""
    import pyseccomp

    names = " ".join(syscalls.REFUSED.values()).split()
    unknown = []
    for name in names:
        try:
            number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
        except (OSError, ValueError):
            number = -1
        if number < 0:
            unknown.append(name)
    assert len(unknown) < 5, unknown
