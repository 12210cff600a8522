"""Reads what was decided and why: plans and forecasts, outcomes, prices, weather, status, events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.canonical import decode, decode_outcome
from energy.domain import Alarm, FloatArray, Forecast, Outcome, Plan, Status
from energy.historian.instants import PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import (
    EVENTS_PER_QUERY_MAX,
    PLANS_PER_QUERY_MAX,
    POINTS_PER_QUERY_MAX,
    WEATHER_PER_QUERY_MAX,
    query_fault,
    window,
)
from energy.historian.packing import read_json, unpack_forecast, unpack_plan, unpack_weather
from energy.sqlite_file import Row, SqliteFile
from energy.weather import WeatherForecast

_LATEST_PLAN = "(SELECT id FROM plan WHERE issued_ms <= ? ORDER BY issued_ms DESC, id DESC LIMIT 1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An alarm that appeared, or went, at a moment of the controller."""

    at: datetime
    appeared: bool
    alarm: Alarm


class DecisionQueries:
    """The reading side of decisions in one SQLite file.

    Every method raises StoreUnavailable or RecordBroken where the file does, and BadInput where the question
    is too big.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def plan_at(self, moment: datetime) -> Plan | None:
        """Give the latest plan issued at or before the moment."""
        answer = self._plan_row(moment)
        return None if answer is None else answer[0]

    def notes_at(self, moment: datetime) -> Sequence[str]:
        """Give the planner's notes on the latest plan issued at or before the moment."""
        answer = self._plan_row(moment)
        return () if answer is None else answer[1]

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        """Give the forecasts that the latest plan issued at or before the moment stands on."""
        rows = self._file.execute(
            f"SELECT head, arrays FROM forecast WHERE plan = {_LATEST_PLAN} ORDER BY place",  # noqa: S608 - a constant
            (ms_of(moment),),
        )
        return [unpack_forecast(head, arrays) for head, arrays in rows]

    def plans_between(self, start: datetime, end: datetime) -> Sequence[Plan]:
        """Give the plans issued in [start, end), oldest first, at most the newest PLANS_PER_QUERY_MAX."""
        rows = self._file.execute(
            "SELECT head, arrays FROM plan WHERE issued_ms >= ? AND issued_ms < ?"
            " ORDER BY issued_ms DESC, id DESC LIMIT ?",
            (ms_of(start), ms_of(end), PLANS_PER_QUERY_MAX),
        )
        return [unpack_plan(head, arrays)[0] for head, arrays in rows[::-1]]

    def forecasts_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        """Give one asset's forecasts issued in [start, end), oldest first, at most PLANS_PER_QUERY_MAX."""
        rows = self._file.execute(
            "SELECT head, arrays FROM forecast WHERE asset_id = ? AND issued_ms >= ? AND issued_ms < ?"
            " ORDER BY issued_ms DESC, plan DESC LIMIT ?",
            (asset_id, ms_of(start), ms_of(end), PLANS_PER_QUERY_MAX),
        )
        return [unpack_forecast(head, arrays) for head, arrays in rows[::-1]]

    def latest_outcomes(self) -> Mapping[str, Outcome]:
        """Give for each asset what became of its latest setpoint."""
        rows = self._file.execute("SELECT asset_id, body FROM latest_outcome ORDER BY asset_id")
        return {asset_id: _outcome(body) for asset_id, body in rows}

    def outcomes_between(self, start: datetime, end: datetime) -> Sequence[Outcome]:
        """Give the outcomes in [start, end) in order.

        Raises:
            BadInput: there are more than POINTS_PER_QUERY_MAX.
        """
        rows = self._file.execute(
            "SELECT body FROM outcome WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id LIMIT ?",
            (ms_of(start), ms_of(end), POINTS_PER_QUERY_MAX + 1),
        )
        if len(rows) > POINTS_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{start} to {end}",
                limit=f"at most {POINTS_PER_QUERY_MAX} outcomes a query",
                mend="ask for a shorter window",
            )
        return [_outcome(body) for (body,) in rows]

    def published_prices(self, *, start: datetime, end: datetime, known_at: datetime) -> FloatArray:
        """Give the published price of each period in [start, end), EUR/kWh, NaN where none was known."""
        first, periods = window(start, end)
        begin = period_of(first)
        rows = self._file.execute(
            "SELECT period, price_eur_per_kwh, max(published_ms) FROM price"
            " WHERE period >= ? AND period < ? AND published_ms <= ? GROUP BY period",
            (begin, begin + periods, ms_of(known_at)),
        )
        prices: FloatArray = np.full(periods, np.nan)
        for period, price_eur_per_kwh, _ in rows:
            prices[period - begin] = price_eur_per_kwh
        return prices

    def price_publications(
        self, *, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime, float]]:
        """Give every price of the periods in [start, end): when published, the period's start, EUR/kWh."""
        first, periods = window(start, end)
        begin = period_of(first)
        rows = self._file.execute(
            "SELECT published_ms, period, price_eur_per_kwh FROM price"
            " WHERE period >= ? AND period < ? ORDER BY published_ms, period LIMIT ?",
            (begin, begin + periods, POINTS_PER_QUERY_MAX + 1),
        )
        if len(rows) > POINTS_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{start} to {end}",
                limit=f"at most {POINTS_PER_QUERY_MAX} prices a query",
                mend="ask for a shorter window",
            )
        return [(moment_of(row[0]), moment_of(row[1] * PERIOD_MS), row[2]) for row in rows]

    def weather_at(self, source: str, known_at: datetime) -> WeatherForecast | None:
        """Give a source's newest forecast among those known at a moment; a late older one never hides it."""
        rows = self._file.execute(
            "SELECT head, arrays FROM weather WHERE source = ? AND issued_ms <= ? AND known_ms <= ?"
            " ORDER BY issued_ms DESC, known_ms DESC, id DESC LIMIT 1",
            (
                source,
                ms_of(known_at),
                ms_of(known_at),
            ),
        )
        return unpack_weather(*rows[0]) if rows else None

    def weather_heard(self, known_at: datetime) -> Sequence[tuple[str, datetime, datetime]]:
        """Give each source's newest forecast known at a moment: source, when issued, when known."""
        rows = self._file.execute(
            "SELECT source, max(issued_ms), known_ms FROM weather WHERE known_ms <= ?"
            " GROUP BY source ORDER BY source",
            (ms_of(known_at),),
        )
        return [(source, moment_of(issued_ms), moment_of(known_ms)) for source, issued_ms, known_ms in rows]

    def weather_sources(self) -> Sequence[str]:
        """List the sources that weather was recorded of."""
        return [str(row[0]) for row in self._file.execute("SELECT DISTINCT source FROM weather ORDER BY 1")]

    def weather_between(self, source: str, start: datetime, end: datetime) -> Sequence[WeatherForecast]:
        """Give a source's forecasts issued in [start, end), oldest first, WEATHER_PER_QUERY_MAX at most.

        Raises:
            BadInput: there are more.
        """
        rows = self._file.execute(
            "SELECT head, arrays FROM weather WHERE source = ? AND issued_ms >= ? AND issued_ms < ?"
            " ORDER BY issued_ms, known_ms, id LIMIT ?",
            (source, ms_of(start), ms_of(end), WEATHER_PER_QUERY_MAX + 1),
        )
        if len(rows) > WEATHER_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{start} to {end}",
                limit=f"at most {WEATHER_PER_QUERY_MAX} weather forecasts a query",
                mend="ask for a shorter window",
            )
        return [unpack_weather(*row) for row in rows]

    def status(self) -> tuple[Status, datetime] | None:
        """Give the latest status and when it was written by the wall clock; None before the first tick."""
        rows = self._file.execute("SELECT body, written_ms FROM status")
        return (decode(Status, read_json(rows[0][0])), moment_of(rows[0][1])) if rows else None

    def metrics(self) -> Mapping[str, float]:
        """Give what the controller counted, by key (``energy.metrics``)."""
        return dict(self._file.execute("SELECT name, value FROM metric"))

    def recent_events(self, limit: int) -> Sequence[Event]:
        """Give the newest events, newest first, at most ``limit`` and EVENTS_PER_QUERY_MAX."""
        rows = self._file.execute(
            "SELECT at_ms, appeared, alarm FROM event ORDER BY id DESC LIMIT ?",
            (max(0, min(limit, EVENTS_PER_QUERY_MAX)),),
        )
        return [
            Event(at=moment_of(at_ms), appeared=bool(appeared), alarm=decode(Alarm, read_json(alarm)))
            for at_ms, appeared, alarm in rows
        ]

    def _plan_row(self, moment: datetime) -> tuple[Plan, tuple[str, ...]] | None:
        rows: list[Row] = self._file.execute(
            f"SELECT head, arrays FROM plan WHERE id = {_LATEST_PLAN}",  # noqa: S608 - a constant
            (ms_of(moment),),
        )
        return unpack_plan(*rows[0]) if rows else None


def _outcome(body: str) -> Outcome:
    return decode_outcome(read_json(body))
