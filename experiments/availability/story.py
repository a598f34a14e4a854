"""What the availability experiment must show, as claims that hold or fail."""
from __future__ import annotations

from typing import Iterator, NamedTuple

import pandas as pd

from measure import FIGURES


class Check(NamedTuple):
    claim: str
    holds: bool
    measured: str


def checks(table: pd.DataFrame) -> Iterator[Check]:
    answers = table[[f"{figure}_holds" for figure in FIGURES]]
    held, intervals = int(answers.sum().sum()), int(answers.count().sum())
    # Intervals of one simulation come in threes: of right ones 16 % miss hardly once in 1,000 runs.
    yield Check(
        "the chain lies in the simulation's 95 % intervals, as often as such intervals hold",
        held >= 0.84 * intervals,
        f"{held} of {intervals}",
    )
    yield Check(
        "with a crew for everyone the chain is the closed form",
        bool(table.closed_form_error.max() < 1e-6),
        f"largest relative error {table.closed_form_error.max():.1e}",
    )
    seen, expected = table.outages_seen.sum(), table.outages_expected.sum()
    yield Check(
        "as many outages began as the chain says",
        abs(seen - expected) < 0.03 * expected,
        f"{seen:,} seen, {expected:,.0f} expected",
    )
    detection = table[table.part == "detection"]
    exponential = detection[detection.law == "exponential"].set_index("detection_s")
    fixed = detection[detection.law == "fixed"].set_index("detection_s")
    width = (fixed.lost_requests_high - fixed.lost_requests_low) / 2
    width += (exponential.lost_requests_high - exponential.lost_requests_low) / 2
    apart = (fixed.lost_requests_seen - exponential.lost_requests_seen).abs()
    yield Check(
        "only the mean of the detection time counts, not its law",
        bool((apart <= 1.5 * width).all()),
        f"furthest apart {(apart / width).max():.2f} of both half-intervals",
    )
    fast, slow = exponential.index.min(), 30.0
    ratio = exponential.lost_requests_chain[slow] / exponential.lost_requests_chain[fast]
    yield Check(
        "requests are lost in proportion to the time until detection",
        abs(ratio / (slow / fast) - 1) < 0.01,
        f"{slow:g} s loses {ratio:.1f} times what {fast:g} s does, {slow / fast:.1f} times as long",
    )
    for needed, rows in table[table.part == "spares"].groupby("needed"):
        down = 1 - rows.sort_values("servers").availability_chain
        yield Check(
            f"every spare beside {needed} needed servers makes outages rarer",
            bool((down.diff().dropna() < 0).all()),
            "down " + ", ".join(f"{share:.1e}" for share in down),
        )
