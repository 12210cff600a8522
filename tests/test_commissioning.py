"""How a point-to-point test is judged, and what counts of it later."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.canonical import canonical_bytes, parse
from energy.commissioning import (
    CommissioningProtocol,
    Course,
    PastTest,
    Standing,
    Step,
    StepName,
    Verdict,
    agrees,
    course_of,
    in_words,
    is_beyond,
    past_test_of,
    standing_of,
    step_kw_of,
    tolerance_of,
)
from energy.domain import Authority, Point
from energy.errors import RecordBroken

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
powers_kw = st.floats(-1e5, 1e5, allow_nan=False)


def protocol(*verdicts: Verdict, latches: bool = False, simulated: bool = False) -> CommissioningProtocol:
    names = tuple(StepName)
    steps = tuple(
        Step(name=name, verdict=verdict, words=("words",))
        for name, verdict in zip(names, verdicts, strict=False)
    )
    return CommissioningProtocol(
        asset_id="battery",
        kind="battery",
        device="tcp 10.0.0.1:502 unit 1",
        map_name="generic_battery",
        fingerprint="aa",
        tester="meier",
        witness="Erika",
        simulated=simulated,
        started_at=AT,
        ended_at=AT + timedelta(minutes=5),
        required=names,
        steps=steps,
        sent_kw=(100.0, -100.0),
        latches=latches,
    )


def past(verdict: Verdict, *, fingerprint: str = "aa", simulated: bool = False, minutes: int = 0) -> PastTest:
    passed = verdict is Verdict.PASSED
    return PastTest(
        asset_id="battery",
        fingerprint=fingerprint,
        verdict=verdict,
        authority_max=Authority.AUTOMATIC if passed else Authority.OBSERVE,
        simulated=simulated,
        ended_at=AT + timedelta(minutes=minutes),
        tester="meier",
        witness="Erika",
    )


def state_of(*tests: PastTest) -> Standing:
    return standing_of(tests, asset_id="battery", fingerprint="aa")


def test_a_test_passes_only_when_every_required_step_passed() -> None:
    passed = [Verdict.PASSED] * len(StepName)
    assert protocol(*passed).verdict is Verdict.PASSED
    assert protocol(*passed[:-1]).verdict is Verdict.INCOMPLETE, "the hand-back is missing"
    for place in range(len(passed)):
        bent = list(passed)
        bent[place] = Verdict.FAILED
        assert protocol(*bent).verdict is Verdict.FAILED
        bent[place] = Verdict.INCOMPLETE
        assert protocol(*bent).verdict is Verdict.INCOMPLETE


def test_a_device_that_latches_bears_advise_at_most() -> None:
    passed = [Verdict.PASSED] * len(StepName)
    assert protocol(*passed).authority_max is Authority.AUTOMATIC
    assert protocol(*passed, latches=True).authority_max is Authority.ADVISE
    assert protocol(*passed[:2], latches=True).authority_max is Authority.OBSERVE


def test_what_counts_of_a_protocol_survives_the_ledgers_bytes() -> None:
    made = protocol(*[Verdict.PASSED] * len(StepName))
    back = past_test_of(parse(canonical_bytes(made.body())))
    assert back == past(Verdict.PASSED, minutes=5)


def test_a_body_that_is_no_protocol_is_refused() -> None:
    body = protocol(Verdict.PASSED).body()
    for broken in ({}, {**body, "verdict": "fine"}, {**body, "ended_at": 5}):
        with pytest.raises(RecordBroken, match="point-to-point"):
            past_test_of(broken)


def test_a_changed_device_needs_a_new_test() -> None:
    assert state_of().state == "never"
    assert state_of(past(Verdict.PASSED)).authority_max is Authority.AUTOMATIC
    changed = state_of(past(Verdict.PASSED, fingerprint="bb"))
    assert changed.state == "changed"
    assert changed.authority_max is Authority.OBSERVE


def test_the_last_test_that_was_decided_counts() -> None:
    passed, failed = past(Verdict.PASSED), past(Verdict.FAILED, minutes=1)
    left = past(Verdict.INCOMPLETE, minutes=2)
    assert state_of(passed, failed).state == "failed"
    assert state_of(failed, passed).state == "passed"
    assert state_of(passed, left).state == "passed", "what was left undone disproves nothing"
    assert state_of(left).state == "incomplete"
    assert state_of(left).authority_max is Authority.OBSERVE


def test_a_simulated_device_proves_nothing_of_a_real_one() -> None:
    assert state_of(past(Verdict.PASSED, simulated=True)).state == "never"
    assert state_of(past(Verdict.PASSED), past(Verdict.FAILED, simulated=True)).state == "passed"


def test_another_assets_test_counts_for_nothing() -> None:
    standing = standing_of([past(Verdict.PASSED)], asset_id="pv_park", fingerprint="aa")
    assert standing.state == "never"


def test_authority_is_ordered_from_observe_to_automatic() -> None:
    assert not is_beyond(Authority.OBSERVE, Authority.OBSERVE)
    assert is_beyond(Authority.ADVISE, Authority.OBSERVE)
    assert is_beyond(Authority.APPROVE, Authority.ADVISE)
    assert not is_beyond(Authority.ADVISE, Authority.AUTOMATIC)


def test_the_tolerance_is_a_share_of_the_scale_but_never_less_than_a_registers_step() -> None:
    assert tolerance_of(2000.0, 0.1) == pytest.approx(40.0)
    assert tolerance_of(-2000.0, 100.0) == pytest.approx(100.0)


@given(nameplate_kw=st.floats(0.1, 1e6), register_step=st.floats(0.0, 1e4))
def test_a_step_is_at_least_twice_what_may_be_noise(nameplate_kw: float, register_step: float) -> None:
    tolerance_kw = tolerance_of(nameplate_kw, register_step)
    assert step_kw_of(nameplate_kw, tolerance_kw) >= 2.0 * tolerance_kw


@given(shown=powers_kw, before=powers_kw, after=powers_kw, tolerance=st.floats(0.0, 1e3))
def test_a_display_agrees_with_what_was_read_around_it(
    shown: float, before: float, after: float, tolerance: float
) -> None:
    inside = min(before, after) - tolerance <= shown <= max(before, after) + tolerance
    assert agrees(shown, [before, after], tolerance=tolerance) is inside


def test_nothing_agrees_with_a_value_that_is_none() -> None:
    assert not agrees(math.nan, [1.0], tolerance=1e9)
    assert not agrees(1.0, [math.nan], tolerance=1e9)
    assert not agrees(1.0, [], tolerance=1e9)


def course(now_kw: float, *, before_kw: float = 0.0, setpoint_kw: float = 100.0) -> Course:
    return course_of(now_kw, before_kw=before_kw, setpoint_kw=setpoint_kw, tolerance_kw=40.0, turned_kw=50.0)


def test_a_power_is_judged_by_where_it_goes() -> None:
    assert course(0.0) is Course.UNDER_WAY
    assert course(61.0) is Course.ARRIVED
    assert course(-49.0) is Course.UNDER_WAY
    assert course(-100.0) is Course.WRONG_WAY
    assert course(200.0) is Course.BEYOND


@given(now_kw=powers_kw, before_kw=powers_kw, setpoint_kw=powers_kw)
def test_turning_every_sign_changes_no_judgement(now_kw: float, before_kw: float, setpoint_kw: float) -> None:
    if before_kw != setpoint_kw:
        there = course(now_kw, before_kw=before_kw, setpoint_kw=setpoint_kw)
        assert course(-now_kw, before_kw=-before_kw, setpoint_kw=-setpoint_kw) is there


@given(before_kw=powers_kw, step_kw=st.floats(101.0, 1e4), up=st.booleans())
def test_a_wrong_sign_is_never_taken_for_an_arrival(before_kw: float, step_kw: float, *, up: bool) -> None:
    told_kw = step_kw if up else -step_kw
    assert course(before_kw - told_kw, before_kw=before_kw, setpoint_kw=before_kw + told_kw) is (
        Course.WRONG_WAY
    )


def test_people_read_a_direction_and_a_magnitude() -> None:
    assert in_words(Point.POWER_KW, -12.34, kind="wind") == "feeds in 12.3 kW"
    assert in_words(Point.POWER_KW, 12.0, kind="load") == "draws 12.0 kW"
    assert in_words(Point.POWER_KW, 12.0, kind="grid_point") == "imports 12.0 kW"
    assert in_words(Point.POWER_KW_SETPOINT, -500.0, kind="battery") == "discharges with 500.0 kW"
    assert in_words(Point.POWER_KW, 0.04, kind="battery") == "0.0 kW"
    assert in_words(Point.ENERGY_KWH, 2200.0, kind="battery") == "2,200.0 kWh"
    assert in_words(Point.REMOTE, 1.0, kind="pv") == "1.0"
    assert in_words(Point.POWER_KW, None, kind="pv") == "no value"
