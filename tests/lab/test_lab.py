"""The lab from Python: runs, tables, folders, and an end that leaves nothing."""
import subprocess
import sys
import time
from pathlib import Path

import poise
import pytest

PLAN = """
title = "lab"
duration_s = 1.5
topology = { clients = 2, balancers = 1, backends = 2 }
workload = { start_s = 0.5, stop_s = 1.2 }
measures = { records = true }
"""


@pytest.fixture(scope="module")
def run():
    return poise.run(poise.Plan.parse(PLAN), world="lab")


def test_a_run_has_the_tables_of_every_world(run, tmp_path):
    assert (run.flows["outcome"] == "ok").all()
    assert set(run.flows["backend"]) <= {"backend1", "backend2"}
    assert run.manifest["world"] == "lab" and run.manifest["versions"]["kernel"]
    run.save(tmp_path)
    run.plot(tmp_path / "timeline.png")
    again = poise.Run.load(tmp_path)
    assert again.verify() and again.fingerprint == run.fingerprint
    assert {"balancer1.record", "balancer1.record.toml", "backend2.record"} <= set(again.files)


def test_repro_says_that_a_real_run_does_not_repeat(run, tmp_path):
    run.save(tmp_path)
    with pytest.raises(poise.PoiseError, match="no two runs there give the same fingerprint"):
        poise.repro(tmp_path)


def test_a_real_run_is_not_cached(tmp_path):
    with pytest.raises(ValueError, match="no cache"):
        poise.run(poise.Plan.parse(PLAN), world="lab", cache=tmp_path)


def test_what_the_lab_cannot_carry_out_is_said_in_a_line():
    service = 'service = { vip = [{ protocol = "udp" }] }\n'
    plan = poise.Plan.parse(PLAN.replace("topology", service + "topology"))
    with pytest.raises(ValueError, match="the vip's protocol is udp"):
        poise.run(plan, world="lab")


def test_ctrl_c_leaves_nothing(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace("1.5", "30").replace("1.2", "29").replace("true", "false"))
    words = ["run", path, "--world", "lab", "--out", tmp_path / "results"]
    process = subprocess.Popen(
        [sys.executable, "-m", "poise", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 20
    while not (daemons := daemons_under(process.pid)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(2)
    process.wait(5)
    assert not [pid for pid in daemons if Path(f"/proc/{pid}").exists()]


def daemons_under(pid):
    """The processes called poised that descend from a process."""
    found, ask = [], [pid]
    while ask:
        children = Path(f"/proc/{ask[0]}/task/{ask.pop(0)}/children")
        below = children.read_text().split() if children.exists() else []
        ask += below
        found += [b for b in below if Path(f"/proc/{b}/comm").read_text().strip() == "poised"]
    return found
