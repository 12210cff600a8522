"""A CSV of measured series: ``utc`` labels the start of each period of one regular grid.

Fields are parted by commas, or by semicolons as German spreadsheets do it; then decimals may have a comma.
Moments may be local time with its offset.
"""

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.forecast.calendar import BoolArray, IntArray

STEPS_S = (900, 3600)
DAYS_MIN = 14
ROWS_MAX = 1_000_000
BYTES_MAX = 200_000_000
FAULTS_MAX = 20
"""Faults of one sort that are listed; the last one says how many more there are."""
_UTC = "utc"
ZONE_MEND = "write UTC with a Z, or local time with its offset: 2020-06-01T12:00+02:00, in winter +01:00"


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
    is_german, values = _delimiter(path) == ";", {}
    for name in dict.fromkeys(columns):
        if name in raw.columns:
            values[name], wrong = _numbers(path, raw[name], is_german=is_german)
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
            raise _whole(path, f"{size} bytes", limit=f"at most {BYTES_MAX} bytes", mend="split it")
        faults = _of_header(path) or _uneven(path)
        if faults:
            raise BadInput(faults)
        raw = pd.read_csv(
            path,
            sep=_delimiter(path),
            dtype=str,
            keep_default_na=False,
            nrows=ROWS_MAX + 1,
            skip_blank_lines=False,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise _whole(
            path, reason, limit="it cannot be read", mend="check path, permissions and .gz"
        ) from error
    except UnicodeDecodeError as error:
        raise _whole(path, "a byte", limit="not UTF-8 text", mend="save the file as UTF-8") from error
    except (ValueError, EOFError, csv.Error, zlib.error) as error:
        reason = str(error).strip()
        raise _whole(path, reason, limit="it is no CSV", mend="give a header line and commas") from error
    if len(raw) > ROWS_MAX:
        raise _whole(path, "more rows", limit=f"at most {ROWS_MAX} rows", mend="split it")
    return raw


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _delimiter(path: Path) -> str:
    """Read from the header what parts the fields: no column of ours has either sign in its name."""
    with _opened(path) as stream:
        header = stream.readline(BYTES_MAX)
    return ";" if ";" in header and "," not in header else ","


def _of_header(path: Path) -> list[Fault]:
    """Refuse tabs between the columns, and a column that stands twice: which one is meant nobody knows."""
    with _opened(path) as stream:
        names = next(csv.reader(stream, delimiter=_delimiter(path)), [])
    told = (
        [("columns parted by tabs", "save as CSV with commas, or semicolons")]
        if "\t" in "".join(names)
        else []
    )
    twice = sorted({name for name in names if names.count(name) > 1})
    told += [(f"the column {name} stands twice", "keep one, or rename the other") for name in twice]
    return [
        Fault(file=str(path), line=1, place="(header)", value=None, limit=limit, mend=mend)
        for limit, mend in told
    ]


def _uneven(path: Path) -> list[Fault]:
    """Report lines with another number of fields than the header: pandas would shift or fill them unseen."""
    rows: list[tuple[int, str]] = []
    more = 0
    with _opened(path) as stream:
        lines = csv.reader(stream, delimiter=_delimiter(path))
        width = len(next(lines, []))
        for row in islice(lines, ROWS_MAX):
            if len(row) == width or not row or width < 2:
                continue
            if len(rows) < FAULTS_MAX:
                rows.append((lines.line_num, f"{len(row)} fields"))
            else:
                more += 1
    if more:
        rows.append((rows[-1][0], f"{more} more like this"))
    return [
        Fault(
            file=str(path),
            line=line,
            place="(line)",
            value=value,
            limit=f"the header has {width}",
            mend="write decimals with a point, not a comma, and leave the field of a missing value empty",
        )
        for line, value in rows
    ]


def _whole(path: Path, value: str, *, limit: str, mend: str) -> BadInput:
    return BadInput([Fault(file=str(path), line=None, place="(file)", value=value, limit=limit, mend=mend)])


def _missing_columns(path: Path, raw: pd.DataFrame, wanted: Sequence[str]) -> list[Fault]:
    there = ", ".join(map(str, raw.columns))
    return [
        Fault(
            file=str(path),
            line=1,
            place="(header)",
            value=name,
            limit=f"no such column; there are: {there}",
            mend="name one of these columns",
        )
        for name in dict.fromkeys(wanted)
        if name not in raw.columns
    ]


def _numbers(path: Path, cells: "pd.Series[str]", *, is_german: bool) -> tuple[FloatArray, list[Fault]]:
    text = cells.str.strip()
    comma = text.str.fullmatch(r"[+-]?\d+,\d+").to_numpy(dtype=np.bool_)
    if comma.any():
        # beside commas a point may be one of thousands: 1.234 is then left to whoever knows
        point = text.str.contains(".", regex=False).to_numpy(dtype=np.bool_)
        limit, mend = "a point where other lines have a comma", "write all decimals alike, thousands unparted"
        mixed = _listed(path, cells, point, limit=limit, mend=mend)
        if mixed:
            return np.full(text.size, np.nan), mixed
        text = text.str.replace(",", ".", regex=False)
    elif is_german and (grouped := text.str.fullmatch(r"[+-]?\d{1,3}\.\d{3}").to_numpy(dtype=np.bool_)).any():
        others = text.str.contains(".", regex=False).to_numpy(dtype=np.bool_) & ~grouped
        if not others.any():  # 4.760 between semicolons: nobody but its writer knows
            limit = "a point before three digits in each number: of thousands, or of decimals?"
            mend = "write thousands unparted, or decimals with a comma"
            return np.full(text.size, np.nan), _listed(path, cells, grouped, limit=limit, mend=mend)
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    empty = text.isin(["", "NaN", "nan"]).to_numpy(dtype=np.bool_)
    wrong = ~empty & ~np.isfinite(numbers)
    mend = "write a number with a point, or leave it empty"
    faults = _listed(path, cells, wrong, limit="not a finite number", mend=mend)
    return np.where(empty, np.nan, numbers), faults


def _grid(path: Path, cells: "pd.Series[str]") -> tuple[datetime | None, int, list[Fault]]:
    text = cells.str.strip()
    moments = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    unreadable = moments.isna().to_numpy(dtype=np.bool_)
    zoned = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).to_numpy(dtype=np.bool_)
    mend = "write for example 2020-06-01T10:00Z"
    faults = _listed(path, cells, unreadable, limit="no ISO 8601 moment", mend=mend)
    faults += _listed(path, cells, ~unreadable & ~zoned, limit="no time zone", mend=ZONE_MEND)
    if faults:
        return None, 0, faults
    at_s = np.asarray(moments.dt.as_unit("s").astype("int64"), dtype=np.int64)
    if at_s.size < 2:
        fault = _of_grid(path, None, f"{at_s.size} rows", limit="too short", mend=f"give {DAYS_MIN} days")
        return None, 0, [fault]
    step_s = int(np.median(np.diff(at_s)))
    if step_s not in STEPS_S:
        limit, mend = "the grid must be 900 s or 3600 s", "resample to quarter hours or hours"
        return None, 0, [_of_grid(path, 2, f"{step_s} s", limit=limit, mend=mend)]
    return moments.iloc[0].to_pydatetime(), step_s, _irregular(path, cells, at_s, step_s)


