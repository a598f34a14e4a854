"""The tables of a run as pandas frames and as CSV files that read back to the same values."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Mapping

import numpy as np
import pandas as pd

from poise import _poise
from poise.errors import PoiseError

#: In the order of the model: flows, timeline, faults, notices, backends, counters, digests.
Tables = dict[str, pd.DataFrame]


@lru_cache(maxsize=None)
def schema() -> dict[str, dict[str, np.dtype[np.generic]]]:
    """{table: {column: dtype}} of every run; text is of dtype object."""
    return {
        table: {name: np.asarray(column).dtype for name, column in columns.items()}
        for table, columns in _poise.RunResult().tables().items()
    }


def frames(result: _poise.RunResult) -> Tables:
    """The tables of a result, each column one array of numpy."""
    return {name: pd.DataFrame(columns) for name, columns in result.tables().items()}


def fingerprint(tables: Mapping[str, pd.DataFrame], *, events: int) -> str:
    """What the model says of these tables: equal to the run's own fingerprint, or they changed."""
    columns = {
        table: {name: tables[table][name].to_numpy() for name in names}
        for table, names in schema().items()
    }
    return _poise.RunResult(columns, events=events).fingerprint()


def write(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """One CSV file a table, its name and the columns' as in the table."""
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def read(folder: Path) -> Tables:
    """The tables that `write` wrote, equal in every value and dtype.

    Raises PoiseError, with the file's name, for what is missing or was not written by `write`.
    """
    return {name: _read(folder / f"{name}.csv", columns) for name, columns in schema().items()}


def _read(path: Path, columns: Mapping[str, np.dtype[np.generic]]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            dtype={column: str if kind == object else kind for column, kind in columns.items()},
            na_filter=False,
            float_precision="round_trip",
        )
    except OSError as error:
        raise PoiseError(f"{path}: {error.strerror}; a finished run has it") from None
    except (ValueError, OverflowError) as error:  # pandas' and Unicode's are ValueErrors
        raise PoiseError(f"{path}: is not a table of a run: {error}") from None
    if list(frame.columns) != list(columns):
        raise PoiseError(f"{path}: is not a table of a run: its columns are not {list(columns)}")
    return frame


def difference(left: Mapping[str, pd.DataFrame], right: Mapping[str, pd.DataFrame]) -> list[str]:
    """Where two runs differ, a line a table: its first different row and column."""
    lines = []
    for name, frame in left.items():
        other = right[name]
        if len(frame) != len(other):
            lines.append(f"{name}: {len(frame)} rows, then {len(other)}")
            continue
        unequal = [column for column in frame if not _equal(frame[column], other[column])]
        if unequal:
            column = unequal[0]
            row = int(np.flatnonzero(frame[column].to_numpy() != other[column].to_numpy())[0])
            more = f" (and {len(unequal) - 1} more columns)" if len(unequal) > 1 else ""
            old, new = frame[column].iloc[row], other[column].iloc[row]
            lines.append(f"{name}: row {row}: {column} was {old!r}, is {new!r}{more}")
    return lines


def _equal(left: pd.Series, right: pd.Series) -> bool:
    return bool(np.array_equal(left.to_numpy(), right.to_numpy()))
