"""Says which interpreter a program starts that stands for Python."""

import subprocess
import sys

ASK = "import sys; print(sys.executable)"

answer = subprocess.run([sys.argv[1], "-c", ASK], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True)
sys.stdout.buffer.write(answer.stdout)
