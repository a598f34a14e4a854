"""Runs one program of benchmarks: of Google Benchmark, or a script that prints what it measured."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
TIMEOUT_S = 600


def escape(name):
    """`name` as a regular expression of Google Benchmark."""
    return "".join("\\" + c if c in r".^$*+?()[]{}|\\" else c for c in name)


def medians(samples):
    return {what: median(values) for what, values in samples.items()}


def measure(build, program, names, repetitions):
    """{benchmark: {"turn": ns, "item": ns, counter: value}}: the medians of the repetitions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        if program.endswith(".py"):
            found = of_script(build, program, repetitions, out)
        else:
            found = of_google_benchmark(build, program, names, repetitions, out)
    missing = names - set(found)
    if missing:
        sys.exit(f"{program} measured nothing for {sorted(missing)}")
    return found


def of_script(build, script, repetitions, out):
    """A script writes {benchmark: {what: [a value a repetition]}}."""
    command = [sys.executable, HERE / script, "--build", build, "--out", out]
    command += ["--repetitions", str(repetitions)]
    subprocess.run(list(map(str, command)), check=True, timeout=TIMEOUT_S)
    return {name: medians(samples) for name, samples in json.loads(out.read_text()).items()}


def of_google_benchmark(build, program, names, repetitions, out):
    pattern = "^(" + "|".join(escape(name) for name in sorted(names)) + ")$"
    command = [build / "tests" / "speed" / program, f"--benchmark_filter={pattern}"]
    command += [f"--benchmark_repetitions={repetitions}", f"--benchmark_out={out}"]
    command += ["--benchmark_out_format=json", "--benchmark_enable_random_interleaving=true"]
    quiet = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet, timeout=TIMEOUT_S)
    samples = defaultdict(lambda: defaultdict(list))
    for line in json.loads(out.read_text())["benchmarks"]:
        if line["run_type"] != "iteration" or line.get("error_occurred"):
            continue
        taken = samples[line["run_name"]]
        # What runs in children, or waits, measures its time itself, as "manual time".
        manual = line["run_name"].endswith("/manual_time")
        taken["turn"].append(line["real_time" if manual else "cpu_time"] * NS[line["time_unit"]])
        taken["item"].append(1e9 / line.get("items_per_second", 1e9))
        for counter, value in line.items():
            if counter.endswith("_ns"):
                taken[counter].append(value)
    return {name: medians(taken) for name, taken in samples.items()}
