"""The solver-free problem: everything one planning needs, as checked numbers in the house's units.

``problem_from`` is the only way in. It checks once (finite, sign, shape) and derives what the equations
need; the Pyomo kinds, the rules and the cost account all read the same value. Arrays have shape (periods,).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from energy.domain import Breach, FloatArray, Limit
from energy.optimize.contract import check_inputs
from energy.optimize.drafts.blocks import block_load_of
from energy.optimize.drafts.draft import (
    Draft,
    charging_of,
    exchange_of,
    feeder_of,
    fixed_of,
    municipality_of,
    source_of,
    storage_of,
)
from energy.optimize.drafts.network import (
    boiling_of,
    cogeneration_of,
    electrolysis_of,
    heat_demand_of,
    heat_pumping_of,
    heat_store_of,
    hydrogen_store_of,
    reservoir_of,
)
from energy.optimize.items import Exchange, FeederFlow, Item, MunicipalityFlow, ReserveNeed
from energy.optimize.network_items import Surplus
from energy.optimize.steady.before import Before
from energy.ports import Prices
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """One planning of the whole region. ``breaches`` are contradictions that no decision can change.

    ``surpluses`` has one item for each heat and hydrogen network in which an asset takes part,
    ``municipalities`` one for each whose exchange is limited.
    """

    region_id: str
    start: datetime
    periods: int
    market_eur_per_kwh: FloatArray
    members: tuple[Item, ...]
    exchange: Exchange
    feeders: tuple[FeederFlow, ...] = ()
    municipalities: tuple[MunicipalityFlow, ...] = ()
    surpluses: tuple[Surplus, ...] = ()
    reserve: ReserveNeed | None = None
    notes: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    before: Before | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """All parts of the problem."""
        needs = () if self.reserve is None else (self.reserve,)
        sums = (*self.municipalities, *self.feeders)
        return (*self.members, *self.surpluses, *sums, *needs, self.exchange)


def problem_from(
    region: Region,
    *,
    start: datetime,
    prices: Prices,
    expected_kw: Mapping[str, FloatArray],
    states: Mapping[str, Mapping[str, float]],
    limits: Sequence[Limit] = (),
    billed_peak_kw: float = 0.0,
    unavailable: Collection[str] = (),
    temperature_c: FloatArray | None = None,
    nominated_kw: FloatArray | None = None,
    import_co2_kg_per_kwh: FloatArray | None = None,
    end_at_start: bool = False,
    before: Before | None = None,
) -> Problem:
    """Check all inputs and derive the problem.

    Args:
        region: every asset of it is planned.
        start: label of the first period.
        prices: from ``start`` on; their number is the number of periods.
        expected_kw: by asset id, shape (periods,), our sign: loads and losses as they draw (not negative),
            sources as they would feed in uncurtailed (not positive), EV hubs and flexible loads what is asked
            for, reservoirs the power that pumps the water drawn, heat loads heat.
        states: by asset id what was measured, as ``contract.states_of`` names it. What is missing is not
            guessed, and noted.
        limits: bounds on an asset, a feeder or the grid point; a higher level wins over a lower.
        billed_peak_kw: the highest quarter-hour import of the billing period so far.
        unavailable: what is out of service; it is planned at 0 kW.
        temperature_c: outside, None where it is not known.
        nominated_kw: the exchange nominated, our sign, NaN where nothing is.
        import_co2_kg_per_kwh: of imported energy by period, None takes the market's one number.
        end_at_start: each store ends with at least what it began with, instead of with what that is worth.
        before: the plan before, which this one holds on to where that costs nothing, or little.

    Raises:
        BadInput: with every fault: asset, period, value, what may stand there.
    """
    check_inputs(
        region,
        start=start,
        prices=prices,
        expected_kw=expected_kw,
        states=states,
        limits=limits,
        billed_peak_kw=billed_peak_kw,
        unavailable=unavailable,
        optional={
            "temperature_c": temperature_c,
            "nominated_kw": nominated_kw,
            "import_co2_kg_per_kwh": import_co2_kg_per_kwh,
        },
        before=before,
    )
    draft = Draft(
        region=region,
        start=start,
        market_eur_per_kwh=np.asarray(prices.price_eur_per_kwh, dtype=np.float64),
        expected_kw=expected_kw,
        states=states,
        limits=tuple(limits),
        unavailable=frozenset(unavailable),
        temperature_c=temperature_c,
        billed_peak_kw=billed_peak_kw,
        nominated_kw=nominated_kw,
        import_co2_kg_per_kwh=import_co2_kg_per_kwh,
        end_at_start=end_at_start,
    )
    return replace(_problem_of(draft), before=before)


def _problem_of(draft: Draft) -> Problem:
    """Derive every item, the members first: notes and contradictions are complete only after them."""
    draft = replace(
        draft,
        median_eur_per_kwh=float(np.median(draft.market_eur_per_kwh)),
        on_network=_on_network(draft.region),
    )
    region = draft.region
    limited = [place for place in region.municipalities if place.is_limited]
    limited_ids = {place.id for place in limited}
    members = tuple(
        _member(draft, asset)
        if asset.municipality not in limited_ids
        else replace(_member(draft, asset), municipality=asset.municipality)
        for asset in region.members
    )
    return Problem(
        region_id=region.id,
        start=draft.start,
        periods=draft.periods,
        market_eur_per_kwh=draft.market_eur_per_kwh,
        members=members,
        exchange=exchange_of(draft),
        feeders=tuple(feeder_of(draft, feeder) for feeder in region.feeders),
        municipalities=tuple(municipality_of(draft, place) for place in limited),
        surpluses=tuple(Surplus(asset_id=name) for name in draft.on_network),
        notes=tuple(draft.notes),
        breaches=tuple(draft.breaches),
    )


def _member(draft: Draft, asset: Asset) -> Item:  # noqa: PLR0911 - one line a kind
    match asset:
        case Battery():
            return storage_of(draft, asset)
        case EvHub() | FlexibleLoad():
            return _waiting(draft, asset)
        case Generator():
            return source_of(draft, asset)
        case Chp():
            return cogeneration_of(draft, asset)
        case HeatPump():
            return heat_pumping_of(draft, asset)
        case Boiler():
            return boiling_of(draft, asset)
        case HeatLoad():
            return heat_demand_of(draft, asset)
        case HeatStorage():
            return heat_store_of(draft, asset)
        case Electrolyser():
            return electrolysis_of(draft, asset)
        case HydrogenStorage():
            return hydrogen_store_of(draft, asset)
        case PumpedReservoir():
            return reservoir_of(draft, asset)
        case _:
            return fixed_of(draft, asset, draft.expected_kw[asset.id])


def _waiting(draft: Draft, asset: EvHub | FlexibleLoad) -> Item:
    if isinstance(asset, FlexibleLoad) and asset.mode == "block":
        return block_load_of(draft, asset)
    return charging_of(draft, asset)


def _on_network(region: Region) -> dict[str, list[Asset]]:
    """Gather the members of each heat and hydrogen network, in the region's order."""
    found: dict[str, list[Asset]] = {}
    for asset in region.members:
        match asset:
            case Chp() | HeatPump() | Boiler() | HeatStorage() | HeatLoad():
                found.setdefault(f"heat.{asset.heat_network}", []).append(asset)
            case Electrolyser() | HydrogenStorage():
                found.setdefault(f"hydrogen.{asset.hydrogen_network}", []).append(asset)
    return found
