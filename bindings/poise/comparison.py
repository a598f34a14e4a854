"""Comparisons: every variant of a plan on the same flows, side by side."""
from __future__ import annotations

import hashlib
import re
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

import pandas as pd
from rich.console import Group

from poise import show
from poise.errors import PoiseError
from poise.manifest import FORMAT, read_manifest, write_json
from poise.plan import PathLike, Plan
from poise.pool import Job, run_all
from poise.progress import Progress
from poise.runs import Policies, Run, versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison:
    """The runs of a plan's variants, by name and in the plan's order."""

    plan: Plan
    runs: dict[str, Run]

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits over the names and fingerprints of all runs."""
        text = "".join(f"{name}\0{run.fingerprint}\n" for name, run in self.runs.items())
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a variant: its summary and its fingerprint."""
        return pd.DataFrame(
            [
                {"variant": name, **run.summary().as_dict(), "fingerprint": run.fingerprint}
                for name, run in self.runs.items()
            ]
        )

    @property
    def faults(self) -> pd.DataFrame:
        """One row a variant and fault: what it met, moved and broke."""
        return pd.concat(
            [run.faults.assign(variant=name) for name, run in self.runs.items()], ignore_index=True
        )

    def table(self) -> Group:
        """The comparison for people: print it with rich."""
        return show.comparison_table(self.runs, title=self.plan.title)

    def plot(self, path: Optional[PathLike] = None) -> Figure:
        """The timelines of all variants under each other; written to `path` if given."""
        from poise.plot import timeline

        return timeline(self.runs, title=self.plan.title, path=path)

    def save(self, folder: PathLike) -> Path:
        """Writes a folder a variant, summary.csv, faults.csv, timeline.png, plan and manifest."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        folders = {name: _folder_name(name) for name in self.runs}
        for name, run in self.runs.items():
            run.save(folder / folders[name])
        self.frame.to_csv(folder / "summary.csv", index=False, lineterminator="\n")
        self.faults.to_csv(folder / "faults.csv", index=False, lineterminator="\n")
        self.plot(folder / "timeline.png")
        self.plan.save(folder / "plan.toml")
        write_json(folder / "manifest.json", self._manifest(folders))
        return folder

    def _manifest(self, folders: dict[str, str]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kind": "comparison",
            "title": self.plan.title,
            "fingerprint": self.fingerprint,
            "runs": folders,
            "versions": versions(),
            "custom_policies": list(self.plan.custom_policies),
            "plan": self.plan.to_toml(),
        }

    @classmethod
    def load(cls, folder: PathLike) -> Comparison:
        """A comparison that was saved. Raises PoiseError when the folder holds none."""
        folder = Path(folder)
        manifest = read_manifest(folder, kind="comparison")
        plan = Plan.parse(
            manifest["plan"],
            name=str(folder / "manifest.json"),
            custom_policies=manifest["custom_policies"],
        )
        runs = {name: Run.load(folder / place) for name, place in manifest["runs"].items()}
        return cls(plan, runs)


def compare(
    plan: Plan,
    *,
    variants: Optional[Sequence[str]] = None,
    world: str = "ns3",
    executor: Optional[Executor] = None,
    progress: Progress = None,
    cache: Optional[PathLike] = None,
    policies: Optional[Policies] = None,
) -> Comparison:
    """Runs all variants of a plan (or those named), in parallel, on the same flows.

    A plan without variants is compared with nothing: one run, named by its policy. executor: any
    concurrent.futures.Executor; this machine's cores unless told. Raises what `poise.run` raises.
    """
    plans = plan.variants or {plan.policy.kind: plan}
    if variants is not None:
        for name in variants:
            if name not in plans:
                raise PoiseError(f"no variant {name!r}; there are: {', '.join(plans)}")
        plans = {name: plans[name] for name in variants}
    jobs = {name: Job(variant, world, policies, cache) for name, variant in plans.items()}
    title = plan.title or "comparison"
    return Comparison(plan, run_all(jobs, executor=executor, progress=progress, title=title))


def _folder_name(variant: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", variant).strip("._") or "variant"
