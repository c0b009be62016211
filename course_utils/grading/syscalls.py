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
    # What remains is resident, or in a file system of limited size.
    "memory that is not resident": "memfd_create memfd_secret shmget msgget semget mq_open",
}
# Locks of files that all sandboxes see would be a board for notes. They seem to succeed: databases
# ask for them, and a sandbox's own files are nobody else's.
LOCKS = ("F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW")
LEASES = ("F_SETLEASE", "F_NOTIFY")
SHARED = 0x01 | 0x20  # flags of mmap: memory that stays when its pages are given back
NAMESPACES = (  # flags of clone
    *(0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000),
)


@functools.cache
def filter_file() -> int:
    """An open file with the filter, as bubblewrap's --seccomp reads it.

    Raises ImportError without pyseccomp, RuntimeError without libseccomp.
    """
    import fcntl

    import pyseccomp

    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    deny = pyseccomp.ERRNO(errno.EPERM)
    for name in " ".join(REFUSED.values()).split():
        try:
            number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
        except (OSError, ValueError):  # newer than this libseccomp
            continue
        if number >= 0:  # of this architecture
            made.add_rule(deny, number)
    made.add_rule(pyseccomp.ERRNO(0), "flock")
    for action, names in ((pyseccomp.ERRNO(0), LOCKS), (deny, LEASES)):
        for name in names:
            number = getattr(fcntl, name)  # the kernel looks at half of the register
            made.add_rule(action, "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 2**32 - 1, number))
    made.add_rule(deny, "mmap", pyseccomp.Arg(3, pyseccomp.MASKED_EQ, SHARED, SHARED))
    for flag in NAMESPACES:
        made.add_rule(deny, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where no filter sees them; without it the C library takes clone.
    made.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    made.add_rule(deny, "socket", pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    file = os.memfd_create("seccomp")
    with os.fdopen(os.dup(file), "wb") as out:
        made.export_bpf(out)
    return file
