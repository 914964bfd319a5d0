import time


def handler(req):
    time.sleep(0.05)
    return "slept"
