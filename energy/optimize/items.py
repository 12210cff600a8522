"""What a problem is made of, electricity: each asset as checked numbers, limits already counted in.

Arrays have shape (periods,). What concerns heat, hydrogen and water stands in ``network_items``.
"""

from dataclasses import dataclass

from energy.domain import FloatArray
from energy.periods import PERIOD_H
from energy.physics.battery_wear import Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """Over how many periods from now an asset keeps headroom, and how long it must be able to give it."""

    periods: int
    hold_h: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One part of a problem.

    ``feeder`` is None at the busbar, ``municipality`` where that is not limited, ``headroom`` where none is
    kept.
    """

    asset_id: str
    feeder: str | None = None
    municipality: str | None = None
    headroom: Headroom | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedPower(Item):
    """An asset that nobody steers: loads, grid losses, pumps left to their own control."""

    power_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source(Item):
    """A source with its yield as a magnitude, and the curtailment that is required and allowed."""

    available_kw: FloatArray
    curtailed_kw_min: FloatArray
    curtailed_kw_max: FloatArray
    curtailment_eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Storage(Item):
    """A battery from its measured energy on.

    ``energy_kwh`` is None where nothing was measured: the battery is then planned at 0 kW.
    ``terminal_eur_per_kwh`` is what a kWh still in store at the end of the horizon is worth;
    ``energy_kwh_end_min`` is what must be in store then, None for no more than usual. Where ``depth`` is
    given, what leaves its deep part costs ``wear_deep_eur_per_kwh`` more.
    """

    energy_kwh: float | None
    energy_kwh_min: float
    energy_kwh_max: float
    power_kw_min: FloatArray
    power_kw_max: FloatArray
    efficiency_charge: float
    efficiency_discharge: float
    wear_eur_per_kwh: float
    fee_eur_per_kwh_drawn: float
    terminal_eur_per_kwh: float
    energy_kwh_end_min: float | None = None
    depth: Depth | None = None
    wear_deep_eur_per_kwh: float = 0.0

    @property
    def energy_kwh_start(self) -> float:
        """The measured energy; any number serves for a battery that stays at 0 kW, so its least."""
        return self.energy_kwh_min if self.energy_kwh is None else self.energy_kwh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charging(Item):
    """Energy that is asked for and may wait: an EV hub, a flexible load.

    ``arrived_kwh`` and ``due_kwh`` are cumulative at the end of each period; a load that can only be shed is
    due as it arrives.
    """

    power_kw_min: FloatArray
    power_kw_max: FloatArray
    arrived_kwh: FloatArray
    due_kwh: FloatArray
    unserved_eur_per_kwh: float
    fee_eur_per_kwh_drawn: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockLoad(Charging):
    """A load that draws in runs of ``block_periods`` at ``block_kw``, each to its end once begun.

    ``carried_kw`` is what the run measured before the first period still draws. A run may begin where
    ``begin_share_max`` is 1. ``begun_kwh_min`` and ``begun_kwh_max`` bound the energy of the runs begun or
    left unserved, whole blocks and cumulative: by the end of each period at least and at most.
    """

    block_periods: int
    block_kw: float
    carried_kw: FloatArray
    begin_share_max: FloatArray
    begun_kwh_min: FloatArray
    begun_kwh_max: FloatArray

    @property
    def block_kwh(self) -> float:
        """The energy of one run."""
        return self.block_kw * self.block_periods * PERIOD_H


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange(Item):
    """The grid point: limits are soft at BREACH_EUR_PER_KWH, the peak costs above what is billed already.

    ``nominated_kw`` is NaN where nothing is nominated; elsewhere each kWh of deviation costs
    ``imbalance_eur_per_kwh``, whichever way it goes. The weights are wishes, no money: on each kWh
    imported (by its CO2; and at all), exported, and off what is nominated.
    """

    power_kw_min: FloatArray
    power_kw_max: FloatArray
    import_eur_per_kwh: FloatArray
    export_eur_per_kwh: FloatArray
    billed_peak_kw: float
    capacity_charge_eur_per_kw: float
    nominated_kw: FloatArray
    imbalance_eur_per_kwh: float
    co2_weight_eur_per_kwh: FloatArray
    import_weight_eur_per_kwh: float
    export_weight_eur_per_kwh: float
    nomination_weight_eur_per_kwh: float

    @property
    def import_worth_eur_per_kwh(self) -> FloatArray:
        """What one more kWh imported weighs, money and wishes, shape (periods,)."""
        return self.import_eur_per_kwh + self.co2_weight_eur_per_kwh + self.import_weight_eur_per_kwh

    @property
    def export_worth_eur_per_kwh(self) -> FloatArray:
        """What one kWh less exported weighs, shape (periods,)."""
        return self.export_eur_per_kwh - self.export_weight_eur_per_kwh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeederFlow(Item):
    """A feeder: the sum of its members' powers, with soft limits as the grid point's."""

    power_kw_min: FloatArray
    power_kw_max: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReserveNeed(Item):
    """The headroom that all should keep in the first ``ahead`` periods; what is short has a price."""

    ahead: int
    up_kw: FloatArray
    down_kw: FloatArray
    shortfall_eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MunicipalityFlow(Item):
    """A municipality's exchange: the sum of its members' powers, with soft limits as a feeder's."""

    power_kw_min: FloatArray
    power_kw_max: FloatArray


def municipality_balance(municipality_id: str) -> str:
    """Name the balance of a municipality, which is also its part of the problem."""
    return f"municipality.{municipality_id}"
