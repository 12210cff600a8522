"""What a person is told of readings: silence is silence, and a register that is not there is another thing."""

from datetime import UTC, datetime

from energy.alarms import alarms_of_readings
from energy.domain import Image, Point, Quality, Reading

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
