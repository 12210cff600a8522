"""A CSV of weather forecasts that another system renews: docs/weather.md states the format.

``utc`` is the start of each step, ``issued_at`` the issue that the line belongs to (left out: the file's own
time), each further column one of our variables. A file may hold many issues, one after the other.
"""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite, nan
from pathlib import Path

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput, Fault, Retryable
from energy.forecast.weather.hourly import RANGES, bad_answer, require_plausible
from energy.periods import PERIOD_S, format_utc, parse_utc
from energy.weather import STEPS_MAX, WeatherForecast

BYTES_MAX = 64_000_000
"""Two years of four issues a day over two days have some 15 MB."""
FAULTS_MAX = 100
TIME, ISSUED = "utc", "issued_at"
SEPARATORS = ((";", "semicolons"), ("\t", "tabs"))
"""What spreadsheets write between fields instead of commas."""
STEPS_S = (PERIOD_S, 2 * PERIOD_S, 4 * PERIOD_S)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Issue:
    """One issue of a file."""

    issued_at: datetime
    start: datetime
    step_s: int
    values: dict[str, FloatArray]


@dataclass(slots=True, kw_only=True)
class CsvFile:
    """One place's file; read again only once it was changed."""

    source: str
    path: Path
    place: tuple[float, float]
    delay: timedelta = timedelta()
    _read_as: tuple[int, int, int] | None = None
    _issues: list[Issue] = field(default_factory=list)

    def fetch(self, at: datetime) -> WeatherForecast:
        """Give the newest issue that is known by now; see ``ports.WeatherProvider``."""
        known = [issue for issue in self._all() if issue.issued_at + self.delay <= at]
        if not known:
            raise Retryable(f"{self.path}: no issue is known yet at {format_utc(at)}")
        return self._forecast(known[-1])

    def known_before(self, at: datetime) -> list[WeatherForecast]:
        """Give every issue that was known by a moment, oldest first: the past of a record that begins."""
        return [self._forecast(issue) for issue in self._all() if issue.issued_at + self.delay <= at]

    def _forecast(self, issue: Issue) -> WeatherForecast:
        return WeatherForecast(
            source=self.source,
            issued_at=issue.issued_at,
            known_at=issue.issued_at + self.delay,
            start=issue.start,
            step_s=issue.step_s,
            latitude=self.place[0],
            longitude=self.place[1],
            values=issue.values,
        )

    def _all(self) -> list[Issue]:
        try:
            with self.path.open("rb") as stream:
                about = os.fstat(stream.fileno())
                version = (about.st_ino, about.st_size, about.st_mtime_ns)
                if version != self._read_as:
                    content = stream.read(BYTES_MAX + 1)
                    changed_at = datetime.fromtimestamp(about.st_mtime, UTC)
                    self._issues = read_issues(content, where=str(self.path), changed_at=changed_at)
                    self._read_as = version
        except OSError as error:
            raise Retryable(f"{self.path}: cannot be read: {error.strerror}") from error
        return self._issues


