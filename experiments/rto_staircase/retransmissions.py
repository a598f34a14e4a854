"""What a capture tells of one sender's retransmission timer, beside what the wheel says of it."""
from __future__ import annotations

import struct
from collections import defaultdict
from pathlib import Path
from typing import Iterator

import pandas as pd
from rich.console import Console
from rich.table import Table

from timer_wheel import Ticks, expiry


def segments(pcap: Path) -> Iterator[tuple[int, int, int]]:
    """Of every TCP segment with payload: its instant in the run (ns), source port and number."""
    data = pcap.read_bytes()
    at = 24
    while at + 16 <= len(data):
        seconds, nanoseconds, size = struct.unpack_from("<3I", data, at)
        datagram = data[at + 16 : at + 16 + size]
        at += 16 + size
        if datagram[0] >> 4 != 4 or datagram[9] != 6:
            continue
        header = (datagram[0] & 15) * 4
        source_port, _, sequence = struct.unpack_from(">HHI", datagram, header)
        payload = len(datagram) - header - (datagram[header + 12] >> 4) * 4
        if payload > 0:
            yield seconds * 1_000_000_000 + nanoseconds, source_port, sequence


def backed_off(pcap: Path) -> list[int]:
    """The instants at which the segment was sent that was sent most often."""
    sent = defaultdict(list)
    for at_ns, source_port, sequence in segments(pcap):
        sent[source_port, sequence].append(at_ns)
    return max(sent.values(), key=len)


def measure(pcap: Path, *, rto_s: float, time_zero_ns: int, ticks: Ticks) -> pd.DataFrame:
    """One row an expiry but the first, whose arming a capture does not show: the timeout that was
    armed, how long it took, and how long the wheel says that it takes."""
    instants = [time_zero_ns + at_ns for at_ns in backed_off(pcap)]
    rows = []
    for attempt, (armed_ns, fired_ns) in enumerate(zip(instants[1:], instants[2:]), start=1):
        due = expiry(ticks.at(armed_ns), ticks.count_of(rto_s) << attempt)
        rows.append((rto_s * 2**attempt, fired_ns - armed_ns, ticks.begins_ns(due) - armed_ns))
    return pd.DataFrame(rows, columns=["timeout_s", "took_ns", "wheel_ns"])


def show(table: pd.DataFrame, console: Console) -> None:
    rows = Table(title="Retransmissions on the captures", title_justify="left")
    head = ("timeout", "times", "took", "later than the timeout", "later than the wheel")
    for name in head:
        rows.add_column(name, justify="right")
    for timeout_s, group in table.groupby("timeout_s"):
        took_ms = group["took_ns"] * 1e-6
        late_ms = took_ms - timeout_s * 1e3
        after_ms = (group["took_ns"] - group["wheel_ns"]) * 1e-6
        rows.add_row(
            f"{timeout_s * 1e3:.0f} ms",
            str(len(group)),
            f"{took_ms.min():.1f} to {took_ms.max():.1f} ms",
            f"{late_ms.min():.1f} to {late_ms.max():.1f} ms",
            f"{after_ms.min():.1f} to {after_ms.max():.1f} ms",
        )
    console.print(rows)
