"""
Runs a module of Python's, or a file of the server's, with bounds and few rights:
python3 -I limited_python.py FILE_MB CPU_SECONDS FOLDERS MODULE ARGUMENTS...
FOLDERS, a JSON list, are what it may write to.
"""

import json
import os
import resource
import runpy
import sys

MEMORY_BYTES = 4 << 30

file_mb, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
writable = json.loads(sys.argv[3])
module = sys.argv[4]
is_file = os.path.isabs(module)

own_folder = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, own_folder)
import few_rights  # noqa: E402

readable = [module] if is_file else []
if module == "pip":
    import wheels_only  # noqa: E402

    readable += wheels_only.prepare()
sys.path.remove(own_folder)

resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
few_rights.keep(readable, writable)
sys.argv[:] = [module, *sys.argv[5:]]
if is_file:
    runpy.run_path(module, run_name="__main__")
else:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
