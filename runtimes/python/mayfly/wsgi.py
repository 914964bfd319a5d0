"""WSGI apps (PEP 3333): a request as an environment, and what the app yields as a response."""

import sys
from io import BufferedReader, RawIOBase
from urllib.parse import unquote_to_bytes, urlsplit

from .frames import head_frame
from .response import BadResponse, checked_status, header_lines

NO_PREFIX = ("content-type", "content-length")


class Input(RawIOBase):
    """The body, as it comes."""

    def __init__(self, exchange):
        self._exchange = exchange
        self._rest = b""

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self._rest or self._exchange.read_piece()
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        self._rest = data[size:]
        return size


def environ_of(exchange, mount):
    url = urlsplit(exchange.url)
    environ = {
        "REQUEST_METHOD": exchange.method,
        "SCRIPT_NAME": unquote_to_bytes(mount).decode("latin-1"),
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BufferedReader(Input(exchange)),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "mayfly.request_id": exchange.id,
    }
    parts = exchange.header_text.split("\n")
    for at in range(0, len(parts) - 1, 2):
        name, value = parts[at], parts[at + 1]
        # With an underscore it would be taken for another header.
        if "_" in name:
            continue
        key = name.replace("-", "_").upper() if name in NO_PREFIX else "HTTP_" + name.replace("-", "_").upper()
        if key in environ:
            value = f"{environ[key]}{'; ' if name == 'cookie' else ','}{value}"
        environ[key] = value
    return environ


class Answer:
    """What `start_response` and `write` are told."""

    __slots__ = ("_exchange", "_head", "is_measured")

    def __init__(self, exchange):
        self._exchange = exchange
        self._head = None
        self.is_measured = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None and self._exchange.started:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._head is not None and exc_info is None:
            raise AssertionError("start_response was called already")
        try:
            number = int(status[:3])
        except (TypeError, ValueError):
            raise BadResponse(f"Cannot answer with status {status!r}: a text like '200 OK' is expected") from None
        lines, _ = header_lines(headers)
        self.is_measured = "content-length\n" in lines
        self._head = head_frame(checked_status(number), lines)
        return self.write

    def write(self, data):
        if not isinstance(data, bytes):
            raise BadResponse(f"Cannot answer with {type(data).__name__}: a WSGI app yields bytes")
        if not data:
            return
        self.head()
        self._exchange.body(data)
        # Of a body whose length is known no part is waited for.
        if not self.is_measured:
            self._exchange.flush()

    def head(self):
        if self._head is None:
            raise BadResponse("Cannot answer: the app did not call start_response")
        if not self._exchange.started:
            self._exchange.start(self._head)


def answer_with(app, exchange, mount):
    answer = Answer(exchange)
    pieces = app(environ_of(exchange, mount), answer.start_response)
    try:
        # What is here as a whole goes out as a whole.
        if isinstance(pieces, (list, tuple)):
            answer.is_measured = True
        for piece in pieces:
            answer.write(piece)
        answer.head()
        exchange.end()
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
