"""What a program of a tenant's finds around it."""

import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def refusal(act):
    try:
        act()
    except OSError as error:
        return str(error)
    return None


def look():
    met = []
    thread = threading.Thread(target=met.append, args=["a thread"])
    thread.start()
    thread.join()
    with open("/etc/passwd") as file:
        accounts = [line.split(":")[0] for line in file]
    return {
        "fork": refusal(os.fork),
        "private": refusal(lambda: urllib.request.urlopen("http://10.0.0.1/")),
        "environment": sorted(os.environ),
        "folder": [os.getcwd(), *sorted(os.listdir("."))],
        "root": sorted(os.listdir("/function")),
        "accounts": accounts,
        "met": met,
        "write": refusal(lambda: open("new.txt", "x")),
        "tmp": refusal(lambda: open("/tmp/new.txt", "x")),
    }


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(look()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
