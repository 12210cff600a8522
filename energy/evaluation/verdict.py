"""What control was worth: each week's accounts side by side, and how much of the possible was captured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.evaluation.account import Account, Bill, account_of, sums_eur, total_eur
from energy.evaluation.course import Course
from energy.evaluation.figures import breached_limits, figures_of, served_fractions
from energy.evaluation.weeks import Window, days_of
from energy.periods import format_utc
from energy.region.model import Region

DENOMINATOR_SHARE_MIN = 0.02
"""Of the uncontrolled cost: where less could be saved, a share of it says nothing."""
SERVED_MIN = 0.999
"""Less than this is unserved demand; a thousandth is what steps and ramps leave."""
UNDERCUT_EUR = 1.0
"""Rounding of the account; a case that undercuts a proven bound by more shows that the bound is none."""
CASES = ("uncontrolled", "rules", "ours", "perfect_foresight")
CENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Week:
    """All that was computed of one week."""

    window: Window
    price_eur_per_kwh: FloatArray
    courses: Mapping[str, Course]
    """By case, and ``replayed``."""
    gap_eur: float
    """What the plan of perfect foresight may be above its proven bound."""
    broken: tuple[str, ...]
    """What the outside checker of ticks found in our case."""
    plan_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A week's accounts by case."""

    week: Week
    accounts: Mapping[str, Account]

    def cost_eur(self, case: str) -> float:
        """Give what a case costs; perfect foresight at the bound that no plan can undercut."""
        cost_eur = total_eur(self.accounts[case])
        return cost_eur - self.week.gap_eur if case == "perfect_foresight" else cost_eur

    def saved_eur(self, baseline: str) -> float:
        """Give what we cost less than a baseline."""
        return self.cost_eur(baseline) - self.cost_eur("ours")

    def possible_eur(self, baseline: str) -> float:
        """Give what perfect foresight costs less than a baseline."""
        return self.cost_eur(baseline) - self.cost_eur("perfect_foresight")

    def captured(self, baseline: str) -> float | None:
        """Give the share of the possible that we saved; None where there was too little to save."""
        possible_eur = self.possible_eur(baseline)
        if possible_eur < DENOMINATOR_SHARE_MIN * abs(self.cost_eur("uncontrolled")):
            return None
        return self.saved_eur(baseline) / possible_eur


def judge(region: Region, week: Week) -> Judged:
    """Account for every case of a week from one peak floor: the lowest peak among the cases."""
    point = region.grid_point.id
    days = days_of(week.window, region.zone)
    peaks_kw = [float(week.courses[case].mean(point, "power_kw").max()) for case in CASES]
    bill = Bill(
        price_eur_per_kwh=week.price_eur_per_kwh,
        days=len(days),
        peak_floor_kw=max(0.0, min(peaks_kw)),
        last_day_periods=days[-1].periods,
    )
    accounts = {case: account_of(region, course, bill) for case, course in week.courses.items()}
    return Judged(week=week, accounts=accounts)


def broken_invariants(region: Region, judged: Judged) -> list[str]:
    """Name each failure of ours: more than the possible, a limit breached, a demand not served."""
    week, ours = judged.week, judged.week.courses["ours"]
    label = f"{week.window.start.astimezone(region.zone):%Y-%m-%d}"
    found = [f"{label}: {item}" for item in (*breached_limits(region, ours), *week.broken)]
    for kind, fraction in served_fractions(region, ours).items():
        if fraction < SERVED_MIN:
            found.append(f"{label}: {kind}: {100.0 * fraction:.2f} % of what was asked for was served")
    for baseline in ("uncontrolled", "rules"):
        captured = judged.captured(baseline)
        if captured is not None and captured > 1.0:
            found.append(f"{label}: {100.0 * captured:.1f} % of what could be saved against {baseline}")
    bound_eur = judged.cost_eur("perfect_foresight")
    for case in judged.accounts:
        if case != "perfect_foresight" and judged.cost_eur(case) < bound_eur - UNDERCUT_EUR:
            under_eur = bound_eur - judged.cost_eur(case)
            found.append(
                f"{label}: {case} costs {under_eur:.0f} EUR less than perfect foresight was proven to"
            )
    return found


