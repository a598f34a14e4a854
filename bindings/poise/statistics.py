"""Confidence intervals: Student's t for means, Wilson's for shares."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Union

import numpy as np
import numpy.typing as npt

from poise import _poise


class Interval(NamedTuple):
    """An estimate and its two-sided confidence interval from `n` observations."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def student_t(values: Union[Sequence[float], npt.ArrayLike], *, level: float = 0.95) -> Interval:
    """Of the mean of independent observations (Student, Biometrika 1908). NaNs are left out.

    The bounds are NaN for fewer than two observations. Raises ValueError for a level not in (0, 1).
    """
    data = np.asarray(values, dtype=float)
    data = data[~np.isnan(data)]
    if len(data) < 2:
        return Interval(float(data[0]) if len(data) else np.nan, np.nan, np.nan, len(data))
    return Interval(*_poise.mean_interval(data, level=level), len(data))


def wilson(successes: int, *, trials: int, level: float = 0.95) -> Interval:
    """Of a share (Wilson, JASA 1927): within [0, 1], also where nothing or all of it happened.

    All is NaN without trials. Raises ValueError unless 0 <= successes <= trials and 0 < level < 1.
    """
    if successes < 0:
        raise ValueError(f"{successes} successes make no share")
    if trials == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    return Interval(*_poise.wilson_interval(successes, trials=trials, level=level), trials)


def median_difference(
    left: npt.ArrayLike, *, right: npt.ArrayLike, level: float = 0.95, resamples: int = 2000
) -> Interval:
    """Of the median of `left` less that of `right`: bootstrap percentiles (Efron, Ann. Stat. 1979).

    The same numbers give the same interval. The bounds are NaN for fewer than five observations on
    a side, where resampling says nothing.
    """
    one, two = (np.asarray(side, dtype=float) for side in (left, right))
    count = min(len(one), len(two))
    if count == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(np.median(one) - np.median(two))
    if count < 5:
        return Interval(mean, np.nan, np.nan, count)
    rng = np.random.default_rng(1)
    medians = [
        np.median(rng.choice(side, size=(resamples, len(side))), axis=1) for side in (one, two)
    ]
    low, high = np.quantile(medians[0] - medians[1], [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high), count)