def _irregular(path: Path, cells: "pd.Series[str]", at_s: IntArray, step_s: int) -> list[Fault]:
    steps = np.concatenate([[step_s], np.diff(at_s)])
    repeated, other = steps == 0, (steps != 0) & (steps != step_s)
    faults = _listed(path, cells, repeated, limit="the moment stands twice", mend="keep one of the two lines")
    limit = f"not {step_s} s after the line before"
    faults += _listed(
        path, cells, other, limit=limit, mend="sort the file; leave missing values empty, not out"
    )
    if int(at_s[0]) % step_s:
        value, mend = str(cells.iloc[0]), f"begin at a whole {step_s} s"
        faults.append(_of_grid(path, 2, value, limit="off the grid", mend=mend))
    days = at_s.size * step_s / 86_400
    if days < DAYS_MIN:
        limit = f"at least {DAYS_MIN} days"
        faults.append(_of_grid(path, None, f"{days:.1f} days", limit=limit, mend="give more history"))
    return faults


def _of_grid(path: Path, line: int | None, value: str, *, limit: str, mend: str) -> Fault:
    return Fault(file=str(path), line=line, place=_UTC, value=value, limit=limit, mend=mend)


def _listed(path: Path, cells: "pd.Series[str]", wrong: BoolArray, *, limit: str, mend: str) -> list[Fault]:
    """Report wrong cells with their lines, the first FAULTS_MAX of them and how many more there are."""
    rows = [int(row) for row in np.flatnonzero(wrong)]
    shown = [(row, str(cells.iloc[row])) for row in rows[:FAULTS_MAX]]
    if len(rows) > FAULTS_MAX:
        shown.append((rows[FAULTS_MAX], f"{len(rows) - FAULTS_MAX} more like this"))
    return [
        Fault(file=str(path), line=row + 2, place=str(cells.name), value=value, limit=limit, mend=mend)
        for row, value in shown
    ]
