"""Load while the membership changes ten times a second. POISE_SOAK_S makes it longer."""

import itertools
import json
import os
import socket
import time

from crowd import Crowd
from daemons import VIP4, VIP6
from service import Service

SOAK_S = float(os.environ.get("POISE_SOAK_S", 10))
INTERVAL_S = 0.1
ORDERS = [{"do": "drain"}, {"do": "resume"}, {"do": "pause", "now": True}, {"do": "resume"}]


class Operator:
    """Orders over one connection to a daemon's socket."""

    def __init__(self, daemon):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(20)
        self.stream.connect(str(daemon.socket))
        self.lines = self.stream.makefile("rw")

    def orders(self, order):
        self.lines.write(json.dumps(order) + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())


def resident_kib(daemon):
    for line in open(f"/proc/{daemon.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])


def test_changes_under_load_break_nothing_of_who_did_not_change(network, build):
    service = Service(network, build, backends=("web1", "web2", "web3", "web4"))
    service.configure(balancer={"packets": {"queues": 2}}).start()
    daemons = [*service.balancers.values(), *service.agents.values()]
    crowd = Crowd(service, connections=60, downloads=0)
    crowd.forget("web3")
    crowd.forget("web4")
    load = [
        service.client.popen("wrk", "-c", "16", "-t", "1", "-d", f"{SOAK_S:.0f}s", url)
        for url in (f"http://{VIP4}/1000", f"http://[{VIP6}]/10000")
    ]
    operator = Operator(service.balancers["lb"])
    began = time.monotonic()
    sizes, taken = None, 0
    for number in itertools.count():
        name = ("web3", "web4")[number % 2]
        order = ORDERS[number // 2 % len(ORDERS)]
        if number % 40 == 39:  # and sometimes an agent dies
            service.agents["web4"].kill()
            service.agents["web4"].launch()
        elif number % 40 == 25:
            order = {"do": "deregister"}
        taken += operator.orders({**order, "backend": name})["ok"]
        if number % 5 == 0:
            crowd.goes_on()
        if sizes is None and time.monotonic() - began > SOAK_S / 3:
            sizes = [resident_kib(daemon) for daemon in daemons[:3]]
        if time.monotonic() - began > SOAK_S:
            break
        time.sleep(max(0, began + (number + 1) * INTERVAL_S - time.monotonic()))
    assert number > SOAK_S / INTERVAL_S * 0.5
    assert taken > number / 4
    crowd.ends()
    for process in load:
        assert process.wait(30) == 0
    for daemon, before in zip(daemons[:3], sizes):
        assert resident_kib(daemon) < before * 1.1 + 4096, daemon.host.name
    for daemon in reversed(daemons):
        assert daemon.stop() == 0, daemon.log.read_text()
        assert "Sanitizer" not in daemon.log.read_text(), daemon.log.read_text()
