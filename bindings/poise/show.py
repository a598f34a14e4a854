"""Runs and comparisons as tables for people, printed with rich."""
from __future__ import annotations

import math
from typing import Any, Mapping, Optional

from rich.console import Group
from rich.table import Table
from rich.text import Text

from poise.runs import Run

CAUSES = {
    "broken_backend_died": "backend died",
    "broken_moved": "moved away",
    "broken_unreachable": "unreachable",
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
            f"{getattr(row, name)} {text}" for name, text in CAUSES.items() if getattr(row, name, 0)
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


def comparison_table(runs: Mapping[str, Run], *, title: str = "") -> Group:
    """Runs side by side: a line a variant with its numbers, then what each fault broke and why."""
    numbers = Table(title=title or None, title_justify="left")
    numbers.add_column("variant")
    for name in ("flows", "broken", "moved", "p50", "p99", "longest\nstall", "load\nmax/mean"):
        numbers.add_column(name, justify="right", no_wrap=True)
    for name, run in runs.items():
        summary = run.summary()
        numbers.add_row(
            name,
            count(summary.flows),
            count(summary.broken),
            count(summary.moved),
            seconds(summary.completion_p50_s),
            seconds(summary.completion_p99_s),
            seconds(summary.longest_stall_s),
            _ratio(summary.load_max_over_mean),
        )
    first = next(iter(runs.values()))
    if first.faults.empty:
        return Group(numbers)
    faults = Table(title="Broken by each fault, and why", title_justify="left", show_lines=True)
    faults.add_column("variant")
    for row in first.faults.itertuples():
        what = fault_sentence(row.kind, row.target)
        faults.add_column(f"{row.at_ns * 1e-9:g} s: {what}", ratio=1)
    unexplained = {name: run.summary().broken_unexplained for name, run in runs.items()}
    if any(unexplained.values()):
        faults.add_column("by no fault", justify="right")
    for name, run in runs.items():
        rest = [count(unexplained[name])] if any(unexplained.values()) else []
        faults.add_row(name, *(_broken_by(row) for row in run.faults.itertuples()), *rest)
    return Group(numbers, faults)


def _broken_by(row: Any) -> Text:
    lines = [Text("none", style="green")]
    if row.flows_broken:
        lines = [Text(count(row.flows_broken), style="bold red")]
        why = {text: getattr(row, name, 0) for name, text in CAUSES.items()}
        why = {text: number for text, number in why.items() if number}
        if len(why) == 1:
            lines[0].append(f" {next(iter(why))}", style="default not bold")
        else:
            lines += [Text(f"  {count(number)} {text}") for text, number in why.items()]
    if row.flows_moved:
        lines.append(Text(f"moved {count(row.flows_moved)}/{count(row.flows_seen_after)}"))
    return Text("\n").join(lines)


def _ratio(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
