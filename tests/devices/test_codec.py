"""Values to registers and back, over every type and order."""

import math
import struct

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from energy.devices.codec import decode, encode
from energy.devices.layout import Order, Plausible, Register, Sign, Table, Unit, ValueType
from energy.domain import Quality

ANYTHING = Plausible(min=-1e300, max=1e300)
EXACT_BITS = 50
"""Raw numbers up to here pass through a double and its scaling without loss."""


def make_register(kind: ValueType, **changes: object) -> Register:
    fields: dict[str, object] = {
        "table": Table.COIL if kind is ValueType.BOOL else Table.HOLDING,
        "address": 0,
        "type": kind,
        "unit": Unit.KW,
        "sign": Sign.AS_OURS,
        "plausible": ANYTHING,
    }
    return Register(**{**fields, **changes})


registers_of_any_kind = st.builds(
    make_register,
    st.sampled_from(list(ValueType)),
    byte_order=st.sampled_from(list(Order)),
    word_order=st.sampled_from(list(Order)),
    scale=st.sampled_from([1.0, 0.1, 0.01, 10.0, -1.0, 0.25]),
    offset=st.sampled_from([0.0, -100.0, 0.5]),
    unit=st.sampled_from(list(Unit)),
    sign=st.sampled_from(list(Sign)),
)


@settings(deadline=None)
@given(registers_of_any_kind, st.data())
def test_a_raw_number_survives_decoding_and_encoding(register: Register, data: st.DataObject) -> None:
    lowest, highest = register.type.raw_range
    if register.type.is_float:
        raw = data.draw(st.floats(-1e6, 1e6, width=32))
    else:
        raw = data.draw(st.integers(int(max(lowest, -(2**EXACT_BITS))), int(min(highest, 2**EXACT_BITS))))
    value = raw * register.factor + register.base
    words = encode(register, value)
    assert len(words) == register.width
    assert all(0 <= word <= 0xFFFF for word in words)
    decoded, quality = decode(register, words)
    assert quality is Quality.GOOD
    assert decoded == pytest.approx(value, rel=1e-6, abs=1e-9 + abs(register.factor) * 1e-3)
    if not register.type.is_float:
        assert encode(register, decoded) == words


@settings(deadline=None)
@given(registers_of_any_kind, st.floats(-1e5, 1e5))
def test_encoding_misses_a_value_by_at_most_half_a_step(register: Register, value: float) -> None:
    try:
        words = encode(register, value)
    except ValueError:
        reject()
    decoded, _ = decode(register, words)
    assert decoded is not None
    step = 0.0 if register.type.is_float else abs(register.factor)
    assert abs(decoded - value) <= step / 2 + 1e-6 * (abs(value) + abs(register.base) + 1)


@pytest.mark.parametrize(
    ("byte_order", "word_order", "words"),
    [
        (Order.BIG, Order.BIG, [0x42F6, 0xE979]),
        (Order.BIG, Order.LITTLE, [0xE979, 0x42F6]),
        (Order.LITTLE, Order.BIG, [0xF642, 0x79E9]),
        (Order.LITTLE, Order.LITTLE, [0x79E9, 0xF642]),
    ],
)
def test_orders_place_bytes_as_other_tools_do(byte_order: Order, word_order: Order, words: list[int]) -> None:
    # 123.456 is 0x42F6E979 in IEEE 754 binary32
    register = make_register(ValueType.FLOAT32, byte_order=byte_order, word_order=word_order)
    assert encode(register, 123.456) == words
    assert decode(register, words)[0] == pytest.approx(123.456, rel=1e-7)


def test_sign_scale_offset_and_unit_follow_the_formula() -> None:
    register = make_register(ValueType.INT16, scale=0.1, offset=5.0, unit=Unit.MW, sign=Sign.INVERTED)
    assert decode(register, [20]) == (-7000.0, Quality.GOOD)
    assert encode(register, -7000.0) == [20]
    assert decode(register, [0xFFFF])[0] == pytest.approx(-4900.0)


def test_an_inverted_nothing_is_plain_zero() -> None:
    value, _ = decode(make_register(ValueType.INT16, sign=Sign.INVERTED), [0])
    assert value == 0.0
    assert math.copysign(1.0, value) == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", list(ValueType))
def test_what_is_not_finite_is_never_encoded(kind: ValueType, value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode(make_register(kind), value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ValueType.INT16, 32768.0),
        (ValueType.INT16, -32769.0),
        (ValueType.UINT16, -1.0),
        (ValueType.UINT32, 2.0**32),
        (ValueType.UINT64, 2.0**64),
        (ValueType.FLOAT32, 1e39),
        (ValueType.BOOL, 2.0),
    ],
)
def test_what_does_not_fit_is_refused_not_wrapped(kind: ValueType, value: float) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(make_register(kind), value)


def test_a_not_implemented_pattern_has_no_value_and_is_never_written() -> None:
    register = make_register(ValueType.INT16, not_implemented=(0x8000,))
    assert decode(register, [0x8000]) == (None, Quality.NOT_IMPLEMENTED)
    with pytest.raises(ValueError, match="not implemented"):
        encode(register, -32768.0)


@pytest.mark.parametrize("words", [[0x7FC0, 0x0000], [0x7F80, 0x0000], [0xFF80, 0x0000]])
def test_nan_and_infinity_in_a_register_are_implausible(words: list[int]) -> None:
    assert decode(make_register(ValueType.FLOAT32), words) == (None, Quality.IMPLAUSIBLE)


def test_a_value_outside_its_range_is_implausible() -> None:
    register = make_register(ValueType.INT16, plausible=Plausible(min=-10.0, max=10.0))
    assert decode(register, [10]) == (10.0, Quality.GOOD)
    assert decode(register, [11]) == (None, Quality.IMPLAUSIBLE)


def test_the_wrong_number_of_registers_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="takes 2 registers"):
        decode(make_register(ValueType.INT32), [1])


@pytest.mark.parametrize("value", [2.0, -0.5, 600.0, 2200.0])
def test_a_float_whose_words_came_the_other_way_round_does_not_pass_for_nothing(value: float) -> None:
    swapped = list(struct.unpack(">2H", struct.pack(">f", value)))[::-1]
    register = make_register(ValueType.FLOAT32)
    assert decode(register, swapped) == (None, Quality.IMPLAUSIBLE)
    assert decode(register, [0, 0]) == (0.0, Quality.GOOD)


def test_what_is_too_small_for_a_float_is_written_as_nothing() -> None:
    assert encode(make_register(ValueType.FLOAT32), 1e-41) == [0, 0]
