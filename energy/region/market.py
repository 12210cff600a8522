"""The rules of the region's prices: what is paid for exchange, and when prices are known."""

from datetime import date, time
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, CostEurPerKwh, EurPerKwh, HistoryColumn, KgPerKwh, Number, only_text
from energy.units import KG_PER_T

MONTHS_PER_YEAR = 12.0
PERIODS_BASE = 100
"""A month is named by its year and its number, one after the other: 202611."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Market:
    """Day-ahead prices and what is added to them.

    The price file's column carries EUR/MWh, as market files do. Import pays the price plus
    ``import_surcharge_eur_per_kwh``, export earns it less ``export_discount_eur_per_kwh``.
    ``capacity_charge_eur_per_kw_year`` is paid on the year's highest quarter-hour import, or instead of it
    ``capacity_charge_eur_per_kw_month`` on each month's (a grid operator's offer). Tomorrow's prices
    are known from ``published_at`` local time. At ``nominated_at`` tomorrow's exchange is nominated; each kWh
    that it deviates by costs ``imbalance_eur_per_kwh`` on top of the price. ``co2_eur_per_t`` is paid on fuel
    burnt in the region; ``import_co2_kg_per_kwh`` accounts for imported energy and is not paid again.
    """

    day_ahead: HistoryColumn
    published_at: Annotated[time, BeforeValidator(only_text)] = time(13, 0)
    import_surcharge_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    export_discount_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    capacity_charge_eur_per_kw_year: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    capacity_charge_eur_per_kw_month: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    nominated_at: Annotated[time, BeforeValidator(only_text)] = time(12, 0)
    imbalance_eur_per_kwh: CostEurPerKwh = 0.0
    co2_eur_per_t: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    import_co2_kg_per_kwh: KgPerKwh = 0.0

    def __post_init__(self) -> None:
        """Refuse two ways of billing the same peak."""
        if self.capacity_charge_eur_per_kw_year > 0.0 and self.capacity_charge_eur_per_kw_month > 0.0:
            raise ValueError(
                "the capacity charge is by the year or by the month, not both: set one of them to 0"
            )

    @property
    def capacity_charge_eur_per_kw(self) -> float:
        """What a kW of a new peak costs in its billing period."""
        return self.capacity_charge_eur_per_kw_year + self.capacity_charge_eur_per_kw_month

    @property
    def capacity_charge_eur_per_kw_and_year(self) -> float:
        """What a kW of peak costs over a year, if each month has it."""
        return self.capacity_charge_eur_per_kw_year + MONTHS_PER_YEAR * self.capacity_charge_eur_per_kw_month

    def billing_period(self, local: date) -> int:
        """Name the billing period of the capacity charge that a local day is in: 2026, or 202611."""
        monthly = self.capacity_charge_eur_per_kw_month > 0.0
        return local.year * PERIODS_BASE + local.month if monthly else local.year

    def billing_period_start(self, local: date) -> date:
        """Give the first local day of the billing period that a local day is in."""
        monthly = self.capacity_charge_eur_per_kw_month > 0.0
        return date(local.year, local.month if monthly else 1, 1)

    def co2_eur_per_kwh_fuel(self, co2_kg_per_kwh_fuel: float) -> float:
        """Give what the carbon of a kWh of fuel costs."""
        return self.co2_eur_per_t * co2_kg_per_kwh_fuel / KG_PER_T
