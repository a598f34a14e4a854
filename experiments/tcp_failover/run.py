"""Kills the server of running transfers at many instants, under each policy, both ways."""
from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import poise

HERE = Path(__file__).resolve().parent
CRASH = "fault.0.at_s"
REPLICATED = ("output commit", "output commit, mirrored")
GOODPUT_MIN = {"ns3": 0.99, "lab": 0.95}  # with output commit, of that without replication
HEARTBEAT_S, MISSED, MIN_RTO_S = 0.005, 3, 0.2
RTT_S = 0.011  # 2 x 2 ms, and 256 KiB on their way at 300 Mbit/s


def sweep(plan: poise.Plan, grid: dict, *, world: str, cache: Path) -> pd.DataFrame:
    """Real runs do not come from a cache, and have the machine to themselves."""
    if world == "ns3":
        return poise.sweep(plan, grid, runs=1, cache=cache).table
    with ProcessPoolExecutor(max_workers=1) as executor:
        return poise.sweep(plan, grid, runs=1, world=world, executor=executor).table


def measure(plan: poise.Plan, variants: list[str], instants: list[float], **where) -> pd.DataFrame:
    """One run a variant, direction and instant: the longest stall, what broke, the goodput."""
    parts = []
    for variant in variants:
        for direction in ("download", "upload"):
            changed = plan.variant(variant).set("workload.direction", direction)
            table = sweep(changed, {CRASH: instants}, **where)
            part = table[[CRASH, "longest_stall_s", "broken", "goodput_bps"]].copy()
            part.insert(0, "direction", direction)
            part.insert(0, "variant", variant)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def calm_goodput(
    plan: poise.Plan, variant: str, direction: str, seeds: list[int], **where
) -> float:
    calm = plan.variant(variant).set("workload.direction", direction).set(CRASH, 1.99)
    return float(sweep(calm, {"seed": seeds}, **where)["goodput_bps"].mean())


def bound_s(variant: str, direction: str) -> float:
    """What the takeover promises: three heartbeats and a round trip; without a mirror an upload
    waits for its client's timeout, which is the minimum RTO and a round trip."""
    if direction == "download" or variant.endswith("mirrored"):
        return MISSED * HEARTBEAT_S + RTT_S + 0.005
    return MIN_RTO_S + 2 * RTT_S + 0.05


def show(table: pd.DataFrame, world: str, console: Console) -> bool:
    """Whether every promise was kept. Real times are shown and not judged: what the machine does
    beside is in them. That no connection breaks is promised everywhere."""
    rows = Table(title="Longest stall of two transfers when their server dies")
    for name in ("policy", "direction", "runs", "median", "longest", "promised", "broken"):
        rows.add_column(name, justify="right")
    holds = True
    for (variant, direction), part in table.groupby(["variant", "direction"], sort=False):
        stall, broken = part["longest_stall_s"], int(part["broken"].sum())
        promised = bound_s(variant, direction) if variant in REPLICATED else None
        if promised is not None:
            holds &= broken == 0 and (world != "ns3" or stall.max() <= promised)
        rows.add_row(
            variant,
            direction,
            str(len(part)),
            f"{stall.median() * 1e3:.1f} ms",
            f"{stall.max() * 1e3:.1f} ms",
            f"{promised * 1e3:.0f} ms" if promised else "",
            str(broken),
        )
    console.print(rows)
    return holds


def draw(table: pd.DataFrame, path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axis, direction in zip(axes, ("download", "upload")):
        for variant, part in table[table["direction"] == direction].groupby("variant", sort=False):
            stalls = np.sort(part["longest_stall_s"]) * 1e3
            axis.step(stalls, np.linspace(0, 1, len(stalls)), where="post", label=variant)
        axis.set(xscale="log", xlabel="longest stall, ms", title=direction)
    axes[0].set_ylabel("share of the crashes")
    axes[1].legend(fontsize="small")
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=12, help="instants of the crash (12)")
    parser.add_argument("--quick", action="store_true", help="one crash of what promises to hold")
    parser.add_argument("--out", type=Path, default=Path("results/tcp_failover"))
    parser.add_argument("--world", choices=sorted(GOODPUT_MIN), default="ns3")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    console, plan = Console(), poise.Plan.load(HERE / "plan.toml")
    quick, where = arguments.quick, {"world": arguments.world, "cache": arguments.out / "cache"}
    variants = list(REPLICATED if quick else plan.variants)
    if arguments.world == "lab" and not quick:
        variants.remove("input commit")  # which its servers do not have
    commits = [variant for variant in ("output commit", "input commit") if variant in variants]
    instants = [round(1 + 0.0137 * i, 4) for i in range(1 if quick else arguments.crashes)]
    table = measure(plan, variants, instants, **where)
    holds = show(table, arguments.world, console)
    for direction in ("download", "upload"):
        goodput = {
            variant: calm_goodput(plan, variant, direction, [1] if quick else [1, 2], **where)
            for variant in ("no replication", *commits)
        }
        for variant in commits:
            ratio = goodput[variant] / goodput["no replication"]
            console.print(f"goodput of a {direction}, {variant} over none: {ratio:.4f}")
            holds &= variant not in REPLICATED or ratio >= GOODPUT_MIN[arguments.world]
    table.to_csv(arguments.out / "stalls.csv", index=False)
    draw(table, arguments.out / "stalls.png")
    console.print(f"table and picture are in {arguments.out}/")
    console.print("every promise holds" if holds else "[red]a promise FAILS[/red]")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
