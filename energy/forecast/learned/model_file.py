"""A learned model as bytes: a line with a checksum, a header in JSON, then bare arrays.

Nothing in it is executed when it is read: names of fields and kinds of numbers come from our own dataclasses,
never from the file. What was learned by another version of the forecaster is refused, since the same numbers
would mean something else there.
"""

import dataclasses
import functools
import hashlib
import json
import math
import types
import typing
from datetime import datetime
from pathlib import Path

import numpy as np

from energy.errors import RecordBroken
from energy.forecast.learned.model import Model

FORMAT = 1
_MAGIC = b"energiewaage-model"
FILE_BYTES_MAX = 32_000_000
"""A model and its twin of the largest size are under one megabyte."""
HEADER_BYTES_MAX = 200_000
ARRAY_VALUES_MAX = 1_000_000
_FIRST_LINE_BYTES_MAX = 200
_STORED_AS = {"float64": "<f8", "int64": "<i8", "int32": "<i4", "bool": "|b1"}
_PARTS_MAX = 64
Scalars = dict[str, object]
Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredModel:
    """A model with what it was judged by.

    ``twin`` learned at the same time without the last days, and so can be asked about days that ``model`` has
    seen. ``series`` says of which kind of series both were learned. ``days`` is how long the history was.
    """

    series: str
    region_digest: str
    trained_at: datetime
    days: int
    model: Model
    twin: Model | None


def model_bytes(stored: StoredModel) -> bytes:
    """Write a model.

    Raises:
        RecordBroken: a number in it is not finite where it must be.
    """
    scalars: Scalars = {}
    arrays: Arrays = {}
    _take_apart(stored, "", scalars, arrays)
    header = {
        "learned_by": forecaster_digest(),
        "fields": scalars,
        "arrays": {name: [_kind(array), list(array.shape)] for name, array in arrays.items()},
    }
    try:
        line = json.dumps(header, allow_nan=False, sort_keys=True).encode() + b"\n"
    except ValueError as error:
        raise RecordBroken("a learned model holds a number that is not finite") from error
    body = line + b"".join(
        np.ascontiguousarray(arrays[name], dtype=_STORED_AS[_kind(arrays[name])]).tobytes()
        for name in sorted(arrays)
    )
    return b"%s %d %s\n" % (_MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode()) + body


def model_from(data: bytes) -> StoredModel:
    """Read a model; its numbers are still to be checked (``energy.forecast.learned.model_checks``).

    Raises:
        RecordBroken: it is damaged, of another format, or learned by another version.
    """
    if len(data) > FILE_BYTES_MAX:
        raise RecordBroken(f"{len(data)} bytes, at most {FILE_BYTES_MAX}")
    first, found, body = data.partition(b"\n")
    words = first.split(b" ") if found and len(first) <= _FIRST_LINE_BYTES_MAX else []
    if len(words) != 3 or words[0] != _MAGIC:
        raise RecordBroken("this is no model of ours")
    if words[1] != b"%d" % FORMAT:
        raise RecordBroken(f"a format other than {FORMAT}")
    if hashlib.sha256(body).hexdigest().encode() != words[2]:
        raise RecordBroken("its checksum is wrong: the file is damaged")
    try:
        return _read(body)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise RecordBroken(f"its content is no model: {str(error)[:200]}") from error


