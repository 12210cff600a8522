"""Where a raw number stands in a device's registers, and what one step of it is worth.

A raw number becomes a value in our unit and sign by
``value = sign * unit * (raw * scale * 10 ** scale_factor + offset)``; a percentage counts from its reference.
"""

from dataclasses import KW_ONLY
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from energy.units import KW_PER_MW, KW_PER_W, S_PER_H

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)
ADDRESS_MAX = 65535
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
RegisterName = Annotated[str, Field(pattern=NAME_PATTERN, description="a name of A-Z, a-z, 0-9 and _")]
Address = Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
"""Counted from 0, as it goes over the wire."""


class Table(StrEnum):
    """The four Modbus tables."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def holds_bits(self) -> bool:
        """True for coils and discrete inputs."""
        return self in {Table.COIL, Table.DISCRETE}

    @property
    def is_writable(self) -> bool:
        """True for coils and holding registers."""
        return self in {Table.COIL, Table.HOLDING}


class ValueType(StrEnum):
    """How the raw number is laid out; ``bool`` is one bit of a coil or discrete input."""

    BOOL = "bool"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def width(self) -> int:
        """How many registers it takes (how many bits, for a ``bool``)."""
        return _WIDTHS[self]

    @property
    def is_float(self) -> bool:
        """True for the IEEE 754 types."""
        return self in {ValueType.FLOAT32, ValueType.FLOAT64}

    @property
    def raw_range(self) -> tuple[float, float]:
        """The least and the greatest raw number."""
        return _RAW_RANGES[self]


_WIDTHS = {
    ValueType.BOOL: 1,
    ValueType.INT16: 1,
    ValueType.UINT16: 1,
    ValueType.INT32: 2,
    ValueType.UINT32: 2,
    ValueType.INT64: 4,
    ValueType.UINT64: 4,
    ValueType.FLOAT32: 2,
    ValueType.FLOAT64: 4,
}
_FLOAT32_MAX = (2.0 - 2.0**-23) * 2.0**127
_FLOAT64_MAX = (2.0 - 2.0**-52) * 2.0**1023
_RAW_RANGES: dict[ValueType, tuple[float, float]] = {
    ValueType.BOOL: (0, 1),
    ValueType.INT16: (-(2**15), 2**15 - 1),
    ValueType.UINT16: (0, 2**16 - 1),
    ValueType.INT32: (-(2**31), 2**31 - 1),
    ValueType.UINT32: (0, 2**32 - 1),
    ValueType.INT64: (-(2**63), 2**63 - 1),
    ValueType.UINT64: (0, 2**64 - 1),
    ValueType.FLOAT32: (-_FLOAT32_MAX, _FLOAT32_MAX),
    ValueType.FLOAT64: (-_FLOAT64_MAX, _FLOAT64_MAX),
}


class Order(StrEnum):
    """Which end comes first, of the bytes in a register or of the registers in a value."""

    BIG = "big"
    LITTLE = "little"


class Unit(StrEnum):
    """The units that devices speak; ``1`` is a plain number, a state, a counter or a set of flags."""

    W = "W"
    KW = "kW"
    MW = "MW"
    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"
    M3 = "m3"
    DEGC = "degC"
    S = "s"
    H = "h"
    PERCENT = "%"
    ONE = "1"

    @property
    def factor(self) -> float:
        """What one of it is in our unit: kW, kWh, cubic metres, degrees Celsius, seconds, of a reference."""
        return _FACTORS[self]

    @property
    def measures(self) -> str:
        """Our unit for what it measures, as it stands in a point's name; empty where that says nothing."""
        return _QUANTITIES.get(self, "")

    @property
    def is_power(self) -> bool:
        """True for a power: electricity, heat or hydrogen."""
        return self in {Unit.W, Unit.KW, Unit.MW}


_FACTORS = {
    Unit.W: KW_PER_W,
    Unit.KW: 1.0,
    Unit.MW: KW_PER_MW,
    Unit.WH: KW_PER_W,
    Unit.KWH: 1.0,
    Unit.MWH: KW_PER_MW,
    Unit.M3: 1.0,
    Unit.DEGC: 1.0,
    Unit.S: 1.0,
    Unit.H: S_PER_H,
    Unit.PERCENT: 0.01,
    Unit.ONE: 1.0,
}
_QUANTITIES = {
    Unit.W: "kw",
    Unit.KW: "kw",
    Unit.MW: "kw",
    Unit.WH: "kwh",
    Unit.KWH: "kwh",
    Unit.MWH: "kwh",
    Unit.M3: "m3",
    Unit.DEGC: "c",
    Unit.S: "s",
    Unit.H: "s",
}


class Sign(StrEnum):
    """Whether the device counts like us (positive draws) or the other way round."""

    AS_OURS = "as_ours"
    INVERTED = "inverted"


class Reference(StrEnum):
    """What a percentage counts from: a value that the device shows, or the asset's nameplate."""

    POWER_KW_RATED = "power_kw_rated"
    ENERGY_KWH_CAPACITY = "energy_kwh_capacity"
    NAMEPLATE = "nameplate"
    """Power: the larger of the asset's two power limits. Stored energy: its capacity."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Bits:
    """A field of an integer register: ``count`` bits from ``first`` on, the least significant bit is 0."""

    first: Annotated[int, Field(ge=0, le=63)]
    count: Annotated[int, Field(ge=1, le=64)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Plausible:
    """The range that a value must keep to be believed, in our unit and sign."""

    min: float
    max: float


@dataclass(frozen=True, slots=True, config=CONFIG)
class Layout:
    """Where a number stands and what it is worth.

    ``not_implemented`` lists bit patterns of the whole value, unsigned, that say "no such value" (0x8000 for
    an int16). ``scale_factor`` names one of the map's scale factors: the device itself says by which power of
    ten to multiply. ``reference`` stands exactly where the unit is a percentage.
    An order that is None takes the map's; after loading none is None.
    """

    _: KW_ONLY
    table: Table
    address: Address
    type: ValueType
    byte_order: Order | None = None
    word_order: Order | None = None
    bits: Bits | None = None
    scale: float = 1.0
    scale_factor: RegisterName | None = None
    offset: float = 0.0
    unit: Unit
    sign: Sign
    reference: Reference | None = None
    not_implemented: tuple[Annotated[int, Field(ge=0, lt=2**64)], ...] = ()

    @property
    def width(self) -> int:
        """How many registers (or bits) it takes."""
        return self.type.width

    @property
    def last(self) -> int:
        """The address of its last register (or bit)."""
        return self.address + self.type.width - 1

    @property
    def factor(self) -> float:
        """What one step of the raw number is in our unit and sign, before scale factor and reference."""
        return self.scale * self._signed_unit

    @property
    def base(self) -> float:
        """What a raw number of 0 is in our unit and sign, before scale factor and reference."""
        return self.offset * self._signed_unit

    @property
    def _signed_unit(self) -> float:
        return -self.unit.factor if self.sign is Sign.INVERTED else self.unit.factor


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Register(Layout):
    """A number that is read and must be believed before it counts."""

    plausible: Plausible


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class ScaleFactor:
    """A power of ten that the device shows as an int16, -10 to 10; 0x8000 is not implemented (SunSpec)."""

    name: RegisterName
    table: Table
    address: Address


Seconds = Annotated[float, Field(gt=0.0, le=604_800.0)]
StepValue = Literal["setpoint", "safe_value", "reversion_s"]
