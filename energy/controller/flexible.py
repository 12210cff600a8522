"""The assets that can be commanded, and what is read of them and planned for them."""

from datetime import datetime

from energy.domain import Plan, Point
from energy.periods import periods_between
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir

AnyMachine = Chp | HeatPump | Electrolyser
Deferrable = EvHub | FlexibleLoad
"""What draws by itself and can be held back by a bound."""
Flexible = Battery | EvHub | FlexibleLoad | Generator | PumpedReservoir | Chp | HeatPump | Electrolyser


def flexible_assets(region: Region) -> tuple[Flexible, ...]:
    """List the assets that can be commanded, in the region file's order."""
    return tuple(
        asset for asset in region.assets if isinstance(asset, Flexible) and asset.dispatch_point is not None
    )


def reading_age_s_max(region: Region, tick_s: float) -> float:
    """Give the age up to which a reading may decide: never less than two ticks."""
    return max(region.control.reading_age_s_max, 2.0 * tick_s)


def planned_kw(
    plan: Plan | None, asset_id: str, moment: datetime, *, state: str | None = None
) -> float | None:
    """Give what the plan says for an asset at a moment (its power, or a state by name); None if nothing."""
    if plan is None or asset_id not in plan.assets:
        return None
    index = periods_between(plan.start, moment)
    part = plan.assets[asset_id]
    values = part.power_kw if state is None else part.states.get(state)
    if values is None or not 0 <= index < values.size:
        return None
    return float(values[index])


def store_ids_of(region: Region, machine: AnyMachine) -> tuple[str, ...]:
    """Name the stores of what a machine makes; without their content nobody can say when to stop."""
    match machine:
        case Chp() | HeatPump():
            network = machine.heat_network
            return tuple(
                asset.id
                for asset in region.assets
                if isinstance(asset, HeatStorage) and asset.heat_network == network
            )
        case Electrolyser():
            network = machine.hydrogen_network
            return tuple(
                asset.id
                for asset in region.assets
                if isinstance(asset, HydrogenStorage) and asset.hydrogen_network == network
            )


def runnable_kw(machine: AnyMachine, power_kw: float, bounds_kw: tuple[float, float]) -> float:
    """Give the power nearest to the wish that the machine can hold inside its bounds.

    Between standing and its least load there is nothing: half of the least load decides what is wished. Where
    the bounds leave no room for what is wished, the other is taken; where they leave none at all, it stands.
    """
    low, high = bounds_kw
    sign = -1.0 if machine.power_kw_nameplate[0] < 0.0 else 1.0
    least_kw, most_kw = (
        max(machine.power_kw_least, min(sign * low, sign * high)),
        max(sign * low, sign * high),
    )
    can_run, can_stand = least_kw <= most_kw, low <= 0.0 <= high
    runs = 2.0 * abs(power_kw) >= machine.power_kw_least
    if can_run and (runs or not can_stand):
        return sign * max(least_kw, min(most_kw, abs(power_kw)))
    standing_kw = power_kw if not runs else 0.0
    return max(low, min(high, standing_kw)) if can_stand else 0.0


def may_be_missing(region: Region) -> frozenset[tuple[str, Point]]:
    """Name the setpoints that a device may show as missing.

    Its own control holds while nobody commands; and a source that cannot be held back has no bound to show.
    """
    own_control = {
        (asset.id, asset.dispatch_point)
        for asset in flexible_assets(region)
        if asset.dispatch_point is not None
        and asset.safe_state is not None
        and (asset.safe_state.power_kw is None or isinstance(asset, Electrolyser))
    }
    unbound = {
        (asset.id, Point.POWER_KW_MIN)
        for asset in region.assets
        if isinstance(asset, Generator) and asset.dispatch_point is None
    }
    return frozenset(own_control | unbound)
