"""A region of the family as a PyPSA network, every kind added in bulk, solved by HiGHS in memory."""

from typing import Any

import numpy as np
import pandas as pd
import pypsa
import xarray as xr

from energy.domain import FloatArray
from energy.periods import PERIOD_H
from tests.benchmarks.hand_moving import KEPT_H
from tests.benchmarks.region_family import (
    BAND,
    CAPACITY_CHARGE_EUR_PER_KW,
    EXPORT_DISCOUNT_EUR_PER_KWH,
    IMPORT_SURCHARGE_EUR_PER_KWH,
    KEPT_FRACTION,
    MUNICIPALITIES,
    Family,
    IntArray,
)

REGION, GAS = "region", "gas"
FUEL_KW_MAX = 1e9
PERIODS_PER_H = 4


def solve(f: Family, options: dict[str, object], *, mixed: bool) -> float:
    """State, solve and read; gives the cost in EUR."""
    network = network_of(f, mixed=mixed)
    model = network.optimize.create_model()
    _bound_content(model, f)
    if mixed:
        _keep_standing(model, f)
    network.optimize.solve_model(
        solver_name="highs", io_api="direct", solver_options=options, assign_all_duals=False
    )
    return float(network.objective)


def network_of(f: Family, *, mixed: bool) -> pypsa.Network:
    """Describe the region as a network."""
    times = pd.date_range("2024-06-01", periods=f.periods, freq="15min")
    n = pypsa.Network()
    n.set_snapshots(times)
    n.snapshot_weightings = pd.DataFrame(PERIOD_H, index=times, columns=n.snapshot_weightings.columns)
    towns, heats = _names("town", MUNICIPALITIES), _names("heat", f.chp_kw.size)
    n.add("Bus", [REGION, GAS, *towns, *heats])
    _add_grid(n, f, towns)
    _add_electric(n, f, towns)
    _add_heat(n, f, towns, heats, mixed=mixed)
    return n


def _names(word: str, count: int) -> list[str]:
    return [f"{word}{number}" for number in range(count)]


