"""The texts of a metering file's fields: dates, times, numbers, units, status letters, metering point ids."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

Decimal = Literal[",", "."]
Fold = Literal["first", "second"]

_DATE = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<D>\d{1,2})\.(?P<M>\d{1,2})\.(?P<Y>\d{4}|\d{2})(?!\d)"
)
_TIME = re.compile(
    r"(?P<h>\d{1,2})(?P<mark>[AaBb])?[:.](?P<min>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]0+)?)?"
    r"\s*(?P<tail>[AaBb]|MESZ|MEZ|CEST|CET|Z|UTC|[+-]\d{2}:?\d{2})?"
)
_OFFSETS_H = {"MESZ": 2, "CEST": 2, "MEZ": 1, "CET": 1, "Z": 0, "UTC": 0}
_UNIT = re.compile(r"(?<![A-Za-z])(kWh|MWh|kW|MW|Wh|W|°C)(?![A-Za-z])")
_METERING_LOCATION = re.compile(r"\bDE\d{11}[0-9A-Z]{20}\b", re.IGNORECASE)
"""A Messlokation or the older Zählpunktbezeichnung (VDE-AR-N 4400): DE and 31 characters."""
_MARKET_LOCATION = re.compile(r"(?<![\d.,])\d{11}(?![\d.,])")
"""A Marktlokation: eleven digits."""
HIDDEN = "(metering point not kept)"
_STATUS = {
    **dict.fromkeys(("", "W", "WAHR", "G", "GEMESSEN", "WAHRER WERT", "MESSWERT"), "measured"),
    **dict.fromkeys(("E", "ERSATZ", "ERSATZWERT"), "substitute"),
    **dict.fromkeys(("V", "VORLÄUFIG", "VORLÄUFIGER WERT"), "preliminary"),
    **dict.fromkeys(("F", "FEHLEND", "FEHLT", "FEHLWERT"), "missing"),
}
Status = Literal["measured", "substitute", "preliminary", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a line says of its moment: the wall clock, and how the doubled hour or the offset is told.

    ``day_of_24`` tells that the line says 24:00, which only the end of an interval can.
    """

    wall: datetime
    fold: Fold | None = None
    offset: timedelta | None = None
    day_of_24: bool = False


def is_date(text: str) -> bool:
    """Tell whether a field begins with a date."""
    return _DATE.match(text) is not None


def is_clock(text: str) -> bool:
    """Tell whether a field is a time of day and nothing else; 07.30 is, 7.3 and 07.31 are numbers."""
    found = _TIME.fullmatch(text)
    if found is None or int(found["h"]) > 24 or int(found["min"]) >= 60:
        return False
    return ":" in text or (len(found["h"]) == 2 and int(found["min"]) % 15 == 0)


def read_label(day_text: str, clock_text: str, zone_text: str) -> Label | None:
    """Read the date, and the time from its own field or from behind the date; None where there is none."""
    found = _DATE.match(day_text)
    if found is None:
        return None
    rest = clock_text if clock_text else day_text[found.end() :].lstrip("T ,;")
    clock = _TIME.fullmatch(f"{rest.strip()} {zone_text}".strip())
    if clock is None:
        return None
    if found["y"]:
        year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
    else:
        year, month, day = int(found["Y"]), int(found["M"]), int(found["D"])
        year += 2000 if len(found["Y"]) == 2 else 0
    hour, minute, second = int(clock["h"]), int(clock["min"]), int(clock["s"] or "0")
    is_24 = hour == 24 and minute == second == 0
    try:
        wall = datetime(year, month, day, 0 if is_24 else hour, minute, second)  # noqa: DTZ001 - a wall clock's
    except ValueError:
        return None
    tail = (clock["tail"] or "").upper()
    mark = (clock["mark"] or "").upper() or (tail if tail in {"A", "B"} else "")
    return Label(
        wall=wall + timedelta(days=1) if is_24 else wall,
        fold={"A": "first", "B": "second"}.get(mark),  # type: ignore[arg-type]  # the two words of Fold
        offset=_offset(tail),
        day_of_24=is_24,
    )


def _offset(tail: str) -> timedelta | None:
    if tail in _OFFSETS_H:
        return timedelta(hours=_OFFSETS_H[tail])
    if tail[:1] in {"+", "-"}:
        parsed = datetime.strptime(tail.replace(":", ""), "%z").tzinfo
        return parsed.utcoffset(None) if isinstance(parsed, timezone) else None
    return None


def decimal_of(texts: list[str]) -> Decimal | None:
    """Find the decimal sign of a column; None where every text can be read both ways and that matters.

    >>> decimal_of(["1.234,5", "0,125"]), decimal_of(["12.5"]), decimal_of(["1.234"]), decimal_of(["7"])
    (',', '.', None, '.')
    """
    doubtful = False
    for text in map(_bare, texts):
        point, comma = text.rfind("."), text.rfind(",")
        if point < 0 and comma < 0:
            continue
        if point >= 0 and comma >= 0:
            return "," if comma > point else "."
        sign: Decimal = "," if comma >= 0 else "."
        other: Decimal = "." if sign == "," else ","
        whole, _, rest = text.lstrip("+-").partition(sign)
        if sign in rest:
            return other
        if len(rest) != 3 or whole.lstrip("0") == "" or len(whole) > 3:
            return sign
        doubtful = True
    return None if doubtful else "."


def read_number(text: str, decimal: Decimal) -> float | None:
    """Read a number with its thousands; None where it is none, or its groups are not of three.

    >>> read_number("1.234,5", ","), read_number("1.23,5", ","), read_number("-0,25", ",")
    (1234.5, None, -0.25)
    """
    group = "." if decimal == "," else ","
    number, point = re.escape(decimal), re.escape(group)
    if not re.fullmatch(
        rf"[+-]?(\d+|\d{{1,3}}({point}\d{{3}})+)?({number}\d+)?([eE][+-]?\d{{1,3}})?", _bare(text)
    ):
        return None
    try:
        return float(_bare(text).replace(group, "").replace(decimal, "."))
    except ValueError:
        return None


def looks_numeric(text: str) -> bool:
    """Tell whether a field holds digits and signs of numbers only."""
    return re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?", _bare(text)) is not None


def units_in(text: str) -> list[str]:
    """List the units that a heading names."""
    return _UNIT.findall(text)


def status_of(text: str) -> Status | None:
    """Read a status field; None where the word is not known."""
    return _STATUS.get(text.strip().upper())  # type: ignore[return-value]  # the words of Status


def metering_points_in(text: str, *, heading: bool) -> list[str]:
    """List the ids of metering points that a text names; a market location only in a heading."""
    found: list[str] = _METERING_LOCATION.findall(text)
    return [*found, *_MARKET_LOCATION.findall(text)] if heading else found


def without_metering_points(text: str) -> str:
    """Put a word in the place of each metering point's id."""
    return _MARKET_LOCATION.sub(HIDDEN, _METERING_LOCATION.sub(HIDDEN, text))


def _bare(text: str) -> str:
    """Drop blanks, also unbreakable ones, and the Swiss thousands' sign."""
    return re.sub(r"[\s'’\u00a0\u202f]", "", text)
