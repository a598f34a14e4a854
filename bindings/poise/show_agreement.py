"""An agreement as tables for people, printed with rich."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from poise import show

if TYPE_CHECKING:
    from poise.agreement import Agreement

LISTED_MAX = 12


def agreement_table(agreement: Agreement) -> Group:
    """Outcomes, stalls by fault, the flows whose backends differ, and the verdict."""
    parts: list[RenderableType] = [_outcomes(agreement), _stalls(agreement)]
    parts += [Text(line) for line in _listed(agreement)]
    return Group(*parts, _verdict(agreement))


def backends_sentence(agreement: Agreement) -> str:
    """How many flows got the same backend, and of the others, how many for which reason."""
    total, unequal = len(agreement.flows), len(agreement.differences)
    otherwise = len(agreement.decided_otherwise)
    share = (total - unequal) / total if total else float("nan")
    text = f"{show.count(total - unequal)} of {show.count(total)} flows ({_percent(share)})"
    if unequal > otherwise:
        text += f"; {unequal - otherwise} met another membership"
    if otherwise:
        text += f"; {otherwise} decided otherwise"
    return text


def _percent(share: float) -> str:
    """100 % only for all of them."""
    return "100 %" if share == 1 else f"{np.floor(share * 10_000) / 100:.2f} %"


def _outcomes(agreement: Agreement) -> Table:
    table = Table(title=agreement.plan.title or None, title_justify="left")
    table.add_column("world")
    names = ("flows", "ok", "reset", "timeout", "stalled", "open", "broken")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("broken, 95 %\ninterval", justify="right")
    for row in agreement.outcomes.to_dict("records"):
        counts = (show.count(int(row[name])) for name in names)
        table.add_row(str(row["world"]), *counts, f"{row['low']:.2%} to {row['high']:.2%}")
    return table


def _stalls(agreement: Agreement) -> Table:
    table = Table(title="Longest stalls of the flows that each fault hit", title_justify="left")
    table.add_column("fault")
    for world in agreement.runs:
        for name in ("hit", "broken", "p50", "p90"):
            table.add_column(f"{world}\n{name}", justify="right")
    for name in ("difference\nof p50", "95 %\ninterval", "allowed", ""):
        table.add_column(name, justify="right")
    for row in agreement.stalls.to_dict("records"):
        cells = []
        for world in agreement.runs:
            cells += [show.count(int(row[f"{name}_{world}"])) for name in ("flows", "broken")]
            cells += [show.seconds(float(row[f"{name}_s_{world}"])) for name in ("p50", "p90")]
        bounds = "-"
        if not np.isnan(row["low_s"]):
            bounds = f"{row['low_s'] * 1e3:+.0f} to {row['high_s'] * 1e3:+.0f} ms"
        table.add_row(
            str(row["fault"]),
            *cells,
            "-" if np.isnan(row["difference_s"]) else f"{row['difference_s'] * 1e3:+.0f} ms",
            bounds,
            f"{row['allowed_s'] * 1e3:.0f} ms",
            "agrees" if row["agrees"] else Text("DIFFERS", style="bold red"),
        )
    return table


def _listed(agreement: Agreement) -> list[str]:
    """The flows that differ, those without an explanation first."""
    ordered = sorted(agreement.differences, key=lambda one: (one.explained, one.flow))
    lines = []
    for one in ordered[:LISTED_MAX]:
        verb = "met another membership" if one.explained else "DECIDED OTHERWISE"
        lines.append(f"flow {one.flow} ({one.client}:{one.source_port}) {verb}: {one.why}")
    if len(ordered) > LISTED_MAX:
        lines.append(f"... and {len(ordered) - LISTED_MAX} more: agreement.json has them all")
    return lines


def _verdict(agreement: Agreement) -> Table:
    table = Table(title="Verdict", title_justify="left", show_header=False)
    same = next(what for what in agreement.verdict if what.startswith("the same backend"))
    notes = {same: backends_sentence(agreement)}
    for what, holds in agreement.verdict.items():
        mark = Text("holds", style="green") if holds else Text("FAILS", style="bold red")
        table.add_row(mark, what, notes.get(what, ""))
    return table
