"""Hosts in network namespaces on one switch, and processes on them."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

PATIENCE_S = 10.0
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*arguments):
    """Runs `ip`; its words are one string."""
    subprocess.run(["ip", *" ".join(arguments).split()], check=True, capture_output=True, text=True)


def wait_until(question, what, patience_s=PATIENCE_S):
    """Asks until the answer is true, and gives it; fails with `what` after patience_s."""
    end = time.monotonic() + patience_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience_s} s")
        time.sleep(0.01)


def set_namespace(file):
    if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    """A namespace with one device, eth0, on the switch: 10.9.0.N/24 and fd09::N/64."""

    def __init__(self, network, name, number, queues):
        self.network, self.name, self.number = network, name, number
        self.v4, self.v6 = f"10.9.0.{number}", f"fd09::{number:x}"
        self.processes = []
        ip("netns add", name)
        each = f"numrxqueues {queues} numtxqueues {queues}"
        ip(f"link add {name} {each} type veth peer name eth0 netns {name} {each}")
        ip(f"link set {name} master switch up")
        for command in (
            "link set lo up",
            "link set eth0 up",
            f"addr add {self.v4}/24 dev eth0",
            f"addr add {self.v6}/64 dev eth0 nodad",
        ):
            ip(f"-n {name} {command}")

    def add_address(self, v4, v6):
        """One more of each family, if it has them not."""
        ip(f"-n {self.name} addr replace {v4} dev eth0")
        ip(f"-n {self.name} addr replace {v6} dev eth0 nodad")

    @contextlib.contextmanager
    def inside(self):
        """This thread is on this host; sockets that it makes stay there."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            set_namespace(there)
            try:
                yield
            finally:
                set_namespace(home)

    def socket(self, *arguments):
        """A socket of this host."""
        with self.inside():
            return socket.socket(*arguments)

    def popen(self, *command, **options):
        """Starts a process on this host; it ends with the host."""
        options = {"stdin": subprocess.DEVNULL, **options}
        command = ["ip", "netns", "exec", self.name, *map(str, command)]
        process = subprocess.Popen(command, **options)  # ip execs the command: one process
        self.processes.append(process)
        return process

    def run(self, *command, check=True, timeout=60, **options):
        """Runs a command to its end; gives what it printed."""
        command = ["ip", "netns", "exec", self.name, *map(str, command)]
        return subprocess.run(
            command, check=check, timeout=timeout, capture_output=True, text=True, **options
        )

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            process.wait()
        ip("link del", self.name)
        ip("netns del", self.name)


class Network:
    """A switch (a bridge) and the hosts on it."""

    def __init__(self, folder, queues=1):
        """`queues`: of every device, in each direction."""
        self.folder, self.queues = Path(folder), queues
        self.hosts = {}
        ip("link add switch type bridge")
        ip("link set switch up")

    def host(self, name):
        if name not in self.hosts:
            self.hosts[name] = Host(self, name, 10 + len(self.hosts), self.queues)
        return self.hosts[name]

    def plug(self, name, is_in):
        """Puts a host's cable in, or pulls it out."""
        ip(f"link set {name} {'up' if is_in else 'down'}")

    def end(self):
        for host in self.hosts.values():
            host.end()
        ip("link del switch")
