"""The files of a function, as src/state/file_pack.ts packs them."""

import os
from struct import Struct

HEADER = Struct("<8sIIQ")
ENTRY = Struct("<IIQQ")
MAGIC = b"mayflyfp"


def unpack(pack, folder):
    """Writes the files into the folder."""
    magic, abi, count, _ = HEADER.unpack_from(pack)
    if magic != MAGIC or abi != 1:
        raise ValueError("Cannot read the function's files: they are in no pack of this version")
    names = HEADER.size + count * ENTRY.size
    for index in range(count):
        name_at, name_size, at, size = ENTRY.unpack_from(pack, HEADER.size + index * ENTRY.size)
        name = pack[names + name_at : names + name_at + name_size].decode()
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(pack[at : at + size])
