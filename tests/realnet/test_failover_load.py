"""A pair under full load: it stays together for as long as the machine runs it."""

import datetime
import os
import subprocess
import sys
import threading
import time

from pair import Download, Pair
from standstill import Standstill

SIZE = 50_000_000
LOADED_S = 20
NOTICED_S = 0.1  # a standstill explains what the replicas do about it in so much time
SHORT_S = 0.004  # fewer heartbeats than make a replica suspect, whatever else is late
FORSAKEN = ("alone", "fenced", "active")


class Downloads(threading.Thread):
    """One after the other, until it is told to stop; keeps what was not as it should be."""

    def __init__(self, pair, expected):
        super().__init__(daemon=True)
        self.pair, self.expected = pair, expected
        self.count, self.wrong, self.stopping = 0, [], False
        self.start()

    def run(self):
        while not self.stopping:
            try:
                same = Download(self.pair.connect(), "file").end() == self.expected
                self.wrong += [] if same else ["the bytes differ"]
            except (OSError, AssertionError) as error:
                self.wrong.append(str(error))
            self.count += 1


def forsaken(pair, since):
    """When a replica gave the other one up, in seconds of the epoch, and how it called that."""
    found = []
    for replica in pair.replicas:
        for line in replica.log.read_text().splitlines():
            at, _, kind, *_ = line.split()
            when = datetime.datetime.fromisoformat(at).timestamp()
            if kind in FORSAKEN and when >= since:
                found.append((when, f"{replica.host.name}: {line}"))
    return sorted(found)


def test_a_pair_comes_apart_only_when_the_machine_stands_still(network, build):
    """All processors are busy with a download and with loops beside it, and nobody dies."""
    log = {"level": "debug", "fold_s": 0}  # every line of it is looked at
    pair = Pair(network, build, "files", witness=True, log=log).start()
    content = os.urandom(SIZE)
    (pair.files / "file").write_bytes(content)
    since = time.time()
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(2 * os.cpu_count())
    ]
    try:
        with Standstill() as standstill:
            downloads = Downloads(pair, content)
            time.sleep(LOADED_S)
            downloads.stopping = True
            downloads.join(60)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert downloads.wrong == []
    assert downloads.count > 0
    # On the clock of the logs.
    shift = time.time() - time.monotonic()
    still = [(a + shift, b + shift) for a, b in standstill.spans if b - a > SHORT_S]
    unexplained = [
        line
        for when, line in forsaken(pair, since)
        if not any(begin < when < end + NOTICED_S for begin, end in still)
    ]
    assert unexplained == [], f"{len(still)} standstills, the longest {standstill.longest_s()} s"
    pair.await_protection()
