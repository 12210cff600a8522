"""The nouns that every room shares: arrays and floats, no pandas, no I/O.

Sign everywhere: positive power draws (consumption, charging), negative feeds in (generation, discharging);
at the grid point positive is import, so the import equals the sum over all assets, losses among them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from energy.correction import Correction

FloatArray = NDArray[np.float64]
REASONS = ("price_eur_per_kwh_draw", "price_eur_per_kwh_feed_in")


class Point(StrEnum):
    """The vocabulary of measured and commanded values; register maps use exactly these names."""

    POWER_KW = "power_kw"
    POWER_KW_AVAILABLE = "power_kw_available"
    """What the source would yield uncurtailed; negative, since it feeds in."""
    POWER_KW_SETPOINT = "power_kw_setpoint"
    """A power to follow (battery)."""
    POWER_KW_MIN = "power_kw_min"
    """A bound on feeding in: the most negative power allowed (PV, wind, hydro)."""
    POWER_KW_MAX = "power_kw_max"
    """A bound on drawing (EV hub)."""
    ENERGY_KWH = "energy_kwh"
    """Energy in store."""
    ENERGY_KWH_DRAWN = "energy_kwh_drawn"
    """Energy register, drawn since commissioning."""
    ENERGY_KWH_FED_IN = "energy_kwh_fed_in"
    """Energy register, fed in since commissioning; counts upwards."""
    ENERGY_KWH_BACKLOG = "energy_kwh_backlog"
    """What connected vehicles still want before they leave."""
    ENERGY_KWH_URGENT = "energy_kwh_urgent"
    """The part of the backlog that is due within the next hour."""
    HEAT_KW = "heat_kw"
    """Heat exchanged with the heat network: positive draws from it, negative feeds into it."""
    HYDROGEN_KW = "hydrogen_kw"
    """Hydrogen exchanged with its network, by the lower heating value: positive draws, negative feeds in."""
    VOLUME_M3 = "volume_m3"
    """Water in a reservoir."""
    TEMPERATURE_C = "temperature_c"
    """Temperature of what a heat pump takes its heat from."""
    RUNNING_S = "running_s"
    """Time since a unit was started; 0 while it stands."""
    STANDING_S = "standing_s"
    """Time since a unit was stopped; 0 while it runs."""
    POWER_KW_RATED = "power_kw_rated"
    """The power that a device counts its percentages from; a magnitude."""
    ENERGY_KWH_CAPACITY = "energy_kwh_capacity"
    """What a store holds when it is full."""
    REVERSION_S = "reversion_s"
    """Time until the device drops what it was told, as it shows it itself."""
    REMOTE = "remote"
    """1 while the device obeys us, 0 while it is switched to local operation."""
    OPERATING_STATE = "operating_state"
    """The device's own number for what it is doing; its register map has the words."""
    FAULT_FLAGS = "fault_flags"
    """The device's own fault bits; its register map has the words."""

    @property
    def unit(self) -> str:
        """Its unit, as it stands in its name before any qualifier: kw, kwh, m3, c, s, or none."""
        return next((word for word in self.value.split("_") if word in _POINT_UNITS), "")


_POINT_UNITS = frozenset({"kw", "kwh", "m3", "c", "s"})


class Quality(StrEnum):
    """How far a reading can be trusted; only GOOD may decide anything."""

    GOOD = "good"
    STALE = "stale"
    IMPLAUSIBLE = "implausible"
    NOT_IMPLEMENTED = "not_implemented"
    COMM_ERROR = "comm_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one point at one moment; ``value`` is None whenever there is none to trust."""

    asset_id: str
    point: Point
    value: float | None
    quality: Quality
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The frozen picture that one tick decides on: the latest reading of each point."""

    at: datetime
    readings: Mapping[tuple[str, Point], Reading]

    def value(self, asset_id: str, point: Point, *, age_s_max: float) -> float | None:
        """Give the value if it is good, finite and young enough, else None."""
        reading = self.readings.get((asset_id, point))
        if reading is None or reading.quality is not Quality.GOOD:
            return None
        if reading.value is None or not math.isfinite(reading.value):
            return None
        age_s = (self.at - reading.measured_at).total_seconds()
        return reading.value if 0.0 <= age_s <= age_s_max else None


class Level(StrEnum):
    """Who sets a bound or wants a power, highest first (``energy.arbitration`` holds the order)."""

    PROTECTION = "protection"
    GRID_OPERATOR = "grid_operator"
    DIRECT_MARKETER = "direct_marketer"
    OPERATOR = "operator"
    CORRECTION = "correction"
    PLAN = "plan"
    DEVICE_RULE = "device_rule"


class Rung(StrEnum):
    """The way down: where a plan came from, named in what people see."""

    OPTIMAL = "optimal"
    INCUMBENT = "incumbent"
    SHIFTED = "shifted"
    RULES = "rules"
    SAFE_STATE = "safe_state"


class Authority(StrEnum):
    """How far the controller may act by itself."""

    OBSERVE = "observe"
    ADVISE = "advise"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A bound that somebody set on an asset or on the grid point; None bounds nothing on that side."""

    limit_id: str
    target_id: str
    power_kw_min: float | None
    power_kw_max: float | None
    level: Level
    start: datetime
    until: datetime | None
    reason: str

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether the limit is in force at the moment."""
        return self.start <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """What a device is told: a power to follow, or a bound on feeding in or drawing.

    ``is_duty`` is True where a bound of protection or of the grid operator limits it, whoever wanted it.
    """

    asset_id: str
    point: Point
    power_kw: float
    valid_until: datetime
    level: Level
    reason: str
    is_duty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The device holds what was asked."""

    setpoint: Setpoint
    read_back_kw: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """The device holds something else than was asked.

    ``is_settling`` is True while the device may still be on its way to show it, by its register map.
    """

    setpoint: Setpoint
    read_back_kw: float
    at: datetime
    reason: str
    is_settling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The device, or our own last check before it, said no."""

    setpoint: Setpoint
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Nobody answered: what the device holds is unknown."""

    setpoint: Setpoint
    at: datetime
    reason: str


