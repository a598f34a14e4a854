"""Linux's timer wheel: when a timer goes off that was armed at some tick (kernel/time/timer.c)."""
from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

LEVEL_SIZE = 64  # buckets a level
LEVEL_SHIFT = 3  # each level's buckets are 2^3 times as wide as those of the level before
CLOCK_MONOTONIC_COARSE = 6  # its resolution is the tick: 1 s / CONFIG_HZ
READINGS = 9


def expiry(armed: int, timeout: int) -> int:
    """The tick at which a timer goes off that was armed at a tick for so many more.

    A level is taken for as long as the timer fits into its buckets, which are 1, 8, 64, ... ticks
    wide, and the timer goes off when the bucket *after* the one that it falls into begins: never
    early, up to a bucket late.
    """
    level = 0
    while timeout >= (LEVEL_SIZE - 1) << (level * LEVEL_SHIFT):
        level += 1
    shift = level * LEVEL_SHIFT
    return (((armed + timeout) >> shift) + 1) << shift


def backoff(armed: int, timeout: int, attempts: int) -> int:
    """The tick of the last of so many expiries, each twice as long as the one before."""
    for attempt in range(attempts):
        armed = expiry(armed, timeout << attempt)
    return armed


@dataclass(frozen=True)
class Ticks:
    """This kernel's ticks (jiffies) on the clock that runs are recorded by, CLOCK_BOOTTIME."""

    length_ns: int
    offset: int  # of the count at that clock's zero

    @classmethod
    def of_this_kernel(cls) -> Ticks:
        """Reads /proc/timer_list, which wants root, as the lab does."""
        length_ns = round(time.clock_getres(CLOCK_MONOTONIC_COARSE) * 1e9)
        offsets = []
        for _ in range(READINGS):
            text = Path("/proc/timer_list").read_text()
            now_ns = int(re.search(r"^now at (\d+) nsecs", text, re.M)[1])
            count = int(re.search(r"^jiffies: (\d+)", text, re.M)[1])
            offsets.append(count - now_ns // length_ns)
        # The count is read after the clock: never too small, but sometimes too large.
        slept_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
        return cls(length_ns, min(offsets) - round(slept_ns / length_ns))

    def at(self, boottime_ns: float) -> int:
        """The tick that had begun at an instant."""
        return int(boottime_ns // self.length_ns) + self.offset

    def begins_ns(self, tick: int) -> int:
        """The instant on CLOCK_BOOTTIME at which a tick begins."""
        return (tick - self.offset) * self.length_ns

    def count_of(self, duration_s: float) -> int:
        return round(duration_s * 1e9 / self.length_ns)
