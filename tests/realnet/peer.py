"""Somebody who speaks the control protocol by hand."""

import socket

CONTROL_PORT = 1338


class Peer:
    """A plain control stream from a host to a balancer."""

    def __init__(self, host, balancer, timeout_s=10):
        self.stream = host.socket()
        self.stream.settimeout(timeout_s)
        self.stream.connect((balancer.v4, CONTROL_PORT))
        self.lines = self.stream.makefile("r", encoding="ascii", errors="replace")

    def say(self, line):
        self.stream.sendall(line.encode() + b"\n")
        return self

    def hears(self):
        """The next line; "" when the balancer hung up."""
        try:
            return self.lines.readline().rstrip("\n")
        except ConnectionResetError:
            return ""

    def close(self):
        self.lines.close()
        self.stream.close()
