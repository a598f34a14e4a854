"""The picture of an agreement: both worlds over time, and how long their flows stalled."""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import matplotlib
import numpy as np

from poise import plot, show
from poise.plan import PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from poise.agreement import Agreement

COLOURS = (plot.BLUE, plot.VERMILION)


def agreement_plot(agreement: Agreement, *, path: Optional[PathLike] = None) -> Figure:
    """Goodput, flows broken so far, and the share of flows with longer stalls, of both worlds."""
    with matplotlib.rc_context(plot.STYLE):
        figure = plot._figure(width=9.6, height=6.4)
        grid = figure.add_gridspec(
            3, 1, height_ratios=(3, 1.6, 3), hspace=0.35,
            left=0.08, right=0.9, bottom=0.08, top=0.86,
        )  # fmt: skip
        goodput = figure.add_subplot(grid[0])
        broken = figure.add_subplot(grid[1], sharex=goodput)
        stalls = figure.add_subplot(grid[2])
        for (world, run), colour in zip(agreement.runs.items(), COLOURS):
            at = plot._middle_s(run)
            goodput.plot(at, plot._smooth(run) / 1e6, color=colour, linewidth=1.2, label=world)
            broken.step(at, np.cumsum(run.timeline["flows_broken"]), color=colour, linewidth=1.2)
            _survival(stalls, run.flows["longest_stall_ns"].to_numpy() * 1e-9, colour, world)
        first = next(iter(agreement.runs.values()))
        plot._mark_faults((goodput, broken), first, labelled=True)
        goodput.set_ylabel("goodput, Mbit/s")
        goodput.set_ylim(0, None)
        goodput.tick_params(labelbottom=False)
        goodput.legend(frameon=False, loc="lower right", ncols=2)
        broken.set_ylabel("broken\nso far")
        broken.set_ylim(0, None)
        broken.set_xlabel("time (s)", labelpad=1)
        goodput.set_xlim(0, float(first.plan.duration_s))
        stalls.set(xscale="log", yscale="log", xlabel="longest stall of a flow (s)")
        stalls.set_ylabel("share of flows\nthat stalled longer")
        title = f"{agreement.plan.title}: {' and '.join(agreement.runs)}"
        figure.text(0.08, 0.975, title, weight="bold", size=11, va="top")
        plot._write(figure, path)
    return figure


def _survival(axes: Axes, stalls_s: plot.Numbers, colour: str, world: str) -> None:
    if len(stalls_s) == 0:
        return
    ordered = np.sort(stalls_s)
    longer = 1 - np.arange(len(ordered)) / len(ordered)
    median = show.seconds(float(np.median(ordered)))
    label = f"{world}, median {median}"
    axes.step(ordered, longer, color=colour, linewidth=1.2, where="post", label=label)
    axes.legend(frameon=False, loc="lower left")
