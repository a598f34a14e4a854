"""Datagrams: reading, describing, building and tunnelling them, as the machines do it."""
from poise._poise import (
    Datagram,
    build_tcp,
    build_udp,
    decapsulate,
    describe,
    encapsulate,
    parse,
)

__all__ = [
    "Datagram",
    "build_tcp",
    "build_udp",
    "decapsulate",
    "describe",
    "encapsulate",
    "parse",
]
