"""Laws of many runs: comparisons, sweeps, the cache, repeating, intervals, pictures."""
import json
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import poise
import pytest
from poise import pool
from poise.cache import Cache, cache_key
from test_policy import HashModN
from test_run import long

KINDS = ["maglev", "ring"]


def test_a_comparison_runs_every_variant_on_the_same_flows(comparison, plan):
    assert list(comparison.runs) == list(plan.variants)
    one, two = (run.flows for run in comparison.runs.values())
    same = ["flow", "client", "source_port", "start_ns", "bytes_expected"]
    assert one[same].equals(two[same])
    assert comparison.runs["maglev"].fingerprint == poise.run(plan.variants["maglev"]).fingerprint


def test_a_saved_comparison_loads_equal_with_its_picture(comparison, tmp_path):
    comparison.save(tmp_path)
    again = poise.Comparison.load(tmp_path)
    assert again.fingerprint == comparison.fingerprint and list(again.runs) == list(comparison.runs)
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(tmp_path / "summary.csv")["flows"].tolist() == [
        run.summary().flows for run in comparison.runs.values()
    ]


def test_an_unknown_variant_is_named(plan):
    with pytest.raises(poise.PoiseError, match="no variant 'nothing'; there are: maglev, hash"):
        poise.compare(plan, variants=["nothing"])


def test_any_executor_gives_the_same_comparison(comparison, plan):
    with ProcessPoolExecutor(1) as executor:
        assert poise.compare(plan, executor=executor).fingerprint == comparison.fingerprint


def test_the_first_failure_ends_the_others(plan):
    start = time.monotonic()
    broken = long(plan).set("variant", [])
    jobs = {"long": pool.Job(broken), "bad": pool.Job(broken, world="moon")}
    with pytest.raises(ValueError, match="moon"):
        pool.run_all(jobs)
    assert time.monotonic() - start < 5


def test_repeating_a_saved_comparison_finds_it_equal(comparison, tmp_path):
    comparison.save(tmp_path)
    results = poise.repro(tmp_path)
    assert [result.name for result in results] == list(comparison.runs)
    assert all(result.equal and not result.differences for result in results)


def test_repeating_tells_what_differs(run, tmp_path):
    run.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["fingerprint"], manifest["versions"]["ns3"] = "0" * 32, "3.36"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    flows = pd.read_csv(tmp_path / "flows.csv", na_filter=False)
    flows.loc[3, "bytes"] += 1
    flows.to_csv(tmp_path / "flows.csv", index=False)
    (result,) = poise.repro(tmp_path / "manifest.json")
    assert not result.equal and result.got == run.fingerprint
    assert any(line.startswith("ns3: 3.36, now 3.") for line in result.differences)
    assert any(line.startswith("flows: row 3: bytes was ") for line in result.differences)


def test_a_run_with_a_policy_in_python_is_repeated_with_it(plan, tmp_path):
    mine = plan.set("policy.kind", "mine", custom_policies=["mine"])
    poise.run(mine, policies={"mine": HashModN}).save(tmp_path)
    with pytest.raises(poise.PoiseError, match="policies="):
        poise.repro(tmp_path)
    assert poise.repro(tmp_path, policies={"mine": HashModN})[0].equal


def test_a_sweep_has_a_row_a_point_and_run(plan):
    sweep = poise.sweep(plan, {"policy.kind": KINDS}, runs=2, progress=None)
    assert sweep.table[["policy.kind", "run"]].values.tolist() == [
        ["maglev", 1], ["maglev", 2], ["ring", 1], ["ring", 2],
    ]  # fmt: skip
    first = poise.run(plan.set("policy.kind", "ring"), run=2)
    assert sweep.table["fingerprint"][3] == first.fingerprint
    assert sweep.table["flows"][3] == first.summary().flows


def test_a_finished_sweep_runs_nothing_again(plan, tmp_path):
    one = poise.sweep(plan, {"policy.kind": KINDS}, runs=2, cache=tmp_path, progress=None)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/manifest.json")}
    two = poise.sweep(plan, {"policy.kind": KINDS}, runs=2, cache=tmp_path, progress=None)
    assert two.table.equals(one.table) and len(kept) == 4
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/manifest.json")}


