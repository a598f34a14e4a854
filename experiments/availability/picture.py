"""The picture of the availability experiment: spares, and the price of late detection."""
from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from poise.plot import BLUE, INK, STYLE, VERMILION


def draw(table: pd.DataFrame, path: Path) -> None:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.0, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _spares(left, table[table.part == "spares"])
        _detection(right, table[table.part == "detection"])
        figure.savefig(path, dpi=150)


def _spares(axes: Axes, table: pd.DataFrame) -> None:
    for color, (needed, rows) in zip((BLUE, VERMILION), table.groupby("needed")):
        spares = rows.servers - needed
        axes.plot(spares, 1 - rows.availability_chain, color=color, label=f"{needed} needed")
        seen = 1 - rows.availability_seen
        low = rows.availability_high - rows.availability_seen
        high = rows.availability_seen - rows.availability_low
        visible = seen - low > 0  # a bar that reaches zero has no place on this scale
        axes.errorbar(
            spares[visible], seen[visible], yerr=[low[visible], high[visible]], color=color,
            fmt="o", markersize=5, capsize=3,
        )  # fmt: skip
    row = table.iloc[0]
    axes.plot([], [], color=INK, label="Markov chain")
    axes.errorbar([], [], yerr=[], color=INK, fmt="o", capsize=3, label="simulation, 95 %")
    axes.set_yscale("log")
    axes.set_xticks(sorted(set(table.servers - table.needed)))
    axes.set_xlabel("spare servers")
    axes.set_ylabel("share of time with too few working servers")
    axes.legend(frameon=False)
    axes.set_title(
        f"Spares (fail every {row.time_to_failure_s / 86400:.1f} days, "
        f"seen after {row.detection_s:g} s,\nrepaired in {row.repair_s / 3600:g} h)",
        loc="left", fontsize=10, fontweight="bold",
    )  # fmt: skip


def _detection(axes: Axes, table: pd.DataFrame) -> None:
    for color, marker, (law, rows) in zip((BLUE, VERMILION), "os", table.groupby("law")):
        if law == "exponential":
            chain = rows.lost_requests_chain
            axes.plot(rows.detection_s, chain, color=INK, linewidth=1, label="Markov chain")
        low = rows.lost_requests_seen - rows.lost_requests_low
        high = rows.lost_requests_high - rows.lost_requests_seen
        axes.errorbar(
            rows.detection_s, rows.lost_requests_seen, yerr=[low, high], color=color, fmt=marker,
            markersize=7 if marker == "s" else 4, capsize=3,
            markerfacecolor="none" if marker == "s" else color,
            label=f"simulation, {law} detection",
        )  # fmt: skip
    row = table.iloc[0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("mean time until a failure is detected (s)")
    axes.set_ylabel("share of requests lost")
    axes.legend(frameon=False)
    axes.set_title(
        f"Detection ({row.needed} of {row.servers}, "
        f"fail every {row.time_to_failure_s / 86400:g} days)\n",
        loc="left", fontsize=10, fontweight="bold",
    )  # fmt: skip
