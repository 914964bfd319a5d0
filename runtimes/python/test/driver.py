"""
A guest as a plain process: what the server does with one, in few lines. It keeps to the credit, and sees that the guest
does.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

BOOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot.py")
HEADER = struct.Struct("<BBHI")
HEAD, CHUNK, END, CALL, ANSWER, CANCEL, LOG, EXIT, CREDIT = range(1, 10)
HAS_BODY, DEPLOY = 1, 2
WINDOW = 65536
PATIENCE_S = 30
ORIGIN = "http://localhost"


def frame(kind, payload=b"", flags=0):
    return HEADER.pack(kind, flags, 0, len(payload)) + payload + bytes(-len(payload) % 4)


def head(method, url, headers, context, flags):
    lines = "".join(f"{name}\n{value}\n" for name, value in headers)
    strings = [text.encode() for text in (method, url, lines, "request-1", context)]
    return frame(HEAD, struct.pack("<5I", *map(len, strings)) + b"".join(strings), flags)


def pack(files):
    """As src/state/file_pack.ts."""
    named = sorted((name.encode(), text.encode()) for name, text in files.items())
    names = b"".join(name for name, _ in named)
    name_at, at = 0, 24 + 24 * len(named) + len(names)
    entries = b""
    for name, content in named:
        entries += struct.pack("<IIQQ", name_at, len(name), at, len(content))
        name_at += len(name)
        at += len(content)
    contents = b"".join(content for _, content in named)
    return b"mayflyfp" + struct.pack("<IIQ", 1, len(named), len(names)) + entries + names + contents


class Answer:
    def __init__(self):
        self.status = None
        self.headers = []
        self.body = b""
        self.pieces = []
        self.ended = False
        self.code = None
        self.text = ""

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def json(self):
        return json.loads(self.body)


class Guest:
    """`files` are deployed, `entry` is run."""

    def __init__(self, files, entry="h.py", folder="", env=None, mount="", timeout_ms=1500, build_timeout_ms=0):
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        self._socket = ours
        self._rest = b""
        self._folder = tempfile.TemporaryDirectory()
        there = theirs.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", BOOT, self._folder.name, "/nowhere"],
            pass_fds=(3, there),
            preexec_fn=lambda: os.dup2(there, 3),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        theirs.close()
        told = {
            "function": {"name": "h", "tenant": "acme", "version": "v1"},
            "mount": mount,
            "env": env or {},
            "entry": entry,
            "folder": folder,
            "memoryBytes": 64 << 20,
            "timeoutMs": timeout_ms,
            "buildTimeoutMs": build_timeout_ms,
        }
        self.deployed = self.send("POST", "/", body=pack(files), context=json.dumps(told), flags=DEPLOY)

    def send(self, method="GET", path="/", headers=(), body=None, context="", flags=0, cancels=False):
        flags |= 0 if body is None else HAS_BODY
        self._socket.sendall(head(method, ORIGIN + path, headers, context, flags))
        answer = Answer()
        credit, at, window = WINDOW, 0, WINDOW
        while True:
            while body is not None and credit > 0 and at < len(body):
                size = min(credit, WINDOW, len(body) - at)
                self._socket.sendall(frame(CHUNK, body[at : at + size]))
                at += size
                credit -= size
            if body is not None and at == len(body):
                self._socket.sendall(frame(END))
                body = None
            kind, aux, payload = self._frame()
            if kind == HEAD:
                lines = payload.decode().split("\n")[:-1]
                answer.status, answer.headers = aux, list(zip(lines[::2], lines[1::2]))
            elif kind == CHUNK:
                window -= len(payload)
                assert window >= 0, "a chunk beyond the credit"
                answer.body += payload
                answer.pieces.append(payload)
                if cancels and len(answer.pieces) == 1:
                    self._socket.sendall(frame(CANCEL))
                if window < WINDOW // 2:
                    self._socket.sendall(frame(CREDIT, struct.pack("<I", WINDOW - window)))
                    window = WINDOW
            elif kind == END:
                answer.ended = True
            elif kind == CREDIT:
                credit += struct.unpack("<I", payload)[0]
            elif kind == EXIT:
                answer.code, answer.text = aux, payload.decode()
                return answer

    def _frame(self):
        while True:
            if len(self._rest) >= HEADER.size:
                kind, _, aux, size = HEADER.unpack_from(self._rest)
                following = HEADER.size + size + -size % 4
                if len(self._rest) >= following:
                    payload = self._rest[HEADER.size : HEADER.size + size]
                    self._rest = self._rest[following:]
                    return kind, aux, payload
            data = self._socket.recv(1 << 20)
            assert data, "the guest is gone"
            self._rest += data

    def close(self):
        """What it wrote to its log."""
        self._socket.close()
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        self._folder.cleanup()
        return output.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.close()


def deployed(code, **options):
    """A guest of one file."""
    guest = Guest({"h.py": code}, **options)
    assert guest.deployed.code == 0, guest.deployed.text
    return guest
