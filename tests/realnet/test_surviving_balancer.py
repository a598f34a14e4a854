"""A balancer that is killed and comes back within a second breaks no flow."""

import pytest
from crowd import Crowd
from daemons import VIP4
from network import wait_until
from service import Service


def queues(number):
    return {"packets": {"queues": number}}


@pytest.mark.parametrize(
    "policy, before, after",
    [
        ("maglev", 1, 1),
        ("maglev", 2, 1),
        ("least_connections", 1, 2),
        ("random", 2, 2),
    ],
)
def test_every_flow_stays_on_its_backend(network, build, policy, before, after):
    service = Service(network, build)
    service.configure(balancer={"policy": {"kind": policy}, **queues(before)}).start()
    crowd = Crowd(service)
    crowd.goes_on()
    service.balancers["lb"].kill()
    service.balancers["lb"].change(**queues(after)).start()
    crowd.goes_on()
    service.balancers["lb"].kill()
    service.balancers["lb"].start()
    crowd.ends()
    wait_until(service.is_whole, "both backends are active")


def test_so_do_flows_that_the_policy_would_place_elsewhere_now(network, build):
    service = Service(network, build).start()
    crowd = Crowd(service, connections=40)
    service.add_backend("web3")
    crowd.goes_on()
    service.balancers["lb"].kill()
    service.balancers["lb"].start()
    crowd.ends()
    assert {service.get() for _ in range(40)} == {"web1", "web2", "web3"}


@pytest.mark.parametrize("number", [1, 2])
def test_so_do_flows_of_a_backend_that_drains(network, build, number):
    service = Service(network, build).configure(balancer=queues(number)).start()
    crowd = Crowd(service)
    assert crowd.on("web1") > 0
    service.balancers["lb"].ctl("drain", "web1")
    crowd.goes_on()
    service.balancers["lb"].kill()
    service.balancers["lb"].start()
    assert service.states()["web1"] == "draining"
    assert {service.get() for _ in range(20)} == {"web2"}
    crowd.ends()


def test_a_paused_backend_is_still_paused(service):
    service.balancers["lb"].ctl("pause", "--now", "web1")
    service.balancers["lb"].kill()
    service.balancers["lb"].start()
    assert {service.get() for _ in range(20)} == {"web2"}
    wait_until(lambda: service.agents["web1"].ask("backends")[0]["state"] == "paused", "it knows")
    service.balancers["lb"].ctl("resume", "web1")
    wait_until(service.is_whole, "web1 is back")


def test_agents_keep_the_vip_while_it_is_gone_and_come_back(service):
    crowd = Crowd(service, downloads=0)
    balancer = service.balancers["lb"]
    balancer.kill()
    for agent in service.agents.values():
        wait_until(lambda a=agent: a.ask("backends")[0]["state"] != "active", "the agent saw it")
    wait_until(lambda: "lost" in service.agents["web1"].log.read_text(), "it says so")
    for name in service.agents:
        assert VIP4 in service.network.host(name).run("ip", "addr", "show", "lo").stdout
    balancer.start()
    wait_until(service.is_whole, "the agents came back")
    crowd.ends()
