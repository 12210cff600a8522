"""The solver-free problem: everything one planning needs, as checked numbers in the house's units.

``problem_from`` is the only way in. It checks once (finite, sign, shape) and derives what the equations
need; the Pyomo kinds, the rules and the cost account all read the same value. Arrays have shape (periods,).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.domain import Breach, FloatArray, Limit, Point
from energy.optimize.contract import check_inputs
from energy.optimize.ev_schedule import arrived_energy_kwh, due_energy_kwh
from energy.optimize.power_bounds import PowerBounds, power_bounds
from energy.ports import Prices
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.model import Region

BREACH_EUR_PER_KWH = 200.0
"""Price of power beyond a limit: above every wish that the region schema can price (unserved: at most 100
EUR/kWh, market: at most 10 EUR/kWh), so that a limit is broken only where physics leaves no other way."""

WAY_BACK_EUR_PER_KWH_H = 1.0
"""Price of stored energy outside its band, per kWh and hour: a measured breach of the band is brought back
soon, yet never against a grid limit (one kWh outside for the whole horizon costs 48 EUR, less than one kWh
beyond a limit)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedPower:
    """An asset that nobody steers: loads and grid losses."""

    asset_id: str
    power_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A source with its yield as a magnitude, and the curtailment that is required and allowed."""

    asset_id: str
    available_kw: FloatArray
    curtailed_kw_min: FloatArray
    curtailed_kw_max: FloatArray
    curtailment_eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Storage:
    """A battery from its measured energy on.

    ``energy_kwh`` is None where nothing was measured: the battery is then planned at 0 kW.
    ``terminal_eur_per_kwh`` is what a kWh still in store at the end of the horizon is worth.
    """

    asset_id: str
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

    @property
    def energy_kwh_start(self) -> float:
        """The measured energy; any number serves for a battery that stays at 0 kW, so its least."""
        return self.energy_kwh_min if self.energy_kwh is None else self.energy_kwh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charging:
    """An EV hub; ``arrived_kwh`` and ``due_kwh`` are cumulative at the end of each period."""

    asset_id: str
    power_kw_min: FloatArray
    power_kw_max: FloatArray
    arrived_kwh: FloatArray
    due_kwh: FloatArray
    unserved_eur_per_kwh: float
    fee_eur_per_kwh_drawn: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """The grid point: limits are soft at BREACH_EUR_PER_KWH, the peak costs above what is billed already."""

    asset_id: str
    power_kw_min: FloatArray
    power_kw_max: FloatArray
    import_eur_per_kwh: FloatArray
    export_eur_per_kwh: FloatArray
    billed_peak_kw: float
    capacity_charge_eur_per_kw: float


Member = FixedPower | Source | Storage | Charging


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """One planning of the whole region. ``breaches`` are contradictions that no decision can change."""

    region_id: str
    start: datetime
    periods: int
    market_eur_per_kwh: FloatArray
    members: tuple[Member, ...]
    exchange: Exchange
    notes: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()


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
) -> Problem:
    """Check all inputs and derive the problem.

    Args:
        region: the region; every asset of it is planned.
        start: label of the first period.
        prices: day-ahead prices from ``start`` on; their number is the number of periods.
        expected_kw: by asset id, shape (periods,), our sign: loads and losses as they draw (not negative),
            sources as they would feed in uncurtailed (not positive), EV hubs the power that arriving
            vehicles ask for.
        states: by asset id what was measured: ``energy_kwh`` of batteries, ``energy_kwh_backlog`` and
            ``energy_kwh_urgent`` of EV hubs. What is missing is not guessed: a note says how it was planned.
        limits: bounds on an asset or on the grid point; the higher level wins where they contradict.
        billed_peak_kw: the highest quarter-hour import of the billing year so far.
        unavailable: sources, batteries and EV hubs out of service; they are planned at 0 kW.

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
    )
    market = np.asarray(prices.price_eur_per_kwh, dtype=np.float64)
    draft = _Draft(start=start, periods=market.size, limits=tuple(limits), unavailable=frozenset(unavailable))
    members: list[Member] = []
    for asset in region.members:
        if isinstance(asset, Battery):
            members.append(draft.storage(asset, states.get(asset.id, {}), float(np.median(market))))
        elif isinstance(asset, EvHub):
            members.append(draft.charging(asset, expected_kw[asset.id], states.get(asset.id, {})))
        elif isinstance(asset, Generator):
            members.append(draft.source(asset, expected_kw[asset.id]))
        else:
            members.append(draft.fixed(asset.id, expected_kw[asset.id]))
    exchange = draft.exchange(region, market, billed_peak_kw)
    return Problem(
        region_id=region.id,
        start=start,
        periods=market.size,
        market_eur_per_kwh=market,
        members=tuple(members),
        exchange=exchange,
        notes=tuple(draft.notes),
        breaches=tuple(draft.breaches),
    )


def terminal_value_eur_per_kwh(battery: Battery, market_eur_per_kwh_median: float) -> float:
    """Value a kWh left in store at the horizon's median price, less losses and wear, not below 0."""
    worth = market_eur_per_kwh_median - battery.wear_eur_per_kwh
    return max(0.0, battery.efficiency_discharge * worth)


