"""The standard library's server, with a thread for each connection and an answer that takes a way through a proxy."""
import http.server
import os
import urllib.request

os.environ["http_proxy"] = "http://127.0.0.1:3128"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"plain" if self.path == "/" else urllib.request.urlopen("http://elsewhere.example" + self.path).read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
