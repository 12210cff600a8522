"""Holds the measured past against the region: whether each series can be what its asset says it is.

The bounds are wide: they catch a wrong unit, sign or column, not an odd week.
"""

from collections.abc import Iterator

import numpy as np

from energy.errors import BadInput, Fault
from energy.periods import format_utc, periods_between
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.history import RegionHistory, Series
from energy.region.load import Load
from energy.region.loader import FILE_NAME, load_region
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.yaml_file import Place, YamlFile, read_yaml

DAYS_MIN = 28
"""Shorter than four weeks, nothing can be learned of weekdays."""
PERIODS_PER_DAY = 96
"""Of 24 hours; a length, not a calendar day."""
EXCESS_FRACTION = 0.1
"""A meter may read a little over the rating: tolerance, cold air, short overload."""
IDLE_FRACTION = 0.02
"""A year's maximum below this share of the rating is a wrong unit: MW read as kW give 0.001."""
MISSING_FRACTION_MAX = 0.5
ASKED_KINDS = (EvHub, PumpedReservoir)
"""Their series is what is asked of them, and it may wait: only its mean must fit."""


def check_region(name_or_path: str) -> Region:
    """Load a region and check its history too.

    Raises:
        BadInput: with every fault of the region file, or else every fault of its history.
    """
    region = load_region(name_or_path)
    faults = faults_of_history(region)
    if faults:
        raise BadInput(faults)
    return region


def faults_of_history(region: Region) -> list[Fault]:
    """Find every fault of the region's history: in its files, and against its assets."""
    try:
        history = RegionHistory(region)
    except BadInput as error:
        return list(error.faults)
    file = read_yaml(region.folder / FILE_NAME)
    price = history.price_eur_per_mwh()
    faults = list(_faults_of_span(file, ("market", "day_ahead"), price))
    if region.temperature is not None:
        temperature = history.temperature_c()
        faults += _faults_of_span(file, ("temperature",), temperature)
        faults += _faults_of_overlap(file, ("temperature",), temperature, price)
    for index, asset in enumerate(region.assets):
        if asset.history is None:
            continue
        place = ("assets", index, "history")
        series = history.magnitude_kw(asset.id)
        faults += _faults_of_span(file, place, series)
        faults += _faults_of_size(file, place, asset, series)
        faults += _faults_of_overlap(file, place, series, price)
    return faults


def _faults_of_span(file: YamlFile, place: Place, series: Series) -> Iterator[Fault]:
    days = series.values.size / PERIODS_PER_DAY
    if days < DAYS_MIN:
        yield file.fault(
            place,
            value=f"{series.source}: {days:.1f} days",
            limit=f"at least {DAYS_MIN} days are needed",
            mend="extend the file, or leave 'history' out until there is one"
            if place[0] == "assets"
            else "extend the file",
        )
    missing = float(np.isnan(series.values).mean())
    if missing > MISSING_FRACTION_MAX:
        yield file.fault(
            place,
            value=f"{series.source}: {missing:.0%} missing",
            limit=f"at most {MISSING_FRACTION_MAX:.0%} of the values may be missing",
            mend="fill the column, or check that it is the right one",
        )


def _faults_of_overlap(file: YamlFile, place: Place, series: Series, price: Series) -> Iterator[Fault]:
    start, end = max(series.start, price.start), min(series.end, price.end)
    if periods_between(start, end) <= 0:
        yield file.fault(
            place,
            value=f"{format_utc(series.start)} to {format_utc(series.end)}",
            limit=f"must overlap the prices, {format_utc(price.start)} to {format_utc(price.end)}",
            mend="take both files from the same time",
        )


def _faults_of_size(file: YamlFile, place: Place, asset: Asset, series: Series) -> Iterator[Fault]:
    values = series.values[np.isfinite(series.values)]
    bound = _bound(asset)
    if values.size == 0 or bound is None:
        return
    rating, rating_kw = bound
    if isinstance(asset, ASKED_KINDS):
        largest_kw, what = float(values.mean()), "on average"
    else:
        largest_kw, what = float(values.max()), "at most"
    if largest_kw > rating_kw * (1.0 + EXCESS_FRACTION):
        yield file.fault(
            place,
            value=f"{series.source}: {largest_kw:.1f} kW {what}",
            limit=f"more than {rating} ({rating_kw:g} kW) allows",
            mend=f"check the unit of the column (kW) and {rating}",
        )
    elif float(values.max()) < rating_kw * IDLE_FRACTION:
        yield file.fault(
            place,
            value=f"{series.source}: {float(values.max()):.3f} kW at most",
            limit=f"far below {rating} ({rating_kw:g} kW)",
            mend="check the unit of the column: it must be kW, not MW",
        )


def _bound(asset: Asset) -> tuple[str, float] | None:
    """Name the value that a series must fit under, and give it."""
    match asset:
        case Generator() | PumpedReservoir():
            return "power_kw_rated", asset.power_kw_rated
        case Load() | GridLoss() | EvHub() | FlexibleLoad():
            return "power_kw_max", asset.power_kw_max
        case HeatLoad():
            return "heat_kw_max", asset.heat_kw_max
        case _:
            return None
