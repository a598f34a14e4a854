"""A client and two hosts that are one server: replicas of failover TCP, and their witness."""

import contextlib
import secrets
import select
import socket
import threading
import time

from daemons import Daemon
from network import wait_until

VIP4, VIP6, PORT = "10.9.0.200", "fd09::c8", 9999
CHUNK = 1 << 16


class Pair:
    """Replicas of a role (echo or files), over TLS with a key of both."""

    def __init__(self, network, build, role="echo", witness=False, **sections):
        self.network, self.build, self.role = network, build, role
        self.client = network.host("client")
        self.hosts = [network.host(name) for name in ("left", "right")]
        folder = network.folder
        key, secret = folder / "control.psk", folder / "secret"
        for file, size in ((key, 32), (secret, 16)):
            file.write_text(secrets.token_hex(size) + "\n")
            file.chmod(0o600)
        control = {"psk_identity": "poise", "psk_file": str(key)}
        replication = {"replicas": [host.v4 for host in self.hosts], "secret_file": str(secret)}
        self.witness = None
        if witness:
            host = network.host("witness")
            top = {"name": "witness", "listen": host.v4}
            self.witness = Daemon(build, host, "witness", top, {"control": control})
            replication["witness"] = host.v4
        top = {"name": role}
        if role == "files":
            self.files = folder / "files"
            self.files.mkdir()
            top["folder"] = str(self.files)
        self.top, self.sections = top, {
            "vip": {"listen": [f"{VIP4}:{PORT}", f"[{VIP6}]:{PORT}"]},
            "control": control,
            "replication": replication,
            **sections,
        }
        for name, keys in sections.items():
            if name == "replication":
                self.sections[name] = {**replication, **keys}
        self.replicas = [self.replica(host, i == 1) for i, host in enumerate(self.hosts)]

    def replica(self, host, standby):
        return Daemon(
            self.build, host, self.role, {**self.top, "standby": standby}, dict(self.sections)
        )

    def start(self):
        if self.witness:
            self.witness.start()
        for replica in self.replicas:
            replica.start()
        return self.await_protection()

    def status(self, replica):
        return replica.ask("status")

    @property
    def active(self):
        """The replica that serves; None: there is none, or it cannot be told."""
        for replica in self.replicas:
            if replica.process.poll() is not None:
                continue
            done = replica.ctl("--json", "status", check=False)
            if done.returncode == 0 and '"tcp":"active"' in done.stdout:
                return replica
        return None

    def await_protection(self):
        wait_until(
            lambda: self.active and self.status(self.active)["protected"], "a standby is ready"
        )
        return self

    def other(self, replica):
        return self.replicas[1 - self.replicas.index(replica)]

    def again(self, replica):
        """A dead replica comes back, as the standby."""
        replica.process.wait()
        replica.change({"standby": True})
        replica.start()

    def connect(self, family=4, patience_s=30):
        made = self.client.socket(socket.AF_INET if family == 4 else socket.AF_INET6)
        made.settimeout(patience_s)
        with self.client.inside():
            made.connect((VIP4 if family == 4 else VIP6, PORT))
        return made


class Echoed(threading.Thread):
    """Sends bytes to an echo server and hears them back, on a thread of its own."""

    def __init__(self, connection, sent):
        super().__init__(daemon=True)
        self.connection, self.sent, self.heard, self.trouble = connection, sent, bytearray(), None
        self.stalled_at = None
        self.start()

    def run(self):
        try:
            self.exchange()
        except OSError as error:
            self.trouble = error

    def exchange(self):
        self.connection.setblocking(False)
        at, last, view = 0, time.monotonic(), memoryview(self.sent)
        while True:
            wants = [self.connection] if at < len(self.sent) else []
            readable, writable, _ = select.select([self.connection], wants, [], 30)
            if not readable and not writable:
                raise TimeoutError("nothing moved for 30 s")
            if writable:
                at += self.connection.send(view[at : at + CHUNK])
                if at == len(self.sent):
                    self.connection.shutdown(socket.SHUT_WR)
            if readable:
                more = self.connection.recv(1 << 20)
                now = time.monotonic()
                if now - last > self.stall_s:
                    self.stalled_at = last, now
                last = now
                if not more:
                    return
                self.heard += more

    @property
    def stall_s(self):
        """The longest time in which nothing came; stalled_at: when."""
        return self.stalled_at[1] - self.stalled_at[0] if self.stalled_at else 0.0

    def await_bytes(self, count):
        wait_until(lambda: len(self.heard) >= count or not self.is_alive(), f"{count} bytes", 30)

    def end(self):
        self.join(60)
        assert not self.is_alive(), f"{len(self.heard)} of {len(self.sent)} bytes came back"
        if self.trouble:
            raise self.trouble
        return bytes(self.heard)


class Download(threading.Thread):
    """Fetches a file, on a thread of its own; `slowly`: no faster than so many bytes a second."""

    def __init__(self, connection, name):
        super().__init__(daemon=True)
        self.connection, self.name = connection, name
        self.heard, self.trouble, self.arrivals = bytearray(), None, []
        self.start()

    def run(self):
        try:
            self.connection.sendall(f"GET {self.name}\n".encode())
            while more := self.connection.recv(1 << 20):
                self.arrivals.append(time.monotonic())
                self.heard += more
        except OSError as error:
            self.trouble = error

    await_bytes = Echoed.await_bytes

    stall_s = Echoed.stall_s

    @property
    def stalled_at(self):
        return max(zip(self.arrivals, self.arrivals[1:]), key=lambda s: s[1] - s[0], default=None)

    def end(self):
        self.join(60)
        assert not self.is_alive(), f"{len(self.heard)} bytes came"
        if self.trouble:
            raise self.trouble
        return bytes(self.heard)


class Ear:
    """Hears the IP datagrams that a host sends from the VIP, and every refusal that it sends."""

    def __init__(self, host):
        self.socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        with host.inside():
            self.socket.bind(("eth0", 3))
        self.socket.setblocking(False)

    def said(self):
        """Those since the last call."""
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, (_, kind, way, _, _) = self.socket.recvfrom(65536)
                is_ip = kind in (0x0800, 0x86DD) and way == socket.PACKET_OUTGOING
                if is_ip and (is_from_vip(kind, frame) or is_refusal(frame)):
                    heard.append(frame)
        return heard


def is_from_vip(kind, frame):
    if kind == 0x0800:
        return frame[12:16] == socket.inet_aton(VIP4)
    return kind == 0x86DD and frame[8:24] == socket.inet_pton(socket.AF_INET6, VIP6)


def is_refusal(frame):
    """Whether it is a reset, or an ICMP error."""
    v4 = frame[0] >> 4 == 4
    protocol, header = (frame[9], (frame[0] & 15) * 4) if v4 else (frame[6], 40)
    if protocol == socket.IPPROTO_TCP:
        return bool(frame[header + 13] & 4)
    if v4:
        return protocol == socket.IPPROTO_ICMP and frame[header] in (3, 11, 12)
    return protocol == socket.IPPROTO_ICMPV6 and frame[header] < 128
