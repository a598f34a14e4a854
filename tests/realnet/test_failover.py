"""A connection outlives its server: kill -9 in the middle of it, and not a byte differs."""

import os
import signal
import time

import pytest
from network import wait_until
from pair import PORT, VIP4, VIP6, Download, Ear, Echoed, Pair, is_refusal

SIZE = 40_000_000


@pytest.fixture(scope="module")
def random_bytes():
    return os.urandom(SIZE)


def cut(transfer, pair, how=signal.SIGKILL, count=SIZE // 2):
    """Half way, the active dies; gives it back."""
    transfer.await_bytes(count)
    active = pair.active
    os.kill(active.process.pid, how)
    return active


@pytest.mark.parametrize("family", [4, 6])
def test_an_echo_outlives_the_server(network, build, random_bytes, family):
    pair = Pair(network, build).start()
    transfer = Echoed(pair.connect(family), random_bytes)
    cut(transfer, pair)
    assert transfer.end() == random_bytes


@pytest.mark.parametrize("family", [4, 6])
def test_a_download_outlives_the_server(network, build, random_bytes, family):
    pair = Pair(network, build, "files").start()
    (pair.files / "random").write_bytes(random_bytes)
    transfer = Download(pair.connect(family), "random")
    cut(transfer, pair)
    assert transfer.end() == random_bytes


def test_netcat_notices_nothing(network, build, random_bytes, tmp_path):
    pair = Pair(network, build).start()
    sent, received = tmp_path / "random.test", tmp_path / "random.received"
    sent.write_bytes(random_bytes * 3)
    with open(sent, "rb") as source, open(received, "wb") as sink:
        nc = pair.client.popen("nc", "-N", VIP4, PORT, stdin=source, stdout=sink)
        wait_until(lambda: received.stat().st_size > SIZE, "a third of the file")
        os.kill(pair.active.process.pid, signal.SIGKILL)
        assert nc.wait(60) == 0
    assert received.read_bytes() == sent.read_bytes()


def test_a_witness_gives_the_epoch_to_the_standby(network, build, random_bytes):
    pair = Pair(network, build, witness=True).start()
    transfer = Echoed(pair.connect(), random_bytes)
    cut(transfer, pair)
    assert transfer.end() == random_bytes
    assert pair.witness.ask("status")["epoch"] == pair.status(pair.active)["epoch"]


def test_a_replica_that_comes_back_protects_and_takes_over_in_its_turn(
    network, build, random_bytes
):
    pair = Pair(network, build, witness=True).start()
    transfer = Echoed(pair.connect(), random_bytes * 3)
    first = cut(transfer, pair, count=SIZE // 2)
    pair.again(first)
    pair.await_protection()
    transfer.await_bytes(len(transfer.heard) + SIZE // 4)
    assert transfer.is_alive()
    second = pair.active
    assert second is pair.other(first)
    os.kill(second.process.pid, signal.SIGKILL)
    assert transfer.end() == random_bytes * 3


def test_a_frozen_server_that_wakes_says_nothing(network, build, random_bytes):
    pair = Pair(network, build, witness=True).start()
    transfer = Echoed(pair.connect(), random_bytes)
    frozen = cut(transfer, pair, signal.SIGSTOP)
    other = pair.other(frozen)
    wait_until(lambda: pair.status(other)["tcp"] == "active", "the standby takes over")
    ear = Ear(frozen.host)
    time.sleep(0.1)  # what it is given to say meanwhile
    ear.said()
    os.kill(frozen.process.pid, signal.SIGCONT)
    wait_until(lambda: pair.status(frozen)["tcp"] == "standby", "it learns that it is fenced")
    assert transfer.end() == random_bytes
    assert ear.said() == []
    pair.await_protection()


def test_an_operator_moves_connections_without_a_pause(network, build, random_bytes):
    pair = Pair(network, build, witness=True).start()
    transfer = Echoed(pair.connect(), random_bytes * 2)
    transfer.await_bytes(SIZE // 2)
    before = pair.active
    before.ctl("migrate")
    wait_until(lambda: pair.active is pair.other(before), "the other one serves")
    assert transfer.end() == random_bytes * 2


def test_who_is_told_to_stop_hands_over_first(network, build, random_bytes):
    pair = Pair(network, build).start()
    transfer = Echoed(pair.connect(), random_bytes)
    stopped = cut(transfer, pair, signal.SIGTERM)
    assert stopped.process.wait(10) == 0
    assert transfer.end() == random_bytes


def test_a_standby_that_dies_costs_nothing_but_protection(network, build, random_bytes):
    pair = Pair(network, build, witness=True).start()
    transfer = Echoed(pair.connect(), random_bytes)
    transfer.await_bytes(SIZE // 2)
    active = pair.active
    os.kill(pair.other(active).process.pid, signal.SIGKILL)
    assert transfer.end() == random_bytes
    assert not pair.status(active)["protected"]


@pytest.mark.parametrize("family", [4, 6])
def test_nobody_answers_for_the_vip_of_dead_servers(network, build, family):
    """No reset and no ICMP error: a client waits (rule R12)."""
    pair = Pair(network, build).start()
    with pair.connect(family) as open_one:
        ears = [Ear(replica.host) for replica in pair.replicas]
        for replica in pair.replicas:
            os.kill(replica.process.pid, signal.SIGKILL)
            replica.process.wait()
        for ear in ears:
            ear.said()
        open_one.settimeout(1)
        open_one.send(b"anybody?")
        with pytest.raises(TimeoutError):
            open_one.recv(1)
    # What was said alive may have waited in the kernel for a neighbour's address.
    assert [frame for ear in ears for frame in ear.said() if is_refusal(frame)] == []


def test_what_a_killed_server_left_is_put_back(network, build):
    pair = Pair(network, build).start()
    replica = pair.active

    def state():
        host = replica.host
        routes = host.run("ip", "route").stdout + host.run("ip", "-6", "route").stdout
        return routes, host.run("sysctl", "net.ipv4.conf.eth0.forwarding").stdout

    os.kill(replica.process.pid, signal.SIGKILL)
    replica.process.wait()
    assert f"blackhole {VIP4}" in state()[0] and f"blackhole {VIP6}" in state()[0]
    poised = build / "realnet/daemon/poised"
    replica.host.run(poised, "echo", "--config", replica.file, "--clean")
    routes, forwarding = state()
    assert "blackhole" not in routes
    assert forwarding.strip().endswith("= 0")
