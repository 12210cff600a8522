"""The one contract that problem data pass; a fault names asset, period, value and how to mend it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Limit, Point
from energy.errors import BadInput, Fault
from energy.optimize.steady.before import Before, before_faults
from energy.periods import PERIOD, format_utc, period_start
from energy.ports import Prices
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.history_file import CO2_KG_PER_KWH_MAX
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.load import Load
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

SIGN_TOLERANCE_KW = 1e-6
"""Rounding noise about zero is no wrong sign."""
PRICE_EUR_PER_KWH_MAX = 10.0
"""Well above the harmonised day-ahead limits (-0.5 and 4 EUR/kWh in 2024, raised in steps of 1): beyond it
the unit is wrong."""
POWER_KW_MAX = 10_000_000.0
"""The region schema's own limit on any power."""
ENERGY_KWH_MAX = 100_000_000.0
"""The region schema's own limit on any energy."""
PERIODS_MAX = 8 * 96 + 4
"""A week and a day with the hour that a change of the clock adds; a longer horizon is a mistake."""
TEMPERATURE_C_MAX = 70.0
"""Either way; no air on Earth was ever measured beyond 60 degrees from 0 in a town."""
EXPECTED_KINDS = (Load, GridLoss, Generator, EvHub, FlexibleLoad, PumpedReservoir, HeatLoad)
"""What is forecast; everything else is decided."""
STEERED_KINDS = (Generator, Battery, EvHub, FlexibleLoad, PumpedReservoir, Machine, Boiler)
"""What can be out of service."""
SOURCE = "(problem)"

Test = tuple[Callable[[FloatArray], "np.ndarray[tuple[int], np.dtype[np.bool_]]"], str, str]


def check_inputs(
    region: Region,
    *,
    start: datetime,
    prices: Prices,
    expected_kw: Mapping[str, FloatArray],
    states: Mapping[str, Mapping[str, float]],
    limits: Sequence[Limit],
    billed_peak_kw: float,
    unavailable: Collection[str],
    optional: Mapping[str, FloatArray | None],
    before: Before | None = None,
) -> None:
    """Refuse what cannot be planned on.

    Raises:
        BadInput: with every fault, one for each asset and kind of fault, at its first period.
    """
    periods = int(np.size(prices.price_eur_per_kwh))
    faults = [
        *_price_faults(start, prices),
        *_expected_faults(region, start, expected_kw, periods),
        *_optional_faults(start, periods, optional),
        *_state_faults(region, states),
        *_limit_faults(region, limits),
        *_other_faults(region, billed_peak_kw, unavailable),
        *before_faults(region, start, before, periods),
    ]
    if faults:
        raise BadInput(faults)


def _fault(place: str, *, value: object, limit: str, mend: str) -> Fault:
    return Fault(file=SOURCE, line=None, place=place, value=value, limit=limit, mend=mend)


def _price_faults(start: datetime, prices: Prices) -> Iterator[Fault]:
    if start.tzinfo is None or period_start(start) != start:
        yield _fault(
            "start",
            value=start.isoformat(),
            limit="must be the aware start of a quarter hour",
            mend="round down",
        )
        return
    if prices.start != start:
        yield _fault(
            "prices.start",
            value=format_utc(prices.start),
            limit=f"must be the first period, {format_utc(start)}",
            mend="ask the price source for this start",
        )
    periods = int(np.size(prices.price_eur_per_kwh))
    if not 1 <= periods <= PERIODS_MAX:
        yield _fault(
            "prices",
            value=f"{periods} periods",
            limit=f"1 to {PERIODS_MAX} periods",
            mend="give the horizon's prices",
        )
    tests: list[Test] = [
        (lambda a: ~np.isfinite(a), "must be finite", "fill gaps with a price forecast"),
        (
            lambda a: np.abs(a) > PRICE_EUR_PER_KWH_MAX,
            f"at most {PRICE_EUR_PER_KWH_MAX} EUR/kWh either way",
            "convert EUR/MWh to EUR/kWh",
        ),
    ]
    yield from _series_faults("prices", np.asarray(prices.price_eur_per_kwh, dtype=np.float64), start, tests)


