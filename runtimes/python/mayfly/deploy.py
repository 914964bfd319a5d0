"""A deploy: the function's files are put in place, its module is run, its handler found."""

import importlib.machinery
import importlib.util
import os
import sys

from .context import settings
from .file_pack import unpack
from .handlers import find


def deploy(told, pack, folder, packages, loop):
    """(kind, what answers) of the function that `told` and the pack of its files are about."""
    settings.set(told)
    if pack:
        unpack(pack, folder)
    os.environ.update(settings.env)
    entry = os.path.join(folder, told["entry"])
    own = os.path.join(folder, told.get("folder") or "").rstrip("/")
    os.chdir(own)
    # Behind the standard library, so that a function called json is not what others import.
    for path in (os.path.dirname(entry), own, folder, packages):
        if path not in sys.path:
            sys.path.append(path)
    importlib.invalidate_caches()
    return find(run(entry), loop)


def run(entry):
    """The globals of the module."""
    name = module_name(entry)
    loader = importlib.machinery.SourceFileLoader(name, entry)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, entry, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return vars(module)


def module_name(entry):
    """As it would be imported, unless somebody else is called that."""
    stem = os.path.splitext(os.path.basename(entry))[0]
    known = getattr(sys, "stdlib_module_names", ())
    return stem if stem.isidentifier() and stem not in sys.modules and stem not in known else f"function_{stem}"
