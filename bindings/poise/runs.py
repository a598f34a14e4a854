"""Running a plan, and what a run is afterwards: tables, a fingerprint, a folder."""
from __future__ import annotations

import platform
import shlex
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

import numpy as np
import pandas as pd

from poise import _build, _poise, tables
from poise.errors import PlanError, RunError, leave, left
from poise.manifest import FORMAT, read_manifest, write_json
from poise.plan import PathLike, Plan
from poise.policy import Policy
from poise.progress import Progress, shown
from poise.summary import Summary, summarize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Worlds that a plan can be written for, here or to come.
WORLDS = ("flow", "ns3", "emu", "lab")
#: Of them, those that run in real time on real packets: no two runs there are equal bit by bit, and
#: runs that share this machine disturb each other.
REAL_WORLDS = ("emu", "lab")
Policies = Mapping[str, Callable[[], Policy]]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run: tidy tables with units in their columns' names, and where they come from.

    Two runs of equal plan, seed, run number and source have equal fingerprints.
    """

    plan: Plan
    tables: tables.Tables = field(repr=False)
    manifest: dict[str, Any] = field(repr=False)
    files: dict[str, Path] = field(default_factory=dict, repr=False)  # captures and records
    folder: Optional[Path] = None

    @property
    def flows(self) -> pd.DataFrame:
        """One row a connection: who, when, how much, its outcome and cause, its longest stall."""
        return self.tables["flows"]

    @property
    def timeline(self) -> pd.DataFrame:
        """One row an interval: goodput_bps, flows open, started, finished, broken, moved."""
        return self.tables["timeline"]

    @property
    def faults(self) -> pd.DataFrame:
        """One row a fault: when, what, whom; flows live, on the target, moved, broken and why."""
        return self.tables["faults"]

    @property
    def notices(self) -> pd.DataFrame:
        """What the machines said: at_ns, machine, kind, subject, detail."""
        return self.tables["notices"]

    @property
    def backends(self) -> pd.DataFrame:
        """One row a backend: flows that chose it first, bytes, weight."""
        return self.tables["backends"]

    @property
    def counters(self) -> pd.DataFrame:
        """Every machine's counters and the world's: machine, name, value."""
        return self.tables["counters"]

    @property
    def digests(self) -> pd.DataFrame:
        """The hash of every machine's state at the end: machine, name, value."""
        return self.tables["digests"]

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits over all tables."""
        return str(self.manifest["fingerprint"])

    @property
    def wall_s(self) -> float:
        """Wall time that the run took; not part of the fingerprint."""
        return float(self.manifest["wall_s"])

    def summary(self) -> Summary:
        """The run in a dozen numbers."""
        return self._summary

    @cached_property
    def _summary(self) -> Summary:
        nodes = self.plan.graph.nodes
        return summarize(self.tables, spares=frozenset(nodes["name"][nodes["spare"]]))

    def verify(self) -> bool:
        """True when the tables still give the fingerprint that stands in the manifest."""
        return tables.fingerprint(self.tables, events=self.manifest["events"]) == self.fingerprint

    def plot(self, path: Optional[PathLike] = None) -> Figure:
        """Goodput and broken flows over time with the faults marked; written to `path` if given."""
        from poise.plot import timeline

        return timeline({self.plan.policy.kind: self}, title=self.plan.title, path=path)

    def save(self, folder: PathLike) -> Path:
        """Writes NAME.csv for every table, plan.toml, the captures, and manifest.json last."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        tables.write(self.tables, folder)
        self.plan.save(folder / "plan.toml")
        for name, path in self.files.items():
            if path.resolve() != (folder / "files" / name).resolve():
                (folder / "files").mkdir(exist_ok=True)
                shutil.copyfile(path, folder / "files" / name)
        manifest = {
            **self.manifest,
            "summary": self.summary().as_dict(),
            "files": sorted(self.files),
        }
        write_json(folder / "manifest.json", manifest)
        return folder

    @classmethod
    def load(cls, folder: PathLike) -> Run:
        """A run that was saved. Raises PoiseError when the folder holds none."""
        folder = Path(folder)
        manifest = read_manifest(folder, kind="run")
        plan = Plan.parse(
            manifest["plan"],
            name=str(folder / "manifest.json"),
            custom_policies=manifest["custom_policies"],
        )
        files = {name: folder / "files" / name for name in manifest.get("files", [])}
        return cls(plan, tables.read(folder), manifest, files, folder)

    def __repr__(self) -> str:
        numbers = self.summary()
        return (
            f"<poise.Run {self.plan.title!r} seed={self.plan.seed} run={self.plan.run}: "
            f"{numbers.flows} flows, {numbers.broken} broken, fingerprint {self.fingerprint}>"
        )


