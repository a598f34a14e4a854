"""Laws of the command `poise`: what it prints, where it writes, what its exit code says."""
import json
import os
import subprocess
import sys
from pathlib import Path

import poise
import pytest
from conftest import PLAN, SOURCE

PACKAGE = Path(poise.__file__).parents[1]


@pytest.fixture
def command(tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN)

    def call(*arguments, ok=True):
        done = subprocess.run(
            [sys.executable, "-m", "poise", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout if ok else done.stderr + done.stdout

    return call


def test_run_writes_a_run_that_show_and_repro_understand(command, tmp_path, run):
    printed = command("run", "plan.toml")
    folder = tmp_path / "results" / "plan-seed7-run1"
    assert run.fingerprint in printed and "results/plan-seed7-run1/" in printed
    assert poise.Run.load(folder).fingerprint == run.fingerprint
    assert (folder / "timeline.png").exists()
    assert run.fingerprint in command("show", folder)
    assert "1 of 1 runs gave the same fingerprint" in command("repro", folder)
    assert f"{run.fingerprint} equal" in command("repro", folder / "manifest.json")


def test_run_takes_changes_from_the_command_line(command, tmp_path):
    command(
        *("run", "plan.toml", "--seed", 3, "--run", 2, "--out", "there"),
        *("--set", "policy.kind=ring", "--set", "duration_s=2.5", "--set", 'title="changed"'),
    )
    plan = poise.Run.load(tmp_path / "there").plan
    assert (plan.seed, plan.run, plan.duration_s, plan.title) == (3, 2, 2.5, "changed")
    assert plan.policy.kind == "ring"


def test_run_takes_a_variant(command, tmp_path):
    command("run", "plan.toml", "--variant", "maglev", "--out", "there")
    assert poise.Run.load(tmp_path / "there").plan == poise.Plan.parse(PLAN).variants["maglev"]


def test_compare_writes_a_comparison_that_repro_repeats(command, tmp_path, comparison):
    assert comparison.fingerprint in command("compare", "plan.toml", "--out", "there")
    assert comparison.fingerprint in command("show", "there")
    assert "2 of 2 runs gave the same fingerprint" in command("repro", "there")


def test_repro_fails_when_a_run_differs(command, tmp_path, run):
    run.save(tmp_path / "there")
    manifest = json.loads((tmp_path / "there" / "manifest.json").read_text())
    manifest["plan"] = manifest["plan"].replace("seed = 7", "seed = 8")
    (tmp_path / "there" / "manifest.json").write_text(json.dumps(manifest))
    printed = command("repro", "there", ok=False)
    assert "DIFFERENT, was " + run.fingerprint in printed and "0 of 1 runs" in printed
    assert "flows: " in printed


def test_show_fails_when_tables_were_changed(command, tmp_path, run):
    run.save(tmp_path / "there")
    path = tmp_path / "there" / "flows.csv"
    path.write_text(path.read_text().replace(",ok,", ",open,", 1))
    assert "its tables were changed" in command("show", "there", ok=False)


@pytest.mark.parametrize("what", ["manifest without a plan", "no flows", "flows cut off", "kind"])
def test_a_damaged_folder_is_one_line_and_no_traceback(command, tmp_path, run, what):
    folder = run.save(tmp_path / "damaged")
    manifest = json.loads((folder / "manifest.json").read_text())
    flows = folder / "flows.csv"
    if what == "manifest without a plan":
        del manifest["plan"]
    elif what == "no flows":
        flows.unlink()
    elif what == "flows cut off":
        flows.write_bytes(flows.read_bytes()[:60])
    else:
        manifest["kind"] = "letter"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    said = command("show", folder, ok=False)
    assert said.startswith(f"poise: {folder}/") and said.count("\n") == 1, said


def test_check_says_ok_with_its_warnings(command):
    lines = command("check", "plan.toml").splitlines()
    assert lines[0].startswith("plan.toml: ok: 4 clients, 2 balancers, 4 backends, ")
    assert all(line.startswith("plan.toml: warning: ") for line in lines[1:])


def test_check_gives_a_line_for_each_broken_plan(command, tmp_path):
    for i, (old, new) in enumerate({"clients = 4": "clients = 0", '"crash"': '"crahs"'}.items()):
        (tmp_path / f"broken{i}.toml").write_text(PLAN.replace(old, new))
    lines = command("check", "broken0.toml", "plan.toml", "broken1.toml", ok=False).splitlines()
    broken = [line for line in lines if line.startswith("broken")]
    assert [line.split(":")[0] for line in broken] == ["broken0.toml", "broken1.toml"]
    assert "clients" in broken[0] and "crahs" in broken[1]


def test_check_gives_one_line_for_each_of_the_trees_broken_plans(command):
    plans = sorted(SOURCE.glob("tests/plans/broken/*.toml"))
    lines = command("check", *plans, ok=False).splitlines()
    assert len(plans) >= 10 and len(lines) == len(plans)
    assert all(line.startswith(f"{plan}:") for line, plan in zip(lines, plans))


@pytest.mark.parametrize(
    "arguments,says",
    [
        (["run", "nothing.toml"], "poise: nothing.toml: No such file or directory"),
        (["run", "plan.toml", "--set", "policy.kind"], "write KEY=VALUE"),
        (["run", "plan.toml", "--set", "policy.kind=magelv"], "magelv"),
        (["run", "plan.toml", "--world", "flow"], "'flow' is not built yet"),
        (["run", "plan.toml", "--variant", "nothing"], "hash mod N, stateless"),
        (["show", "nothing"], "poise: nothing/manifest.json: No such file"),
        (["repro", "plan.toml"], "poise: plan.toml: is not JSON"),
    ],
)
def test_what_is_wrong_is_one_line_and_no_traceback(command, arguments, says):
    printed = command(*arguments, ok=False)
    assert says in printed and "Traceback" not in printed and printed.count("\n") == 1


def test_version_names_what_the_build_is_made_of(command):
    printed = dict(line.split(" ", 1) for line in command("version").splitlines())
    assert printed["poise"] == poise.__version__ and len(printed["source"]) == 32
    assert printed["ns3"].startswith("3.") and set(printed) >= {"compiler", "python", "numpy"}


def test_schema_is_printed(command):
    assert "`kind`" in command("schema")


def test_the_flagship_plan_is_ok(command):
    assert ": ok: " in command("check", SOURCE / "experiments/failover/plan.toml")
