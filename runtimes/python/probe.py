"""Says what a Python is made of: python3 -I -S -B probe.py. Prints JSON."""

import importlib
import json
import os
import sys
import sysconfig

# Of no use in a guest, and large or tied to libraries that few machines have.
LEFT_OUT = ("_tkinter", "_curses", "_curses_panel", "_gdbm", "_dbm", "readline", "_test", "_xx", "xx", "_ctypes_test")


def extensions(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".so"):
            module = name.split(".")[0]
            if not module.startswith(LEFT_OUT):
                yield module


def libraries(folder):
    """What is linked with the interpreter and its own extensions, by loading all of these."""
    for module in extensions(folder):
        try:
            importlib.import_module(module)
        except ImportError:
            # It lacks a library on this machine: so it would in a guest.
            pass
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if line.count(" ") >= 5 and "/" in line}
    return sorted(path for path in paths if ".so" in os.path.basename(path) and not path.startswith(folder))


stdlib = os.path.realpath(sysconfig.get_path("stdlib"))
dynload = os.path.join(stdlib, "lib-dynload")
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "tag": sys.implementation.cache_tag,
    "executable": os.path.realpath(sys.executable),
    "stdlib": stdlib,
    "loaded": libraries(dynload) if os.path.isdir(dynload) else libraries(stdlib),
}))
