"""SIGTERM and `stop`: what is said, in which order, and what is left."""

import re
import signal
import time

import daemons
import pytest
from crowd import Connection, Crowd
from daemons import VIP4
from network import wait_until
from service import Service


def test_an_agent_leaves_before_its_vip_does(service):
    agent, lb = service.agents["web1"], service.balancers["lb"]
    assert agent.stop() == 0
    assert service.states() == {"web2": "active"}
    assert lb.said("deregistered", "name=web1")
    words = [line.split()[2] for line in agent.log.read_text().splitlines() if line]
    last = [word for word in words if word in ("paused", "deregistered", "detach", "stopped")]
    assert last == ["paused", "deregistered", "detach", "stopped"]
    assert VIP4 not in agent.host.run("ip", "addr").stdout
    assert {service.get() for _ in range(20)} == {"web2"}


def test_an_agent_s_flows_have_the_time_that_was_said(network, build):
    service = Service(network, build).configure(agent={"top": {"stop_drain_s": 5.0}}).start()
    crowd = Crowd(service, downloads=0)
    agent = service.agents["web1"]
    agent.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    wait_until(lambda: service.states()["web1"] == "draining", "it drains")
    assert {service.get() for _ in range(8)} == {"web2"}
    crowd.goes_on()
    assert agent.process.wait(10) == 0
    assert 4.9 < time.monotonic() - started < 7
    assert "web1" not in service.states()


def test_an_operator_hears_how_long_a_stop_takes_at_most(network, build):
    service = Service(network, build).configure(agent={"top": {"stop_drain_s": 0.5}}).start()
    agent = service.agents["web1"]
    started = time.monotonic()
    assert agent.ctl("stop").stdout == "it stops in 2 s at the latest.\n"  # its drain, and 1 s
    assert agent.process.wait(10) == 0
    assert 0.5 < time.monotonic() - started < 2.5


def test_a_second_sigterm_does_not_wait(network, build):
    service = Service(network, build)
    service.configure(
        balancer={"top": {"stop_drain_s": 60.0}}, agent={"top": {"stop_drain_s": 60.0}}
    ).start()
    for daemon in (service.agents["web1"], service.balancers["lb"]):
        connection = Connection(service.client)
        connection.ask()
        daemon.process.send_signal(signal.SIGTERM)
        wait_until(lambda d=daemon: d.ask("status")["state"] == "stopping", "it stops")
        assert connection.ask()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(5) == 0
        assert VIP4 not in daemon.host.run("ip", "addr").stdout
        assert "POISE" not in daemon.host.run("iptables-save").stdout


def test_a_balancer_waits_for_its_last_flow(network, build):
    service = Service(network, build)
    service.configure(
        balancer={"top": {"stop_drain_s": 30.0}, "policy": {"closing_timeout_s": 0.1}}
    ).start()
    connection = Connection(service.client)
    connection.ask()
    lb = service.balancers["lb"]
    lb.process.send_signal(signal.SIGTERM)
    wait_until(lambda: lb.ask("status")["state"] == "stopping", "it stops")
    assert connection.ask()
    connection.close()
    assert lb.process.wait(10) == 0


def test_a_balancer_that_is_restarted_in_good_order_breaks_no_flow(service):
    crowd = Crowd(service)
    assert service.balancers["lb"].stop() == 0
    service.balancers["lb"].start()
    service.settle()
    crowd.ends()


def test_another_balancer_takes_the_vip_over(network, build):
    service = Service(network, build, balancers=("lb", "lb2"))
    standby = service.balancers["lb2"]
    standby.change(top={"attach": False})
    service.start()
    crowd = Crowd(service, downloads=2)
    network.plug("lb", False)
    standby.kill()
    standby.change(top={"attach": True})
    standby.start()
    crowd.ends()
    assert {service.get() for _ in range(40)} == {"web1", "web2"}


SWITCHES = "sysctl -a --pattern 'forwarding|rp_filter|accept_local|arp_' 2>/dev/null"


def state_of(host):
    """What a daemon may change there; the tables of rules stay, empty."""
    rules = re.findall("(?m)^-A.*|^.*POISE.*", host.run("iptables-save").stdout)
    switches = host.run("sh", "-c", SWITCHES).stdout
    return [*rules, *host.run("ip", "-brief", "addr").stdout.split("\n"), *switches.split("\n")]


def await_changes(daemon, count):
    """Until its journal has so many, or all, of its changes."""
    journal = daemon.folder / f"{daemon.host.name}.host.json"
    end = time.monotonic() + 10
    while time.monotonic() < end and not daemon.said("ready"):
        if journal.exists() and journal.read_text().count('"kind"') >= count:
            return


@pytest.mark.parametrize("role", ["balancer", "agent"])
@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_is_broken_off_leaves_nothing(network, build, role, word):
    lb, host = network.host("lb"), network.host("web1")
    daemon = daemons.balancer(build, lb) if role == "balancer" else daemons.agent(build, host, [lb])
    before = state_of(daemon.host)
    for changes in range(1, 7):
        process = daemon.launch()
        await_changes(daemon, changes)
        process.send_signal(word)
        assert process.wait(20) == 0, daemon.log.read_text()
        assert not list(daemon.folder.glob("*.host.*"))
        assert state_of(daemon.host) == before
        daemon.log.unlink()
