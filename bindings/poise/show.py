"""Runs and comparisons as tables for people, printed with rich."""
from __future__ import annotations

import math
from typing import Mapping, Optional

from rich.table import Table
from rich.text import Text

from poise.runs import Run

CAUSES = {
    "broken_backend_died": "backend died",
    "broken_moved": "moved away",
    "broken_unreachable": "no way there",
    "broken_unexplained": "by no fault",
}
VERBS = {
    "crash": "crashes",
    "restart": "restarts",
    "pause": "pauses",
    "resume": "resumes",
    "drain": "drains",
    "deregister": "leaves",
    "join": "joins",
    "link_down": "goes down",
    "link_up": "comes up",
    "slow": "gets slow",
    "lossy": "loses packets",
    "partition": "is cut off",
    "heal": "is reachable again",
}


def seconds(value: float) -> str:
    """A time at a readable scale: 12.3 ms, 1.40 s."""
    if math.isnan(value):
        return "-"
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.2f} s"


def rate(bits_per_second: float) -> str:
    """A rate at a readable scale: 12.3 Mbit/s."""
    if math.isnan(bits_per_second):
        return "-"
    for unit, scale in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bits_per_second >= scale:
            return f"{bits_per_second / scale:.3g} {unit}"
    return f"{bits_per_second:.0f} bit/s"


def count(value: int) -> str:
    return f"{value:,}"


def fault_sentence(kind: str, target: str) -> str:
    """What happens, in words: backend3 crashes."""
    return f"{target} {VERBS.get(kind, kind)}"


def run_table(run: Run) -> Table:
    """One run: its summary, a line a number."""
    numbers = run.summary()
    table = Table(title=run.plan.title or None, title_justify="left", show_header=False, box=None)
    table.add_column(style="dim")
    table.add_column()
    why = ", ".join(
        f"{count(getattr(numbers, name))} {text}"
        for name, text in CAUSES.items()
        if getattr(numbers, name)
    )
    rows = {
        "policy": run.plan.policy.kind,
        "seed, run": f"{run.plan.seed}, {run.plan.run}",
        "flows": f"{count(numbers.flows)} ({count(numbers.open)} still open at the end)",
        "broken": count(numbers.broken) + (f" ({why})" if why else ""),
        "moved": count(numbers.moved),
        "completion p50": seconds(numbers.completion_p50_s),
        "completion p99": seconds(numbers.completion_p99_s),
        "longest stall": seconds(numbers.longest_stall_s),
        "load max/mean": _ratio(numbers.load_max_over_mean),
        "goodput": rate(numbers.goodput_bps),
        "wall time": seconds(run.wall_s),
        "fingerprint": run.fingerprint,
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def faults_table(run: Run) -> Optional[Table]:
    """A line a fault: what it met, moved and broke. None when there was none."""
    if run.faults.empty:
        return None
    table = Table(title="Faults", title_justify="left")
    for name in ("at", "what", "flows live", "on it", "seen after", "moved", "broken", "why"):
        table.add_column(name, justify="left" if name in ("what", "why") else "right")
    for row in run.faults.itertuples():
        why = ", ".join(
            f"{getattr(row, name)} {text}" for name, text in CAUSES.items() if getattr(row, name)
        )
        table.add_row(
            f"{row.at_ns * 1e-9:.2f} s",
            fault_sentence(row.kind, row.target),
            count(row.flows_live),
            count(row.flows_on_target),
            count(row.flows_seen_after),
            count(row.flows_moved),
            count(row.flows_broken),
            why,
        )
    return table


def comparison_table(runs: Mapping[str, Run], *, title: str = "") -> Table:
    """Runs side by side: a line a variant, a column a fault with what it broke and moved."""
    table = Table(title=title or None, title_justify="left", show_lines=True)
    first = next(iter(runs.values()))
    table.add_column("policy", no_wrap=True)
    table.add_column("flows", justify="right")
    for row in first.faults.itertuples():
        heading = f"{row.at_ns * 1e-9:g} s\n{row.target}\n{VERBS.get(row.kind, row.kind)}"
        table.add_column(heading, justify="left")
    for name in ("moved", "p50", "p99", "longest\nstall", "load\nmax/mean"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, run in runs.items():
        numbers = run.summary()
        table.add_row(
            name,
            count(numbers.flows),
            *(_broken_by(row) for row in run.faults.itertuples()),
            count(numbers.moved),
            seconds(numbers.completion_p50_s),
            seconds(numbers.completion_p99_s),
            seconds(numbers.longest_stall_s),
            _ratio(numbers.load_max_over_mean),
        )
    return table


def _broken_by(row: object) -> Text:
    broken, moved, seen = (
        getattr(row, f"flows_{name}") for name in ("broken", "moved", "seen_after")
    )
    lines = [
        Text(f"{broken} broken", style="bold red") if broken else Text("none broken", style="green")
    ]
    for name, text in CAUSES.items():
        if getattr(row, name):
            lines.append(Text(f"  {getattr(row, name)} {text}"))
    lines.append(Text(f"{moved} of {seen} moved", style="" if moved else "dim"))
    return Text("\n").join(lines)


def _ratio(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
