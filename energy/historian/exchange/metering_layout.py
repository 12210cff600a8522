"""How a metering file is laid out: encoding, columns, where its table begins, what stands around it."""

import codecs
import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from energy.errors import BadInput, Fault
from energy.historian.exchange.metering_text import (
    is_clock,
    is_date,
    looks_numeric,
    metering_points_in,
    read_label,
    status_of,
    units_in,
)

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Twenty years of quarter hours with long lines are half of it."""
LINES_MAX = 800_000
_LOOKED_AT = 500
"""Lines of the table that decide what its columns are; a column that is empty in all of them is none."""
_HEADING_LINES = 3
"""Lines straight above the table that may name its columns."""
_DELIMITERS = (";", "\t", "|", ",")
_ZONES = frozenset({"MEZ", "MESZ", "CET", "CEST", "UTC"})
_STATUS_WORDS = ("status", "kennz", "ersatz", "qualit", "wertart", "plausib")
_NUMBERING_WORDS = ("nr", "lfd", "index", "zähler", "zaehler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: its number in the file, its text, and the fields that matter."""

    number: int
    text: str
    day: str
    clock: str
    zone: str
    value: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file taken apart; ``above`` is what stands before the table, ``value_heading`` over the values.

    ``labels_by_name`` is "start" or "end" where the time column's heading says so. ``strays`` are lines
    between those of the table that hold no date; ``footer`` counts those behind it.
    """

    encoding: str
    delimiter: str
    above: tuple[str, ...]
    value_heading: str
    labels_by_name: Literal["start", "end"] | None
    lines: tuple[Line, ...]
    strays: tuple[tuple[int, str], ...]
    footer: int
    has_status: bool
    units: tuple[str, ...]
    metering_points: int


def read_layout(content: bytes, name: str, *, column: str | None) -> Layout:
    """Take a file apart.

    Raises:
        BadInput: it is too big, holds no table, or which column holds the values cannot be decided.
    """
    if len(content) > FILE_BYTES_MAX:
        limit = f"at most {FILE_BYTES_MAX // 1024**2} MB a file"
        raise layout_fault(name, "--file", f"{len(content)} bytes", limit, "split it by years")
    text, encoding = _decode(content)
    texts = text.splitlines()
    if len(texts) > LINES_MAX:
        raise layout_fault(name, "--file", f"{len(texts)} lines", f"at most {LINES_MAX}", "split it by years")
    dated = [index for index, line in enumerate(texts) if _begins_dated(line)]
    if not dated:
        raise layout_fault(
            name,
            "--file",
            "no line with a date",
            "a line begins with its date",
            "write dates as DD.MM.YYYY or YYYY-MM-DD",
        )
    first, last = dated[0], dated[-1]
    delimiter = next((sign for sign in _DELIMITERS if sign in texts[first]), ";")
    rows = [_split(line, delimiter) for line in texts[first : last + 1]]
    heads = [_split(line, delimiter) for line in texts[max(0, first - _HEADING_LINES) : first]]
    heads = [head for head in heads if len(head) >= min(map(len, rows[:_LOOKED_AT]))]
    above = tuple(texts[:first])
    columns = _Columns.of(rows[:_LOOKED_AT], heads, name, column)
    numbered = list(enumerate(zip(texts[first : last + 1], rows, strict=True), start=first + 1))
    heading = columns.heading(columns.value)
    return Layout(
        encoding=encoding,
        delimiter=delimiter,
        above=above,
        value_heading=heading,
        labels_by_name=columns.labels,
        lines=tuple(columns.line(number, line, row) for number, (line, row) in numbered if _has_date(row)),
        strays=tuple(
            (number, line) for number, (line, row) in numbered if line.strip() and not _has_date(row)
        ),
        footer=sum(1 for line in texts[last + 1 :] if line.strip(f" \t{delimiter}")),
        has_status=columns.status is not None,
        units=tuple(units_in(heading) or [unit for line in above for unit in units_in(line)]),
        metering_points=len(
            {point for line in above for point in metering_points_in(line, heading=True)}
            | {point for line in texts[first:] for point in metering_points_in(line, heading=False)}
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which column is what; -1 in the place of a clock that stands behind its date."""

    heads: Sequence[Sequence[str]]
    day: int
    clock: int
    zone: int | None
    value: int
    status: int | None
    labels: Literal["start", "end"] | None

    @classmethod
    def of(
        cls, rows: Sequence[Sequence[str]], heads: Sequence[Sequence[str]], name: str, column: str | None
    ) -> "_Columns":
        width = max(map(len, rows))
        texts = [[row[place] for row in rows if place < len(row) and row[place]] for place in range(width)]
        headings = [
            " ".join(head[place] for head in heads if place < len(head)).lower() for place in range(width)
        ]
        days = [place for place in range(width) if _mostly(texts[place], is_date)]
        clocks = [place for place in range(width) if place not in days and _mostly(texts[place], is_clock)]
        clocks = [place for place in clocks if not _is_value(headings[place])]
        zones = [place for place in range(width) if texts[place] and set(texts[place]) <= _ZONES]
        rest = [place for place in range(width) if place not in {*days, *clocks, *zones} and texts[place]]
        statuses = [place for place in rest if _is_status(texts[place], headings[place])]
        numbers = [place for place in rest if place not in statuses and _mostly(texts[place], looks_numeric)]
        apart = bool(clocks) and not any(":" in text for text in texts[days[0]])
        stamps = clocks if apart else days
        return cls(
            heads=heads,
            day=days[0],
            clock=clocks[0] if apart else -1,
            zone=zones[0] if zones else None,
            value=_value_column(numbers, headings, name, column),
            status=statuses[0] if statuses else None,
            labels=_labels_by_name(headings[stamps[0]], both=len(stamps) > 1),
        )

    def heading(self, place: int) -> str:
        """Give what stands above a column."""
        return " ".join(head[place] for head in self.heads if place < len(head) and head[place])

    def line(self, number: int, text: str, row: Sequence[str]) -> Line:
        """Take the fields that matter out of a row."""

        def field(place: int | None) -> str:
            return row[place] if place is not None and 0 <= place < len(row) else ""

        return Line(
            number=number,
            text=text,
            day=field(self.day),
            clock=field(self.clock),
            zone=field(self.zone),
            value=field(self.value),
            status=field(self.status),
        )


