"""Runs a module of Python's with bounds: python3 -I limited_python.py FILE_MB CPU_SECONDS MODULE ARGUMENTS..."""

import resource
import runpy
import sys

MEMORY_BYTES = 4 << 30

file_mb, cpu_seconds, module = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
sys.argv[:] = [module, *sys.argv[4:]]
runpy.run_module(module, run_name="__main__", alter_sys=True)
