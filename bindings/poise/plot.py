"""Pictures: the timeline of runs with their faults, and intervals of a sweep."""
from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from poise import show
from poise.plan import PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from poise.runs import Run
    from poise.sweeps import Sweep

# Okabe and Ito's palette: told apart under every common colour blindness.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7",
)  # fmt: skip
INK, FAINT = "#222222", "#8a8a8a"
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
HALO = [withStroke(linewidth=2.5, foreground="white")]
UNITS = (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1))
STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
Numbers = npt.NDArray[np.float64]


def timeline(
    runs: Mapping[str, Run], *, title: str = "", path: Optional[PathLike] = None
) -> Figure:
    """Goodput (above) and broken flows (below) of each run over time; faults are dashed lines.

    All runs share both scales. Written to `path` (PNG, PDF or SVG by its ending) if given.
    """
    with matplotlib.rc_context(STYLE):
        figure = _figure(width=9.6, height=1.0 + 1.4 * len(runs))
        heights = [height for _ in runs for height in (3.0, 1.25, 0.55)][:-1]
        grid = figure.add_gridspec(
            len(heights), 1, height_ratios=heights, hspace=0.12, left=0.075, right=0.81,
            bottom=0.52 / figure.get_figheight(), top=1 - 0.78 / figure.get_figheight(),
        )  # fmt: skip
        peak_bps = max(_smooth(run).max(initial=0.0) for run in runs.values()) or 1.0
        broken_max = max(int(run.timeline["flows_broken"].max()) for run in runs.values())
        shared: Optional[Axes] = None
        for i, (name, run) in enumerate(runs.items()):
            above = figure.add_subplot(grid[3 * i], sharex=shared)
            shared = shared or above
            below = figure.add_subplot(grid[3 * i + 1], sharex=shared)
            _goodput(above, run, peak_bps)
            _broken(below, run, broken_max)
            _mark_faults((above, below), run, labelled=i == 0)
            _name_panel(above, below, name, run)
            below.tick_params(labelbottom=i == len(runs) - 1, bottom=i == len(runs) - 1)
        assert shared is not None
        end_s = max(float(run.plan.duration_s) for run in runs.values())
        shared.set_xlim(0, end_s)
        below.set_xlabel("time (s)")
        if title:
            figure.text(
                0.075, 1 - 0.16 / figure.get_figheight(), title, weight="bold", size=11, va="top"
            )
        _write(figure, path)
    return figure


def intervals(
    sweep: Sweep, *, x: str, column: str, hue: Optional[str] = None, path: Optional[PathLike] = None
) -> Figure:
    """A column of a sweep over a parameter, with 95 % intervals; one line a value of `hue`."""
    table = sweep.ci(column, by=[x] if hue is None else [hue, x])
    groups: list[tuple[Any, Any]] = (
        [(None, table)] if hue is None else list(table.groupby(hue, sort=False))
    )
    with matplotlib.rc_context(STYLE):
        figure = _figure(width=6.4, height=4.0)
        axes = figure.add_axes((0.13, 0.13, 0.66, 0.8))
        places = {value: i for i, value in enumerate(dict.fromkeys(table[x]))}
        numeric = all(isinstance(value, (int, float, np.number)) for value in places)
        spots = sorted(float(value) if numeric else place for value, place in places.items())
        step = min(np.diff(spots), default=1.0) * 0.04  # keeps the bars of several lines apart
        ends: list[tuple[float, float, str, str]] = []
        for i, (name, group) in enumerate(groups):
            colour = COLOURS[i % len(COLOURS)]
            at = np.array([value if numeric else places[value] for value in group[x]], dtype=float)
            at += step * (i - (len(groups) - 1) / 2)
            mean, low, high = (group[bound].to_numpy() for bound in ("mean", "low", "high"))
            bars = np.nan_to_num([mean - low, high - mean])
            axes.errorbar(at, mean, yerr=bars, color=colour, marker="o", markersize=4, capsize=2.5)
            ends.append((float(mean[-1]), float(at[-1]), "" if name is None else str(name), colour))
        _label_ends(axes, ends)
        if not numeric:
            axes.set_xticks(list(places.values()), [str(value) for value in places])
        axes.set_xlabel(x)
        axes.set_ylabel(column)
        _write(figure, path)
    return figure


def _label_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Writes each line's name beside its end, moved up where it would lie on the one below."""
    low, high = axes.get_ylim()
    line_height = (high - low) / 22
    free = -np.inf
    right = max(at for _, at, _, _ in ends)
    for mean, _, name, colour in sorted(ends):
        free = max(free + line_height, mean)
        axes.annotate(
            name, (right, free), xytext=(10, 0), textcoords="offset points", color=colour,
            va="center", annotation_clip=False,
        )  # fmt: skip


