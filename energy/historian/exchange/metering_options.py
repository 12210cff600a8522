"""What a person tells of a metering file, and what follows from the file where it shows it beyond doubt."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from energy.domain import Point
from energy.errors import Fault
from energy.historian.exchange.metering_layout import Layout
from energy.historian.exchange.metering_text import Decimal, Label, decimal_of
from energy.historian.exchange.metering_time import LabelledBy, interval_of, labelled_by
from energy.periods import PERIOD
from energy.region.heat_load import HeatLoad
from energy.region.model import Asset

Sign = Literal["draws-positive", "feeds-positive", "magnitude"]
Unit = Literal["W", "kW", "MW", "Wh", "kWh", "MWh", "°C"]
_PER_KW = {  # also kWh in an hour
    "W": 1000.0,
    "kW": 1.0,
    "MW": 0.001,
    "Wh": 1000.0,
    "kWh": 1.0,
    "MWh": 0.001,
}
_UNITS: tuple[Unit, ...] = ("W", "kW", "MW", "Wh", "kWh", "MWh")
_ENERGY = ("Wh", "kWh", "MWh")
TEMPERATURE_C_SPAN = (-60.0, 60.0)
"""Outside of it no thermometer of this country has been."""
POINTS = (Point.POWER_KW, Point.POWER_KW_AVAILABLE, Point.HEAT_KW, Point.HYDROGEN_KW, Point.TEMPERATURE_C)
"""What a history may be imported for: flows and the outdoor temperature, not contents or counters."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person said with options; None is left to the file."""

    zone: ZoneInfo
    zone_told: bool = False
    unit: Unit | None = None
    sign: Sign | None = None
    label: LabelledBy | None = None
    decimal: Decimal | None = None
    column: str | None = None
    spread_hours: bool = False
    keep_status: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How the file is read; ``how`` says of each decision where it comes from.

    ``factor`` makes a value of the file one of ours, sign included. ``span`` is what is plausible, or None.
    """

    label: LabelledBy
    interval: timedelta
    decimal: Decimal
    factor: float
    span: tuple[float, float] | None
    how: dict[str, str]


def plausible_span(asset: Asset, point: Point) -> tuple[float, float] | None:
    """Give the least and the largest value that the asset's nameplate allows; None where it says nothing."""
    if point is Point.TEMPERATURE_C:
        return TEMPERATURE_C_SPAN
    if point is Point.HEAT_KW and isinstance(asset, HeatLoad):
        return 0.0, asset.heat_kw_max
    if point in {Point.POWER_KW, Point.POWER_KW_AVAILABLE}:
        return asset.power_kw_nameplate
    return None


def decide(
    layout: Layout, labels: list[Label], told: Told, *, asset: Asset, point: Point, name: str
) -> Decided | list[Fault]:
    """Put together what was told and what the file shows, or name every option that has to decide."""
    return _Decision(layout, labels, told, name).of(asset, point)


