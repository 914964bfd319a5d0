"""An app as Flask's documentation has one, started by `flask run` or as a program."""

import os
import time

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
count = 0


@app.get("/count")
def counted():
    global count
    count += 1
    return str(count)


@app.post("/echo")
def echo():
    return Response(request.get_data(), content_type=request.content_type)


@app.get("/bytes")
def many():
    return "x" * int(request.args["n"])


@app.get("/first")
def first():
    def pieces():
        yield "first\n"
        time.sleep(1000)

    return Response(pieces(), mimetype="text/plain")


@app.get("/sleep")
def sleep():
    time.sleep(int(request.args["ms"]) / 1000)
    return "woke"


@app.get("/crash")
def crash():
    os._exit(7)


@app.get("/throw")
def throw():
    raise ValueError("thrown on purpose")


@app.get("/log")
def log():
    print("a line")
    return "logged"


@app.get("/seen")
def seen():
    names = {"host": "Host", "expect": "Expect", "prefix": "X-Forwarded-Prefix"}
    seen = {key: request.headers.get(name) for key, name in names.items()}
    return jsonify(method=request.method, path=request.full_path.rstrip("?"), **seen)


@app.errorhandler(404)
def nowhere(error):
    return "nothing here", 404


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
