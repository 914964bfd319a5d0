"""What a handler may answer with, and how it becomes frames."""

import re
from json import JSONEncoder

from .frames import head_frame

TEXT = "text/plain;charset=UTF-8"
BYTES = "application/octet-stream"
JSON = "application/json"
BUFFERS = (bytes, bytearray, memoryview)
EXPECTED = "a handler answers with str, bytes, dict, list, (status, headers, body), a Response, or yields str or bytes"

encode_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

TEXT_HEAD = head_frame(200, f"content-type\n{TEXT}\n")
BYTES_HEAD = head_frame(200, f"content-type\n{BYTES}\n")
JSON_HEAD = head_frame(200, f"content-type\n{JSON}\n")

is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
has_forbidden = re.compile(r"[\0\r\n]|[^\0-\xff]").search


class BadResponse(Exception):
    """What a handler answered with is no response."""


class Response:
    """`headers`: a dict, whose values may be lists, or a list of pairs. The body: anything that can be returned."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, body=b"", status=200, headers=None):
        self.body = body
        self.status = status
        self.headers = headers

    def __repr__(self):
        return f"<Response {self.status}>"


def pairs_of(headers):
    pairs = headers.items() if hasattr(headers, "items") else headers or ()
    for pair in pairs:
        try:
            name, value = pair
        except (TypeError, ValueError):
            raise BadResponse(f"Cannot answer with header {pair!r}: it is no pair of name and value") from None
        if isinstance(value, (list, tuple)):
            for each in value:
                yield name, each
        else:
            yield name, value


def header_lines(pairs):
    """(text of a head, whether it has a content type)"""
    lines = []
    has_type = False
    for name, value in pairs:
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        elif not isinstance(value, str):
            value = str(value)
        if not isinstance(name, str) or not is_token(name):
            raise BadResponse(f"Cannot answer with header {name!r}: it is no name of a header")
        if has_forbidden(value):
            raise BadResponse(f"Cannot answer with header {name}: its value {value!r} has a line break or no Latin-1")
        name = name.lower()
        has_type = has_type or name == "content-type"
        lines.append(f"{name}\n{value.strip()}\n")
    return "".join(lines), has_type


def checked_status(status):
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise BadResponse(f"Cannot answer with status {status!r}: a number from 200 to 599 is expected")
    return int(status)


def head_of(status, headers, content_type):
    lines, has_type = header_lines(pairs_of(headers))
    if content_type is not None and not has_type:
        lines += f"content-type\n{content_type}\n"
    return head_frame(checked_status(status), lines)


def json_of(value):
    try:
        return encode_json(value).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError) as error:
        raise BadResponse(f"Cannot answer with JSON: {error}") from None


def encoded(body):
    """(bytes, content type) of what is here as a whole; (None, None) of what is not."""
    if isinstance(body, str):
        return body.encode("utf-8", "replace"), TEXT
    if isinstance(body, BUFFERS):
        return body, BYTES
    if isinstance(body, (dict, list)):
        return json_of(body), JSON
    if body is None:
        return b"", None
    return None, None


def is_stream(body):
    return hasattr(body, "__next__") or hasattr(body, "__anext__")


def piece_of(piece):
    """Of a body that is yielded."""
    if isinstance(piece, str):
        return piece.encode("utf-8", "replace")
    if isinstance(piece, BUFFERS):
        return piece
    raise BadResponse(f"Cannot answer with {type(piece).__name__} in a stream: str or bytes is expected")


def reply(exchange, result):
    """Writes a response; what is left to be streamed of it, else None."""
    if isinstance(result, str):
        exchange.start(TEXT_HEAD)
        body = result.encode("utf-8", "replace")
    elif isinstance(result, (dict, list)):
        body = json_of(result)
        exchange.start(JSON_HEAD)
    elif isinstance(result, BUFFERS):
        exchange.start(BYTES_HEAD)
        body = result
    elif isinstance(result, Response):
        return reply_with(exchange, result.status, result.headers, result.body)
    elif isinstance(result, tuple) and len(result) == 3:
        return reply_with(exchange, *result)
    elif is_stream(result):
        return reply_with(exchange, 200, None, result)
    else:
        raise BadResponse(f"Cannot answer with {type(result).__name__}: {EXPECTED}")
    exchange.body(body)
    exchange.end()
    return None


def reply_with(exchange, status, headers, body):
    data, content_type = encoded(body)
    if data is None and not is_stream(body):
        raise BadResponse(f"Cannot answer with a body of {type(body).__name__}: {EXPECTED}")
    exchange.start(head_of(status, headers, TEXT if data is None else content_type))
    if data is None:
        return body
    exchange.body(data)
    exchange.end()
    return None


def stream(exchange, pieces):
    for piece in pieces:
        exchange.body(piece_of(piece))
        exchange.flush()
    exchange.end()


async def stream_async(exchange, pieces, loop):
    if hasattr(pieces, "__anext__"):
        async for piece in pieces:
            await exchange.body_async(piece_of(piece), loop)
            exchange.flush()
    else:
        for piece in pieces:
            await exchange.body_async(piece_of(piece), loop)
            exchange.flush()
    exchange.end()