def _expected_faults(
    region: Region, start: datetime, expected_kw: Mapping[str, FloatArray], periods: int
) -> Iterator[Fault]:
    for asset in region.members:
        if not isinstance(asset, EXPECTED_KINDS):
            continue
        place = f"expected_kw.{asset.id}"
        if asset.id not in expected_kw:
            yield _fault(place, value=None, limit="it is required", mend="forecast this asset")
            continue
        values = np.asarray(expected_kw[asset.id], dtype=np.float64)
        if values.shape != (periods,):
            yield _fault(
                place,
                value=f"shape {values.shape}",
                limit=f"must be ({periods},), as the prices",
                mend="give one value a period",
            )
            continue
        least_kw, most_kw = _allowed_kw(asset)
        if values.size and not (values.min() >= least_kw and values.max() <= most_kw):  # NaN is neither
            yield from _series_faults(place, values, start, _power_tests(asset))
    known = {asset.id for asset in region.members if isinstance(asset, EXPECTED_KINDS)}
    for asset_id in sorted(set(expected_kw) - known):
        yield _fault(
            f"expected_kw.{asset_id}",
            value=asset_id,
            limit="the region has no such asset with a forecast",
            mend="remove it",
        )


def _optional_faults(
    start: datetime, periods: int, optional: Mapping[str, FloatArray | None]
) -> Iterator[Fault]:
    """Check series that may be missing; a nomination may have gaps, a temperature may not."""
    tests_of: dict[str, list[Test]] = {
        "temperature_c": [
            (
                lambda a: ~(np.abs(a) <= TEMPERATURE_C_MAX),
                f"must be finite, at most {TEMPERATURE_C_MAX:.0f} degrees from 0",
                "give None where it is not known",
            )
        ],
        "nominated_kw": [
            (lambda a: np.abs(a) > POWER_KW_MAX, f"at most {POWER_KW_MAX:.0f} kW", "check the unit: kW")
        ],
        "import_co2_kg_per_kwh": [
            (
                lambda a: ~((a >= 0.0) & (a <= CO2_KG_PER_KWH_MAX)),
                f"must be finite, 0 to {CO2_KG_PER_KWH_MAX} kg/kWh",
                "convert g/kWh to kg/kWh; give None for the market's one number",
            )
        ],
    }
    for place, values in optional.items():
        tests = tests_of[place]
        if values is None:
            continue
        if np.shape(values) != (periods,):
            yield _fault(
                place,
                value=f"shape {np.shape(values)}",
                limit=f"must be ({periods},), as the prices",
                mend="give one value a period",
            )
            continue
        yield from _series_faults(place, np.asarray(values, dtype=np.float64), start, tests)


def _allowed_kw(asset: Asset) -> tuple[float, float]:
    """Give what the tests below let pass: most series are told to be in order by two numbers."""
    if isinstance(asset, Generator):
        return -POWER_KW_MAX, SIGN_TOLERANCE_KW
    return -SIGN_TOLERANCE_KW, POWER_KW_MAX


def _power_tests(asset: Asset) -> list[Test]:
    tests: list[Test] = [
        (lambda a: ~np.isfinite(a), "must be finite", "forecast every period"),
        (lambda a: np.abs(a) > POWER_KW_MAX, f"at most {POWER_KW_MAX:.0f} kW", "check the unit: kW"),
    ]
    if isinstance(asset, Generator):
        tests.append((lambda a: a > SIGN_TOLERANCE_KW, "a source feeds in: not positive", "turn the sign"))
    else:
        tests.append((lambda a: a < -SIGN_TOLERANCE_KW, "it draws: not negative", "turn the sign"))
    return tests


