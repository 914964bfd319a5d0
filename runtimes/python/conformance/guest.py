"""The Python guest of the conformance suite: tests/conformance/cases.ts says what each behaviour is."""

import asyncio
import random
import time

config = {"timeoutMs": 1500, "memoryMb": 64}

counter = 0


def echo(req, ctx):
    return 200, {"content-type": req.headers.get("content-type", "")}, req.body


def describe(req, ctx):
    return {
        "method": req.method,
        "path": req.path,
        "query": req.query.get("q"),
        "header": req.headers.get("x-test"),
        "length": len(req.body),
    }


def headers(req, ctx):
    return 200, [("x-answer", "42"), ("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2")], ""


def increment(req, ctx):
    global counter
    counter += 1
    return str(counter)


def log(req, ctx):
    print("a line")
    return "logged"


def sleep(req, ctx):
    time.sleep(int(req.query["ms"]) / 1000)
    return "woke"


def throw(req, ctx):
    raise RuntimeError("thrown on purpose")


def spin(req, ctx):
    while True:
        pass


async def wait(req, ctx):
    await asyncio.get_running_loop().create_future()


def allocate(req, ctx):
    held = []
    while True:
        held.append(bytearray(65_536))


def recurse(req, ctx):
    return [recurse(req, ctx)]


def cut(req, ctx):
    yield "half of it"
    raise RuntimeError("broken in the middle")


behaviours = {
    "hello": lambda req, ctx: "hello",
    "echo": echo,
    "describe": describe,
    "status": lambda req, ctx: (int(req.query["code"]), {}, None),
    "headers": headers,
    "stream": lambda req, ctx: (b"x" * 1024 for _ in range(int(req.query["count"]))),
    "count": lambda req, ctx: {"bytes": sum(len(piece) for piece in req.stream())},
    "increment": increment,
    "random": lambda req, ctx: str(random.random()),
    "log": log,
    "env": lambda req, ctx: list(ctx.env),
    "sleep": sleep,
    "throw": throw,
    "nonsense": lambda req, ctx: 42,
    "spin": spin,
    "wait": wait,
    "allocate": allocate,
    "recurse": recurse,
    "cut": cut,
}


def handler(req, ctx):
    return behaviours[req.query["do"]](req, ctx)
