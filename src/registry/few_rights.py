"""What a child that handles others' packages and sources is left with, should one of them get to run code in it."""

import ctypes
import os
import stat
import struct
import sys

NOBODY = 65534
PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 8, 38
CAPABILITIES_VERSION = 0x20080522
CAP_DAC_READ_SEARCH = 1 << 2

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
FLAG_VERSION = 1
PATH_BENEATH = 1
WRITE_FILE, READ_FILE, READ_FOLDER, REMOVE_FOLDER, REMOVE_FILE, MAKE_FOLDER, MAKE_FILE = 2, 4, 8, 16, 32, 128, 256
REFER, TRUNCATE, DEVICES = 1 << 13, 1 << 14, 1 << 15
FILES_OF_FIRST = (1 << 13) - 1
ABSTRACT_SOCKETS_AND_SIGNALS = 3
READ = READ_FILE | READ_FOLDER
WRITE = READ | WRITE_FILE | REMOVE_FOLDER | REMOVE_FILE | MAKE_FOLDER | MAKE_FILE | REFER | TRUNCATE
OF_FILES = WRITE_FILE | READ_FILE | TRUNCATE

# Python's libraries, how names are resolved, and whom TLS trusts.
SYSTEM = [
    *("/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/os-release"),
    *("/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/services"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/dev/urandom", "/dev/random"),
]
RUNS_PROGRAMS = {
    *("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"),
    "ctypes.dlopen",
}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def keep(readable, writable):
    """From here on: no program is run, nothing else is written, and little else is read."""
    if os.geteuid() == 0:
        become_nobody(writable)
    check("prctl", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    python = [sys.base_prefix, sys.prefix, *sys.path]
    confine([*SYSTEM, *python, *readable], ["/dev/null", *writable])
    sys.addaudithook(refuse_programs)


def become_nobody(writable):
    """It reads on as before: Python, and the server's folders, may be in ones that are only root's."""
    for folder in writable:
        os.chown(folder, NOBODY, NOBODY)
    check("prctl", libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    header = struct.pack("Ii", CAPABILITIES_VERSION, 0)
    check("capset", libc.capset(header, struct.pack("6I", CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, 0, 0, 0, 0)))


def confine(readable, writable):
    """With Landlock, where the kernel has it."""
    version = libc.syscall(LANDLOCK_CREATE, None, 0, FLAG_VERSION)
    if version < 1:
        return
    newer = [(2, REFER), (3, TRUNCATE), (5, DEVICES)]
    files = FILES_OF_FIRST | sum(right for first, right in newer if version >= first)
    rules = struct.pack("Q", files)
    if version >= 6:
        rules = struct.pack("QQQ", files, 0, ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = check("landlock", libc.syscall(LANDLOCK_CREATE, rules, len(rules), 0))
    for paths, rights in ((readable, READ), (writable, WRITE)):
        for path in paths:
            allow(ruleset, path, rights & files)
    check("landlock", libc.syscall(LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def allow(ruleset, path, rights):
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= OF_FILES
    rule = struct.pack("=Qi", rights, place)
    check("landlock", libc.syscall(LANDLOCK_ADD, ruleset, PATH_BENEATH, rule, 0))
    os.close(place)


def refuse_programs(event, _):
    if event in RUNS_PROGRAMS:
        raise PermissionError(f"Cannot run a program: {event} is refused here")


def check(what, result):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Cannot give up rights: {what}: {os.strerror(ctypes.get_errno())}")
    return result
