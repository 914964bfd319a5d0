"""Holds LARGE megabytes; a request reads and writes 4 of them."""
import os

TOUCHED = 4 << 20
memory = bytearray(int(os.environ["LARGE"]) << 20)
for at in range(0, len(memory), 4096):
    memory[at] = 7
middle = len(memory) // 2


def answer():
    total = 0
    for at in range(middle, middle + TOUCHED, 4096):
        total += memory[at]
        memory[at] = 1
    return b"%d" % total


while os.read(0, 65536):
    os.write(1, answer())
