"""What stands in an export: the record's rows of a span, table by table, a bounded batch at a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from energy.domain import Applied, FloatArray, Limited, Outcome, Plan, Point
from energy.historian.exchange.resolution import STEPS, Resolution, Spans, spans_of
from energy.historian.exchange.tables import Batch
from energy.historian.instants import ms_of
from energy.historian.limits import query_fault
from energy.historian.sqlite_reader import SqliteReader
from energy.periods import PERIOD
from energy.ports import RollUp
from energy.region.model import Region
from energy.weather import WeatherForecast

_PIECE = timedelta(hours=1)
"""Plans and outcomes are read an hour at a time, which keeps every query far below its limit."""
_MEANS = {
    "power_kw_available_draws_positive": Point.POWER_KW_AVAILABLE,
    "energy_kwh_stored": Point.ENERGY_KWH,
    "energy_kwh_backlog": Point.ENERGY_KWH_BACKLOG,
    "energy_kwh_urgent": Point.ENERGY_KWH_URGENT,
    "heat_kw_draws_positive": Point.HEAT_KW,
    "hydrogen_kw_draws_positive": Point.HYDROGEN_KW,
    "temperature_c": Point.TEMPERATURE_C,
}
Times = NDArray[np.datetime64]


def readings(
    reader: SqliteReader, region: Region, start: datetime, end: datetime, resolution: Resolution
) -> Iterator[Batch]:
    """Give the means of each asset as they are known now, imports among them.

    Raises:
        BadInput: the record's local days are not the region's.
    """
    spans = spans_of(start, end, resolution, region.zone)

    def means(asset_id: str, point: Point) -> RollUp:
        found = reader.roll_up(asset_id, point, STEPS[resolution], start=start, end=end)
        if not np.array_equal(found.start_ms, spans.edges_ms[:-1]):
            limit = "the record's days are of another time zone"
            raise query_fault(
                "REGION", value=region.zone.key, limit=limit, mend="name the record's own region"
            )
        return found

    for asset in region.assets:
        power = means(asset.id, Point.POWER_KW)
        registers = reader.energy_means(asset.id, start=spans.start, end=spans.end, known_at=spans.end).value
        columns = {
            "power_kw_draws_positive": power.value,
            "power_kw_from_registers_draws_positive": spans.complete_mean(registers),
            **{name: means(asset.id, point).value for name, point in _MEANS.items()},
        }
        yield from _measured_rows(asset.id, spans, columns, power.coverage)


def _measured_rows(
    asset_id: str, spans: Spans, columns: dict[str, FloatArray], coverage: FloatArray
) -> Iterator[Batch]:
    measured = np.isfinite(np.vstack(list(columns.values()))).any(axis=0)
    if not measured.any():
        return
    yield {
        "start_utc": spans.labels[measured],
        "asset_id": [asset_id] * int(measured.sum()),
        "power_coverage_fraction": coverage[measured],
        **{name: values[measured] for name, values in columns.items()},
    }


def forecasts(
    reader: SqliteReader, region: Region, start: datetime, end: datetime, names: Sequence[str]
) -> Iterator[Batch]:
    """Give every forecast of the span; ``names`` are the columns of its quantiles, lowest first."""
    for begin, stop in _pieces(start, end):
        for asset in region.assets:
            for forecast in reader.forecasts_between(asset.id, begin, stop):
                periods = forecast.quantiles_kw.shape[1]
                yield {
                    "issued_at_utc": _repeated(forecast.issued_at, periods),
                    "known_at_utc": _repeated(forecast.known_at, periods),
                    "model": [forecast.model] * periods,
                    "start_utc": _labels(forecast.start, periods),
                    "asset_id": [asset.id] * periods,
                    **dict(zip(names, forecast.quantiles_kw, strict=True)),
                }


def plans(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[Batch]:
    """Give every plan of the span, a quantity at a time."""
    for begin, stop in _pieces(start, end):
        for plan in reader.plans_between(begin, stop):
            for asset_id, quantity, values in _quantities(plan):
                yield {
                    "issued_at_utc": _repeated(plan.issued_at, values.size),
                    "plan_id": [plan.plan_id] * values.size,
                    "rung": [str(plan.rung)] * values.size,
                    "start_utc": _labels(plan.start, values.size),
                    "asset_id": [asset_id] * values.size,
                    "quantity": [quantity] * values.size,
                    "value": values,
                }


def _quantities(plan: Plan) -> Iterator[tuple[str | None, str, FloatArray]]:
    for asset_id, part in plan.assets.items():
        yield asset_id, "power_kw_draws_positive", part.power_kw
        yield from ((asset_id, state, values) for state, values in part.states.items())
    for balance, values in plan.marginal_price_eur_per_kwh.items():
        yield None, f"marginal_price_{balance}_eur_per_kwh", values


def outcomes(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[Batch]:
    """Give what became of every setpoint of the span."""
    for begin, stop in _pieces(start, end):
        found = list(reader.outcomes_between(begin, stop))
        if found:
            yield _outcomes(found)


def _outcomes(found: Sequence[Outcome]) -> Batch:
    asked = [outcome.setpoint for outcome in found]
    read_back = [o.read_back_kw if isinstance(o, Applied | Limited) else None for o in found]
    return {
        "at_utc": np.array([ms_of(outcome.at) for outcome in found], dtype="datetime64[ms]"),
        "asset_id": [setpoint.asset_id for setpoint in asked],
        "point": [str(setpoint.point) for setpoint in asked],
        "outcome": [type(outcome).__name__.lower() for outcome in found],
        "power_kw_asked_draws_positive": np.array([s.power_kw for s in asked], dtype=np.float64),
        "power_kw_read_back_draws_positive": np.array(read_back, dtype=np.float64),
        "valid_until_utc": np.array([ms_of(s.valid_until) for s in asked], dtype="datetime64[ms]"),
        "level": [str(setpoint.level) for setpoint in asked],
        "reason": [setpoint.reason for setpoint in asked],
        "detail": [None if isinstance(outcome, Applied) else outcome.reason for outcome in found],
    }


def prices(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[Batch]:
    """Give every price of the span as often as it was published."""
    found = reader.price_publications(start=start, end=end)
    if found:
        yield {
            "published_at_utc": np.array([ms_of(item[0]) for item in found], dtype="datetime64[ms]"),
            "start_utc": np.array([ms_of(item[1]) for item in found], dtype="datetime64[ms]"),
            "price_eur_per_kwh": np.array([item[2] for item in found], dtype=np.float64),
        }


def weather(reader: SqliteReader, start: datetime, end: datetime) -> Iterator[Batch]:
    """Give every weather forecast issued in the span, a variable at a time."""
    for source in reader.weather_sources():
        for begin, stop in _pieces(start, end):
            for forecast in reader.weather_between(source, begin, stop):
                for name, values in forecast.values.items():
                    yield _weather_rows(forecast, name, values)


def _weather_rows(forecast: WeatherForecast, name: str, values: FloatArray) -> Batch:
    there = np.isfinite(values)
    count = int(there.sum())
    step = np.timedelta64(forecast.step_s * 1000, "ms")
    labels = np.datetime64(ms_of(forecast.start), "ms") + np.flatnonzero(there) * step
    return {
        "issued_at_utc": _repeated(forecast.issued_at, count),
        "known_at_utc": _repeated(forecast.known_at, count),
        "source": [forecast.source] * count,
        "start_utc": np.asarray(labels),
        "latitude_degrees": np.full(count, forecast.latitude),
        "longitude_degrees": np.full(count, forecast.longitude),
        "variable": [name] * count,
        "value": values[there],
    }


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + _PIECE, end)
        start += _PIECE


def _labels(start: datetime, periods: int) -> Times:
    first = np.datetime64(ms_of(start), "ms")
    step = np.timedelta64(int(PERIOD.total_seconds()) * 1000, "ms")
    return np.asarray(first + np.arange(periods) * step)


def _repeated(moment: datetime, periods: int) -> Times:
    return np.full(periods, np.datetime64(ms_of(moment), "ms"))
