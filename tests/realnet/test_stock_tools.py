"""wrk and iperf3 through VIPs, over every tunnel, with every kind of credentials."""

import json
import re
import subprocess

import pytest
from daemons import VIP4, VIP6, vip_tables
from network import wait_until
from service import Service

TUNNELS = ["caplance", "gue", "ipip", "gre"]


@pytest.mark.parametrize("queues", [1, 2])
def test_wrk_sees_no_error(network, build, queues):
    service = Service(network, build).configure(balancer={"packets": {"queues": queues}}).start()
    for vip in (VIP4, f"[{VIP6}]"):
        load = ["wrk", "-t", "2", "-c", "32", "-d", "1s", f"http://{vip}/1000"]
        said = service.client.run(*load).stdout
        assert "Socket errors" not in said and "Non-2xx" not in said, said
        assert int(re.search(r"(\d+) requests in", said)[1]) > 100, said


@pytest.fixture
def measured(network, build):
    """One backend behind VIPs of every port and both protocols."""
    vips = vip_tables(0, ("tcp", "udp"))
    service = Service(network, build, backends=("web1",))
    return service.configure(balancer={"vips": vips}, agent={"vips": vips}).start()


@pytest.mark.parametrize("vip", [VIP4, VIP6])
def test_iperf3_runs_in_every_way(measured, vip):
    web1 = measured.network.host("web1")
    wait_until(lambda: vip in web1.run("ip", "addr").stdout, "the VIP")
    web1.popen("iperf3", "-s", "-p", "5201", "-B", vip)  # else its UDP answers from elsewhere
    wait_until(lambda: "5201" in web1.run("ss", "-ltn").stdout, "iperf3 listens")
    for way in ([], ["-R"], ["-u", "-b", "20M", "-l", "1200"]):
        check_iperf3(measured, vip, way)


def check_iperf3(measured, vip, way, packets=1000, lost_percent=1):
    command = ["iperf3", "-c", vip, "-p", 5201, "-t", 1, "-J", *way]
    total = json.loads(measured.client.run(*command).stdout)["end"]
    if "-u" in way:
        assert total["sum"]["packets"] > packets
        assert total["sum"]["lost_percent"] < lost_percent
    else:
        assert total["sum_received"]["bytes"] > 10_000_000


@pytest.mark.parametrize(
    "tunnel, outer, emit",
    [(tunnel, outer, "verdict") for tunnel in TUNNELS for outer in ("v4", "v6")]
    + [("gue", "v4", "raw"), ("gre", "v6", "raw")],
)
def test_every_tunnel_carries_both_families(network, build, tunnel, outer, emit):
    service = Service(network, build, backends=("web1",))
    settings = {"service": {"encapsulation": tunnel}, "packets": {"emit": emit}}
    service.configure(balancer=settings, agent=settings)
    if outer == "v6":
        lb = service.balancers["lb"]
        lb.change(top={"address": lb.host.v6})
        agent = service.agents["web1"]
        agent.change(top={"address": agent.host.v6, "balancers": [lb.host.v6]})
    service.start()
    for vip in (VIP4, VIP6):
        assert service.get(vip=vip) == "web1"
        assert len(service.get("10000000", vip)) == 10_000_000


def certificates(folder, names):
    """An authority and a signed certificate a name; {name: settings}."""

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    new = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = folder / "authority.pem"
    openssl(*new, "-x509", "-subj", "/CN=a", "-keyout", folder / "a.key", "-out", authority)
    made = {}
    for name in names:
        key, asked, signed = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        openssl(*new, "-subj", f"/CN={name}", "-keyout", key, "-out", asked)
        openssl("x509", "-req", "-in", asked, "-CA", authority, "-CAkey", folder / "a.key",
                "-CAcreateserial", "-out", signed)  # fmt: skip
        made[name] = {
            "plain": False,
            "certificate_file": str(signed),
            "key_file": str(key),
            "authority_file": str(authority),
        }
    return made


def test_certificates_prove_both_ends(network, build, tmp_path):
    service = Service(network, build)
    daemons = {**service.balancers, **service.agents}
    for name, control in certificates(tmp_path, daemons).items():
        daemons[name].change(control=control)
    service.start()
    assert {service.get() for _ in range(20)} == {"web1", "web2"}
    other = tmp_path / "other"
    other.mkdir()
    agent = service.agents["web1"]
    agent.kill()
    agent.change(control=certificates(other, ["web1"])["web1"]).start()
    wait_until(lambda: service.states()["web1"] == "down", "an authority of its own proves nothing")
    assert service.get() == "web2"