def remarks(region: Region, judged: Judged) -> list[str]:
    """Name the limits that the other cases did not keep: no failure of ours, but part of the comparison."""
    label = f"{judged.week.window.start.astimezone(region.zone):%Y-%m-%d}"
    return [
        f"{label}: {case}: {item}"
        for case, course in judged.week.courses.items()
        if case != "ours"
        for item in breached_limits(region, course)
    ]


def summary(region: Region, weeks: Sequence[Judged]) -> dict[str, Any]:
    """Give the verdict on all weeks, ready for JSON."""
    captured = [week.captured("uncontrolled") for week in weeks]
    over_rules = [week.captured("rules") for week in weeks]
    seconds = [value for week in weeks for value in week.week.plan_s]
    return {
        "captured": _median_and_worst(captured),
        "captured_over_rules": _median_and_worst(over_rules),
        "cost_eur": {
            case: round(sum(week.cost_eur(case) for week in weeks), CENTS) for case in weeks[0].accounts
        },
        "weeks": [_week(region, week) for week in weeks],
        "broken_invariants": [item for week in weeks for item in broken_invariants(region, week)],
        "remarks": [item for week in weeks for item in remarks(region, week)],
        "plan_s": _quantiles(seconds),
    }


def compared(weeks: Sequence[Judged]) -> dict[str, Any]:
    """Give what tells one setting of ours from another: what it saved against nobody in control, by week."""
    return {
        "captured": _median_and_worst([week.captured("uncontrolled") for week in weeks]),
        "captured_over_rules": _median_and_worst([week.captured("rules") for week in weeks]),
        "saved_eur": round(sum(week.saved_eur("uncontrolled") for week in weeks), CENTS),
        "weeks": [
            {
                "start": format_utc(week.week.window.start),
                "captured": _rounded(week.captured("uncontrolled"), 4),
                "saved_eur": round(week.saved_eur("uncontrolled"), CENTS),
            }
            for week in weeks
        ],
    }


def _week(region: Region, judged: Judged) -> dict[str, Any]:
    window = judged.week.window
    return {
        "first_day": f"{window.start.astimezone(region.zone):%Y-%m-%d}",
        "start": format_utc(window.start),
        "end": format_utc(window.end),
        "captured": _rounded(judged.captured("uncontrolled"), 4),
        "captured_over_rules": _rounded(judged.captured("rules"), 4),
        "saved_eur": round(judged.saved_eur("uncontrolled"), CENTS),
        "possible_eur": round(judged.possible_eur("uncontrolled"), CENTS),
        "saved_over_rules_eur": round(judged.saved_eur("rules"), CENTS),
        "possible_over_rules_eur": round(judged.possible_eur("rules"), CENTS),
        "cost_eur": {case: round(judged.cost_eur(case), CENTS) for case in judged.accounts},
        "parts_eur": {
            case: {part: round(value, CENTS) for part, value in sums_eur(account).items()}
            for case, account in judged.accounts.items()
        },
        "gap_eur": round(judged.week.gap_eur, CENTS),
        "imbalance_rebap_eur": None,
        "figures": {case: figures_of(region, course) for case, course in judged.week.courses.items()},
        "lost_eur": lost_eur(region, judged),
        "broken_invariants": broken_invariants(region, judged),
    }


def lost_eur(region: Region, judged: Judged) -> dict[str, Any]:
    """Say where we lose against the plan of perfect foresight: by part, and by part and local day."""
    ours, best = judged.accounts["ours"], judged.accounts["perfect_foresight"]
    lost = {part: ours[part] - best[part] for part in ours}
    window = judged.week.window
    by_day: list[dict[str, Any]] = []
    first = 0
    for day in days_of(window, region.zone):
        inside = slice(first, first + day.periods)
        first += day.periods
        parts = {part: round(float(values[inside].sum()), CENTS) for part, values in lost.items()}
        by_day.append({"day": f"{day.start.astimezone(region.zone):%Y-%m-%d}", **parts})
    return {"by_part": {part: round(float(v.sum()), CENTS) for part, v in lost.items()}, "by_day": by_day}


def _median_and_worst(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if not known:
        return {"median": None, "worst": None}
    return {"median": round(float(np.median(known)), 4), "worst": round(min(known), 4)}


def _quantiles(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None, "p99": None, "max": None}
    p50, p95, p99 = (round(float(value), 4) for value in np.percentile(values, [50, 95, 99]))
    return {"p50": p50, "p95": p95, "p99": p99, "max": round(max(values), 4)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
