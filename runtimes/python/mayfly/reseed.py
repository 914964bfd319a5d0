"""
Clones of one snapshot have the same generators in their memory. Each request begins with those seeded anew that seeded
themselves; one that the function gave a seed of its own is left as it is. A module that nobody imports costs nothing.
"""

import gc
import os
import ssl
import sys
import weakref

from .after_import import AfterImport
from .entropy import Entropy

entropy = Entropy()
# What is done before a request, by modules that were imported.
actions = []
tls = {"is_stale": True}


def begin():
    tls["is_stale"] = True
    for action in actions:
        action()


def settle():
    """Before a snapshot may be taken."""
    for find in finders:
        find()


def install():
    hooks = {"random": on_random, "uuid": on_uuid, "sqlite3": on_sqlite, "numpy.random": on_numpy}
    for name in hooks:
        if name in sys.modules:
            raise ImportError(f"Cannot watch {name}: the runtime itself imports it")
    AfterImport(hooks).install()
    wrap_ssl()


finders = []


# ---- random, and with it tempfile's names ----


def on_random(module):
    seed_with = module.Random.seed
    # Instances that took their seed from the system.
    unseeded = weakref.WeakSet([module._inst])

    def seed(self, a=None, version=2):
        seed_with(self, a, version)
        (unseeded.add if a is None else unseeded.discard)(self)

    module.Random.seed = seed
    module.seed = module._inst.seed

    def reseed():
        for generator in unseeded:
            seed_with(generator, entropy.seed(b"random"))

    actions.append(reseed)


# ---- uuid1: uuid4 asks the system each time ----

UUID_STATE = ("_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7")
MULTICAST = 1 << 40


def on_uuid(module):
    # libuuid keeps its own clock sequence where nobody can reach it.
    module._generate_time_safe = None
    state = [name for name in UUID_STATE if hasattr(module, name)]

    def reseed():
        module._node = (entropy.seed(b"uuid") & ((1 << 48) - 1)) | MULTICAST
        for name in state:
            setattr(module, name, None)

    actions.append(reseed)


# ---- sqlite3's random() ----


def on_sqlite(module):
    import _sqlite3
    import ctypes

    # Without a buffer it forgets its state, and asks the system for another.
    forget = getattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_randomness", None)
    if forget is not None:
        actions.append(lambda: forget(0, None))


# ---- numpy ----


def on_numpy(module):
    """Its generators know what they were seeded with, and get that from the system by one function."""
    source = sys.modules["numpy.random.bit_generator"]
    draw = source.randbits
    drawn = {module.mtrand._rand._bit_generator.seed_seq.entropy}
    legacy = {"is_seeded": False}
    found = []

    def randbits(size):
        value = draw(size)
        drawn.add(value)
        return value

    source.randbits = randbits
    seed_legacy = module.seed

    def seed(seed=None):
        seed_legacy(seed)
        legacy["is_seeded"] = seed is not None

    module.seed = seed
    own = module.mtrand._rand._bit_generator

    def find():
        found[:] = [
            thing for thing in gc.get_objects() if isinstance(thing, source.BitGenerator) and is_unseeded(thing)
        ]

    def is_unseeded(generator):
        if generator is own:
            return not legacy["is_seeded"]
        sequence = getattr(generator, "seed_seq", None)
        return getattr(sequence, "entropy", None) in drawn

    def reseed():
        for generator in found:
            generator.state = type(generator)(entropy.seed(b"numpy")).state

    finders.append(find)
    actions.append(reseed)


# ---- OpenSSL, when it is first used ----


def wrap_ssl():
    context = ssl.SSLContext
    context.wrap_socket = fresh_before(context.wrap_socket)
    context.wrap_bio = fresh_before(context.wrap_bio)
    ssl.RAND_bytes = fresh_before(ssl.RAND_bytes)


def fresh_before(call):
    def fresh(*args, **named):
        if tls["is_stale"]:
            ssl.RAND_add(os.urandom(32), 32.0)
            tls["is_stale"] = False
        return call(*args, **named)

    fresh.__name__ = call.__name__
    fresh.__doc__ = call.__doc__
    return fresh
