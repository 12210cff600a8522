"""A family of regions of any size, as plain arrays: what a planning of some assets is measured on.

Of each ten assets four are batteries, two renewable sources, two EV sessions, one a CHP with a cost of
starting and least times, one a heat network with a store and a boiler. They stand in 17 municipalities whose
exchange with the region is capped, each with a load; the region trades at prices that are negative at noon,
and pays for its greatest import. The numbers are invented, in the range of German regions; the seed changes
all of them.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.periods import PERIOD_H

IntArray = NDArray[np.int64]
SIZES = {"S": (10, 96), "M": (100, 192), "L": (1_000, 192)}
"""Assets, and quarter hours planned."""
STEPS_MAX = 16
"""How many quarter hours beyond the first planning the data reach, for planning again and again."""
MUNICIPALITIES = 17
IMPORT_SURCHARGE_EUR_PER_KWH = 0.025
EXPORT_DISCOUNT_EUR_PER_KWH = 0.002
CAPACITY_CHARGE_EUR_PER_KW = 0.4
KEPT_FRACTION = 0.999
"""Of a heat store's content, over a quarter hour."""
SEED = 20_240_601


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """One region of the family. Series have shape (assets, periods + STEPS_MAX), others (assets,).

    Powers and energies are magnitudes; ``*_at`` is the number of the municipality where an asset stands. A
    session arrives at the start of a period and leaves so many periods later. A heat network has the number
    of its CHP.
    """

    assets: int
    periods: int
    market_eur_per_kwh: FloatArray
    """Shape (periods + STEPS_MAX,)."""
    import_kw_max: float
    export_kw_max: float
    transfer_kw_max: FloatArray
    load_kw: FloatArray
    source_at: IntArray
    available_kw: FloatArray
    battery_at: IntArray
    battery_kw: FloatArray
    battery_kwh: FloatArray
    """Capacity; used from BAND[0] to BAND[1] of it."""
    battery_kwh_start: FloatArray
    efficiency_charge: FloatArray
    efficiency_discharge: FloatArray
    wear_eur_per_kwh: FloatArray
    session_at: IntArray
    session_kw: FloatArray
    session_kwh: FloatArray
    session_arrives: IntArray
    session_stays: IntArray
    chp_at: IntArray
    chp_kw: FloatArray
    chp_kw_least: FloatArray
    heat_per_power: FloatArray
    chp_eur_per_kwh: FloatArray
    start_eur: FloatArray
    uptime_periods: IntArray
    downtime_periods: IntArray
    heat_kw: FloatArray
    """The demand of each network."""
    boiler_kw: FloatArray
    boiler_eur_per_kwh: FloatArray
    store_kwh: FloatArray
    store_kwh_start: FloatArray
    store_kw: FloatArray

    def without_commitment(self) -> "Family":
        """Give the same region with CHPs that start for nothing and at once: a linear program.

        Their least load then says nothing in it, so that a tool without decisions states the same problem.
        """
        none = np.zeros_like(self.uptime_periods)
        return replace(
            self, start_eur=np.zeros_like(self.start_eur), uptime_periods=none, downtime_periods=none
        )


BAND = (0.05, 0.95)


def family_of(assets: int, periods: int, *, seed: int = SEED) -> Family:
    """Invent a region of so many assets (a multiple of ten); the same seed gives the same numbers."""
    dice = np.random.default_rng([seed, assets, periods])
    tens, length = assets // 10, periods + STEPS_MAX
    hour = np.arange(length) * PERIOD_H % 24.0
    load_kw = _loads_kw(dice, assets, hour)
    parts = {**_batteries(dice, 4 * tens), **_sessions(dice, 2 * tens, periods), **_heat(dice, tens, hour)}
    available_kw = _sources_kw(dice, 2 * tens, hour)
    places = {
        f"{kind}_at": dice.integers(0, MUNICIPALITIES, count)
        for kind, count in (("source", 2 * tens), ("battery", 4 * tens), ("session", 2 * tens), ("chp", tens))
    }
    greatest_kw = 1.05 * float(load_kw.sum(axis=0).max())
    transfer_kw_max = 1.05 * load_kw.max(axis=1)
    np.add.at(transfer_kw_max, places["session_at"], parts["session_kw"])
    np.add.at(transfer_kw_max, places["battery_at"], 0.5 * parts["battery_kw"])
    return Family(
        assets=assets,
        periods=periods,
        market_eur_per_kwh=_market_eur_per_kwh(dice, hour),
        import_kw_max=greatest_kw + 0.6 * parts["session_kw"].sum() + 0.05 * parts["battery_kw"].sum(),
        export_kw_max=0.5 * greatest_kw,
        transfer_kw_max=transfer_kw_max,
        load_kw=load_kw,
        available_kw=available_kw,
        **parts,
        **places,
    )


def _bump(hour: FloatArray, *, at: float, width: float) -> FloatArray:
    bump: FloatArray = np.exp(-(((hour - at) / width) ** 2))
    return bump


