"""What a region wishes beside its bill: weights that its owner sets, kept apart from money."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, CostEurPerKwh, Number
from energy.units import KG_PER_T


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Objective:
    """Weights of what nobody bills: the plan pays up to these prices for it, and says so in parts of its own.

    ``co2_weight_eur_per_t`` stands on all CO2, of imported energy and of fuel burnt in the region, beside
    what is paid for it; exports are credited nothing. ``import_weight_eur_per_kwh`` and
    ``export_weight_eur_per_kwh`` stand on each kWh that crosses the region's border: autarky.
    ``nomination_weight_eur_per_kwh`` stands on each kWh that deviates from what was nominated, beside the
    cost of balancing energy: a firm preference for what was sent.
    """

    co2_weight_eur_per_t: Annotated[Number, Field(ge=0.0, le=10_000.0)] = 0.0
    import_weight_eur_per_kwh: CostEurPerKwh = 0.0
    export_weight_eur_per_kwh: CostEurPerKwh = 0.0
    nomination_weight_eur_per_kwh: Annotated[Number, Field(ge=0.0, le=100.0)] = 0.0

    def co2_weight_eur_per_kwh(self, co2_kg_per_kwh: float) -> float:
        """Give the weight of a kWh with this much CO2."""
        return self.co2_weight_eur_per_t * co2_kg_per_kwh / KG_PER_T
