"""Forecasts that are only judged, and what live forecasts scored: written with plans, read by people."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from energy.canonical import decode, plain
from energy.domain import Forecast
from energy.historian.instants import moment_of, ms_of
from energy.historian.limits import LIVE_SCORES_KEPT_DAYS, PLANS_KEPT_DAYS, PLANS_PER_QUERY_MAX
from energy.historian.packing import pack_forecast, read_json, unpack_forecast
from energy.live_score import LiveScore
from energy.ports import PlanAnswer
from energy.sqlite_file import SqliteFile


class JudgingWriter:
    """The writing side in one SQLite file; its owner begins and commits."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def write(self, answer: PlanAnswer) -> None:
        """Record a plan's shadows, and scores: those of a day replace what was there of it."""
        if not answer.shadows and not answer.scores:
            return
        self._file.begin()
        self._file.executemany(
            "INSERT INTO shadow (asset_id, issued_ms, head, arrays) VALUES (?, ?, ?, ?)",
            [
                (forecast.asset_id, ms_of(forecast.issued_at), *pack_forecast(forecast))
                for forecast in answer.shadows
            ],
        )
        for day in answer.scores:
            day_ms = ms_of(day.day_start)
            self._file.execute("DELETE FROM live_score WHERE day_ms = ?", (day_ms,))
            self._file.execute("INSERT OR REPLACE INTO scored_day (day_ms) VALUES (?)", (day_ms,))
            self._file.executemany(
                "INSERT INTO live_score (day_ms, asset_id, model, lead, body) VALUES (?, ?, ?, ?, ?)",
                [
                    (day_ms, score.asset_id, score.model, str(score.lead), json.dumps(plain(score)))
                    for score in day.scores
                ],
            )

    def prune(self, now: datetime) -> None:
        """Delete what is older than its limit."""
        plans_ms = ms_of(now - timedelta(days=PLANS_KEPT_DAYS))
        self._file.execute("DELETE FROM shadow WHERE issued_ms < ?", (plans_ms,))
        scores_ms = ms_of(now - timedelta(days=LIVE_SCORES_KEPT_DAYS))
        for table in ("live_score", "scored_day"):
            self._file.execute(f"DELETE FROM {table} WHERE day_ms < ?", (scores_ms,))  # noqa: S608 - constants


class JudgingQueries:
    """The reading side in one SQLite file."""

    _file: SqliteFile

    def shadows_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        """Give one asset's forecasts that were only judged, issued in [start, end), oldest first."""
        rows = self._file.execute(
            "SELECT head, arrays FROM shadow WHERE asset_id = ? AND issued_ms >= ? AND issued_ms < ?"
            " ORDER BY issued_ms DESC, id DESC LIMIT ?",
            (asset_id, ms_of(start), ms_of(end), PLANS_PER_QUERY_MAX),
        )
        return [unpack_forecast(head, arrays) for head, arrays in rows[::-1]]

    def scored_days(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """Give the starts in [start, end) of the local days whose forecasts have been scored."""
        rows = self._file.execute(
            "SELECT day_ms FROM scored_day WHERE day_ms >= ? AND day_ms < ? ORDER BY day_ms",
            (ms_of(start), ms_of(end)),
        )
        return [moment_of(day_ms) for (day_ms,) in rows]

    def live_scores(self, start: datetime, end: datetime, asset_id: str | None = None) -> Sequence[LiveScore]:
        """Give the scores of the local days that begin in [start, end), of one asset or of all."""
        rows = self._file.execute(
            "SELECT body FROM live_score WHERE day_ms >= ? AND day_ms < ? AND (? IS NULL OR asset_id = ?)"
            " ORDER BY day_ms, asset_id, model, lead",
            (ms_of(start), ms_of(end), asset_id, asset_id),
        )
        return [decode(LiveScore, read_json(body)) for (body,) in rows]
