"""What somebody else does to a host under a running daemon, and what failed starts leave there."""

import json

from daemons import VIP4, VIP6, vip_tables
from network import wait_until
from service import Service


def test_rules_that_somebody_flushes_come_back(service):
    lb = service.balancers["lb"]
    for program in ("iptables", "ip6tables"):
        lb.host.run(program, "-t", "raw", "-F")
    wait_until(lambda: lb.said("host_mended"), "the balancer says that it mended")
    wait_until(lambda: lb.ask("status")["host_in_order"], "its host is in order")
    assert {service.get(vip=vip) for vip in (VIP4, VIP6) for _ in range(20)} == {"web1", "web2"}


def test_a_vip_that_somebody_removes_comes_back(service):
    agent = service.agents["web1"]
    agent.host.run("ip", "addr", "del", f"{VIP4}/32", "dev", "lo")
    wait_until(lambda: agent.said("host_mended"), "the agent says that it mended")
    assert VIP4 in agent.host.run("ip", "addr", "show", "dev", "lo").stdout
    assert agent.stop() == 0
    assert VIP4 not in agent.host.run("ip", "addr").stdout
    assert "POISE" not in agent.host.run("iptables-save").stdout


def test_a_switch_that_somebody_changes_is_theirs_and_the_operator_hears_of_it(service):
    lb = service.balancers["lb"]
    changes = json.loads((lb.folder / "lb.host.json").read_text())["changes"]
    key = next(change["key"] for change in changes if change["kind"] == "sysctl")
    lb.host.run("sysctl", "-w", f"{key}=0")
    wait_until(lambda: lb.said("host_remark"), "the balancer says that it was changed")
    assert f"sysctl {key}: left alone: somebody made it 0" in lb.log.read_text()
    assert not lb.ask("status")["host_in_order"]
    assert lb.stop() == 0
    assert lb.host.run("sysctl", "-n", key).stdout == "0\n"


def test_a_log_that_was_moved_away_is_opened_anew_by_a_reload(service):
    lb = service.balancers["lb"]
    log, moved = lb.folder / "lb.log", lb.folder / "lb.log.1"
    assert lb.stop() == 0
    lb.change(log={"to": f"file:{log}"}).start()
    log.rename(moved)
    said = lb.ctl("reload").stdout
    assert said == "nothing has changed; credentials and log were opened anew.\n"
    assert " info reloaded " in log.read_text()
    assert " info reloaded " not in moved.read_text()


def test_starts_that_fail_fill_no_memory(service):
    lb = service.balancers["lb"]
    lb.kill()
    lb.change(top={"interface": "nowhere0"})
    assert lb.launch().wait(10) == 1
    assert "nowhere0" in lb.log.read_text()
    assert len(list(lb.folder.glob("*.flows.*"))) == 1  # of the life that was killed
    (lb.folder / "lb.members").unlink()
    for _ in range(3):
        assert lb.launch().wait(10) == 1
    assert not list(lb.folder.glob("*.flows.*"))




def test_an_agent_that_lacks_a_vip_of_the_balancer_says_so(network, build):
    service = Service(network, build, backends=("web1",)).start()
    agent = service.agents["web1"]
    assert agent.stop() == 0
    agent.sections["vip"] = vip_tables(addresses=["10.9.0.201"])
    agent.change().start()
    service.settle()
    service.client.run("curl", "-s", "-m", "1", f"http://{VIP4}/", check=False)
    wait_until(lambda: agent.said("tunnelled_dropped"), "the agent says what it does not serve")
