"""A module that is run has a time: whoever waits for it is told which line it does not leave."""

import signal

# What catches everything catches this, too, but hardly every time.
AGAIN_S = 0.05


class OutOfTime(BaseException):
    """Raised where the main thread is, as any exception is."""


class Patience:
    """`with Patience(...)`: the block has so many milliseconds; 0: as many as it wants."""

    def __init__(self, build_timeout_ms):
        self._timeout_ms = build_timeout_ms
        self._usual = None

    def __enter__(self):
        if self._timeout_ms:
            self._usual = signal.signal(signal.SIGALRM, self._interrupt)
            signal.setitimer(signal.ITIMER_REAL, self._timeout_ms / 1000, AGAIN_S)

    def __exit__(self, *_):
        if self._timeout_ms:
            signal.setitimer(signal.ITIMER_REAL, 0)
            # The module may have a handler of its own by now, for its requests.
            if signal.getsignal(signal.SIGALRM) == self._interrupt:
                signal.signal(signal.SIGALRM, self._usual)

    def _interrupt(self, *_):
        raise OutOfTime(f"Cannot evaluate the module: it takes longer than its buildTimeoutMs of {self._timeout_ms}")
