"""`ctx`: what a handler is told beside the request."""

from json import loads
from time import monotonic


class Settings:
    """Of the function, from its deploy on."""

    __slots__ = ("env", "function", "memory_bytes", "mount", "timeout_ms")

    def __init__(self):
        self.function = {"name": "", "tenant": "", "version": ""}
        self.mount = ""
        self.env = {}
        self.memory_bytes = 0
        self.timeout_ms = 30_000

    def set(self, told):
        self.function = told["function"]
        self.mount = told.get("mount", "")
        self.env = told.get("env", {})
        self.memory_bytes = told.get("memoryBytes", 0)
        self.timeout_ms = told.get("timeoutMs", self.timeout_ms)


settings = Settings()


class Signal:
    """Whether anybody still waits for the answer."""

    __slots__ = ("_deadline", "_exchange")

    def __init__(self, exchange):
        self._exchange = exchange
        self._deadline = monotonic() + settings.timeout_ms / 1000

    @property
    def remaining(self):
        """Seconds until the deadline."""
        return max(0.0, self._deadline - monotonic())

    @property
    def aborted(self):
        return self._exchange.canceled or self.remaining == 0

    def on_abort(self, callback):
        """Called without arguments when the caller leaves, if that is noticed: while the handler waits."""
        self._exchange.on_canceled(callback)


class Context:
    __slots__ = ("_told", "mount", "requestId", "signal", "waiting")

    def __init__(self, exchange):
        self.requestId = exchange.id
        self.signal = Signal(exchange)
        self._told = loads(exchange.context) if exchange.context else None
        self.mount = settings.mount if self._told is None else self._told.get("mount", "")
        self.waiting = []

    @property
    def params(self):
        return {} if self._told is None else self._told.get("params") or {}

    @property
    def function(self):
        return dict(settings.function)

    @property
    def env(self):
        return dict(settings.env)

    def waitUntil(self, work):
        """`work`, a coroutine or something to call, is done after the response, within what is left of timeoutMs."""
        if not callable(work) and not hasattr(work, "__await__"):
            raise TypeError(f"Cannot wait for {type(work).__name__}: a coroutine or a function is expected")
        self.waiting.append(work)

    request_id = property(lambda self: self.requestId)
    wait_until = waitUntil
