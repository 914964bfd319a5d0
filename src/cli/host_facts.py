"""Prints facts about this machine as JSON; the argument is the server's data folder.

Deno lets no program read /proc, /sys and /dev that does not have all permissions.
"""

import ctypes
import fcntl
import grp
import importlib.util
import json
import os
import platform
import pwd
import resource
import sys

KVM_GET_API_VERSION = 0xAE00
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION_FLAG = 1
NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000  # user, mount, pid, net, ipc

libc = ctypes.CDLL(None, use_errno=True)


def number_in(path):
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def name_of(look_up, number):
    try:
        return look_up(number)[0]
    except KeyError:
        return str(number)


def kvm():
    try:
        status = os.stat("/dev/kvm")
    except OSError:
        return None
    facts = {
        "user": name_of(pwd.getpwuid, status.st_uid),
        "group": name_of(grp.getgrgid, status.st_gid),
        "mode": f"{status.st_mode & 0o777:04o}",
        "api": None,
        "problem": None,
    }
    try:
        descriptor = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        facts["api"] = fcntl.ioctl(descriptor, KVM_GET_API_VERSION, 0)
    except OSError as error:
        facts["problem"] = error.strerror
    return facts


def namespaces_problem():
    """In a child of its own, since what it enters it cannot leave."""
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(NAMESPACES) == 0 else ctypes.get_errno())
    errno = os.WEXITSTATUS(os.waitpid(child, 0)[1])
    return None if errno == 0 else os.strerror(errno)


def landlock_abi():
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION_FLAG)
    return version if version > 0 else None


def data_folder(path):
    """Of the folder, or of the nearest one above it that is there."""
    while not os.path.isdir(path):
        if os.path.lexists(path):
            return {"path": path, "isFolder": False, "writable": False, "freeBytes": 0}
        path = os.path.dirname(path)
    space = os.statvfs(path)
    return {
        "path": path,
        "isFolder": True,
        "writable": os.access(path, os.R_OK | os.W_OK | os.X_OK),
        "freeBytes": space.f_bavail * space.f_frsize,
    }


def soft_limit(which):
    limit = resource.getrlimit(which)[0]
    return None if limit == resource.RLIM_INFINITY else limit


print(
    json.dumps(
        {
            "kernel": platform.release(),
            "python": platform.python_version(),
            "hasPip": importlib.util.find_spec("pip") is not None,
            "kvm": kvm(),
            "namespacesProblem": namespaces_problem(),
            "hasSeccomp": os.path.exists("/proc/sys/kernel/seccomp/actions_avail"),
            "landlockAbi": landlock_abi(),
            "openFiles": soft_limit(resource.RLIMIT_NOFILE),
            "stackBytes": soft_limit(resource.RLIMIT_STACK),
            "maxMapCount": number_in("/proc/sys/vm/max_map_count"),
            "inotifyWatches": number_in("/proc/sys/fs/inotify/max_user_watches"),
            "dataFolder": data_folder(os.path.abspath(sys.argv[1])),
        }
    )
)
