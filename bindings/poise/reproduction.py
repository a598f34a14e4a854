"""Repeating a run or a comparison from its manifest: the same bits, or what differs."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

from poise import _build, tables
from poise.errors import PoiseError
from poise.manifest import read_manifest
from poise.plan import PathLike, Plan
from poise.pool import Job, run_all
from poise.progress import Progress
from poise.runs import REAL_WORLDS, Policies, Run, versions


@dataclass(frozen=True)
class Reproduction:
    """One repeated run: its fingerprint then and now, and what differs if anything does."""

    name: str
    expected: str
    got: str
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        return self.expected == self.got


def repro(
    path: PathLike, *, progress: Progress = None, policies: Optional[Policies] = None
) -> list[Reproduction]:
    """Repeats the run, or every run of the comparison, whose folder or manifest `path` is.

    Raises PoiseError when there is no manifest, when a run used a policy written in Python that is
    not in `policies`, or when it ran in real time, where nothing repeats bit by bit.
    """
    path = Path(path)
    manifests = _manifests(path)
    jobs = {}
    for name, (_, manifest) in manifests.items():
        if manifest["world"] in REAL_WORLDS:
            raise PoiseError(
                f"{name}: ran in the world {manifest['world']!r}, on real packets in real time: "
                "no two runs there give the same fingerprint; run the plan again and compare what "
                "happened"
            )
        plan = Plan.parse(
            manifest["plan"], name=str(path), custom_policies=manifest["custom_policies"]
        )
        if plan.policy.kind in plan.custom_policies and plan.policy.kind not in (policies or {}):
            raise PoiseError(
                f"{name}: used the policy {plan.policy.kind!r} written in Python; repeat it with "
                f"poise.repro({str(path)!r}, policies={{{plan.policy.kind!r}: ...}})"
            )
        jobs[name] = Job(plan, manifest["world"], policies)
    runs = run_all(jobs, progress=progress, title=f"repeating {path}")
    return [_compared(name, *manifests[name], run) for name, run in runs.items()]


def _manifests(path: Path) -> dict[str, tuple[Path, dict[str, Any]]]:
    """The manifest of every run in a folder, with the run's own folder."""
    manifest = read_manifest(path)
    folder = path.parent if path.is_file() else path
    if manifest["kind"] == "run":
        return {manifest["title"] or folder.name: (folder, manifest)}
    return {
        name: (folder / place, read_manifest(folder / place, kind="run"))
        for name, place in manifest["runs"].items()
    }


def _compared(name: str, folder: Path, manifest: Mapping[str, Any], run: Run) -> Reproduction:
    differences: list[str] = []
    if run.fingerprint != manifest["fingerprint"]:
        differences += _environment(manifest)
        try:
            differences += tables.difference(tables.read(folder), run.tables)
        except PoiseError as error:
            differences.append(f"the tables of then cannot be read: {error}")
        if run.manifest["events"] != manifest["events"]:
            differences.append(f"events: {manifest['events']}, then {run.manifest['events']}")
    return Reproduction(name, manifest["fingerprint"], run.fingerprint, tuple(differences))


def _environment(manifest: Mapping[str, Any]) -> list[str]:
    lines = []
    if manifest["source_hash"] != _build.SOURCE_HASH:
        lines.append(f"source: {manifest['source_hash']}, now {_build.SOURCE_HASH}")
    for name, now in versions().items():
        then = manifest["versions"].get(name)
        if then != now:
            lines.append(f"{name}: {then}, now {now}")
    return lines
