"""What comes with Python: compression, regular expressions, dates, decimals, a database, threads, processes' absence."""
import bz2
import collections
import datetime
import decimal
import hashlib
import lzma
import re
import sqlite3
import tempfile
import threading
import zlib


def compressed():
    text = b"".join(b"line %d of a log\n" % n for n in range(3000))
    for pack, unpack in [(zlib.compress, zlib.decompress), (bz2.compress, bz2.decompress), (lzma.compress, lzma.decompress)]:
        assert unpack(pack(text)) == text
    return hashlib.sha256(zlib.compress(text, 9)).hexdigest()


def counted():
    words = re.findall(r"[a-z]+", "a mayfly lives for one day and a day is one life for a mayfly" * 50)
    return collections.Counter(words).most_common(3)


def stored():
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(folder + "/own.db")
        database.execute("create table numbers (n integer)")
        database.executemany("insert into numbers values (?)", [(n,) for n in range(1000)])
        database.commit()
        found = database.execute("select count(*), sum(n) from numbers").fetchone()
        database.close()
        return found


def threaded():
    sums = []
    threads = [threading.Thread(target=lambda n=n: sums.append(sum(range(n * 1000)))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(sums)


def handler(req):
    return {
        "compressed": compressed(),
        "counted": counted(),
        "stored": stored(),
        "threaded": threaded(),
        "pi": str(decimal.Decimal(1) / decimal.Decimal(7)),
        "day": (datetime.date(2026, 11, 21) + datetime.timedelta(days=100)).isoformat(),
    }