@functools.cache
def forecaster_digest() -> str:
    """Give a digest of the modules that learn and ask models: another version reads other features."""
    learned = Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*sorted(learned.parent.glob("*.py")), *sorted(learned.glob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _read(body: bytes) -> StoredModel:
    line, found, rest = body.partition(b"\n")
    if not found or len(line) > HEADER_BYTES_MAX:
        raise ValueError("no header")
    header = json.loads(line)
    if header["learned_by"] != forecaster_digest():
        raise RecordBroken("it was learned by another version of this program; the next training replaces it")
    arrays: Arrays = {}
    for name in sorted(header["arrays"]):
        kind, shape = header["arrays"][name]
        array, rest = _array(kind, shape, rest)
        arrays[name] = array
    if rest:
        raise ValueError("bytes are left over")
    scalars = dict(header["fields"])
    stored = _built(StoredModel, "", scalars, arrays)
    if scalars or arrays:
        raise ValueError(f"fields that no model has: {sorted([*scalars, *arrays])[:3]}")
    if not isinstance(stored, StoredModel):
        raise TypeError("no model")
    return stored


def _array(kind: str, shape: list[int], rest: bytes) -> tuple[np.ndarray, bytes]:
    if not all(type(size) is int and 0 <= size <= ARRAY_VALUES_MAX for size in shape) or len(shape) > 3:
        raise ValueError(f"an array of shape {shape}")
    count = math.prod(shape)
    dtype = np.dtype(_STORED_AS[kind])
    if count > ARRAY_VALUES_MAX or count * dtype.itemsize > len(rest):
        raise ValueError("an array is cut short")
    raw = rest[: count * dtype.itemsize]
    if kind == "bool" and raw.strip(b"\0\1"):
        raise ValueError("a truth value that is neither")
    array = np.frombuffer(raw, dtype=dtype).reshape(shape).astype(np.dtype(kind))
    return array, rest[len(raw) :]


def _kind(array: np.ndarray) -> str:
    name = array.dtype.name
    if name not in _STORED_AS:
        raise RecordBroken(f"a learned model holds {name}")
    return name


def _take_apart(value: object, path: str, scalars: Scalars, arrays: Arrays) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        scalars[path + "."] = True
        for entry in dataclasses.fields(value):
            _take_apart(getattr(value, entry.name), f"{path}.{entry.name}", scalars, arrays)
    elif isinstance(value, np.ndarray):
        arrays[path] = value
    elif isinstance(value, tuple):
        scalars[path + "#"] = len(value)
        for number, part in enumerate(value):
            _take_apart(part, f"{path}#{number}", scalars, arrays)
    elif isinstance(value, datetime):
        scalars[path] = value.isoformat()
    elif isinstance(value, np.generic):
        scalars[path] = value.item()
    else:
        scalars[path] = value


def _built(hint: object, path: str, scalars: Scalars, arrays: Arrays) -> object:
    """Make what a field's declared type asks for; what is used is taken out of both mappings."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        given = (path + ".") in scalars or (path + "#") in scalars or path in arrays
        if not given and scalars[path] is None:
            return scalars.pop(path)
        return _built(next(part for part in arguments if part is not type(None)), path, scalars, arrays)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if scalars.pop(path + ".") is not True:
            raise ValueError(f"{path} is no part of a model")
        hints = typing.get_type_hints(hint)
        return hint(
            **{
                entry.name: _built(hints[entry.name], f"{path}.{entry.name}", scalars, arrays)
                for entry in dataclasses.fields(hint)
            }
        )
    if origin is np.ndarray:
        array = arrays.pop(path)
        wanted = np.dtype(typing.get_args(arguments[1])[0])
        if array.dtype != wanted:
            raise ValueError(f"{path} holds {array.dtype}, not {wanted}")
        return array
    if origin is tuple:
        return _built_tuple(arguments, path, scalars, arrays)
    return _scalar(hint, path, scalars.pop(path))


def _built_tuple(
    arguments: tuple[object, ...], path: str, scalars: Scalars, arrays: Arrays
) -> tuple[object, ...]:
    count = scalars.pop(path + "#")
    if type(count) is not int or not 0 <= count <= _PARTS_MAX:
        raise ValueError(f"{path} has {count} parts")
    endless = len(arguments) == 2 and arguments[1] is ...
    if not endless and count != len(arguments):
        raise ValueError(f"{path} has {count} parts, not {len(arguments)}")
    hints = [arguments[0]] * count if endless else list(arguments)
    return tuple(_built(part, f"{path}#{number}", scalars, arrays) for number, part in enumerate(hints))


def _scalar(hint: object, path: str, value: object) -> object:
    if hint is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(f"{path} has no time zone")
        return moment
    if hint is float and type(value) in {int, float}:
        number = float(typing.cast("float", value))
        if math.isfinite(number):
            return number
    if typing.get_origin(hint) is typing.Literal and value in typing.get_args(hint):
        return value
    if isinstance(hint, type) and type(value) is hint and hint in {str, int, bool}:
        return value
    raise ValueError(f"{path} holds {str(value)[:40]!r}")
