"""Daemons that take packets by AF_XDP keep the laws of those that have them queued."""

import json
import os
from pathlib import Path

import pytest
from crowd import Crowd
from daemons import VIP4, VIP6, vip_tables
from network import wait_until
from service import Service
from test_stock_tools import TUNNELS, check_iperf3

XDP = {"packets": {"from": "xdp"}}


def fast_service(network, build, **settings):
    """Both roles by AF_XDP, one backend."""
    settings = {**XDP, **settings}
    return Service(network, build, backends=("web1",)).configure(settings, settings)


def has_program(host):
    """Whether the host's device has an XDP program."""
    (device,) = json.loads(host.run("ip", "-j", "link", "show", "eth0").stdout)
    return "xdp" in device


def taken(daemon):
    return daemon.ask("counters")["xdp_received"]


@pytest.mark.parametrize("outer", ["v4", "v6"])
@pytest.mark.parametrize("tunnel", TUNNELS)
def test_every_tunnel_carries_both_families(network, build, tunnel, outer):
    service = fast_service(network, build, service={"encapsulation": tunnel})
    lb, agent = service.balancers["lb"], service.agents["web1"]
    if outer == "v6":
        lb.change(top={"address": lb.host.v6})
        agent.change(top={"address": agent.host.v6, "balancers": [lb.host.v6]})
    service.start()
    for vip in (VIP4, VIP6):
        before = taken(lb), taken(agent)
        assert len(service.get("10000000", vip)) == 10_000_000
        assert taken(lb) > before[0] and taken(agent) > before[1]
    assert lb.ask("counters")["xdp_sent"] > 0


@pytest.mark.parametrize("vip", [VIP4, VIP6])
def test_uploads_and_datagrams_go_through_whole(network, build, vip):
    vips = vip_tables(0, ("tcp", "udp"))
    service = fast_service(network, build, vips=vips, log={"level": "info"}).start()
    web1 = network.host("web1")
    wait_until(lambda: vip in web1.run("ip", "addr").stdout, "the VIP")
    web1.popen("iperf3", "-s", "-p", "5201", "-B", vip)
    wait_until(lambda: "5201" in web1.run("ss", "-ltn").stdout, "iperf3 listens")
    ways = [[], ["-u", "-b", "20M", "-l", "1200"]]
    if vip == VIP4:  # in fragments, which are queued; IPv6's sender is told a smaller MTU instead
        ways.append(["-u", "-b", "5M", "-l", "4000"])
    for way in ways:
        check_iperf3(service, vip, way, packets=100, lost_percent=5)


INWARD = {"packets": {"from": "xdp", "emit": "tun"}}


def inward_service(network, build, **settings):
    """By AF_XDP, and into the backend's stack by a device of the agent's own."""
    service = fast_service(network, build, **settings)
    return service.configure(agent={**settings, **INWARD})


def devices(host):
    return [d["ifname"] for d in json.loads(host.run("ip", "-j", "link", "show").stdout)]


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_what_comes_by_the_agents_device_is_whole(network, build, tunnel):
    service = inward_service(network, build, service={"encapsulation": tunnel})
    agent = service.agents["web1"]
    agent.host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")  # a strict host
    service.start()
    for vip in (VIP4, VIP6):
        assert len(service.get("10000000", vip)) == 10_000_000
    counters = agent.ask("counters")
    assert counters["tun_injected"] == counters["forwarded"] > 100
    assert counters["tun_refused"] == 0


def test_the_agents_device_goes_with_it(network, build):
    service = inward_service(network, build).start()
    agent = service.agents["web1"]
    assert "poise-in0" in devices(agent.host)
    agent.kill()
    wait_until(lambda: "poise-in0" not in devices(agent.host), "the device is gone")
    agent.start()
    service.settle()
    assert service.get() == "web1"
    assert agent.stop() == 0
    assert "poise-in0" not in devices(agent.host)


def test_patient_threads_serve_as_well(network, build):
    service = fast_service(network, build, packets={"from": "xdp", "turns": "patient"}).start()
    assert service.get() == "web1"


def test_only_the_thread_of_the_queue_gives_up_the_daemons_priority(network, build):
    packets = {"from": "xdp", "nice": 3}
    balancer = fast_service(network, build, packets=packets).start().balancers["lb"]
    threads = Path(f"/proc/{balancer.process.pid}/task").glob("*")
    nice = sorted(os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads)
    *others, queue = nice
    assert queue == 3
    assert set(others) == {os.getpriority(os.PRIO_PROCESS, balancer.process.pid)} != {3}


def test_a_kill_breaks_no_flow_and_leaves_nothing_on_the_device(network, build):
    service = fast_service(network, build).start()
    crowd = Crowd(service)
    dead = [service.balancers["lb"], service.agents["web1"]]
    for daemon in dead:
        assert has_program(daemon.host)
        daemon.kill()
        wait_until(lambda d=daemon: not has_program(d.host), "the program is gone")
    for daemon in dead:
        daemon.start()
    service.settle()
    crowd.ends()
    assert all(taken(daemon) > 0 for daemon in dead)
    for daemon in reversed(dead):
        assert daemon.stop() == 0
        assert not has_program(daemon.host)


def test_a_device_that_somebody_else_has_is_a_clear_error(network, build):
    service = fast_service(network, build).start()
    lb = service.balancers["lb"]
    second = fast_service(network, build).balancers["lb"]
    second.folder = lb.folder / "second"
    second.folder.mkdir()
    second.log = second.folder / "log"
    second.change(
        {"name": "lb2"},
        control={"listen": f"{lb.host.v4}:2338"},
        packets={"first_queue": 300},
        state={"folder": str(second.folder)},
        operator={"socket": str(second.folder / "ctl.sock")},
    )
    assert second.launch().wait(20) != 0
    assert "AF_XDP on eth0, queue 0: bind: Device or resource busy" in second.log.read_text()
    assert service.get() == "web1"