def run(
    plan: Plan,
    *,
    seed: Optional[int] = None,
    run: Optional[int] = None,
    world: str = "ns3",
    progress: Progress = None,
    policies: Optional[Policies] = None,
    cache: Optional[PathLike] = None,
    files_folder: Optional[PathLike] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> Run:
    """Runs a plan in a world and waits for it; Ctrl-C ends it within a second.

    The run is a freshly forked child process: whatever happens there, this process lives.

    seed, run: replace the plan's. world: "ns3", or "lab": real packets between network
    namespaces, in real time, as root; nothing of it is left afterwards; or "emu": the same
    hosts, with the plan's network between them in ns-3, in real time. progress: True for a bar
    on the terminal, or a function of the fraction 0..1. policies: {kind: class}, policies
    written in Python (`poise.Policy`), for a plan whose `policy.kind` is one of them (not in
    real worlds). cache: a folder that keeps runs by what determines them; a run found there is
    not run again. files_folder: where captures and records go (a temporary one unless told).
    cancelled: asked ten times a second.

    Raises RunError (with plan, seed, run and the command that repeats it) when the run fails,
    ValueError for a world that is not there or that cannot do what is asked, PlanError when the
    plan's policy is not in `policies`, Cancelled when `cancelled` said so, and whatever a policy of
    yours raised.
    """
    changes: dict[str, Any] = {
        key: value for key, value in (("seed", seed), ("run", run)) if value is not None
    }
    if changes:
        plan = plan.replace(**changes)
    _check(plan, world, policies or {})
    if cache is not None and world in REAL_WORLDS:
        raise ValueError(f"a run in the world {world!r} is not determined by its plan: no cache")
    if cache is not None:
        from poise.cache import Cache

        store = Cache(cache)
        found = store.find(plan, world=world, policies=policies)
        if found is None:
            found = _run(plan, world, progress, policies or {}, files_folder, cancelled)
            store.keep(found, policies=policies)
        return found
    return _run(plan, world, progress, policies or {}, files_folder, cancelled)


def _run(
    plan: Plan,
    world: str,
    progress: Progress,
    policies: Policies,
    files_folder: Optional[PathLike],
    cancelled: Optional[Callable[[], bool]],
) -> Run:
    if files_folder is None and (plan.measures.captures or plan.measures.records):
        files_folder = tempfile.mkdtemp(prefix="poise-")
    with shown(progress, plan.title or "run") as report, tempfile.TemporaryFile() as last_words:
        try:
            if world in REAL_WORLDS:
                run_there = _poise.run_emu if world == "emu" else _poise.run_lab
                result = run_there(
                    plan._core,
                    progress=report,
                    cancelled=cancelled,
                    daemon=daemon_program(),
                    files_folder=str(files_folder or ""),
                )
            else:
                result = _poise.run_ns3(
                    plan._core,
                    progress=report,
                    cancelled=cancelled,
                    policies=dict(policies),
                    leave=partial(leave, last_words),
                    files_folder=str(files_folder or ""),
                )
        except RunError as error:
            policy_error = left(last_words)
            if policy_error is not None:
                raise policy_error from None
            error.plan, error.command = plan, repeat_command(plan, world)
            raise
    return Run(
        plan,
        tables.frames(result),
        manifest_of(plan, world, result),
        {name: Path(path) for name, path in result.files},
    )


def _check(plan: Plan, world: str, policies: Policies) -> None:
    if world not in _build.WORLDS:
        known = "not built yet" if world in WORLDS else "unknown"
        built = ", ".join(_build.WORLDS) or "none (build with POISE_SIM=ON or POISE_REALNET=ON)"
        raise ValueError(f"the world {world!r} is {known}; worlds of this build: {built}")
    kind = plan.policy.kind
    if kind in plan.custom_policies and kind not in policies:
        raise PlanError(
            f"policy.kind is {kind!r}, a policy of your own: pass policies={{{kind!r}: ...}}"
        )
    if kind in plan.custom_policies and world in REAL_WORLDS:
        raise ValueError(f"policy.kind is {kind!r}, written in Python: poised does not know it")


def daemon_program() -> str:
    """The daemon poised of this build or installation, or else the one on the PATH."""
    compiled = Path(_poise.__file__).parent
    for up, place in ((1, "realnet/daemon/poised"), (3, "sbin/poised")):
        if (compiled.parents[up] / place).exists():
            return str(compiled.parents[up] / place)
    return "poised"


def manifest_of(plan: Plan, world: str, result: _poise.RunResult) -> dict[str, Any]:
    """Everything that is needed to repeat a run and to tell whether it was repeated."""
    return {
        "format": FORMAT,
        "kind": "run",
        "title": plan.title,
        "seed": plan.seed,
        "run": plan.run,
        "world": world,
        "fingerprint": result.fingerprint(),
        "events": result.events,
        "wall_s": round(result.wall_ns * 1e-9, 3),
        "versions": versions() | ({"kernel": platform.release()} if world in REAL_WORLDS else {}),
        "source_hash": _build.SOURCE_HASH,
        "custom_policies": list(plan.custom_policies),
        "plan": plan.to_toml(),
    }


def versions() -> dict[str, str]:
    """Of Poise, its compiler, the worlds' libraries and Python."""
    return {
        "poise": _build.VERSION,
        "compiler": _build.COMPILER,
        **_build.WORLDS,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }


def repeat_command(plan: Plan, world: str) -> str:
    """The command that runs this plan again; writes the plan to a temporary file if it must.

    A shell command, or an expression of Python for a plan with a policy of one's own.
    """
    path = plan.path
    if path is None:
        folder = Path(tempfile.mkdtemp(prefix="poise-failed-"))
        path = plan.save(folder / "plan.toml")
    if plan.custom_policies:
        names = list(plan.custom_policies)
        load = f"poise.Plan.load({str(path)!r}, custom_policies={names!r})"
        return f"poise.run({load}, seed={plan.seed}, run={plan.run}, policies=...)"
    return shlex.join(
        [
            "poise",
            "run",
            str(path),
            "--seed",
            str(plan.seed),
            "--run",
            str(plan.run),
            "--world",
            world,
        ]
    )