def test_a_wider_sweep_runs_only_what_is_missing(plan, tmp_path):
    poise.sweep(plan, {"policy.kind": KINDS[:1]}, runs=2, cache=tmp_path, progress=None)
    poise.sweep(plan, {"policy.kind": KINDS}, runs=2, cache=tmp_path, progress=None)
    assert len(list(tmp_path.glob("*/*/manifest.json"))) == 4


def test_an_interrupted_sweep_keeps_what_is_done(plan, tmp_path):
    def interrupt(fraction):
        if list(tmp_path.glob("*/*/manifest.json")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        poise.sweep(plan, {"policy.kind": KINDS}, runs=8, cache=tmp_path, progress=interrupt)
    kept = len(list(tmp_path.glob("*/*/manifest.json")))
    assert 1 <= kept < 16 and not list(tmp_path.glob("*/.unfinished-*"))
    whole = poise.sweep(plan, {"policy.kind": KINDS}, runs=8, cache=tmp_path, progress=None)
    assert len(whole.table) == 16


def test_a_sweep_checks_every_point_before_it_runs_one(plan, tmp_path):
    with pytest.raises(poise.PlanError, match="magelv"):
        poise.sweep(plan, {"policy.kind": ["ring", "magelv"]}, cache=tmp_path, progress=None)
    assert not list(tmp_path.iterdir())


def test_the_cache_tells_apart_what_determines_a_run(plan):
    key = cache_key(plan, world="ns3")
    assert key == cache_key(plan.replace(title="other", variant=[]), world="ns3")
    others = [plan.set("seed", 8), plan.set("run", 2), plan.set("policy.kind", "ring")]
    assert len({key, *(cache_key(other, world="ns3") for other in others)}) == 4


def test_a_cached_run_is_the_run(plan, run, tmp_path):
    assert Cache(tmp_path).find(plan, world="ns3") is None
    first = poise.run(plan, cache=tmp_path)
    again = poise.run(plan, cache=tmp_path)
    assert again.folder is not None and again.fingerprint == first.fingerprint == run.fingerprint


def test_threads_keep_one_run_once(plan, tmp_path):
    threads = [
        threading.Thread(target=poise.run, args=(plan,), kwargs={"cache": tmp_path})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.glob("*/*/manifest.json"))) == 1
    assert not list(tmp_path.glob("*/.unfinished-*"))


def test_intervals_come_by_group(plan):
    table = pd.DataFrame(
        {
            "policy.kind": ["a", "a", "a", "b", "b", "b"],
            "completion_p50_s": [1.0, 2.0, 3.0, 5.0, 5.0, 5.0],
            "broken": [0, 0, 0, 1, 2, 3],
            "flows": [100] * 6,
            "broken_share": [0, 0, 0, 0.01, 0.02, 0.03],
        }
    )
    sweep = poise.Sweep(plan, ("policy.kind",), table)
    means = sweep.ci("completion_p50_s")
    assert means["mean"].tolist() == [2.0, 5.0] and means["n"].tolist() == [3, 3]
    assert means["low"][0] == pytest.approx(2 - 2.4841377) and means["high"][1] == 5.0
    shares = sweep.ci("broken_share", by="policy.kind")
    assert shares["n"].tolist() == [300, 300] and shares["low"][0] == 0.0
    assert 0 < shares["high"][0] < 0.02 and shares["mean"][1] == pytest.approx(0.02)
    with pytest.raises(KeyError, match="no column 'nothing'"):
        sweep.ci("nothing")
    assert sweep.plot("policy.kind", "completion_p50_s").axes


def test_students_interval_covers_as_often_as_it_says():
    samples = np.random.default_rng(1).normal(3.0, 2.0, (4000, 5))
    covered = np.mean(
        [interval.low <= 3.0 <= interval.high for interval in map(poise.student_t, samples)]
    )
    assert covered == pytest.approx(0.95, abs=0.012)


def test_intervals_refuse_nonsense():
    for wrong in (lambda: poise.wilson(5, trials=3), lambda: poise.wilson(1, trials=3, level=1.5)):
        with pytest.raises(ValueError):
            wrong()
    assert np.isnan(poise.student_t([1.0]).low) and poise.student_t([1.0]).mean == 1.0
