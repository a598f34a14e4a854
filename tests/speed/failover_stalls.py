"""What a client sees of a kill -9, what the stall is made of, and whose fault it is."""

import argparse
import datetime
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "realnet"))

import private  # noqa: E402
from network import Network, ip  # noqa: E402
from pair import VIP4, Download, Echoed, Pair  # noqa: E402
from standstill import Standstill  # noqa: E402

CRASHES = 30
SIZE = 100_000_000
ALL, IPV4 = 3, 0x0800  # kinds of frames; what is said is seen by who listens to all
WAITS_S = 0.1  # a client that sends nothing for so long waits for its timer
MIRROR = "02:00:00:00:00:c8"
HELD = 4096  # datagrams of 2 KiB that a standby keeps
HEARD_S = 1.0  # how long the client's frames are looked at
UNFOLDED = {"level": "debug", "fold_s": 0}  # every line of the log is looked at
STEPS = ("lost", "asked", "won", "announced", "spoke", "answered")


class Wire(threading.Thread):
    """The client's frames from now on: what it says and hears, by the kernel's clock, because a
    program that reads them has to wait for a processor itself."""

    KEPT = 64

    def __init__(self, host):
        super().__init__(daemon=True)
        self.found = []
        self.socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL))
        with host.inside():
            self.socket.bind(("eth0", ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 128 << 20)  # SO_RCVBUFFORCE
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        self.socket.settimeout(HEARD_S)
        self.start()

    def run(self):
        end = time.monotonic() + HEARD_S
        while time.monotonic() < end:
            try:
                frame, more, _, (_, kind, way, _, _) = self.socket.recvmsg(self.KEPT, 64)
            except TimeoutError:
                break
            if kind != IPV4 or len(frame) < 40 or frame[9] != socket.IPPROTO_TCP:
                continue
            second, nano = struct.unpack("qq", more[0][2][:16])
            header = (frame[0] & 15) * 4
            size = struct.unpack_from("!H", frame, 2)[0] - header - (frame[header + 12] >> 4) * 4
            self.found.append((second + nano * 1e-9, way == socket.PACKET_OUTGOING, size))

    def segments(self):
        """(seconds, whether the client says it, bytes of payload) of each segment."""
        self.join()
        self.socket.close()
        return sorted(self.found)


def stall_of(segments):
    """When nothing new came to the client for the longest time: from, to."""
    heard = [at for at, is_said, size in segments if not is_said and size > 0]
    return max(zip(heard, heard[1:]), key=lambda s: s[1] - s[0])


def client_waits(segments, begin, end):
    """How long the client's own timer let it wait in a stall before it repeated what the dead one
    had not acknowledged; zero when it never waited."""
    said = [at for at, is_said, size in segments if is_said and size > 0 and begin < at < end]
    longest = max((b - a for a, b in zip([begin, *said], said)), default=0.0)
    return longest if longest > WAITS_S else 0.0


def crash(pair, begin_transfer, expected):
    """Kills the active in the middle of a transfer: the stall, and what it was made of."""
    died = pair.active
    with Standstill() as standstill:
        transfer = begin_transfer()
        transfer.await_bytes(len(expected) // 4)
        wire = Wire(pair.client)
        begin = time.time()
        os.kill(died.process.pid, signal.SIGKILL)
        segments = wire.segments()
        shift = time.time() - time.monotonic()
    assert transfer.end() == expected, "the bytes differ"
    stall = stall_of(segments)
    found = {
        "stall": stall[1] - stall[0],
        "away": standstill.total_s(*(at - shift for at in stall)),
        "timer": client_waits(segments, *stall),
    }
    taken = steps(pair.other(died).log, begin)
    pair.again(died)
    pair.await_protection()
    return {**found, **taken} if taken else None


def steps(log, since):
    """Of the takeover that the log tells of: milliseconds after the dead one's last word."""
    for line in reversed(log.read_text().splitlines()):
        if " took-over " not in line:
            continue
        if datetime.datetime.fromisoformat(line.split()[0]).timestamp() < since - 0.001:
            return None
        return {step: float(at) for step, at in re.findall(r"([a-z]+) (\d+\.\d+)", line)}
    return None


def narrow(network):
    """The client's cable carries 1 Gbit/s and keeps no more than 1 ms of it: a machine whose
    processors are all busy is stopped by its hypervisor, and its stalls tell of that."""
    client = network.host("client").name
    ip(f"link set {client} gso_max_size 16384")
    command = f"tc qdisc replace dev {client} root tbf rate 1gbit burst 64kb latency 1ms"
    subprocess.run(command.split(), check=True)


def mirror(network):
    """Both servers get what the client sends: its switch knows no port of the VIP's address."""
    for host in map(network.host, ("left", "right")):
        device = f"link eth0 name mirror address {MIRROR} type macvlan mode bridge"
        ip(f"-n {host.name} link add {device}")
        # It never speaks, or the switch would learn where it is.
        host.run("sysctl", "-qw", "net.ipv6.conf.mirror.disable_ipv6=1")
        host.run("sysctl", "-qw", "net.ipv4.conf.mirror.forwarding=1")
        host.run("sysctl", "-qw", "net.ipv4.conf.mirror.rp_filter=0")
        ip(f"-n {host.name} link set mirror up")
    ip(f"-n client neigh replace {VIP4} lladdr {MIRROR} dev eth0 nud permanent")


def crashes(network, build, role, count, slowly, mirrored):
    held = {"replication": {"held_packets_max": HELD}} if mirrored else {}
    pair = Pair(network, build, role, witness=True, log=UNFOLDED, **held).start()
    if slowly:
        narrow(network)
    if mirrored:
        mirror(network)
    content = os.urandom(SIZE)
    if role == "files":
        (pair.files / "file").write_bytes(content)

    def transfer():
        connection = pair.connect()
        return Download(connection, "file") if role == "files" else Echoed(connection, content)

    found = []
    for _ in range(2 * count):
        # Nothing: another one than was killed served by then.
        if one := crash(pair, transfer, content):
            found.append(one)
        if len(found) == count:
            return found
    raise SystemExit("failover_stalls.py: the pair does not stay together")


def percentile_99(values):
    return quantiles(values, n=100, method="inclusive")[98]


def both(note, name, values):
    note(f"{name}, p50", turn=[median(values) * 1e9])
    note(f"{name}, p99", turn=[percentile_99(values) * 1e9])


def table(name, found):
    print(f"{name}: stall {median(f['stall'] for f in found) * 1e3:.1f} ms", file=sys.stderr)
    for one in sorted(found, key=lambda one: one["stall"]):
        print("  " + " ".join(f"{key} {value * (1 if key in STEPS else 1e3):.2f}"
                              for key, value in one.items()), file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--each", action="store_true", help="print every crash")
    parser.add_argument("--crashes", type=int, default=CRASHES)
    parser.add_argument("--only", help="one kind of transfer")
    options = parser.parse_args()
    private.enter(__file__)
    private.prepare()
    found = {}

    def note(name, **samples):
        found[f"failover: {name}"] = samples

    build = options.build.resolve()
    for name, role, slowly, mirrored in (
        ("a download", "files", True, False),
        ("a download at full speed", "files", False, False),
        ("an echo", "echo", True, False),
        ("a mirrored echo", "echo", True, True),
    ):
        if options.only and name != options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            network = Network(Path(folder))
            try:
                seen = crashes(network, build, role, options.crashes, slowly, mirrored)
            finally:
                network.end()
        if options.each:
            table(name, seen)
        both(note, f"stall of {name}", [one["stall"] for one in seen])
        both(note, f"stall of {name} while the machine ran",
             [one["stall"] - one["away"] for one in seen])
        if role == "echo":
            both(note, f"stall of {name} behind the client's timer",
                 [one["stall"] - one["timer"] for one in seen])
            both(note, f"the client's timer of {name}", [one["timer"] for one in seen])
        for before, step in zip((None, *STEPS), STEPS):
            values = [one[step] - one.get(before, 0) for one in seen if step in one]
            if len(values) > 1:
                both(note, f"takeover during {name}, {step}", [v * 1e-3 for v in values])
    options.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
