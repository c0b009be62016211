"""What the kernel refuses to a submission: a seccomp filter, made by libseccomp for bubblewrap.

Each of these reaches past the sandbox (keys outlive it), hides memory from those who count it, or
is a large part of the kernel that no answer needs.
"""

import errno
import functools
import os
import socket

REFUSED = {
    "keys": "add_key keyctl request_key",
    "other processes": "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp",
    "parts of the kernel": (
        "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
        "fanotify_init lookup_dcookie syslog acct quotactl quotactl_fd kexec_load kexec_file_load "
        "init_module finit_module delete_module swapon swapoff reboot"
    ),
    "mounts": (
        "mount umount umount2 pivot_root chroot mount_setattr move_mount open_tree fsopen fsconfig "
        "fsmount fspick open_by_handle_at name_to_handle_at"
    ),
    "namespaces": "unshare setns",
    "who reads which file": "inotify_init inotify_init1 inotify_add_watch",
    # What remains is resident, in a file system of limited size, or a socket's.
    "memory that nobody counts": (
        "memfd_create memfd_secret shmget msgget semget mq_open io_setup splice vmsplice tee "
        "sendfile landlock_create_ruleset landlock_add_rule landlock_restrict_self"
    ),
}
# Locks of files that all sandboxes see would be a board for notes. They seem to succeed: databases
# ask for them, and a sandbox's own files are nobody else's.
LOCKS = ("F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW")
LEASES = ("F_SETLEASE", "F_NOTIFY")
SHARED = 0x01 | 0x20  # flags of mmap: memory that stays when its pages are given back
UNSHARE = 2  # a flag of close_range: a thread's own files
BUFFERS = (socket.SO_SNDBUF, socket.SO_RCVBUF)
# Of prctl: hide from who counts, keep orphans, have a large table of locks.
SETTINGS = {"PR_SET_DUMPABLE": 4, "PR_SET_CHILD_SUBREAPER": 36, "PR_FUTEX_HASH": 78}
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
VM, FILES, VFORK, PARENT, THREAD = 0x100, 0x400, 0x4000, 0x8000, 0x10000
CLONES = (  # of the flags in a mask, those with these: who counts would miss what they start
    *((flag, flag) for flag in NAMESPACES),
    (PARENT, PARENT),
    (VM | VFORK | THREAD, VM),
    (FILES | THREAD, THREAD),
)
HALF = 2**32 - 1  # of a register, which is all that the kernel looks at


@functools.cache
def filter_file() -> int:
    """An open file with the filter, as bubblewrap's --seccomp reads it.

    Raises ImportError without pyseccomp, RuntimeError without libseccomp.
    """
    import fcntl

    import pyseccomp

    def masked(place: int, mask: int, value: int) -> pyseccomp.Arg:
        return pyseccomp.Arg(place, pyseccomp.MASKED_EQ, mask, value)

    def refuse(name: str, *where: pyseccomp.Arg) -> None:
        try:
            number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
        except (OSError, ValueError):  # newer than this libseccomp
            return
        if number >= 0:  # of this architecture
            made.add_rule(pyseccomp.ERRNO(errno.EPERM), number, *where)

    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in " ".join(REFUSED.values()).split():
        refuse(name)
    seems_done = pyseccomp.ERRNO(0)
    made.add_rule(seems_done, "flock")
    for name in LOCKS:
        made.add_rule(seems_done, "fcntl", masked(1, HALF, getattr(fcntl, name)))
    for name in LEASES:
        refuse("fcntl", masked(1, HALF, getattr(fcntl, name)))
    refuse("mmap", masked(3, SHARED, SHARED))
    refuse("close_range", masked(2, UNSHARE, UNSHARE))
    for number in SETTINGS.values():
        refuse("prctl", masked(0, HALF, number))
    for option in BUFFERS:
        refuse("setsockopt", masked(1, HALF, socket.SOL_SOCKET), masked(2, HALF, option))
    for mask, flags in CLONES:
        refuse("clone", masked(0, mask, flags))
    # Its flags lie in memory, where no filter sees them; without it the C library takes clone.
    made.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    refuse("socket", pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    file = os.memfd_create("seccomp")
    with os.fdopen(os.dup(file), "wb") as out:
        made.export_bpf(out)
    return file
