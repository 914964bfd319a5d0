"""A runtime: a request that is code becomes the function, every other is one for it."""
import json
import os

function = {"handler": lambda event: "nothing is loaded"}


def answer(request):
    event = json.loads(request)
    if "load" in event:
        function.clear()
        exec(event["load"], function)
        return b"loaded"
    return json.dumps(function["handler"](event)).encode()


for _ in range(20):
    answer(b'{"name":"warm","n":1,"x":[1,2,3]}')
while request := os.read(0, 65536):
    os.write(1, answer(request))
