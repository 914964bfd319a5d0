"""The guest's life: it waits for requests, one of which is the deploy, and answers each."""

import asyncio
import gc
import os
import sys
from json import dumps, loads

from . import reseed
from .channel import Channel, Closed
from .deploy import deploy
from .exchange import Exchange
from .failures import Places, exit_of
from .frames import DEPLOY, EXIT_EXCEPTION, EXIT_OK_FRAME, HEAD, exit_frame
from .loop import Loop
from .patience import Patience
from .warm import warm_up

# Young garbage of a request is a few hundred objects; looking for cycles in it writes to all of them.
OBJECTS_BEFORE_COLLECTION = 20_000


class Guest:
    def __init__(self, descriptor, folder, packages):
        self._folder = folder
        self._packages = packages
        self._channel = Channel(descriptor)
        self._loop = Loop(self._channel)
        self._places = Places(folder, packages)
        self._handler = None
        asyncio.set_event_loop(self._loop.asyncio)
        prepare_interpreter()
        warm_up(self)

    def serve(self):
        self._settle()
        try:
            while True:
                self.step(self._channel.read())
        except Closed:
            pass

    def step(self, frames):
        """A request, or what comes late for the last one."""
        for at, frame in enumerate(frames):
            if frame[0] == HEAD:
                exchange = Exchange(self._channel, frame, frames[at + 1 :])
                if frame[1] & DEPLOY:
                    self._deploy(exchange)
                else:
                    self.answer(exchange, self._handler)
                self._settle()
                return

    def answer(self, exchange, handler):
        try:
            reseed.begin()
            waiting = handler.answer(exchange)
            if waiting:
                exchange.flush()
                self._loop.run(exchange, wait_for(waiting))
            exchange.finish(EXIT_OK_FRAME)
        except asyncio.CancelledError:
            exchange.fail(EXIT_EXCEPTION, "Canceled")
        except BaseException as error:
            self._fail(exchange, error)

    def _fail(self, exchange, error):
        exchange.fail(*exit_of(error, exchange.started, self._places))

    def _deploy(self, exchange):
        try:
            told = loads(exchange.context)
            pack = exchange.read_all()
            with Patience(told.get("buildTimeoutMs", 0)):
                kind, self._handler = deploy(told, pack, self._folder, self._packages, self._loop)
            exchange.head(200, "content-type\napplication/json\n")
            exchange.body(dumps({"kind": kind}).encode())
            exchange.end()
            exchange.finish(EXIT_OK_FRAME)
        except BaseException as error:
            self._fail(exchange, error)

    def _settle(self):
        """
        After an answer: only while a function is built does a guest get here, for a snapshot to be taken. What is there
        now is not looked at again by the collector, which would write to all of it.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        gc.collect()
        reseed.settle()
        gc.freeze()


async def wait_for(waiting):
    for work in waiting:
        result = work() if callable(work) else work
        if hasattr(result, "__await__"):
            await result


def prepare_interpreter():
    """What python3 -I -S leaves out, and what a guest is to be like."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()
    # A line of a log goes out when it is whole, and is not lost when the guest is ended.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("MALLOC_")]:
        del os.environ[name]
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION, 10, 10)
    reseed.install()
