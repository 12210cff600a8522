"""What a person is told: silence is silence, a missing register is another thing, who is late has time."""

from datetime import UTC, datetime

import pytest

from energy.alarms import alarms_of_outcomes, alarms_of_readings
from energy.domain import Image, Level, Limited, Point, Quality, Reading, Setpoint

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def told(**qualities: Quality) -> list[tuple[str, str]]:
    readings = {}
    for name, quality in qualities.items():
        value = 1.0 if quality is Quality.GOOD else None
        reading = Reading(
            asset_id="zaehler", point=Point(name), value=value, quality=quality, measured_at=NOW
        )
        readings["zaehler", Point(name)] = reading
    return [(alarm.code, alarm.detail) for alarm in alarms_of_readings(Image(at=NOW, readings=readings))]


def test_a_device_that_answers_nothing_is_silent() -> None:
    assert told(power_kw=Quality.COMM_ERROR, energy_kwh_drawn=Quality.COMM_ERROR) == [
        ("device_silent", "energy_kwh_drawn, power_kw")
    ]


def test_a_device_that_answers_but_for_a_register_is_not_silent() -> None:
    assert told(power_kw=Quality.GOOD, energy_kwh_drawn=Quality.COMM_ERROR) == [
        ("reading_missing", "energy_kwh_drawn")
    ]


def test_good_readings_raise_nothing() -> None:
    assert told(power_kw=Quality.GOOD) == []


@pytest.mark.parametrize(("is_settling", "codes"), [(True, []), (False, ["setpoint_limited"])])
def test_a_device_that_may_still_show_its_value_is_no_alarm(*, is_settling: bool, codes: list[str]) -> None:
    setpoint = Setpoint(
        asset_id="park",
        point=Point.POWER_KW_MIN,
        power_kw=-10.0,
        valid_until=NOW,
        level=Level.PLAN,
        reason="plan",
    )
    outcome = Limited(
        setpoint=setpoint, read_back_kw=-20.0, at=NOW, reason="shows another", is_settling=is_settling
    )
    assert [alarm.code for alarm in alarms_of_outcomes([outcome], NOW)] == codes
