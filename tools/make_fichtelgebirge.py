"""Makes the history files of the shipped region ``fichtelgebirge`` from open measured data.

    python -m tools.make_fichtelgebirge --data FOLDER

FOLDER holds the sources named below, each with the column ``utc``. The same input gives the same bytes. What
is done, and under which licence each result stands, is written in the ``.md`` beside each file: whatever
holds something of SimBench stands in the two files under the ODbL and nowhere else.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.fichtelgebirge_places import FLEETS, MIXES, PLACES, SOLAR_PARKS, WIND_PARKS, Park, Place
from tools.make_musterstadt import (
    QUARTERS_PER_DAY,
    SIMBENCH_FILE,
    SMARD_FILE,
    ZONE,
    ev_arrivals,
    prices,
    read_source,
    unrounded,
    write_series,
)

FloatArray = NDArray[np.float64]

SEMIURBAN_FILE = "dev_simbench_mv_semiurb_15min_2016.csv.gz"
COMMERCIAL_FILE = "dev_simbench_mv_comm_15min_2016.csv.gz"
HEAT_FILE = "dev_district_heat_hourly_2019.csv.gz"
WEATHER_FILE = "dev_de_hourly_2015_2020.csv.gz"
FOLDER = Path(__file__).parent.parent / "energy" / "regions" / "fichtelgebirge" / "history"

SEED = 1607
LOAD_KW_MEAN = 25_000.0
LOAD_STEP_KW = 5.0
"""The loads are rounded to this together, so that they still add up to the rounded total."""
PV_STEP_KW = 10.0
WIND_STEP_KW = 20.0
ARRIVAL_STEP_KW = 2.0
"""Half a kilowatt hour in a quarter hour."""

QUARTERS_PER_H = 4
MONDAY_2016 = pd.Timestamp("2016-01-04")
MONDAY_2020 = pd.Timestamp("2020-01-06")
HEAT_SHIFT = pd.Timedelta(weeks=52)
"""The heat demand is that of 2019 and follows its weather; both change of clocks fall on the same days."""

PV_SHIFT_QUARTERS = -2
"""The sun stands in the south 24 minutes earlier at 12 degrees east than in Luxembourg, at 6."""
SIMBENCH_PV_SHIFT_QUARTERS = 3
"""SimBench's sun is at its highest at about 10.4 h UTC, that of 12 degrees east at 11.2 h."""
LATITUDE_DEG, LONGITUDE_DEG = 50.0, 12.0

PARK_PEAK_FRACTION = 0.86
"""Highest quarter hour of a solar park over its modules' rated power."""
ROOF_PEAK_FRACTION = 0.76
"""The same of many roofs, which never face the sun all at once."""
WIND_FULL_QUANTILE = 0.998
"""A park of few turbines is at its rated power more often than a whole country: in 70 quarter hours."""

LAPSE_K_PER_M = 0.0065
"""Mean fall of the temperature with height (ISO 2533, standard atmosphere)."""
HEIGHT_M = 480.0
"""Of the region above Berlin, where the temperature was taken."""

