"""How good live forecasts were: sums over a local day, so that days add up, and the figures made of them.

A row belongs to an asset, a model (a rung, or a rung with a correction) and a lead class. Errors count
magnitudes, forecast less truth: positive means that more was expected than came.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

QUARTERS_PER_DAY = 96
"""Of a day without a clock change."""
WINDOWS_DAYS = (7, 28)
"""What a leaderboard looks back over, in local days."""
DAY_BEFORE = "day_before"
WEEK_BEFORE = "week_before"
UNCORRECTED = "uncorrected"
"""The same forecast before its correction, over the quarter hours that the correction changed."""


class Lead(StrEnum):
    """How long before a quarter hour its forecast was made."""

    DAY_AHEAD = "day_ahead"
    """As of 12:00 local time of the day before, whatever the hour."""
    UNDER_1_H = "under_1_h"
    FROM_1_TO_6_H = "from_1_to_6_h"
    FROM_6_TO_24_H = "from_6_to_24_h"
    FROM_24_TO_48_H = "from_24_to_48_h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another forecast and one's own over the same quarter hours: sums of absolute errors, kW."""

    n: int = 0
    error_kw_abs: float = 0.0
    own_error_kw_abs: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScore:
    """Sums over ``n`` forecast quarter hours whose truth is known.

    ``inside`` counts those in the band from p05 to p95. ``cost_eur`` and its parts are summed over the
    ``cost_n`` quarter hours for which the plan had a marginal price (``energy.forecast.judging.error_cost``).
    """

    asset_id: str
    model: str
    lead: Lead
    n: int
    error_kw: float
    error_kw_abs: float
    error_kw_squared: float
    pinball_kw: float
    inside: int
    truth_kw_abs: float
    cost_n: int = 0
    cost_eur: float = 0.0
    short_eur: float = 0.0
    long_eur: float = 0.0
    rivals: Mapping[str, Rival] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScores:
    """All scores of the local day that begins at ``day_start``; an empty day is one that was looked at."""

    day_start: datetime
    scores: tuple[LiveScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One line of a leaderboard; None where nothing was measured for it.

    ``rank`` counts from 1 among those that forecast the same quarter hours, as of noon the rungs do; nearer
    leads and corrected forecasts have quarter hours of their own, and no rank.
    ``skill_day_before`` and ``skill_week_before`` are 1 less the ratio of absolute errors to those of the
    naive forecast over the same quarter hours, ``skill_uncorrected`` to those without the correction. Costs
    are those of 96 quarter hours: near ones are forecast many times.
    """

    asset_id: str
    model: str
    lead: Lead
    rank: int | None
    n: int
    mae_kw: float
    nmae: float | None
    bias_kw: float
    rmse_kw: float
    pinball_kw: float
    coverage: float
    skill_day_before: float | None
    skill_week_before: float | None
    skill_uncorrected: float | None
    cost_eur_per_day: float | None
    short_eur_per_day: float | None
    long_eur_per_day: float | None


def standings(scores: Iterable[LiveScore]) -> tuple[Standing, ...]:
    """Add days up: by asset and lead class, the least absolute error first; ranked where that is fair."""
    sums: dict[tuple[str, str, Lead], LiveScore] = {}
    for score in scores:
        key = score.asset_id, score.model, score.lead
        sums[key] = _added(sums[key], score) if key in sums else score
    order = {lead: place for place, lead in enumerate(Lead)}
    lines = [_standing(score) for score in sums.values() if score.n > 0]
    lines.sort(key=lambda line: (line.asset_id, order[line.lead], line.mae_kw, line.model))
    return _ranked(lines)


def _ranked(lines: Sequence[Standing]) -> tuple[Standing, ...]:
    """Number those of the day ahead that have every quarter hour; one alone is no ranking."""
    every: dict[str, list[Standing]] = {}
    for line in lines:
        if line.lead is Lead.DAY_AHEAD:
            every.setdefault(line.asset_id, []).append(line)
    places: dict[tuple[str, str], int] = {}
    for asset_id, rivals in every.items():
        most = max(line.n for line in rivals)
        alike = [line.model for line in rivals if line.n == most]
        if len(alike) > 1:
            places |= {(asset_id, model): place for place, model in enumerate(alike, 1)}
    return tuple(
        replace(line, rank=places.get((line.asset_id, line.model)) if line.lead is Lead.DAY_AHEAD else None)
        for line in lines
    )


def _added(one: LiveScore, other: LiveScore) -> LiveScore:
    return LiveScore(
        asset_id=one.asset_id,
        model=one.model,
        lead=one.lead,
        n=one.n + other.n,
        error_kw=one.error_kw + other.error_kw,
        error_kw_abs=one.error_kw_abs + other.error_kw_abs,
        error_kw_squared=one.error_kw_squared + other.error_kw_squared,
        pinball_kw=one.pinball_kw + other.pinball_kw,
        inside=one.inside + other.inside,
        truth_kw_abs=one.truth_kw_abs + other.truth_kw_abs,
        cost_n=one.cost_n + other.cost_n,
        cost_eur=one.cost_eur + other.cost_eur,
        short_eur=one.short_eur + other.short_eur,
        long_eur=one.long_eur + other.long_eur,
        rivals={name: _both(one, other, name) for name in sorted({*one.rivals, *other.rivals})},
    )


def _both(one: LiveScore, other: LiveScore, name: str) -> Rival:
    first, second = one.rivals.get(name, Rival()), other.rivals.get(name, Rival())
    return Rival(
        n=first.n + second.n,
        error_kw_abs=first.error_kw_abs + second.error_kw_abs,
        own_error_kw_abs=first.own_error_kw_abs + second.own_error_kw_abs,
    )


def _standing(score: LiveScore) -> Standing:
    priced = score.cost_n > 0
    days = QUARTERS_PER_DAY / max(1, score.cost_n)
    return Standing(
        asset_id=score.asset_id,
        model=score.model,
        lead=score.lead,
        rank=None,
        n=score.n,
        mae_kw=score.error_kw_abs / score.n,
        nmae=score.error_kw_abs / score.truth_kw_abs if score.truth_kw_abs > 0.0 else None,
        bias_kw=score.error_kw / score.n,
        rmse_kw=math.sqrt(score.error_kw_squared / score.n),
        pinball_kw=score.pinball_kw / score.n,
        coverage=score.inside / score.n,
        skill_day_before=_skill(score, DAY_BEFORE),
        skill_week_before=_skill(score, WEEK_BEFORE),
        skill_uncorrected=_skill(score, UNCORRECTED),
        cost_eur_per_day=score.cost_eur * days if priced else None,
        short_eur_per_day=score.short_eur * days if priced else None,
        long_eur_per_day=score.long_eur * days if priced else None,
    )


def _skill(score: LiveScore, name: str) -> float | None:
    rival = score.rivals.get(name)
    if rival is None or rival.n == 0 or rival.error_kw_abs <= 0.0:
        return None
    return 1.0 - rival.own_error_kw_abs / rival.error_kw_abs
