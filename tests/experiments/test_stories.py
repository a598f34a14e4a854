"""The experiments run, hold their story, and leave results."""
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(name, *arguments):
    """Runs an experiment as a user does; a failed claim is a failed run."""
    done = subprocess.run(
        [sys.executable, ROOT / "experiments" / name / "run.py", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout and "holds" in done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "name, tables, picture",
    [
        ("disruption", ["resilience", "evenness", "removal", "policies"], "disruption"),
        ("availability", ["availability"], "availability"),
        ("rto_staircase", ["staircase"], "staircase"),
        ("tcp_failover", ["stalls"], "stalls"),
    ],
)
def test_an_experiment_tells_its_story_and_leaves_tables_and_a_picture(
    name, tables, picture, tmp_path
):
    run(name, "--quick", "--out", str(tmp_path))
    for table in tables:
        assert len(pd.read_csv(tmp_path / f"{table}.csv")) > 0
    assert (tmp_path / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_one_variant_of_the_flagship_tells_its_story(tmp_path):
    """All six are what `./dev demo` runs."""
    run("failover", "--variant", "maglev", "--out", str(tmp_path))
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_a_seed_repeats_the_tables_and_another_does_not(tmp_path):
    texts = []
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        run("availability", "--quick", "--seed", seed, "--out", str(tmp_path / folder))
        texts.append((tmp_path / folder / "availability.csv").read_text())
    assert texts[0] == texts[1] != texts[2]
