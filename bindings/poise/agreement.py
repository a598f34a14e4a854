"""Two worlds side by side: the same plan, the same flows; did both decide and suffer the same?"""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
import pandas as pd
from rich.console import Group

from poise.decisions import Difference, differences
from poise.errors import PoiseError
from poise.manifest import FORMAT, write_json
from poise.plan import PathLike, Plan
from poise.pool import Job, run_all
from poise.progress import Progress
from poise.runs import Policies, Run, versions
from poise.statistics import Interval, median_difference, wilson
from poise.summary import BROKEN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What the worlds run on for past the plan's end, so that the last flows meet a balancer too.
SETTLE_S = 1.0
#: The share of flows that may meet another membership, in the moments when it changes.
MET_OTHERS_MAX = 0.02
OUTCOMES = ("ok", "reset", "timeout", "stalled", "open")
#: Stalls are the same within this share of the first world's...
STALL_SHARE = 0.12
#: ...and this much, for what real hosts add and links without delay take away.
STALL_S = 0.05


@dataclass(frozen=True, eq=False)
class Agreement:
    """The runs of one plan in two worlds, by the worlds' names, and how they compare.

    It holds when every flow got the same backend in both worlds (or met another membership, which
    is told of each), as many broke within the intervals of chance, and stalls are as long.
    """

    plan: Plan
    runs: dict[str, Run]

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row a flow: its columns in both worlds, `start_ns_ns3` and `start_ns_lab`, say."""
        one, two = (
            run.flows.set_index(["flow", "client", "source_port"]).add_suffix(f"_{world}")
            for world, run in self.runs.items()
        )
        return one.join(two, how="inner").reset_index()

    @cached_property
    def unmatched(self) -> int:
        """Flows that ran in one world alone, or from other ports."""
        return sum(len(run.flows) - len(self.flows) for run in self.runs.values())

    @cached_property
    def differences(self) -> list[Difference]:
        """The flows that did not get the same backend in both worlds."""
        return differences(self.plan, self.runs, self.flows)

    @property
    def decided_otherwise(self) -> list[Difference]:
        """Of them, those for which no difference in the balancers' membership accounts."""
        return [one for one in self.differences if not one.explained]

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a world: how its flows ended, and the share that broke with its interval."""
        rows = []
        for world, run in self.runs.items():
            ends = run.flows["outcome"].value_counts()
            broken = int(sum(ends.get(outcome, 0) for outcome in BROKEN))
            share = wilson(broken, trials=len(run.flows))
            counts = {outcome: int(ends.get(outcome, 0)) for outcome in OUTCOMES}
            rows.append({"world": world, "flows": len(run.flows), **counts,
                         "broken": broken, "low": share.low, "high": share.high})  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def stalls(self) -> pd.DataFrame:
        """One row a fault, over the flows that it hit in each world (those on its target).

        The last row is of all flows. Per world: how many, how many broke, median and 90th
        percentile of their longest stalls in seconds; the second world's median less the first's,
        with its interval. Broken flows count as broken, not as stalls.
        """
        hits = zip(*(_hits(run) for run in self.runs.values()))
        return pd.DataFrame(
            [self._stalls(name, list(hit)) for name, hit in zip(self._fault_names(), hits)]
        )

    def _fault_names(self) -> list[str]:
        from poise.show import fault_sentence

        faults = next(iter(self.runs.values())).faults
        return [fault_sentence(row.kind, row.target) for row in faults.itertuples()] + ["all flows"]

    def _stalls(self, name: str, hit: list[pd.DataFrame]) -> dict[str, Any]:
        row: dict[str, Any] = {"fault": name}
        stalls = []
        for world, flows in zip(self.runs, hit):
            broken = flows["outcome"].isin(BROKEN)
            stall = flows["longest_stall_ns"][~broken].to_numpy() * 1e-9
            stalls.append(stall)
            row[f"flows_{world}"] = len(flows)
            row[f"broken_{world}"] = int(broken.sum())
            row[f"p50_s_{world}"], row[f"p90_s_{world}"] = (
                np.percentile(stall, [50, 90]) if len(stall) else (np.nan, np.nan)
            )
        difference = median_difference(stalls[1], right=stalls[0])
        row |= {"difference_s": difference.mean, "low_s": difference.low, "high_s": difference.high}
        median_s = row[f"p50_s_{next(iter(self.runs))}"]
        row["allowed_s"] = STALL_S + STALL_SHARE * float(np.nan_to_num(median_s))
        row["agrees"] = _within(difference, row["allowed_s"])
        return row

    @property
    def verdict(self) -> dict[str, bool]:
        """What was asked, and whether it came out."""
        low, high = self.outcomes["low"], self.outcomes["high"]
        return {
            "the same flows from the same ports": self.unmatched == 0,
            "the same backend for every flow that met the same members": not self.decided_otherwise,
            "nearly all flows met the same members": (
                len(self.differences) <= MET_OTHERS_MAX * len(self.flows)
            ),
            "as many broken flows, within the intervals": bool(low.max() <= high.min()),
            "stalls as long, within the intervals": bool(self.stalls["agrees"].all()),
        }

    @property
    def holds(self) -> bool:
        """True when everything that was asked came out."""
        return all(self.verdict.values())

    def table(self) -> Group:
        """The agreement for people: print it with rich."""
        from poise.show_agreement import agreement_table

        return agreement_table(self)

    def plot(self, path: Optional[PathLike] = None) -> Figure:
        """Both timelines under each other, and the distribution of stalls; written to `path`."""
        from poise.plot_agreement import agreement_plot

        return agreement_plot(self, path=path)

    def save(self, folder: PathLike) -> Path:
        """Writes a folder a world, flows.csv, stalls.csv, the picture, and agreement.json last."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for world, run in self.runs.items():
            run.save(folder / world)
        self.flows.to_csv(folder / "flows.csv", index=False, lineterminator="\n")
        self.stalls.to_csv(folder / "stalls.csv", index=False, lineterminator="\n")
        self.plot(folder / "agreement.png")
        write_json(
            folder / "agreement.json",
            {
                "format": FORMAT,
                "kind": "agreement",
                "title": self.plan.title,
                "worlds": list(self.runs),
                "holds": self.holds,
                "verdict": self.verdict,
                "flows": len(self.flows),
                "differences": [one.as_dict() for one in self.differences],
                "versions": versions(),
                "plan": self.plan.to_toml(),
            },
        )
        return folder