def read_issues(content: bytes, *, where: str, changed_at: datetime) -> list[Issue]:
    """Read a file's issues, oldest first.

    Args:
        content: the file.
        where: its name.
        changed_at: when it was written: the issue of a file without the column.

    Raises:
        BadInput: with the faults and their lines (the first 100).
    """
    report = _Report(where)
    if len(content) > BYTES_MAX:
        raise bad_answer(
            where,
            "(file)",
            value=f"over {BYTES_MAX} bytes",
            limit="too large",
            mend="leave old issues out",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_answer(
            where, "(file)", value=str(error), limit="not UTF-8", mend="write it as UTF-8"
        ) from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        _check_header(header, report)
        rows = [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise bad_answer(
            where, "(file)", value=str(error), limit="no CSV", mend="write commas between fields"
        ) from error
    groups: dict[datetime, list[tuple[int, datetime, list[float]]]] = {}
    for line, row in rows:
        _read_row(line, row, header, groups, report, changed_at=changed_at)
    if not rows:
        report.add(None, "(file)", value="no line", limit="at least two", mend="write the forecast")
    report.raise_if_any()  # a line that could not be read would be missing from its issue: one fault, not two
    issues = [_issue(issued, group, header, report) for issued, group in sorted(groups.items())]
    report.raise_if_any()
    return [issue for issue in issues if issue is not None]


@dataclass(slots=True)
class _Report:
    where: str
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.faults) >= FAULTS_MAX

    def add(self, line: int | None, place: str, *, value: object, limit: str, mend: str) -> None:
        if not self.is_full:
            self.faults.append(
                Fault(file=self.where, line=line, place=place, value=value, limit=limit, mend=mend)
            )

    def raise_if_any(self) -> None:
        if self.faults:
            raise BadInput(self.faults)


def _check_header(header: Sequence[str], report: _Report) -> None:
    if len(header) == 1 and (other := next((name for mark, name in SEPARATORS if mark in header[0]), None)):
        report.add(1, "(header)", value=header[0], limit=f"{other} between fields", mend="write commas")
        report.raise_if_any()
    if TIME not in header:
        report.add(1, TIME, value=None, limit="there is no such column", mend="add it: each step's start")
    for name in header:
        if name not in {TIME, ISSUED, *RANGES}:
            known = ", ".join(RANGES)
            report.add(1, name, value=name, limit="no variable of ours", mend=f"use one of: {known}")
    if len(set(header)) != len(header):
        report.add(1, "(header)", value=",".join(header), limit="a column stands twice", mend="remove one")
    if not set(header) & set(RANGES):
        report.add(1, "(header)", value=",".join(header), limit="no variable", mend="add one")
    report.raise_if_any()


def _read_row(
    line: int,
    row: Sequence[str],
    header: Sequence[str],
    groups: dict[datetime, list[tuple[int, datetime, list[float]]]],
    report: _Report,
    *,
    changed_at: datetime,
) -> None:
    if len(row) != len(header):
        report.add(
            line,
            "(line)",
            value=f"{len(row)} fields",
            limit=f"the header has {len(header)}",
            mend="write a decimal point, and each field",
        )
        return
    cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
    moments: dict[str, datetime] = {ISSUED: changed_at}
    for name in (TIME, ISSUED):
        if name in cells:
            try:
                moments[name] = parse_utc(cells[name])
            except ValueError as error:
                mend = "write for example 2024-06-01T10:00Z"
                report.add(line, name, value=cells[name], limit=str(error), mend=mend)
                return
    values = [_number(line, name, cells[name], report) for name in header if name in RANGES]
    groups.setdefault(moments[ISSUED], []).append((line, moments[TIME], values))


def _number(line: int, name: str, text: str, report: _Report) -> float:
    if not text:
        return nan
    low, high = RANGES[name]
    try:
        value = float(text)
    except ValueError:
        report.add(line, name, value=text, limit="no number", mend="write one, or leave it empty")
        return nan
    if not (isfinite(value) and low <= value <= high):
        report.add(line, name, value=text, limit=f"{low:g} to {high:g}", mend="look at the unit")
        return nan
    return value


def _issue(
    issued: datetime,
    group: Sequence[tuple[int, datetime, list[float]]],
    header: Sequence[str],
    report: _Report,
) -> Issue | None:
    start = group[0][1]
    step_s = round((group[1][1] - start).total_seconds()) if len(group) > 1 else 0
    line = group[0][0]
    if step_s not in STEPS_S or len(group) > STEPS_MAX or start.timestamp() % step_s:
        value = f"{len(group)} steps of {step_s} s from {format_utc(start)}"
        limit = f"2 to {STEPS_MAX} steps of a quarter, half or whole hour, on its grid"
        report.add(line, TIME, value=value, limit=limit, mend="write a regular forecast for each issue")
        return None
    for number, (own_line, moment, _) in enumerate(group):
        if moment != start + timedelta(seconds=number * step_s):
            report.add(
                own_line,
                TIME,
                value=format_utc(moment),
                limit=f"{format_utc(start + timedelta(seconds=number * step_s))} comes here",
                mend="write each issue's steps one after the other, without a gap",
            )
            return None
    names = [name for name in header if name in RANGES]
    columns = np.array([values for _, _, values in group]).T
    named = {name: column for name, column in zip(names, columns, strict=True) if np.isfinite(column).any()}
    if not named:
        report.add(line, "(issue)", value=format_utc(issued), limit="no value", mend="leave the issue out")
        return None
    values = require_plausible(named, where=report.where)
    return Issue(issued_at=issued, start=start, step_s=step_s, values=values)
