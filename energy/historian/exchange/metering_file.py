"""Judges a whole metering file before anything is taken: a series of quarter hours and a report."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray, Point
from energy.errors import BadInput, Fault
from energy.historian.exchange.metering_layout import Layout, Line, layout_fault, read_layout
from energy.historian.exchange.metering_options import POINTS, Decided, Told, decide
from energy.historian.exchange.metering_report import OddDay, Rejected, Report
from energy.historian.exchange.metering_text import (
    Label,
    read_label,
    read_number,
    status_of,
    without_metering_points,
)
from energy.historian.exchange.metering_time import (
    WINTER_ALL_YEAR,
    Unplaced,
    starts_of,
    with_midnights_rolled,
)
from energy.periods import PERIOD, local_day, period_start, periods_between
from energy.region.heat_load import HeatLoad
from energy.region.model import Asset

PLAUSIBLE_MARGIN = 1.01
"""A meter and a nameplate may differ by a per cent."""
SPAN_DAYS_MAX = 5_000
"""Thirteen years; a single wrong year in a date must not stretch the series over a century."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A series in our sign and unit from ``start`` on, NaN where there is no value, with its report."""

    start: datetime
    values: FloatArray
    report: Report
    metering_points: int
    """How many ids of metering points the file names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    line: Line
    start: datetime
    value: float
    status: str


def judge(content: bytes, name: str, asset: Asset, point: Point, told: Told) -> Judged:
    """Read a file as one point's history of an asset.

    Raises:
        BadInput: it is no metering file, the asset has no such point, or an option is needed to decide.
    """
    _check_point(asset, point, name)
    layout = read_layout(content, name, column=told.column)
    return _Judgement(layout, name, asset, point, told).result()


def _check_point(asset: Asset, point: Point, name: str) -> None:
    heat_only = isinstance(asset, HeatLoad) and point in {Point.POWER_KW, Point.POWER_KW_AVAILABLE}
    if point not in POINTS or heat_only:
        allowed = ", ".join(POINTS)
        limit = f"{asset.id} draws no electricity" if heat_only else f"a history may be one of {allowed}"
        raise layout_fault(name, "--point", str(point), limit, "name another point, as heat_kw")


class _Judgement:
    """Goes through a file's lines once; keeps what was rejected beside what counts."""

    def __init__(self, layout: Layout, name: str, asset: Asset, point: Point, told: Told) -> None:
        self._layout, self._name, self._told = layout, name, told
        self._rejected: list[Rejected] = []
        self._notes: list[str] = []
        for number, text in layout.strays:
            self._reject(
                number,
                text,
                place="date",
                value=text,
                limit="a line of the table begins with its date",
                mend="mend the date",
            )
        lines, labels = self._labelled()
        if not labels:
            raise layout_fault(name, "--file", "no line", "no line's date and time can be read", "see docs")
        decided = decide(layout, labels, told, asset=asset, point=point, name=name)
        if not isinstance(decided, Decided):
            raise BadInput(decided)
        self._decided = decided
        self._lines, self._labels = lines, labels

    def result(self) -> Judged:
        """Judge every line."""
        by_start: dict[datetime, list[_Value]] = defaultdict(list)
        accepted = 0
        for item in self._values():
            by_start[item.start].append(item)
        same, contradicting = self._duplicates(by_start)
        if not by_start:
            raise BadInput([item.fault for item in self._rejected[:20]] or [self._nothing()])
        status = Counter(item[0].status for item in by_start.values())
        accepted = sum(status.values()) + same
        start, values = self._series(by_start)
        gaps = _gaps(start, values)
        odd = list(_odd_days(start, values, self._told.zone))
        self._hint_of_winter_time(contradicting, gaps)
        report = Report(
            file=self._name,
            decided=self._decided.how,
            lines=len(self._layout.lines) + len(self._layout.strays),
            accepted=accepted,
            without_value=self._missing,
            periods=int(np.isfinite(values).sum()),
            start=start,
            end=start + values.size * PERIOD,
            by_status=dict(status) if self._layout.has_status else {},
            rejected=sorted(self._rejected, key=lambda item: item.line),
            duplicates_same=same,
            duplicates_contradicting=contradicting,
            gaps=gaps,
            odd_days=odd,
            footer_lines=self._layout.footer,
            notes=self._all_notes(),
        )
        points = self._layout.metering_points
        return Judged(start=start, values=values, report=report, metering_points=points)

    def _labelled(self) -> tuple[list[Line], list[Label]]:
        lines: list[Line] = []
        labels: list[Label] = []
        for line in self._layout.lines:
            label = read_label(line.day, line.clock, line.zone)
            if label is None:
                shown = f"{line.day} {line.clock}".strip()
                self._reject(
                    line.number,
                    line.text,
                    place="time",
                    value=shown,
                    limit="no date and time of day",
                    mend="write DD.MM.YYYY HH:MM",
                )
            else:
                lines.append(line)
                labels.append(label)
        back = sum(after.wall < before.wall for before, after in pairwise(labels))
        if 2 * back > len(labels):
            lines.reverse()
            labels.reverse()
            self._notes.append("the file runs backwards in time; it was turned round")
        return lines, labels

    def _values(self) -> Iterator[_Value]:
        labels, decided = self._labels, self._decided
        if decided.label == "end":
            labels, rolled = with_midnights_rolled(labels, decided.interval)
            if rolled:
                self._notes.append(f"{rolled} closing 0:00 bear the date of the day that they close")
        starts = starts_of(labels, decided.interval, self._told.zone, decided.label)
        for line, start in zip(self._lines, starts, strict=True):
            value = self._value(line)
            if value is None:
                continue
            if isinstance(start, Unplaced):
                shown = f"{line.day} {line.clock}".strip()
                self._reject(
                    line.number, line.text, place="time", value=shown, limit=start.limit, mend=start.mend
                )
            elif start != period_start(start):
                limit = "no quarter hour begins or ends there"
                self._reject(
                    line.number,
                    line.text,
                    place="time",
                    value=f"{line.day} {line.clock}",
                    limit=limit,
                    mend="bring quarter hours",
                )
            else:
                yield _Value(line=line, start=start, value=value[0], status=value[1])

    def _value(self, line: Line) -> tuple[float, str] | None:
        """Read a line's value in our unit and sign with its status; None where it does not count."""
        status = status_of(line.status) if line.status.upper() not in self._told.keep_status else "measured"
        if status is None:
            mend = f"if it counts, say --keep-status {line.status}"
            self._reject(
                line.number,
                line.text,
                place="status",
                value=line.status,
                limit="not a known status (W, E, V, F)",
                mend=mend,
            )
            return None
        if status == "missing" or not line.value:
            self._missing += 1
            return None
        number = read_number(line.value, self._decided.decimal)
        if number is None or not np.isfinite(number):
            limit = f"no number with {self._decided.decimal!r} as decimal sign"
            self._reject(
                line.number,
                line.text,
                place="value",
                value=line.value,
                limit=limit,
                mend="mend the value, or say --decimal",
            )
            return None
        value, span = number * self._decided.factor, self._decided.span
        margin = PLAUSIBLE_MARGIN
        if span is not None and not span[0] * margin <= value <= span[1] * margin:
            limit = f"implausible: {value:g} after conversion, by the nameplate {span[0]:g} to {span[1]:g}"
            mend = "check --unit and --sign, or the nameplate in the region file"
            self._reject(line.number, line.text, place="value", value=line.value, limit=limit, mend=mend)
            return None
        return value, status

    _missing = 0
    """Lines without a value, or marked as missing."""

    def _duplicates(self, by_start: dict[datetime, list[_Value]]) -> tuple[int, int]:
        """Keep one of lines that say the same, none of those that contradict; count both."""
        same = contradicting = 0
        for start, items in list(by_start.items()):
            if len(items) == 1:
                continue
            if len({item.value for item in items}) == 1:
                same += len(items) - 1
                continue
            contradicting += len(items)
            del by_start[start]
            others = ", ".join(str(item.line.number) for item in items)
            for item in items:
                limit = f"lines {others} name the same quarter hour with different values"
                self._reject(
                    item.line.number,
                    item.line.text,
                    place="time",
                    value=item.line.value,
                    limit=limit,
                    mend="keep the right one",
                )
        return same, contradicting

    def _series(self, by_start: Mapping[datetime, Sequence[_Value]]) -> tuple[datetime, FloatArray]:
        first = min(by_start)
        steps = self._decided.interval // PERIOD
        periods = periods_between(first, max(by_start)) + steps
        if periods > SPAN_DAYS_MAX * 96:
            limit = f"at most {SPAN_DAYS_MAX} days from the first line to the last"
            raise layout_fault(self._name, "--file", f"{periods / 96:.0f} days", limit, "mend the wrong date")
        values = np.full(periods, np.nan)
        for start, items in by_start.items():
            place = periods_between(first, start)
            values[place : place + steps] = items[0].value
        return first, values

    def _hint_of_winter_time(self, contradicting: int, gaps: Sequence[tuple[datetime, datetime]]) -> None:
        """Say what an hour twice in autumn and none in spring means in a zone without summer time."""
        hour = any(end - start == 4 * PERIOD and start.month == 3 and start.day > 24 for start, end in gaps)
        if _has_no_clock_change(self._told.zone) and (hour or contradicting >= 4):
            self._notes.append(
                "an hour is missing in late March or stands twice in the file: this looks like local time "
                "with summer time; try --tz Europe/Berlin"
            )

    def _all_notes(self) -> list[str]:
        notes = list(self._notes)
        if self._missing:
            notes.append(f"{self._missing} lines have no value or are marked as missing: they stay missing")
        if self._layout.footer:
            notes.append(f"{self._layout.footer} lines after the table were not read (sums, remarks)")
        if self._layout.metering_points:
            notes.append(
                f"the file names {self._layout.metering_points} metering points; their ids are not kept"
            )
        return notes

    def _nothing(self) -> Fault:
        limit, mend = "no line with a value is left", f"check --tz (winter time all year: {WINTER_ALL_YEAR})"
        return Fault(file=self._name, line=None, place="--file", value="nothing", limit=limit, mend=mend)

    def _reject(self, number: int, text: str, *, place: str, value: str, limit: str, mend: str) -> None:
        shown = without_metering_points(value)
        fault = Fault(file=self._name, line=number, place=place, value=shown, limit=limit, mend=mend)
        self._rejected.append(Rejected(line=number, text=without_metering_points(text), fault=fault))


def _gaps(start: datetime, values: FloatArray) -> list[tuple[datetime, datetime]]:
    missing = np.concatenate(([False], np.isnan(values), [False]))
    edges = np.flatnonzero(missing[1:] != missing[:-1]).reshape(-1, 2)
    return [(start + int(first) * PERIOD, start + int(last) * PERIOD) for first, last in edges]


def _odd_days(start: datetime, values: FloatArray, zone: ZoneInfo) -> Iterator[OddDay]:
    """Give the local days whose number of quarter hours is not what the calendar says."""
    end = start + values.size * PERIOD
    day = start.astimezone(zone).date()
    while True:
        begin, stop = local_day(day, zone)
        if begin >= end:
            return
        first, last = max(0, periods_between(start, begin)), min(values.size, periods_between(start, stop))
        held, expected = int(np.isfinite(values[first:last]).sum()), periods_between(begin, stop)
        if held != expected:
            yield OddDay(day=day, quarter_hours=held, expected=expected)
        day = stop.astimezone(zone).date()


def _has_no_clock_change(zone: ZoneInfo) -> bool:
    summer, winter = datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    return summer.astimezone(zone).utcoffset() == winter.astimezone(zone).utcoffset()
