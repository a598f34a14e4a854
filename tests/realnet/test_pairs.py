"""A failover pair of real daemons: takeovers move its packets, old epochs do not, copies arrive."""

import secrets

from daemons import VIP4, Daemon
from network import wait_until
from service import Service


def say(service, name, index, epoch, state):
    """What a server tells the agent on its host, in an operator's words."""
    service.agents[name].ask("replica", "db", str(index), str(epoch), state)


def pair(service):
    """The pair's row in what the balancer answers; nothing while there is none."""
    rows = {row["name"]: row for row in service.balancers["lb"].ask("backends")}
    return rows.get("db", {})


def steered_to(service, name, epoch):
    wait_until(
        lambda: pair(service).get("active") == name and pair(service)["epoch"] == epoch,
        f"the pair's packets go to {name}",
    )


def form(service):
    say(service, "web1", 0, 1, "active")
    say(service, "web2", 1, 1, "standby")
    wait_until(lambda: pair(service).get("replicas") == ["web1", "web2"], "both have their seats")
    steered_to(service, "web1", 1)


def test_connections_go_to_the_active_replica_of_the_newest_epoch(service):
    form(service)
    assert {service.get() for _ in range(8)} == {"web1"}
    say(service, "web2", 1, 2, "active")
    steered_to(service, "web2", 2)
    assert {service.get() for _ in range(8)} == {"web2"}
    say(service, "web1", 0, 1, "standby")
    say(service, "web1", 0, 1, "active")  # as one that slept through it
    fenced = "FENCED db 2"
    wait_until(lambda: fenced in str(service.agents["web1"].ask("backends")), "web1 is fenced")
    assert {service.get() for _ in range(8)} == {"web2"}
    assert service.balancers["lb"].ask("counters")["fenced"] == 1


def test_a_killed_balancer_remembers_the_epoch(service):
    form(service)
    say(service, "web2", 1, 5, "active")
    steered_to(service, "web2", 5)
    service.balancers["lb"].kill()
    service.balancers["lb"].start()
    assert pair(service)["epoch"] == 5
    assert service.get() == "web2"


def test_with_mirroring_the_standby_gets_what_clients_send(network, build):
    service = Service(network, build).configure(balancer={"service": {"mirror": True}}).start()
    form(service)
    # Its kernel knows nothing of the connection, and would reset it: a standby is silent.
    service.network.host("web2").run("iptables", "-A", "OUTPUT", "-s", VIP4, "-j", "DROP")
    before = service.agents["web2"].ask("counters")["forwarded"]
    assert service.get() == "web1"
    got = service.agents["web2"].ask("counters")["forwarded"] - before
    assert got >= 4, "the handshake, the request and the end, at least"
    assert service.balancers["lb"].ask("counters")["mirror_no_room"] == 0


def replicas(service):
    """Echo servers behind the agents, each of which its server tells what it is."""
    secret = service.network.folder / "secret"
    secret.write_text(secrets.token_hex(16))
    secret.chmod(0o600)
    hosts = [service.network.host(name) for name in ("web1", "web2")]
    sections = {
        "vip": {"listen": [f"{VIP4}:80"], "interface": "eth0", "announce": "none"},
        "replication": {"replicas": [h.v4 for h in hosts], "secret_file": str(secret)},
        "control": {"plain": True},
        "connection": {"mtu": 1400},
    }
    return [
        Daemon(
            service.build,
            host,
            "echo",
            {"name": host.name, "standby": i == 1},
            {**sections, "agent": {"pair": "db", "socket": str(service.agents[host.name].socket)}},
        ).start()
        for i, host in enumerate(hosts)
    ]


def test_servers_tell_their_agents_who_serves(network, build):
    service = Service(network, build).configure(agent={"top": {"attach": False}}).start()
    first, second = replicas(service)
    steered_to(service, "web1", 1)
    wait_until(lambda: first.ask("status")["protected"], "a standby is ready")
    client = service.client.socket()
    client.settimeout(30)
    with service.client.inside():
        client.connect((VIP4, 80))
    assert echoed(client, b"before") == b"before"
    first.kill()
    steered_to(service, "web2", 2)
    assert echoed(client, b"after") == b"after"
    client.close()
    # An agent that starts anew knows nothing, until it is told again.
    agent = service.agents["web2"]
    agent.kill()
    agent.start()
    told = "REPLICA db 1 2 active"
    wait_until(lambda: agent.ask("status")["replica"] == told, "the agent is told again")
    assert second.ask("status")["agent_told"]
    steered_to(service, "web2", 2)


def echoed(client, sent):
    client.sendall(sent)
    heard = b""
    while len(heard) < len(sent):
        more = client.recv(len(sent))
        assert more, "the connection ended"
        heard += more
    return heard
