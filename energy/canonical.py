"""The one way values become bytes for the record, and back: canonical JSON.

Keys sorted, no white space, UTF-8, floats by their shortest exact form, moments as ``...Z``, arrays as lists,
an outcome with its name under ``outcome``. The same value always gives the same bytes, so that a hash over
them means something. What the wall clock measured (``Plan.wall_s``) is left out: it would differ between two
equal runs.
"""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from energy.domain import (
    REASONS,
    Applied,
    AssetPlan,
    Image,
    Limited,
    Outcome,
    Plan,
    Point,
    Quality,
    Reading,
    Rejected,
    Unreachable,
)
from energy.errors import RecordBroken
from energy.periods import format_utc, parse_utc

T = TypeVar("T")
Json = Any
_OUTCOME_KEY = "outcome"
_OUTCOMES: Mapping[type, str] = {
    Applied: "applied",
    Limited: "limited",
    Rejected: "rejected",
    Unreachable: "unreachable",
}
_ON_THE_WALL: Mapping[type, frozenset[str]] = {Plan: frozenset({"wall_s"})}


def canonical_bytes(value: object) -> bytes:
    """Encode a value; mappings, sequences, numbers, moments, arrays and the domain's dataclasses may nest.

    Raises:
        ValueError: a number is not finite, or a text is no valid Unicode.
        TypeError: something of another kind, or a mapping key that is no text.

    >>> canonical_bytes({"b": 1.0, "a": None})
    b'{"a":null,"b":1.0}'
    """
    text = json.dumps(
        plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode("utf-8")


def plain(value: object) -> Json:
    """Turn a value into plain JSON data; raises like ``canonical_bytes``, but lets floats be not finite."""
    if type(value) in _AS_IT_IS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _codec(typing.cast("Any", type(value))).encode(value)
    for kinds, encode in _PLAIN:
        if isinstance(value, kinds):
            return encode(value)
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def decode(kind: type[T], data: Json) -> T:
    """Rebuild a value of the domain from plain JSON data.

    Args:
        kind: the class.
        data: what ``json.loads`` gives.

    Raises:
        RecordBroken: the data do not describe such a value; the message names the place.
    """
    return typing.cast("T", _codec(typing.cast("Any", kind)).decode(data, "body"))


def decode_fields(kind: type, data: Mapping[str, Json], names: Collection[str]) -> dict[str, Any]:
    """Rebuild some fields of a class, each by its own type; raises like ``decode``.

    >>> decode_fields(Rejected, {"reason": "no", "more": 1}, ["reason"])
    {'reason': 'no'}
    """
    hints = typing.get_type_hints(kind)
    if missing := set(names) - data.keys():
        raise RecordBroken(f"body: a {kind.__name__} lacks the fields {sorted(missing)}")
    return {name: _codec(hints[name]).decode(data[name], f"body.{name}") for name in names}


def decode_outcome(data: Json) -> Outcome:
    """Rebuild what became of a setpoint; raises like ``decode``."""
    return typing.cast("Outcome", _codec(Outcome).decode(data, "body"))


def parse(data: bytes) -> Json:
    """Read canonical bytes back into plain JSON data.

    Raises:
        RecordBroken: they are not JSON, or nested beyond reason.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordBroken(f"not canonical JSON: {error}") from error


@dataclasses.dataclass(frozen=True, slots=True)
class _Codec:
    encode: Callable[[Any], Json]
    decode: Callable[[Json, str], Any]


def _mapping(value: Mapping[object, object]) -> dict[str, Json]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{key!r} is no text and cannot be a key")
    return {str(key): plain(item) for key, item in value.items()}


def _sequence(value: Sequence[object]) -> list[Json]:
    """A series of plain floats is plain already: plans are made of them, by the hundred thousand."""
    if type(value) is list and all(type(item) is float for item in value):
        return value
    return [plain(item) for item in value]


_AS_IT_IS = frozenset({str, float, int, bool, type(None)})
_PLAIN: tuple[tuple[Any, Callable[[Any], Json]], ...] = (
    ((type(None), bool), lambda value: value),
    (str, str),
    ((float, np.floating), float),
    ((int, np.integer), int),
    (datetime, format_utc),
    (np.ndarray, lambda value: value.tolist()),
    (Mapping, _mapping),
    (Sequence, _sequence),
)


@lru_cache(maxsize=256)
def _codec(hint: Any) -> _Codec:
    """Make the codec of a type hint; the domain's classes describe themselves by their hints."""
    if hint is Image:
        return _Codec(_encode_image, _decode_image)
    if hint is AssetPlan:
        return _asset_plan_codec()
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Codec(lambda value: str(hint(value)), lambda data, place: _enum(hint, data, place))
    if dataclasses.is_dataclass(hint):
        return _dataclass_codec(typing.cast("type", hint))
    return _generic_codec(hint)


def _generic_codec(hint: Any) -> _Codec:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is np.ndarray:
        return _Codec(lambda value: np.asarray(value, dtype=np.float64).tolist(), _array)
    if origin in {types.UnionType, typing.Union}:
        return _union_codec(arguments)
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return _tuple_codec(_codec(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments[0] is str:
        return _mapping_codec(_codec(arguments[1]))
    raise TypeError(f"{hint} has no canonical form")


def _dataclass_codec(kind: type) -> _Codec:
    hints = typing.get_type_hints(kind)
    left_out = _ON_THE_WALL.get(kind, frozenset())
    fields = [field for field in dataclasses.fields(kind) if field.name not in left_out]
    codecs = [(field.name, _codec(hints[field.name])) for field in fields]
    required = {field.name for field in fields if _is_required(field)}
    tag = {_OUTCOME_KEY: _OUTCOMES[kind]} if kind in _OUTCOMES else {}

    def encode(value: Any) -> Json:
        return tag | {name: codec.encode(getattr(value, name)) for name, codec in codecs}

    def rebuild(data: Json, place: str) -> Any:
        _require(data, dict, place)
        given = data.keys() - tag.keys()
        if wrong := (required - given) | (given - dict(codecs).keys()):
            raise RecordBroken(f"{place}: a {kind.__name__} has missing or unknown fields {sorted(wrong)}")
        if any(data.get(key) != name for key, name in tag.items()):
            raise RecordBroken(f"{place}: {data.get(_OUTCOME_KEY)!r} is not {_OUTCOMES[kind]}")
        return kind(
            **{name: codec.decode(data[name], f"{place}.{name}") for name, codec in codecs if name in data}
        )

    return _Codec(encode, rebuild)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _union_codec(arguments: tuple[Any, ...]) -> _Codec:
    members = [argument for argument in arguments if argument is not type(None)]
    if len(members) == 1:
        inner = _codec(members[0])
        return _Codec(
            lambda value: None if value is None else inner.encode(value),
            lambda data, place: None if data is None else inner.decode(data, place),
        )
    by_name = {_OUTCOMES[member]: _codec(member) for member in members}

    def rebuild(data: Json, place: str) -> Any:
        _require(data, dict, place)
        codec = by_name.get(data.get(_OUTCOME_KEY))
        if codec is None:
            raise RecordBroken(f"{place}: {data.get(_OUTCOME_KEY)!r} is not one of {sorted(by_name)}")
        return codec.decode(data, place)

    return _Codec(lambda value: _codec(typing.cast("Any", type(value))).encode(value), rebuild)


def _tuple_codec(inner: _Codec) -> _Codec:
    def rebuild(data: Json, place: str) -> Any:
        _require(data, list, place)
        return tuple(inner.decode(item, f"{place}[{index}]") for index, item in enumerate(data))

    return _Codec(lambda value: [inner.encode(item) for item in value], rebuild)


def _mapping_codec(inner: _Codec) -> _Codec:
    def rebuild(data: Json, place: str) -> Any:
        _require(data, dict, place)
        return {key: inner.decode(item, f"{place}.{key}") for key, item in data.items()}

    return _Codec(lambda value: {str(key): inner.encode(item) for key, item in value.items()}, rebuild)


def _asset_plan_codec() -> _Codec:
    """A reason that is not known is null; whatever is followed must be a number."""
    whole = _dataclass_codec(AssetPlan)

    def encode(part: AssetPlan) -> Json:
        data = whole.encode(part)
        for name in data["states"].keys() & set(REASONS):
            data["states"][name] = [None if math.isnan(value) else value for value in data["states"][name]]
        return data

    def rebuild(data: Json, place: str) -> AssetPlan:
        part: AssetPlan = whole.decode(data, place)
        for name, values in {"power_kw": part.power_kw, **part.states}.items():
            if name not in REASONS and np.isnan(values).any():
                raise RecordBroken(f"{place}.{name}: only numbers may stand here")
        return part

    return _Codec(encode, rebuild)


def _encode_image(image: Image) -> Json:
    """One row a point under its asset: a tick holds hundreds of readings, names would be most of it."""
    readings: dict[str, dict[str, Json]] = {}
    for (asset_id, point), reading in image.readings.items():
        if (asset_id, point) != (reading.asset_id, reading.point):
            raise ValueError(
                f"the reading of {asset_id} {point} says it is {reading.asset_id} {reading.point}"
            )
        value = None if reading.value is None else float(reading.value)
        row = [value, str(reading.quality), format_utc(reading.measured_at)]
        readings.setdefault(asset_id, {})[str(point)] = row
    return {"at": format_utc(image.at), "readings": readings}


def _decode_image(data: Json, place: str) -> Image:
    _require(data, dict, place)
    if data.keys() != {"at", "readings"}:
        raise RecordBroken(f"{place}: an Image has the fields at and readings, not {sorted(data)}")
    _require(data["readings"], dict, f"{place}.readings")
    readings: dict[tuple[str, Point], Reading] = {}
    for asset_id, points in data["readings"].items():
        _require(points, dict, f"{place}.readings.{asset_id}")
        for name, row in points.items():
            reading = _decode_row(asset_id, name, row, f"{place}.readings.{asset_id}.{name}")
            readings[asset_id, reading.point] = reading
    return Image(at=_moment(data["at"], f"{place}.at"), readings=readings)


def _decode_row(asset_id: str, name: str, row: Json, place: str) -> Reading:
    _require(row, list, place)
    if len(row) != 3:
        raise RecordBroken(f"{place}: a reading has value, quality and moment, not {row!r}")
    return Reading(
        asset_id=asset_id,
        point=_enum(Point, name, place),
        value=None if row[0] is None else _float(row[0], place),
        quality=_enum(Quality, row[1], place),
        measured_at=_moment(row[2], place),
    )


E = TypeVar("E", bound=StrEnum)


def _enum(kind: type[E], data: Json, place: str) -> E:
    try:
        return kind(data)
    except ValueError as error:
        raise RecordBroken(f"{place}: {data!r} is no {kind.__name__}") from error


def _float(data: Json, place: str) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise RecordBroken(f"{place}: {data!r} is no number")
    return float(data)


def _moment(data: Json, place: str) -> datetime:
    _require(data, str, place)
    try:
        return parse_utc(data)
    except ValueError as error:
        raise RecordBroken(f"{place}: {data!r} is no moment") from error


def _array(data: Json, place: str) -> Any:
    _require(data, list, place)
    try:
        return np.array(data, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise RecordBroken(f"{place}: not an array of numbers") from error


def _same(kind: type) -> Callable[[Json, str], Any]:
    def rebuild(data: Json, place: str) -> Any:
        _require(data, kind, place)
        return data

    return rebuild


def _require(data: Json, kind: type, place: str) -> None:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise RecordBroken(f"{place}: {data!r:.80} is no {kind.__name__}")


_SCALARS: Mapping[Any, _Codec] = {
    float: _Codec(float, _float),
    int: _Codec(int, _same(int)),
    bool: _Codec(bool, _same(bool)),
    str: _Codec(str, _same(str)),
    datetime: _Codec(format_utc, _moment),
}
