"""A failover pair of real daemons: takeovers move its packets, old epochs do not, copies arrive."""

from daemons import VIP4
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
