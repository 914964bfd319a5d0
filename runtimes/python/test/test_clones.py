"""A fork is a clone of a process's memory: what is the same in two of them would be the same in two clones of a VM."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
for name in ("random", "uuid", "sqlite3", "tempfile"):
    # The tests' own framework may have imported them before they are watched.
    sys.modules.pop(name, None)

from mayfly import reseed  # noqa: E402: see above

reseed.install()

import random  # noqa: E402: watched from here on
import sqlite3  # noqa: E402
import ssl  # noqa: E402
import tempfile  # noqa: E402
import uuid  # noqa: E402

try:
    import numpy
except ImportError:
    numpy = None

CLONES = 200

own = random.Random()
seeded = random.Random(42)
database = sqlite3.connect(":memory:")
generators = {}
if numpy is not None:
    generators = {
        "fresh": numpy.random.default_rng(),
        "fixed": numpy.random.default_rng(42),
        "old fresh": numpy.random.RandomState(),
        "old fixed": numpy.random.RandomState(42),
    }


def draw():
    drawn = {
        "random": random.random(),
        "own": own.random(),
        "gauss": own.gauss(0, 1),
        "seeded": seeded.random(),
        "uuid1": uuid.uuid1().hex,
        "uuid4": uuid.uuid4().hex,
        "name": next(tempfile._get_candidate_names()),
        "sqlite": database.execute("select random()").fetchone()[0],
        "tls": ssl.RAND_bytes(16).hex(),
    }
    if numpy is not None:
        drawn["legacy"] = numpy.random.random()
        drawn.update({name: float(generator.random_sample() if "old" in name else generator.random()) for name, generator in generators.items()})
    return drawn


def in_a_clone():
    come, go = os.pipe()
    child = os.fork()
    if child == 0:
        reseed.begin()
        os.write(go, json.dumps(draw()).encode())
        os._exit(0)
    os.close(go)
    with open(come) as answer:
        drawn = json.load(answer)
    os.waitpid(child, 0)
    return drawn


class Clones(unittest.TestCase):
    def test_no_two_clones_draw_the_same_but_from_what_the_function_seeded(self):
        draw()
        reseed.settle()
        clones = [in_a_clone() for _ in range(CLONES)]
        for name in clones[0]:
            different = len({drawn[name] for drawn in clones})
            self.assertEqual(different, 1 if name in ("seeded", "fixed", "old fixed") else CLONES, name)


if __name__ == "__main__":
    unittest.main()
