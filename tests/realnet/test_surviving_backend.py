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


def noticed_death(service, host, dies):
    """(its death, when the balancer said so); None: the balancer had said so before."""
    asked = time.time()
    service.settle()
    death = time.time()
    dies(service, host)
    lb = service.balancers["lb"]
    noticed = wait_until(lambda: lb.said("down", f"name={host.name}", since=asked), "its death")
    return (death, noticed) if noticed >= death else None


def mourns(service, host, dies):
    """Like it; a busy machine may keep a heartbeat back just before, but not time and again."""
    for _ in range(3):
        if times := noticed_death(service, host, dies):
            return times
        revive(service, host)
    raise AssertionError(f"{host.name} was down before it died, time and again")


@pytest.mark.parametrize("dies", [unplug, freeze, deafen])
def test_a_dead_host_s_flows_move_and_no_others(network, build, dies):
    timeout_s, heartbeat_s = 1.0, 0.25
    service = Service(network, build)
    control = {"timeout_s": timeout_s, "heartbeat_s": heartbeat_s}
    service.configure(balancer={"control": {"timeout_s": timeout_s}}, agent={"control": control})
    service.start()
    host = network.host("web1")
    connections = [Connection(service.client) for _ in range(20)]
    backends = {connection: connection.ask() for connection in connections}
    assert set(backends.values()) == {"web1", "web2"}
    assert not service.balancers["lb"].said("down")

    death, noticed = mourns(service, host, dies)
    assert timeout_s - 2 * heartbeat_s < noticed - death < timeout_s + SLACK_S
    for connection, backend in backends.items():
        if backend == "web2":
            assert connection.ask() == "web2"
        else:  # it reached the other backend, which does not know it
            with pytest.raises(ConnectionResetError):
                connection.ask()
    assert {service.get() for _ in range(20)} == {"web2"}

    revive(service, host)
    service.settle()
    assert {service.get() for _ in range(40)} == {"web1", "web2"}


@pytest.mark.parametrize("dies", [unplug, freeze, deafen])
def test_a_dead_host_is_noticed_at_once_where_that_is_asked_for(network, build, dies):
    """Where a late heartbeat takes a backend away for a moment, nothing is said of its flows."""
    timeout_s = 0.05
    service = Service(network, build).configure(
        balancer={"control": {"timeout_s": timeout_s}},
        agent={"control": {"timeout_s": 0.2, "heartbeat_s": timeout_s / 5}},
    )
    service.start()
    host = network.host("web1")
    death, noticed = mourns(service, host, dies)
    assert noticed - death < timeout_s + SLACK_S
    revive(service, host)
    service.settle()
