"""What stands in a simulated device's registers: values of our vocabulary, nothing, or nonsense."""

import struct
from collections.abc import Sequence

from energy.devices.codec import decode, encode
from energy.devices.layout import Order, Register, Table
from energy.devices.register_map import RegisterMap
from energy.domain import Quality

GARBAGE_WORDS = (0x7FFE, 0x8001, 0x5A5A, 0xFFFE, 0x7F7F)
"""Patterns that fill a value with nonsense: near the ends of signed and unsigned types, a huge float."""


def words_of(register: Register, value: float | None) -> list[int]:
    """Give the registers of a value; what is unknown or does not fit shows as not implemented."""
    if value is None:
        return _not_implemented(register)
    try:
        return encode(register, value)
    except ValueError:
        return _not_implemented(register)


def garbage_of(register: Register) -> list[list[int]]:
    """Give fillings that no reader should believe; where every filling is plausible, give the first."""
    fillings = [[word] * register.width for word in GARBAGE_WORDS]
    absurd = [words for words in fillings if decode(register, words)[1] is Quality.IMPLAUSIBLE]
    return absurd or fillings[:1]


def spans_of(content: RegisterMap, table: Table, used: Sequence[Register]) -> list[tuple[int, int]]:
    """Give the first and last address of each run that may be read at once.

    Gaps that the map lets a reader bridge belong to a run, unless they touch what is forbidden.
    """
    spans: list[tuple[int, int]] = []
    for register in sorted(used, key=lambda register: register.address):
        if spans and register.address - spans[-1][1] - 1 <= content.max_gap_registers:
            gap = (spans[-1][1] + 1, register.address - 1)
            if not any(
                forbidden.table is table and forbidden.first <= gap[1] and gap[0] <= forbidden.last
                for forbidden in content.forbidden
            ):
                spans[-1] = (spans[-1][0], max(spans[-1][1], register.last))
                continue
        spans.append((register.address, register.last))
    return spans


def _not_implemented(register: Register) -> list[int]:
    pattern = register.not_implemented[0] if register.not_implemented else 0
    data = pattern.to_bytes(2 * register.width, "big")
    byte_order = "<" if register.byte_order is Order.LITTLE else ">"
    words = list(struct.unpack(f"{byte_order}{register.width}H", data))
    return words[::-1] if register.word_order is Order.LITTLE else words
