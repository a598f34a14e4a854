"""What broke Caplance on its control side, as laws that hold here. Held elsewhere:

a membership change moves no other flow, a drain: test_surviving_balancer.py, test_service.py;
a balancer's death takes neither agents nor VIPs: test_surviving_balancer.py;
a host's death is noticed in time: test_surviving_backend.py; health 500: test_service.py;
packets that wedge, reorder, do not fit: test_seed_packets.py.
"""

import os
import socket
import stat
import subprocess

import pytest
from crowd import Crowd
from daemons import VIP4
from network import wait_until
from peer import Peer
from service import Service

GUE_PORT = 6080
QUICK = {"control": {"register_timeout_s": 0.5, "probe_interval_s": 0.1}}


@pytest.fixture
def quick(network, build):
    """Three web servers; who does not prove its data path is given up soon."""
    backends = ("web1", "web2", "web3")
    return Service(network, build, backends=backends).configure(balancer=QUICK).start()


@pytest.mark.parametrize("dies", [False, True])
def test_pausing_and_deregistering_one_knocks_out_no_other(quick, dies):
    crowd = Crowd(quick, downloads=0)
    quick.agents["web1"].ctl("pause")
    crowd.goes_on()
    if dies:
        quick.network.plug("web1", False)
        quick.agents["web1"].kill()
        wait_until(lambda: quick.states().get("web1") == "down", "its death is noticed")
    else:
        quick.agents["web1"].ctl("deregister")
        assert "web1" not in quick.states()
    crowd.forget("web1")
    crowd.ends()
    assert {quick.get() for _ in range(30)} == {"web2", "web3"}


def test_a_failed_probe_evicts_nobody(quick):
    crowd = Crowd(quick, downloads=0)
    for address in ("10.9.0.99", quick.client.v4, "192.0.2.7"):
        peer = Peer(quick.client, quick.network.host("lb")).say(f"REGISTER ghost {address}")
        assert peer.hears() == "INVALID error while trying to read sanity check"
        assert peer.hears() == ""
        assert "ghost" not in quick.states()
    assert quick.is_whole()
    crowd.ends()


def test_no_address_ends_the_balancer_or_reflects(quick):
    ours = (VIP4, "10.9.0.11", "::1", "127.0.0.1", "0.0.0.0")
    for address in (*ours, "255.255.255.255", "224.0.0.1", "1.2.3", "x"):
        peer = Peer(quick.client, quick.network.host("lb")).say(f"REGISTER ghost {address}")
        assert peer.hears().startswith("INVALID "), address
    assert quick.is_whole()
    assert quick.get() in quick.agents


def test_the_balancer_outlives_its_last_descriptor(service):
    lb = service.balancers["lb"]
    in_use = len(os.listdir(f"/proc/{lb.process.pid}/fd"))
    subprocess.run(["prlimit", f"--nofile={in_use + 8}", "--pid", str(lb.process.pid)], check=True)
    peers = [Peer(service.client, lb.host) for _ in range(30)]
    wait_until(lambda: lb.process.poll() is None and service.get(), "it still forwards")
    for peer in peers:
        peer.close()
    wait_until(
        lambda: Peer(service.client, lb.host).say("REGISTER x 1.2.3").hears().startswith("INVALID"),
        "it listens again",
    )
    assert service.is_whole()


def test_a_probe_goes_to_the_newcomer_alone_again_and_again_before_any_traffic(quick):
    host = quick.network.host("web4")
    tunnel = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tunnel.settimeout(10)
    tunnel.bind((host.v4, GUE_PORT))
    peer = Peer(host, quick.network.host("lb")).say(f"REGISTER web4 {host.v4}")
    assert {quick.get() for _ in range(5)} <= {"web1", "web2", "web3"}
    probes = [tunnel.recv(2000) for _ in range(3)]
    assert all(b"SANITY " in probe for probe in probes) and len(set(probes)) == 1
    nonce = probes[0].split(b"SANITY ")[1][:16].decode()
    assert peer.say(f"SANE {nonce}").hears() == f"REGISTERED web4 {host.v4}"
    assert quick.states()["web4"] == "active"


