"""Starts a guest: python3 -I -S -B boot.py [FUNCTION_FOLDER PACKAGES_FOLDER]. Descriptor 3 speaks frames."""

import os
import sys

FRAMES = 3

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mayfly.serve import Guest  # noqa: E402: the path to it is set above

del sys.path[0]

Guest(FRAMES, *(sys.argv[1:] or ("/function", "/packages"))).serve()
