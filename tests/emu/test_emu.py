"""Real hosts over ns-3's links in real time: delay, loss, faults, and an end without traces."""
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import poise
import pytest

PLAN = """
title = "emu"
duration_s = 2
topology = { clients = 2, balancers = 1, backends = 2, client_link = { delay_s = 0.010 } }
workload = { start_s = 0.3, stop_s = 1.5, rate_per_s = 20, size_bytes = 1000 }
"""
LOSSY = """
title = "emu"
duration_s = 4
topology = { clients = 2, balancers = 1, backends = 2, client_link = { loss = 0.01 } }
workload = { start_s = 0.3, stop_s = 1.5, rate_per_s = 20, size_bytes = 60000 }
"""
# A machine that stood still says nothing about a network: such a run is told by its counters.
LATE_MAX_NS = 100_000_000
ATTEMPTS = 5


def run_in_time(text):
    for _ in range(ATTEMPTS):
        run = poise.run(poise.Plan.parse(text), world="emu")
        late = counters(run)[["network_late_max_ns", "flow_start_late_max_ns"]]
        if late.max() <= LATE_MAX_NS:
            return run
    raise AssertionError(f"this machine stood still in each of {ATTEMPTS} runs")


def counters(run):
    return run.counters[run.counters["machine"] == "world"].set_index("name")["value"]


@pytest.fixture(scope="module")
def delayed():
    # A fault that changes nothing: at its instant every open flow's TCP_INFO is noted.
    fault = '\n[[fault]]\ndo = "lossy"\nat_s = 0.9\ntarget = "client1-leaf1"\nvalue = 0.0\n'
    return run_in_time(PLAN + fault)


def test_a_link_of_10_ms_takes_10_ms_each_way(delayed):
    flows = delayed.flows
    assert (flows["outcome"] == "ok").all()
    # A handshake and a request: two round trips, which no hurry shortens and few flows exceed.
    assert 40 <= (flows["end_ns"] - flows["start_ns"]).min() / 1e6 <= 46


def test_every_datagram_that_a_host_sent_arrived_or_was_counted(delayed):
    counted = counters(delayed)
    lost = counted[counted.index.str.startswith("lost_")].sum()
    in_flight = counted["network_from_hosts"] - counted["network_to_hosts"] - lost
    assert counted["network_from_hosts"] > 100 and 0 <= in_flight <= 20
    assert lost == 0


def test_balancers_decide_as_in_the_simulation(delayed):
    simulated = poise.run(delayed.plan)
    assert list(delayed.flows["backend"]) == list(simulated.flows["backend"])
    assert list(delayed.flows["source_port"]) == list(simulated.flows["source_port"])


def test_loss_is_made_up_for_by_retransmissions():
    run = run_in_time(LOSSY)
    assert counters(run)["lost_on_link"] > 0
    assert run.flows["retransmits"].sum() > 0
    assert (run.flows["outcome"] == "ok").all()


def test_a_link_that_goes_down_stalls_who_sends_over_it():
    fault = '\n[[fault]]\ndo = "link_down"\nat_s = 0.8\nlasts_s = 0.4\ntarget = "client1-leaf1"\n'
    text = PLAN.replace("size_bytes = 1000", "size_bytes = 1000, requests = 10, think_s = 0.05")
    run = run_in_time(text.replace("duration_s = 2", "duration_s = 4") + fault)
    stalled = run.flows[run.flows["longest_stall_ns"] > 300_000_000]
    assert len(stalled) > 0 and set(stalled["client"]) == {"client1"}
    assert counters(run)["lost_no_carrier"] > 0


def test_a_host_with_two_links_is_refused_in_a_line():
    plan = poise.Plan.parse(
        """
title = "emu"
duration_s = 1
[topology]
shape = "explicit"
[[topology.node]]
name = "client1"
kind = "client"
[[topology.node]]
name = "leaf1"
kind = "router"
[[topology.node]]
name = "leaf2"
kind = "router"
[[topology.node]]
name = "balancer1"
kind = "balancer"
[[topology.node]]
name = "backend1"
kind = "backend"
[[topology.link]]
a = "client1"
b = "leaf1"
[[topology.link]]
a = "client1"
b = "leaf2"
[[topology.link]]
a = "leaf1"
b = "leaf2"
[[topology.link]]
a = "leaf1"
b = "balancer1"
[[topology.link]]
a = "leaf2"
b = "backend1"
"""
    )
    with pytest.raises(poise.RunError, match="the host client1 has 2 links; allowed: 1"):
        poise.run(plan, world="emu")


def test_nothing_is_left_when_it_is_killed(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace("duration_s = 2", "duration_s = 30"))
    words = ["run", path, "--world", "emu", "--out", tmp_path / "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "poise", *words], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 30
    while [name for _, name in below(process.pid)].count("poised") < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    ends = {}
    for pid, _ in below(process.pid):
        with contextlib.suppress(ProcessLookupError):  # a command of a moment, over by now
            ends[pid] = os.pidfd_open(pid)
    assert len(ends) >= 7  # warden, first, world, network, and the daemons
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    for pid, end in ends.items():
        assert wait_for_end(end), f"process {pid} is left"


def wait_for_end(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(10_000))
    finally:
        os.close(pidfd)


def below(pid):
    """The processes that descend from one, with their names."""
    found, ask = [], [pid]
    while ask:
        children = Path(f"/proc/{ask[0]}/task/{ask.pop(0)}/children")
        for child in children.read_text().split() if children.exists() else []:
            try:
                found.append((int(child), Path(f"/proc/{child}/comm").read_text().strip()))
            except FileNotFoundError:
                continue
            ask.append(int(child))
    return found
