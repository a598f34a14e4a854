"""Runs the disruption experiment: the Maglev paper's Figs. 11 and 12, and what follows."""
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
MEASURES = {
    "resilience": measure.resilience,
    "evenness": measure.evenness,
    "removal": measure.removal,
    "policies": measure.policies,
}


def shown(title: str, frame: pd.DataFrame) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in frame.columns:
        table.add_column(column.replace("_", " "), justify="left" if column == "kind" else "right")
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    results = Path("results/disruption")
    parser.add_argument("--out", type=Path, default=results, help="folder for results")
    parser.add_argument("--quick", action="store_true", help="fewer repeats: wider intervals")
    parser.add_argument("--seed", type=int, help="instead of the parameters'")
    arguments = parser.parse_args()
    parameters = tomllib.loads((HERE / "parameters.toml").read_text())
    if arguments.seed is not None:
        parameters["seed"] = arguments.seed

    console = Console()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tables = {}
    for name, function in MEASURES.items():
        with console.status(f"{name} ..."):
            tables[name] = function(parameters, arguments.quick)
        tables[name].to_csv(arguments.out / f"{name}.csv", index=False)
        console.print(shown(function.__doc__, tables[name]))
    picture.draw(tables, parameters["backends"], arguments.out / "disruption.png")

    failed = 0
    console.print("\nThe story:")
    for check in story.checks(parameters, tables, arguments.quick):
        failed += not check.holds
        mark = "[green]holds[/green]" if check.holds else "[red]FAILS[/red]"
        console.print(f"  {mark}  {check.claim} ({check.measured})", highlight=False)
    console.print(f"\nTables  {arguments.out}/*.csv", highlight=False)
    console.print(f"Picture {arguments.out}/disruption.png", highlight=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
