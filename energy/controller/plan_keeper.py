"""The way down: which plan is followed now, and when the next one is asked for.

optimal -> incumbent -> last plan shifted -> rules -> safe states. A tick never waits here: planners are
started and polled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from energy.domain import Image, Limit, Plan, Rung
from energy.errors import BadInput, NoPlan, Permanent, Retryable
from energy.periods import PERIOD, next_period_start, period_start
from energy.ports import PlanAnswer, Planner, PlanRequest
from energy.region.model import Control

RETRY = timedelta(seconds=60)
"""After a failure of the planner the next try waits this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a tick follows: the plan with its rung, what was newly planned, and what a person should know."""

    plan: Plan | None
    rung: Rung
    answers: tuple[PlanAnswer, ...]
    notes: tuple[str, ...]


def follow(plans: Sequence[Plan], now: datetime, *, age_s_max: float) -> tuple[Plan | None, Rung]:
    """Choose among the plans known, and name the rung.

    A plan is in force from its start on; once its first quarter hour is over without a successor it counts
    as shifted, and past ``age_s_max`` it is not followed any more.
    """
    in_force = [plan for plan in plans if plan.start <= now < plan.start + plan.periods * PERIOD]
    young = [plan for plan in in_force if (now - plan.issued_at).total_seconds() <= age_s_max]
    if not young:
        return None, Rung.SAFE_STATE
    best = max(young, key=lambda plan: (plan.start, plan.rung is not Rung.RULES, plan.issued_at))
    if best.rung is not Rung.RULES and now >= best.start + PERIOD:
        return best, Rung.SHIFTED
    return best, best.rung


def unusable(plan: Plan) -> str | None:
    """Say why a plan must not be followed; None where it can be."""
    for asset_id, part in plan.assets.items():
        arrays = {"power_kw": part.power_kw, **part.states}
        for name, values in arrays.items():
            if not np.isfinite(values).all():
                return f"the plan's {name} of {asset_id} is not finite"
    return None if plan.periods > 0 else "the plan covers no period"


class PlanKeeper:
    """Holds the few plans that matter now and keeps the planners busy at the right moments."""

    def __init__(
        self, *, control: Control, planner: Planner, fallback: Planner, plans: Sequence[Plan] = ()
    ) -> None:
        self._control = control
        self._planner = planner
        self._fallback = fallback
        self._plans = list(plans)
        self._asked_for: datetime | None = None
        self._waiting = False
        self._retry_at: datetime | None = None
        self._limits: tuple[Limit, ...] | None = None
        self._trouble: str | None = None

    def step(self, *, image: Image, limits: tuple[Limit, ...], billed_peak_kw: float) -> Followed:
        """Take what the planner has, ask for what is due, and say what to follow now."""
        now = image.at
        answers = self._collect(now)
        self._ask_if_due(image=image, limits=limits, billed_peak_kw=billed_peak_kw)
        plan, rung = follow(self._plans, now, age_s_max=self._control.plan_age_s_max)
        if plan is None or (rung is Rung.RULES and plan.start != period_start(now)):
            request = _request(
                "r", start=period_start(now), image=image, limits=limits, billed_peak_kw=billed_peak_kw
            )
            answers.extend(self._rules(request))
            plan, rung = follow(self._plans, now, age_s_max=self._control.plan_age_s_max)
        self._forget(now)
        notes = [note for answer in answers for note in answer.notes]
        if self._trouble is not None:
            notes.append(f"planner_unavailable: {self._trouble}")
        return Followed(plan=plan, rung=rung, answers=tuple(answers), notes=tuple(notes))

    def _collect(self, now: datetime) -> list[PlanAnswer]:
        if not self._waiting:
            return []
        try:
            answer = self._planner.poll()
        except (Retryable, Permanent, BadInput) as error:
            self._fail(now, error)
            return []
        if answer is None:
            return []
        if fault := unusable(answer.plan):
            self._fail(now, NoPlan(fault))
            return []
        self._waiting = False
        self._trouble = None
        self._retry_at = None
        self._plans.append(answer.plan)
        return [answer]

    def _ask_if_due(self, *, image: Image, limits: tuple[Limit, ...], billed_peak_kw: float) -> None:
        now = image.at
        if self._waiting:
            return
        start = self._due_start(now, limits)
        if start is None or (self._retry_at is not None and now < self._retry_at):
            return
        try:
            request = _request("p", start=start, image=image, limits=limits, billed_peak_kw=billed_peak_kw)
            self._planner.start(request)
        except (Retryable, Permanent, BadInput) as error:
            self._fail(now, error)
            return
        self._waiting = True
        self._asked_for = start
        self._limits = limits

    def _due_start(self, now: datetime, limits: tuple[Limit, ...]) -> datetime | None:
        """Say for which start a plan should be asked now, None when none is due."""
        planned = [plan for plan in self._plans if plan.rung is not Rung.RULES]
        changed = self._limits is not None and limits != self._limits
        if changed or not any(plan.start <= now < plan.start + PERIOD for plan in planned):
            covered = any(plan.start == period_start(now) for plan in planned)
            if changed or not covered:
                return period_start(now)
        coming = next_period_start(now)
        near = (coming - now).total_seconds() <= self._control.plan_lead_s
        if near and not any(plan.start == coming for plan in planned):
            return coming
        return None

    def _rules(self, request: PlanRequest) -> list[PlanAnswer]:
        try:
            self._fallback.start(request)
            answer = self._fallback.poll()
        except (Retryable, Permanent, BadInput) as error:
            self._trouble = f"rules failed too: {error}"
            return []
        if answer is None:
            return []
        self._plans.append(answer.plan)
        return [answer]

    def _fail(self, now: datetime, error: Exception) -> None:
        self._waiting = False
        self._trouble = str(error)
        self._retry_at = now + RETRY

    def _forget(self, now: datetime) -> None:
        """Keep what may still be followed: plans to come, and the youngest few."""
        horizon = now - timedelta(seconds=self._control.plan_age_s_max)
        self._plans = [plan for plan in self._plans if plan.issued_at >= horizon][-16:]


def _request(
    prefix: str, *, start: datetime, image: Image, limits: tuple[Limit, ...], billed_peak_kw: float
) -> PlanRequest:
    return PlanRequest(
        plan_id=f"{prefix}{image.at:%Y%m%dT%H%M%SZ}",
        issued_at=image.at,
        start=start,
        image=image,
        limits=limits,
        billed_peak_kw=billed_peak_kw,
    )
