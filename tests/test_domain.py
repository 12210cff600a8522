"""What an image gives out: values that may decide something, and nothing else."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from energy.domain import Image, Point, Quality, Reading

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def shown(value: float | None, quality: Quality = Quality.GOOD, *, age_s: float = 0.0) -> float | None:
    reading = Reading(
        asset_id="speicher",
        point=Point.POWER_KW,
        value=value,
        quality=quality,
        measured_at=NOW - timedelta(seconds=age_s),
    )
    image = Image(at=NOW, readings={("speicher", Point.POWER_KW): reading})
    return image.value("speicher", Point.POWER_KW, age_s_max=30.0)


def test_a_good_young_value_is_given() -> None:
    assert shown(-42.0) == -42.0
    assert shown(0.0, age_s=30.0) == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_finite_is_no_value_whatever_its_quality_says(value: float | None) -> None:
    assert shown(value) is None


@pytest.mark.parametrize("quality", [quality for quality in Quality if quality is not Quality.GOOD])
def test_only_good_values_may_decide(quality: Quality) -> None:
    assert shown(1.0, quality) is None


@pytest.mark.parametrize("age_s", [-1.0, 30.1])
def test_values_of_the_future_or_too_old_are_none(age_s: float) -> None:
    assert shown(1.0, age_s=age_s) is None
