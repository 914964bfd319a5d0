"""One request and its response, as frames within credit: what waits for the server waits here."""

from collections import deque

from .frames import (
    CANCEL,
    CHUNK,
    CHUNK_MAX,
    CREDIT,
    END,
    END_FRAME,
    HAS_BODY,
    INITIAL_CREDIT,
    WORD,
    credit_frame,
    exit_frame,
    frame,
    head_frame,
    request_strings,
)

GRANTED_AT_ONCE = INITIAL_CREDIT // 2


class Canceled(BaseException):
    """The caller left, or the deadline passed: nobody waits for an answer."""


class Exchange:
    __slots__ = (
        "_canceled_callbacks",
        "_changed",
        "_credit",
        "_out",
        "_owed",
        "_pieces",
        "canceled",
        "channel",
        "context",
        "ended",
        "header_text",
        "id",
        "method",
        "received",
        "started",
        "url",
    )

    def __init__(self, channel, head, rest):
        _, flags, _, payload = head
        self.channel = channel
        self.method, self.url, self.header_text, self.id, self.context = request_strings(payload)
        self._pieces = None
        self.received = not flags & HAS_BODY
        self._owed = 0
        self._credit = INITIAL_CREDIT
        self._out = []
        self.started = False
        self.ended = False
        self.canceled = False
        self._changed = None
        self._canceled_callbacks = None
        if rest:
            self.take(rest)

    # ---- what comes in ----

    def take(self, frames):
        for kind, _, _, payload in frames:
            if kind == CHUNK:
                if self._pieces is None:
                    self._pieces = deque()
                self._pieces.append(payload)
            elif kind == END:
                self.received = True
            elif kind == CREDIT:
                self._credit += WORD.unpack(payload)[0]
            elif kind == CANCEL:
                self._cancel()
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def on_canceled(self, callback):
        if self.canceled:
            callback()
            return
        if self._canceled_callbacks is None:
            self._canceled_callbacks = []
        self._canceled_callbacks.append(callback)

    def _cancel(self):
        self.canceled = True
        for callback in self._canceled_callbacks or ():
            callback()

    def _wait(self):
        self.flush()
        self.take(self.channel.read())
        if self.canceled:
            raise Canceled

    async def change(self, loop):
        """Until something has come: the loop looks at the descriptor."""
        self.flush()
        self._changed = loop.create_future()
        await self._changed

    # ---- the request's body ----

    @property
    def has_piece(self):
        return bool(self._pieces) or self.received

    @property
    def is_read(self):
        return self.received and not self._pieces

    def _piece(self):
        """The next piece that is here; empty at the end."""
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        self._owed += len(piece)
        if self._owed >= GRANTED_AT_ONCE and not self.received:
            self._out.append(credit_frame(self._owed))
            self._owed = 0
            self.flush()
        return piece

    def read_piece(self):
        while not self.has_piece:
            self._wait()
        return self._piece()

    async def read_piece_async(self, loop):
        while not self.has_piece:
            await self.change(loop)
        return self._piece()

    def read_all(self):
        piece = self.read_piece()
        if self.is_read:
            return piece
        pieces = [piece]
        while piece:
            piece = self.read_piece()
            pieces.append(piece)
        return b"".join(pieces)

    # ---- the response ----

    def head(self, status, headers):
        self.start(head_frame(status, headers))

    def start(self, head):
        """`head` is a whole frame."""
        self.started = True
        self._out.append(head)

    def body(self, data):
        """All of it goes out in time; it waits for credit where it has to."""
        if len(data) <= self._credit:
            self._credit -= len(data)
            if data:
                self._out.append(frame(CHUNK, data))
            return
        view = memoryview(data).cast("B")
        while view:
            while self._credit == 0:
                self._wait()
            view = self._pass_on(view)

    async def body_async(self, data, loop):
        view = memoryview(data).cast("B")
        while view:
            while self._credit == 0:
                await self.change(loop)
            view = self._pass_on(view)

    def _pass_on(self, view):
        size = min(len(view), self._credit, CHUNK_MAX)
        self._credit -= size
        self._out.append(frame(CHUNK, view[:size]))
        return view[size:]

    def end(self):
        self.ended = True
        self._out.append(END_FRAME)

    def flush(self):
        if self._out:
            self.channel.write(b"".join(self._out))
            self._out.clear()

    def finish(self, last):
        """`last` is the frame that ends the exchange: what was not written yet goes out with it."""
        self._out.append(last)
        self.flush()

    def fail(self, code, text):
        """What was not written yet of a response that failed is not worth telling."""
        if not self.ended:
            self._out.clear()
        self.finish(exit_frame(code, text))