class _Draft:
    """Collects notes and contradictions while the members are derived; lives for one call of problem_from."""

    def __init__(
        self, *, start: datetime, periods: int, limits: tuple[Limit, ...], unavailable: frozenset[str]
    ) -> None:
        self._start = start
        self._periods = periods
        self._limits = limits
        self._unavailable = unavailable
        self.notes: list[str] = []
        self.breaches: list[Breach] = []

    def fixed(self, asset_id: str, expected_kw: FloatArray) -> FixedPower:
        bounds = self._bounds(asset_id, expected_kw, expected_kw)
        return FixedPower(asset_id=asset_id, power_kw=bounds.power_kw_min)

    def source(self, asset: Generator, expected_kw: FloatArray) -> Source:
        available_kw = np.maximum(0.0, -expected_kw)
        if asset.id in self._unavailable:
            self.notes.append(f"{asset.id}: out of service, planned at 0 kW")
            available_kw = np.zeros(self._periods)
        ceiling_kw = np.zeros(self._periods) if asset.curtailable else -available_kw
        bounds = self._bounds(asset.id, -available_kw, ceiling_kw)
        return Source(
            asset_id=asset.id,
            available_kw=available_kw,
            curtailed_kw_min=np.clip(available_kw + bounds.power_kw_min, 0.0, available_kw),
            curtailed_kw_max=np.clip(available_kw + bounds.power_kw_max, 0.0, available_kw),
            curtailment_eur_per_kwh=asset.curtailment_eur_per_kwh,
        )

    def storage(self, asset: Battery, state: Mapping[str, float], market_median: float) -> Storage:
        energy_kwh = state.get(Point.ENERGY_KWH)
        idle = energy_kwh is None or asset.id in self._unavailable
        if energy_kwh is None:
            self.notes.append(f"{asset.id}: {Point.ENERGY_KWH} is unknown, planned at 0 kW")
        elif idle:
            self.notes.append(f"{asset.id}: out of service, planned at 0 kW")
        least_kw, most_kw = (0.0, 0.0) if idle else asset.power_kw_nameplate
        bounds = self._bounds(asset.id, np.full(self._periods, least_kw), np.full(self._periods, most_kw))
        return Storage(
            asset_id=asset.id,
            energy_kwh=energy_kwh,
            energy_kwh_min=asset.energy_kwh_min,
            energy_kwh_max=asset.energy_kwh_max,
            power_kw_min=bounds.power_kw_min,
            power_kw_max=bounds.power_kw_max,
            efficiency_charge=asset.efficiency_charge,
            efficiency_discharge=asset.efficiency_discharge,
            wear_eur_per_kwh=asset.wear_eur_per_kwh,
            fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
            terminal_eur_per_kwh=terminal_value_eur_per_kwh(asset, market_median),
        )

    def charging(self, asset: EvHub, expected_kw: FloatArray, state: Mapping[str, float]) -> Charging:
        backlog_kwh = state.get(Point.ENERGY_KWH_BACKLOG)
        if backlog_kwh is None:
            self.notes.append(f"{asset.id}: {Point.ENERGY_KWH_BACKLOG} is unknown, planned on arrivals alone")
            backlog_kwh = 0.0
        urgent_kwh = min(backlog_kwh, state.get(Point.ENERGY_KWH_URGENT, 0.0))
        most_kw = asset.power_kw_max
        if asset.id in self._unavailable:
            self.notes.append(f"{asset.id}: out of service, planned at 0 kW")
            most_kw = 0.0
        bounds = self._bounds(asset.id, np.zeros(self._periods), np.full(self._periods, most_kw))
        arrived_kwh = arrived_energy_kwh(backlog_kwh, expected_kw)
        due_kwh = due_energy_kwh(
            backlog_kwh=backlog_kwh, urgent_kwh=urgent_kwh, demand_kw=expected_kw, dwell_h=asset.dwell_h
        )
        return Charging(
            asset_id=asset.id,
            power_kw_min=bounds.power_kw_min,
            power_kw_max=bounds.power_kw_max,
            arrived_kwh=arrived_kwh,
            due_kwh=np.minimum(due_kwh, arrived_kwh),
            unserved_eur_per_kwh=asset.unserved_eur_per_kwh,
            fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
        )

    def exchange(self, region: Region, market: FloatArray, billed_peak_kw: float) -> Exchange:
        point, rules = region.grid_point, region.market
        least_kw, most_kw = point.power_kw_nameplate
        bounds = self._bounds(point.id, np.full(self._periods, least_kw), np.full(self._periods, most_kw))
        return Exchange(
            asset_id=point.id,
            power_kw_min=bounds.power_kw_min,
            power_kw_max=bounds.power_kw_max,
            import_eur_per_kwh=market + rules.import_surcharge_eur_per_kwh,
            export_eur_per_kwh=market - rules.export_discount_eur_per_kwh,
            billed_peak_kw=billed_peak_kw,
            capacity_charge_eur_per_kw=rules.capacity_charge_eur_per_kw_year,
        )

    def _bounds(self, target_id: str, floor_kw: FloatArray, ceiling_kw: FloatArray) -> PowerBounds:
        bounds = power_bounds(
            self._limits, target_id=target_id, start=self._start, floor_kw=floor_kw, ceiling_kw=ceiling_kw
        )
        self.breaches.extend(bounds.breaches)
        return bounds
