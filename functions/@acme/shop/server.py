"""A server as it is anywhere else: it listens on PORT. Each request is a connection to a clone of it."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

PRICES = {"egg": 3, "nymph": 12, "imago": 40}
sold = []


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.strip("/")
        self.answer(200, PRICES) if name == "" else self.sell(name)

    def sell(self, name: str):
        if name not in PRICES:
            return self.answer(404, {"message": f"No {name} here"})
        sold.append(name)
        self.answer(200, {"name": name, "price": PRICES[name], "sold": len(sold)})

    def answer(self, status: int, value: object):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
