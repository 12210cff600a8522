"""Why the region does what it does, in both languages: what binds, what would move whom, what corrects."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pytest

from dashboard.balance import Balance, balance_of
from dashboard.devices import DeviceRow
from dashboard.language import Words
from dashboard.reasons import binding_lines, correcting_lines, waiting_lines
from energy.domain import AssetPlan, Binding, Level, Plan
from energy.periods import period_start
from energy.region.loader import load_region
from energy.region.model import Region
from tests.dashboard import day
from tests.dashboard.day import NOW
from tests.dashboard.test_devices import conduct, listed

REGION = load_region("musterstadt")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the lines look at of a picture."""

    plan: Plan | None
    region: Region = REGION
    now: datetime | None = NOW

    @property
    def plan_now(self) -> Plan | None:
        return self.plan


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
    assert correcting_lines(words("de"), Corrected(plan=None, devices=moved(700.0))) == []


@dataclass(frozen=True, kw_only=True)
class Corrected(Shown):
    """What is looked at besides where the quarter hour is corrected; 1,240 kW are imported now."""

    devices: tuple[DeviceRow, ...]
    balance: Balance = field(default_factory=lambda: balance_of(REGION, {"grid_point": 1240.0}))


def moved(wanted_kw: float, level: Level = Level.CORRECTION) -> tuple[DeviceRow, ...]:
    told = {
        "battery": conduct("battery", wanted_kw=wanted_kw, level=level, reason="holds the quarter hour"),
        "ev_hub": conduct("ev_hub", wanted_kw=40.0),
    }
    return listed(REGION, chains=told)


def held(*, planned_kw: float, devices: tuple[DeviceRow, ...], region: Region = REGION) -> Corrected:
    """A battery planned at 500 kW of charging, and an exchange that is planned."""
    plan = day.plan(period_start(NOW))
    flat = {
        asset_id: AssetPlan(power_kw=np.full(plan.periods, power_kw), states={})
        for asset_id, power_kw in {"battery": 500.0, "grid_point": planned_kw}.items()
    }
    return Corrected(plan=replace(plan, assets={**plan.assets, **flat}), devices=devices, region=region)


TOWARDS_FEEDING_IN = (
    "Viertelstundenkorrektur: Quartierspeicher um 200 kW in Richtung Einspeisung verschoben, damit der "
    "Netzpunkt im Mittel dieser Viertelstunde beim Plan bleibt: 1.100 kW Bezug (gerade 1.240 kW Bezug). "
    "Abweichungen bis 50 kW werden hingenommen."
)
TOWARDS_DRAWING = (
    "moved by 200 kW towards drawing, so that the grid point keeps to the plan in this quarter hour's "
    "mean: 800 kW export (now 1,240 kW import). Deviations up to 50 kW are left alone."
)


@pytest.mark.parametrize(
    ("language", "wanted_kw", "planned_kw", "said"),
    [("de", 300.0, 1100.0, TOWARDS_FEEDING_IN), ("en", 700.0, -800.0, TOWARDS_DRAWING)],
)
def test_the_quarter_hour_correction_says_what_it_moves_and_what_for(
    language: str, wanted_kw: float, planned_kw: float, said: str
) -> None:
    shown = held(planned_kw=planned_kw, devices=moved(wanted_kw), region=with_imbalance(0.0))
    (line,) = correcting_lines(words(language), shown)
    assert line.endswith(said)


def with_imbalance(eur_per_kwh: float) -> Region:
    return replace(REGION, market=replace(REGION.market, imbalance_eur_per_kwh=eur_per_kwh))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Was von der Fahrplananmeldung abweicht, kostet 65 €/MWh Ausgleichsenergie."),
        ("en", "What is off the nomination costs 65 €/MWh on top of the price."),
    ],
)
def test_where_deviations_cost_it_says_how_much(language: str, said: str) -> None:
    shown = held(planned_kw=1100.0, devices=moved(300.0), region=with_imbalance(0.065))
    (line,) = correcting_lines(words(language), shown)
    assert line.endswith(said)


def test_what_others_want_is_no_correction() -> None:
    assert correcting_lines(words("de"), held(planned_kw=1100.0, devices=moved(300.0, Level.OPERATOR))) == []
    assert correcting_lines(words("de"), held(planned_kw=1100.0, devices=moved(500.0))) == []
