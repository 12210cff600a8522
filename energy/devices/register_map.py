"""What a register map says: one file a product, data only.

The driver, the simulated device and the lint all read the same map. What the manufacturer does not
say is written as unknown, never left out.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.devices.layout import (
    CONFIG,
    Address,
    Layout,
    Order,
    Register,
    RegisterName,
    ScaleFactor,
    Seconds,
    StepValue,
    Table,
)
from energy.domain import Point

READ_REGISTERS_MAX = 125
"""Modbus Application Protocol V1.1b3, sections 6.3 and 6.4."""
READ_BITS_MAX = 2000
"""Modbus Application Protocol V1.1b3, sections 6.1 and 6.2."""
TEXT_REGISTERS_MAX = 64
SETTLES_S_MAX = 10.0
"""Two ticks: what takes longer to show what it was told cannot be proven to hold it."""


class Access(StrEnum):
    """What the driver may do with a point."""

    READ = "read"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Readback:
    """Where the device shows what it holds: the written register itself, or one of its own.

    ``settles_s`` is how long it may take to show what was written, with its countdown: until then something
    else is no reason to write again, nor to doubt the device.
    """

    tolerance_kw: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    register: Register | None = None
    settles_s: Annotated[float, Field(ge=0.0, le=SETTLES_S_MAX)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Step:
    """A register that is written beside the value, and read back like it.

    ``value`` is a raw number, or ``setpoint`` (the value once more, in this register's own unit, sign and
    scale), ``safe_value`` (what the device shall fall back to, likewise), or ``reversion_s`` (the map's, in
    this register's unit).
    """

    name: RegisterName
    """The manufacturer's name for it, for people."""
    register: Layout
    value: float | StepValue


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Heartbeat:
    """Counters by which controller and device show each other that they live (SunSpec 715).

    ``written`` counts up by one a second from us; ``shown`` counts up by itself in the device: a device whose
    counter stands still for ``frozen_s`` is not believed.
    """

    written: Layout | None = None
    shown: Layout | None = None
    frozen_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Write:
    """What must be known of a point before anything is written to it.

    ``safe_value_kw`` is what the device falls back to by itself, in our unit and sign; ``by_region`` means
    that it is set at commissioning to the asset's safe state, ``own_control`` that it goes back to its own
    control, heat-led or by level. ``reversion_s`` is how long a written value
    lasts however well the watchdog is fed.

    ``arming`` is written before the value, in its order, wherever the device shows something else: timers
    first, so that no value ever stands without one. ``enabling`` is written after the value, every time;
    while one of its constant registers shows something else, the device holds nothing of what stands there.
    """

    safe_value_kw: float | Literal["by_region", "own_control", "unknown"]
    readback: Readback
    watchdog_s: Seconds | Literal["none", "unknown"]
    watchdog_fed_by: Literal["write", "any", "none", "unknown"]
    reversion_s: Seconds | Literal["none", "unknown"]
    storage: Literal["ram", "flash", "unknown"]
    write_budget_per_day: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["unlimited", "unknown"]
    min_step_kw: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    """A smaller change is not written, unless the device would drop its value otherwise."""
    function: Literal["multiple", "single"] = "multiple"
    """``single`` writes by functions 5 and 6, ``multiple`` by 15 and 16."""
    arming: Annotated[tuple[Step, ...], Field(max_length=16)] = ()
    enabling: Annotated[tuple[Step, ...], Field(max_length=16)] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class MapPoint(Register):
    """A value of our vocabulary in this product's registers.

    ``write`` stands exactly where access is read_write. ``values`` says what the numbers of an enumeration
    mean: any other number is not believed. ``flags`` says what the bits of a bit field mean.
    For the point ``remote``, the values' words are ``remote`` and ``local``.
    """

    name: Point
    access: Access
    values: dict[int, Annotated[str, Field(min_length=1, max_length=80)]] | None = None
    flags: (
        dict[Annotated[int, Field(ge=0, le=63)], Annotated[str, Field(min_length=1, max_length=80)]] | None
    ) = None
    write: Write | None = None

    @property
    def readback_register(self) -> Register:
        """Where the held value is read: the readback's own register, else this one."""
        own = self.write.readback.register if self.write is not None else None
        return own if own is not None else self


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Text:
    """A string that says which device answers: two characters a register, ended by zeros or blanks.

    A device whose text does not contain ``expected`` is not the one that the map was written for.
    """

    name: Literal["manufacturer", "model", "options", "firmware", "serial_number"]
    table: Table
    address: Address
    length: Annotated[int, Field(ge=1, le=TEXT_REGISTERS_MAX)]
    """Registers."""
    byte_order: Order | None = None
    expected: Annotated[str, Field(min_length=1, max_length=2 * TEXT_REGISTERS_MAX)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Forbidden:
    """Addresses from ``first`` to ``last`` that must never be touched, not even to bridge a gap."""

    table: Table
    first: Address
    last: Address


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class RegisterMap:
    """What a file in profiles/ holds.

    ``generic`` marks a map that belongs to no product on the market. ``max_gap_registers`` is how many
    unlisted registers a read may bridge; 0 is right unless the manufacturer allows it. ``pause_s`` is what
    the device needs between an answer and the next request, ``answer_s`` how long it may take to answer: 1 s
    where the manufacturer says nothing.
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
    pause_s: Annotated[float, Field(ge=0.0, le=5.0)] = 0.0
    answer_s: Annotated[float, Field(ge=0.1, le=10.0)] | None = None
    forbidden: tuple[Forbidden, ...] = ()
    scale_factors: Annotated[tuple[ScaleFactor, ...], Field(max_length=200)] = ()
    identity: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    heartbeat: Heartbeat | None = None
    points: Annotated[tuple[MapPoint, ...], Field(max_length=2000)]

    def point(self, name: Point) -> MapPoint | None:
        """Give the map's point of that name, None if it has none."""
        return next((point for point in self.points if point.name is name), None)