def agree(
    plan: Plan,
    *worlds: str,
    progress: Progress = None,
    policies: Optional[Policies] = None,
    files_folder: Optional[PathLike] = None,
) -> Agreement:
    """Runs a plan in two worlds, one after the other, and compares them.

    Both run on for a second after the plan's end, in which no flow starts, so that the last ones
    meet a balancer too. Raises PoiseError unless two different worlds are named, and what
    `poise.run` raises.
    """
    if len(worlds) != 2 or worlds[0] == worlds[1]:
        raise PoiseError(f"name two worlds, such as ns3 and lab, not: {' '.join(worlds) or 'none'}")
    changes: dict[str, Any] = {
        "duration_s": float(plan.duration_s) + SETTLE_S,
        "workload.stop_s": float(plan.workload.stop_s) or float(plan.duration_s),
    }
    longer = plan.replace(**changes)
    # The real one first, and alone.
    jobs = {world: Job(longer, world, policies) for world in reversed(worlds)}
    runs: dict[str, Run] = {}
    for world, job in jobs.items():
        runs |= run_all({world: job}, progress=progress, title=world)
    return Agreement(plan, {world: runs[world] for world in worlds})


def _hits(run: Run) -> list[pd.DataFrame]:
    """By fault, the flows that were open at it on its target (all that were open, when it has none
    by then); then all flows."""
    flows = run.flows
    end = flows["end_ns"].where(flows["end_ns"] >= 0, np.iinfo(np.int64).max)
    hits = []
    for fault in run.faults.itertuples():
        live = flows[(flows["start_ns"] <= fault.at_ns) & (end > fault.at_ns)]
        on_target = live[(live["backend"] == fault.target) | (live["balancer"] == fault.target)]
        hits.append(on_target if len(on_target) else live)
    return [*hits, flows]


def _within(difference: Interval, allowed: float) -> bool:
    """Whether the interval has a difference of at most `allowed`; too few flows do not tell."""
    if np.isnan(difference.low):
        return True
    return bool(difference.low <= allowed and difference.high >= -allowed)
