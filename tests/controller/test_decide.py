"""What one tick decides, case by case, and what holds whatever comes in."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.controller.decide import decide
from energy.controller.tick_input import TickInput, TickOutput
from energy.domain import (
    Authority,
    Decision,
    Image,
    Level,
    Limit,
    Plan,
    Point,
    Quality,
    Reading,
    Request,
    RequestKind,
    Rung,
)
from energy.invariants import TickRecord, broken_invariants
from energy.region.model import Region
from tests.controller.conftest import NOW, VALUES, ImageMaker, plan_of

CALM = {"speicher": -50.0, "laden": 50.0, "park": -300.0, "netz": 200.0}


def tick_of(image: Image, plan: Plan | None, **changes: object) -> TickInput:
    tick = TickInput(
        image=image,
        tick_s=5.0,
        plan=plan,
        rung=plan.rung if plan is not None else Rung.SAFE_STATE,
        limits=(),
        overrides=(),
        exchange_mean_kw=None,
        outcomes=(),
        alarms=(),
        unread=(),
        uncommissioned=(),
        behind=(),
        notes=(),
    )
    return replace(tick, **changes)  # type: ignore[arg-type]  # tests name any field


def by_asset(output: TickOutput) -> dict[str, Decision]:
    return {decision.asset_id: decision for decision in output.decisions}


def power_kw(output: TickOutput, asset_id: str) -> float:
    setpoint = by_asset(output)[asset_id].setpoint
    assert setpoint is not None
    return setpoint.power_kw


def limit(target_id: str, *, low: float | None = None, high: float | None = None) -> Limit:
    return Limit(
        limit_id="g1",
        target_id=target_id,
        power_kw_min=low,
        power_kw_max=high,
        level=Level.GRID_OPERATOR,
        start=NOW - timedelta(hours=1),
        until=None,
        reason="grid operator",
    )


def test_a_calm_tick_follows_the_plan(region: Region, image_of: ImageMaker) -> None:
    output = decide(region, tick_of(image_of(), plan_of(CALM)))
    assert power_kw(output, "speicher") == -50.0
    assert power_kw(output, "laden") == 50.0
    assert power_kw(output, "park") == -600.0, "a plan that does not curtail lets the park run free"
    assert output.alarms == ()


def test_a_curtailing_plan_bounds_the_park_where_it_planned(region: Region, image_of: ImageMaker) -> None:
    plan = plan_of({**CALM, "park": -120.0}, curtailed_kw=180.0)
    held = image_of({("park", Point.POWER_KW_MIN): -300.0})
    assert power_kw(decide(region, tick_of(held, plan)), "park") == -120.0


def test_without_any_plan_every_asset_goes_to_its_named_safe_state(
    region: Region, image_of: ImageMaker
) -> None:
    output = decide(region, tick_of(image_of(), None))
    assert power_kw(output, "speicher") == 0.0
    assert power_kw(output, "laden") == 30.0
    assert power_kw(output, "park") == pytest.approx(-420.0)
    assert "safe_states_in_force" in {alarm.code for alarm in output.alarms}
    assert "safe state idle" in by_asset(output)["speicher"].reason


@pytest.mark.parametrize("quality", [Quality.COMM_ERROR, Quality.IMPLAUSIBLE, Quality.STALE])
def test_a_battery_with_unknown_energy_stands_still(
    region: Region, image_of: ImageMaker, quality: Quality
) -> None:
    image = image_of({("speicher", Point.ENERGY_KWH): quality})
    output = decide(region, tick_of(image, plan_of({**CALM, "speicher": -150.0})))
    assert power_kw(output, "speicher") == 0.0
    assert "asset_in_safe_state" in {alarm.code for alarm in output.alarms}


def test_an_old_reading_counts_as_unknown(region: Region, image_of: ImageMaker) -> None:
    output = decide(region, tick_of(image_of(age_s=31.0), plan_of({**CALM, "speicher": -150.0})))
    assert power_kw(output, "speicher") == 0.0


def test_discharge_stops_at_energy_kwh_min(region: Region, image_of: ImageMaker) -> None:
    image = image_of({("speicher", Point.ENERGY_KWH): 21.0})
    output = decide(region, tick_of(image, plan_of({**CALM, "speicher": -150.0})))
    assert power_kw(output, "speicher") == pytest.approx(-1.0 * 0.95 / (120.0 / 3600.0))
    empty = image_of({("speicher", Point.ENERGY_KWH): 20.0})
    assert power_kw(decide(region, tick_of(empty, plan_of({**CALM, "speicher": -150.0}))), "speicher") == 0.0


def test_a_grid_operators_limit_wins_over_plan_and_operator(region: Region, image_of: ImageMaker) -> None:
    request = Request(
        request_id="r",
        kind=RequestKind.SET,
        asset_id="laden",
        power_kw=150.0,
        actor="schicht",
        reason="test",
        made_at=NOW,
        until=NOW + timedelta(hours=1),
    )
    tick = tick_of(image_of(), plan_of(CALM), overrides=(request,), limits=(limit("laden", high=42.0),))
    decision = by_asset(decide(region, tick))["laden"]
    assert decision.setpoint is not None
    assert decision.setpoint.power_kw == 42.0
    assert decision.level is Level.OPERATOR
    assert "limited by grid operator" in decision.reason


def test_an_operators_request_wins_over_the_plan_until_it_expires(
    region: Region, image_of: ImageMaker
) -> None:
    request = Request(
        request_id="r",
        kind=RequestKind.SET,
        asset_id="speicher",
        power_kw=80.0,
        actor="schicht",
        reason="test",
        made_at=NOW,
        until=NOW + timedelta(minutes=1),
    )
    before = tick_of(image_of(), plan_of(CALM), overrides=(request,))
    assert power_kw(decide(region, before), "speicher") == 80.0
    after = tick_of(image_of(at=NOW + timedelta(minutes=1)), plan_of(CALM), overrides=(request,))
    assert power_kw(decide(region, after), "speicher") == -50.0


def test_the_battery_holds_the_quarter_hour(region: Region, image_of: ImageMaker) -> None:
    # planned import 200 kW; 5 of 15 minutes ran at 260 kW, and now 250 kW with the battery idle:
    # (200 * 900 - 260 * 300) / 600 = 170 kW for the rest, 80 kW less than now
    tick = tick_of(image_of(), plan_of({**CALM, "speicher": 0.0}), exchange_mean_kw=260.0)
    output = decide(region, tick)
    assert power_kw(output, "speicher") == pytest.approx(-60.0), "less the deadband of 20 kW"
    assert by_asset(output)["speicher"].level is Level.CORRECTION


def test_a_small_deviation_is_left_alone(region: Region, image_of: ImageMaker) -> None:
    tick = tick_of(image_of(), plan_of({**CALM, "speicher": 0.0, "netz": 245.0}), exchange_mean_kw=247.0)
    assert power_kw(decide(region, tick), "speicher") == 0.0


def test_import_over_the_limit_discharges_then_throttles_charging(
    region: Region, image_of: ImageMaker
) -> None:
    image = image_of({("netz", Point.POWER_KW): 1300.0, ("last", Point.POWER_KW): 1250.0})
    output = decide(region, tick_of(image, plan_of({**CALM, "speicher": 0.0})))
    assert power_kw(output, "speicher") == -200.0
    assert power_kw(output, "laden") == 0.0
    assert by_asset(output)["speicher"].level is Level.GRID_OPERATOR


def test_export_over_the_limit_charges_then_curtails(region: Region, image_of: ImageMaker) -> None:
    image = image_of(
        {
            ("netz", Point.POWER_KW): -1000.0,
            ("park", Point.POWER_KW): -600.0,
            ("park", Point.POWER_KW_AVAILABLE): -600.0,
            ("park", Point.POWER_KW_MIN): -600.0,
        }
    )
    output = decide(region, tick_of(image, plan_of({**CALM, "speicher": 0.0})))
    assert power_kw(output, "speicher") == 200.0
    assert power_kw(output, "park") == pytest.approx(-600.0 + 1000.0 - 0.98 * 800.0 - 200.0)


def test_urgent_charging_is_served_even_if_the_plan_waits(region: Region, image_of: ImageMaker) -> None:
    image = image_of({("laden", Point.ENERGY_KWH_URGENT): 20.0})
    assert power_kw(decide(region, tick_of(image, plan_of({**CALM, "laden": 0.0}))), "laden") == 80.0


@pytest.mark.parametrize("authority", [Authority.OBSERVE, Authority.ADVISE, Authority.APPROVE])
def test_below_automatic_the_plan_is_shown_and_not_sent(
    region: Region, image_of: ImageMaker, authority: Authority
) -> None:
    output = decide(replace(region, authority=authority), tick_of(image_of(), plan_of(CALM)))
    assert all(decision.setpoint is None for decision in output.decisions)
    assert by_asset(output)["speicher"].wanted_kw == -50.0


def test_an_alarm_keeps_the_moment_it_began(region: Region, image_of: ImageMaker) -> None:
    silent = {("last", Point.POWER_KW): Quality.COMM_ERROR}
    first = decide(region, tick_of(image_of(silent), plan_of(CALM)))
    later = image_of(silent, at=NOW + timedelta(seconds=5))
    second = decide(region, tick_of(later, plan_of(CALM), alarms=first.alarms))
    assert [alarm.since for alarm in second.alarms] == [NOW]


readings = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-3000.0, 3000.0),
    st.sampled_from([quality for quality in Quality if quality is not Quality.GOOD]),
)


def image_with(values: Sequence[float | Quality]) -> Image:
    made = {}
    for key, value in zip(VALUES, values, strict=True):
        good = not isinstance(value, Quality)
        made[key] = Reading(
            asset_id=key[0],
            point=key[1],
            value=float(value) if good else None,
            quality=Quality.GOOD if good else Quality(value),
            measured_at=NOW,
        )
    return Image(at=NOW, readings=made)


@settings(deadline=None, max_examples=300)
@given(
    values=st.lists(readings, min_size=len(VALUES), max_size=len(VALUES)),
    planned=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4),
    low=st.one_of(st.none(), st.floats(-300.0, 300.0)),
    high=st.one_of(st.none(), st.floats(-300.0, 300.0)),
    mean=st.one_of(st.none(), st.floats(-3000.0, 3000.0)),
)
def test_whatever_comes_in_no_invariant_breaks(
    region_once: Region,
    values: list[float | Quality],
    planned: list[float],
    low: float | None,
    high: float | None,
    mean: float | None,
) -> None:
    plan = plan_of(dict(zip(CALM, planned, strict=True)))
    limits = (limit("speicher", low=low, high=high), limit("laden", high=high))
    tick = tick_of(image_with(values), plan, limits=limits, exchange_mean_kw=mean)
    output = decide(region_once, tick)
    record = TickRecord(
        image=tick.image, age_s_max=30.0, limits=limits, decisions=output.decisions, outcomes=(), truth=None
    )
    broken = [item for item in broken_invariants(region_once, record) if "outcome" not in item.name]
    assert broken == []
    for decision in output.decisions:
        assert decision.setpoint is not None
        assert math.isfinite(decision.setpoint.power_kw)
    assert decide(region_once, tick) == output, "the same input decides the same"


@pytest.mark.parametrize(
    ("code", "severities"),
    [("plan_gap_missed", []), ("plan_gap_far_missed", ["info"]), ("plan_unproven", ["info"])],
)
def test_a_plan_a_little_less_exact_than_asked_for_is_no_alarm(
    region: Region, image_of: ImageMaker, code: str, severities: list[str]
) -> None:
    output = decide(region, tick_of(image_of(), plan_of(CALM), notes=(f"{code}: proven 1 %, wanted 0.1 %",)))
    assert [alarm.severity for alarm in output.alarms if alarm.code.startswith("plan_")] == severities


def test_a_battery_whose_power_nobody_sees_rests_whoever_asks(region: Region, image_of: ImageMaker) -> None:
    image = image_of({("speicher", Point.POWER_KW): Quality.IMPLAUSIBLE})
    decision = by_asset(decide(region, tick_of(image, plan_of(CALM))))["speicher"]
    assert decision.setpoint is not None
    assert decision.setpoint.power_kw == 0.0
    assert decision.setpoint.level is Level.PROTECTION
    assert "power unknown" in decision.setpoint.reason
