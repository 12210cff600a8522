"""Writes what was decided and why: outcomes, plans and forecasts, prices, weather, status, events."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.canonical import decode, plain
from energy.domain import Alarm, FloatArray, Outcome, Status
from energy.historian.instants import ms_of, period_of
from energy.historian.limits import (
    EVENTS_KEPT_DAYS,
    OUTCOMES_KEPT_DAYS,
    PLANS_KEPT_DAYS,
    WEATHER_KEPT_DAYS,
)
from energy.historian.packing import pack_forecast, pack_plan, pack_weather, read_json
from energy.historian.telemetry_queries import import_window
from energy.ports import PlanAnswer
from energy.sqlite_file import SqliteFile
from energy.weather import WeatherForecast

_DAY_MS = 86_400_000
_WALL_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
"""The moment of writing by the wall clock, stamped by the database; 2440587.5 is the Julian day of 1970."""


class DecisionWriter:
    """The writing side of decisions in one SQLite file; its owner commits. Keeps nothing in memory."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def write_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of setpoints."""
        if not outcomes:
            return
        self._file.begin()
        rows = [
            (ms_of(outcome.at), outcome.setpoint.asset_id, json.dumps(plain(outcome), ensure_ascii=False))
            for outcome in outcomes
        ]
        self._file.executemany("INSERT INTO outcome (at_ms, asset_id, body) VALUES (?, ?, ?)", rows)
        self._file.executemany(
            "INSERT OR REPLACE INTO latest_outcome (asset_id, body) VALUES (?, ?)", [row[1:] for row in rows]
        )

    def write_status(self, status: Status) -> datetime | None:
        """Record the status; an alarm that appeared or went since the last one is kept as an event.

        Gives the moment of the status before.
        """
        self._file.begin()
        rows = self._file.execute("SELECT body FROM status")
        before = decode(Status, read_json(rows[0][0])) if rows else None
        events = [
            (ms_of(status.at), appeared, json.dumps(plain(alarm), ensure_ascii=False))
            for appeared, alarm in changes(before.alarms if before is not None else (), status.alarms)
        ]
        self._file.executemany("INSERT INTO event (at_ms, appeared, alarm) VALUES (?, ?, ?)", events)
        self._file.execute(
            f"INSERT OR REPLACE INTO status (id, body, written_ms) VALUES (1, ?, {_WALL_MS})",  # noqa: S608 - a constant
            (json.dumps(plain(status), ensure_ascii=False),),
        )
        return before.at if before is not None else None

    def write_metrics(self, numbers: Mapping[str, float]) -> None:
        """Record what the controller counts."""
        self._file.begin()
        self._file.executemany("INSERT OR REPLACE INTO metric (name, value) VALUES (?, ?)", numbers.items())

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan and the forecasts it stands on."""
        self._file.begin()
        head, arrays = pack_plan(answer.plan, answer.notes)
        number = self._file.execute(
            "INSERT INTO plan (issued_ms, head, arrays) VALUES (?, ?, ?) RETURNING id",
            (ms_of(answer.plan.issued_at), head, arrays),
        )[0][0]
        rows = [
            (number, place, forecast.asset_id, ms_of(forecast.issued_at), *pack_forecast(forecast))
            for place, forecast in enumerate(answer.forecasts)
        ]
        self._file.executemany(
            "INSERT INTO forecast (plan, place, asset_id, issued_ms, head, arrays) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Record published prices of consecutive periods from ``start``; NaN is left out.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, price_eur_per_kwh.size)
        self._file.begin()
        places = np.flatnonzero(np.isfinite(price_eur_per_kwh))
        begin, published_ms = period_of(start), ms_of(published_at)
        rows = [(begin + place, published_ms, float(price_eur_per_kwh[place])) for place in places.tolist()]
        self._file.executemany(
            "INSERT OR REPLACE INTO price (period, published_ms, price_eur_per_kwh) VALUES (?, ?, ?)", rows
        )

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Record a weather forecast as it became known."""
        self._file.begin()
        self._file.execute(
            "INSERT INTO weather (source, issued_ms, known_ms, head, arrays) VALUES (?, ?, ?, ?, ?)",
            (
                forecast.source,
                ms_of(forecast.issued_at),
                ms_of(forecast.known_at),
                *pack_weather(forecast),
            ),
        )

    def prune(self, now: datetime) -> None:
        """Delete what is older than its limit."""
        now_ms = ms_of(now)
        self._file.execute("DELETE FROM outcome WHERE at_ms < ?", (now_ms - OUTCOMES_KEPT_DAYS * _DAY_MS,))
        self._file.execute("DELETE FROM event WHERE at_ms < ?", (now_ms - EVENTS_KEPT_DAYS * _DAY_MS,))
        self._file.execute("DELETE FROM weather WHERE issued_ms < ?", (now_ms - WEATHER_KEPT_DAYS * _DAY_MS,))
        plans_ms = now_ms - PLANS_KEPT_DAYS * _DAY_MS
        self._file.execute(
            "DELETE FROM forecast WHERE plan IN (SELECT id FROM plan WHERE issued_ms < ?)", (plans_ms,)
        )
        self._file.execute("DELETE FROM plan WHERE issued_ms < ?", (plans_ms,))


def changes(before: Sequence[Alarm], after: Sequence[Alarm]) -> list[tuple[bool, Alarm]]:
    """List alarms that went (False) and appeared (True); an alarm is its code and its target."""
    old = {(alarm.code, alarm.target_id): alarm for alarm in before}
    new = {(alarm.code, alarm.target_id): alarm for alarm in after}
    went = [(False, alarm) for key, alarm in old.items() if key not in new]
    appeared = [(True, alarm) for key, alarm in new.items() if key not in old]
    return went + appeared
