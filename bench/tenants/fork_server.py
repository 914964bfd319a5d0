"""The baseline for a fresh process for each request: a warm CPython that forks. It prints its address."""
import ctypes
import json
import os
import selectors
import signal
import socket
import sys

EXPECTED_HEAD_END = b"\r\n\r\n"


def handler(body):
    event = json.loads(body)
    return {"message": "hello " + event["name"], "echo": json.loads(json.dumps(event))}


def answer(connection, request):
    body = json.dumps(handler(request.split(EXPECTED_HEAD_END, 1)[1])).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    try:
        connection.sendall(head + body)
    except BrokenPipeError:
        pass  # the load is over


def serve(listener):
    ready = selectors.DefaultSelector()
    listener.setblocking(False)
    ready.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is listener:
                try:
                    connection, _ = listener.accept()
                except BlockingIOError:
                    continue
                ready.register(connection, selectors.EVENT_READ)
                continue
            try:
                request = key.fileobj.recv(65536)
            except ConnectionResetError:
                request = b""
            if not request:
                ready.unregister(key.fileobj)
                key.fileobj.close()
            elif os.fork() == 0:
                answer(key.fileobj, request)
                os._exit(0)


def end_with_parent():
    """Its output would stay open else, and whoever reads that never end."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print("http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    for _ in range(int(sys.argv[1]) - 1):
        if os.fork() == 0:
            end_with_parent()
            break
    serve(listener)
