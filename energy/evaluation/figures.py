"""What happened physically in a course, beside what it cost."""

from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.evaluation.account import unserved_kwh
from energy.evaluation.course import AVAILABLE, FUEL, STARTS, Course
from energy.periods import PERIOD_H
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.idle_weights import emits
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import KG_PER_T

TOLERANCE_KW = 1.0
"""A register's resolution: a quarter hour beyond a limit by less keeps it."""


def figures_of(region: Region, course: Course) -> dict[str, Any]:
    """Give energies, service, wear and limits of a course; energies in kWh, ready for JSON."""
    exchange_kw = course.mean(region.grid_point.id, "power_kw")
    import_kwh = _sum_kwh(np.maximum(0.0, exchange_kw))
    consumed, generated = _by_kind(region, course, sign=1.0), _by_kind(region, course, sign=-1.0)
    served_kwh = sum(value for kind, value in consumed.items() if kind != "battery")
    return {
        "import_kwh": round(import_kwh, 1),
        "export_kwh": round(_sum_kwh(np.maximum(0.0, -exchange_kw)), 1),
        "consumed_kwh": {kind: round(value, 1) for kind, value in consumed.items()},
        "generated_kwh": {kind: round(value, 1) for kind, value in generated.items()},
        "autarky": round(1.0 - import_kwh / served_kwh, 4) if served_kwh > 0.0 else None,
        "co2_t": _co2_t(region, course, import_kwh),
        "starts": {
            asset.id: round(float(course.mean(asset.id, STARTS).sum()))
            for asset in region.members
            if isinstance(asset, Machine)
        },
        "full_cycles": {
            asset.id: round(_full_cycles(asset, course), 3)
            for asset in region.members
            if isinstance(asset, Battery)
        },
        "curtailed_kwh": round(_curtailed_kwh(region, course), 1),
        "imbalance_kwh": round(_sum_kwh(np.abs(exchange_kw - course.nominated_kw)), 1),
        "import_kw_max": round(max(0.0, float(exchange_kw.max())), 1),
        "export_kw_max": round(max(0.0, float(-exchange_kw.min())), 1),
        "served": served_fractions(region, course),
    }


def served_fractions(region: Region, course: Course) -> dict[str, float]:
    """Give by kind which fraction of what was asked for was delivered; 1 where nothing was asked for."""
    asked: dict[str, float] = {}
    missed: dict[str, float] = {}
    for asset in region.members:
        if not isinstance(asset, EvHub | FlexibleLoad | HeatLoad | HydrogenStorage | PumpedReservoir):
            continue
        missing = unserved_kwh(course, asset.id)
        missed_kwh = 0.0 if missing is None else float(missing.sum())
        asked[asset.kind] = asked.get(asset.kind, 0.0) + _delivered_kwh(asset, course) + missed_kwh
        missed[asset.kind] = missed.get(asset.kind, 0.0) + missed_kwh
    return {
        kind: round(1.0 - missed[kind] / value, 6) if value > 0.0 else 1.0 for kind, value in asked.items()
    }


def breached_limits(region: Region, course: Course) -> list[str]:
    """Name each limit of grid point and feeders that quarter hours did not keep, with size and number."""
    found: list[str] = []
    limited: list[GridPoint | Feeder] = [region.grid_point, *region.feeders]
    for asset in limited:
        power_kw = course.mean(asset.id, "power_kw")
        least_kw, most_kw = asset.power_kw_nameplate
        beyond_kw = np.maximum(power_kw - most_kw, least_kw - power_kw)
        where = np.flatnonzero(beyond_kw > TOLERANCE_KW)
        if where.size:
            found.append(
                f"{asset.id}: {where.size} quarter hours beyond its limit, by up to {beyond_kw.max():.0f} kW"
            )
    return found


def _delivered_kwh(asset: Asset, course: Course) -> float:
    match asset:
        case HeatLoad():
            return _sum_kwh(course.mean(asset.id, "heat_kw"))
        case HydrogenStorage():
            return _sum_kwh(course.mean(asset.id, "hydrogen_kw"))
        case PumpedReservoir():
            volume_m3 = course.end(asset.id, "volume_m3")
            grown_m3 = 0.0 if volume_m3 is None else float(volume_m3[-1] - volume_m3[0])
            return _sum_kwh(course.mean(asset.id, "power_kw")) - asset.pump_kwh_per_m3 * grown_m3
        case _:
            return _sum_kwh(course.mean(asset.id, "power_kw"))


def _by_kind(region: Region, course: Course, *, sign: float) -> dict[str, float]:
    """Add up what is drawn (sign 1) or fed in (sign -1) by kind; kinds without any are left out."""
    sums: dict[str, float] = {}
    for asset in region.members:
        energy_kwh = _sum_kwh(np.maximum(0.0, sign * course.mean(asset.id, "power_kw")))
        if energy_kwh > 0.0:
            sums[asset.kind] = sums.get(asset.kind, 0.0) + energy_kwh
    return sums


def _co2_t(region: Region, course: Course, import_kwh: float) -> float | None:
    """Give what was emitted; None where the region says of nothing how much it emits."""
    if not emits(region):
        return None
    emitted_kg = region.market.import_co2_kg_per_kwh * import_kwh
    for asset in region.members:
        if isinstance(asset, Chp | Boiler):
            emitted_kg += asset.co2_kg_per_kwh_fuel * _sum_kwh(course.mean(asset.id, FUEL))
    return round(emitted_kg / KG_PER_T, 3)


def _full_cycles(asset: Battery, course: Course) -> float:
    """Give the energy taken out of the store over what we use of it."""
    taken_kwh = _sum_kwh(np.maximum(0.0, -course.mean(asset.id, "power_kw"))) / asset.efficiency_discharge
    return taken_kwh / (asset.energy_kwh_max - asset.energy_kwh_min)


def _curtailed_kwh(region: Region, course: Course) -> float:
    return sum(
        _sum_kwh(np.maximum(0.0, course.mean(asset.id, "power_kw") - course.mean(asset.id, AVAILABLE)))
        for asset in region.members
        if isinstance(asset, Generator)
    )


def _sum_kwh(power_kw: FloatArray) -> float:
    return PERIOD_H * float(power_kw.sum())