class _Decision:
    """Collects what is decided, and a fault for each option that is needed."""

    def __init__(self, layout: Layout, labels: list[Label], told: Told, name: str) -> None:
        self._layout, self._labels, self._told, self._name = layout, labels, told, name
        self._faults: list[Fault] = []
        self._how: dict[str, str] = {}

    def of(self, asset: Asset, point: Point) -> Decided | list[Fault]:
        """Decide everything."""
        zone = "told" if self._told.zone_told else "the region's own"
        self._how["encoding and delimiter"] = f"{self._layout.encoding}, {self._layout.delimiter!r}"
        self._how["values from column"] = self._layout.value_heading or "the only one with numbers"
        self._how["time zone"] = f"{self._told.zone.key} ({zone})"
        interval = self._interval()
        if interval is None:
            return self._faults
        span = plausible_span(asset, point)
        decimal, label = self._decimal(), self._label(interval)
        factor = self._per_unit(point, interval) * self._sign(asset, point, span)
        if self._faults or decimal is None or label is None:
            return self._faults
        return Decided(
            label=label, interval=interval, decimal=decimal, factor=factor, span=span, how=self._how
        )

    def _ask(self, option: str, value: str, limit: str, mend: str) -> None:
        self._faults.append(
            Fault(file=self._name, line=None, place=option, value=value, limit=limit, mend=mend)
        )

    def _interval(self) -> timedelta | None:
        interval = interval_of(self._labels)
        if interval == PERIOD:
            self._how["interval"] = "quarter hours"
            return interval
        if interval == HOUR and self._told.spread_hours:
            self._how["interval"] = "hours, each laid on its four quarter hours (told)"
            return interval
        minutes = "unknown" if interval is None else f"{interval.total_seconds() / 60:g} min"
        mend = "bring quarter hours"
        if interval == HOUR:
            mend = "--spread-hours lays each hour's mean on its four quarter hours; or bring quarter hours"
        self._ask("--file", minutes, "one value each quarter hour is wanted", mend)
        return None

    def _decimal(self) -> Decimal | None:
        told = self._told.decimal
        decimal = told or decimal_of([line.value for line in self._layout.lines if line.value])
        self._how["decimal sign"] = f"{decimal} ({'told' if told else 'from the values'})"
        if decimal is None:
            limit = "a value as 1.234 can be read as thousands or as a fraction"
            self._ask("--decimal", "not decided", limit, "say comma or point")
        return decimal

    def _label(self, interval: timedelta) -> LabelledBy | None:
        by_name, found = self._layout.labels_by_name, labelled_by(self._labels, interval)
        label = self._told.label or by_name or found
        source = "told" if self._told.label else "from the heading" if by_name else "from first and last line"
        self._how["times name the interval's"] = f"{label} ({source})"
        if label is None:
            limit = "neither the headings nor the first and the last line show what the times name"
            self._ask("--label", "not decided", limit, "say start or end")
        elif self._told.label is None and found is not None and found != label:
            limit = f"the heading says {by_name}, the first and the last line say {found}"
            self._ask("--label", "contradicting", limit, "say start or end")
        return label

    def _per_unit(self, point: Point, interval: timedelta) -> float:
        """Give what one of the file's units is in ours."""
        named = set(self._layout.units)
        if point is Point.TEMPERATURE_C:
            self._how["unit"] = "°C"
            if named - {"°C"}:
                self._ask("--unit", ", ".join(sorted(named)), "a temperature is in °C", "bring °C")
            return 1.0
        named -= {"°C"}
        unit = self._told.unit or (_known_unit(named.copy().pop()) if len(named) == 1 else None)
        if unit is None:
            stands = f"the file names {', '.join(sorted(named))}" if named else "the file names no unit"
            self._ask("--unit", "not decided", stands, "say kW, kWh, MW, MWh, W or Wh")
            return 1.0
        if self._told.unit is not None and named and named != {unit}:
            stands = ", ".join(sorted(named))
            self._ask(
                "--unit", unit, f"the file names {stands}", "name the file's own unit, or remove its heading"
            )
        self._how["unit"] = f"{unit} ({'told' if self._told.unit else 'from the file'})"
        hours = interval / HOUR
        return 1.0 / _PER_KW[unit] / (hours if unit in _ENERGY else 1.0)

    def _sign(self, asset: Asset, point: Point, span: tuple[float, float] | None) -> float:
        """Give what makes a value positive where the asset draws."""
        if point is Point.TEMPERATURE_C:
            return 1.0
        told = self._told.sign
        one_way = span is not None and (span[0] >= 0.0) != (span[1] <= 0.0)
        negative = any(line.value.startswith("-") for line in self._layout.lines)
        if told is None and (negative or not one_way):
            why = "the file has negative values" if negative else f"{asset.id} can draw and feed in"
            self._ask("--sign", "not decided", why, "say draws-positive or feeds-positive")
            return 1.0
        if told == "magnitude" and not one_way:
            limit = f"{asset.id} can draw and feed in, so a magnitude does not say which"
            self._ask("--sign", told, limit, "say draws-positive or feeds-positive")
            return 1.0
        if told in {None, "magnitude"}:
            draws = span is not None and span[1] > 0.0
            self._how["sign"] = (
                f"magnitudes; {asset.id} only {'draws' if draws else 'feeds in'} by its nameplate"
            )
            return 1.0 if draws else -1.0
        self._how["sign"] = f"{told} (told)"
        return 1.0 if told == "draws-positive" else -1.0


def _known_unit(text: str) -> Unit | None:
    return next((unit for unit in _UNITS if unit == text), None)
