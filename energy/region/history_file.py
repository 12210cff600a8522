"""Reads one CSV file of quarter-hour series and reports all its faults, each with its line.

A file has the column ``utc`` (ISO 8601 with time zone, the start of the period), a regular grid of quarter
hours and one column a series, named with its unit: ``*_kw`` holds magnitudes (never negative),
``*_eur_per_mwh`` prices, ``*_c`` temperatures in degrees Celsius. Empty means missing and is read as NaN.
Every line has as many fields as the header: a decimal comma would otherwise shift the columns unseen.
``.csv`` and ``.csv.gz`` are taken.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from energy.errors import BadInput, Fault, reason_of
from energy.periods import PERIOD, format_utc, parse_utc, period_start

TIME_COLUMN = "utc"
POWER_SUFFIX = "_kw"
PRICE_SUFFIX = "_eur_per_mwh"
TEMPERATURE_SUFFIX = "_c"
CO2_SUFFIX = "_kg_per_kwh"
USUAL_LABEL = "%Y-%m-%dT%H:%MZ"
"""How most files write a period's start; every other form is read too, only slower."""
SIZE_BYTES_MAX = 128_000_000
"""Uncompressed; twenty years of ten columns have about 60 MB."""
POWER_KW_MAX = 10_000_000.0
"""More than any German region draws; such a value is in W, or broken."""
PRICE_EUR_PER_MWH_MAX = 10_000.0
"""Twice the harmonised maximum clearing price of the European day-ahead market (5,000 EUR/MWh)."""
TEMPERATURE_C_MAX = 60.0
"""Beyond every temperature measured in Europe, either way."""
CO2_KG_PER_KWH_MAX = 2.0
"""The schema's own limit: electricity from lignite alone has about 1.1 kg."""
RANGES: dict[str, tuple[float, float, str]] = {
    POWER_SUFFIX: (0.0, POWER_KW_MAX, "kW"),
    PRICE_SUFFIX: (-PRICE_EUR_PER_MWH_MAX, PRICE_EUR_PER_MWH_MAX, "EUR/MWh"),
    TEMPERATURE_SUFFIX: (-TEMPERATURE_C_MAX, TEMPERATURE_C_MAX, "degrees Celsius"),
    CO2_SUFFIX: (0.0, CO2_KG_PER_KWH_MAX, "kg/kWh"),
}
"""By the end of a column's name: least and greatest value, and the unit in words."""
FAULTS_MAX = 100
"""More faults of one file are only counted: nobody reads them, and they share a cause."""


def read_columns(path: Path, columns: Sequence[str]) -> tuple[datetime, dict[str, list[float]]]:
    """Read the named columns: the first period's label and equally long lists, NaN where missing.

    Raises:
        BadInput: with every fault of the file and its line (the first 100, and how many more).
    """
    report = _Report(path)
    lines = _lines(_text(path), report)
    header = next(lines, (1, []))[1]
    places = _header(header, columns, report)
    report.raise_if_any()
    start, values = _body(lines, places, report, width=len(header))
    if start is None and not report.faults:
        report.add(None, "(file)", value="no data line", limit="at least one", mend="add the series")
    if start is None or report.faults:
        raise report.error()
    return start, values


@dataclass(slots=True)
class _Report:
    """Collects the faults of one file, up to a limit."""

    path: Path
    faults: list[Fault] = field(default_factory=list)
    uncounted: int = 0

    def add(self, line: int | None, place: str, *, value: object, limit: str, mend: str) -> None:
        if len(self.faults) >= FAULTS_MAX:
            self.uncounted += 1
            return
        self.faults.append(
            Fault(file=str(self.path), line=line, place=place, value=value, limit=limit, mend=mend)
        )

    def error(self) -> BadInput:
        if not self.uncounted:
            return BadInput(self.faults)
        rest = Fault(
            file=str(self.path),
            line=None,
            place="(file)",
            value=f"{self.uncounted} more",
            limit=f"only the first {FAULTS_MAX} faults are listed",
            mend="mend those first and check again",
        )
        return BadInput([*self.faults, rest])

    def raise_if_any(self) -> None:
        if self.faults:
            raise self.error()


def _text(path: Path) -> str:
    report = _Report(path)
    content = b""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            content = stream.read(SIZE_BYTES_MAX + 1)
    except FileNotFoundError:
        report.add(None, "(file)", value=path.name, limit="no such file", mend="put the CSV there")
    except (OSError, EOFError, zlib.error) as error:
        report.add(
            None,
            "(file)",
            value=reason_of(error),
            limit="the file cannot be read",
            mend="check its permissions, and that a .gz file is whole",
        )
    if len(content) > SIZE_BYTES_MAX:
        report.add(
            None,
            "(file)",
            value=f"over {SIZE_BYTES_MAX} bytes",
            limit=f"at most {SIZE_BYTES_MAX} bytes",
            mend="keep the years that are needed",
        )
    report.raise_if_any()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        report.add(line, "(file)", value="a byte", limit="not UTF-8 text", mend="save the file as UTF-8")
        report.raise_if_any()
        raise


