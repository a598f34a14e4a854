"""Agents that are killed, and hosts of backends that die."""

import signal
import time

import pytest
from crowd import Connection, Crowd
from daemons import VIP4, VIP6
from network import wait_until
from service import Service

SLACK_S = 0.5  # of a busy machine


def brings_back(service, name):
    service.agents[name].start()
    service.settle()


def test_a_killed_agent_that_is_restarted_breaks_no_flow(service):
    crowd = Crowd(service)
    for name in service.agents:
        service.agents[name].kill()
        time.sleep(0.2)  # as long as a service manager waits
        brings_back(service, name)
        crowd.goes_on()
    crowd.ends()


def test_both_at_once_break_none(service):
    crowd = Crowd(service)
    for agent in service.agents.values():
        agent.kill()
    for agent in service.agents.values():
        agent.start()
    service.settle()
    crowd.ends()


def test_a_killed_agent_leaves_the_vip_to_its_next_life(service):
    def addresses():
        return service.network.host("web1").run("ip", "addr", "show", "lo").stdout

    service.agents["web1"].kill()
    assert VIP4 in addresses() and VIP6 in addresses()
    brings_back(service, "web1")
    assert service.agents["web1"].stop() == 0
    assert VIP4 not in addresses() and VIP6 not in addresses()


def test_a_balancer_and_an_agent_that_die_together_break_no_flow(service):
    crowd = Crowd(service)
    dead = [service.balancers["lb"], service.agents["web1"]]
    for daemon in dead:
        daemon.kill()
    for daemon in dead:
        daemon.start()
    service.settle()
    crowd.ends()


def unplug(service, host):
    service.network.plug(host.name, False)


def freeze(service, host):
    service.agents[host.name].process.send_signal(signal.SIGSTOP)


def deafen(service, host):
    host.run("iptables", "-A", "INPUT", "-i", "eth0", "-j", "DROP")


def revive(service, host):
    service.network.plug(host.name, True)
    service.agents[host.name].process.send_signal(signal.SIGCONT)
    host.run("iptables", "-D", "INPUT", "-i", "eth0", "-j", "DROP", check=False)


@pytest.mark.parametrize("timeout_s, heartbeat_s", [(1.0, 0.25), (0.05, 0.01)])
@pytest.mark.parametrize("dies", [unplug, freeze, deafen])
def test_a_dead_host_is_noticed_in_time(network, build, dies, timeout_s, heartbeat_s):
    service = Service(network, build)
    service.configure(
        balancer={"control": {"timeout_s": timeout_s}},
        agent={"control": {"timeout_s": max(timeout_s, 0.2), "heartbeat_s": heartbeat_s}},
    ).start()
    host = network.host("web1")
    connections = [Connection(service.client) for _ in range(20)]
    backends = {connection: connection.ask() for connection in connections}
    assert set(backends.values()) == {"web1", "web2"}

    lb = service.balancers["lb"]
    is_steady = timeout_s == 1.0  # a busy machine may keep a heartbeat from its processor for 50 ms
    assert not (is_steady and lb.said("down"))
    death = time.time()
    dies(service, host)
    noticed = wait_until(lambda: lb.said("down", "name=web1", since=death), "its death")
    assert timeout_s - 2 * heartbeat_s < noticed - death < timeout_s + SLACK_S

    for connection, backend in backends.items() if is_steady else ():
        if backend == "web2":
            assert connection.ask() == "web2"
        else:  # it reached the other backend, which does not know it
            with pytest.raises(ConnectionResetError):
                connection.ask()
    assert {service.get() for _ in range(20)} == {"web2"}

    revive(service, host)
    service.settle()
    assert {service.get() for _ in range(40)} == {"web1", "web2"}
