"""The story that the failover experiment must tell, as checks over its tables."""
from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Iterator

import pandas as pd

import poise

BROKEN = ("reset", "timeout", "stalled")
CONSISTENT = ("maglev", "rendezvous")


@dataclass(frozen=True)
class Check:
    """One sentence about one variant, and whether its tables bear it out."""

    variant: str
    claim: str
    holds: bool
    measured: str


def checks(comparison: poise.Comparison) -> Iterator[Check]:
    """All that must come out right, variant by variant."""
    for name, run in comparison.runs.items():
        policy = comparison.plan.variants[name].policy
        if policy.tracking:
            yield backend_death_breaks_its_flows_only(name, run)
            yield nothing_moves_when_a_backend_joins(name, run)
        if policy.tracking and policy.kind in CONSISTENT:
            yield balancer_death_breaks_nothing(name, run)
        if policy.tracking and policy.kind not in CONSISTENT:
            yield balancer_death_breaks_its_flows_only(name, run)
        if not policy.tracking:
            yield joining_moves(name, run, policy.kind, active_backends(comparison.plan))


def active_backends(plan: poise.Plan) -> int:
    """Backends that may be chosen just before the join: all but the crashed and the drained one."""
    return plan.topology.backends - 2


def fault(run: poise.Run, kind: str, target: str) -> pd.Series:
    rows = run.faults[(run.faults["kind"] == kind) & run.faults["target"].str.startswith(target)]
    assert len(rows) == 1, f"one {kind} of {target}, not {len(rows)}"
    return rows.iloc[0]


def broken_by(run: poise.Run, row: pd.Series) -> pd.DataFrame:
    flows = run.flows
    return flows[flows["outcome"].isin(BROKEN) & (flows["fault"] == row["fault"])]


def backend_death_breaks_its_flows_only(name: str, run: poise.Run) -> Check:
    row = fault(run, "crash", "backend")
    broken = broken_by(run, row)
    others = int((broken["backend"] != row["target"]).sum())
    return Check(
        name,
        "a backend's death breaks that backend's flows and no other",
        len(broken) > 0 and others == 0,
        f"{len(broken)} broken, {others} of them of other backends",
    )


def balancer_death_breaks_nothing(name: str, run: poise.Run) -> Check:
    row = fault(run, "crash", "balancer")
    broken = broken_by(run, row)
    carried = int(row["flows_on_target"])
    return Check(
        name,
        "a balancer's death breaks no flow: the others agree with it",
        len(broken) == 0 and carried > 0,
        f"{len(broken)} broken of {carried} that it carried",
    )


def balancer_death_breaks_its_flows_only(name: str, run: poise.Run) -> Check:
    row = fault(run, "crash", "balancer")
    broken = broken_by(run, row)
    carried = int(row["flows_on_target"])
    others = int((broken["balancer"] != row["target"]).sum())
    return Check(
        name,
        "a balancer's death breaks most of its flows, and no other's: nobody else knows them",
        len(broken) > carried / 2 and others == 0,
        f"{len(broken)} broken of {carried} that it carried, {others} of others",
    )


def nothing_moves_when_a_backend_joins(name: str, run: poise.Run) -> Check:
    row = fault(run, "join", "backend")
    return Check(
        name,
        "with tracking, no flow moves when a backend joins",
        int(row["flows_moved"]) == 0 and int(row["flows_seen_after"]) > 0,
        f"{row['flows_moved']} of {row['flows_seen_after']} moved",
    )


def joining_moves(name: str, run: poise.Run, kind: str, before: int) -> Check:
    """`kind` moves its share of the live flows when the backend after `before` others joins."""
    row = fault(run, "join", "backend")
    seen, moved = int(row["flows_seen_after"]), int(row["flows_moved"])
    expected = before / (before + 1) if kind == "hash_mod_n" else 1 / (before + 1)
    share = moved / seen if seen else float("nan")
    # Three standard errors of a proportion, and Maglev's own excess of up to half a point.
    slack = 3 * sqrt(expected * (1 - expected) / max(seen, 1)) + 0.005
    return Check(
        name,
        f"a backend that joins {before} others moves {expected:.1%} of the live flows",
        seen >= 50 and abs(share - expected) <= slack,
        f"{moved} of {seen} moved: {share:.1%}",
    )
