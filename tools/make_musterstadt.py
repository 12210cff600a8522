"""Makes the history files of the shipped region ``musterstadt`` from open measured data.

    python -m tools.make_musterstadt --data FOLDER

FOLDER holds ``dev_lu_15min_2020.csv.gz`` (Luxembourg 2020, SMARD) and
``dev_simbench_flex_profiles_pu_15min_2016.csv.gz`` (SimBench unit profiles), each with the column ``utc``.
The same input gives the same bytes. What is done, and under which licence the result stands, is written in
the ``.md`` beside each file.
"""

import argparse
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

FloatArray = NDArray[np.float64]

SMARD_FILE = "dev_lu_15min_2020.csv.gz"
SIMBENCH_FILE = "dev_simbench_flex_profiles_pu_15min_2016.csv.gz"
FOLDER = Path(__file__).parent.parent / "energy" / "regions" / "musterstadt" / "history"
ZONE = ZoneInfo("Europe/Berlin")

SEED = 2020
STEP_MW = 1.0
"""Resolution of the source: quarter-hour energy in steps of 0.25 MWh."""
NOISE_CORRELATION = 0.8
"""Between neighbouring quarter hours: the added noise looks like weather and people, not like dice."""

LOAD_KW_MEAN = 6000.0
WIND_KW_RATED = 6000.0
PV_KW_RATED = 7500.0
HYDRO_KW_RATED = 600.0

PRICE_EUR_PER_MWH_MEAN = 95.0
"""Mean of the German-Luxembourgish day-ahead price in 2023 (SMARD: 95.18)."""
PRICE_EUR_PER_MWH_DAILY_SPREAD = 97.9
"""Mean over the local days of 2023 of the dearest less the cheapest hour (SMARD: 97.88)."""
PRICE_EUR_PER_MWH_DAY_STD = 35.9
"""Standard deviation of the daily means in 2023 (SMARD: 35.93)."""
PRICE_EUR_PER_MWH_FLOOR = -500.0
"""Harmonised minimum clearing price of the day-ahead market."""

