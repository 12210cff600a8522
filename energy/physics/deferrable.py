"""Demand that can wait: it arrives, is served up to a bound, or leaves unserved when its time is up.

What arrives in one quarter hour forms a cohort. It leaves together, a fixed time after that quarter hour's
end, so that each kilowatt hour can wait at least that long. Who leaves first is served first: that leaves the
least unserved (Horn, Some simple scheduling algorithms, 1974, doi:10.1002/nav.3800210113). Power
falls at once where nothing more is wanted; otherwise it follows the ramp.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from energy.periods import PERIOD_S
from energy.physics.finite import clamp, duration, finite
from energy.physics.ramp import Stretch, stretches
from energy.units import S_PER_H

URGENT_S = S_PER_H
"""Urgent is what is due within the next hour (glossary: energy_kwh_urgent)."""
EMPTY_KWH = 1e-9
"""Less than this is rounding; it is delivered with the next moment's energy."""


class Cohort(NamedTuple):
    """Energy still wanted that leaves together, ``due_s`` on the asset's clock."""

    due_s: float
    energy_kwh: float


class Patience(NamedTuple):
    """How long demand waits, and how its draw moves."""

    wait_s: float
    power_kw_max: float
    ramp_kw_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferrableState:
    """State of such a demand: cohorts in the order of their departure; energies count since commissioning.

    ``elapsed_s`` is the asset's own clock; its multiples of 900 s are quarter hours. What arrived equals
    drawn plus unserved plus backlog.
    """

    power_kw: float = 0.0
    elapsed_s: float = 0.0
    cohorts: tuple[Cohort, ...] = ()
    energy_kwh_drawn: float = 0.0
    energy_kwh_arrived: float = 0.0
    energy_kwh_unserved: float = 0.0

    @property
    def energy_kwh_fed_in(self) -> float:
        """It only draws."""
        return 0.0

    @property
    def energy_kwh_backlog(self) -> float:
        """What is still wanted."""
        return sum((cohort.energy_kwh for cohort in self.cohorts), 0.0)

    @property
    def energy_kwh_urgent(self) -> float:
        """The part of the backlog that is due within the next hour."""
        soon_s = self.elapsed_s + URGENT_S
        return sum((cohort.energy_kwh for cohort in self.cohorts if cohort.due_s <= soon_s), 0.0)


