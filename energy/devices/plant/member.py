"""One asset of the simulated field: which physics it follows, what its device can show of it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from energy.domain import Point
from energy.physics.battery import BatteryState, step_battery
from energy.physics.ev_hub import EvHubState, step_ev_hub
from energy.physics.generator import GeneratorState, step_generator
from energy.physics.load import step_load
from energy.physics.meter import MeterState
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.load import Load
from energy.region.model import Asset

State = MeterState | GeneratorState | BatteryState | EvHubState
_METER = TypeAdapter(MeterState)
_GENERATOR = TypeAdapter(GeneratorState)
_BATTERY = TypeAdapter(BatteryState)
_EV_HUB = TypeAdapter(EvHubState)


def first_state(asset: Asset, *, natural_kw: float, held_kw: float, at_s: float) -> State:
    """Give a sensible state to begin with: a battery is half full, everything else does what it does now."""
    match asset:
        case Battery():
            return BatteryState(energy_kwh=0.5 * (asset.energy_kwh_min + asset.energy_kwh_max))
        case EvHub():
            return EvHubState(elapsed_s=at_s)
        case Generator():
            available_kw = max(-natural_kw, -asset.power_kw_rated)
            return GeneratorState(power_kw=max(available_kw, held_kw), power_kw_available=available_kw)
        case Load():
            return MeterState(power_kw=min(natural_kw, asset.power_kw_max))
        case _:
            return MeterState()


def step_member(asset: Asset, state: State, *, natural_kw: float, held_kw: float, dt_s: float) -> State:
    """Step one asset that does not depend on others; ``natural_kw`` is a magnitude."""
    match asset, state:
        case Load(), MeterState():
            return step_load(asset, state, power_kw=natural_kw, dt_s=dt_s)
        case Generator(), GeneratorState():
            return step_generator(asset, state, available_kw=-natural_kw, power_kw_min=held_kw, dt_s=dt_s)
        case Battery(), BatteryState():
            return step_battery(asset, state, wanted_kw=held_kw, dt_s=dt_s)
        case EvHub(), EvHubState():
            return step_ev_hub(asset, state, arriving_kw=natural_kw, power_kw_max=held_kw, dt_s=dt_s)
        case _:
            raise TypeError(f"{asset.id} of kind {asset.kind} has no state of type {type(state).__name__}")


def net_kwh(state: State) -> float:
    """Give what was drawn less what was fed in since commissioning."""
    return state.energy_kwh_drawn - state.energy_kwh_fed_in


def shown(asset: Asset, state: State, held_kw: float) -> dict[Point, float]:
    """Give every point that a device of this kind can show."""
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
        case EvHubState():
            values[Point.ENERGY_KWH_BACKLOG] = state.energy_kwh_backlog
            values[Point.ENERGY_KWH_URGENT] = state.energy_kwh_urgent
        case MeterState():
            pass
    if asset.dispatch_point is not None:
        values[asset.dispatch_point] = held_kw
    return values


def truth_of(asset: Asset, state: State, held_kw: float) -> dict[str, float]:
    """Give everything that is true of an asset, in our units and sign, for checkers."""
    truth = {point.value: value for point, value in shown(asset, state, held_kw).items()}
    if isinstance(state, EvHubState):
        truth["energy_kwh_arrived"] = state.energy_kwh_arrived
        truth["energy_kwh_unserved"] = state.energy_kwh_unserved
    return truth


def state_to_json(state: State) -> dict[str, Any]:
    """Give a state as plain data."""
    return {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}


def state_from_json(asset: Asset, data: Mapping[str, Any]) -> State:
    """Read a state back.

    Raises:
        pydantic.ValidationError: the data are no state of this kind.
    """
    match asset:
        case Battery():
            return _BATTERY.validate_python(data)
        case EvHub():
            return _EV_HUB.validate_python(data)
        case Generator():
            return _GENERATOR.validate_python(data)
        case _:
            return _METER.validate_python(data)
