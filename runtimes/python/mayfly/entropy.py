"""32 bytes that are another clone's never. In a VM they are read from memory, which costs no call."""

import ctypes
import os
from hashlib import blake2b

# ffi/vm/host.h, layout.h and clock.h.
HOST_GENERATION = 0x4D460002
VVAR_ADDRESS = 0x7FFFE0100000
VVAR_ENTROPY = 64
ENTROPY_BYTES = 32


def find_shared():
    """The engine's own page; None where there is no engine."""
    if ctypes.CDLL(None).syscall(HOST_GENERATION) < 1:
        return None
    return (ctypes.c_char * ENTROPY_BYTES).from_address(VVAR_ADDRESS + VVAR_ENTROPY)


class Entropy:
    def __init__(self):
        self._shared = find_shared()
        self._count = 0

    def seed(self, purpose):
        """A number of 256 bits, another one each time."""
        self._count += 1
        fresh = os.urandom(ENTROPY_BYTES) if self._shared is None else self._shared.raw
        digest = blake2b(fresh, digest_size=32, person=purpose, salt=self._count.to_bytes(8, "little")).digest()
        return int.from_bytes(digest, "little")
