"""A store of hydrogen with its offtake."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Identifier, NonNegativeKwh, Number, PositiveKwh, only_text
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HydrogenStorage(Measured):
    """Takes up what the electrolysers of its network make, and serves a daily offtake.

    Energies are lower heating values (33.33 kWh a kilogram). The offtake of ``offtake_kwh_per_day`` is taken
    evenly between two times of the local day. Plans keep ``energy_kwh_reserve`` above ``energy_kwh_min`` for
    what they did not foresee; ``unserved_eur_per_kwh`` prices what could not be delivered.
    """

    kind: Literal["hydrogen_storage"]
    hydrogen_network: Identifier
    energy_kwh_capacity: PositiveKwh
    energy_kwh_min: NonNegativeKwh = 0.0
    energy_kwh_reserve: NonNegativeKwh = 0.0
    offtake_kwh_per_day: NonNegativeKwh
    offtake_from: Annotated[time, BeforeValidator(only_text)] = time(6, 0)
    offtake_until: Annotated[time, BeforeValidator(only_text)] = time(18, 0)
    unserved_eur_per_kwh: Annotated[Number, Field(gt=0.0, le=100.0)] = 1.0

    @model_validator(mode="after")
    def _in_order(self) -> "HydrogenStorage":
        if not self.energy_kwh_min + self.energy_kwh_reserve < self.energy_kwh_capacity:
            raise ValueError(
                "energy_kwh_min and energy_kwh_reserve together must be less than energy_kwh_capacity"
            )
        if not self.offtake_from < self.offtake_until:
            raise ValueError("offtake_from must be before offtake_until, within one day")
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """Its compressor is part of the electrolyser."""
        return 0.0, 0.0
