"""Clients that notice everything: connections that must outlive what a test does to a service."""

import http.client
import itertools
import socket
from concurrent.futures import ThreadPoolExecutor

import daemons

DOWNLOAD_SIZE = 10_000_000


class Connection(http.client.HTTPConnection):
    """A kept-alive HTTP connection from a host; it never opens itself anew."""

    auto_open = 0

    def __init__(self, host, vip=daemons.VIP4, timeout_s=15, source=""):
        super().__init__(vip, 80, timeout_s)
        self.sock = host.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET)
        self.sock.settimeout(timeout_s)
        self.sock.bind((source, 0))
        self.sock.connect((vip, 80))
        self.port = self.sock.getsockname()[1]

    def ask(self, path=""):
        """What the server says of it, as text."""
        self.request("GET", "/" + path)
        return self.getresponse().read().decode()


def download(host, place):
    """Takes two seconds and a half; whole, or an exception."""
    vip, source = place
    connection = Connection(host, vip, source=source)
    text = connection.ask(f"slow/{DOWNLOAD_SIZE}")
    connection.close()
    assert len(text) == DOWNLOAD_SIZE
    return connection.port


class Crowd:
    """Kept-alive connections, each with the backend that it reached, and downloads under way.

    They come from several addresses: the kernel spreads addresses, not ports, over queues.
    """

    SOURCES = 4

    def __init__(self, service, connections=24, downloads=4):
        self.client = service.client
        self.place = itertools.cycle(
            place
            for n in range(self.SOURCES)
            for place in ((daemons.VIP4, f"10.9.0.{100 + n}"), (daemons.VIP6, f"fd09::{100 + n}"))
        )
        self.give_addresses()
        self.backends = {}
        for _ in range(connections):
            vip, source = next(self.place)
            connection = Connection(self.client, vip, source=source)
            self.backends[connection] = connection.ask()
        self.pool = ThreadPoolExecutor(downloads or 1)
        self.downloads = [
            self.pool.submit(download, self.client, next(self.place)) for _ in range(downloads)
        ]

    def give_addresses(self):
        for n in range(self.SOURCES):
            self.client.add_address(f"10.9.0.{100 + n}/24", f"fd09::{100 + n}/64")

    def goes_on(self):
        """Every kept-alive connection speaks again, and hears its backend."""
        for connection, backend in self.backends.items():
            try:
                assert connection.ask() == backend
            except OSError as error:
                address = connection.sock and connection.sock.getsockname()
                raise AssertionError(f"{address}'s flow to {backend} broke") from error

    def ends(self):
        """So does every download, to its end."""
        self.goes_on()
        for running in self.downloads:
            running.result(60)
        self.pool.shutdown()
        for connection in self.backends:
            connection.close()

    def forget(self, backend):
        """Its connections may break from now on."""
        self.backends = {c: b for c, b in self.backends.items() if b != backend}

    def on(self, backend):
        """How many kept-alive connections it has."""
        return list(self.backends.values()).count(backend)
