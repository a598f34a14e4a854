"""Flows that got another backend in another world, and what each world knew when it decided."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

import pandas as pd

from poise.membership import Memberships
from poise.plan import Plan
from poise.runs import REAL_WORLDS, Run

#: From a flow's start until its first packet meets a balancer, at most: of the world's own making.
#: A real host may be late, and a SYN may be lost and sent again a second later.
SIMULATED_REACH_S = 0.001
REAL_REACH_S = 0.05


@dataclass(frozen=True)
class Difference:
    """One flow whose backends differ."""

    flow: int
    client: str
    source_port: int
    start_ns: int
    backends: dict[str, str]  # by world; empty: none
    balancers: dict[str, str]
    #: The balancers' memberships were not the same in the two worlds when the flow met them.
    explained: bool
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self)}


def differences(
    plan: Plan, runs: Mapping[str, Run], flows: pd.DataFrame
) -> list[Difference]:
    """Of the joined flows of two runs, those with two backends, and why."""
    one, two = runs
    unequal = flows[flows[f"backend_{one}"] != flows[f"backend_{two}"]]
    if unequal.empty:
        return []
    names = {name for run in runs.values() for name in run.flows["balancer"]}
    known = {
        world: {name: Memberships.of(run.notices, name) for name in names}
        for world, run in runs.items()
    }
    return [_difference(plan, row, runs, known) for row in unequal.to_dict("records")]


def _delay_ns(plan: Plan, client: str, balancer: str) -> int:
    """What the links on the shortest way to the balancer delay a packet."""
    links = plan.graph.links
    delay_ns, at = 0, client
    while at != balancer and len(hops := plan.graph.next_hops(at, target=balancer)) > 0:
        ends = (links["a"] == at) & (links["b"] == hops[0])
        ends |= (links["b"] == at) & (links["a"] == hops[0])
        delay_ns += int(links["delay_ns"][ends].min())
        at = hops[0]
    return delay_ns


def _difference(
    plan: Plan,
    row: Mapping[Any, Any],
    runs: Mapping[str, Run],
    known: Mapping[str, Mapping[str, Memberships]],
) -> Difference:
    met: dict[str, set[frozenset[str]]] = {}
    told: list[str] = []
    backends = {world: str(row[f"backend_{world}"]) for world in runs}
    balancers = {world: str(row[f"balancer_{world}"]) for world in runs}
    for world in runs:
        start_ns = int(row[f"start_ns_{world}"])
        if not backends[world]:
            told.append(f"{world}: no balancer forwarded it")
            met[world] = set()
            continue
        own_s = REAL_REACH_S if world in REAL_WORLDS else SIMULATED_REACH_S
        way_ns = _delay_ns(plan, str(row["client"]), balancers[world])
        reach_ns = way_ns + int(own_s * 1e9)
        memberships = known[world][balancers[world]]
        met[world] = set(memberships.between(start_ns, start_ns + reach_ns))
        near = memberships.near(start_ns, set(backends.values()) - {""})
        told.append(
            f"{world}: {balancers[world]} chose {backends[world]} for a start at "
            f"{start_ns * 1e-9:.4f} s; " + "; ".join(map(str, near))
        )
    one, two = met.values()
    return Difference(
        flow=int(row["flow"]),
        client=str(row["client"]),
        source_port=int(row["source_port"]),
        start_ns=int(row[f"start_ns_{next(iter(runs))}"]),
        backends=backends,
        balancers=balancers,
        explained=one != two or len(one) > 1,
        why="; ".join(told),
    )
