"""Why the plan does what it does, in both languages: what binds and what would move whom."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pytest

from dashboard.language import Words
from dashboard.reasons import binding_lines, waiting_lines
from energy.domain import AssetPlan, Binding, Plan
from energy.periods import period_start
from energy.region.loader import load_region
from energy.region.model import Region
from tests.dashboard import day
from tests.dashboard.day import NOW

REGION = load_region("musterstadt")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the lines look at of a picture."""

    plan: Plan | None
    region: Region = REGION
    now: datetime | None = NOW


def words(language: str) -> Words:
    return Words.of(language, REGION.zone)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "„die größte Leistung beim Bezug“ bindet in 2 Viertelstunden; ein kW mehr Spielraum"),
        ("en", "“the greatest power drawn” binds in 2 quarter hours; one more kW of room"),
    ],
)
def test_a_binding_limit_is_told_with_its_worth(language: str, said: str) -> None:
    heavy = Binding(name="power_kw_max", asset_id="grid_point", periods=(3, 4), worth_eur=(1.25, 0.75))
    light = Binding(name="energy_kwh_max", asset_id="battery", periods=(9,), worth_eur=(0.01,))
    older = Binding(name="power_kw_min", asset_id="battery", periods=(1,))
    lines = binding_lines(
        words(language), Shown(plan=replace(day.plan(period_start(NOW)), binding=(light, older, heavy)))
    )
    assert len(lines) == 2, "an older plan says no worth"
    assert said in lines[0]
    assert "2" in lines[0]
    assert "kWh" in lines[1]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "steht: lädt bis 41 €/MWh, speist ein ab 63,5 €/MWh"),
        ("en", "stands still: charges up to 41 €/MWh, feeds in from 63.5 €/MWh"),
    ],
)
def test_a_battery_that_stands_still_says_what_would_move_it(language: str, said: str) -> None:
    plan = day.plan(period_start(NOW))
    periods = plan.periods
    states = {
        "price_eur_per_kwh_draw": np.full(periods, 0.041),
        "price_eur_per_kwh_feed_in": np.full(periods, 0.0635),
    }
    idle = AssetPlan(power_kw=np.zeros(periods), states=states)
    shown = Shown(plan=replace(plan, assets={**plan.assets, "battery": idle}))
    lines = waiting_lines(words(language), shown)
    assert len(lines) == 1
    assert said in lines[0]
    busy = AssetPlan(power_kw=np.full(periods, 500.0), states=states)
    shown = Shown(plan=replace(plan, assets={**plan.assets, "battery": busy}))
    assert waiting_lines(words(language), shown) == []


@pytest.mark.parametrize(
    ("kwh", "language", "said"),
    [
        (10_000.0, "de", "ist voll: speist ein ab 63,5 €/MWh; der Preis hier ist"),
        (10_000.0, "en", "is full: feeds in from 63.5 €/MWh; the price here is"),
        (0.0, "de", "ist leer: lädt bis 41 €/MWh; der Preis hier ist"),
        (0.0, "en", "is empty: charges up to 41 €/MWh; the price here is"),
    ],
)
def test_a_battery_that_is_full_or_empty_says_just_that(kwh: float, language: str, said: str) -> None:
    assert said in idle_line(language, draw=0.041, feed_in=0.0635, energy_kwh=kwh)


def test_a_price_that_is_not_known_is_left_out() -> None:
    line = idle_line("en", draw=np.nan, feed_in=np.nan, energy_kwh=2000.0)
    assert "stands still; the price here is" in line


def idle_line(language: str, *, draw: float, feed_in: float, energy_kwh: float) -> str:
    plan = day.plan(period_start(NOW))
    states = {
        "price_eur_per_kwh_draw": np.full(plan.periods, draw),
        "price_eur_per_kwh_feed_in": np.full(plan.periods, feed_in),
        "energy_kwh": np.full(plan.periods, energy_kwh),
    }
    idle = AssetPlan(power_kw=np.zeros(plan.periods), states=states)
    shown = Shown(plan=replace(plan, assets={**plan.assets, "battery": idle}))
    (line,) = waiting_lines(words(language), shown)
    return line


def test_without_a_plan_nothing_is_said() -> None:
    assert binding_lines(words("de"), Shown(plan=None)) == []
    assert waiting_lines(words("de"), Shown(plan=None)) == []
