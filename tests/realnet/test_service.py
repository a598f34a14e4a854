"""Stock clients and servers through the VIP, with direct server return."""

import json
from collections import Counter

from crowd import Connection
from daemons import VIP4, VIP6
from network import wait_until


def test_curl_reaches_every_backend_over_both_families(service):
    for vip in (VIP4, VIP6):
        answers = Counter(service.get(vip=vip) for _ in range(40))
        assert set(answers) == {"web1", "web2"}, answers


def test_ten_megabytes_arrive_whole(service):
    for vip in (VIP4, VIP6):
        assert len(service.get("10000000", vip)) == 10_000_000


def test_answers_do_not_pass_the_balancer(service):
    def sent():
        counter = "/sys/class/net/eth0/statistics/tx_bytes"
        return int(service.network.host("lb").run("cat", counter).stdout)

    before = sent()
    service.get("10000000")
    assert sent() - before < 1_000_000  # acknowledgements and requests alone


def test_a_drained_backend_gets_no_new_flows_and_comes_back(service):
    balancer = service.balancers["lb"]
    assert "web1" in balancer.ctl("drain", "web1").stdout
    assert {service.get() for _ in range(20)} == {"web2"}
    balancer.ctl("resume", "web1")
    wait_until(service.is_whole, "web1 is back")
    assert {service.get() for _ in range(40)} == {"web1", "web2"}


def test_a_balancer_s_operator_sees_every_flow_with_its_backend(service):
    balancer = service.balancers["lb"]
    connections = [Connection(service.client) for _ in range(6)]
    reached = {connection.port: connection.ask() for connection in connections}
    flows = {int(flow["client"].rpartition(":")[2]): flow for flow in balancer.ask("flows")}
    assert reached.items() <= {port: flow["backend"] for port, flow in flows.items()}.items()
    assert {flows[port]["state"] for port in reached} == {"established"}
    assert balancer.ask("counters")["queue_received"] >= 3 * len(connections)
    for connection in connections:
        connection.close()


def test_an_agent_s_operator_waits_for_the_balancers_word(service):
    said = service.agents["web1"].ctl("pause", "--now").stdout
    assert "paused" in said
    assert service.states() == {"web1": "paused", "web2": "active"}
    assert service.agents["web1"].ctl("pause", "--now", check=False).returncode == 1
    service.agents["web1"].ctl("resume")
    wait_until(service.is_whole, "web1 is back")


def test_an_agent_s_operator_hears_a_balancers_refusal(service):
    service.balancers["lb"].ctl("pause", "--now", "web1")
    said = service.agents["web1"].ctl("pause", "--now", check=False)
    assert said.returncode == 1
    balancer = service.balancers["lb"].host.v4
    assert f"{balancer} refused: INVALID backend already paused" in said.stderr
    service.balancers["lb"].ctl("resume", "web1")
    wait_until(service.is_whole, "web1 is back")


def test_stop_leaves_a_host_as_it_was(network, build):
    from service import Service

    made = Service(network, build)

    def state(host):
        rules = "\n".join(
            line
            for command in ("iptables-save", "ip6tables-save")
            for line in host.run(command).stdout.splitlines()
            if line.startswith("-")
        )
        addresses = [
            (link["ifname"], address["local"])
            for link in json.loads(host.run("ip", "-j", "addr").stdout)
            for address in link["addr_info"]
            if not address["local"].startswith("fe80")
        ]
        pattern = "arp_|rp_filter|forwarding|accept_local"
        switches = host.run("sysctl", "-a", "--pattern", pattern).stdout
        return rules, addresses, switches

    hosts = [network.host(name) for name in ("lb", "web1", "web2")]
    before = [state(host) for host in hosts]
    made.start()
    assert [state(host) for host in hosts] != before
    for daemon in [*made.agents.values(), *made.balancers.values()]:
        assert daemon.stop() == 0, daemon.log.read_text()
    assert [state(host) for host in hosts] == before


def test_a_backend_whose_service_is_unwell_gets_no_flows_until_it_is_well(network, build):
    from service import Service

    check = {"check": "http http://127.0.0.1/", "interval_s": 0.05, "timeout_s": 0.05}
    made = Service(network, build).configure(agent={"health": check}).start()
    page = network.folder / "web1-web/index.html"
    page.rename(page.with_suffix(".gone"))  # nginx answers 403
    wait_until(lambda: made.states()["web1"] == "down", "web1 is down")
    assert {made.get() for _ in range(20)} == {"web2"}
    page.with_suffix(".gone").rename(page)
    wait_until(made.is_whole, "web1 is back")


def test_clean_puts_back_what_a_killed_life_left(service):
    agent = service.agents["web1"]
    agent.kill()
    assert "POISE" in agent.host.run("iptables-save").stdout
    poised = service.build / "realnet/daemon/poised"
    said = agent.host.run(poised, "agent", "--config", agent.file, "--clean").stdout
    assert "put back" in said
    assert "POISE" not in agent.host.run("iptables-save").stdout
    assert VIP4 not in agent.host.run("ip", "addr").stdout
    said = agent.host.run(poised, "agent", "--config", agent.file, "--clean").stdout
    assert said == "nothing was left\n"


def test_queues_by_core_carry_the_service(network, build):
    from service import Service

    made = Service(network, build)
    made.configure(balancer={"packets": {"queues": 2, "spread": "core"}}).start()
    assert "--queue-cpu-fanout" in network.host("lb").run("iptables-save").stdout
    assert {made.get() for _ in range(40)} == {"web1", "web2"}
