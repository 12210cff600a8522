"""The rules of the region's prices: what is paid for exchange, and when prices are known."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, CostEurPerKwh, EurPerKwh, HistoryColumn, KgPerKwh, Number, only_text
from energy.units import KG_PER_T


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Market:
    """Day-ahead prices and what is added to them.

    The price file's column carries EUR/MWh, as market files do. Import pays the price plus
    ``import_surcharge_eur_per_kwh``, export earns it less ``export_discount_eur_per_kwh``.
    ``capacity_charge_eur_per_kw_year`` is paid on the year's highest quarter-hour import. Tomorrow's prices
    are known from ``published_at`` local time. At ``nominated_at`` tomorrow's exchange is nominated; each kWh
    that it deviates by costs ``imbalance_eur_per_kwh`` on top of the price. ``co2_eur_per_t`` is paid on fuel
    burnt in the region; ``import_co2_kg_per_kwh`` accounts for imported energy and is not paid again.
    """

    day_ahead: HistoryColumn
    published_at: Annotated[time, BeforeValidator(only_text)] = time(13, 0)
    import_surcharge_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    export_discount_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)] = 0.0
    capacity_charge_eur_per_kw_year: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    nominated_at: Annotated[time, BeforeValidator(only_text)] = time(12, 0)
    imbalance_eur_per_kwh: CostEurPerKwh = 0.0
    co2_eur_per_t: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    import_co2_kg_per_kwh: KgPerKwh = 0.0

    def co2_eur_per_kwh_fuel(self, co2_kg_per_kwh_fuel: float) -> float:
        """Give what the carbon of a kWh of fuel costs."""
        return self.co2_eur_per_t * co2_kg_per_kwh_fuel / KG_PER_T
