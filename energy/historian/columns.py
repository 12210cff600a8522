"""Arrays of numbers as few bytes: constants once, whole numbers narrow, decimals as whole numbers."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.errors import RecordBroken

IntArray = NDArray[np.int64]
DECIMALS_MAX = 6
"""Values with at most so many decimals, as meters give them, are kept as whole numbers; others bit by bit."""
_WHOLE_MAX = 2.0**52
_TRIED_FIRST = 8
_FAST = 1
_COLUMN = struct.Struct("<Bq")
_FLOATS = struct.Struct("<BBIIq")
_BITS = 0xFF
_POWERS = tuple(10.0**digits for digits in range(DECIMALS_MAX + 1))


def pack_ints(numbers: IntArray) -> bytes:
    """Give whole numbers as a base and the narrowest array above it; a constant needs nine bytes."""
    if numbers.size == 0:
        return _COLUMN.pack(0, 0)
    base, top = int(numbers.min()), int(numbers.max())
    width = next(width for width in (0, 1, 2, 4, 8) if top - base < 1 << (8 * width))
    head = _COLUMN.pack(width, base)
    return head if width == 0 else head + (numbers - base).astype(f"<u{width}").tobytes()


def unpack_ints(body: bytes, offset: int, count: int) -> tuple[IntArray, int]:
    """Give ``count`` whole numbers and where the next column begins."""
    width, base = _COLUMN.unpack_from(body, offset)
    offset += _COLUMN.size
    if width == 0:
        return np.full(count, base, dtype=np.int64), offset
    column = np.frombuffer(body, dtype=f"<u{width}", count=count, offset=offset)
    return column.astype(np.int64) + base, offset + width * count


def pack_floats(value: FloatArray) -> bytes:
    """Compress numbers without any loss; NaN is allowed.

    Numbers of up to DECIMALS_MAX decimals become whole numbers, or their differences where these are
    smaller; others keep their bits, each against the one before. Bytes of the same weight stand together, so
    that those that hardly change compress well.
    """
    known = np.isfinite(value)
    missing = b"" if known.all() else np.packbits(~known).tobytes()
    kept = value if not missing else value[known]
    digits = _decimals(kept)
    if digits is None:
        bits = kept.astype("<f8").view("<u8")
        code, width, base = _BITS, 8, 0
        bits = np.concatenate((bits[:1], bits[1:] ^ bits[:-1]))
    else:
        whole = np.rint(kept * _POWERS[digits]).astype(np.int64)
        code, bits, width, base = _narrowest(whole, digits)
    planes = bits.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()
    head = _FLOATS.pack(code, width, value.size, kept.size, base)
    return head + zlib.compress(missing + planes, _FAST)


def unpack_floats(body: bytes) -> FloatArray:
    """Give the numbers that ``pack_floats`` took.

    Raises:
        RecordBroken: the bytes are damaged.
    """
    try:
        code, width, count, kept, base = _FLOATS.unpack_from(body)
        raw = zlib.decompress(body[_FLOATS.size :])
        missing_bytes = 0 if kept == count else -(-count // 8)
        planes = np.frombuffer(raw, dtype=np.uint8, count=width * kept, offset=missing_bytes)
        octets = np.zeros((kept, 8), dtype=np.uint8)
        octets[:, :width] = planes.reshape(width, kept).T
        value = _value_of(octets.view("<u8").ravel(), code, base)
        if kept == count:
            return value
        bitmap = np.frombuffer(raw, dtype=np.uint8, count=missing_bytes)
        missing = np.unpackbits(bitmap, count=count).astype(np.bool_)
        full: FloatArray = np.full(count, np.nan)
        full[~missing] = value
    except (struct.error, zlib.error, ValueError) as error:
        raise RecordBroken(f"a column of values is damaged: {error}") from error
    return full


def _decimals(value: FloatArray) -> int | None:
    """Give the fewest decimals that say every value exactly; None where none do."""
    first = value[:_TRIED_FIRST]
    for digits, power in enumerate(_POWERS):
        for part in (first, value):
            whole = np.rint(part * power)
            if not ((np.abs(whole) < _WHOLE_MAX) & (whole / power == part)).all():
                break
        else:
            return digits
    return None


def _narrowest(whole: IntArray, digits: int) -> tuple[int, NDArray[np.uint64], int, int]:
    """Take whole numbers as they are or their differences: code, numbers over a base, width, base."""
    if whole.size == 0:
        return digits, whole.astype(np.uint64), 0, 0
    steps = np.concatenate((whole[:1], np.diff(whole)))
    best = min((whole, digits), (steps, digits | 0x10), key=lambda way: int(np.ptp(way[0])))
    base = int(best[0].min())
    top = int(best[0].max()) - base
    return best[1], (best[0] - base).astype(np.uint64), (top.bit_length() + 7) // 8, base


def _value_of(numbers: NDArray[np.uint64], code: int, base: int) -> FloatArray:
    if code == _BITS:
        bits = np.bitwise_xor.accumulate(numbers) if numbers.size else numbers
        return bits.view("<f8").astype(np.float64)
    whole = numbers.astype(np.int64) + base
    if code & 0x10:
        whole = np.cumsum(whole)
    return whole / _POWERS[code & 0x0F]