def _frame(n: pypsa.Network, values: FloatArray, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(values.T, index=n.snapshots, columns=names)


def _buses(towns: list[str], places: IntArray) -> list[str]:
    return [towns[place] for place in places]


def _add_grid(n: pypsa.Network, f: Family, towns: list[str]) -> None:
    market = pd.Series(f.market_eur_per_kwh[: f.periods], n.snapshots)
    n.add(
        "Generator",
        "import",
        bus=REGION,
        p_nom_extendable=True,
        p_nom_max=f.import_kw_max,
        capital_cost=CAPACITY_CHARGE_EUR_PER_KW,
        marginal_cost=market + IMPORT_SURCHARGE_EUR_PER_KWH,
    )
    n.add(
        "Generator",
        "export",
        bus=REGION,
        sign=-1,
        p_nom=f.export_kw_max,
        marginal_cost=EXPORT_DISCOUNT_EUR_PER_KWH - market,
    )
    n.add(
        "Link",
        _names("transfer", MUNICIPALITIES),
        bus0=REGION,
        bus1=towns,
        p_nom=f.transfer_kw_max,
        p_min_pu=-1.0,
    )
    loads = _names("load", MUNICIPALITIES)
    n.add("Load", loads, bus=towns, p_set=_frame(n, f.load_kw[:, : f.periods], loads))


def _add_electric(n: pypsa.Network, f: Family, towns: list[str]) -> None:
    sources, rated_kw = _names("source", f.source_at.size), f.available_kw.max(axis=1)
    share = f.available_kw[:, : f.periods] / rated_kw[:, None]
    n.add(
        "Generator",
        sources,
        bus=_buses(towns, f.source_at),
        p_nom=rated_kw,
        p_max_pu=_frame(n, share, sources),
    )
    sessions, t = _names("session", f.session_kw.size), np.arange(f.periods)
    arrives = f.session_arrives[:, None]
    here = (t >= arrives) & (t < arrives + f.session_stays[:, None])
    n.add(
        "Generator",
        sessions,
        bus=_buses(towns, f.session_at),
        sign=-1,
        p_nom=f.session_kw,
        p_max_pu=_frame(n, here.astype(np.float64), sessions),
        e_sum_min=f.session_kwh,
        e_sum_max=f.session_kwh,
    )
    n.add(
        "StorageUnit",
        _names("battery", f.battery_kw.size),
        bus=_buses(towns, f.battery_at),
        p_nom=f.battery_kw,
        max_hours=BAND[1] * f.battery_kwh / f.battery_kw,
        efficiency_store=f.efficiency_charge,
        efficiency_dispatch=f.efficiency_discharge,
        marginal_cost=f.wear_eur_per_kwh,
        state_of_charge_initial=f.battery_kwh_start,
        cyclic_state_of_charge=False,
    )


def _add_heat(n: pypsa.Network, f: Family, towns: list[str], heats: list[str], *, mixed: bool) -> None:
    count = f.chp_kw.size
    commitment: dict[str, Any] = {}
    if mixed:
        commitment = {
            "committable": True,
            "p_min_pu": f.chp_kw_least / f.chp_kw,
            "start_up_cost": f.start_eur,
            "min_up_time": f.uptime_periods,
            "min_down_time": f.downtime_periods,
            "up_time_before": 0,
            "down_time_before": 0,
        }
    n.add("Generator", "fuel", bus=GAS, p_nom=FUEL_KW_MAX)
    n.add(
        "Link",
        _names("chp", count),
        bus0=GAS,
        bus1=_buses(towns, f.chp_at),
        bus2=heats,
        efficiency=1.0,
        efficiency2=f.heat_per_power,
        p_nom=f.chp_kw,
        marginal_cost=f.chp_eur_per_kwh,
        **commitment,
    )
    n.add(
        "Generator", _names("boiler", count), bus=heats, p_nom=f.boiler_kw, marginal_cost=f.boiler_eur_per_kwh
    )
    demands, stores, tanks = _names("demand", count), _names("store", count), _names("tank", count)
    n.add("Load", demands, bus=heats, p_set=_frame(n, f.heat_kw[:, : f.periods], demands))
    n.add("Bus", tanks)
    # A flow either way moves the content by what it keeps until the quarter hour's end.
    n.add(
        "Link",
        _names("flow", count),
        bus0=heats,
        bus1=tanks,
        p_nom=f.store_kw,
        p_min_pu=-1.0,
        efficiency=KEPT_H / PERIOD_H,
    )
    least = np.zeros((count, f.periods))
    least[:, -1] = f.store_kwh_start / f.store_kwh
    n.add(
        "Store",
        stores,
        bus=tanks,
        e_nom=f.store_kwh,
        # PyPSA takes no standing loss off the first content.
        e_initial=KEPT_FRACTION * f.store_kwh_start,
        standing_loss=1.0 - KEPT_FRACTION**PERIODS_PER_H,
        e_min_pu=_frame(n, least, stores),
        e_cyclic=False,
    )


def _bound_content(model: Any, f: Family) -> None:
    """A storage unit has no least content of its own: it is set as the variable's bound, without a row."""
    stored = model.variables["StorageUnit-state_of_charge"]
    least = np.repeat(BAND[0] * f.battery_kwh[None], f.periods, axis=0)
    least[-1] = f.battery_kwh_start
    stored.lower = xr.DataArray(least, coords=[stored.indexes[dim] for dim in stored.dims])


def _keep_standing(model: Any, f: Family) -> None:
    """Every CHP has just been stopped."""
    status = model.variables["Link-status"]
    stands = np.arange(f.periods)[:, None] < f.downtime_periods[None]
    mask = xr.DataArray(stands, coords=[status.indexes[dim] for dim in status.dims])
    model.add_constraints(1 * status <= 0, name="stands", mask=mask)
