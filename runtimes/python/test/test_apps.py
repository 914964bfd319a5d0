import unittest

from driver import Guest, deployed

WSGI = """
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/early":
        return ["no head"]
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/body":
        return [environ["wsgi.input"].read()]
    if path == "/lines":
        return [str(len(list(environ["wsgi.input"]))).encode()]
    if path == "/stream":
        return (b"x" * 1000 for _ in range(200))
    names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X_TEST", "CONTENT_TYPE", "SERVER_NAME"]
    write(b"|".join(environ.get(name, "").encode("latin-1") for name in names))
    return []
"""

ASGI = """
import asyncio
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        scope["state"]["started"] = "yes"
        await send({"type": "lifespan.startup.complete"})
        await receive()
    path = scope["path"]
    if path == "/at/silent":
        return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    state = scope["state"]["started"].encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-state", state)]})
    if path == "/at/stream":
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"y" * 3000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    elif path == "/at/body":
        await send({"type": "http.response.body", "body": body})
    else:
        told = [scope["method"], path, scope["root_path"], scope["query_string"].decode(), str(scope["headers"])]
        await send({"type": "http.response.body", "body": "|".join(told).encode()})
        assert (await receive())["type"] == "http.disconnect"
        await asyncio.sleep(0.01)
        print("after the response")
"""


class Apps(unittest.TestCase):
    def test_a_wsgi_app_has_its_environment_and_its_body(self):
        with deployed(WSGI, mount="/at") as guest:
            self.assertEqual(guest.deployed.json(), {"kind": "wsgi"})
            answer = guest.send("POST", "/%C3%BC?a=1", [("x-test", "1"), ("content-type", "text/x")], b"")
            self.assertEqual(answer.body, b"POST|/at|/\xc3\xbc|a=1|1|text/x|localhost")
            self.assertEqual(len(guest.send("POST", "/body", body=b"z" * 300_000).body), 300_000)
            self.assertEqual(guest.send("POST", "/lines", body=b"line\n" * 5000).body, b"5000")
            self.assertEqual(len(guest.send(path="/stream").body), 200_000)
            self.assertEqual(guest.send(path="/early").code, 3)

    def test_an_asgi_app_streams_lives_on_and_was_started(self):
        with deployed(ASGI, mount="/at") as guest:
            self.assertEqual(guest.deployed.json(), {"kind": "asgi"})
            answer = guest.send("GET", "/x?a=1", [("x-test", "1")])
            self.assertEqual(answer.body, b"GET|/at/x|/at|a=1|[(b'x-test', b'1')]")
            self.assertEqual((answer.header("x-state"), answer.code), ("yes", 0))
            self.assertEqual(len(guest.send("POST", "/body", body=b"z" * 300_000).body), 300_000)
            self.assertEqual(len(guest.send(path="/stream").body), 300_000)
            self.assertEqual(guest.send(path="/silent").code, 3)
            self.assertIn("after the response\n", guest.close())

    def test_an_app_whose_startup_fails_is_not_deployed(self):
        code = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"""
        with Guest({"h.py": code}) as guest:
            self.assertEqual(guest.deployed.code, 1)
            self.assertIn("no database", guest.deployed.text)


if __name__ == "__main__":
    unittest.main()