def _figure(*, width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=160, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _write(figure: Figure, path: Optional[PathLike]) -> None:
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Software": None} if str(path).endswith(".png") else None)


def _middle_s(run: Run) -> Numbers:
    interval_s = float(run.plan.measures.interval_s)
    middle: Numbers = run.timeline["start_ns"].to_numpy() * 1e-9 + interval_s / 2
    return middle


def _smooth(run: Run, *, window_s: float = 0.5) -> Numbers:
    """Goodput as a centred mean over half a second: what a person can follow by eye."""
    raw: Numbers = run.timeline["goodput_bps"].to_numpy(dtype=float)
    width = max(1, round(window_s / float(run.plan.measures.interval_s)) | 1)
    if len(raw) < width:
        return raw
    weight = np.convolve(np.ones_like(raw), np.ones(width), mode="same")
    smooth: Numbers = np.convolve(raw, np.ones(width), mode="same") / weight
    return smooth


def _goodput(axes: Axes, run: Run, peak_bps: float) -> None:
    unit, scale = next((u, s) for u, s in UNITS if peak_bps >= 2 * s or s == 1)
    at, goodput = _middle_s(run), _smooth(run) / scale
    axes.fill_between(at, goodput, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(at, goodput, color=BLUE, linewidth=1.1)
    axes.set_ylim(0, 1.3 * peak_bps / scale)
    axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.text(
        0.004, 0.98, f"goodput, {unit}", transform=axes.transAxes, color=BLUE, size=8, va="top",
        path_effects=HALO,
    )  # fmt: skip
    axes.tick_params(labelbottom=False, bottom=False, labelsize=8)


def _root(values: Numbers) -> Numbers:
    root: Numbers = np.sqrt(np.maximum(values, 0))
    return root


def _square(values: Numbers) -> Numbers:
    return np.square(values)


def _broken(axes: Axes, run: Run, broken_max: int) -> None:
    """The bars of a strip (a root scale), and beside each fault how many flows it broke in all."""
    broken = run.timeline["flows_broken"].to_numpy()
    width_s = max(float(run.plan.measures.interval_s), 0.004 * float(run.plan.duration_s))
    axes.bar(_middle_s(run), broken, width=width_s, color=VERMILION, linewidth=0)
    axes.set_yscale("function", functions=(_root, _square))  # so that one flow is seen beside 100
    axes.set_ylim(0, max(4, broken_max) * 1.25)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.annotate(
        "broken", (0, 0.5), xycoords="axes fraction", xytext=(-6, 0), textcoords="offset points",
        color=VERMILION, size=8, ha="right", va="center",
    )  # fmt: skip
    for row in run.faults.itertuples():
        if row.flows_broken:
            axes.annotate(
                str(row.flows_broken), (row.at_ns * 1e-9, 1.0), xycoords=("data", "axes fraction"),
                xytext=(-3, -1), textcoords="offset points", color=VERMILION, size=9, weight="bold",
                ha="right", va="top", path_effects=HALO,
            )  # fmt: skip


def _mark_faults(panels: tuple[Axes, Axes], run: Run, *, labelled: bool) -> None:
    faults = [
        (row.at_ns * 1e-9, show.fault_sentence(row.kind, row.target))
        for row in run.faults.itertuples()
    ]
    for at, _ in faults:
        for axes in panels:
            axes.axvline(at, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    if labelled:
        _label_faults(panels[0], faults, end_s=float(run.plan.duration_s))


def _label_faults(axes: Axes, faults: list[tuple[float, str]], *, end_s: float) -> None:
    """Writes each fault once above the first panel, a step higher where its neighbour is near."""
    taken: list[float] = []  # where the text of each level ends, in seconds
    per_letter_s = end_s * 0.0083
    for at, text in faults:
        level = next((i for i, right in enumerate(taken) if at >= right), len(taken))
        if level == len(taken):
            taken.append(0.0)
        taken[level] = at + per_letter_s * (len(text) + 2)
        axes.annotate(
            text, (at, 1.0), xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(-2, 3 + 11 * min(level, 3)), size=8, ha="left", va="bottom",
            annotation_clip=False,
        )  # fmt: skip


def _name_panel(above: Axes, below: Axes, name: str, run: Run) -> None:
    numbers = run.summary()
    name = textwrap.fill(name, 22)
    above.text(1.015, 1.02, name, transform=above.transAxes, weight="bold", size=9.5, va="top")
    above.text(
        1.015, 0.98 - 0.21 * (1 + name.count("\n")),
        f"{numbers.flows:,} flows, {numbers.moved:,} moved\n"
        f"p99 {show.seconds(numbers.completion_p99_s)}, "
        f"stall {show.seconds(numbers.longest_stall_s)}",
        transform=above.transAxes, size=8, va="top", linespacing=1.3,
    )  # fmt: skip
    why = [
        f"{getattr(numbers, column):,} {text}"
        for column, text in show.CAUSES.items()
        if getattr(numbers, column)
    ]
    below.text(
        1.015, -0.04, "\n".join([f"{numbers.broken:,} broken", *why]),
        transform=below.transAxes, size=8, va="bottom", linespacing=1.15,
        color=VERMILION if numbers.broken else FAINT,
    )  # fmt: skip
