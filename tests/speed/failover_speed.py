"""Failover TCP on real packets: what replication costs."""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "realnet"))

import private  # noqa: E402
from network import Network, ip, wait_until  # noqa: E402
from pair import Pair  # noqa: E402

SIZE = 100_000_000
ROUND_TRIPS = 2000
KERNEL_PORT = 7777
KERNEL_SERVER = f"""
import socket, sys
listener = socket.create_server(("", {KERNEL_PORT}))
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = connection.recv(64)
    if said == b"file":
        with open(sys.argv[1], "rb") as file:
            connection.sendfile(file)
        said = b""
    while said:
        connection.sendall(said)
        said = connection.recv(64)
    connection.close()
"""


def on_networks(build, act):
    """A fresh network for each act, so that no daemon of another one disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        network = Network(Path(folder))
        try:
            return act(network, build)
        finally:
            network.end()


def cpu_s(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def fetch(connection, request):
    """Bytes, and seconds from the request to the end."""
    start, size, into = time.monotonic(), 0, bytearray(1 << 20)
    connection.sendall(request)
    while got := connection.recv_into(into):
        size += got
    return size, time.monotonic() - start


def round_trip_s(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for _ in range(ROUND_TRIPS):
        start = time.perf_counter()
        connection.sendall(b"ping")
        assert connection.recv(64) == b"ping"
        times.append(time.perf_counter() - start)
    return median(times)


def transfer(pid, connect, request):
    """Goodput in Gbit/s, and the server's processor time, of one download."""
    before = cpu_s(pid)
    size, taken = fetch(connect(), request)
    assert size == SIZE
    return {"gbit": size * 8 / taken / 1e9, "cpu": (cpu_s(pid) - before) / size * 1e9}


def narrow(network):
    """The client's cable carries 1 Gbit/s, so that no processor is what limits a download."""
    client = network.host("client").name
    ip(f"link set {client} gso_max_size 16384")
    command = f"tc qdisc replace dev {client} root tbf rate 1gbit burst 128kb latency 20ms"
    subprocess.run(command.split(), check=True)


def costs(network, build, repetitions, alone, limited=False, **sections):
    """Of failover TCP with its standby, or alone: downloads, and the time of an echo."""
    tcp = {"tcp": "alone"} if alone else {}
    if limited:
        narrow(network)
    found = {"downloads": [], "bytes": []}
    for role in ("files", "echo"):
        pair = Pair(network, build, role, **sections)
        if alone:
            server = pair.replicas[0].change(tcp)
            server.start()
        else:
            server = pair.start().active
        if role == "files":
            (pair.files / "file").write_bytes(os.urandom(SIZE))
            apart = 0
            while len(found["downloads"]) < repetitions:
                said = server.ask("counters")["stream_bytes"]
                download = transfer(server.process.pid, pair.connect, b"GET file\n")
                said = (server.ask("counters")["stream_bytes"] - said) / SIZE
                if not alone and said < 0.5:
                    # It served alone, or the other did: that is not what is measured.
                    apart += 1
                    if apart > 5:
                        raise SystemExit("failover_speed.py: the pair does not stay together")
                    for replica in pair.replicas:
                        if replica.process:
                            replica.kill()
                    server = pair.start().active
                    continue
                found["downloads"].append(download)
                found["bytes"].append(said)
        else:
            found["round_trip"], found["replicas"] = [], []
            for _ in range(repetitions):
                found["round_trip"].append(round_trip_s(pair.connect()))
                found["replicas"].append(server.ask("counters")["replica_round_trip_ns"])
        for replica in pair.replicas:
            if replica.process:
                replica.kill()
    return found


def leaving(network, build, way):
    """Alone, by another way out of the daemon."""
    return costs(network, build, 3, True, packets={"leave": way})


def kernel(network, build, repetitions):
    """The kernel's TCP between the same hosts, and between the two servers."""
    client, left = (network.host(name) for name in ("client", "left"))
    file = network.folder / "file"
    file.write_bytes(os.urandom(SIZE))
    server = left.popen(sys.executable, "-c", KERNEL_SERVER, file)

    def connect(host):
        def attempt():
            made = host.socket(socket.AF_INET)
            with host.inside():
                try:
                    made.connect((left.v4, KERNEL_PORT))
                    return made
                except ConnectionRefusedError:
                    return made.close()

        return wait_until(attempt, "the kernel's server listens")

    return {
        "downloads": [
            transfer(server.pid, lambda: connect(client), b"file") for _ in range(repetitions)
        ],
        "round_trip": [round_trip_s(connect(client)) for _ in range(repetitions)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    private.enter(__file__)
    private.prepare()
    build, found = options.build.resolve(), {}

    def note(name, **samples):
        found[f"failover: {name}"] = samples

    ways = {
        "kernel": on_networks(build, lambda n, b: kernel(n, b, options.repetitions)),
        "alone": on_networks(build, lambda n, b: costs(n, b, options.repetitions, True)),
        "alone, one by one": on_networks(build, lambda n, b: leaving(n, b, "device")),
        "alone, raw": on_networks(build, lambda n, b: leaving(n, b, "raw")),
        "replicated": on_networks(build, lambda n, b: costs(n, b, options.repetitions, False)),
        "alone, 1 Gbit/s": on_networks(build, lambda n, b: costs(n, b, 3, True, True)),
        "replicated, 1 Gbit/s": on_networks(build, lambda n, b: costs(n, b, 3, False, True)),
    }
    for name, way in ways.items():
        note(
            f"download, {name}",
            gbit=[one["gbit"] for one in way["downloads"]],
            cpu=[one["cpu"] for one in way["downloads"]],
        )
        note(f"round trip, {name}", turn=[at * 1e9 for at in way["round_trip"]])
    note("stream", ratio=ways["replicated"]["bytes"])
    note("between replicas", turn=ways["replicated"]["replicas"])
    added = median(ways["replicated"]["round_trip"]) - median(ways["alone"]["round_trip"])
    note("added round trip", turn=[added * 1e9])
    options.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
