"""A server of Python's own library, that knows nothing of where it runs."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

count = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        answer = getattr(self, "answer_" + url.path[1:], None)
        if answer is None:
            self.answer(b"nothing here", status=404)
        else:
            answer(query)

    do_POST = do_HEAD = do_GET

    def answer(self, body, kind="text/plain", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_count(self, query):
        global count
        count += 1
        self.answer(str(count).encode())

    def answer_echo(self, query):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body, self.headers["Content-Type"])

    def answer_bytes(self, query):
        self.answer(b"x" * int(query["n"]))

    def answer_first(self, query):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"first\n")
        time.sleep(1000)

    def answer_sleep(self, query):
        time.sleep(int(query["ms"]) / 1000)
        self.answer(b"woke")

    def answer_crash(self, query):
        os._exit(7)

    def answer_throw(self, query):
        raise ValueError("thrown on purpose")

    def answer_log(self, query):
        print("a line")
        self.answer(b"logged")

    def answer_seen(self, query):
        names = {"host": "Host", "expect": "Expect", "prefix": "X-Forwarded-Prefix"}
        seen = {key: self.headers[name] for key, name in names.items()}
        body = json.dumps({"method": self.command, "path": self.path, **seen})
        self.answer(body.encode(), "application/json")

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
print("listens on", os.environ["PORT"])
server.serve_forever()
