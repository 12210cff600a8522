"""The way down: which plan is followed now, and when the next one is asked for.

optimal -> incumbent -> last plan shifted -> rules -> safe states. A tick never waits here: planners are
started and polled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from energy.domain import REASONS, Image, Limit, Plan, Request, Rung
from energy.errors import BadInput, NoPlan, Permanent, Retryable
from energy.periods import PERIOD, next_period_start, period_start
from energy.ports import PlanAnswer, Planner, PlanRequest
from energy.region.model import Control

PLANS_MAX = 16
"""More than two hours of quarter hours, with some asked for in between."""
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
    in_force = [plan for plan in plans if plan.start <= now < _end(plan)]
    young = [plan for plan in in_force if (now - plan.issued_at).total_seconds() <= age_s_max]
    if not young:
        return None, Rung.SAFE_STATE
    best = max(young, key=lambda plan: (plan.start, plan.rung is not Rung.RULES, plan.issued_at))
    if best.rung is not Rung.RULES and now >= best.start + PERIOD:
        return best, Rung.SHIFTED
    return best, best.rung


def _end(plan: Plan) -> datetime:
    """Rules stand on what was measured then: they are good for one quarter hour."""
    return plan.start + (PERIOD if plan.rung is Rung.RULES else plan.periods * PERIOD)


def unusable(plan: Plan, request: PlanRequest) -> str | None:
    """Say why a plan must not be followed as the answer to a request; None where it can be."""
    if plan.plan_id != request.plan_id:
        return f"plan {plan.plan_id} answers another request than {request.plan_id}"
    for asset_id, part in plan.assets.items():
        arrays = {"power_kw": part.power_kw, **part.states}
        for name, values in arrays.items():
            sound = ~np.isinf(values) if name in REASONS else np.isfinite(values)
            if not sound.all():
                return f"the plan's {name} of {asset_id} is not finite"
    return None if plan.periods > 0 else "the plan covers no period"


Situation = tuple[tuple[Limit, ...], datetime | None, frozenset[str], frozenset[str]] | None
"""Limits in force, the moment up to which prices are known, the assets that do not answer, the corrections
that are open."""


class PlanKeeper:
    """Holds the few plans that matter now and keeps the planners busy at the right moments."""

    def __init__(
        self, *, control: Control, planner: Planner, fallback: Planner, plans: Sequence[Plan] = ()
    ) -> None:
        self._control = control
        self._planner = planner
        self._fallback = fallback
        self._plans = list(plans)
        self._retry_at: datetime | None = None
        self._situation: Situation = None
        self._asked: tuple[PlanRequest, Situation] | None = None
        self._distrusted = False
        self._notes: dict[str, tuple[str, ...]] = {}
        self._answered = {plan.start for plan in plans if plan.rung is not Rung.RULES}
        self._trouble: str | None = None

    def step(
        self,
        *,
        image: Image,
        limits: tuple[Limit, ...],
        billed_peak_kw: float,
        situation: Situation = None,
        corrections: tuple[Request, ...] = (),
    ) -> Followed:
        """Take what the planner has, ask for what is due, and say what to follow now.

        Args:
            image: what is measured now.
            limits: those in force now.
            billed_peak_kw: the billing period's highest quarter-hour import.
            situation: what a plan stands on besides; when it changes, a new plan is asked for at once.
            corrections: people's open corrections of forecasts.
        """
        now = image.at
        answers = self._collect(now)
        start = self._due_start(now, situation)
        if start is not None and self._may_ask(now):
            request = _request("p", start=start, image=image, limits=limits, billed_peak_kw=billed_peak_kw)
            self._ask(replace(request, corrections=corrections), situation)
        plan, rung = follow(self._plans, now, age_s_max=self._control.plan_age_s_max)
        if plan is None or (rung is Rung.RULES and plan.start != period_start(now)):
            request = _request(
                "r", start=period_start(now), image=image, limits=limits, billed_peak_kw=billed_peak_kw
            )
            answers.extend(self._rules(request))
            plan, rung = follow(self._plans, now, age_s_max=self._control.plan_age_s_max)
        self._forget(now)
        notes = [] if plan is None else [*self._notes.get(plan.plan_id, ())]
        if self._trouble is not None:
            notes.append(f"planner_unavailable: {self._trouble}")
        return Followed(plan=plan, rung=rung, answers=tuple(answers), notes=tuple(notes))

    def _collect(self, now: datetime) -> list[PlanAnswer]:
        if self._asked is None:
            return []
        try:
            answer = self._planner.poll()
        except (Retryable, Permanent, BadInput) as error:
            self._fail(now, error)
            return []
        if answer is None:
            return []
        request, situation = self._asked
        if self._distrusted:
            self._asked = None
            return []
        if fault := unusable(answer.plan, request):
            self._fail(now, NoPlan(fault))
            return []
        self._asked = None
        self._situation = situation
        self._trouble = None
        self._retry_at = None
        self._keep(answer)
        self._answered.add(answer.plan.start)
        return [answer]

    def _keep(self, answer: PlanAnswer) -> None:
        self._plans.append(answer.plan)
        self._notes[answer.plan.plan_id] = answer.notes

    def distrust(self) -> None:
        """Forget all plans, one that is being made too: the time they are for is not the time it is."""
        self._plans.clear()
        self._answered.clear()
        self._distrusted = self._asked is not None

    def _may_ask(self, now: datetime) -> bool:
        return self._asked is None and (self._retry_at is None or now >= self._retry_at)

    def _ask(self, request: PlanRequest, situation: Situation) -> None:
        try:
            self._planner.start(request)
        except (Retryable, Permanent) as error:
            self._fail(request.issued_at, error)
            return
        self._asked = (request, situation)
        self._distrusted = False
        if situation != self._situation:
            self._answered = {start for start in self._answered if start <= request.start}

    def _due_start(self, now: datetime, situation: Situation) -> datetime | None:
        """Say for which start a plan should be asked now, None when none is due."""
        if self._situation is not None and situation != self._situation:
            return period_start(now)
        if period_start(now) not in self._answered:
            return period_start(now)
        coming = next_period_start(now)
        near = (coming - now).total_seconds() <= self._control.plan_lead_s
        return coming if near and coming not in self._answered else None

    def _rules(self, request: PlanRequest) -> list[PlanAnswer]:
        try:
            self._fallback.start(request)
            answer = self._fallback.poll()
        except (Retryable, Permanent, BadInput) as error:
            self._trouble = f"rules failed too: {error}"
            return []
        if answer is None:
            return []
        self._keep(answer)
        return [answer]

    def _fail(self, now: datetime, error: Exception) -> None:
        self._asked = None
        self._trouble = str(error)
        self._retry_at = now + RETRY

    def _forget(self, now: datetime) -> None:
        """Keep what may still be followed: plans to come, and the youngest few."""
        horizon = now - timedelta(seconds=self._control.plan_age_s_max)
        self._plans = [plan for plan in self._plans if plan.issued_at >= horizon][-PLANS_MAX:]
        self._answered = {start for start in self._answered if start >= horizon}
        known = {plan.plan_id for plan in self._plans}
        self._notes = {plan_id: notes for plan_id, notes in self._notes.items() if plan_id in known}


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
