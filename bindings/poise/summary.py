"""A run in a dozen numbers: what a person asks first."""
from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping

import numpy as np
import pandas as pd

BROKEN = ("reset", "timeout", "stalled")
#: Columns that are a share of flows, with their count and of how many: Wilson's interval fits.
SHARES = {"broken_share": ("broken", "flows"), "moved_share": ("moved", "flows")}


@dataclass(frozen=True)
class Summary:
    """Counts of flows, times in seconds. `nan` where no flow says anything about it."""

    flows: int
    ok: int
    open: int  # unfinished at the end, making progress
    broken: int  # reset, timed out or stalled
    broken_backend_died: int
    broken_moved: int
    broken_unreachable: int
    broken_unexplained: int  # by no fault of the plan
    moved: int  # flows that a balancer sent to another backend than before
    broken_share: float
    moved_share: float
    completion_p50_s: float  # of the flows that ended well, first SYN to last byte
    completion_p99_s: float
    longest_stall_s: float  # of any flow
    load_max_over_mean: float  # flows per weight, over the backends that served all the time
    goodput_bps: float  # mean over the run

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarize(tables: Mapping[str, pd.DataFrame], *, spares: frozenset[str]) -> Summary:
    """The numbers of a run's tables. `spares` are backends that were absent at the start."""
    flows = tables["flows"]
    outcome = flows["outcome"].to_numpy()
    broken = np.isin(outcome, BROKEN)
    cause = flows["cause"].to_numpy()
    done = flows[outcome == "ok"]
    completion_s = (done["end_ns"] - done["start_ns"]).to_numpy() * 1e-9
    p50, p99 = np.percentile(completion_s, [50, 99]) if len(done) else (np.nan, np.nan)
    moved = int((flows["moves"] > 0).sum())
    count = len(flows)
    return Summary(
        flows=count,
        ok=len(done),
        open=int((outcome == "open").sum()),
        broken=int(broken.sum()),
        broken_backend_died=int((broken & (cause == "backend_died")).sum()),
        broken_moved=int((broken & (cause == "moved")).sum()),
        broken_unreachable=int((broken & (cause == "unreachable")).sum()),
        broken_unexplained=int((broken & (cause == "unexplained")).sum()),
        moved=moved,
        broken_share=float(broken.sum()) / count if count else float("nan"),
        moved_share=moved / count if count else float("nan"),
        completion_p50_s=float(p50),
        completion_p99_s=float(p99),
        longest_stall_s=float(flows["longest_stall_ns"].max()) * 1e-9 if count else float("nan"),
        load_max_over_mean=load_max_over_mean(tables, spares=spares),
        goodput_bps=float(tables["timeline"]["goodput_bps"].mean()),
    )


def load_max_over_mean(tables: Mapping[str, pd.DataFrame], *, spares: frozenset[str]) -> float:
    """The busiest backend's flows per weight over the mean of all.

    Backends that a fault names, and spares, served for a part of the run only: they do not count.
    """
    backends = tables["backends"]
    names = backends["backend"]
    steady = backends[~names.isin(tables["faults"]["target"]) & ~names.isin(spares)]
    if not steady["flows"].sum():
        return float("nan")
    load = steady["flows"] / steady["weight"]
    return float(load.max() / load.mean())
