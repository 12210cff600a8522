"""Derives the items of a problem from checked inputs: electricity, and what all kinds share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict

import numpy as np

from energy.domain import Breach, FloatArray, Limit, Point
from energy.optimize.drafts.ev_schedule import arrived_energy_kwh, due_energy_kwh
from energy.optimize.drafts.power_bounds import PowerBounds, power_bounds
from energy.optimize.drafts.terminal_values import terminal_value_eur_per_kwh
from energy.optimize.items import (
    Charging,
    Exchange,
    FeederFlow,
    FixedPower,
    MunicipalityFlow,
    Source,
    Storage,
    municipality_balance,
)
from energy.physics.battery_wear import depth_of
from energy.region.asset import AssetBase
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.model import Asset, Municipality, Region

UNLIMITED_KW = 1e8
"""Ten times what any asset may have: no municipality exchanges more."""
PLAUSIBLE_CONTENT = 2.0
"""A store may be measured fuller than it is stated to be: capacities age and are rounded, water gets hotter.
Beyond this many times its capacity the unit is wrong or the value is none: 30,500 Wh read as kWh."""
State = Mapping[str, float]


class Ending(TypedDict):
    """How a store ends: what a kWh left in it is worth, and what must be left."""

    terminal_eur_per_kwh: float
    energy_kwh_end_min: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """What the derivation of one problem stands on, and the notes and contradictions that it collects."""

    region: Region
    start: datetime
    market_eur_per_kwh: FloatArray
    expected_kw: Mapping[str, FloatArray]
    states: Mapping[str, State]
    limits: tuple[Limit, ...]
    unavailable: frozenset[str]
    temperature_c: FloatArray | None
    billed_peak_kw: float = 0.0
    nominated_kw: FloatArray | None = None
    import_co2_kg_per_kwh: FloatArray | None = None
    median_eur_per_kwh: float = 0.0
    """Of the horizon's market prices."""
    on_network: Mapping[str, Sequence[Asset]] = field(default_factory=lambda: MappingProxyType({}))
    """By network its assets, gathered once: a region has hundreds of both."""
    end_at_start: bool = False
    notes: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    @property
    def periods(self) -> int:
        """How many periods are planned."""
        return self.market_eur_per_kwh.size

    def state(self, asset: AssetBase) -> State:
        """Give what was measured of an asset."""
        return self.states.get(asset.id, {})

    def content(self, asset: AssetBase, point: Point, *, most: float, planned: str) -> float | None:
        """Give what a store was measured to hold; None, with a note, where that is not known.

        What it cannot hold is not known either: planned on, it would be sold, and is not there.
        """
        value = self.state(asset).get(point)
        if value is None:
            self.notes.append(f"{asset.id}: {point} is unknown, planned {planned}")
        elif value > PLAUSIBLE_CONTENT * most:
            self.notes.append(
                f"{asset.id}: {point} of {value:.10g} is more than {PLAUSIBLE_CONTENT:.0f} times the"
                f" {most:.10g} that it can hold, so it is unknown, planned {planned}"
            )
            return None
        return value

    def constant(self, value: float) -> FloatArray:
        """Give the same number for each period."""
        return np.full(self.periods, value)

    def end(
        self, energy_kwh: float | None, band_kwh: tuple[float, float], *, worth_eur_per_kwh: float
    ) -> "Ending":
        """Say how a store ends: with what its content is worth, or with at least what it began with."""
        if not self.end_at_start or energy_kwh is None:
            return {"terminal_eur_per_kwh": worth_eur_per_kwh, "energy_kwh_end_min": None}
        least, most = band_kwh
        return {"terminal_eur_per_kwh": 0.0, "energy_kwh_end_min": max(least, min(most, energy_kwh))}

    def note_outage(self, asset: AssetBase) -> bool:
        """Tell whether the asset is out of service, and note it."""
        if asset.id in self.unavailable:
            self.notes.append(f"{asset.id}: out of service, planned at 0 kW")
        return asset.id in self.unavailable

    def bounds(self, target_id: str, floor_kw: FloatArray, ceiling_kw: FloatArray) -> PowerBounds:
        """Narrow what physics allows by the limits on the target."""
        bounds = power_bounds(
            self.limits, target_id=target_id, start=self.start, floor_kw=floor_kw, ceiling_kw=ceiling_kw
        )
        self.breaches.extend(bounds.breaches)
        return bounds

    def rated_bounds(self, target_id: str, rating_kw: tuple[float, float]) -> PowerBounds:
        """Narrow a constant rating by the limits on the target."""
        return self.bounds(target_id, self.constant(rating_kw[0]), self.constant(rating_kw[1]))


def fixed_of(draft: Draft, asset: AssetBase, power_kw: FloatArray) -> FixedPower:
    """Derive a load, losses, or pumps left to their own control."""
    bounds = draft.bounds(asset.id, power_kw, power_kw)
    return FixedPower(asset_id=asset.id, feeder=asset.feeder, power_kw=bounds.power_kw_min)


def source_of(draft: Draft, asset: Generator) -> Source:
    """Derive a source."""
    available_kw = np.maximum(0.0, -draft.expected_kw[asset.id])
    if draft.note_outage(asset):
        available_kw = draft.constant(0.0)
    ceiling_kw = draft.constant(0.0) if asset.curtailable else -available_kw
    bounds = draft.bounds(asset.id, -available_kw, ceiling_kw)
    return Source(
        asset_id=asset.id,
        feeder=asset.feeder,
        available_kw=available_kw,
        curtailed_kw_min=np.clip(available_kw + bounds.power_kw_min, 0.0, available_kw),
        curtailed_kw_max=np.clip(available_kw + bounds.power_kw_max, 0.0, available_kw),
        curtailment_eur_per_kwh=asset.curtailment_eur_per_kwh,
    )