HEAT_A_KW_MAX = 12_000.0
HEAT_B_KW_MAX = 4_000.0
HEAT_STEP_KW = 10.0
WATER_KW_MEAN = 205.0
PELLETS_KW_MAX = 3_000.0
QUARRY_KW_MAX = 800.0
HYDRO_KW_RATED = 1_500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was read, on the quarter hours of 2020: ``country`` without its rounding, ``shapes`` of mean 1."""

    index: pd.DatetimeIndex
    country: Mapping[str, FloatArray]
    shapes: Mapping[str, FloatArray]
    daylight: FloatArray
    """1 where the sun is above the horizon, else 0."""


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    arguments = parser.parse_args()
    country = read_source(arguments.data / SMARD_FILE)
    profiles = read_source(arguments.data / SIMBENCH_FILE)
    grids = {
        "semiurban": read_source(arguments.data / SEMIURBAN_FILE),
        "commercial": read_source(arguments.data / COMMERCIAL_FILE),
    }
    sources = sources_from(country, profiles, grids)
    heat = read_source(arguments.data / HEAT_FILE)["heat_demand_mw"]
    weather = read_source(arguments.data / WEATHER_FILE)["temperature_berlin_c"]
    out = arguments.out
    write_series(out / "measured_2020.csv.gz", measured(sources), decimals=0)
    write_series(out / "simbench_mixed_2020.csv.gz", simbench_mixed(sources), decimals=0)
    write_series(out / "ev_arrivals_2020.csv.gz", charging(profiles, sources.index), decimals=0)
    write_series(out / "district_heat_2020.csv.gz", district_heat(heat, sources.index), decimals=0)
    write_series(out / "temperature_2020.csv.gz", temperature(weather, sources.index), decimals=1)
    write_series(out / "day_ahead_2020.csv.gz", prices(country), decimals=2)


def sources_from(country: pd.DataFrame, profiles: pd.DataFrame, grids: Mapping[str, pd.DataFrame]) -> Sources:
    """Undo the rounding of the country's series and lay SimBench's year onto the calendar of 2020."""
    rng = np.random.default_rng(SEED)
    index = pd.DatetimeIndex(country.index)
    fine = {
        name: unrounded(country[f"{name}_mw"].to_numpy(dtype=np.float64), rng)
        for name in ("load", "pv", "wind", "hydro")
    }
    fine["pv"][country["pv_mw"].to_numpy() == 0.0] = 0.0
    shapes = {
        "country": fine["load"],
        "semiurban": _by_calendar(grids["semiurban"]["load_mw"], index),
        "commercial": _by_calendar(grids["commercial"]["load_mw"], index),
        "household": _many(_by_calendar(profiles["pu_h0_a"], index)),
        "business": _by_calendar(profiles["pu_g0_a"], index),
        "shifts": _by_calendar(profiles["pu_g3_a"], index),
        "farm": _by_calendar(profiles["pu_l0_a"], index),
        "semiurban_wind": _by_sun(grids["semiurban"]["wind_mw"], index, later_quarters=0),
        "commercial_wind": _by_sun(grids["commercial"]["wind_mw"], index, later_quarters=0),
        "solar": _by_sun(grids["semiurban"]["pv_lv_mw"], index, later_quarters=SIMBENCH_PV_SHIFT_QUARTERS),
    }
    scaled = {name: values / values.mean() for name, values in shapes.items()}
    return Sources(index=index, country=fine, shapes=scaled, daylight=_daylight(index))


def measured(sources: Sources) -> pd.DataFrame:
    """Give what stems from the country's series alone: the loads' total, hydro, parks and most roofs."""
    rng = np.random.default_rng(SEED + 1)
    hydro = sources.country["hydro"]
    columns = {
        "load_total_kw": total_kw(sources),
        "hydro_kw": _stepped(hydro * (HYDRO_KW_RATED / hydro.max()), HYDRO_KW_RATED / 300.0),
    }
    for park in WIND_PARKS:
        if not park.simbench:
            columns[f"{park.name}_kw"] = wind_kw(park, sources, rng)
    for park in SOLAR_PARKS:
        columns[f"{park.name}_kw"] = solar_kw(park, sources, rng)
    for place in PLACES:
        if not place.simbench_fraction:
            columns[f"pv_roofs_{place.name}_kw"] = roofs_kw(place, sources, rng)
    return pd.DataFrame(columns, index=sources.index)


def simbench_mixed(sources: Sources) -> pd.DataFrame:
    """Give whatever SimBench has a part in, but charging: the split of the load, two parks, some roofs."""
    rng = np.random.default_rng(SEED + 2)
    columns = {f"load_{name}_kw": values for name, values in loads_kw(sources, rng).items()}
    for park in WIND_PARKS:
        if park.simbench:
            columns[f"{park.name}_kw"] = wind_kw(park, sources, rng)
    for place in PLACES:
        if place.simbench_fraction:
            columns[f"pv_roofs_{place.name}_kw"] = roofs_kw(place, sources, rng)
    shifts, business = sources.shapes["shifts"], sources.shapes["business"]
    water = 0.4 + 0.45 * sources.shapes["household"] + 0.15 * sources.shapes["farm"]
    columns["pellet_works_kw"] = _stepped(PELLETS_KW_MAX * (0.4 + 0.6 * shifts / shifts.max()), 10.0)
    columns["quarry_kw"] = _stepped(QUARRY_KW_MAX * business / business.max(), 5.0)
    columns["waterworks_kw"] = _stepped(WATER_KW_MEAN * water, 1.0)
    return pd.DataFrame(columns, index=sources.index)


def total_kw(sources: Sources) -> FloatArray:
    """Give the region's load, rounded to the step that the municipalities share out."""
    load = sources.country["load"]
    return _stepped(load * (LOAD_KW_MEAN / load.mean()), LOAD_STEP_KW)


