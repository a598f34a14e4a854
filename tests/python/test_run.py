"""Laws of runs: repeatable, kept whole in a folder, failing in a way that can be repeated."""
import os
import signal
import subprocess
import sys
import time

import numpy as np
import poise
import pytest
from poise import tables


def test_a_run_repeats_bit_for_bit(plan, run):
    assert poise.run(plan).fingerprint == run.fingerprint


@pytest.mark.parametrize("change", ["seed", "run"])
def test_another_seed_or_run_is_another_run(plan, run, change):
    other = poise.run(plan, **{change: 99})
    assert other.fingerprint != run.fingerprint and other.manifest[change] == 99


def test_a_backends_death_breaks_flows_of_that_backend_alone(run):
    broken = run.flows[run.flows["outcome"].isin(["reset", "timeout", "stalled"])]
    assert len(broken) and set(broken["backend"]) == {"backend2"}
    assert run.summary().broken == len(broken) == run.faults["flows_broken"].sum()


def test_columns_have_the_dtypes_of_the_schema(run):
    for name, columns in tables.schema().items():
        assert dict(run.tables[name].dtypes) == columns


def test_a_saved_run_reads_back_equal(run, tmp_path):
    run.save(tmp_path)
    again = poise.Run.load(tmp_path)
    assert again.plan == run.plan and again.fingerprint == run.fingerprint
    assert tables.difference(run.tables, again.tables) == []
    assert all((again.tables[name].dtypes == run.tables[name].dtypes).all() for name in run.tables)
    assert again.verify() and again.summary() == run.summary()


def test_changed_tables_do_not_verify(run, tmp_path):
    run.save(tmp_path)
    path = tmp_path / "backends.csv"
    path.write_text(path.read_text().replace("backend1", "backendX", 1))
    changed = poise.Run.load(tmp_path)
    assert not changed.verify()
    assert tables.difference(run.tables, changed.tables)[0].startswith("backends: row 0: backend")


def test_text_with_commas_quotes_and_line_breaks_survives_a_csv_file(run, tmp_path):
    odd = {name: frame.copy() for name, frame in run.tables.items()}
    odd["notices"].loc[0, "detail"] = 'a, "b"\nNA'
    tables.write(odd, tmp_path)
    assert tables.difference(odd, tables.read(tmp_path)) == []


def test_a_folder_without_a_manifest_says_so(tmp_path):
    with pytest.raises(poise.PoiseError, match="manifest.json: No such file"):
        poise.Run.load(tmp_path)


def test_the_goodput_is_the_bytes_that_arrived(run):
    seconds = float(run.plan.measures.interval_s)
    delivered = run.timeline["goodput_bps"].sum() * seconds / 8
    assert delivered == pytest.approx(run.flows["bytes"].sum(), rel=1e-9)


def test_a_world_that_is_not_built_is_named(plan):
    with pytest.raises(ValueError, match="'flow' is not built yet; worlds of this build: ns3"):
        poise.run(plan, world="flow")
    with pytest.raises(ValueError, match="'moon' is unknown"):
        poise.run(plan, world="moon")


def test_progress_goes_up_to_one(plan):
    fractions = []
    poise.run(plan, progress=fractions.append)
    assert fractions[-1] == 1.0 and fractions == sorted(fractions) and fractions[0] >= 0


def test_an_exception_of_the_progress_function_ends_the_run(plan):
    class Enough(Exception):
        pass

    def progress(fraction):
        raise Enough(fraction)

    with pytest.raises(Enough):
        poise.run(long(plan), progress=progress)


def test_a_cancelled_run_ends_within_a_second(plan):
    start = time.monotonic()
    with pytest.raises(poise.Cancelled):
        poise.run(long(plan), cancelled=lambda: time.monotonic() > start + 0.5)
    assert time.monotonic() - start < 1.5


def test_ctrl_c_ends_a_run_within_a_second(plan, tmp_path):
    script = tmp_path / "script.py"
    long(plan).save(tmp_path / "long.toml")
    script.write_text(
        "import poise, time\n"
        f"plan = poise.Plan.load({str(tmp_path / 'long.toml')!r})\n"
        "try:\n"
        "    poise.run(plan, progress=lambda fraction: print('going', flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "going\n"
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    rest = child.stdout.read()
    assert child.wait() == 0 and rest.splitlines()[-1] == "interrupted"
    assert time.monotonic() - sent < 1.0


def test_a_run_that_dies_says_how_to_repeat_it(plan):
    with pytest.raises(poise.RunError) as raised:
        poise.run(long(plan).set("seed", 5), progress=lambda fraction: kill_children())
    error = raised.value
    assert error.signal == signal.SIGKILL and error.seed == 5 and error.run == 1
    assert error.plan.seed == 5 and "repeat it with: poise run " in str(error)
    path = error.command.split()[2]
    assert poise.Plan.load(path) == error.plan and "--seed 5" in error.command


def test_this_process_outlives_the_runs_it_lost(plan, run):
    with pytest.raises(poise.RunError):
        poise.run(long(plan), progress=lambda fraction: kill_children())
    assert poise.run(plan).fingerprint == run.fingerprint


def test_captures_are_kept_with_the_run(plan, tmp_path):
    captured = poise.run(plan.replace(**{"measures.captures": ["balancer1"]}))
    assert captured.files and all(path.stat().st_size > 24 for path in captured.files.values())
    captured.save(tmp_path)
    assert set(poise.Run.load(tmp_path).files) == set(captured.files)
    assert all(path.exists() for path in poise.Run.load(tmp_path).files.values())


def long(plan):
    """The plan as something that takes many seconds of wall time."""
    return plan.replace(duration_s=600, **{"workload.stop_s": 600, "workload.rate_per_s": 200})


def kill_children():
    tasks = f"/proc/self/task/{os.getpid()}/children"
    for child in open(tasks).read().split():
        os.kill(int(child), signal.SIGKILL)


def test_the_summary_counts_what_the_tables_hold(run):
    numbers = run.summary()
    assert numbers.flows == len(run.flows) == numbers.ok + numbers.open + numbers.broken
    done = run.flows[run.flows["outcome"] == "ok"]
    seconds = (done["end_ns"] - done["start_ns"]) * 1e-9
    assert numbers.completion_p50_s == pytest.approx(np.median(seconds))
    assert numbers.longest_stall_s == pytest.approx(run.flows["longest_stall_ns"].max() * 1e-9)
    assert numbers.load_max_over_mean >= 1
