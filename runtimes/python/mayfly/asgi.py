"""ASGI apps: the http scope, streaming both ways, and the lifespan, whose startup is a part of the deploy."""

import asyncio
from urllib.parse import unquote, urlsplit

from .frames import head_frame
from .response import BadResponse, checked_status, header_lines

VERSIONS = {"version": "3.0", "spec_version": "2.3"}
DISCONNECT = {"type": "http.disconnect"}


def scope_of(exchange, mount, state):
    url = urlsplit(exchange.url)
    parts = exchange.header_text.encode("latin-1", "replace").split(b"\n")
    return {
        "type": "http",
        "asgi": VERSIONS,
        "http_version": "1.1",
        "method": exchange.method,
        "scheme": url.scheme,
        # With the root's path before it, as ASGI has it.
        "path": unquote(mount + url.path),
        "raw_path": (mount + url.path).encode("latin-1", "replace"),
        "root_path": unquote(mount),
        "query_string": url.query.encode("latin-1", "replace"),
        "headers": list(zip(parts[0:-1:2], parts[1::2])),
        "client": ("127.0.0.1", 0),
        "server": (url.hostname or "localhost", url.port or (443 if url.scheme == "https" else 80)),
        "state": dict(state),
    }


class Conversation:
    """`receive` and `send` for one request."""

    def __init__(self, exchange, loop):
        self._exchange = exchange
        self._loop = loop
        self._is_read = False
        self._head = None
        self._gone = loop.create_future()
        exchange.on_canceled(self._leave)

    def _leave(self):
        if not self._gone.done():
            self._gone.set_result(None)

    async def receive(self):
        exchange = self._exchange
        if self._is_read:
            # Until the caller leaves or has its answer.
            await self._gone
            return DISCONNECT
        piece = await exchange.read_piece_async(self._loop)
        more = bool(piece) and not exchange.is_read
        self._is_read = not more
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message):
        kind = message["type"]
        exchange = self._exchange
        if kind == "http.response.start":
            if self._head is not None:
                raise RuntimeError("Cannot start the response: it was started already")
            lines, _ = header_lines(message.get("headers", ()))
            self._head = head_frame(checked_status(message["status"]), lines)
        elif kind == "http.response.body":
            if self._head is None:
                raise RuntimeError("Cannot send a body before http.response.start")
            if exchange.ended:
                raise RuntimeError("Cannot send more: the response is complete")
            if not exchange.started:
                exchange.start(self._head)
            await exchange.body_async(message.get("body", b""), self._loop)
            if message.get("more_body", False):
                exchange.flush()
            else:
                exchange.end()
                self._leave()
        else:
            raise RuntimeError(f"Cannot send {kind}: http.response.start and http.response.body are known")


async def answer_with(app, exchange, mount, state, loop):
    conversation = Conversation(exchange, loop)
    await app(scope_of(exchange, mount, state), conversation.receive, conversation.send)
    if not exchange.ended:
        raise BadResponse("Cannot answer: the app returned before its response was complete")


async def start(app):
    """The lifespan's startup: the state that it leaves. An app that knows no lifespan says so by any exception."""
    loop = asyncio.get_running_loop()
    state = {}
    events = iter([{"type": "lifespan.startup"}])
    started = loop.create_future()

    async def receive():
        event = next(events, None)
        # It never ends: a snapshot is taken of an app that runs.
        return event if event is not None else await loop.create_future()

    async def send(message):
        if message["type"] == "lifespan.startup.complete" and not started.done():
            started.set_result(True)
        elif message["type"] == "lifespan.startup.failed" and not started.done():
            started.set_exception(RuntimeError(f"The app's startup failed: {message.get('message', '')}"))

    async def live():
        try:
            await app({"type": "lifespan", "asgi": VERSIONS, "state": state}, receive, send)
        except Exception:
            # Not known to this app, unless `send` was told that it failed.
            pass
        if not started.done():
            started.set_result(False)

    task = loop.create_task(live())
    await started
    return state, task
