"""Which handler a module has, and what runs it: the first that fits."""

import inspect

from . import asgi, wsgi
from .aws import LambdaContext, event_of, response_of
from .context import Context, settings
from .request import Request
from .response import reply, stream, stream_async

NAMES_SHOWN = 10


class NoHandler(Exception):
    """The module has none, or none that can be called."""


class Function:
    """`handler(req)` or `handler(req, ctx)`, and `lambda_handler(event, context)`: plain ones and async ones."""

    def __init__(self, call, loop, wants_context):
        self._call = call
        self._loop = loop
        self._wants_context = wants_context

    def answer(self, exchange):
        context = Context(exchange) if self._wants_context else None
        result = self.call(Request(exchange, self._loop.asyncio), context)
        if hasattr(result, "__await__"):
            self._loop.run(exchange, self._finish(exchange, result))
        else:
            self._reply(exchange, result)
        return context.waiting if context is not None else ()

    def call(self, request, context):
        return self._call(request, context) if self._wants_context else self._call(request)

    def result(self, value):
        return value

    async def _finish(self, exchange, awaitable):
        pieces = reply(exchange, self.result(await awaitable))
        if pieces is not None:
            await stream_async(exchange, pieces, self._loop.asyncio)

    def _reply(self, exchange, result):
        pieces = reply(exchange, self.result(result))
        if pieces is None:
            return
        if hasattr(pieces, "__anext__"):
            self._loop.run(exchange, stream_async(exchange, pieces, self._loop.asyncio))
        else:
            stream(exchange, pieces)


class LambdaFunction(Function):
    def __init__(self, call, loop):
        super().__init__(call, loop, True)

    def call(self, request, context):
        return self._call(event_of(request, context), LambdaContext(context))

    def result(self, value):
        return response_of(value)


class WsgiApp:
    def __init__(self, app):
        self._app = app

    def answer(self, exchange):
        wsgi.answer_with(self._app, exchange, settings.mount)
        return ()


class AsgiApp:
    def __init__(self, app, loop):
        self._app = app
        self._loop = loop
        self._state, self._lifespan = loop.run(None, asgi.start(app))

    def answer(self, exchange):
        loop = self._loop
        loop.run(exchange, asgi.answer_with(self._app, exchange, settings.mount, self._state, loop.asyncio))
        return ()


def find(module, loop):
    """(kind, what answers)"""
    handler = module.get("handler")
    if callable(handler):
        return "handler", Function(handler, loop, parameters_of(handler) == 2)
    handler = module.get("lambda_handler")
    if callable(handler):
        return "lambda", LambdaFunction(handler, loop)
    for name in ("app", "application"):
        app = module.get(name)
        if callable(app):
            return ("asgi", AsgiApp(app, loop)) if is_asgi(app) else ("wsgi", WsgiApp(app))
    raise NoHandler(
        f"Cannot find a handler: the module has {described(module)}. A function handler(req) or handler(req, ctx), "
        "lambda_handler(event, context), or a WSGI or ASGI app called app is expected"
    )


def parameters_of(handler):
    """1 or 2."""
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return 1
    for count in (2, 1):
        try:
            signature.bind(*[None] * count)
            return count
        except TypeError:
            continue
    raise NoHandler(f"Cannot call handler{signature}: it is to take (req) or (req, ctx)")


def is_asgi(app):
    if inspect.isclass(app):
        raise NoHandler(f"Cannot use {app.__name__} as the app: it is a class; make an instance of it")
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))


def described(module):
    own = [name for name in module if not name.startswith("_") and not inspect.ismodule(module[name])]
    shown = [f"{name} (a {type(module[name]).__name__})" for name in own[:NAMES_SHOWN]]
    if len(own) > NAMES_SHOWN:
        shown.append(f"{len(own) - NAMES_SHOWN} more")
    return ", ".join(shown) or "nothing"
