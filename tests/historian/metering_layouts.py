"""Writes a series of quarter hours as a metering file, in layouts that utilities use."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from energy.periods import PERIOD

BERLIN = ZoneInfo("Europe/Berlin")
Row = tuple[datetime, float]
Layout = Callable[[Sequence[Row]], bytes]


def german(value: float, digits: int = 4) -> str:
    """Write a number with thousand points and a decimal comma."""
    return f"{value:,.{digits}f}".replace(",", "_").replace(".", ",").replace("_", ".")


def repeated_starts(rows: Sequence[Row]) -> bytes:
    """One column of starts; the doubled hour is repeated; a byte order mark."""
    lines = [f"{at.astimezone(BERLIN):%d.%m.%Y %H:%M};{german(value)}" for at, value in rows]
    return "\r\n".join(["Beginn;Leistung [kW]", *lines]).encode("utf-8-sig")


def marked_ends(rows: Sequence[Row]) -> bytes:
    """Ends with 2A and 2B, energies, Windows-1252, lines above and a sum below."""
    lines = ["Lastgang für Musterstadt", "Datum;Zeit bis;Wirkarbeit [kWh];Status"]
    for at, value in rows:
        end = (at + PERIOD).astimezone(BERLIN)
        doubled = end.replace(fold=0).utcoffset() != end.replace(fold=1).utcoffset()
        mark = "AB"[end.fold] if doubled else ""
        lines.append(f"{end:%d.%m.%Y};{end:%H}{mark}:{end:%M};{german(value / 4)};W")
    return "\n".join([*lines, "Summe;;1.234,5;"]).encode("cp1252")


def offsets(rows: Sequence[Row]) -> bytes:
    """Starts with their offset, commas and points."""
    lines = [f"{at.astimezone(BERLIN).isoformat()},{value:.4f}" for at, value in rows]
    return "\n".join(["start,power kW", *lines]).encode()


def ends_at_24(rows: Sequence[Row]) -> bytes:
    """Ends by the wall clock of their beginning, 24:00 among them, tabs, megawatts."""
    lines = ["Datum\tbis\tMW"]
    for at, value in rows:
        end = at.astimezone(BERLIN).replace(tzinfo=None) + PERIOD
        midnight = end.hour == end.minute == 0
        day = end - timedelta(days=1) if midnight else end
        lines.append(f"{day:%d.%m.%Y}\t{'24:00' if midnight else f'{end:%H:%M}'}\t{german(value / 1000, 7)}")
    return "\n".join(lines).encode()


def winter_time(rows: Sequence[Row]) -> bytes:
    """Starts in winter time all year; read with Etc/GMT-1."""
    lines = [f"{at.astimezone(ZoneInfo('Etc/GMT-1')):%Y-%m-%d;%H:%M};{german(value)}" for at, value in rows]
    return "\n".join(["Tag;von;kW", *lines]).encode()


def series(start: datetime, values: Sequence[float]) -> list[Row]:
    """Give consecutive quarter hours from a moment on."""
    return [(start.astimezone(UTC) + place * PERIOD, value) for place, value in enumerate(values)]


LAYOUTS: dict[str, tuple[Layout, str]] = {
    "repeated_starts": (repeated_starts, "Europe/Berlin"),
    "marked_ends": (marked_ends, "Europe/Berlin"),
    "offsets": (offsets, "Europe/Berlin"),
    "ends_at_24": (ends_at_24, "Europe/Berlin"),
    "winter_time": (winter_time, "Etc/GMT-1"),
}
"""How to write one, and the time zone to read it with."""
