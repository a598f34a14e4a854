"""When the machine itself stood still: a processor that a hypervisor took away, or kept busy.

A process on each processor sleeps a millisecond at a time in the highest class there is. When it
comes late, nobody ran there, whatever his priority.
"""

import os
import subprocess
import sys
import tempfile
import time

LATE_S = 0.002
WATCH = f"""
import os, sys, time
os.sched_setaffinity(0, [int(sys.argv[1])])
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
print("ready", flush=True)
last = time.monotonic()
while True:
    time.sleep(0.001)
    now = time.monotonic()
    if now - last > 0.001 + {LATE_S}:
        print(last + 0.001, now, flush=True)
    last = now
"""


class Standstill:
    """Watches between `with` and its end."""

    def __enter__(self):
        self.spans = []
        self.files = [tempfile.TemporaryFile("w+") for _ in os.sched_getaffinity(0)]
        self.watchers = [
            subprocess.Popen([sys.executable, "-c", WATCH, str(cpu)], stdout=file)
            for cpu, file in zip(sorted(os.sched_getaffinity(0)), self.files)
        ]
        for file in self.files:
            while not os.path.getsize(f"/proc/self/fd/{file.fileno()}"):
                time.sleep(0.001)
        return self

    def __exit__(self, *_):
        for watcher, file in zip(self.watchers, self.files):
            watcher.kill()
            watcher.wait()
            file.seek(0)
            lines = [line.split() for line in file.read().splitlines()]
            self.spans += [tuple(map(float, words)) for words in lines if len(words) == 2]
            file.close()
        self.spans.sort()

    def longest_s(self):
        return max((end - begin for begin, end in self.spans), default=0.0)

    def total_s(self, begin, end):
        """How long some processor was away between two instants (time.monotonic)."""
        total, seen = 0.0, begin
        for first, last in self.spans:
            first, last = max(first, seen), min(last, end)
            if last > first:
                total += last - first
                seen = last
        return total
