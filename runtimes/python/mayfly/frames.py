"""What a guest and the server say to each other: the numbers of ffi/shim/frames.h, and how frames are written."""

from struct import Struct

HEAD, CHUNK, END, CALL, ANSWER, CANCEL, LOG, EXIT, CREDIT = range(1, 10)

HAS_BODY = 1
DEPLOY = 2

EXIT_OK, EXIT_EXCEPTION, EXIT_MEMORY, EXIT_BAD_RESPONSE, EXIT_BODY_ERROR, EXIT_UNSUPPORTED, EXIT_STATUS = range(7)

CHUNK_MAX = 65536
HEAD_MAX = 49152
EXIT_TEXT_MAX = 16384
INITIAL_CREDIT = 65536
FRAME_BYTES = 8

HEADER = Struct("<BBHI")
REQUEST_LENGTHS = Struct("<5I")
WORD = Struct("<I")

PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

pack_header = HEADER.pack


def frame(kind, payload=b"", aux=0):
    size = len(payload)
    return b"%b%b%b" % (pack_header(kind, 0, aux, size), payload, PADDING[size & 3])


END_FRAME = frame(END)
EXIT_OK_FRAME = frame(EXIT)


def credit_frame(size):
    return frame(CREDIT, WORD.pack(size))


def exit_frame(code, text):
    """The text is UTF-8 whatever a function put into its messages, and not cut within a character."""
    payload = text.encode("utf-8", "replace")[:EXIT_TEXT_MAX].decode("utf-8", "ignore").encode()
    return frame(EXIT, payload, code)


def head_frame(status, headers):
    """`headers`: "name\\nvalue\\n..." with values as Latin-1 code points."""
    return frame(HEAD, headers.encode(), status)


def request_strings(payload):
    """Method, URL, headers, id, context."""
    lengths = REQUEST_LENGTHS.unpack_from(payload)
    at = REQUEST_LENGTHS.size
    strings = []
    for length in lengths:
        strings.append(payload[at : at + length].decode())
        at += length
    return strings
