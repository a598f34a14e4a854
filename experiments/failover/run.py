"""Runs the failover experiment: all variants on the same flows, a table, a picture, the story."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

import poise
from story import checks

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/failover"), help="folder")
    parser.add_argument("--seed", type=int, help="instead of the plan's")
    parser.add_argument("--variant", action="append", help="only these; may be repeated")
    arguments = parser.parse_args()

    plan = poise.Plan.load(HERE / "plan.toml")
    if arguments.seed is not None:
        plan = plan.set("seed", arguments.seed)
    console = Console()
    comparison = poise.compare(plan, variants=arguments.variant, progress=True)
    folder = comparison.save(arguments.out)
    console.print(comparison.table())

    failed = 0
    console.print("\nThe story:")
    for check in checks(comparison):
        failed += not check.holds
        mark = "[green]holds[/green]" if check.holds else "[red]FAILS[/red]"
        console.print(f"  {mark}  {check.variant}: {check.claim}", highlight=False)
        console.print(f"         {check.measured}", style="dim", highlight=False)

    console.print(f"\nTables      {folder}/*/*.csv", highlight=False)
    console.print(f"Picture     {folder}/timeline.png", highlight=False)
    console.print(f"Fingerprint {comparison.fingerprint}", highlight=False)
    console.print(f"Repeat it   ./dev poise repro {folder}", highlight=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
