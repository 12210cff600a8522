"""Which kind models which part of a problem."""

from typing import Any

from energy.optimize.kinds.battery import BATTERY
from energy.optimize.kinds.ev_hub import EV_HUB
from energy.optimize.kinds.fixed import FIXED
from energy.optimize.kinds.generator import GENERATOR
from energy.optimize.kinds.grid_point import GRID_POINT
from energy.optimize.kinds.kind import Kind
from energy.optimize.problem import Charging, Exchange, FixedPower, Member, Source, Storage

KIND_OF: dict[type, Kind[Any]] = {
    FixedPower: FIXED,
    Source: GENERATOR,
    Storage: BATTERY,
    Charging: EV_HUB,
    Exchange: GRID_POINT,
}


def kind_of(item: Member | Exchange) -> Kind[Any]:
    """Give the kind that models the item."""
    return KIND_OF[type(item)]
