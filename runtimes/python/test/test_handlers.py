import unittest

from driver import Guest, deployed

ANSWERS = """
from mayfly import Response
def gen():
    yield "a"
    yield b"b"
answers = {
    "/text": lambda: "t\\u00fc",
    "/bytes": lambda: b"\\x00\\xff",
    "/json": lambda: {"a": [1, None, "\\u00fc"]},
    "/list": lambda: [1],
    "/triple": lambda: (201, {"X-A": "1", "Set-Cookie": ["a=1", "b=2"]}, {"b": 1}),
    "/response": lambda: Response("x", 418, [("content-type", "text/x")]),
    "/empty": lambda: (204, {}, None),
    "/stream": gen,
    "/none": lambda: None,
    "/number": lambda: 42,
    "/status": lambda: (99, {}, ""),
    "/break": lambda: (200, {"x-a": "1\\r\\nx-b: 2"}, ""),
    "/name": lambda: (200, {"x a": "1"}, ""),
    "/nan": lambda: {"a": float("nan")},
    "/inside": lambda: iter(["a", 7]),
}
def handler(req):
    return answers[req.path]()
"""


class Handlers(unittest.TestCase):
    def test_what_may_be_returned_becomes_a_response(self):
        expected = {
            "/text": (200, "text/plain;charset=UTF-8", "tü".encode()),
            "/bytes": (200, "application/octet-stream", b"\x00\xff"),
            "/json": (200, "application/json", '{"a":[1,null,"ü"]}'.encode()),
            "/list": (200, "application/json", b"[1]"),
            "/triple": (201, "application/json", b'{"b":1}'),
            "/response": (418, "text/x", b"x"),
            "/empty": (204, None, b""),
            "/stream": (200, "text/plain;charset=UTF-8", b"ab"),
        }
        with deployed(ANSWERS) as guest:
            for path, (status, kind, body) in expected.items():
                answer = guest.send(path=path)
                seen = (answer.status, answer.header("content-type"), answer.body, answer.ended, answer.code)
                self.assertEqual(seen, (status, kind, body, True, 0), path)
            cookies = [value for name, value in guest.send(path="/triple").headers if name == "set-cookie"]
            self.assertEqual(cookies, ["a=1", "b=2"])

    def test_what_may_not_is_a_bad_response_with_its_reason(self):
        reasons = {
            "/none": "NoneType", "/number": "int", "/status": "status 99", "/break": "line break",
            "/name": "'x a'", "/nan": "JSON",
        }
        with deployed(ANSWERS) as guest:
            for path, reason in reasons.items():
                answer = guest.send(path=path)
                self.assertEqual((answer.status, answer.code), (None, 3), path)
                self.assertIn(reason, answer.text)
            answer = guest.send(path="/inside")
            self.assertEqual((answer.status, answer.ended, answer.code), (200, False, 4))

    def test_a_handler_sees_the_request(self):
        code = """
def handler(req, ctx):
    return {"method": req.method, "path": req.path, "url": req.url, "q": req.query["q"], "all": req.query.get_all("q"),
            "header": req.headers["X-Test"], "missing": req.headers.get("no"), "json": req.json(), "text": req.text(),
            "params": ctx.params, "mount": ctx.mount, "id": ctx.requestId, "name": ctx.function["name"], "env": ctx.env,
            "aborted": ctx.signal.aborted}
"""
        with deployed(code, env={"A": "b"}, mount="/h") as guest:
            answer = guest.send(
                "PUT",
                "/a%20b?q=1&q=%C3%BC",
                [("x-test", "1"), ("x-test", "2")],
                b'{"n":1}',
                '{"params":{"id":"7"},"mount":""}',
            )
        self.assertEqual(answer.json(), {
            "method": "PUT", "path": "/a b", "url": "http://localhost/a%20b?q=1&q=%C3%BC", "q": "1", "all": ["1", "ü"],
            "header": "1, 2", "missing": None, "json": {"n": 1}, "text": '{"n":1}', "params": {"id": "7"}, "mount": "",
            "id": "request-1", "name": "h", "env": {"A": "b"}, "aborted": False,
        })

    def test_bodies_of_any_size_go_in_and_out(self):
        code = """
def handler(req):
    if req.path == "/stream":
        return (piece for piece in req.stream())
    return req.body
"""
        body = bytes(range(256)) * 4000
        with deployed(code) as guest:
            for path in ("/", "/stream"):
                for size in (0, 1, 65535, 65536, 65537, len(body)):
                    answer = guest.send("POST", path, body=body[:size])
                    self.assertTrue(answer.body == body[:size] and answer.ended and answer.code == 0, (path, size))

    def test_async_handlers_stream_both_ways_and_wait(self):
        code = """
import asyncio
async def handler(req, ctx):
    if req.path == "/count":
        return str(sum([len(piece) async for piece in req.stream()]))
    async def pieces():
        for _ in range(5):
            await asyncio.sleep(0.001)
            yield b"x" * 50000
    return pieces()
"""
        with deployed(code) as guest:
            self.assertEqual(guest.send("POST", "/count", body=b"y" * 500_000).body, b"500000")
            self.assertEqual(len(guest.send().body), 250_000)

    def test_work_that_waits_until_the_response_is_out_is_done(self):
        code = """
import asyncio
def handler(req, ctx):
    async def later():
        await asyncio.sleep(0)
        print("later")
    ctx.waitUntil(later())
    ctx.wait_until(lambda: print("called"))
    return "answered"
"""
        with deployed(code) as guest:
            answer = guest.send()
            self.assertEqual((answer.body, answer.code), (b"answered", 0))
            self.assertEqual(guest.close(), "later\ncalled\n")

    def test_who_waits_learns_that_the_caller_left(self):
        code = """
import asyncio
async def handler(req, ctx):
    ctx.signal.on_abort(lambda: print("left", ctx.signal.aborted))
    async def pieces():
        yield "begun"
        await asyncio.Event().wait()
    return pieces()
"""
        with deployed(code) as guest:
            answer = guest.send(cancels=True)
            self.assertEqual((answer.body, answer.ended), (b"begun", False))
            self.assertNotEqual(answer.code, 0)
            self.assertEqual(guest.close(), "left True\n")

    def test_lambda_handlers_get_an_event_of_version_2(self):
        code = """
def lambda_handler(event, context):
    return {"statusCode": 201, "headers": {"X-A": 1}, "cookies": ["a=1"], "body": "|".join([
        event["version"], event["rawPath"], event["rawQueryString"], event["queryStringParameters"]["a"],
        event["requestContext"]["http"]["method"], event["body"], ",".join(event["cookies"]),
        event["pathParameters"]["id"], context.aws_request_id, str(context.get_remaining_time_in_millis() > 0)])}
"""
        with deployed(code) as guest:
            self.assertEqual(guest.deployed.json(), {"kind": "lambda"})
            headers = [("content-type", "text/plain"), ("cookie", "x=1; y=2")]
            answer = guest.send("POST", "/p?a=1&a=2", headers, b"text", '{"params":{"id":"7"},"mount":""}')
        self.assertEqual(answer.body, b"2.0|/p|a=1&a=2|1,2|POST|text|x=1,y=2|7|request-1|True")
        self.assertEqual((answer.status, answer.header("x-a"), answer.header("set-cookie")), (201, "1", "a=1"))

    def test_a_folder_sees_its_files_and_the_shared_ones(self):
        files = {
            "report/main.py": "import lib\nfrom _shared.util import two\n"
            "def handler(req): return [lib.ONE, two(), open('data.txt').read()]",
            "report/lib.py": "ONE = 1",
            "report/data.txt": "data",
            "_shared/util.py": "def two(): return 2",
        }
        with Guest(files, "report/main.py", "report") as guest:
            self.assertEqual(guest.send().json(), [1, 2, "data"])

    def test_a_function_that_is_called_like_a_module_takes_nobodys_place(self):
        files = {"json.py": "import json\ndef handler(req): return json.dumps([1])"}
        with Guest(files, "json.py") as guest:
            self.assertEqual(guest.send().body, b"[1]")


if __name__ == "__main__":
    unittest.main()
