import unittest

from driver import Guest, deployed

CODE = """
import sys
from lib import fails
def handler(req):
    if req.path == "/throw":
        fails()
    if req.path == "/caused":
        try:
            fails()
        except ValueError as error:
            raise KeyError("outer") from error
    if req.path == "/exit":
        sys.exit(3)
    if req.path == "/memory":
        return bytes(1 << 60)
    if req.path == "/recurse":
        return handler(req)
    if req.path == "/unreadable":
        class Odd(Exception):
            def __str__(self): raise ValueError()
        raise Odd()
    if req.path == "/cut":
        def pieces():
            yield "half"
            fails()
        return pieces()
    return "well"
"""
LIB = "def fails():\n    raise ValueError('on purpose')\n"


class Failures(unittest.TestCase):
    def test_an_exception_has_the_functions_own_lines(self):
        with Guest({"h.py": CODE, "lib.py": LIB}) as guest:
            answer = guest.send(path="/throw")
            self.assertEqual((answer.status, answer.code), (None, 1))
            message, inner, outer = answer.text.split("\n")
            self.assertEqual(message, "ValueError: on purpose")
            self.assertRegex(inner, r"^    at fails \(lib\.py:2(:5)?\)$")
            self.assertRegex(outer, r"^    at handler \(h\.py:6(:9)?\)$")
            self.assertIn("Caused by ValueError: on purpose", guest.send(path="/caused").text)
            self.assertEqual(guest.send().body, b"well")

    def test_every_end_has_its_code(self):
        expected = {"/exit": 6, "/memory": 2, "/recurse": 1, "/unreadable": 1, "/cut": 4}
        with Guest({"h.py": CODE, "lib.py": LIB}) as guest:
            for path, code in expected.items():
                self.assertEqual(guest.send(path=path).code, code, path)
            self.assertEqual(guest.send().body, b"well")

    def test_a_deploy_says_what_is_wrong_and_where(self):
        mistakes = {
            "def handler(req):\n  return [\n": r"^SyntaxError: .*\n    at h\.py:2:",
            "import nothing_like_it\n": r"^ModuleNotFoundError: .*\n    at <module> \(h\.py:1",
            "x = 1 / 0\n": r"^ZeroDivisionError: .*\n    at <module> \(h\.py:1",
            "value = 1\n": r"^Cannot find a handler: the module has value \(a int\)",
            "def handler(): pass\n": r"^Cannot call handler\(\)",
            "class app: pass\n": r"^Cannot use app as the app: it is a class",
        }
        for code, expected in mistakes.items():
            with Guest({"h.py": code}) as guest:
                self.assertEqual(guest.deployed.code, 1)
                self.assertRegex(guest.deployed.text, expected)

    def test_an_init_that_does_not_end_says_where(self):
        lib = "def turns():\n  while True:\n    pass\n"
        stuck = {
            "import lib\nlib.turns()\n": r"    at turns \(lib\.py:[23](:\d+)?\)\n    at <module> \(h\.py:2",
            "import time\ntime.sleep(1e6)\n": r"    at <module> \(h\.py:2",
            "while True:\n  try:\n    n = 1\n  except:\n    pass\n": r"    at <module> \(h\.py:",
        }
        for code, expected in stuck.items():
            with Guest({"h.py": code, "lib.py": lib}, build_timeout_ms=300) as guest:
                message, _, stack = guest.deployed.text.partition("\n")
                self.assertEqual((guest.deployed.code, guest.deployed.status), (1, None))
                self.assertEqual(message, "Cannot evaluate the module: it takes longer than its buildTimeoutMs of 300")
                self.assertRegex(stack, expected)

    def test_an_init_that_ends_is_timed_no_more(self):
        code = """
import signal
def handler(req):
    return {"left": signal.getitimer(signal.ITIMER_REAL), "usual": signal.getsignal(signal.SIGALRM) == signal.SIG_DFL}
"""
        with Guest({"h.py": code}, build_timeout_ms=60_000) as guest:
            self.assertEqual(guest.send().json(), {"left": [0.0, 0.0], "usual": True})

    def test_an_init_may_set_an_alarm_handler_for_requests(self):
        code = """
import signal
rung = []
signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
def handler(req):
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    while not rung:
        signal.pause()
    return "rung"
"""
        with Guest({"h.py": code}, build_timeout_ms=60_000) as guest:
            self.assertEqual(guest.send().body, b"rung")

    def test_lines_go_to_the_log_as_they_are_written(self):
        code = """
import os, sys
def handler(req):
    print("out")
    print("err", file=sys.stderr)
    os.write(1, b"raw\\n")
    print("\\udcff")
    return "x"
"""
        with deployed(code) as guest:
            guest.send()
            self.assertEqual(guest.close(), "out\nerr\nraw\n\\udcff\n")


if __name__ == "__main__":
    unittest.main()
