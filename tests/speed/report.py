"""Runs the benchmarks and prints every figure beside its floor and its target, in one table."""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

HERE = Path(__file__).resolve().parent
NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def escape(name):
    """`name` as a regular expression of Google Benchmark."""
    return "".join("\\" + c if c in r".^$*+?()[]{}|\\" else c for c in name)


def measure(build, program, names, repetitions):
    """{benchmark: (ns a turn, ns an item)}: the medians of the repetitions."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        pattern = "^(" + "|".join(escape(name) for name in sorted(names)) + ")$"
        command = [build / "tests" / "speed" / program, f"--benchmark_filter={pattern}"]
        command += [f"--benchmark_repetitions={repetitions}", f"--benchmark_out={out.name}"]
        command += ["--benchmark_out_format=json", "--benchmark_enable_random_interleaving=true"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        turns, items = defaultdict(list), defaultdict(list)
        for row in json.load(open(out.name))["benchmarks"]:
            if row["run_type"] == "iteration" and not row.get("error_occurred"):
                # What runs in children measures their CPU time itself, as "manual time".
                manual = row["run_name"].endswith("/manual_time")
                time = row["real_time" if manual else "cpu_time"]
                turns[row["run_name"]].append(time * NS[row["time_unit"]])
                items[row["run_name"]].append(1e9 / row.get("items_per_second", 1e9))
    found = {name: (median(turns[name]), median(items[name])) for name in turns}
    missing = names - set(found)
    if missing:
        sys.exit(f"{program} measured nothing for {sorted(missing)}")
    return found


def value(found, figure, key):
    """A figure's measured or floor value in its unit; None where it has no floor."""
    if key not in figure:
        return None
    turn, item = found[figure[key]]
    return (item if figure.get("per") == "item" else turn) / NS[figure["unit"]]


def judge(figure, measured, floor):
    """(target as text, met)."""
    targets, met = [], True
    if "most" in figure:
        targets.append(f"<= {figure['most']:g} {figure['unit']}")
        met &= measured <= figure["most"]
    if "ratio_most" in figure:
        targets.append(f"<= {figure['ratio_most']:g} x floor")
        met &= measured <= figure["ratio_most"] * floor
    return ", ".join(targets), met if targets else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/fast"))
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()

    figures = tomllib.loads((HERE / "figures.toml").read_text())["figure"]
    programs = {}
    for figure in figures:
        names = programs.setdefault(figure["program"], set())
        names.update(figure[key] for key in ("measured", "floor") if key in figure)
    found = {}
    for program in track(sorted(programs), description="measuring", transient=True):
        found[program] = measure(options.build, program, programs[program], options.repetitions)

    table = Table()
    for title in ("figure", "measured", "floor", "ratio", "target", ""):
        table.add_column(title, justify="left" if title in ("figure", "target", "") else "right")
    missed = 0
    for figure in figures:
        measured = value(found[figure["program"]], figure, "measured")
        floor = value(found[figure["program"]], figure, "floor")
        target, met = judge(figure, measured, floor)
        missed += met is False
        table.add_row(
            figure["name"],
            f"{measured:.2f} {figure['unit']}",
            f"{floor:.2f} {figure['unit']}" if floor else "",
            f"{measured / floor:.2f}" if floor else "",
            target,
            {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[met],
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
