"""The baseline: a warm CPython that forks for every request. Prints microseconds, one a line."""
import json
import os
import sys
import time


def handler(event):
    name = event.get("name", "world")
    return {"statusCode": 200, "body": json.dumps({"message": "hello " + name, "echo": event})}


def answer(request):
    return json.dumps(handler(json.loads(request))).encode()


REQUEST = b'{"name":"bob","n":7,"x":[1,2,3]}'
for _ in range(20):
    answer(REQUEST)
for _ in range(int(sys.argv[1])):
    reader, writer = os.pipe()
    begun = time.perf_counter_ns()
    child = os.fork()
    if child == 0:
        os.write(writer, answer(REQUEST))
        os._exit(0)
    os.read(reader, 65536)
    print((time.perf_counter_ns() - begun) / 1000)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