def _series_faults(place: str, values: FloatArray, start: datetime, tests: Sequence[Test]) -> Iterator[Fault]:
    """Report for each test the first period that fails it, with the number of periods that do."""
    for fails, limit, mend in tests:
        with np.errstate(invalid="ignore"):
            where = np.flatnonzero(fails(values))
        if where.size:
            first = int(where[0])
            label = format_utc(start + first * PERIOD)
            more = f" ({where.size} periods)" if where.size > 1 else ""
            yield _fault(
                f"{place}[{first}] {label}", value=float(values[first]), limit=limit + more, mend=mend
            )


def states_of(asset: Asset) -> tuple[Point, ...]:
    """Name the measured states that a plan of the asset begins with."""
    match asset:
        case Battery() | HeatStorage() | HydrogenStorage():
            return (Point.ENERGY_KWH,)
        case FlexibleLoad(mode="block"):
            return (Point.ENERGY_KWH_BACKLOG, Point.ENERGY_KWH_URGENT, Point.RUNNING_S)
        case EvHub() | FlexibleLoad():
            return (Point.ENERGY_KWH_BACKLOG, Point.ENERGY_KWH_URGENT)
        case PumpedReservoir():
            return (Point.VOLUME_M3,)
        case Machine():
            return (Point.RUNNING_S, Point.STANDING_S, Point.POWER_KW)
        case _:
            return ()


def _state_faults(region: Region, states: Mapping[str, Mapping[str, float]]) -> Iterator[Fault]:
    known = {asset.id: states_of(asset) for asset in region.members}
    for asset_id, state in states.items():
        for name, value in state.items():
            place = f"states.{asset_id}.{name}"
            if name not in known.get(asset_id, ()):
                wanted = ", ".join(known.get(asset_id, ())) or "none"
                yield _fault(
                    place, value=value, limit=f"no such state here (known: {wanted})", mend="remove it"
                )
            elif name == Point.POWER_KW:
                if not abs(value) <= POWER_KW_MAX:
                    limit = f"must be finite, at most {POWER_KW_MAX:.0f} kW either way"
                    yield _fault(place, value=value, limit=limit, mend="leave out what was not measured")
            elif not np.isfinite(value) or not 0.0 <= value <= ENERGY_KWH_MAX:
                yield _fault(
                    place,
                    value=value,
                    limit=f"must be finite, 0 to {ENERGY_KWH_MAX:.0f}",
                    mend="leave out what was not measured",
                )


def _limit_faults(region: Region, limits: Sequence[Limit]) -> Iterator[Fault]:
    known = {asset.id for asset in region.assets}
    for limit in limits:
        place = f"limits.{limit.limit_id}"
        if limit.target_id not in known:
            yield _fault(
                place,
                value=limit.target_id,
                limit="the region has no such asset",
                mend="correct its target_id",
            )
        for bound_kw in (limit.power_kw_min, limit.power_kw_max):
            if bound_kw is not None and not np.isfinite(bound_kw):
                yield _fault(place, value=bound_kw, limit="must be finite", mend="write None for no bound")
        least_kw, most_kw = limit.power_kw_min, limit.power_kw_max
        if least_kw is not None and most_kw is not None and least_kw > most_kw:
            yield _fault(
                place,
                value=f"{least_kw} to {most_kw} kW",
                limit="its least is above its greatest",
                mend="swap them",
            )


def _other_faults(region: Region, billed_peak_kw: float, unavailable: Collection[str]) -> Iterator[Fault]:
    if not np.isfinite(billed_peak_kw) or not 0.0 <= billed_peak_kw <= POWER_KW_MAX:
        yield _fault(
            "billed_peak_kw",
            value=billed_peak_kw,
            limit=f"must be finite, 0 to {POWER_KW_MAX:.0f} kW",
            mend="give the billing year's peak so far",
        )
    known = {asset.id for asset in region.members if isinstance(asset, STEERED_KINDS)}
    for asset_id in sorted(set(unavailable) - known):
        yield _fault(
            "unavailable",
            value=asset_id,
            limit="the region can steer no such asset",
            mend="correct the asset id",
        )
