"""What every asset has, whatever its kind."""

import ipaddress
import re
from dataclasses import KW_ONLY
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Authority, Point

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

IDENTIFIER_WORDS = "a short name of a-z, 0-9 and _ that begins with a letter (at most 48 characters)"

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$", description=IDENTIFIER_WORDS)]
Number = Annotated[float, Field(strict=True)]
"""A number and nothing that merely looks like one: neither ``yes`` nor ``"12"``."""
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Efficiency = Annotated[Number, Field(gt=0.0, le=1.0)]
PositiveKw = Annotated[Number, Field(gt=0.0, le=10_000_000.0)]
NonNegativeKw = Annotated[Number, Field(ge=0.0, le=10_000_000.0)]
PositiveKwh = Annotated[Number, Field(gt=0.0, le=100_000_000.0)]
NonNegativeKwh = Annotated[Number, Field(ge=0.0, le=100_000_000.0)]
RampKwPerS = Annotated[Number, Field(gt=0.0, le=1_000_000.0)]
PositiveM3 = Annotated[Number, Field(gt=0.0, le=100_000_000.0)]
NonNegativeM3 = Annotated[Number, Field(ge=0.0, le=100_000_000.0)]
EurPerKwh = Annotated[Number, Field(ge=-5.0, le=5.0)]
CostEurPerKwh = Annotated[Number, Field(ge=0.0, le=5.0)]
CostEur = Annotated[Number, Field(ge=0.0, le=100_000.0)]
KgPerKwh = Annotated[Number, Field(ge=0.0, le=2.0)]
HoursMin = Annotated[Number, Field(ge=0.0, le=48.0)]
MeterClass = Literal["0.2S", "0.5S", "1", "2"]
"""Accuracy classes of active-energy meters (IEC 62053-21 and 62053-22)."""
Flag = Annotated[bool, Field(strict=True)]

HOST_WORDS = (
    "an IPv4 address, an IPv6 address without brackets, or a host name: words of at most 63 characters "
    "of a-z, 0-9, - and _ with single dots between them, the last not a number"
)
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def only_text(value: object) -> object:
    """Refuse a bare number: 780 would be taken for 780 seconds after midnight."""
    if isinstance(value, int | float):
        raise ValueError('must be a time of day in quotes, for example "13:00"')  # noqa: TRY004 - pydantic's way
    return value


def _host(text: str) -> str:
    """Refuse what no resolver takes; labels as in RFC 1035, 2.3.4, and the underscore, which is in use."""
    labels = text.removesuffix(".").split(".")
    if all(_HOST_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit():
        return text
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"must be {HOST_WORDS}") from None
    return text


Host = Annotated[str, Field(min_length=1, max_length=253, description=HOST_WORDS), AfterValidator(_host)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Name:
    """What people read, in both languages."""

    de: Annotated[str, Field(min_length=1, max_length=80)]
    en: Annotated[str, Field(min_length=1, max_length=80)]


Transport = Literal["tcp", "rtu_over_tcp", "tls", "serial"]
"""Modbus TCP; RTU frames through a TCP connection; Modbus/TCP Security (TLS); RTU on a serial line."""
PORTS: dict[Transport, int] = {"tcp": 502, "rtu_over_tcp": 502, "tls": 802}
"""The ports that IANA lists for Modbus, where a region file names none."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class SerialLine:
    """A serial line and how it is set; every device on it is set alike."""

    device: Annotated[
        str,
        Field(pattern=r"^/dev/[A-Za-z0-9_./-]{1,120}$", description="a path below /dev, as /dev/ttyUSB0"),
    ]
    baud_rate: Annotated[int, Field(strict=True, ge=300, le=1_000_000)] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What one connection reaches: a host and port, or a serial line, and how it is spoken to."""

    transport: Transport
    host: str
    port: int
    serial: SerialLine | None

    @property
    def name(self) -> str:
        """Its name for people: host and port, or the serial line's path."""
        return self.serial.device if self.serial is not None else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class DeviceAddress:
    """Where the asset's device answers and which register map it speaks.

    ``profile`` names a register map in the region's own profiles/ folder or among the shipped ones.
    A serial device has a ``serial`` line and no host; all others have a host, and a port unless it is the
    transport's own (502, with TLS 802).
    """

    profile: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_]{0,63}$",
            description="the name of a register map: a-z, 0-9 and _, without .yaml",
        ),
    ]
    host: Host | None = None
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = None
    unit: Annotated[int, Field(strict=True, ge=0, le=255)] = 1
    transport: Transport = "tcp"
    serial: SerialLine | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.transport == "serial":
            if self.serial is None or self.host is not None or self.port is not None:
                raise ValueError("transport serial needs serial: with device: /dev/..., and no host or port")
        elif self.host is None or self.serial is not None:
            raise ValueError(f"transport {self.transport} needs a host, and no serial:")
        return self

    @property
    def endpoint(self) -> Endpoint:
        """What has to be connected to; host names know no capitals and no last dot (RFC 4343; RFC 1034, 3.1).

        So two spellings of one host share one connection.
        """
        host = (self.host or "").lower().removesuffix(".")
        port = self.port if self.port is not None else PORTS.get(self.transport, 0)
        return Endpoint(transport=self.transport, host=host, port=port, serial=self.serial)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HistoryColumn:
    """A column of quarter-hour means in a CSV of the region's history/ folder.

    The column is a magnitude in kW, mean over the period labelled by its start in the column ``utc``.
    """

    file: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_.-]+\.csv(\.gz)?$",
            description="the name of a .csv or .csv.gz file in history/, without a folder",
        ),
    ]
    column: Identifier


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class TemperatureColumn(HistoryColumn):
    """A column of outdoor temperatures in a CSV of the region's history/ folder, degrees Celsius."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeState:
    """What an asset falls back to when nobody can say better: a point, its value, a name for people.

    ``power_kw`` is None where the safe state is the device's own control (heat-led, thermostat, level): it
    holds whatever nobody commands, so nothing is sent and the device's watchdog lets the last command go.
    """

    point: Point
    power_kw: float | None
    name: str


@dataclass(frozen=True, slots=True, config=CONFIG)
class AssetBase:
    """The fields that every kind shares.

    ``feeder`` names the asset of kind feeder through which this one is connected; None stands at the busbar.
    ``meter_class`` is the accuracy class of its meter; None is not known (and exact in simulation).
    """

    _: KW_ONLY
    id: Identifier
    name: Name
    municipality: Identifier | None = None
    feeder: Identifier | None = None
    device: DeviceAddress
    history: HistoryColumn | None = None
    authority: Authority | None = None
    """None takes the region's default."""
    meters: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] | None = None
    """How many metering points the series sums; None is not known."""
    household: Flag = False
    """Whether these are metering points of households: their series are personal data."""
    meter_class: MeterClass | None = None
    fee_eur_per_kwh_drawn: EurPerKwh = 0.0
    """Grid fees and levies of this metering point on energy drawn, gross."""
