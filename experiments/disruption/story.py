"""What the disruption experiment must show, as claims that hold or fail."""
from __future__ import annotations

from typing import Any, Iterator, NamedTuple

import pandas as pd


class Check(NamedTuple):
    claim: str
    holds: bool
    measured: str


def checks(
    parameters: dict[str, Any], tables: dict[str, pd.DataFrame], quick: bool
) -> Iterator[Check]:
    """`quick` runs have fewer repeats: their tolerance grows with their interval."""
    yield from _resilience(parameters, tables["resilience"], quick)
    yield from _evenness(parameters, tables["evenness"], quick)
    yield from _policies(tables["policies"])


def _resilience(parameters: dict[str, Any], table: pd.DataFrame, quick: bool) -> Iterator[Check]:
    tolerance = parameters["resilience"]["tolerance_points"]
    for size, known in table[table.known_percent.notna()].groupby("table_size"):
        width = (known.high_percent - known.low_percent) / 2
        distance = (known.mean_percent - known.known_percent).abs()
        allowed = (width + tolerance) if quick else tolerance
        yield Check(
            f"Fig. 12: all {len(known)} known cells of {size:,} entries within {tolerance} points",
            bool((distance <= allowed).all()),
            f"largest distance {distance.max():.3f}, largest half-interval {width.max():.3f}",
        )
    small, large = (table[table.table_size == size] for size in parameters["table_sizes"])
    ratio = large.mean_percent.to_numpy() / small.mean_percent.to_numpy()
    yield Check(
        "ten times the entries move fewer flows at every number of failures",
        bool((ratio < 1).all()),
        f"{ratio.min():.2f} to {ratio.max():.2f} of the small table's",
    )


def _evenness(parameters: dict[str, Any], table: pd.DataFrame, quick: bool) -> Iterator[Check]:
    rows = table.set_index(["kind", "entries"])
    small, large = parameters["table_sizes"]
    for size, digits in ((small, 2), (large, 3)):
        row = rows.loc[("maglev", size)]
        yield Check(
            f"Fig. 11: Maglev is even to one entry of {size:,}",
            round(row.mean_percent, digits) == row.paper_percent,
            f"{row.mean_percent:.{digits}f} %, known {row.paper_percent} %",
        )
    row = rows.loc[("rendezvous", large)]
    yield Check(
        f"Fig. 11: rendezvous with {large:,} entries within half a point of the paper",
        abs(row.mean_percent - row.paper_percent) <= (2.0 if quick else 0.5),
        f"{row.mean_percent:.1f} %, paper {row.paper_percent} %",
    )
    if quick:  # a single draw needs many others beside it
        return
    for kind, size in (("rendezvous", small), ("karger", small), ("karger", large)):
        row = rows.loc[(kind, size)]
        yield Check(
            f"Fig. 11: the paper's one draw of {kind} with {size:,} entries is one of ours",
            row.min_percent <= row.paper_percent <= row.max_percent,
            f"{row.min_percent:.1f} to {row.max_percent:.1f} %, paper {row.paper_percent} %",
        )


def _policies(table: pd.DataFrame) -> Iterator[Check]:
    exact = table[table.kind.isin(["rendezvous", "ring"])]
    yield Check(
        "rendezvous and the ring move no flow without need",
        bool((exact.mean_percent == 0).all()),
        f"{exact.mean_percent.max():.3f} %",
    )
    modulo = table[table.kind == "hash_mod_n"]
    expected = 100 * (modulo.backends - 1) / modulo.backends
    yield Check(
        "hash mod N moves (N-1)/N of all flows when one of N leaves",
        bool(((modulo.changed_percent - expected).abs() < 1).all()),
        ", ".join(f"N={n}: {p:.1f} %" for n, p in zip(modulo.backends, modulo.changed_percent)),
    )
