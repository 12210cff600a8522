"""Readings as lines of InfluxDB's line protocol, with milliseconds; pure.

===============  ==============  ============================================================
measurement      tags            fields
===============  ==============  ============================================================
``reading``      asset, point    ``value`` where it is good; else ``quality`` in words, and ``doubted``
                                 where a value was read all the same
``mean``         asset, point    ``value``, ``covered_ms``, ``known_ms``; at the start of the quarter hour
``mean_before``  asset, point,   what ``mean`` said before late samples changed it
                 version
``mean_import``  asset, point    ``value`` of a history from elsewhere
``register``     asset, point    ``energy_kwh`` at a quarter hour's boundary, ``known_ms``
``clock_back``   none            ``present_ms``: the record's present after the clock went back behind this
                                 moment
===============  ==============  ============================================================

Good values and doubted ones are different fields, since a server adds the fields of equal points up: whatever
the order in which they arrive, a good value is never hidden by a worse one of the same moment.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from energy.domain import Point, Quality, Reading
from energy.historian.instants import ms_of

PRECISION = "ms"
READING = "reading"
MEAN = "mean"
MEAN_BEFORE = "mean_before"
MEAN_IMPORT = "mean_import"
REGISTER = "register"
CLOCK_BACK = "clock_back"
TAGS = ("asset", "point")
"""In the order that a server sorts them in, which spares it the work."""

_TAG_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r"})


def tag(text: str) -> str:
    r"""Escape a tag's value.

    A backslash that ends a value would escape what follows it, so it gets a space behind it.

    >>> tag("Werk 1, Halle=2")
    'Werk\\ 1\\,\\ Halle\\=2'
    """
    escaped = text.translate(_TAG_ESCAPES)
    return f"{escaped}\\ " if escaped.endswith("\\") else escaped


def series(measurement: str, asset_id: str, point: Point, **more: str) -> str:
    """Give the part of a line that names its series.

    >>> series("mean_before", "wind", Point.POWER_KW, version="1")
    'mean_before,asset=wind,point=power_kw,version=1'
    """
    extra = "".join(f",{name}={tag(value)}" for name, value in more.items())
    return f"{measurement},asset={tag(asset_id)},point={point.value}{extra}"


def line(series_part: str, at_ms: int, **fields: float) -> str:
    """Give one line of numbers; an int is written as an integer, which the server keeps apart from floats.

    Raises:
        ValueError: a number is not finite: line protocol has no word for that.

    >>> line("mean,asset=wind", 60_000, value=-1.5, covered_ms=900000)
    'mean,asset=wind value=-1.5,covered_ms=900000i 60000'
    """
    if not all(math.isfinite(value) for value in fields.values()):
        raise ValueError(f"{series_part}: a field is not finite")
    texts = (f"{name}={value!r}{'i' if isinstance(value, int) else ''}" for name, value in fields.items())
    return f"{series_part} {','.join(texts)} {at_ms}"


class ReadingLines:
    """Turns readings into lines; keeps what is the same in every line of a series."""

    def __init__(self) -> None:
        self._heads: dict[tuple[str, Point], str] = {}

    def of(self, readings: Sequence[Reading]) -> tuple[list[str], list[int]]:
        """Give one line for each reading, and the moments that they are of, in milliseconds."""
        heads, good, isfinite = self._heads, Quality.GOOD, math.isfinite
        lines: list[str] = []
        moments: list[int] = []
        before: datetime | None = None
        at_ms = 0
        for reading in readings:
            at = reading.measured_at
            if at is not before:  # readings of one sweep share their moment
                before, at_ms = at, ms_of(at)
                moments.append(at_ms)
            key = reading.asset_id, reading.point
            head = heads.get(key)
            if head is None:
                head = heads[key] = series(READING, *key)
            value = reading.value
            if value is not None and reading.quality is good and isfinite(value):
                number = value if type(value) is float else float(value)
                lines.append(f"{head} value={number!r} {at_ms}")
            else:
                lines.append(f"{head} {_doubt(reading)} {at_ms}")
        return lines, moments


def _doubt(reading: Reading) -> str:
    words = f'quality="{reading.quality.value}"'
    if reading.value is None or not math.isfinite(reading.value):
        return words
    return f"{words},doubted={float(reading.value)!r}"
