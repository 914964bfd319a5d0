"""An ASGI app, served by uvicorn: `python3 -m uvicorn asgi_app:app`."""

import asyncio
import json
import os
from urllib.parse import parse_qs

count = 0


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    answer = ANSWERS.get(scope["path"], answer_none)
    await answer(scope, receive, send, query, headers)


async def respond(send, body, kind="text/plain", status=200):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
    await send({"type": "http.response.body", "body": body})


async def answer_none(scope, receive, send, query, headers):
    await respond(send, b"nothing here", status=404)


async def answer_count(scope, receive, send, query, headers):
    global count
    count += 1
    await respond(send, str(count).encode())


async def answer_echo(scope, receive, send, query, headers):
    kind = headers.get("content-type", "").encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})


async def answer_bytes(scope, receive, send, query, headers):
    await respond(send, b"x" * int(query["n"]))


async def answer_first(scope, receive, send, query, headers):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
    await asyncio.sleep(1000)


async def answer_sleep(scope, receive, send, query, headers):
    await asyncio.sleep(int(query["ms"]) / 1000)
    await respond(send, b"woke")


async def answer_crash(scope, receive, send, query, headers):
    os._exit(7)


async def answer_throw(scope, receive, send, query, headers):
    raise ValueError("thrown on purpose")


async def answer_log(scope, receive, send, query, headers):
    print("a line")
    await respond(send, b"logged")


async def answer_seen(scope, receive, send, query, headers):
    path = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
    seen = {"method": scope["method"], "path": path, "host": headers.get("host")}
    seen |= {"expect": headers.get("expect"), "prefix": headers.get("x-forwarded-prefix")}
    await respond(send, json.dumps(seen).encode(), "application/json")


ANSWERS = {"/" + name[7:]: answer for name, answer in list(globals().items()) if name.startswith("answer_")}
