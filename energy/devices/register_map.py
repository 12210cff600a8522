"""What a register map says: one file a product, data only.

The driver, the simulated device and the lint all read the same map. A raw number in a register becomes a
value in our unit and sign by ``value = sign * unit * (raw * scale + offset)``. What the manufacturer does not
say is written as unknown, never left out.
"""

from dataclasses import KW_ONLY
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.units import KW_PER_MW, KW_PER_W, S_PER_H

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)
ADDRESS_MAX = 65535
READ_REGISTERS_MAX = 125
"""Modbus Application Protocol V1.1b3, sections 6.3 and 6.4."""
READ_BITS_MAX = 2000
"""Modbus Application Protocol V1.1b3, sections 6.1 and 6.2."""


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
    """The units that devices speak."""

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

    @property
    def factor(self) -> float:
        """What one of it is in our unit: kW, kWh, cubic metres, degrees Celsius, seconds."""
        return _FACTORS[self]

    @property
    def measures(self) -> str:
        """Our unit for what it measures, as it stands in a point's name."""
        return _QUANTITIES[self]

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


class Access(StrEnum):
    """What the driver may do with a point."""

    READ = "read"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Plausible:
    """The range that a value must keep to be believed, in our unit and sign."""

    min: float
    max: float


@dataclass(frozen=True, slots=True, config=CONFIG)
class Register:
    """Where a value stands and how to read it.

    ``not_implemented`` lists bit patterns of the whole value, unsigned, that say "no such value" (0x8000 for
    an int16).
    An order that is None takes the map's; after loading none is None.
    """

    _: KW_ONLY
    table: Table
    address: Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
    """Counted from 0, as it goes over the wire."""
    type: ValueType
    byte_order: Order | None = None
    word_order: Order | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: Unit
    sign: Sign
    not_implemented: tuple[Annotated[int, Field(ge=0, lt=2**64)], ...] = ()
    plausible: Plausible

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
        """What one step of the raw number is in our unit and sign."""
        return self.scale * self._signed_unit

    @property
    def base(self) -> float:
        """What a raw number of 0 is in our unit and sign."""
        return self.offset * self._signed_unit

    @property
    def _signed_unit(self) -> float:
        return -self.unit.factor if self.sign is Sign.INVERTED else self.unit.factor


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Readback:
    """Where the device shows what it holds: the written register itself, or one of its own."""

    tolerance_kw: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    register: Register | None = None


Seconds = Annotated[float, Field(gt=0.0, le=604_800.0)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Write:
    """What must be known of a point before anything is written to it.

    ``safe_value_kw`` is what the device falls back to by itself, in our unit and sign; ``by_region`` means
    that it is set at commissioning to the asset's safe state, ``own_control`` that it goes back to its own
    control, heat-led or by level. ``reversion_s`` is how long a written value
    lasts however well the watchdog is fed.
    """

    safe_value_kw: float | Literal["by_region", "own_control", "unknown"]
    readback: Readback
    watchdog_s: Seconds | Literal["none", "unknown"]
    watchdog_fed_by: Literal["write", "any", "none", "unknown"]
    reversion_s: Seconds | Literal["none", "unknown"]
    storage: Literal["ram", "flash", "unknown"]
    write_budget_per_day: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["unlimited", "unknown"]
    min_step_kw: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    function: Literal["multiple", "single"] = "multiple"
    """``single`` writes by functions 5 and 6, ``multiple`` by 15 and 16."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class MapPoint(Register):
    """A value of our vocabulary in this product's registers.

    ``write`` stands exactly where access is read_write.
    """

    name: Point
    access: Access
    write: Write | None = None

    @property
    def readback_register(self) -> Register:
        """Where the held value is read: the readback's own register, else this one."""
        own = self.write.readback.register if self.write is not None else None
        return own if own is not None else self


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Forbidden:
    """Addresses from ``first`` to ``last`` that must never be touched, not even to bridge a gap."""

    table: Table
    first: Annotated[int, Field(ge=0, le=ADDRESS_MAX)]
    last: Annotated[int, Field(ge=0, le=ADDRESS_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class RegisterMap:
    """What a file in profiles/ holds.

    ``generic`` marks a map that belongs to no product on the market. ``max_gap_registers`` is how many
    unlisted registers a read may bridge; 0 is right unless the manufacturer allows it.
    """

    schema_version: Literal["energiewaage.register_map/1"]
    product: Annotated[str, Field(min_length=1, max_length=120)]
    manufacturer: Annotated[str, Field(min_length=1, max_length=120)]
    source: Annotated[str, Field(min_length=1, max_length=500)]
    """Where the numbers come from: document, version, page."""
    generic: bool = False
    byte_order: Order
    word_order: Order
    max_read_registers: Annotated[int, Field(ge=1, le=READ_REGISTERS_MAX)] = READ_REGISTERS_MAX
    max_read_bits: Annotated[int, Field(ge=1, le=READ_BITS_MAX)] = READ_BITS_MAX
    max_gap_registers: Annotated[int, Field(ge=0, le=READ_REGISTERS_MAX)] = 0
    forbidden: tuple[Forbidden, ...] = ()
    points: Annotated[tuple[MapPoint, ...], Field(max_length=2000)]

    def point(self, name: Point) -> MapPoint | None:
        """Give the map's point of that name, None if it has none."""
        return next((point for point in self.points if point.name is name), None)