def step_deferrable(
    patience: Patience, state: DeferrableState, *, arriving_kw: float, power_kw_max: float, dt_s: float
) -> DeferrableState:
    """Let demand arrive at a constant rate and serve it up to a bound.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    arriving_kw = max(0.0, finite(arriving_kw, "arriving_kw"))
    bound_kw = clamp(finite(power_kw_max, "power_kw_max"), 0.0, patience.power_kw_max)
    left_s = duration(dt_s)
    while left_s > 0.0:
        event_s = _next_event_s(state)
        until_event_s = event_s - state.elapsed_s
        span_s = min(left_s, until_event_s)
        end_s = event_s if span_s == until_event_s else state.elapsed_s + span_s
        state = _serve(
            patience, state, arriving_kw=arriving_kw, bound_kw=bound_kw, span_s=span_s, end_s=end_s
        )
        left_s -= span_s
    return state


def _next_event_s(state: DeferrableState) -> float:
    """Give the next moment at which a quarter hour ends or a cohort leaves."""
    quarter_end_s = (state.elapsed_s // PERIOD_S + 1.0) * PERIOD_S
    return min(quarter_end_s, state.cohorts[0].due_s) if state.cohorts else quarter_end_s


def _serve(
    patience: Patience,
    state: DeferrableState,
    *,
    arriving_kw: float,
    bound_kw: float,
    span_s: float,
    end_s: float,
) -> DeferrableState:
    """Step within one quarter hour, no departure inside; those due at its end leave."""
    backlog_kwh = state.energy_kwh_backlog
    arrived_kwh = arriving_kw * span_s / S_PER_H
    delivered_kwh, power_kw = _draw(
        backlog_kwh,
        arriving_kw,
        way=(state.power_kw, bound_kw),
        ramp_kw_per_s=patience.ramp_kw_per_s,
        span_s=span_s,
    )
    delivered_kwh = min(delivered_kwh, backlog_kwh + arrived_kwh)
    due_s = (state.elapsed_s // PERIOD_S + 1.0) * PERIOD_S + patience.wait_s
    cohorts = _served(_joined(state.cohorts, Cohort(due_s, arrived_kwh)), delivered_kwh)
    staying = tuple(cohort for cohort in cohorts if cohort.due_s > end_s)
    unserved_kwh = sum(cohort.energy_kwh for cohort in cohorts if cohort.due_s <= end_s)
    return DeferrableState(
        power_kw=power_kw,
        elapsed_s=end_s,
        cohorts=staying,
        energy_kwh_drawn=state.energy_kwh_drawn + delivered_kwh,
        energy_kwh_arrived=state.energy_kwh_arrived + arrived_kwh,
        energy_kwh_unserved=state.energy_kwh_unserved + unserved_kwh,
    )


def _draw(
    backlog_kwh: float,
    arriving_kw: float,
    *,
    way: tuple[float, float],
    ramp_kw_per_s: float,
    span_s: float,
) -> tuple[float, float]:
    """Give the energy drawn over a span and the power at its end; ``way`` is the power now and its goal."""
    power_kw, goal_kw = way
    drawn_kwh, left_s = 0.0, span_s
    while left_s > 0.0:
        if backlog_kwh <= EMPTY_KWH and power_kw >= arriving_kw:
            if goal_kw >= arriving_kw:
                return drawn_kwh + backlog_kwh + arriving_kw * left_s / S_PER_H, arriving_kw
            power_kw = arriving_kw
        for stretch in stretches(power_kw, goal_kw, ramp_kw_per_s=ramp_kw_per_s, dt_s=left_s):
            emptied_s = _emptied_after_s(backlog_kwh, arriving_kw, stretch)
            moved = stretch if emptied_s is None else stretch.until(emptied_s)
            drawn_kwh += moved.energy_kwh
            left_s -= moved.duration_s
            if emptied_s is not None:
                backlog_kwh, power_kw = 0.0, arriving_kw
                break
            backlog_kwh = max(0.0, backlog_kwh + arriving_kw * moved.duration_s / S_PER_H - moved.energy_kwh)
            power_kw = moved.end_kw
        else:
            break
    return drawn_kwh, power_kw


def _emptied_after_s(backlog_kwh: float, arriving_kw: float, stretch: Stretch) -> float | None:
    """Give the time within a stretch at which nothing more is wanted, None if that does not come.

    Solves slope t^2 / 2 + excess t - backlog = 0 for its first positive root; the excess is the power at the
    start less what arrives.
    """
    backlog_kws = max(0.0, backlog_kwh) * S_PER_H
    excess_kw, slope_kw_per_s = stretch.start_kw - arriving_kw, stretch.slope_kw_per_s
    discriminant = excess_kw * excess_kw + 2.0 * slope_kw_per_s * backlog_kws
    left_kwh = backlog_kwh + arriving_kw * stretch.duration_s / S_PER_H - stretch.energy_kwh
    dips = excess_kw > 0.0 > stretch.end_kw - arriving_kw and discriminant > 0.0
    if left_kwh >= 0.0 and not dips:
        return None
    divisor_kw = excess_kw + math.sqrt(max(0.0, discriminant))
    if backlog_kws > 0.0 and divisor_kw > 0.0:
        emptied_s = 2.0 * backlog_kws / divisor_kw
    else:
        emptied_s = -2.0 * excess_kw / slope_kw_per_s if slope_kw_per_s > 0.0 else 0.0
    return min(stretch.duration_s, max(0.0, emptied_s))


def _joined(cohorts: tuple[Cohort, ...], newest: Cohort) -> list[Cohort]:
    if cohorts and cohorts[-1].due_s == newest.due_s:
        return [*cohorts[:-1], Cohort(newest.due_s, cohorts[-1].energy_kwh + newest.energy_kwh)]
    return [*cohorts, newest] if newest.energy_kwh > 0.0 else list(cohorts)


def _served(cohorts: list[Cohort], delivered_kwh: float) -> list[Cohort]:
    """Deliver to those who leave first; a cohort that has all it wants is dropped."""
    left_kwh = delivered_kwh
    waiting: list[Cohort] = []
    for cohort in cohorts:
        given_kwh = min(cohort.energy_kwh, left_kwh)
        left_kwh -= given_kwh
        if cohort.energy_kwh > given_kwh:
            waiting.append(Cohort(cohort.due_s, cohort.energy_kwh - given_kwh))
    return waiting
