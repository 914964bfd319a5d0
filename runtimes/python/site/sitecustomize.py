"""
For programs that Python runs as they are. Each request is answered by a clone of the process as it was when it waited for
one, generators included: what it reads first shows that it is another clone, and those that seeded themselves are seeded
anew.
"""

import ctypes
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from mayfly import entropy, reseed  # noqa: E402: the path to it is set above

del sys.path[0]

# ffi/vm/clock.h.
VVAR_GENERATION = 48


def install():
    generation = ctypes.c_uint64.from_address(entropy.VVAR_ADDRESS + VVAR_GENERATION)
    known = generation.value

    def notice():
        nonlocal known
        if generation.value != known:
            known = generation.value
            reseed.begin()

    usual = {name: getattr(socket.socket, name) for name in ("recv", "recv_into", "listen")}

    def recv(self, *args):
        received = usual["recv"](self, *args)
        notice()
        return received

    def recv_into(self, *args):
        received = usual["recv_into"](self, *args)
        notice()
        return received

    def listen(self, *args):
        reseed.settle()
        return usual["listen"](self, *args)

    reseed.install()
    for replaced in (recv, recv_into, listen):
        setattr(socket.socket, replaced.__name__, replaced)


if entropy.find_shared() is not None:
    install()
