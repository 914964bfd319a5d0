"""Descriptor 3: frames come in and go out. A read waits for the server, and so does a write that it does not take."""

from os import read, write

from .frames import FRAME_BYTES, HEADER

# Below the size from which malloc asks the kernel for memory of its own, which would be two calls more for each read.
READ_BYTES = 96 * 1024

unpack_header = HEADER.unpack_from


class Closed(SystemExit):
    """The server is gone. An event loop lets nothing else that a callback raises out of it."""


class Channel:
    __slots__ = ("descriptor", "_rest")

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self._rest = b""

    def read(self):
        """What has come, at least a part of a frame: a list of (type, flags, aux, payload)."""
        data = read(self.descriptor, READ_BYTES)
        if not data:
            raise Closed
        if self._rest:
            data = self._rest + data
        frames = []
        at = 0
        end = len(data)
        while end - at >= FRAME_BYTES:
            kind, flags, aux, length = unpack_header(data, at)
            begin = at + FRAME_BYTES
            following = begin + ((length + 3) & ~3)
            if following > end:
                break
            frames.append((kind, flags, aux, data[begin : begin + length]))
            at = following
        self._rest = data[at:]
        return frames

    def write(self, data):
        done = write(self.descriptor, data)
        while done < len(data):
            done += write(self.descriptor, memoryview(data)[done:])
