"""One asset of the simulated field that moves by itself: its physics, what its device can show of it."""

from energy.domain import Point
from energy.physics.battery import BatteryState, step_battery
from energy.physics.block_load import BlockState, step_block
from energy.physics.deferrable import DeferrableState
from energy.physics.ev_hub import step_ev_hub
from energy.physics.flexible_load import ShedState, step_shed, step_shift
from energy.physics.generator import GeneratorState, step_generator
from energy.physics.load import step_load
from energy.physics.meter import MeterState
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.load import Load
from energy.region.model import Asset

State = MeterState | GeneratorState | BatteryState | DeferrableState | ShedState | BlockState


def state_type(asset: Asset) -> type[State]:
    """Give the type of an asset's state."""
    match asset:
        case Battery():
            return BatteryState
        case EvHub():
            return DeferrableState
        case FlexibleLoad():
            return {"shift": DeferrableState, "shed": ShedState, "block": BlockState}[asset.mode]
        case Generator():
            return GeneratorState
        case _:
            return MeterState


def first_state(asset: Asset, *, natural_kw: float, held_kw: float | None, at_s: float) -> State:
    """Give a sensible state to begin with: a battery is half full, everything else does what it does now."""
    held_kw = _required(held_kw, asset)
    match asset:
        case Battery():
            return BatteryState(energy_kwh=0.5 * (asset.energy_kwh_min + asset.energy_kwh_max))
        case FlexibleLoad() if asset.mode == "shed":
            drawn_kw = min(natural_kw, held_kw, asset.power_kw_max)
            return ShedState(power_kw=drawn_kw, bound_kw=min(held_kw, asset.power_kw_max))
        case FlexibleLoad() if asset.mode == "block":
            return BlockState(elapsed_s=at_s)
        case EvHub() | FlexibleLoad():
            return DeferrableState(elapsed_s=at_s)
        case Generator():
            available_kw = max(-natural_kw, -asset.power_kw_rated)
            return GeneratorState(power_kw=max(available_kw, held_kw), power_kw_available=available_kw)
        case Load():
            return MeterState(power_kw=min(natural_kw, asset.power_kw_max))
        case _:
            return MeterState()


def step_member(
    asset: Asset, state: State, *, natural_kw: float, held_kw: float | None, dt_s: float
) -> State:
    """Step one asset that does not depend on others; ``natural_kw`` is a magnitude.

    Raises:
        TypeError: it does depend on others, the state is another kind's, or nothing is held.
    """
    held_kw = _required(held_kw, asset)
    match asset, state:
        case Load(), MeterState():
            return step_load(asset, state, power_kw=natural_kw, dt_s=dt_s)
        case Generator(), GeneratorState():
            return step_generator(asset, state, available_kw=-natural_kw, power_kw_min=held_kw, dt_s=dt_s)
        case Battery(), BatteryState():
            return step_battery(asset, state, wanted_kw=held_kw, dt_s=dt_s)
        case EvHub(), DeferrableState():
            return step_ev_hub(asset, state, arriving_kw=natural_kw, power_kw_max=held_kw, dt_s=dt_s)
        case FlexibleLoad(), DeferrableState():
            return step_shift(asset, state, demand_kw=natural_kw, power_kw_max=held_kw, dt_s=dt_s)
        case FlexibleLoad(), BlockState():
            return step_block(asset, state, demand_kw=natural_kw, power_kw_max=held_kw, dt_s=dt_s)
        case FlexibleLoad(), ShedState():
            return step_shed(asset, state, demand_kw=natural_kw, power_kw_max=held_kw, dt_s=dt_s)
        case _:
            raise TypeError(f"{asset.id} of kind {asset.kind} has no state of type {type(state).__name__}")


def _required(held_kw: float | None, asset: Asset) -> float:
    """Give what is held; only assets with a control of their own can do without."""
    if held_kw is None:
        raise TypeError(f"{asset.id} of kind {asset.kind} has no control of its own to fall back to")
    return held_kw


def net_kwh(state: State) -> float:
    """Give what was drawn less what was fed in since commissioning."""
    return state.energy_kwh_drawn - state.energy_kwh_fed_in


def shown(state: State) -> dict[Point, float]:
    """Give every measured point that a device with this state can show."""
    values = {
        Point.POWER_KW: state.power_kw,
        Point.ENERGY_KWH_DRAWN: state.energy_kwh_drawn,
        Point.ENERGY_KWH_FED_IN: state.energy_kwh_fed_in,
    }
    match state:
        case GeneratorState():
            values[Point.POWER_KW_AVAILABLE] = state.power_kw_available
        case BatteryState():
            values[Point.ENERGY_KWH] = state.energy_kwh
        case DeferrableState() | ShedState() | BlockState():
            values[Point.ENERGY_KWH_BACKLOG] = state.energy_kwh_backlog
            values[Point.ENERGY_KWH_URGENT] = state.energy_kwh_urgent
            if isinstance(state, BlockState):
                values[Point.RUNNING_S] = state.running_s
        case MeterState():
            pass
    return values


def counted(state: State) -> dict[str, float]:
    """Give the totals beyond what a device shows, for checkers."""
    if isinstance(state, DeferrableState | ShedState | BlockState):
        return {
            "energy_kwh_arrived": state.energy_kwh_arrived,
            "energy_kwh_unserved": state.energy_kwh_unserved,
        }
    return {}
