"""A stream cipher in Python alone: nothing but the interpreter."""
import hashlib


def encrypted(key, text):
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in text:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def handler(req):
    text = b"a mayfly lives for one day; " * 400
    for _ in range(int(req.query.get("rounds", "3"))):
        text = encrypted(b"one key", text)
    return hashlib.sha256(text).hexdigest()
