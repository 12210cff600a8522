"""Forecasts at a terminal: local clock times, magnitudes, and why not a higher rung."""

from typing import get_args

from dashboard.language import catalogue
from energy.app.forecast_view import WORDS, lines_of
from energy.planning.training_record import Verdict
from energy.region.loader import load_region
from energy.rung_reason import REASONS
from tests.dashboard.day import NOW, forecasts


def test_generation_is_a_magnitude_at_the_clock_on_the_wall() -> None:
    region = load_region("musterstadt")
    wind = next(item for item in forecasts(NOW) if item.asset_id == "wind_park")
    head, columns, first, *_ = lines_of(region, wind, (), None)
    assert head.startswith("wind_park, generation: ")
    assert "kW" in columns
    assert f"{NOW.astimezone(region.zone):%H:%M}" in first
    low, expected, high = (float(number) for number in first.split()[-3:])
    assert 0.0 <= low <= expected <= high


def test_every_reason_has_words_everywhere() -> None:
    assert set(WORDS) == set(REASONS)
    assert all(f"forecast_why.{code}" in catalogue("en") for code in REASONS)
    assert all(f"training.{verdict}" in catalogue("de") for verdict in get_args(Verdict))