def storage_of(draft: Draft, asset: Battery) -> Storage:
    """Derive a battery; it stands still where its energy is unknown."""
    most_kwh = asset.energy_kwh_capacity
    energy_kwh = draft.content(asset, Point.ENERGY_KWH, most=most_kwh, planned="at 0 kW")
    idle = energy_kwh is None or draft.note_outage(asset)
    bounds = draft.rated_bounds(asset.id, (0.0, 0.0) if idle else asset.power_kw_nameplate)
    return Storage(
        asset_id=asset.id,
        feeder=asset.feeder,
        energy_kwh=energy_kwh,
        energy_kwh_min=asset.energy_kwh_kept,
        energy_kwh_max=asset.energy_kwh_max,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
        efficiency_charge=asset.efficiency_charge,
        efficiency_discharge=asset.efficiency_discharge,
        wear_eur_per_kwh=asset.wear_eur_per_kwh,
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
        depth=depth_of(asset),
        wear_deep_eur_per_kwh=asset.wear_deep_eur_per_kwh,
        **draft.end(
            None if idle else energy_kwh,
            (asset.energy_kwh_kept, asset.energy_kwh_max),
            worth_eur_per_kwh=terminal_value_eur_per_kwh(asset, draft.median_eur_per_kwh),
        ),
    )


def charging_of(draft: Draft, asset: EvHub | FlexibleLoad) -> Charging:
    """Derive an EV hub or a flexible load; without a measured backlog only what arrives counts."""
    expected_kw = draft.expected_kw[asset.id]
    waits_h = asset.dwell_h if isinstance(asset, EvHub) else asset.shift_h
    sheds = isinstance(asset, FlexibleLoad) and asset.mode == "shed"
    state = draft.state(asset)
    backlog_kwh = 0.0 if sheds else state.get(Point.ENERGY_KWH_BACKLOG)
    if backlog_kwh is None:
        draft.notes.append(f"{asset.id}: {Point.ENERGY_KWH_BACKLOG} is unknown, planned on arrivals alone")
        backlog_kwh = 0.0
    most_kw = 0.0 if draft.note_outage(asset) else asset.power_kw_max
    bounds = draft.rated_bounds(asset.id, (0.0, most_kw))
    arrived_kwh = arrived_energy_kwh(backlog_kwh, expected_kw)
    due_kwh = arrived_kwh
    if not sheds:
        due_kwh = due_energy_kwh(
            backlog_kwh=backlog_kwh,
            urgent_kwh=min(backlog_kwh, state.get(Point.ENERGY_KWH_URGENT, 0.0)),
            demand_kw=expected_kw,
            dwell_h=waits_h,
        )
    due_kwh = np.minimum(due_kwh, arrived_kwh)
    if draft.end_at_start:
        # What still waits at the end is a debt: no more of it than at the start.
        due_kwh[-1] = max(due_kwh[-1], arrived_kwh[-1] - backlog_kwh)
    return Charging(
        asset_id=asset.id,
        feeder=asset.feeder,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
        arrived_kwh=arrived_kwh,
        due_kwh=due_kwh,
        unserved_eur_per_kwh=asset.unserved_eur_per_kwh,
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
    )


def feeder_of(draft: Draft, asset: Feeder) -> FeederFlow:
    """Derive a feeder."""
    bounds = draft.rated_bounds(asset.id, asset.power_kw_nameplate)
    return FeederFlow(
        asset_id=asset.id,
        feeder=asset.feeder,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
    )


def municipality_of(draft: Draft, place: Municipality) -> MunicipalityFlow:
    """Derive a municipality's exchange; what is not stated is not limited."""
    most_in, most_out = place.power_kw_import_max, place.power_kw_export_max
    return MunicipalityFlow(
        asset_id=municipality_balance(place.id),
        power_kw_min=draft.constant(-UNLIMITED_KW if most_out is None else -most_out),
        power_kw_max=draft.constant(UNLIMITED_KW if most_in is None else most_in),
    )


def exchange_of(draft: Draft) -> Exchange:
    """Derive the grid point."""
    point, rules, market = draft.region.grid_point, draft.region.market, draft.market_eur_per_kwh
    wishes = draft.region.objective
    carbon_kg_per_kwh = draft.constant(rules.import_co2_kg_per_kwh)
    if draft.import_co2_kg_per_kwh is not None:
        carbon_kg_per_kwh = draft.import_co2_kg_per_kwh
    bounds = draft.rated_bounds(point.id, point.power_kw_nameplate)
    return Exchange(
        asset_id=point.id,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
        import_eur_per_kwh=market + rules.import_surcharge_eur_per_kwh,
        export_eur_per_kwh=market - rules.export_discount_eur_per_kwh,
        billed_peak_kw=draft.billed_peak_kw,
        capacity_charge_eur_per_kw=rules.capacity_charge_eur_per_kw,
        nominated_kw=draft.constant(np.nan) if draft.nominated_kw is None else draft.nominated_kw,
        imbalance_eur_per_kwh=rules.imbalance_eur_per_kwh,
        co2_weight_eur_per_kwh=wishes.co2_weight_eur_per_kwh(1.0) * carbon_kg_per_kwh,
        import_weight_eur_per_kwh=wishes.import_weight_eur_per_kwh,
        export_weight_eur_per_kwh=wishes.export_weight_eur_per_kwh,
        nomination_weight_eur_per_kwh=wishes.nomination_weight_eur_per_kwh,
    )
