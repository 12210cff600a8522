"""The tables of an export: each column with its type, its unit and its sign, whatever the file format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from energy.domain import QUANTILES, FloatArray

ColumnType = Literal["time", "id", "text", "number"]
"""A time is UTC; an id is a text that comes often, and is stored once where the format can."""
Cells = FloatArray | NDArray[np.datetime64] | Sequence[str | None]
Batch = Mapping[str, Cells]
"""Some rows of a table by column, all of one length; a number that is missing is NaN, a text None."""
DRAWS = "positive draws (consumption, charging, import), negative feeds in (generation, discharging, export)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; ``sign`` is empty where a number has none."""

    name: str
    type: ColumnType
    unit: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of an export."""

    name: str
    about: str
    columns: tuple[Column, ...]


def time(name: str) -> Column:
    """Make a column of moments."""
    return Column(name=f"{name}_utc", type="time", unit="UTC")


def power(name: str) -> Column:
    """Make a column of powers in our sign, which its name states."""
    return Column(name=f"{name}_draws_positive", type="number", unit="kW", sign=DRAWS)


def number(name: str, unit: str) -> Column:
    """Make a column of numbers without a sign."""
    return Column(name=name, type="number", unit=unit)


def name_of(name: str) -> Column:
    """Make a column of names that come again and again."""
    return Column(name=name, type="id")


READINGS = Table(
    name="readings",
    about=(
        "Means over intervals labelled by their start; an empty field was not measured. Those of hours and "
        "days are quarter hours weighted by coverage; their fraction is covered seconds over seconds. "
        "What comes from registers is empty unless every quarter hour of the interval has it. Intervals are "
        "whole: the first and the last one may reach beyond the span."
    ),
    columns=(
        time("start"),
        name_of("asset_id"),
        power("power_kw"),
        number("power_coverage_fraction", "1"),
        power("power_kw_from_registers"),
        power("power_kw_available"),
        number("energy_kwh_stored", "kWh"),
        number("energy_kwh_backlog", "kWh"),
        number("energy_kwh_urgent", "kWh"),
        power("heat_kw"),
        power("hydrogen_kw"),
        number("temperature_c", "°C"),
    ),
)
FORECASTS = Table(
    name="forecasts",
    about="Every forecast that a plan of the span stood on, as it was issued.",
    columns=(
        time("issued_at"),
        time("known_at"),
        name_of("model"),
        time("start"),
        name_of("asset_id"),
        *(power(f"power_kw_p{quantile * 100:02.0f}") for quantile in QUANTILES),
    ),
)
PLANS = Table(
    name="plans",
    about="Every plan issued in the span; a quantity's name ends in its unit, prices have no asset.",
    columns=(
        time("issued_at"),
        name_of("plan_id"),
        name_of("rung"),
        time("start"),
        name_of("asset_id"),
        name_of("quantity"),
        Column(name="value", type="number", unit="as the quantity's name ends", sign=DRAWS),
    ),
)
OUTCOMES = Table(
    name="outcomes",
    about="What became of every setpoint.",
    columns=(
        time("at"),
        name_of("asset_id"),
        name_of("point"),
        name_of("outcome"),
        power("power_kw_asked"),
        power("power_kw_read_back"),
        time("valid_until"),
        name_of("level"),
        Column(name="reason", type="text"),
        Column(name="detail", type="text"),
    ),
)
PRICES = Table(
    name="prices",
    about="Day-ahead prices of the span as they were published; a corrected one stands twice.",
    columns=(time("published_at"), time("start"), number("price_eur_per_kwh", "EUR/kWh")),
)
WEATHER = Table(
    name="weather",
    about=(
        "Every weather forecast issued in the span as it became known; a value is of the step that begins "
        "at start_utc. A variable's name ends in its unit; where a forecast says nothing there is no row."
    ),
    columns=(
        time("issued_at"),
        time("known_at"),
        name_of("source"),
        time("start"),
        number("latitude_degrees", "degrees"),
        number("longitude_degrees", "degrees"),
        name_of("variable"),
        Column(name="value", type="number", unit="as the variable's name ends"),
    ),
)
PUBLIC = Table(
    name="public",
    about=(
        "Sums over groups of metering points, none of which can be told apart; empty where one is missing. "
        "Hours and days are means of those quarter hours that have a sum, weighted by the least covered one."
    ),
    columns=(
        time("start"),
        name_of("by"),
        name_of("group"),
        number("meters", "1"),
        power("power_kw"),
    ),
)
