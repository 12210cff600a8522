"""A CSV of measured series: ``utc`` labels the start of each period, on one regular grid of a quarter hour or an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.errors import BadInput, Fault

STEPS_S = (900, 3600)
DAYS_MIN = 14
ROWS_MAX = 1_000_000
BYTES_MAX = 200_000_000
FAULTS_MAX = 20
"""Faults of one sort that are listed; the last one says how many more there are."""
_UTC = "utc"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Columns by name, shape (periods,), NaN where the file is empty."""

    start: datetime
    step_s: int
    columns: dict[str, FloatArray]


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Read columns of a ``.csv`` or ``.csv.gz``.

    Raises:
        BadInput: with every fault that could be found.
    """
    raw = _raw(path)
    faults = _missing_columns(path, raw, (_UTC, *columns))
    values = {}
    for name in dict.fromkeys(columns):
        if name in raw.columns:
            values[name], wrong = _numbers(path, name, raw[name])
            faults += wrong
    start, step_s = None, 0
    if _UTC in raw.columns:
        start, step_s, wrong = _grid(path, raw[_UTC])
        faults += wrong
    if faults or start is None:
        raise BadInput(faults)
    return Table(start=start, step_s=step_s, columns=values)


def _raw(path: Path) -> pd.DataFrame:
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            raise BadInput(
                [_fault(path, None, "(file)", f"{size} bytes", f"at most {BYTES_MAX} bytes", "split it")]
            )
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=ROWS_MAX + 1, skip_blank_lines=False)
    except OSError as error:
        fault = _fault(
            path,
            None,
            "(file)",
            error.strerror,
            "it cannot be read",
            "check the path, its permissions and .gz",
        )
        raise BadInput([fault]) from error
    except (ValueError, EOFError) as error:
        fault = _fault(
            path, None, "(file)", str(error).strip(), "it is no CSV", "give a header line and commas"
        )
        raise BadInput([fault]) from error
    if len(raw) > ROWS_MAX:
        raise BadInput(
            [_fault(path, ROWS_MAX + 2, "(file)", "more rows", f"at most {ROWS_MAX} rows", "split it")]
        )
    return raw


def _missing_columns(path: Path, raw: pd.DataFrame, wanted: Sequence[str]) -> list[Fault]:
    there = ", ".join(map(str, raw.columns))
    return [
        _fault(path, 1, "(header)", name, f"no such column; there are: {there}", "name one of these columns")
        for name in dict.fromkeys(wanted)
        if name not in raw.columns
    ]


def _numbers(path: Path, name: str, cells: "pd.Series[str]") -> tuple[FloatArray, list[Fault]]:
    text = cells.str.strip()
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    empty = text.isin(["", "NaN", "nan"]).to_numpy(dtype=np.bool_)
    wrong = ~empty & ~np.isfinite(numbers)
    faults = _listed(
        path, name, cells, wrong, "not a finite number", "write a number with a point, or leave it empty"
    )
    return np.where(empty, np.nan, numbers), faults


def _grid(path: Path, cells: "pd.Series[str]") -> tuple[datetime | None, int, list[Fault]]:
    text = cells.str.strip()
    moments = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    unreadable = moments.isna().to_numpy(dtype=np.bool_)
    zoned = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).to_numpy(dtype=np.bool_)
    faults = _listed(
        path, _UTC, cells, unreadable, "no ISO 8601 moment", "write for example 2020-06-01T10:00Z"
    )
    faults += _listed(path, _UTC, cells, ~unreadable & ~zoned, "no time zone", "write it as UTC, with a Z")
    if faults:
        return None, 0, faults
    at_s = moments.dt.as_unit("s").astype("int64").to_numpy(dtype=np.int64)
    steps = np.diff(at_s)
    if steps.size == 0:
        return None, 0, [_fault(path, None, _UTC, f"{at_s.size} rows", "too short", f"give {DAYS_MIN} days")]
    step_s = int(np.median(steps))
    if step_s not in STEPS_S:
        limit = "the grid must be 900 s or 3600 s"
        return None, 0, [_fault(path, 2, _UTC, f"{step_s} s", limit, "resample to quarter hours or hours")]
    later = np.concatenate([[False], steps != step_s])
    repeated = np.concatenate([[False], steps == 0])
    faults += _listed(path, _UTC, cells, repeated, "the moment stands twice", "keep one of the two lines")
    gap = f"not {step_s} s after the line before"
    faults += _listed(
        path, _UTC, cells, later & ~repeated, gap, "sort the file; leave missing values empty, not out"
    )
    if int(at_s[0]) % step_s:
        faults.append(_fault(path, 2, _UTC, cells.iloc[0], "off the grid", f"begin at a whole {step_s} s"))
    if at_s.size * step_s < DAYS_MIN * 86_400:
        days = at_s.size * step_s / 86_400
        faults.append(
            _fault(path, None, _UTC, f"{days:.1f} days", f"at least {DAYS_MIN} days", "give more history")
        )
    return moments.iloc[0].to_pydatetime(), step_s, faults


def _listed(
    path: Path, place: str, cells: "pd.Series[str]", wrong: NDArray[np.bool_], limit: str, mend: str
) -> list[Fault]:
    """Report wrong cells with their lines, the first FAULTS_MAX of them."""
    rows = np.flatnonzero(wrong)
    faults = [
        _fault(path, int(row) + 2, place, cells.iloc[int(row)], limit, mend) for row in rows[:FAULTS_MAX]
    ]
    if rows.size > FAULTS_MAX:
        more = f"{rows.size - FAULTS_MAX} more like this"
        faults.append(_fault(path, int(rows[FAULTS_MAX]) + 2, place, more, limit, mend))
    return faults


def _fault(path: Path, line: int | None, place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file=str(path), line=line, place=place, value=value, limit=limit, mend=mend)
