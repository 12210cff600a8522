"""A region of the family in components of oemof-solph, solved by HiGHS in memory as its own examples do."""

import numpy as np
import pandas as pd
from oemof import solph

from energy.periods import PERIOD_H
from tests.benchmarks.hand_moving import KEPT_H
from tests.benchmarks.region_family import (
    BAND,
    CAPACITY_CHARGE_EUR_PER_KW,
    EXPORT_DISCOUNT_EUR_PER_KWH,
    IMPORT_SURCHARGE_EUR_PER_KWH,
    KEPT_FRACTION,
    Family,
)

PERIODS_PER_H = 4
Flow, Bus = solph.Flow, solph.Bus
Source, Sink, Converter = solph.components.Source, solph.components.Sink, solph.components.Converter
Storage = solph.components.GenericStorage


def solve(f: Family, options: dict[str, object], *, mixed: bool) -> float:
    """State, solve and read; gives the cost in EUR."""
    times = pd.date_range("2024-06-01", periods=f.periods + 1, freq="15min")
    system = solph.EnergySystem(timeindex=times, infer_last_interval=False)
    region = Bus(label="region")
    towns = [
        Bus(
            label=f"town{number}",
            inputs={region: Flow(nominal_capacity=float(most))},
            outputs={region: Flow(nominal_capacity=float(most))},
        )
        for number, most in enumerate(f.transfer_kw_max)
    ]
    system.add(region, *towns, *_grid(f, region, towns), *_electric(f, towns), *_heat(f, towns, mixed=mixed))
    model = solph.Model(system)
    found = model.solve(solver="highs", cmdline_options=options, allow_nonoptimal=mixed)
    return float(found["objective"])


def _grid(f: Family, region: Bus, towns: list[Bus]) -> list[object]:
    market = f.market_eur_per_kwh[: f.periods]
    peak = solph.Investment(ep_costs=CAPACITY_CHARGE_EUR_PER_KW, maximum=f.import_kw_max)
    bought = Flow(nominal_capacity=peak, variable_costs=market + IMPORT_SURCHARGE_EUR_PER_KWH)
    sold = Flow(nominal_capacity=f.export_kw_max, variable_costs=EXPORT_DISCOUNT_EUR_PER_KWH - market)
    loads = [
        Sink(label=f"load{k}", inputs={town: Flow(nominal_capacity=1, fix=f.load_kw[k, : f.periods])})
        for k, town in enumerate(towns)
    ]
    return [
        Source(label="import", outputs={region: bought}),
        Sink(label="export", inputs={region: sold}),
        *loads,
    ]


def _electric(f: Family, towns: list[Bus]) -> list[object]:
    parts: list[object] = []
    for i, at in enumerate(f.source_at):
        rated_kw = float(f.available_kw[i].max())
        share = f.available_kw[i, : f.periods] / rated_kw
        flow = Flow(nominal_capacity=rated_kw, maximum=share)
        parts.append(Source(label=f"source{i}", outputs={towns[at]: flow}))
    t = np.arange(f.periods)
    for i, at in enumerate(f.session_at):
        here = (t >= f.session_arrives[i]) & (t < f.session_arrives[i] + f.session_stays[i])
        full_h = float(f.session_kwh[i] / f.session_kw[i])
        flow = Flow(
            nominal_capacity=float(f.session_kw[i]),
            maximum=here.astype(np.float64),
            full_load_time_min=full_h,
            full_load_time_max=full_h,
        )
        parts.append(Sink(label=f"session{i}", inputs={towns[at]: flow}))
    for i, at in enumerate(f.battery_at):
        start = float(f.battery_kwh_start[i] / f.battery_kwh[i])
        least = np.full(f.periods + 1, BAND[0])
        least[-1] = start
        most_kw = float(f.battery_kw[i])
        wear = float(f.wear_eur_per_kwh[i])
        parts.append(
            Storage(
                label=f"battery{i}",
                inputs={towns[at]: Flow(nominal_capacity=most_kw)},
                outputs={towns[at]: Flow(nominal_capacity=most_kw, variable_costs=wear)},
                nominal_capacity=float(f.battery_kwh[i]),
                initial_storage_level=start,
                min_storage_level=least,
                max_storage_level=BAND[1],
                balanced=False,
                inflow_conversion_factor=float(f.efficiency_charge[i]),
                outflow_conversion_factor=float(f.efficiency_discharge[i]),
            )
        )
    return parts


def _heat(f: Family, towns: list[Bus], *, mixed: bool) -> list[object]:
    parts: list[object] = []
    gas = Bus(label="gas")
    parts += [gas, Source(label="fuel", outputs={gas: Flow()})]
    for i, at in enumerate(f.chp_at):
        heat = Bus(label=f"heat{i}")
        ratio, price = float(f.heat_per_power[i]), float(f.chp_eur_per_kwh[i])
        power = Flow(nominal_capacity=float(f.chp_kw[i]), variable_costs=price, **_commitment(f, i, mixed))
        parts += [
            heat,
            Converter(
                label=f"chp{i}",
                inputs={gas: Flow()},
                outputs={towns[at]: power, heat: Flow()},
                conversion_factors={gas: 1.0, towns[at]: 1.0, heat: ratio},
            ),
            Source(label=f"boiler{i}", outputs={heat: _boiler(f, i)}),
            Sink(
                label=f"demand{i}",
                inputs={heat: Flow(nominal_capacity=1, fix=f.heat_kw[i, : f.periods])},
            ),
            _store(f, i, heat),
        ]
    return parts


def _boiler(f: Family, i: int) -> Flow:
    return Flow(nominal_capacity=float(f.boiler_kw[i]), variable_costs=float(f.boiler_eur_per_kwh[i]))


def _commitment(f: Family, i: int, mixed: bool) -> dict[str, object]:  # noqa: FBT001 - as its neighbours are called
    if not mixed:
        return {}
    decisions = solph.NonConvex(
        initial_status=0,
        startup_costs=float(f.start_eur[i]),
        minimum_uptime=int(f.uptime_periods[i]),
        minimum_downtime=int(f.downtime_periods[i]),
    )
    return {"minimum": float(f.chp_kw_least[i] / f.chp_kw[i]), "nonconvex": decisions}


def _store(f: Family, i: int, heat: Bus) -> Storage:
    start = float(f.store_kwh_start[i] / f.store_kwh[i])
    least = np.zeros(f.periods + 1)
    least[-1] = start
    most_kw = float(f.store_kw[i])
    return Storage(
        label=f"store{i}",
        inputs={heat: Flow(nominal_capacity=most_kw)},
        outputs={heat: Flow(nominal_capacity=most_kw)},
        nominal_capacity=float(f.store_kwh[i]),
        initial_storage_level=start,
        loss_rate=1.0 - KEPT_FRACTION**PERIODS_PER_H,
        min_storage_level=least,
        balanced=False,
        inflow_conversion_factor=KEPT_H / PERIOD_H,
        outflow_conversion_factor=PERIOD_H / KEPT_H,
    )
