"""Sweeps: a plan over a grid of values and several runs of each, kept as they finish."""
from __future__ import annotations

import itertools
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

import pandas as pd

from poise.cache import Cache
from poise.plan import PathLike, Plan
from poise.pool import Job, run_all
from poise.progress import Progress
from poise.runs import Policies, Run
from poise.statistics import Interval, student_t, wilson
from poise.summary import SHARES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Sweep:
    """The points of a sweep, one row a run: the parameters, `run`, the summary, the fingerprint."""

    plan: Plan
    parameters: tuple[str, ...]
    table: pd.DataFrame

    def ci(
        self, column: str, *, by: Union[str, Sequence[str], None] = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Confidence intervals of a column: one row a group, with mean, low, high, n.

        Over runs, by Student's t; the shares of flows (broken_share, moved_share) by Wilson over
        the flows of all runs, which takes flows as independent. `by`: the parameters unless told.
        Raises KeyError for an unknown column.
        """
        groups = [by] if isinstance(by, str) else list(by if by is not None else self.parameters)
        for name in (column, *groups):
            if name not in self.table:
                raise KeyError(f"no column {name!r}; there are: {', '.join(self.table.columns)}")
        if not groups:
            return pd.DataFrame([self._interval(self.table, column, level)._asdict()])
        rows = []
        for key, group in self.table.groupby(groups if len(groups) > 1 else groups[0], sort=False):
            values = key if isinstance(key, tuple) else (key,)
            interval = self._interval(group, column, level)
            rows.append({**dict(zip(groups, values)), **interval._asdict()})
        return pd.DataFrame(rows)

    @staticmethod
    def _interval(group: pd.DataFrame, column: str, level: float) -> Interval:
        if column in SHARES:
            count, total = SHARES[column]
            return wilson(int(group[count].sum()), trials=int(group[total].sum()), level=level)
        return student_t(group[column].to_numpy(dtype=float), level=level)

    def plot(
        self, x: str, column: str, *, hue: Optional[str] = None, path: Optional[PathLike] = None
    ) -> Figure:
        """`column` against the parameter `x` with 95 % intervals, a line a value of `hue`."""
        from poise.plot import intervals

        return intervals(self, x=x, column=column, hue=hue, path=path)


def sweep(
    plan: Plan,
    grid: Mapping[str, Sequence[Any]],
    *,
    runs: Union[int, Sequence[int]] = 5,
    world: str = "ns3",
    executor: Optional[Executor] = None,
    cache: Optional[PathLike] = None,
    progress: Progress = True,
    policies: Optional[Policies] = None,
) -> Sweep:
    """Runs a plan at every point of a grid: `sweep(plan, {"policy.kind": ["ring", "maglev"]})`.

    grid: {key of the plan: values}; the key "variant" takes names of variants. runs: how many runs
    of each point (plan.run, plan.run + 1, ...) or their numbers; the flows of a run are the same at
    every point. executor: any concurrent.futures.Executor; this machine's cores unless told. cache:
    a folder of finished runs, of all sweeps: only what is missing there runs, and what is done when
    you interrupt stays there.

    Raises PlanError before anything runs when a point is no valid plan, RunError when one fails.
    """
    numbers = [plan.run + i for i in range(runs)] if isinstance(runs, int) else list(runs)
    points: dict[int, tuple[dict[str, Any], Plan]] = {}
    for values in itertools.product(*grid.values()):
        parameters = dict(zip(grid, values))
        changed = _at(plan, parameters)
        for number in numbers:
            points[len(points)] = ({**parameters, "run": number}, changed.set("run", number))

    rows: dict[int, dict[str, Any]] = {}
    store = Cache(cache) if cache is not None else None
    for index, (_, point) in enumerate(points.values()):
        manifest = store.manifest(point, world=world, policies=policies) if store else None
        if manifest is not None:
            rows[index] = _row(manifest, manifest["summary"])

    jobs = {
        index: Job(point, world, policies, cache)
        for index, (_, point) in points.items()
        if index not in rows
    }

    def note(index: int, run: Run) -> None:
        rows[index] = _row(run.manifest, run.summary().as_dict())

    if jobs:
        run_all(
            jobs,
            executor=executor,
            progress=progress,
            title=plan.title or "sweep",
            on_done=note,
            keep=False,
        )
    table = pd.DataFrame([{**points[index][0], **rows[index]} for index in points])
    return Sweep(plan, tuple(grid), table)


def _at(plan: Plan, parameters: Mapping[str, Any]) -> Plan:
    changes = dict(parameters)
    if "variant" in changes:
        plan = plan.variant(changes.pop("variant"))
    return plan.replace(**changes)


def _row(manifest: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **summary,
        "seed": manifest["seed"],
        "fingerprint": manifest["fingerprint"],
        "wall_s": manifest["wall_s"],
    }