Outcome = Applied | Limited | Rejected | Unreachable


class RequestKind(StrEnum):
    """What a person can ask of the controller."""

    SET = "set"
    """Hold this power until the request expires."""
    HOLD = "hold"
    """Hold the present power until the request expires."""
    RELEASE = "release"
    """Give the asset back to the plan."""
    CLEAR_LIMIT = "clear_limit"
    """Stop keeping a limit that was found on the device at start; a person answers for it."""
    CORRECT = "correct"
    """Expect another power of the asset than its forecast says."""
    WITHDRAW = "withdraw"
    """Take a correction back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A person's wish, with its reason and its end; the controller copies it into the ledger."""

    request_id: str
    kind: RequestKind
    asset_id: str
    power_kw: float | None
    actor: str
    reason: str
    made_at: datetime
    until: datetime | None
    correction: Correction | None = None
    withdraws: str | None = None
    """The request id of the correction that is taken back."""


QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """What is expected of one asset, as it was known when it was made.

    ``quantiles_kw`` has shape (5, periods), rows p05, p25, p50, p75, p95 of the power in our sign; each
    column is non-decreasing and finite. For an EV hub it is the power that arriving vehicles ask for.
    ``start`` labels the first period.
    """

    asset_id: str
    issued_at: datetime
    known_at: datetime
    model: str
    start: datetime
    quantiles_kw: FloatArray

    @property
    def expected_kw(self) -> FloatArray:
        """The median, shape (periods,)."""
        row: FloatArray = self.quantiles_kw[2]
        return row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetPlan:
    """One asset's part of a plan; arrays have shape (periods,).

    ``power_kw`` is what the asset is expected to do. ``states`` holds arrays by their glossary name; only
    REASONS, which say why and are followed by none, may be NaN: unknown.
    """

    power_kw: FloatArray
    states: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A limit that binds in some periods; ``worth_eur``: of one kW or kWh more of it, empty in older ones."""

    name: str
    asset_id: str
    periods: tuple[int, ...]
    worth_eur: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A preference that the plan could not keep, with its largest size and what it was priced at."""

    name: str
    asset_id: str
    size: float
    unit: str
    cost_eur: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What the region does over the horizon, and what that is expected to cost.

    ``assets`` holds every asset, the grid point too (its power is the exchange, import positive).
    ``marginal_price_eur_per_kwh`` has one array a balance (``electricity``, ...), none without prices.
    """

    plan_id: str
    region_id: str
    issued_at: datetime
    start: datetime
    rung: Rung
    status: str
    gap: float | None
    objective_eur: Mapping[str, float]
    assets: Mapping[str, AssetPlan]
    marginal_price_eur_per_kwh: Mapping[str, FloatArray]
    binding: tuple[Binding, ...] = ()
    breaches: tuple[Breach, ...] = ()
    wall_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds by stage on the wall clock: reported, never hashed."""

    @property
    def periods(self) -> int:
        """How many periods the plan covers."""
        return min((asset.power_kw.size for asset in self.assets.values()), default=0)


class Severity(StrEnum):
    """How soon a person should look."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something wrong that a person should know, as long as it lasts.

    ``code`` is a stable key that faces translate; ``detail`` is technical English.
    """

    code: str
    severity: Severity
    target_id: str
    since: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one tick decided for one asset, and why.

    ``wanted_kw`` is what the highest level that wants anything asked for; ``setpoint`` what the gate let out,
    None when nothing is sent (authority below automatic, nothing known, nothing to command). ``limited_by``
    names the rule that changed what was wanted; None where it went out as it was.
    """

    asset_id: str
    wanted_kw: float | None
    level: Level | None
    setpoint: Setpoint | None
    reason: str
    limited_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the controller is doing, written each tick for the faces."""

    at: datetime
    rung: Rung
    plan_id: str | None
    authority: Authority
    alarms: tuple[Alarm, ...]
    simulated: bool
    speed: float
    """Controller seconds per second on the wall; 1.0 in real operation, 0.0 in lockstep."""
    tick_ms: float