def loads_kw(sources: Sources, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Split the total: each municipality's mixed shape, then all scaled to the total of each quarter hour.

    Rounded by the largest remainders, so that the sum is the total to the last kW.
    """
    raw = []
    for place in PLACES:
        weights = {name: part * rng.uniform(0.8, 1.2) for name, part in MIXES[place.mix].items()}
        shape = sum(weight * sources.shapes[name] for name, weight in weights.items())
        own = np.exp(_slow_noise(sources.index.size, rng, correlation=0.97, size_std=0.05))
        raw.append(np.asarray(shape) / sum(weights.values()) * own * place.load_kw_mean)
    wanted = np.stack(raw)
    total = total_kw(sources)
    steps = wanted * (total / wanted.sum(axis=0)) / LOAD_STEP_KW
    floor = np.floor(steps)
    missing = np.rint(total / LOAD_STEP_KW - floor.sum(axis=0)).astype(np.int64)
    rank = np.argsort(np.argsort(-(steps - floor), axis=0, kind="stable"), axis=0, kind="stable")
    split = (floor + (rank < missing)) * LOAD_STEP_KW
    return {place.name: split[row] for row, place in enumerate(PLACES)}


def wind_kw(park: Park, sources: Sources, rng: np.random.Generator) -> FloatArray:
    """Give a wind park's available power: the country's wind moved in time, mixed, and with gusts."""
    wind = _moved(sources.country["wind"], park.later_quarters)
    wind = wind / wind.mean()
    if park.simbench:
        wind = (1.0 - park.simbench_fraction) * wind + park.simbench_fraction * sources.shapes[park.simbench]
    wind = wind * np.exp(_slow_noise(wind.size, rng, correlation=0.9, size_std=park.gust))
    full = np.quantile(wind, WIND_FULL_QUANTILE)
    return _stepped(np.minimum(wind / full, 1.0) * park.power_kw_rated, WIND_STEP_KW)


def solar_kw(park: Park, sources: Sources, rng: np.random.Generator) -> FloatArray:
    """Give a solar park's available power, with clouds of its own."""
    sun = _moved(sources.country["pv"], PV_SHIFT_QUARTERS + park.later_quarters)
    return _sunny_kw(sun, sources, rng, peak_kw=park.power_kw_rated * PARK_PEAK_FRACTION, cloud=park.gust)


def roofs_kw(place: Place, sources: Sources, rng: np.random.Generator) -> FloatArray:
    """Give the sum of a municipality's roofs, smoother than a park and turned from the south."""
    sun = _moved(sources.country["pv"], PV_SHIFT_QUARTERS + place.turn_quarters)
    sun = 0.5 * sun + 0.25 * (_moved(sun, 3) + _moved(sun, -3))
    sun = (1.0 - place.simbench_fraction) * sun / sun.mean() + place.simbench_fraction * sources.shapes[
        "solar"
    ]
    return _sunny_kw(sun, sources, rng, peak_kw=place.roof_kw_rated * ROOF_PEAK_FRACTION, cloud=0.05)


def charging(profiles: pd.DataFrame, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Give each hub's arrivals, from a fleet and a seed of its own."""
    hubs = {
        name: ev_arrivals(profiles, index, fleets=fleets, seed=SEED + 10 + number)["ev_arrivals_kw"]
        for number, (name, fleets) in enumerate(FLEETS.items())
    }
    return pd.DataFrame(
        {name: _stepped(asked.to_numpy(), ARRIVAL_STEP_KW) for name, asked in hubs.items()}, index=index
    )


def district_heat(heat_mw: pd.Series, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Lay the heat demand of 2019 onto 2020 and make two networks of it that are not copies.

    B lies in a valley of small houses: an hour later, a higher share that hangs on the weather less.
    """
    rng = np.random.default_rng(SEED + 3)
    hourly = _of_2019(heat_mw, index)
    a = _quarters(hourly)
    b = _quarters(0.75 * np.roll(hourly, 1) + 0.15 * np.roll(hourly, 3) + 0.10 * hourly.mean())
    b = b * np.exp(_slow_noise(b.size, rng, correlation=0.95, size_std=0.06))
    columns = {
        "heat_a_kw": _stepped(a * (HEAT_A_KW_MAX / a.max()), HEAT_STEP_KW),
        "heat_b_kw": _stepped(b * (HEAT_B_KW_MAX / b.max()), HEAT_STEP_KW),
    }
    return pd.DataFrame(columns, index=index)


def temperature(weather_c: pd.Series, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Give the outdoor temperature that belongs to the heat demand, straight between the hours."""
    hourly = _of_2019(weather_c, index)
    at = (np.arange(index.size) + 0.5) / QUARTERS_PER_H
    values = np.interp(at, np.arange(hourly.size), hourly) - LAPSE_K_PER_M * HEIGHT_M
    return pd.DataFrame({"temperature_c": values}, index=index)


def _of_2019(hourly: pd.Series, index: pd.DatetimeIndex) -> FloatArray:
    """Take each hour 52 weeks earlier; the last two days of the year 104 weeks, as 2019 ends before them."""
    hours = index[::QUARTERS_PER_H]
    end = pd.Timestamp("2019-12-31T22:00Z")
    early = hours - HEAT_SHIFT
    taken = early.where(early <= end, early - HEAT_SHIFT)
    return hourly.reindex(taken).to_numpy(dtype=np.float64)


def _quarters(hourly: FloatArray) -> FloatArray:
    """Draw straight lines between the hours' middles, then give each hour its energy back."""
    at = (np.arange(hourly.size * QUARTERS_PER_H) + 0.5) / QUARTERS_PER_H - 0.5
    lines = np.interp(at, np.arange(hourly.size), hourly).reshape(-1, QUARTERS_PER_H)
    scaled: FloatArray = (lines * (hourly / lines.mean(axis=1))[:, np.newaxis]).reshape(-1)
    return scaled


def _sunny_kw(
    sun: FloatArray, sources: Sources, rng: np.random.Generator, *, peak_kw: float, cloud: float
) -> FloatArray:
    clouded = sun * np.exp(_slow_noise(sun.size, rng, correlation=0.8, size_std=cloud)) * sources.daylight
    full = np.quantile(clouded, 0.9995)
    return _stepped(np.minimum(clouded / full, 1.0) * peak_kw, PV_STEP_KW)


def _by_calendar(profile: pd.Series, index: pd.DatetimeIndex) -> FloatArray:
    """Give a profile of 2016 at the same local time, week of the year and day of the week in 2020."""
    wall = profile.index.tz_convert(ZONE).tz_localize(None)
    by_wall = profile.set_axis(wall).groupby(level=0).mean()
    local = index.tz_convert(ZONE).tz_localize(None) - (MONDAY_2020 - MONDAY_2016)
    values = by_wall.reindex(local).interpolate(limit=QUARTERS_PER_H)
    return values.to_numpy(dtype=np.float64)


def _by_sun(profile: pd.Series, index: pd.DatetimeIndex, *, later_quarters: int) -> FloatArray:
    """Give a profile of 2016 at the same UTC time, 1463 days later and so many quarter hours more."""
    shift = MONDAY_2020 - MONDAY_2016 + later_quarters * pd.Timedelta(minutes=15)
    return profile.reindex(index - shift).to_numpy(dtype=np.float64)


def _many(profile: FloatArray) -> FloatArray:
    """Make many households of one: its weeks before and after, some minutes earlier or later."""
    week = 7 * QUARTERS_PER_DAY
    copies = [np.roll(profile, weeks * week + weeks % 3 - 1) for weeks in range(-4, 5)]
    mean: FloatArray = np.mean(copies, axis=0)
    return mean


def _moved(values: FloatArray, later_quarters: int) -> FloatArray:
    return np.roll(values, later_quarters)


def _slow_noise(size: int, rng: np.random.Generator, *, correlation: float, size_std: float) -> FloatArray:
    """Give a normal process of this standard deviation, autoregressive over the quarter hours."""
    shocks = rng.normal(size=size) * size_std * np.sqrt(1.0 - correlation**2)
    state = np.empty(size)
    last = rng.normal() * size_std
    for at in range(size):
        last = correlation * last + shocks[at]
        state[at] = last
    return state


def _daylight(index: pd.DatetimeIndex) -> FloatArray:
    """Tell where the sun is up: declination by the day of the year (Cooper 1969), hour angle by longitude."""
    day = index.day_of_year.to_numpy(dtype=np.float64)
    declination = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day) / 365.0))
    hour = (index.hour + index.minute / 60.0 + 0.125).to_numpy() + LONGITUDE_DEG / 15.0
    angle = np.radians(15.0 * (hour - 12.0))
    latitude = np.radians(LATITUDE_DEG)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    return (sine > 0.0).astype(np.float64)


def _stepped(values: FloatArray, step: float) -> FloatArray:
    rounded: FloatArray = np.rint(values / step) * step
    return rounded


if __name__ == "__main__":
    main()
