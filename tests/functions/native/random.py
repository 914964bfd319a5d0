"""Draws in all ways that Python has."""

import json
import os
import random
import secrets
import ssl
import tempfile
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

own = random.Random()
before = random.random()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        drawn = [
            random.random(),
            own.getrandbits(64),
            secrets.token_hex(),
            os.urandom(8).hex(),
            ssl.RAND_bytes(8).hex(),
            str(uuid.uuid1()),
            str(uuid.uuid4()),
            tempfile.mktemp(),
        ]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(drawn).encode())

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
