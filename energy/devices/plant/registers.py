"""What stands in a simulated device's registers: values of our vocabulary, texts, nothing, or nonsense."""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from energy.devices.codec import decode, encode
from energy.devices.layout import Layout, Order, Register, Table
from energy.devices.register_map import RegisterMap
from energy.domain import Quality

GARBAGE_WORDS = (0x7FFE, 0x8001, 0x5A5A, 0xFFFE, 0x7F7F)
"""Patterns that fill a value with nonsense: near the ends of signed and unsigned types, a huge float."""
NAN_PATTERNS = {2: 0x7FC00000, 4: 0x7FF8000000000000}
"""A quiet NaN by registers: IEEE 754-2019, section 6.2.1."""


class Span(NamedTuple):
    """Addresses from ``first`` to ``last``."""

    first: int
    last: int


def words_of(register: Layout, value: float | None, multiplier: float) -> list[int]:
    """Give the registers of a value; what is unknown or does not fit shows as not implemented."""
    if value is None:
        return not_implemented(register)
    try:
        return encode(register, value, multiplier)
    except ValueError:
        return not_implemented(register)


def not_implemented(layout: Layout) -> list[int]:
    """Give what the map calls not implemented; zeros where it has no pattern for that."""
    pattern = layout.not_implemented[0] if layout.not_implemented else 0
    return words_of_pattern(layout, pattern)


def not_a_number(register: Register, multiplier: float) -> list[int]:
    """Give a NaN, what the map calls not implemented where the type has no NaN, else garbage."""
    if register.type.is_float:
        return words_of_pattern(register, NAN_PATTERNS[register.width])
    if register.not_implemented:
        return not_implemented(register)
    return garbage_of(register, multiplier)[0]


def garbage_of(register: Register, multiplier: float) -> list[list[int]]:
    """Give fillings that no reader should believe; where every filling is plausible, give the first."""
    if register.table.holds_bits:
        return [[1], [0]]
    fillings = [[word] * register.width for word in GARBAGE_WORDS]
    absurd = [words for words in fillings if decode(register, words, multiplier)[1] is Quality.IMPLAUSIBLE]
    return absurd or fillings[:1]


def words_of_text(text: str, length: int, byte_order: Order | None) -> list[int]:
    """Give the registers of a text, two characters in each, filled up with zeros and cut off at the end."""
    data = text.encode("utf-8")[: 2 * length].ljust(2 * length, b"\0")
    letter = "<" if byte_order is Order.LITTLE else ">"
    return list(struct.unpack(f"{letter}{length}H", data))


def spans_of(content: RegisterMap, table: Table, used: Iterable[Span]) -> list[Span]:
    """Give each run of addresses that may be read at once.

    Gaps that the map lets a reader bridge belong to a run, unless they touch what is forbidden.
    """
    spans: list[Span] = []
    for span in sorted(used):
        if spans and _joins(content, table, spans[-1], span):
            spans[-1] = Span(spans[-1].first, max(spans[-1].last, span.last))
        else:
            spans.append(span)
    return spans


def _joins(content: RegisterMap, table: Table, before: Span, after: Span) -> bool:
    if after.first - before.last - 1 > content.max_gap_registers:
        return False
    return not any(
        forbidden.table is table and forbidden.first < after.first and before.last < forbidden.last
        for forbidden in content.forbidden
    )


def words_of_pattern(layout: Layout, pattern: int) -> list[int]:
    """Give the registers of a bit pattern of the whole value."""
    if layout.table.holds_bits:
        return [pattern & 1]
    data = pattern.to_bytes(2 * layout.width, "big")
    byte_order = "<" if layout.byte_order is Order.LITTLE else ">"
    words = list(struct.unpack(f"{byte_order}{layout.width}H", data))
    return words[::-1] if layout.word_order is Order.LITTLE else words