WEEKS = 52
QUARTERS_PER_DAY = 96
PERIOD_H = 0.25
JITTER_QUARTERS = 6.0
"""Standard deviation of a vehicle's habit against its profile, 1.5 hours: no two come together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """So many vehicles that charge like one unit profile."""

    column: str
    power_kw_rated: float
    vehicles: int


FLEETS = (
    Fleet(column="pu_hls_a_3_7", power_kw_rated=3.7, vehicles=140),
    Fleet(column="pu_hls_b_11_0", power_kw_rated=11.0, vehicles=260),
    Fleet(column="pu_apls_a_11_0", power_kw_rated=11.0, vehicles=200),
    Fleet(column="pu_apls_a_22_0", power_kw_rated=22.0, vehicles=160),
    Fleet(column="pu_apls_a_50_0", power_kw_rated=50.0, vehicles=160),
)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    arguments = parser.parse_args()
    source = read_source(arguments.data / SMARD_FILE)
    profiles = read_source(arguments.data / SIMBENCH_FILE)
    write_series(arguments.out / "measured_2020.csv.gz", measured(source), decimals=0)
    write_series(arguments.out / "day_ahead_2020.csv.gz", prices(source), decimals=2)
    write_series(arguments.out / "ev_arrivals_2020.csv.gz", ev_arrivals(profiles, source.index), decimals=1)


def measured(source: pd.DataFrame) -> pd.DataFrame:
    """Scale load and generation to a town of 6 MW mean load and undo the rounding to 1 MW by seeded noise."""
    rng = np.random.default_rng(SEED)
    fine = {
        name: unrounded(source[f"{name}_mw"].to_numpy(dtype=np.float64), rng)
        for name in ("load", "pv", "wind", "hydro")
    }
    night = source["pv_mw"].to_numpy() == 0.0
    fine["pv"][night] = 0.0
    scale = {
        "load": LOAD_KW_MEAN / fine["load"].mean(),
        "pv": PV_KW_RATED / fine["pv"].max(),
        "wind": WIND_KW_RATED / fine["wind"].max(),
        "hydro": HYDRO_KW_RATED / fine["hydro"].max(),
    }
    return pd.DataFrame(
        {f"{name}_kw": values * scale[name] for name, values in fine.items()}, index=source.index
    )


def prices(source: pd.DataFrame) -> pd.DataFrame:
    """Map the prices of 2020 to the level and spread of 2023.

    Affine in two parts: the daily mean is moved and stretched to 2023's mean and its spread from day to day,
    the deviation from the daily mean to 2023's mean daily spread.
    """
    price = source["price_eur_per_mwh"]
    day = pd.Index(price.index.tz_convert(ZONE).date)
    mean = price.groupby(day).transform("mean")
    by_day = price.groupby(day)
    spread = (by_day.max() - by_day.min()).mean()
    days = by_day.mean()
    level = PRICE_EUR_PER_MWH_MEAN + (mean - price.mean()) * (PRICE_EUR_PER_MWH_DAY_STD / days.std())
    mapped = level + (price - mean) * (PRICE_EUR_PER_MWH_DAILY_SPREAD / spread)
    return pd.DataFrame({"price_eur_per_mwh": mapped.clip(lower=PRICE_EUR_PER_MWH_FLOOR)})


def ev_arrivals(
    profiles: pd.DataFrame, index: pd.DatetimeIndex, *, fleets: Sequence[Fleet] = FLEETS, seed: int = SEED + 1
) -> pd.DataFrame:
    """Sum a mixed fleet's wishes for energy, each in the quarter hour in which its vehicle arrives.

    A charging session of a unit profile (a run above zero) becomes one arrival that asks for the session's
    energy. Each vehicle repeats its profile's year moved by whole weeks, so that weekdays keep their habits,
    and by an hour or two of its own.
    """
    rng = np.random.default_rng(seed)
    monday = pd.Timestamp("2016-01-04")
    quarters = WEEKS * 7 * QUARTERS_PER_DAY
    asked_kwh = np.zeros(quarters)
    for fleet in fleets:
        starts, energy_kwh = _sessions(profiles[fleet.column], fleet.power_kw_rated, monday)
        for _ in range(fleet.vehicles):
            weeks = int(rng.integers(WEEKS))
            jitter = round(float(rng.normal(0.0, JITTER_QUARTERS)))
            at = (starts + weeks * 7 * QUARTERS_PER_DAY + jitter) % quarters
            np.add.at(asked_kwh, at, energy_kwh)
    local = index.tz_convert(ZONE).tz_localize(None)
    day = (local.normalize() - pd.Timestamp("2020-01-06")).days.to_numpy()
    quarter = (local.hour * 4 + local.minute // 15).to_numpy()
    asked_kw = asked_kwh[day * QUARTERS_PER_DAY + quarter] / PERIOD_H
    return pd.DataFrame({"ev_arrivals_kw": asked_kw}, index=index)


def _sessions(
    profile: pd.Series, power_kw_rated: float, monday: pd.Timestamp
) -> tuple[NDArray[np.int64], FloatArray]:
    """Give each session's start, in local quarter hours since the Monday, and its energy in kWh."""
    active = (profile > 0.0).to_numpy()
    begins = active & ~np.concatenate(([False], active[:-1]))
    number = np.cumsum(begins)[active]
    energy_kwh = np.bincount(number, profile.to_numpy()[active] * power_kw_rated * PERIOD_H)[1:]
    local = profile.index[begins].tz_convert(ZONE).tz_localize(None)
    since = (local - monday) / pd.Timedelta(minutes=15)
    starts = since.to_numpy().astype(np.int64)
    inside = (starts >= 0) & (starts < WEEKS * 7 * QUARTERS_PER_DAY)
    return starts[inside], energy_kwh[inside]


def unrounded(values_mw: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Spread values evenly over the step that they were rounded to, smoothly in time and never below zero.

    An autoregressive normal process, mapped through its distribution function, is uniform at each moment.
    """
    shocks = rng.normal(size=values_mw.size)
    state = np.empty_like(shocks)
    state[0] = shocks[0]
    weight = np.sqrt(1.0 - NOISE_CORRELATION**2)
    for index in range(1, shocks.size):
        state[index] = NOISE_CORRELATION * state[index - 1] + weight * shocks[index]
    return np.abs(values_mw + STEP_MW * (ndtr(state) - 0.5))


def read_source(path: Path) -> pd.DataFrame:
    """Read a source file by its column ``utc``."""
    return pd.read_csv(path, parse_dates=["utc"]).set_index("utc")


def write_series(path: Path, frame: pd.DataFrame, *, decimals: int) -> None:
    """Write without a time stamp inside, so that the same input gives the same bytes."""
    rounded = frame.round(decimals)
    text = io.StringIO()
    labels = frame.index.strftime("%Y-%m-%dT%H:%MZ")
    rounded.set_axis(labels).rename_axis("utc").to_csv(
        text, float_format=f"%.{decimals}f", lineterminator="\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
        stream.write(text.getvalue().encode())
    print(f"{path.name}: {len(frame)} periods, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