def _value_column(numbers: list[int], headings: Sequence[str], name: str, column: str | None) -> int:
    if column is not None:
        wanted = column.strip().lower()
        named = [place for place in numbers if wanted in {headings[place].strip(), str(place + 1)}]
        named = named or [place for place in numbers if wanted in headings[place]]
        if len(named) == 1:
            return named[0]
    known = ", ".join(f"{place + 1} ({headings[place].strip() or 'no heading'})" for place in numbers)
    if column is None:
        with_unit = [place for place in numbers if _is_value(headings[place])]
        counted = [
            place for place in numbers if not any(w in headings[place].split() for w in _NUMBERING_WORDS)
        ]
        for places in (numbers, with_unit, counted):
            if len(places) == 1:
                return places[0]
    raise layout_fault(
        name,
        "--column",
        column if column is not None else "not given",
        f"columns with numbers: {known or 'none'}",
        "name one by its heading or its number with --column",
    )


def _labels_by_name(heading: str, *, both: bool) -> Literal["start", "end"] | None:
    words = heading.replace("-", " ").replace("_", " ").split()
    if {"bis", "ende", "intervallende", "end", "to"} & set(words):
        return "end"
    if both or {"von", "ab", "beginn", "intervallbeginn", "anfang", "start", "from"} & set(words):
        return "start"
    return None


def _is_value(heading: str) -> bool:
    return any(unit in heading for unit in ("kwh", "kw", "mwh", "mw", "°c", "[w]", "[wh]"))


def _is_status(texts: Sequence[str], heading: str) -> bool:
    named = any(word in heading for word in _STATUS_WORDS)
    return named or all(status_of(text) is not None for text in texts)


def _mostly(texts: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Tell whether at least nine of ten fields pass: a broken line must not hide what the column is."""
    return bool(texts) and sum(1 for text in texts if test(text)) >= 0.9 * len(texts)


def _has_date(row: Sequence[str]) -> bool:
    return any(is_date(field) for field in row)


def _begins_dated(line: str) -> bool:
    fields = line.replace("\t", ";").replace("|", ";").replace(",", ";").split(";")
    fields = [field.strip(' "') for field in fields]
    if any(read_label(field, "", "") is not None for field in fields[:3]):
        return True
    dated = any(is_date(field) for field in fields[:3])
    return dated and any(looks_numeric(field) or is_clock(field) for field in fields[1:])


def _split(line: str, delimiter: str) -> list[str]:
    return [field.strip() for row in csv.reader([line], delimiter=delimiter) for field in row]


def _decode(content: bytes) -> tuple[str, str]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "windows-1252"


def layout_fault(name: str, option: str, value: object, limit: str, mend: str) -> BadInput:
    """Make the error of a file that cannot be decided as it is."""
    return BadInput([Fault(file=name, line=None, place=option, value=value, limit=limit, mend=mend)])
