"""Counts what the controller does; the counts go into the record with the status and outlive a restart."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from energy.controller.plan_keeper import Followed
from energy.domain import Applied, Limited, Outcome, Rejected, Status, Unreachable
from energy.metrics import (
    FAILED_TICKS,
    OVERFLOW,
    PLAN_ISSUED,
    PLAN_SECONDS,
    PLANS,
    RECORD_FAILURES,
    SETPOINTS,
    TICK_SECONDS,
    TICKS,
    WEATHER_FETCHES,
    WEATHER_ISSUED,
    Metric,
    bucket_key,
    key,
    sum_key,
)

MS_PER_S = 1000.0


class Counts:
    """Numbers in memory by key; begins with what the record holds."""

    def __init__(self, stored: Mapping[str, float] | None = None) -> None:
        self._numbers = {
            name: number for name, number in (stored or {}).items() if math.isfinite(number) and number >= 0.0
        }
        self._fetches: dict[str, int] = {}

    @property
    def numbers(self) -> Mapping[str, float]:
        """All numbers so far."""
        return self._numbers

    def tick(self, followed: Followed | None, outcomes: Sequence[Outcome], status: Status) -> None:
        """Count a tick that went well; ``followed`` is None when the assets are handed back."""
        for outcome in outcomes:
            self._add(key(SETPOINTS, _name(outcome)))
        if followed is None:
            return
        self._add(key(TICKS))
        self._observe(TICK_SECONDS, status.tick_ms / MS_PER_S)
        for answer in followed.answers:
            self._add(key(PLANS, answer.plan.rung))
            self._numbers[key(PLAN_ISSUED)] = answer.plan.issued_at.timestamp()
            if answer.plan.wall_s:
                self._observe(PLAN_SECONDS, sum(answer.plan.wall_s.values()))

    def failed_tick(self) -> None:
        """Count a tick that failed."""
        self._add(key(FAILED_TICKS))

    def record_failure(self) -> None:
        """Count a write that the record did not take."""
        self._add(key(RECORD_FAILURES))

    def weather(self, *, fetched: int, failed: int, issued: datetime | None) -> None:
        """Take what this process fetched so far, and when the oldest place's newest weather was issued."""
        for outcome, number in (("fetched", fetched), ("failed", failed)):
            before = self._fetches.get(outcome, 0)
            if number > before:
                self._add(key(WEATHER_FETCHES, outcome), float(number - before))
                self._fetches[outcome] = number
        if issued is not None:
            self._numbers[key(WEATHER_ISSUED)] = issued.timestamp()

    def _add(self, name: str, amount: float = 1.0) -> None:
        self._numbers[name] = self._numbers.get(name, 0.0) + amount

    def _observe(self, metric: Metric, seconds: float) -> None:
        if not math.isfinite(seconds):
            return
        for bound_s in metric.bounds_s:
            self._add(bucket_key(metric, f"{bound_s:g}"), 1.0 if seconds <= bound_s else 0.0)
        self._add(bucket_key(metric, OVERFLOW))
        self._add(sum_key(metric), max(0.0, seconds))


def _name(outcome: Outcome) -> str:
    match outcome:
        case Applied():
            return "applied"
        case Limited():
            return "limited"
        case Rejected():
            return "rejected"
        case Unreachable():
            return "unreachable"
        case _:
            assert_never(outcome)
