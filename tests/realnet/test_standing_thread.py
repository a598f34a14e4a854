"""A thread that takes packets and stands still: the daemon's health says so, and nothing else does.

ptrace stops one thread of a process, which no signal can.
"""

import contextlib
import ctypes
import os
import socket
import threading
import time

from daemons import balancer
from network import wait_until

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


def ptrace(request, thread):
    if LIBC.ptrace(request, ctypes.c_long(thread), None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


@contextlib.contextmanager
def standing(threads):
    """They stand still, and turn again afterwards."""
    for thread in threads:
        ptrace(PTRACE_SEIZE, thread)
        ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)  # until it has stopped
    try:
        yield
    finally:
        for thread in threads:
            ptrace(PTRACE_DETACH, thread)


class Watchdog:
    """A service manager's, of 0.2 s; it hears everything, as a full socket blocks."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.lives = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while word := self.socket.recv(4096):
            self.lives += word == b"WATCHDOG=1"

    def await_life(self):
        before = self.lives
        wait_until(lambda: self.lives > before, "a sign of life")


def test_a_daemon_with_a_thread_that_stands_still_is_unwell(network, build, monkeypatch):
    path = str(network.folder / "notify")
    watchdog = Watchdog(path)
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    lb = balancer(build, network.host("lb"), metrics={"listen": "127.0.0.1:9338"}).start()

    def health():
        url = "http://127.0.0.1:9338/healthz"
        return lb.host.run("curl", "-s", "-w", " %{http_code}", url).stdout

    watchdog.await_life()
    assert health() == "ok\n 200"
    process = lb.process.pid
    others = [int(thread) for thread in os.listdir(f"/proc/{process}/task")]
    others.remove(process)  # the event loop's
    with standing(others):
        wait_until(lambda: health().endswith(" 503"), "it is unwell")
        assert health().startswith("the thread of queue 0 has stood still for ")
        wait_until(lambda: lb.said("unwell"), "its log says so")
        before = watchdog.lives
        time.sleep(1)  # five times what the watchdog allows
        assert watchdog.lives == before
    watchdog.await_life()
    assert health() == "ok\n 200"
    assert lb.stop() == 0
