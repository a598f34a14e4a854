"""Laws of two worlds side by side: a plan in ns-3 and on real packets, and its records again."""
import json
import shutil

import pandas as pd
import poise
import pytest
from poise.agreement import Agreement
from poise.membership import Memberships

PLAN = """
title = "two worlds"
seed = 3
duration_s = 4

[topology]
clients = 4
balancers = 2
backends = 4
spares = 1

[control]
heartbeat_s = 0.1
timeout_s = 0.35

[workload]
rate_per_s = 40
requests = 2
think_s = 0.2
start_s = 0.5

[measures]
records = true

[[fault]]
at_s = 1.5
do = "crash"
target = "backend2"

[[fault]]
at_s = 2.5
do = "drain"
target = "backend3"

[[fault]]
at_s = 3.0
do = "join"
target = "backend5"

[[variant]]
name = "round robin"
set = { "policy.kind" = "round_robin" }
"""


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return poise.agree(poise.Plan.parse(PLAN, name="worlds.toml"), "ns3", "lab")


@pytest.fixture(scope="module")
def folder(agreement, tmp_path_factory):
    return agreement.save(tmp_path_factory.mktemp("agreement"))


def test_every_flow_that_met_the_same_members_got_the_same_backend(agreement):
    assert len(agreement.flows) > 100 and agreement.unmatched == 0
    assert agreement.decided_otherwise == []
    assert len(agreement.differences) <= 0.02 * len(agreement.flows)
    assert agreement.verdict["the same flows from the same ports"]


def test_both_worlds_learn_of_a_death_and_of_a_newcomer_at_nearly_the_same_instant(agreement):
    for kind, backend in (("down", "backend2"), ("draining", "backend3"), ("active", "backend5")):
        at_s = []
        for run in agreement.runs.values():
            said = run.notices[(run.notices["kind"] == kind) & (run.notices["subject"] == backend)]
            at_s.append(said["at_ns"].min() * 1e-9)
        assert abs(at_s[0] - at_s[1]) < 0.04, (kind, at_s)  # a heartbeat is 0.1 s


def test_the_last_flow_meets_a_balancer_in_both_worlds(agreement):
    assert (agreement.flows[["backend_ns3", "backend_lab"]] != "").all().all()
    assert agreement.flows["start_ns_ns3"].max() < 4e9


def test_it_is_told_how_flows_ended_and_stalled(agreement):
    assert agreement.outcomes["world"].tolist() == ["ns3", "lab"]
    faults = ["backend2 crashes", "backend3 drains", "backend5 joins"]
    assert agreement.stalls["fault"].tolist() == [*faults, "all flows"]


def test_a_wrong_backend_is_found_and_fails(agreement):
    flows = agreement.runs["lab"].flows.copy()
    flows.loc[7, "backend"] = "backend4" if flows.loc[7, "backend"] != "backend4" else "backend1"
    run = agreement.runs["lab"]
    forged = poise.Run(run.plan, {**run.tables, "flows": flows}, run.manifest)
    found = Agreement(agreement.plan, {**agreement.runs, "lab": forged})
    assert 7 in [one.flow for one in found.decided_otherwise] and not found.holds


def test_a_flow_that_met_other_members_is_told_with_what_each_world_knew(agreement):
    runs = dict(agreement.runs)
    run = runs["lab"]
    notices = run.notices.copy()
    down = notices["kind"] == "down"
    assert down.any()
    late = int(notices.loc[down, "at_ns"].max()) + 300_000_000
    notices.loc[down, "at_ns"] = late
    flows = run.flows.copy()
    row = flows.index[flows["start_ns"].between(late - 200_000_000, late - 100_000_000)][0]
    flows.loc[row, "backend"] = "backend2"  # as if the balancer had not known yet
    forged = {**run.tables, "flows": flows, "notices": notices}
    runs["lab"] = poise.Run(run.plan, forged, run.manifest)
    (told,) = [one for one in Agreement(agreement.plan, runs).differences if one.flow == row]
    assert told.explained and "backend2 leaves at" in told.why


def test_the_folder_has_both_runs_the_tables_and_the_picture(agreement, folder):
    verdict = json.loads((folder / "agreement.json").read_text())
    assert verdict["holds"] == agreement.holds and verdict["worlds"] == ["ns3", "lab"]
    assert (folder / "agreement.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(folder / "flows.csv")) == verdict["flows"]
    assert poise.Run.load(folder / "lab").verify()


def test_every_record_of_the_lab_replays_byte_for_byte(folder):
    replays = poise.replay(folder / "lab")
    assert {replay.machine for replay in replays} == {"balancer", "agent"} and len(replays) == 7
    for replay in replays:
        assert replay.identical and replay.diverged_at == 0 and replay.events > 0, replay.sentence
    cut = [replay.record.name for replay in replays if not replay.ended]
    assert cut == ["backend2.record"]  # the host that crashed


def test_a_record_that_was_changed_is_found_out(folder, tmp_path):
    for name in ("balancer1.record", "balancer1.record.toml"):
        shutil.copyfile(folder / "lab" / "files" / name, tmp_path / name)
    settings = (tmp_path / "balancer1.record.toml").read_text()
    (tmp_path / "other.toml").write_text(settings.replace("timeout_s = 0.35", "timeout_s = 0.3", 1))
    with pytest.raises(poise.PoiseError, match="made with other settings"):
        poise.replay(tmp_path, settings=tmp_path / "other.toml")
    record = bytearray((tmp_path / "balancer1.record").read_bytes())
    record[len(record) // 2] ^= 0x01
    (tmp_path / "balancer1.record").write_bytes(record)
    try:
        (replay,) = poise.replay(tmp_path)
        assert not replay.identical
    except poise.PoiseError as error:
        assert "balancer1.record" in str(error)


def test_what_cannot_be_replayed_says_why(tmp_path):
    with pytest.raises(poise.PoiseError, match="has no record; run its plan with"):
        poise.replay(tmp_path)
    with pytest.raises(poise.PoiseError, match="No such file"):
        poise.replay(tmp_path / "nothing.record")
    (tmp_path / "noise.record").write_bytes(b"noise")
    with pytest.raises(poise.PoiseError, match="noise.record"):
        poise.replay(tmp_path)


@pytest.mark.parametrize("worlds", [(), ("ns3",), ("ns3", "ns3"), ("ns3", "lab", "emu")])
def test_two_worlds_are_named(plan, worlds):
    with pytest.raises(poise.PoiseError, match="name two worlds"):
        poise.agree(plan, *worlds)


def test_a_drained_backend_leaves_once():
    said = [(1, "active"), (5, "draining"), (7, "paused"), (9, "resumed")]
    notices = pd.DataFrame(
        [{"at_ns": at, "machine": "b", "kind": kind, "subject": "x"} for at, kind in said]
    )
    known = Memberships.of(notices, "b")
    assert [change.at_ns for change in known.changes] == [1, 5, 9]
    assert known.between(2, 4) == [{"x"}] and known.between(4, 8) == [{"x"}, set()]