def test_lost_probes_only_delay_a_registration(service):
    lb, host = service.network.host("lb"), service.network.host("web3")
    drop = ("OUTPUT", "-p", "udp", "-d", host.v4, "--dport", GUE_PORT, "-j", "DROP")
    lb.run("iptables", "-I", *drop)
    before = service.balancers["lb"].ask("counters")["probes_sent"]
    started = service.add_backend("web3", settles=False)
    wait_until(
        lambda: service.balancers["lb"].ask("counters")["probes_sent"] >= before + 3, "three probes"
    )
    assert service.states()["web3"] == "registering"
    lb.run("iptables", "-D", *drop)
    service.settle()
    assert started.process.poll() is None


def test_a_paused_backend_s_name_is_not_for_others(quick):
    quick.balancers["lb"].ctl("pause", "--now", "web1")
    peer = Peer(quick.client, quick.network.host("lb")).say(f"REGISTER web1 {quick.client.v4}")
    assert peer.hears().startswith("INVALID ")
    assert quick.states()["web1"] == "paused"


def test_registrations_leave_nothing_behind(quick):
    lb = quick.network.host("lb")
    quick.balancers["lb"].kill()
    quick.balancers["lb"].change(control={"backend_count_max": 4}).start()
    wait_until(quick.is_whole, "they are back")
    host = quick.network.host("web4")
    tunnel = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tunnel.settimeout(10)
    tunnel.bind((host.v4, GUE_PORT))
    for round_ in range(12):
        peer = Peer(host, lb).say(f"REGISTER guest{round_} {host.v4}")
        nonce = tunnel.recv(2000).split(b"SANITY ")[1][:16].decode()
        peer.say(f"SANE {nonce}")
        while not (heard := peer.hears()).startswith("REGISTERED"):
            assert heard.startswith("INVALID bad sanity"), heard  # a probe of the one before
            nonce = tunnel.recv(2000).split(b"SANITY ")[1][:16].decode()
            peer.say(f"SANE {nonce}")
        assert peer.say("DEREGISTER me").hears().startswith("DEREGISTERED")
        assert peer.hears() == ""


def test_lines_without_end_and_nonsense_are_answered_and_bounded(service):
    lb = service.network.host("lb")
    endless = Peer(service.client, lb)
    endless.stream.sendall(b"A" * 100_000)
    assert endless.hears().startswith("INVALID line longer than")
    assert endless.hears() == ""
    babbler = Peer(service.client, lb)
    for line in ("", "HELLO", "SANE x", "PAUSE", "RESUME", "HEALTH", "\0\xff\x80", "REGISTER"):
        assert babbler.say(line).hears().startswith("INVALID "), line
    assert service.is_whole()


def test_without_the_key_nobody_registers_or_learns_a_name(network, build, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("web1:" + "11" * 32 + "\nweb2:" + "22" * 32 + "\n")
    keys.chmod(0o600)
    control = {"plain": False, "psk_file": str(keys)}
    service = Service(network, build).configure(balancer={"control": control})
    for name, agent in service.agents.items():
        agent.change(control={**control, "psk_identity": name})
    service.start()
    peer = Peer(service.client, network.host("lb")).say(f"REGISTER ghost {service.client.v4}")
    heard = peer.stream.recv(1000)
    assert b"INVALID" not in heard and b"web" not in heard and b"lb" not in heard
    thief = service.agents["web1"].change(top={"name": "web2"})
    thief.kill()
    thief.start()
    wait_until(
        lambda: service.balancers["lb"].ask("counters")["streams_names_refused"] > 0, "refused"
    )
    assert service.states()["web2"] == "active"
    assert service.get() == "web2"


def test_poisectl_and_the_daemons_meet_where_they_meet_by_default(service):
    path = "/run/poise/balancer.sock"
    lb = service.balancers["lb"]
    lb.kill()
    lb.change(operator={"socket": path})
    lb.socket = path
    lb.start()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    said = lb.host.run(service.build / "realnet/control/poisectl", "status").stdout
    assert "lb" in said


def test_somebody_else_s_file_is_not_taken_for_a_socket(service):
    lb = service.balancers["lb"]
    lb.kill()
    path = lb.folder / "precious"
    path.write_text("do not remove")
    lb.change(operator={"socket": str(path)})
    process = lb.launch()
    assert process.wait(20) == 1
    assert path.read_text() == "do not remove"
    assert "precious" in lb.log.read_text()
    assert "POISE" not in lb.host.run("iptables-save").stdout
