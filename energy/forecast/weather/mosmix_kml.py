"""Reads one station out of a MOSMIX KML as it streams by; nothing else of the file is kept.

Facts of the format (DWD, open data, "MOSMIX" and its list of elements): ``dwd:IssueTime`` and
``dwd:ForecastTimeSteps`` stand once in the head, then one ``Placemark`` a station with its ``name`` first,
one ``dwd:Forecast`` an element with the values of all times in a row, and ``coordinates`` as longitude,
latitude, height in m. A missing value is ``-``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Never
from xml.parsers import expat

import numpy as np

from energy.domain import FloatArray
from energy.forecast.weather.hourly import bad_answer

TIMES_MAX = 400
"""MOSMIX reaches 247 hours."""
TEXT_CHARACTERS_MAX = 40_000
MISSING = "-"
_SPACE = " "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Station:
    """One station's forecast: values by DWD element, shape (times,), NaN where missing."""

    issued_at: datetime
    times: list[datetime]
    latitude: float
    longitude: float
    height_m: float
    values: dict[str, FloatArray]


def read_station(pieces: Iterable[bytes], station: str, *, elements: Collection[str], where: str) -> Station:
    """Read a station; the rest of the file is not looked at once it is complete.

    Raises:
        BadInput: the file is no MOSMIX KML, declares a document type or entities, or lacks the station.
    """
    reader = _Reader(station=station, elements=frozenset(elements), where=where)
    parser = expat.ParserCreate(namespace_separator=_SPACE)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    try:
        for piece in pieces:
            parser.Parse(piece)
            if reader.is_complete:
                return reader.station_read()
        parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keywords
    except (expat.ExpatError, ValueError) as error:
        raise bad_answer(
            where, "KML", value=str(error), limit="not well-formed XML", mend="fetch the file anew"
        ) from error
    if reader.is_complete:
        return reader.station_read()
    raise bad_answer(
        where,
        "Placemark",
        value=station,
        limit="the file holds no such station",
        mend="take its id from the DWD's MOSMIX catalogue",
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """The state between two pieces of the file."""

    station: str
    elements: frozenset[str]
    where: str
    is_complete: bool = False
    _issued: str = ""
    _times: list[str] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)
    _coordinates: str = ""
    _inside: bool = False
    _wanted: bool = False
    _element: str | None = None
    _buffer: list[str] | None = None
    _characters: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        local = name.rpartition(_SPACE)[2]
        if local == "Placemark":
            self._inside, self._wanted = True, False
        elif local == "Forecast" and self._wanted:
            own = {key.rpartition(_SPACE)[2]: value for key, value in attributes.items()}
            element = own.get("elementName")
            self._element = element if element in self.elements else None
        elif self._is_read(local):
            self._buffer, self._characters = [], 0

    def _is_read(self, local: str) -> bool:
        if not self._inside:
            return local in {"IssueTime", "TimeStep"}
        if not self._wanted:
            return local == "name"
        return local == "coordinates" or (local == "value" and self._element is not None)

    def text(self, piece: str) -> None:
        """Take a piece of text, if anybody waits for it."""
        if self._buffer is None:
            return
        self._characters += len(piece)
        if self._characters > TEXT_CHARACTERS_MAX:
            self._fail("(text)", f"over {TEXT_CHARACTERS_MAX} characters", "longer than any MOSMIX value")
        self._buffer.append(piece)

    def end(self, name: str) -> None:
        """Take a closing tag."""
        local = name.rpartition(_SPACE)[2]
        if local == "Placemark":
            self.is_complete = self.is_complete or self._wanted
            self._inside = self._wanted = False
        elif local == "Forecast":
            self._element = None
        if self._buffer is None or local not in {"IssueTime", "TimeStep", "name", "coordinates", "value"}:
            return
        content, self._buffer = "".join(self._buffer).strip(), None
        if local == "IssueTime":
            self._issued = content
        elif local == "TimeStep":
            self._times.append(content)
            if len(self._times) > TIMES_MAX:
                self._fail("TimeStep", len(self._times), f"at most {TIMES_MAX}")
        elif local == "name":
            self._wanted = content == self.station
        elif local == "coordinates":
            self._coordinates = content
        elif self._element is not None:
            self._texts[self._element] = content

    def refuse(self, *declaration: object) -> Never:
        """Refuse a document type and whatever it would declare: no MOSMIX file has one."""
        del declaration
        self._fail("DOCTYPE", None, "a document type or an entity is declared")

    def station_read(self) -> Station:
        """Turn what was collected into numbers."""
        times = [self._moment("TimeStep", text) for text in self._times]
        values = {name: self._values(name, text, len(times)) for name, text in self._texts.items()}
        longitude, latitude, height_m = self._place()
        return Station(
            issued_at=self._moment("IssueTime", self._issued),
            times=times,
            latitude=latitude,
            longitude=longitude,
            height_m=height_m,
            values=values,
        )

    def _moment(self, place: str, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._fail(place, text, "no time in ISO 8601")
        if moment.tzinfo is None:
            self._fail(place, text, "a time without its zone")
        return moment.astimezone(UTC)

    def _values(self, name: str, text: str, times: int) -> FloatArray:
        words = text.split()
        if len(words) != times:
            self._fail(name, f"{len(words)} values", f"{times} times have as many values")
        try:
            return np.array([np.nan if word == MISSING else float(word) for word in words])
        except ValueError as error:
            self._fail(name, str(error), "numbers, or - where one is missing")

    def _place(self) -> tuple[float, float, float]:
        try:
            longitude, latitude, height_m = (float(part) for part in self._coordinates.split(","))
        except ValueError:
            self._fail("coordinates", self._coordinates, "longitude,latitude,height")
        if not (abs(longitude) <= 180.0 and abs(latitude) <= 90.0 and abs(height_m) <= 9000.0):
            self._fail("coordinates", self._coordinates, "a place on Earth")
        return longitude, latitude, height_m

    def _fail(self, place: str, value: object, limit: str) -> Never:
        raise bad_answer(self.where, place, value=value, limit=limit, mend="fetch the file anew") from None
