"""Failover TCP with every kind of Linux client: windows, timestamps, SACK and ECN on and off."""

import itertools
import os
import signal

import pytest
from pair import Echoed, Pair

OPTIONS = ("tcp_window_scaling", "tcp_timestamps", "tcp_sack", "tcp_ecn")
SIZE = 3_000_000


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    from network import Network

    made = Network(tmp_path_factory.mktemp("peers"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def pair(network, build):
    return Pair(network, build, connection={"ecn": True}).start()


@pytest.mark.parametrize("values", list(itertools.product((0, 1), repeat=4)), ids=str)
def test_a_client_with_these_options_outlives_the_server(pair, values):
    words = [f"net.ipv4.{option}={value}" for option, value in zip(OPTIONS, values)]
    pair.client.run("sysctl", "-qw", *words)
    sent = os.urandom(SIZE)
    transfer = Echoed(pair.connect(), sent)
    transfer.await_bytes(SIZE // 3)
    died = pair.active
    os.kill(died.process.pid, signal.SIGKILL)
    assert transfer.end() == sent
    pair.again(died)
    pair.await_protection()
