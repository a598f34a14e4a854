"""Runs the availability experiment: the Markov chain of an N-of-M service against simulation."""
from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

import measure
import picture
import story

HERE = Path(__file__).resolve().parent


def shown(frame: pd.DataFrame) -> Table:
    title = "Chain and simulation (95 % intervals)"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("service", "detection", "crews"):
        table.add_column(name)
    for share in ("down", "lost"):
        table.add_column(f"{share}: chain", justify="right")
        table.add_column(f"{share}: simulated", justify="right")
    for name in ("outages/year", "first outage"):
        table.add_column(name, justify="right")
    part = None
    for row in frame.itertuples():
        if part not in (None, row.part):
            table.add_section()
        part = row.part
        table.add_row(
            f"{row.needed} of {row.servers}",
            f"{row.detection_s:g} s {row.law}",
            str(row.repair_crews or "all"),
            f"{1 - row.availability_chain:.3e}",
            _interval(1 - row.availability_seen, 1 - row.availability_high, row.availability_holds)
            if row.availability_holds == row.availability_holds
            else "[dim]too rare[/dim]",
            f"{row.lost_requests_chain:.3e}",
            _interval(row.lost_requests_seen, row.lost_requests_low, row.lost_requests_holds),
            f"{row.outages_per_year_chain:.3g}",
            f"{row.time_to_first_outage_s_chain / 86400:,.0f} d",
        )
    return table


def _interval(mean: float, low: float, holds: bool) -> str:
    text = f"{mean:.3e} ± {mean - low:.0e}"
    return text if holds else f"[yellow]{text}[/yellow]"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    results = Path("results/availability")
    parser.add_argument("--out", type=Path, default=results, help="folder for results")
    parser.add_argument("--quick", action="store_true", help="shorter simulations: wider intervals")
    parser.add_argument("--seed", type=int, help="instead of the parameters'")
    arguments = parser.parse_args()
    parameters = tomllib.loads((HERE / "parameters.toml").read_text())
    if arguments.seed is not None:
        parameters["seed"] = arguments.seed

    console = Console()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with console.status("simulating ..."):
        table = measure.measure(parameters, arguments.quick)
    table.to_csv(arguments.out / "availability.csv", index=False)
    console.print(shown(table))
    picture.draw(table, arguments.out / "availability.png")

    failed = 0
    console.print("\nThe story:")
    for check in story.checks(table):
        failed += not check.holds
        mark = "[green]holds[/green]" if check.holds else "[red]FAILS[/red]"
        console.print(f"  {mark}  {check.claim} ({check.measured})", highlight=False)
    console.print(f"\nTable   {arguments.out}/availability.csv", highlight=False)
    console.print(f"Picture {arguments.out}/availability.png", highlight=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
