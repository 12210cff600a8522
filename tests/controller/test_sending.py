"""What hinders a setpoint: no recorded point-to-point test, local operation, and not knowing."""

from dataclasses import replace

import pytest

from energy.controller.decide import decide
from energy.domain import Authority, Point, Quality, Severity
from energy.region.model import Region
from tests.controller.conftest import ImageMaker, plan_of
from tests.controller.test_decide import CALM, by_asset, tick_of

REMOTE = ("speicher", Point.REMOTE)
OVERLOAD = {("netz", Point.POWER_KW): 1050.0, ("speicher", Point.POWER_KW): 0.0}


def test_nothing_is_sent_to_an_asset_without_its_point_to_point_test(
    region: Region, image_of: ImageMaker
) -> None:
    output = decide(region, tick_of(image_of(), plan_of(CALM), uncommissioned=("speicher",)))
    decision = by_asset(output)["speicher"]
    assert decision.setpoint is None
    assert decision.reason.endswith("not sent: the point-to-point test is not recorded")
    assert decision.wanted_kw == -50.0, "what would have been sent is told"
    alarms = {alarm.code: alarm for alarm in output.alarms}
    assert alarms["not_commissioned"].severity is Severity.WARNING
    assert alarms["not_commissioned"].target_id == "speicher"
    assert by_asset(output)["park"].setpoint is not None


def test_an_uncommissioned_asset_is_treated_like_one_in_observe(region: Region, image_of: ImageMaker) -> None:
    image = image_of(OVERLOAD)
    untested = decide(region, tick_of(image, plan_of(CALM), uncommissioned=("speicher",)))
    assets = tuple(
        replace(asset, authority=Authority.OBSERVE) if asset.id == "speicher" else asset
        for asset in region.assets
    )
    observed = decide(replace(region, assets=assets), tick_of(image, plan_of(CALM)))
    for asset_id in ("park", "laden", "speicher"):
        assert by_asset(untested)[asset_id].setpoint == by_asset(observed)[asset_id].setpoint
    free = decide(region, tick_of(image, plan_of(CALM)))
    assert by_asset(free)["laden"].setpoint != by_asset(untested)["laden"].setpoint, "others give instead"


def test_nothing_is_sent_in_a_safe_state_either(region: Region, image_of: ImageMaker) -> None:
    output = decide(region, tick_of(image_of(), None, uncommissioned=("speicher",)))
    assert by_asset(output)["speicher"].setpoint is None


def test_a_device_in_local_operation_is_left_alone_told_and_not_built_on(
    region: Region, image_of: ImageMaker
) -> None:
    output = decide(region, tick_of(image_of({**OVERLOAD, REMOTE: 0.0}), plan_of(CALM)))
    assert by_asset(output)["speicher"].setpoint is None
    assert "local operation" in by_asset(output)["speicher"].reason
    alarms = {(alarm.code, alarm.target_id): alarm.severity for alarm in output.alarms}
    assert alarms["device_local", "speicher"] is Severity.WARNING
    remote = decide(region, tick_of(image_of({**OVERLOAD, REMOTE: 1.0}), plan_of(CALM)))
    assert by_asset(remote)["speicher"].setpoint is not None
    assert by_asset(remote)["laden"].setpoint != by_asset(output)["laden"].setpoint


@pytest.mark.parametrize("quality", [Quality.COMM_ERROR, Quality.STALE, Quality.IMPLAUSIBLE])
def test_not_known_to_be_remote_counts_as_local(
    region: Region, image_of: ImageMaker, quality: Quality
) -> None:
    output = decide(region, tick_of(image_of({REMOTE: quality}), plan_of(CALM)))
    assert by_asset(output)["speicher"].setpoint is None
    assert by_asset(output)["speicher"].reason.endswith(
        "whether the device is switched to local operation is not known"
    )


def test_a_device_without_such_a_switch_is_commanded(region: Region, image_of: ImageMaker) -> None:
    output = decide(region, tick_of(image_of({REMOTE: Quality.NOT_IMPLEMENTED}), plan_of(CALM)))
    assert by_asset(output)["speicher"].setpoint is not None


@pytest.mark.parametrize(("flags", "told"), [(0.0, None), (4.0, "fault flags 0x0004")])
def test_fault_flags_are_told_with_their_number(
    region: Region, image_of: ImageMaker, flags: float, told: str | None
) -> None:
    output = decide(region, tick_of(image_of({("speicher", Point.FAULT_FLAGS): flags}), plan_of(CALM)))
    details = [alarm.detail for alarm in output.alarms if alarm.code == "device_fault"]
    assert details == ([] if told is None else [told])


def test_an_operating_state_changes_no_decision(region: Region, image_of: ImageMaker) -> None:
    shown = image_of({("speicher", Point.OPERATING_STATE): 7.0})
    assert decide(region, tick_of(shown, plan_of(CALM))) == decide(region, tick_of(image_of(), plan_of(CALM)))


def test_the_rule_that_limits_is_named(region: Region, image_of: ImageMaker) -> None:
    far = {**CALM, "laden": 140.0}
    ramped = by_asset(decide(region, tick_of(image_of({("laden", Point.POWER_KW_MAX): 0.0}), plan_of(far))))
    assert ramped["speicher"].limited_by is None
    empty = image_of({("speicher", Point.ENERGY_KWH): 20.0})
    assert by_asset(decide(region, tick_of(empty, plan_of(CALM))))["speicher"].limited_by == "energy band"
    slow = image_of({("park", Point.POWER_KW_MIN): -100.0})
    assert by_asset(decide(region, tick_of(slow, plan_of(CALM))))["park"].limited_by == "ramp"
