"""Measures for the disruption experiment: each function gives one tidy table."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pandas as pd

from poise import student_t
from poise.analysis import disruption, overprovision

Parameters = dict[str, Any]


def in_parallel(function: Callable[..., Any], cases: list[dict[str, Any]]) -> list[Any]:
    """function(**case) for every case, in order. The core releases the GIL while it computes."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda case: function(**case), cases))


def percent(values: Any) -> dict[str, float]:
    """Mean and 95 % interval of shares, in percent."""
    interval = student_t(100 * values)
    return {f"{key}_percent": getattr(interval, key) for key in ("mean", "low", "high")}


def resilience(parameters: Parameters, quick: bool) -> pd.DataFrame:
    """Fig. 12: of N backends k fail at once; what moves though its backend is still there."""
    section = parameters["resilience"]
    repeats = section["repeats_quick" if quick else "repeats"]
    cases = [
        {
            "kind": "maglev",
            "backends": parameters["backends"],
            "failures": failures,
            "table_size": size,
            "repeats": repeats[i],
            "seed": parameters["seed"],
        }
        for i, size in enumerate(parameters["table_sizes"])
        for failures in parameters["failures"]
    ]
    rows = []
    for case, moved in zip(cases, in_parallel(disruption, cases)):
        row = {key: case[key] for key in ("table_size", "failures", "repeats")}
        known = section["excess_percent"][parameters["table_sizes"].index(case["table_size"])]
        row |= {"known_percent": known[parameters["failures"].index(case["failures"])]}
        row |= percent(moved["excess"]) | {"changed_percent": 100 * moved["changed"].mean()}
        rows.append(row)
    return pd.DataFrame(rows)


def evenness(parameters: Parameters, quick: bool) -> pd.DataFrame:
    """Fig. 11: the fullest backend over the mean, less one."""
    section = parameters["evenness"]
    cases, papers = [], []
    for kind, paper in section["paper_percent"].items():
        for i, size in enumerate(parameters["table_sizes"]):
            repeats = section["repeats_quick" if quick else "repeats"]
            if kind == "maglev":
                repeats = 2  # every table is as even
            elif kind == "rendezvous" and i > 0:
                repeats = min(repeats, section["repeats_rendezvous_large"])
            papers.append(paper[i])
            cases.append(
                {
                    "kind": kind,
                    "backends": parameters["backends"],
                    "table_size": size,
                    "flow_count": size,
                    "repeats": repeats,
                    "seed": parameters["seed"],
                }
            )
    rows = []
    for case, paper, values in zip(cases, papers, in_parallel(overprovision, cases)):
        row = {"kind": case["kind"], "entries": case["table_size"], "repeats": case["repeats"]}
        row |= {"paper_percent": paper} | percent(values)
        rows.append(row | {"min_percent": 100 * values.min(), "max_percent": 100 * values.max()})
    return pd.DataFrame(rows)


def removal(parameters: Parameters, quick: bool) -> pd.DataFrame:
    """One of N backends leaves: how large must a table be?"""
    section = parameters["removal"]
    cases = [
        {
            "kind": "maglev",
            "backends": backends,
            "table_size": size,
            "repeats": section["repeats_quick" if quick else "repeats"],
            "seed": parameters["seed"],
        }
        for size in section["table_sizes"]
        for backends in section["backends"]
        if backends <= size / 2
    ]
    return pd.DataFrame(
        {"table_size": case["table_size"], "backends": case["backends"], "repeats": case["repeats"]}
        | percent(moved["excess"])
        for case, moved in zip(cases, in_parallel(disruption, cases))
    )


def policies(parameters: Parameters, quick: bool) -> pd.DataFrame:
    """One of N backends leaves, under every consistent policy."""
    section = parameters["policies"]
    cases = [
        {
            "kind": kind,
            "backends": backends,
            "repeats": section["repeats_quick" if quick else "repeats"],
            "seed": parameters["seed"],
        }
        for kind in section["kinds"]
        for backends in section["backends"]
    ]
    return pd.DataFrame(
        {"kind": case["kind"], "backends": case["backends"], "repeats": case["repeats"]}
        | {"changed_percent": 100 * moved["changed"].mean()}
        | percent(moved["excess"])
        for case, moved in zip(cases, in_parallel(disruption, cases))
    )
