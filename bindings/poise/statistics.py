"""Confidence intervals: Student's t for means, Wilson's for shares."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Union

import numpy as np
import numpy.typing as npt


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
    """Of the mean of independent observations (Student 1908). NaNs are left out.

    The bounds are NaN for fewer than two observations. Raises ValueError for a level not in (0, 1).
    """
    from scipy.stats import t

    _check_level(level)
    data = np.asarray(values, dtype=float)
    data = data[~np.isnan(data)]
    if len(data) < 2:
        return Interval(float(data[0]) if len(data) else np.nan, np.nan, np.nan, len(data))
    mean = float(data.mean())
    half = float(t.ppf((1 + level) / 2, len(data) - 1) * data.std(ddof=1) / np.sqrt(len(data)))
    return Interval(mean, mean - half, mean + half, len(data))


def wilson(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Of a share (Wilson, JASA 1927): within [0, 1], and right where nothing or everything happened.

    Raises ValueError unless 0 <= successes <= trials, or for a level not in (0, 1).
    """
    from scipy.stats import norm

    _check_level(level)
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials make no share")
    if trials == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    z = float(norm.ppf((1 + level) / 2))
    share = successes / trials
    scale = 1 + z * z / trials
    center = (share + z * z / (2 * trials)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else float(center - half)
    high = 1.0 if successes == trials else float(center + half)
    return Interval(share, low, high, trials)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; a confidence level lies between 0 and 1, such as 0.95")
