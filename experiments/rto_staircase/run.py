"""Sweeps an outage over a running TCP transfer and sets the longest stall against b(2^k - 1)."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import lab
import poise
import retransmissions

HERE = Path(__file__).resolve().parent
MIN_RTO_S = 0.2
OUTAGE = "fault.0.lasts_s"
TOLERANCE = 0.01
EDGE = 0.05  # outages closer than this to a step's edge (as a share of it) fall on either side


def staircase(outage_s: float) -> float:
    """The closed form: b(2^k - 1) s for the smallest k that outlasts the outage (RFC 6298, 5.5)."""
    k = 1
    while MIN_RTO_S * (2**k - 1) < outage_s:
        k += 1
    return MIN_RTO_S * (2**k - 1)


def is_near_an_edge(outage_s: float) -> bool:
    edges = MIN_RTO_S * (2.0 ** np.arange(1, 8) - 1)
    return bool(np.any(np.abs(outage_s / edges - 1) < EDGE))


def measure(outages_s: list[float], *, cache: Path) -> pd.DataFrame:
    """One run an outage: outage, stall, theory and their relative difference."""
    plan = poise.Plan.load(HERE / "plan.toml")
    sweep = poise.sweep(plan, {OUTAGE: outages_s}, runs=1, cache=cache, progress=True)
    table = pd.DataFrame(
        {"outage_s": sweep.table[OUTAGE], "stall_s": sweep.table["longest_stall_s"]}
    )
    table["theory_s"] = [staircase(outage) for outage in table["outage_s"]]
    table["error"] = table["stall_s"] / table["theory_s"] - 1
    return table.sort_values("outage_s", ignore_index=True)


def show(table: pd.DataFrame, console: Console) -> None:
    rows = Table(title="Longest stall against the outage", title_justify="left")
    for name in ("outage", "b(2^k - 1)", "ns-3", "difference"):
        rows.add_column(name, justify="right")
    for row in table.itertuples():
        rows.add_row(
            f"{row.outage_s:.2f} s",
            f"{row.theory_s:.2f} s",
            f"{row.stall_s:.4f} s",
            f"{row.error:+.2%}",
        )
    console.print(rows)


def draw(table: pd.DataFrame, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    outages = np.geomspace(table["outage_s"].min() * 0.9, table["outage_s"].max() * 1.1, 2000)
    axes.plot(outages, [staircase(x) for x in outages], color="#999999", linewidth=1.5)
    axes.plot(outages, outages, color="#cccccc", linestyle="--", linewidth=1)
    axes.plot(table["outage_s"], table["stall_s"], "o", color="#0072B2", markersize=5)
    axes.set(xscale="log", yscale="log", xlabel="outage (s)", ylabel="longest stall (s)")
    last = table.iloc[-1]

    def label(text: str, at: tuple[float, float], offset: tuple[int, int], color: str) -> None:
        axes.annotate(text, at, color=color, xytext=offset, textcoords="offset points")

    label("b(2$^k$ − 1), b = 0.2 s", (outages[0], staircase(outages[0])), (0, 8), "#777777")
    label("the outage itself", (outages[400], outages[400]), (6, -14), "#999999")
    label("ns-3", (last.outage_s, last.stall_s), (-28, 8), "#0072B2")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title("What an outage costs a sender: the staircase of TCP's backoff", loc="left")
    figure.savefig(path, dpi=150)


def run_in_lab(out: Path, *, quick: bool, timers: bool) -> int:
    """The same sweep on real packets, all outages at once, beside ns-3's stalls."""
    console = Console(width=110)
    outages_s = lab.OUTAGES_QUICK_S if quick else lab.OUTAGES_S
    table, expiries = lab.measure(outages_s, captures=timers)
    table.to_csv(out / "staircase_lab.csv", index=False)
    lab.show(table, console)
    if timers:
        expiries.to_csv(out / "retransmissions.csv", index=False)
        retransmissions.show(expiries, console)
    holds = lab.judge(table, console)
    console.print(f"Table   {out}/staircase_lab.csv", highlight=False)
    return 0 if holds else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/rto_staircase"))
    parser.add_argument("--quick", action="store_true", help="a few outages instead of many")
    parser.add_argument("--world", choices=("ns3", "lab"), default="ns3")
    parser.add_argument(
        "--timers", action="store_true", help="world lab: capture, and show every retransmission"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.world == "lab":
        return run_in_lab(arguments.out, quick=arguments.quick, timers=arguments.timers)

    outages_s = [0.4, 1.0, 2.2, 6.5] if arguments.quick else [
        round(float(x), 3) for x in np.geomspace(0.25, 11, 34) if not is_near_an_edge(float(x))
    ]
    console = Console()
    table = measure(outages_s, cache=arguments.out / "cache")
    table.to_csv(arguments.out / "staircase.csv", index=False)
    draw(table, arguments.out / "staircase.png")
    show(table, console)
    worst = float(table["error"].abs().max())
    holds = worst <= TOLERANCE
    verdict = "holds" if holds else "FAILS"
    console.print(f"Worst difference {worst:.2%}; allowed {TOLERANCE:.0%}: {verdict}")
    console.print(f"Table   {arguments.out}/staircase.csv", highlight=False)
    console.print(f"Picture {arguments.out}/staircase.png", highlight=False)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
