"""The way down between plans, with planners that answer, fail or stay silent."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from energy.controller.plan_keeper import PlanKeeper, Situation, follow
from energy.domain import AssetPlan, Plan, Rung
from energy.errors import NoPlan, PlannerUnavailable
from energy.ports import PlanAnswer, PlanRequest
from energy.region.model import Control
from tests.controller.conftest import ImageMaker, plan_of

QUARTER = datetime.fromisoformat("2020-06-03T10:00:00+00:00")
MINUTE = timedelta(minutes=1)
PLANNED_KW = {"speicher": -10.0, "laden": 50.0, "park": -300.0, "netz": 250.0}


class ScriptedPlanner:
    """A planner that does what a test says: answer after so many polls, or fail."""

    def __init__(self, *, rung: Rung = Rung.OPTIMAL, fails: Exception | None = None, polls: int = 1) -> None:
        self.rung = rung
        self.fails = fails
        self.polls = polls
        self.requests: list[PlanRequest] = []
        self._left = 0

    def start(self, request: PlanRequest) -> None:
        self.requests.append(request)
        self._left = self.polls

    def poll(self) -> PlanAnswer | None:
        if self.fails is not None:
            raise self.fails
        self._left -= 1
        if self._left > 0:
            return None
        request = self.requests[-1]
        plan = plan_of(PLANNED_KW, start=request.start, issued_at=request.issued_at, rung=self.rung)
        return PlanAnswer(plan=replace(plan, plan_id=request.plan_id), forecasts=())


def keeper_of(planner: ScriptedPlanner, fallback: ScriptedPlanner) -> PlanKeeper:
    return PlanKeeper(control=Control(), planner=planner, fallback=fallback)


def rules() -> ScriptedPlanner:
    return ScriptedPlanner(rung=Rung.RULES)


def test_the_first_tick_follows_the_rules_until_the_plan_comes(image_of: ImageMaker) -> None:
    planner, fallback = ScriptedPlanner(), rules()
    keeper = keeper_of(planner, fallback)
    first = keeper.step(image=image_of(at=QUARTER), limits=(), billed_peak_kw=0.0)
    assert first.rung is Rung.RULES
    second = keeper.step(image=image_of(at=QUARTER + MINUTE), limits=(), billed_peak_kw=0.0)
    assert second.rung is Rung.OPTIMAL
    assert planner.requests[0].start == QUARTER


def test_the_next_plan_is_asked_for_two_minutes_ahead_and_in_force_at_the_quarter_hour(
    image_of: ImageMaker,
) -> None:
    planner = ScriptedPlanner()
    keeper = keeper_of(planner, rules())
    for minute in range(16):
        followed = keeper.step(image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0)
    assert [request.start for request in planner.requests] == [QUARTER, QUARTER + 15 * MINUTE]
    assert planner.requests[1].issued_at == QUARTER + 13 * MINUTE
    assert followed.plan is not None
    assert followed.plan.start == QUARTER + 15 * MINUTE
    assert followed.rung is Rung.OPTIMAL


def test_a_planner_that_dies_leaves_the_last_plan_then_the_rules_then_safe_states(
    image_of: ImageMaker,
) -> None:
    planner, fallback = ScriptedPlanner(), rules()
    keeper = keeper_of(planner, fallback)
    seen: dict[int, Rung] = {}
    for minute in range(200):
        if minute == 5:
            planner.fails = PlannerUnavailable("killed")
        if minute == 140:
            fallback.fails = NoPlan("no rules either")
        followed = keeper.step(image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0)
        seen[minute] = followed.rung
    assert seen[10] is Rung.OPTIMAL
    assert seen[30] is Rung.SHIFTED
    assert seen[120] is Rung.SHIFTED
    assert seen[121] is Rung.RULES
    assert seen[149] is Rung.RULES, "rules of the quarter hour are followed to its end"
    assert seen[150] is Rung.SAFE_STATE
    assert any(note.startswith("planner_unavailable: ") for note in followed.notes)
    assert len(planner.requests) < 200, "a dead planner is not asked every tick"


def test_a_plan_whose_reasons_are_unknown_is_followed(image_of: ImageMaker) -> None:
    class Unsettled(ScriptedPlanner):
        def poll(self) -> PlanAnswer | None:
            answer = super().poll()
            if answer is not None:
                unknown = {"price_eur_per_kwh_draw": np.full(192, np.nan)}
                part = AssetPlan(power_kw=np.full(192, -10.0), states=unknown)
                object.__setattr__(answer.plan, "assets", {"speicher": part})
            return answer

    keeper = keeper_of(Unsettled(), rules())
    seen = [
        keeper.step(image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0).rung
        for minute in range(3)
    ]
    assert seen[-1] is Rung.OPTIMAL


def test_a_plan_with_a_nan_is_not_followed(image_of: ImageMaker) -> None:
    class Poisoned(ScriptedPlanner):
        def poll(self) -> PlanAnswer | None:
            answer = super().poll()
            if answer is None:
                return None
            powers = np.full(192, -10.0)
            powers[7] = np.nan
            object.__setattr__(answer.plan, "assets", {"speicher": AssetPlan(power_kw=powers)})
            return answer

    keeper = keeper_of(Poisoned(), rules())
    for minute in range(3):
        followed = keeper.step(image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0)
        assert followed.rung is Rung.RULES
    assert "not finite" in followed.notes[-1]


def test_a_plan_asked_for_before_the_clock_jumped_is_dropped_and_asked_for_again(
    image_of: ImageMaker,
) -> None:
    planner = ScriptedPlanner(polls=2)
    keeper = keeper_of(planner, rules())
    keeper.step(image=image_of(at=QUARTER), limits=(), billed_peak_kw=0.0)
    keeper.distrust()
    late = QUARTER + timedelta(hours=1)
    followed = [
        keeper.step(image=image_of(at=late + minute * MINUTE), limits=(), billed_peak_kw=0.0)
        for minute in range(5)
    ]
    assert [request.start for request in planner.requests] == [QUARTER, late]
    assert {item.rung for item in followed} == {Rung.RULES, Rung.OPTIMAL}
    assert followed[-1].plan is not None
    assert followed[-1].plan.start == late


def test_an_answer_to_another_request_is_not_followed(image_of: ImageMaker) -> None:
    class Confused(ScriptedPlanner):
        def poll(self) -> PlanAnswer | None:
            answer = super().poll()
            return None if answer is None else replace(answer, plan=replace(answer.plan, plan_id="other"))

    keeper = keeper_of(Confused(), rules())
    for minute in range(2):
        followed = keeper.step(image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0)
    assert followed.rung is Rung.RULES
    assert "answers another request" in followed.notes[-1]


def test_a_plan_for_the_next_quarter_hour_is_made_again_when_the_situation_changes(
    image_of: ImageMaker,
) -> None:
    planner = ScriptedPlanner()
    keeper = keeper_of(planner, rules())
    calm: Situation = ((), None, frozenset())
    silent: Situation = ((), None, frozenset({"speicher"}))
    for minute in range(17):
        keeper.step(
            image=image_of(at=QUARTER + minute * MINUTE),
            limits=(),
            billed_peak_kw=0.0,
            situation=calm if minute < 14 else silent,
        )
    starts = [request.start for request in planner.requests]
    assert starts == [QUARTER, QUARTER + 15 * MINUTE, QUARTER, QUARTER + 15 * MINUTE]


def test_a_failed_planning_for_a_changed_situation_is_tried_again(image_of: ImageMaker) -> None:
    planner = ScriptedPlanner()
    keeper = keeper_of(planner, rules())
    silent: Situation = ((), None, frozenset({"speicher"}))
    for minute in range(6):
        planner.fails = NoPlan("once") if minute == 4 else None
        situation: Situation = ((), None, frozenset()) if minute < 3 else silent
        keeper.step(
            image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0, situation=situation
        )
    assert len(planner.requests) == 3


def test_a_changed_situation_plans_at_once(image_of: ImageMaker) -> None:
    planner = ScriptedPlanner()
    keeper = keeper_of(planner, rules())
    calm = ((), None, frozenset[str]())
    silent = ((), None, frozenset({"speicher"}))
    for minute in range(3):
        keeper.step(
            image=image_of(at=QUARTER + minute * MINUTE), limits=(), billed_peak_kw=0.0, situation=calm
        )
    keeper.step(image=image_of(at=QUARTER + 3 * MINUTE), limits=(), billed_peak_kw=0.0, situation=silent)
    assert [request.issued_at for request in planner.requests] == [QUARTER, QUARTER + 3 * MINUTE]


@pytest.mark.parametrize(
    ("age_minutes", "rung"),
    [(0, Rung.OPTIMAL), (14, Rung.OPTIMAL), (15, Rung.SHIFTED), (119, Rung.SAFE_STATE)],
)
def test_a_plan_is_followed_while_it_is_young(age_minutes: int, rung: Rung) -> None:
    plan: Plan = plan_of({"speicher": 1.0}, start=QUARTER)
    followed = follow([plan], QUARTER + age_minutes * MINUTE, age_s_max=7200.0)
    assert followed == (None if rung is Rung.SAFE_STATE else plan, rung)


def test_a_plan_to_come_is_not_followed_yet() -> None:
    assert follow([plan_of({"speicher": 1.0}, start=QUARTER)], QUARTER - MINUTE, age_s_max=7200.0)[0] is None
