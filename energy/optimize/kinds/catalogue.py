"""Which kind models which part of a problem, and which balances that part enters."""

from dataclasses import replace
from functools import cache
from typing import Any

from energy.optimize.items import (
    BlockLoad,
    Charging,
    Exchange,
    FeederFlow,
    FixedPower,
    Item,
    MunicipalityFlow,
    ReserveNeed,
    Source,
    Storage,
    municipality_balance,
)
from energy.optimize.kinds.battery import BATTERY
from energy.optimize.kinds.block_load import BLOCK_LOAD
from energy.optimize.kinds.boiler import BOILER
from energy.optimize.kinds.chp import CHP
from energy.optimize.kinds.electrolyser import ELECTROLYSER
from energy.optimize.kinds.ev_hub import EV_HUB
from energy.optimize.kinds.feeder import FEEDER
from energy.optimize.kinds.fixed import FIXED
from energy.optimize.kinds.generator import GENERATOR
from energy.optimize.kinds.grid_point import GRID_POINT
from energy.optimize.kinds.headroom import KEEPING
from energy.optimize.kinds.heat_load import HEAT_LOAD
from energy.optimize.kinds.heat_pump import HEAT_PUMP
from energy.optimize.kinds.heat_storage import HEAT_STORAGE
from energy.optimize.kinds.hydrogen_storage import HYDROGEN_STORAGE
from energy.optimize.kinds.kind import Carrier, Kind
from energy.optimize.kinds.municipality import MUNICIPALITY
from energy.optimize.kinds.pumped_reservoir import PUMPED_RESERVOIR
from energy.optimize.kinds.reserve import RESERVE
from energy.optimize.kinds.surplus import SURPLUS
from energy.optimize.network_items import (
    Boiling,
    Cogeneration,
    Electrolysis,
    HeatDemand,
    HeatPumping,
    HeatStore,
    HydrogenStore,
    Reservoir,
    Surplus,
)

ELECTRICITY = "electricity"
KIND_OF: dict[type, Kind[Any]] = {
    FixedPower: FIXED,
    Source: GENERATOR,
    Storage: BATTERY,
    Charging: EV_HUB,
    BlockLoad: BLOCK_LOAD,
    Cogeneration: CHP,
    HeatPumping: HEAT_PUMP,
    Boiling: BOILER,
    HeatDemand: HEAT_LOAD,
    HeatStore: HEAT_STORAGE,
    Electrolysis: ELECTROLYSER,
    HydrogenStore: HYDROGEN_STORAGE,
    Reservoir: PUMPED_RESERVOIR,
    Surplus: SURPLUS,
    FeederFlow: FEEDER,
    MunicipalityFlow: MUNICIPALITY,
    Exchange: GRID_POINT,
    ReserveNeed: RESERVE,
}


def kind_of(item: Item) -> Kind[Any]:
    """Give the kind that models the item; where its municipality is limited, one that enters that, too."""
    kind: Kind[Any] = KIND_OF[type(item)] if item.headroom is None else KEEPING[type(item)]
    return kind if item.municipality is None else _in_municipality(kind)


@cache
def _in_municipality(kind: Kind[Any]) -> Kind[Any]:
    """Let a kind of asset that draws or feeds in enter its municipality's balance beside its feeder's.

    A kind of its own keeps each group regular, and costs nothing where no municipality is limited.
    """
    entering = tuple(
        (readout, Carrier.MUNICIPALITY)
        for readout, carrier in kind.balances
        if carrier is Carrier.ELECTRICITY
    )
    if not entering:
        return kind
    return replace(kind, name=f"{kind.name}_in_municipality", balances=(*kind.balances, *entering))


def balances_of(item: Item) -> tuple[tuple[str, str], ...]:
    """Give pairs of a readout of the item and the name of a balance that it enters, as the kind has them."""
    pairs: list[tuple[str, str]] = []
    for readout, carrier in kind_of(item).balances:
        match carrier:
            case Carrier.ELECTRICITY:
                pairs.append((readout, ELECTRICITY if item.feeder is None else f"feeder.{item.feeder}"))
            case Carrier.HEAT | Carrier.HYDROGEN:
                # Only items with a network have these carriers.
                pairs.append((readout, f"{carrier}.{getattr(item, 'network', '')}"))
            case Carrier.MUNICIPALITY:
                pairs.append((readout, municipality_balance(item.municipality or "")))
            case Carrier.FEEDER:
                pairs.append((readout, f"feeder.{item.asset_id}"))
            case Carrier.RESERVE_UP | Carrier.RESERVE_DOWN:
                pairs.append((readout, str(carrier)))
            case Carrier.OWN:
                pairs.append((readout, item.asset_id))
    return tuple(pairs)