def _header(header: list[str], columns: Sequence[str], report: _Report) -> dict[str, int]:
    """Find the position of the time column and of each wanted column."""
    names = [name.strip() for name in header]
    if not any(names):
        report.add(1, "(header)", value=None, limit="the file is empty", mend="begin with a line of names")
        return {}
    if len(names) == 1 and ";" in names[0]:
        report.add(
            1,
            "(header)",
            value=names[0],
            limit="columns are separated by commas",
            mend="save as CSV with commas and decimal points",
        )
        return {}
    for name in sorted({name for name in names if names.count(name) > 1}):
        report.add(1, name, value=name, limit="the column stands twice", mend="keep one")
    shown = ", ".join(names)
    for name in (TIME_COLUMN, *columns):
        if name not in names:
            report.add(
                1,
                name,
                value=None,
                limit="there is no such column",
                mend=f"add it or use one of these: {shown}",
            )
        elif name != TIME_COLUMN and not name.endswith(tuple(RANGES)):
            report.add(
                1,
                name,
                value=name,
                limit="the column's name must end in its unit",
                mend="let it end in one of: " + ", ".join(RANGES),
            )
    return {name: names.index(name) for name in (TIME_COLUMN, *columns) if name in names}


def _body(
    lines: Iterator[tuple[int, list[str]]], places: Mapping[str, int], report: _Report, *, width: int
) -> tuple[datetime | None, dict[str, list[float]]]:
    """Read the lines; what is usual is taken on the quick, and looked at closely only where it is not."""
    values: dict[str, list[float]] = {name: [] for name in places if name != TIME_COLUMN}
    columns = [(name, places[name], *_range_of(name)[:2], column.append) for name, column in values.items()]
    time_place = places[TIME_COLUMN]
    start: datetime | None = None
    previous: datetime | None = None
    for line, row in lines:
        even = len(row) == width
        usual = previous + PERIOD if previous is not None else None
        if even and usual is not None and row[time_place] == f"{usual:{USUAL_LABEL}}":
            previous = usual
        else:
            label = _label(row[time_place], line, report) if even else None
            if label is not None and previous is not None:
                _check_step(previous, label, line, report)
            start = start if start is not None else label
            previous = label if label is not None else usual
        if not even:
            report.add(
                line,
                "(line)",
                value=f"{len(row)} fields",
                limit=f"the header has {width}",
                mend="write decimals with a point, not a comma, and leave the field of a missing value empty",
            )
            continue
        for name, place, low, high, append in columns:
            try:
                value = float(row[place])
            except ValueError:
                value = math.nan
            append(value if low <= value <= high else _number(row[place], name, line, report))
    return start, values


def _range_of(name: str) -> tuple[float, float, str]:
    return next(range_ for suffix, range_ in RANGES.items() if name.endswith(suffix))


def _lines(text: str, report: _Report) -> Iterator[tuple[int, list[str]]]:
    """Give the fields of each line that is not empty, with its number in the file; the header is line 1."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        report.add(
            reader.line_num,
            "(line)",
            value=str(error),
            limit="not a line of a CSV file",
            mend="check its quotes",
        )


def _label(text: str, line: int, report: _Report) -> datetime | None:
    try:
        moment = parse_utc(text.strip())
    except ValueError:
        report.add(
            line,
            TIME_COLUMN,
            value=text,
            limit="not a moment with its time zone",
            mend="write ISO 8601 in UTC, for example 2020-06-01T10:15Z",
        )
        return None
    if moment != period_start(moment):
        report.add(
            line,
            TIME_COLUMN,
            value=text,
            limit="not the start of a quarter hour",
            mend="label each period by its start: :00, :15, :30 or :45",
        )
    return moment


def _check_step(previous: datetime, label: datetime, line: int, report: _Report) -> None:
    step = label - previous
    if step == PERIOD:
        return
    if step <= timedelta(0):
        limit, mend = "the time repeats or runs backwards", "sort the lines, keep one a period, write UTC"
    else:
        limit, mend = "quarter hours are missing before it", "add the lines; leave missing values empty"
    report.add(
        line, TIME_COLUMN, value=f"{format_utc(label)} after {format_utc(previous)}", limit=limit, mend=mend
    )


def _number(text: str, name: str, line: int, report: _Report) -> float:
    text = text.strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        report.add(
            line,
            name,
            value=text,
            limit="not a finite number",
            mend="write a number with a decimal point, or nothing where it is missing",
        )
        return math.nan
    low, high, unit = _range_of(name)
    if not low <= value <= high:
        report.add(
            line,
            name,
            value=value,
            limit=f"must lie in {low:.0f} to {high:.0f} {unit}",
            mend=f"write magnitudes in {unit}" if low == 0.0 else f"write {unit}",
        )
    return value