def _market_eur_per_kwh(dice: np.random.Generator, hour: FloatArray) -> FloatArray:
    """Two peaks a day and a trough below zero at noon, by the hour, with noise by hour and quarter hour."""
    spot = 70.0 + 35.0 * _bump(hour, at=8.0, width=2.0) + 60.0 * _bump(hour, at=19.5, width=2.0)
    spot -= 95.0 * _bump(hour, at=13.25, width=2.5)
    per_hour = round(1.0 / PERIOD_H)
    hourly = spot[::per_hour] + dice.normal(0.0, 8.0, hour.size // per_hour)
    quarters: FloatArray = np.repeat(hourly, per_hour) + dice.normal(0.0, 2.0, hour.size)
    return quarters / 1000.0


def _loads_kw(dice: np.random.Generator, assets: int, hour: FloatArray) -> FloatArray:
    share = dice.dirichlet(np.full(MUNICIPALITIES, 3.0))
    day = 0.55 + 0.2 * _bump(hour, at=8.0, width=2.5) + 0.35 * _bump(hour, at=19.0, width=3.0)
    noise = (1.0 + 0.04 * dice.standard_normal((MUNICIPALITIES, hour.size))).clip(0.7, 1.3)
    loads: FloatArray = 500.0 * assets * share[:, None] * day * noise
    return loads


def _sources_kw(dice: np.random.Generator, count: int, hour: FloatArray) -> FloatArray:
    """Six in ten have the sun's day, the others a wind that comes and goes."""
    rated_kw = dice.uniform(400.0, 1200.0, (count, 1))
    is_sun = dice.random((count, 1)) < 0.6
    sun = np.clip(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0, None) * dice.uniform(0.7, 1.0, (count, 1))
    turn = 2.0 * np.pi * np.arange(hour.size) * PERIOD_H / dice.uniform(14.0, 40.0, (count, 1))
    wind = np.clip(0.4 + 0.25 * np.sin(turn + dice.uniform(0.0, 6.0, (count, 1))), 0.02, 1.0)
    noise = (1.0 + 0.05 * dice.standard_normal((count, hour.size))).clip(0.8, 1.2)
    available: FloatArray = rated_kw * np.where(is_sun, sun, wind) * noise
    return available


def _batteries(dice: np.random.Generator, count: int) -> dict[str, FloatArray]:
    power_kw = dice.uniform(100.0, 600.0, count)
    energy_kwh = power_kw * dice.uniform(1.5, 4.0, count)
    return {
        "battery_kw": power_kw,
        "battery_kwh": energy_kwh,
        "battery_kwh_start": dice.uniform(0.3, 0.6, count) * energy_kwh,
        "efficiency_charge": dice.uniform(0.93, 0.97, count),
        "efficiency_discharge": dice.uniform(0.93, 0.97, count),
        "wear_eur_per_kwh": dice.uniform(0.006, 0.014, count),
    }


def _sessions(dice: np.random.Generator, count: int, periods: int) -> dict[str, Any]:
    """A stay of 6 to 14 hours that needs 30 to 70 % of what could be charged in it."""
    power_kw = dice.uniform(50.0, 400.0, count)
    stays = dice.integers(24, 56, count)
    return {
        "session_kw": power_kw,
        "session_arrives": dice.integers(4, periods - 60, count),
        "session_stays": stays,
        "session_kwh": power_kw * PERIOD_H * stays * dice.uniform(0.3, 0.7, count),
    }


def _heat(dice: np.random.Generator, count: int, hour: FloatArray) -> dict[str, Any]:
    """CHPs, each with a heat network of its own that a boiler could serve alone."""
    power_kw, ratio = dice.uniform(200.0, 1000.0, count), dice.uniform(1.1, 1.4, count)
    heat_kw = power_kw * ratio
    turn = np.cos(2.0 * np.pi * (hour - 6.0) / 24.0)
    noise = 0.04 * dice.standard_normal((count, hour.size))
    store_kwh = heat_kw * dice.uniform(2.0, 6.0, count)
    return {
        "chp_kw": power_kw,
        "chp_kw_least": power_kw * dice.uniform(0.35, 0.5, count),
        "heat_per_power": ratio,
        "chp_eur_per_kwh": dice.uniform(0.095, 0.125, count),
        "start_eur": power_kw / 1000.0 * dice.uniform(30.0, 70.0, count),
        "uptime_periods": dice.integers(4, 13, count),
        "downtime_periods": dice.integers(4, 9, count),
        "heat_kw": heat_kw[:, None] * (0.5 + 0.25 * turn + noise).clip(0.1, 1.0),
        "boiler_kw": 1.5 * heat_kw,
        "boiler_eur_per_kwh": dice.uniform(0.055, 0.065, count),
        "store_kwh": store_kwh,
        "store_kwh_start": 0.4 * store_kwh,
        "store_kw": heat_kw,
    }
