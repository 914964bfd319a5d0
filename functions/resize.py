"""A picture in the width that is asked for: /resize?width=256. Python runs in a microVM."""

import struct
import zlib

config = {"timeoutMs": 5000, "methods": ["GET"]}

WINGS = [
    "..#..#..",
    ".##..##.",
    "###..###",
    "###.####",
    ".######.",
    "...##...",
    "..#..#..",
    "..#..#..",
]
COLORS = {"#": b"\x2a\x6f\x97", ".": b"\xff\xff\xff"}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: list[bytes], width: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def handler(req):
    text = req.query.get("width", "64")
    width = int(text) if text.isdecimal() and len(text) < 5 else 0
    if not 8 <= width <= 1024:
        return 400, {"content-type": "text/plain"}, "width has to be from 8 to 1024\n"
    scaled = [at * len(WINGS) // width for at in range(width)]
    rows = [b"".join(COLORS[WINGS[y][x]] for x in scaled) for y in scaled]
    return 200, {"content-type": "image/png"}, png(rows, width)
