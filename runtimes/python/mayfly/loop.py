"""The event loop of async functions. It is made once, before the snapshot, and every clone has it as it was."""

import asyncio
import select
import selectors

LOOKS_SKIPPED = 32


class PatientSelector(selectors.EpollSelector):
    """
    A look that need not wait is a system call for nothing most of the time: something is ready to run already. So it is
    done only now and then.
    """

    def __init__(self):
        super().__init__()
        self._skipped = 0
        self.before_waiting = None

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0 and self._skipped < LOOKS_SKIPPED:
            self._skipped += 1
            return []
        self._skipped = 0
        if self.before_waiting is not None:
            self.before_waiting()
        return super().select(timeout)


class Loop:
    """Runs coroutines for an exchange, and hands it what comes on the channel meanwhile."""

    def __init__(self, channel):
        self._selector = PatientSelector()
        self.asyncio = asyncio.SelectorEventLoop(self._selector)
        self._channel = channel
        self._exchange = None
        self._poll = select.poll()
        self._poll.register(channel.descriptor, select.POLLIN)
        self.asyncio.add_reader(channel.descriptor, self._read)

    def run(self, exchange, coroutine):
        """For a deploy there is no exchange to look after."""
        loop = self.asyncio
        self._exchange = exchange
        task = loop.create_task(coroutine)
        if exchange is not None:
            self._selector.before_waiting = exchange.flush
            exchange.on_canceled(task.cancel)
        try:
            return loop.run_until_complete(task)
        finally:
            self._exchange = None
            self._selector.before_waiting = None

    def _read(self):
        exchange = self._exchange
        # What comes while the runtime is warmed up is the first request.
        if exchange is None or exchange.channel is not self._channel:
            return
        # Whoever read the channel in between, by waiting in a function that is not async, may have taken what came.
        if self._poll.poll(0):
            exchange.take(self._channel.read())
