"""The picture of the disruption experiment: resilience, evenness, table sizes, policies."""
from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from poise.plot import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, SKY, STYLE, VERMILION

COLORS = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]


def draw(tables: dict[str, pd.DataFrame], backends: int, path: Path) -> None:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 7.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 2)
        _resilience(axes[0][0], tables["resilience"], backends)
        _evenness(axes[0][1], tables["evenness"], backends)
        _removal(axes[1][0], tables["removal"])
        _policies(axes[1][1], tables["policies"])
        figure.savefig(path, dpi=150)


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=10, fontweight="bold")


def _resilience(axes: Axes, table: pd.DataFrame, backends: int) -> None:
    for color, (size, rows) in zip(COLORS, table.groupby("table_size")):
        low, high = rows.mean_percent - rows.low_percent, rows.high_percent - rows.mean_percent
        axes.errorbar(
            100 * rows.failures / backends, rows.mean_percent, yerr=[low, high], color=color,
            marker="o", markersize=4, capsize=2, linewidth=1.2, label=f"{size:,} entries",
        )  # fmt: skip
    known = table[table.known_percent.notna()]
    axes.plot(
        100 * known.failures / backends, known.known_percent, "x", color=INK, markersize=7,
        label="known values", zorder=5,
    )  # fmt: skip
    axes.set_xlabel(f"backends failing at once (% of {backends:,})")
    axes.set_ylabel("entries moved without need (%)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    _title(axes, "Maglev, k failures at once (Fig. 12 of its paper)")


def _evenness(axes: Axes, table: pd.DataFrame, backends: int) -> None:
    labels = []
    for place, row in enumerate(table.itertuples()):
        color = COLORS[list(table.kind.unique()).index(row.kind)]
        bar = {"color": color, "linewidth": 5, "alpha": 0.35}
        axes.plot([row.min_percent, row.max_percent], [place, place], **bar)
        axes.plot(row.mean_percent, place, "o", color=color, markersize=6)
        axes.plot(row.paper_percent, place, "x", color=INK, markersize=7, zorder=5)
        labels.append(f"{row.kind}, {row.entries:,}")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlim(left=-1)
    axes.set_xlabel("fullest backend above the mean (%)")
    axes.plot([], [], "x", color=INK, label="the paper's draw")
    axes.plot([], [], "o", color=FAINT, label="our mean")
    axes.plot([], [], color=FAINT, linewidth=5, alpha=0.5, label="our range")
    axes.legend(frameon=False, loc="upper right")
    _title(axes, f"Evenness over {backends:,} backends (Fig. 11)")


def _removal(axes: Axes, table: pd.DataFrame) -> None:
    for color, (size, rows) in zip(COLORS, table.groupby("table_size")):
        axes.plot(
            rows.backends, rows.mean_percent, color=color, marker="o", markersize=4, linewidth=1.2,
            label=f"{size:,}",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks([3, 10, 30, 100, 300, 1000], ["3", "10", "30", "100", "300", "1000"])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("backends, of which one leaves")
    axes.set_ylabel("entries moved without need (%)")
    axes.legend(frameon=False, title="entries")
    _title(axes, "Maglev, one backend leaves: how large a table?")


def _policies(axes: Axes, table: pd.DataFrame) -> None:
    kinds = list(table.kind.unique())
    groups = list(table.groupby("backends"))
    height = 0.8 / len(groups)
    for i, (color, (backends, rows)) in enumerate(zip(COLORS, groups)):
        places = [kinds.index(kind) + (i - (len(groups) - 1) / 2) * height for kind in rows.kind]
        axes.barh(places, rows.changed_percent, height, color=color, label=f"one of {backends:,}")
        for place, changed, excess in zip(places, rows.changed_percent, rows.mean_percent):
            axes.text(changed + 1, place, f"{excess:.2g} % without need", va="center", fontsize=8)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set_xlim(0, 145)
    axes.set_xticks([0, 20, 40, 60, 80, 100])
    axes.set_xlabel("flows moved (%)")
    axes.legend(frameon=False, loc="upper right")
    _title(axes, "One backend leaves: every consistent policy")
