"""The command `poise`: run, compare, agree, check, show, repro, replay, schema, version."""
from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any, List, Optional

import typer
from rich.console import Console

import poise
from poise import show
from poise.manifest import read_manifest

app = typer.Typer(
    name="poise",
    help="Runs plans of failing load balancers, and tells what the clients saw.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# A file or a pipe has no width: a table there is as wide as the widest of ours.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 132)
err = Console(stderr=True, highlight=False)

PLAN = typer.Argument(..., help="A plan (TOML).", metavar="PLAN")
SET = typer.Option(
    [], "--set", help="Change a key: --set policy.kind=ring. May be repeated.", metavar="KEY=VALUE"
)
SEED = typer.Option(None, help="Replaces the plan's seed.")
RUN = typer.Option(None, help="Replaces the plan's run: the number of the replication.")
WORLD = typer.Option(
    "ns3",
    help="Where it runs: ns3 (simulated), lab (real, as root), emu (real hosts, ns-3 between).",
)
CACHE = typer.Option(
    None, help="A folder that keeps finished runs; what is there is not run again.", metavar="DIR"
)


@app.command("run")
def run_(
    plan: Path = PLAN,
    variant: Optional[str] = typer.Option(None, help="A variant of the plan, by its name."),
    seed: Optional[int] = SEED,
    run: Optional[int] = RUN,
    set_: List[str] = SET,
    world: str = WORLD,
    out_: Optional[Path] = typer.Option(
        None, "--out", help="The folder to write to (results/NAME unless told).", metavar="DIR"
    ),
    cache: Optional[Path] = CACHE,
) -> None:
    """Run a plan; print what happened, and write its tables and picture to a folder."""
    chosen = _changed(poise.Plan.load(plan), seed, run, set_)
    if variant is not None:
        chosen = chosen.variant(variant)
    result = poise.run(chosen, world=world, progress=_bar(), cache=cache)
    out.print(show.run_table(result))
    faults = show.faults_table(result)
    if faults is not None:
        out.print(faults)
    stem = "-".join(filter(None, (plan.stem, variant, f"seed{chosen.seed}", f"run{chosen.run}")))
    folder = result.save(out_ or Path("results") / stem)
    result.plot(folder / "timeline.png")
    out.print(f"tables, manifest and timeline.png are in {folder}/")


@app.command()
def compare(
    plan: Path = PLAN,
    variant: List[str] = typer.Option([], help="Only this variant. May be repeated."),
    seed: Optional[int] = SEED,
    run: Optional[int] = RUN,
    set_: List[str] = SET,
    world: str = WORLD,
    out_: Optional[Path] = typer.Option(
        None, "--out", help="The folder to write to (results/NAME unless told).", metavar="DIR"
    ),
    cache: Optional[Path] = CACHE,
) -> None:
    """Run all variants of a plan on the same flows, side by side."""
    chosen = _changed(poise.Plan.load(plan), seed, run, set_)
    result = poise.compare(
        chosen, variants=variant or None, world=world, progress=_bar(), cache=cache
    )
    out.print(result.table())
    folder = result.save(out_ or Path("results") / f"{plan.stem}-seed{chosen.seed}-run{chosen.run}")
    out.print(f"tables, manifest and timeline.png are in {folder}/")
    out.print(f"fingerprint {result.fingerprint}")


@app.command()
def agree(
    plan: Path = PLAN,
    worlds: List[str] = typer.Argument(..., help="Two of ns3, lab, emu.", metavar="WORLD WORLD"),
    variant: Optional[str] = typer.Option(None, help="A variant of the plan, by its name."),
    seed: Optional[int] = SEED,
    run: Optional[int] = RUN,
    set_: List[str] = SET,
    out_: Optional[Path] = typer.Option(
        None, "--out", help="The folder to write to (results/NAME unless told).", metavar="DIR"
    ),
) -> None:
    """Run a plan in two worlds and compare: every flow's backend, outcomes, stalls.

    Exit code 1 when they do not agree. A flow whose first packet met another membership in the two
    worlds is listed with what each knew, and counted by itself.
    """
    chosen = _changed(poise.Plan.load(plan), seed, run, set_)
    if variant is not None:
        chosen = chosen.variant(variant)
    result = poise.agree(chosen, *worlds, progress=_bar())
    out.print(result.table())
    name = "-".join(filter(None, (plan.stem, variant, *worlds, f"seed{chosen.seed}")))
    folder = result.save(out_ or Path("results") / name)
    out.print(f"both runs, flows.csv, stalls.csv and agreement.png are in {folder}/")
    raise typer.Exit(0 if result.holds else 1)


@app.command()
def check(plans: List[Path] = typer.Argument(..., help="Plans (TOML).", metavar="PLAN...")) -> None:
    """Check plans without running them: a clear line for each that is broken, and exit code 1."""
    broken = False
    for path in plans:
        try:
            plan = poise.Plan.load(path)
        except poise.PlanError as error:
            broken = True
            _line(str(error))
            continue
        graph = plan.graph
        _line(f"{path}: ok: {repr(graph)[len('<poise.Topology '):-1]}, {len(plan.events)} faults, "
              f"{len(plan.variants)} variants")  # fmt: skip
        for warning in plan.warnings():
            _line(f"{path}: warning: {warning}")
    raise typer.Exit(1 if broken else 0)


@app.command("show")
def show_(
    folder: Path = typer.Argument(..., help="The folder of a finished run or comparison.")
) -> None:
    """Show a finished run or comparison."""
    manifest = read_manifest(folder)
    if manifest["kind"] == "comparison":
        comparison = poise.Comparison.load(folder)
        out.print(comparison.table())
        out.print(f"fingerprint {comparison.fingerprint}")
        return
    run = poise.Run.load(folder)
    out.print(show.run_table(run))
    faults = show.faults_table(run)
    if faults is not None:
        out.print(faults)
    if not run.verify():
        err.print(
            f"{folder}: its tables were changed: they do not give the fingerprint of the manifest"
        )
        raise typer.Exit(1)


@app.command()
def repro(
    manifest: Path = typer.Argument(
        ..., help="A manifest.json, or the folder of a run or comparison."
    )
) -> None:
    """Repeat a run, or every run of a comparison, and compare fingerprints: exit 1 if unequal."""
    results = poise.repro(manifest, progress=_bar())
    for result in results:
        verdict = "equal" if result.equal else f"DIFFERENT, was {result.expected}"
        _line(f"{result.name}: {result.got} {verdict}")
        for line in result.differences:
            _line(f"    {line}")
    equal = sum(result.equal for result in results)
    _line(f"{equal} of {len(results)} runs gave the same fingerprint")
    raise typer.Exit(0 if equal == len(results) else 1)


@app.command()
def replay(
    path: Path = typer.Argument(
        ..., help="A daemon's record, or a folder: every *.record below it.", metavar="RECORD"
    ),
    settings: Optional[Path] = typer.Option(
        None, help="The daemon's settings; RECORD.toml unless told.", metavar="FILE"
    ),
) -> None:
    """Feed records of real daemons to the same machines offline: exit 1 unless byte-identical."""
    results = poise.replay(path, settings=settings)
    for result in results:
        _line(f"{result.record}: {result.machine}: {result.sentence}")
    identical = sum(result.identical for result in results)
    packets = sum(result.packets for result in results)
    _line(f"{identical} of {len(results)} records identical, {packets:,} packets")
    raise typer.Exit(0 if identical == len(results) else 1)


@app.command()
def schema() -> None:
    """Every key of a plan: type, unit, default, allowed values, meaning (Markdown)."""
    _line(poise.schema().rstrip())


@app.command()
def version() -> None:
    """What this build is made of."""
    from poise import _build

    for name, text in {**poise.versions(), "source": _build.SOURCE_HASH}.items():
        _line(f"{name} {text}")


def _changed(
    plan: poise.Plan, seed: Optional[int], run: Optional[int], changes: List[str]
) -> poise.Plan:
    values: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise poise.PlanError(
                f"--set {change}: write KEY=VALUE, such as --set policy.kind=ring"
            )
        values[key.strip()] = _value(text.strip())
    if seed is not None:
        values["seed"] = seed
    if run is not None:
        values["run"] = run
    return plan.replace(**values)


def _value(text: str) -> Any:
    """A value as TOML writes it, or a bare word as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _bar() -> bool:
    return err.is_terminal


def _line(text: str) -> None:
    """One line as it is: never folded to the terminal's width, never taken for markup."""
    typer.echo(text)


def main() -> None:
    """Runs the command; what Poise raises on purpose becomes one line on standard error."""
    try:
        app()
    except (poise.PoiseError, ValueError) as error:
        typer.echo(f"poise: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("poise: interrupted", err=True)
        sys.exit(130)
