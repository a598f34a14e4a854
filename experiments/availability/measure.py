"""Measures for the availability experiment: chain, closed form and simulation in one tidy table."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from poise.analysis import Service

Parameters = dict[str, Any]
FIGURES = ("availability", "lost_requests", "working_servers")
OUTAGES_MIN = 300  # ten a batch: with fewer, batch means of availability are far from normal


def cases(parameters: Parameters) -> list[dict[str, Any]]:
    """Every service of the experiment, with the law of its detection."""
    common = {key: parameters[key] for key in ("time_to_failure_s", "repair_s", "detection_s")}
    common |= {"repair_crews": 0, "law": "exponential"}
    spares, detection, crews = (parameters[key] for key in ("spares", "detection", "crews"))
    found = []
    for needed in spares["needed"]:
        for count in spares["spares"]:
            found.append(
                common
                | {"part": "spares", "servers": needed + count, "needed": needed}
                | {key: spares[key] for key in ("time_to_failure_s", "detection_s")}
            )
    for time_s in detection["times_s"]:
        for law in detection["laws"]:
            found.append(
                common
                | {"part": "detection", "detection_s": time_s, "law": law}
                | {key: detection[key] for key in ("servers", "needed")}
            )
    for count in crews["crews"]:
        found.append(
            common
            | {"part": "crews", "repair_crews": count}
            | {key: crews[key] for key in ("servers", "needed", "time_to_failure_s")}
        )
    return found


def measure(parameters: Parameters, quick: bool) -> pd.DataFrame:
    """One row a service: what the chain says, what the closed form says, what a simulation saw."""
    simulation = parameters["simulation"]
    failures = simulation["failures_quick" if quick else "failures"]
    found = cases(parameters)
    seeds = [len(found) * parameters["seed"] + i for i in range(len(found))]  # none twice
    with ThreadPoolExecutor() as pool:
        batches = simulation["batches"]
        return pd.DataFrame(
            pool.map(lambda case, seed: _row(case, failures, batches, seed), found, seeds)
        )


def _row(case: dict[str, Any], failures: int, batches: int, seed: int) -> dict[str, Any]:
    service = Service(
        **{key: value for key, value in case.items() if key not in ("part", "law")},
    )
    chain = service.availability()
    duration_s = failures / case["servers"] * (case["time_to_failure_s"] + case["repair_s"])
    seen = service.simulate(
        duration_s=duration_s, batches=batches, detection=case["law"], seed=seed
    )
    row = case | {"seed": seed, "duration_s": duration_s}
    for figure in FIGURES:
        mean, low, high = seen[figure]
        row |= {f"{figure}_chain": chain[figure], f"{figure}_seen": mean}
        row |= {f"{figure}_low": low, f"{figure}_high": high}
        row[f"{figure}_holds"] = float(low <= chain[figure] <= high)
    for figure in ("outages_per_year", "outage_s", "time_to_first_outage_s"):
        row[f"{figure}_chain"] = chain[figure]
    row["outages_seen"] = seen["outages"]
    row["outages_expected"] = chain["outages_per_year"] * duration_s / (365.25 * 86400)
    if row["outages_expected"] < OUTAGES_MIN:
        row["availability_holds"] = float("nan")  # not asked
    row["closed_form_error"] = float("nan")
    if case["repair_crews"] == 0:
        closed = service.availability_in_closed_form()
        row["closed_form_error"] = max(
            _relative(1 - chain["availability"], 1 - closed["availability"]),
            *(_relative(chain[key], closed[key]) for key in ("lost_requests", "outages_per_year")),
        )
    return row


def _relative(value: float, expected: float) -> float:
    return abs(value - expected) / max(abs(expected), 1e-6)
