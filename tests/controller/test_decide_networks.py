"""What one tick decides for machines, reservoirs and loads that can wait."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from energy.controller.decide import decide
from energy.controller.tick_input import TickInput, TickOutput
from energy.domain import (
    Decision,
    Point,
    Quality,
    Request,
    RequestKind,
    Severity,
)
from energy.invariants import TickRecord, broken_invariants
from energy.region.model import Region
from tests.controller.networks import NOW, image_of, plan_of, region_in
from tests.controller.test_decide import limit, tick_of


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


def decided(region: Region, tick: TickInput) -> tuple[dict[str, Decision], TickOutput]:
    """Decide, and hold the result to the outside checker first."""
    output = decide(region, tick)
    record = TickRecord(
        image=tick.image,
        age_s_max=30.0,
        limits=tick.limits,
        decisions=output.decisions,
        outcomes=(),
        truth=None,
    )
    broken = {item.name: item for item in broken_invariants(region, record)}
    broken.pop("every setpoint has an outcome", None)
    assert broken == {}
    return {decision.asset_id: decision for decision in output.decisions}, output


def sent_kw(decisions: Mapping[str, Decision], asset_id: str) -> float | None:
    setpoint = decisions[asset_id].setpoint
    return None if setpoint is None else setpoint.power_kw


def test_a_calm_tick_follows_the_plan(region: Region) -> None:
    decisions, output = decided(region, tick_of(image_of(), plan_of()))
    powers = {asset_id: sent_kw(decisions, asset_id) for asset_id in decisions}
    assert powers == {
        "bhkw": -800.0,
        "pumpe": 0.0,
        "elektrolyse": 1000.0,
        "hochbehaelter": 100.0,
        "werk": 500.0,
        "kuehlhaus": 300.0,
    }
    assert output.alarms == (), "a setpoint that its device's own control replaces is no missing reading"


def test_without_a_plan_machines_go_to_their_own_control_and_nothing_is_sent(region: Region) -> None:
    decisions, _output = decided(region, tick_of(image_of(), None))
    for asset_id, name in (("bhkw", "heat_led"), ("pumpe", "thermostat"), ("hochbehaelter", "level_control")):
        assert sent_kw(decisions, asset_id) is None
        assert f"safe state {name}" in decisions[asset_id].reason
    assert sent_kw(decisions, "elektrolyse") == 20.0, "standby"
    assert sent_kw(decisions, "werk") == 1000.0, "released"
    assert sent_kw(decisions, "kuehlhaus") == 300.0


def test_own_control_does_not_know_a_limit_so_the_machine_stands(region: Region) -> None:
    tick = tick_of(image_of(), None, limits=(limit("bhkw", low=-300.0),))
    decisions, _output = decided(region, tick)
    assert sent_kw(decisions, "bhkw") == 0.0


@pytest.mark.parametrize(
    ("point", "machines"),
    [
        (("waermespeicher", Point.ENERGY_KWH), ("bhkw", "pumpe")),
        (("wasserstoff", Point.ENERGY_KWH), ("elektrolyse",)),
        (("hochbehaelter", Point.VOLUME_M3), ("hochbehaelter",)),
    ],
)
def test_an_unknown_store_brings_the_safe_state_of_what_fills_it(
    region: Region, point: tuple[str, Point], machines: tuple[str, ...]
) -> None:
    image = image_of({point: Quality.COMM_ERROR})
    decisions, output = decided(region, tick_of(image, plan_of()))
    for asset_id in machines:
        assert decisions[asset_id].reason.startswith("safe state")
        assert ("asset_in_safe_state", asset_id) in {(alarm.code, alarm.target_id) for alarm in output.alarms}
    others = set(decisions) - set(machines)
    assert not any(decisions[asset_id].reason.startswith("safe state") for asset_id in others)


def test_a_machine_that_is_planned_to_run_starts_at_its_least_load(region: Region) -> None:
    image = image_of({("bhkw", Point.POWER_KW): 0.0, ("bhkw", Point.POWER_KW_SETPOINT): 0.0})
    decisions, _output = decided(region, tick_of(image, plan_of()))
    assert sent_kw(decisions, "bhkw") == -500.0


def test_a_machine_on_its_way_down_stands_once_it_is_below_its_least_load(region: Region) -> None:
    image = image_of({("bhkw", Point.POWER_KW): -520.0, ("bhkw", Point.POWER_KW_SETPOINT): -520.0})
    decisions, _output = decided(region, tick_of(image, plan_of({"bhkw": 0.0})))
    assert sent_kw(decisions, "bhkw") == 0.0


def test_a_machine_taken_over_from_its_own_control_moves_on_from_where_it_is(region: Region) -> None:
    image = image_of({("bhkw", Point.POWER_KW_SETPOINT): Quality.NOT_IMPLEMENTED})
    decisions, _output = decided(region, tick_of(image, plan_of({"bhkw": 0.0})))
    assert sent_kw(decisions, "bhkw") == -750.0, "from 800 kW by its ramp, not at once to a stand"


def test_nothing_is_built_on_a_machine_that_does_not_start(region: Region) -> None:
    changes = {("bhkw", Point.POWER_KW): 0.0, ("netz", Point.POWER_KW): 6300.0}
    tick = tick_of(image_of(changes), plan_of())
    decisions, output = decided(region, tick)
    assert sent_kw(decisions, "elektrolyse") == pytest.approx(1000.0 - 420.0), "all of the overload, to 98 %"
    assert [(a.code, a.severity) for a in output.alarms if a.target_id == "bhkw"] == [
        ("asset_switching", Severity.INFO)
    ]
    late = replace(
        tick,
        image=image_of(changes, at=NOW + timedelta(minutes=11)),
        alarms=output.alarms,
        behind=output.behind,
    )
    _decisions, output = decided(region, late)
    assert [a.code for a in output.alarms if a.target_id == "bhkw"] == ["setpoint_not_followed"]
    _decisions, output = decided(region, replace(late, alarms=output.alarms, behind=output.behind))
    assert [a.code for a in output.alarms if a.target_id == "bhkw"] == ["setpoint_not_followed"], (
        "until it does"
    )


@pytest.mark.parametrize(
    ("asset_id", "low", "high", "wanted_kw", "sent"),
    [
        ("bhkw", -100.0, None, -450.0, 0.0),
        ("bhkw", None, -500.0, 0.0, -750.0),
        ("bhkw", None, -800.0, 0.0, -800.0),
        ("bhkw", -700.0, None, -1000.0, -700.0),
        ("pumpe", None, 20.0, 90.0, 0.0),
        ("elektrolyse", None, 0.0, 20.0, 0.0),
        ("elektrolyse", None, 400.0, 1000.0, 400.0),
    ],
)
def test_the_bounds_have_the_last_word_on_a_machine(
    region: Region, asset_id: str, low: float | None, high: float | None, wanted_kw: float, sent: float
) -> None:
    tick = tick_of(image_of(), plan_of({asset_id: wanted_kw}), limits=(limit(asset_id, low=low, high=high),))
    decisions, _output = decided(region, tick)
    assert sent_kw(decisions, asset_id) == sent


def test_pumps_of_unknown_level_run_as_far_as_a_limit_allows(region: Region) -> None:
    image = image_of({("hochbehaelter", Point.VOLUME_M3): Quality.COMM_ERROR})
    tick = tick_of(image, plan_of(), limits=(limit("hochbehaelter", high=150.0),))
    decisions, _output = decided(region, tick)
    assert sent_kw(decisions, "hochbehaelter") == 150.0


def test_a_heat_pump_with_an_unknown_store_runs_as_far_as_a_limit_allows(region: Region) -> None:
    image = image_of({("waermespeicher", Point.ENERGY_KWH): Quality.COMM_ERROR})
    tick = tick_of(image, plan_of(), limits=(limit("pumpe", high=200.0),))
    decisions, _output = decided(region, tick)
    assert sent_kw(decisions, "pumpe") == 200.0


def test_behind_a_feeder_that_is_not_measured_power_only_goes_back_to_nothing(region: Region) -> None:
    lost = {("abgang", Point.POWER_KW): Quality.COMM_ERROR}
    over, _ = decided(region, tick_of(image_of({**lost, ("netz", Point.POWER_KW): 9000.0}), plan_of()))
    assert sent_kw(over, "werk") == 0.0, "a breached grid limit may hold it back"


def test_a_limit_below_the_least_load_stops_the_machine(region: Region) -> None:
    decisions, _output = decided(region, tick_of(image_of(), plan_of(), limits=(limit("bhkw", low=-400.0),)))
    assert sent_kw(decisions, "bhkw") == 0.0


def test_the_fire_water_reserve_runs_the_pumps_whatever_is_planned(region: Region) -> None:
    image = image_of({("hochbehaelter", Point.VOLUME_M3): 480.0})
    decisions, _output = decided(region, tick_of(image, plan_of({"hochbehaelter": 0.0})))
    assert sent_kw(decisions, "hochbehaelter") == 200.0


def test_pumps_stop_before_the_reservoir_runs_over(region: Region) -> None:
    image = image_of({("hochbehaelter", Point.VOLUME_M3): 2499.0})
    decisions, _output = decided(region, tick_of(image, plan_of({"hochbehaelter": 200.0})))
    assert sent_kw(decisions, "hochbehaelter") == pytest.approx(15.0)


def test_works_that_shed_are_bound_only_where_the_plan_sheds(region: Region) -> None:
    decisions, _output = decided(region, tick_of(image_of(), plan_of({"kuehlhaus": 40.0}, shed_kw=60.0)))
    assert sent_kw(decisions, "kuehlhaus") == 50.0, "by its ramp from 300 kW in one tick of 5 s"


def test_energy_due_at_the_works_is_served_before_the_plan_wants(region: Region) -> None:
    image = image_of({("werk", Point.ENERGY_KWH_URGENT): 150.0})
    decisions, _output = decided(region, tick_of(image, plan_of({"werk": 100.0})))
    assert sent_kw(decisions, "werk") == 600.0


def test_a_grid_limit_moves_stores_and_running_machines_but_switches_none(region: Region) -> None:
    image = image_of({("netz", Point.POWER_KW): 8000.0})
    decisions, output = decided(region, tick_of(image, plan_of()))
    assert sent_kw(decisions, "elektrolyse") == 300.0, "its least load"
    assert sent_kw(decisions, "hochbehaelter") == 0.0
    assert sent_kw(decisions, "werk") == 0.0
    assert sent_kw(decisions, "bhkw") == -1000.0
    assert sent_kw(decisions, "pumpe") == 0.0, "a correction starts nothing"
    breach = next(alarm for alarm in output.alarms if alarm.code == "grid_limit_breached")
    assert "nobody can give" in breach.detail


def test_an_overloaded_feeder_moves_only_what_is_behind_it(region: Region) -> None:
    image = image_of({("abgang", Point.POWER_KW): 2300.0})
    decisions, output = decided(region, tick_of(image, plan_of()))
    assert sent_kw(decisions, "werk") == pytest.approx(500.0 - 340.0), "down to 98 % of 2,000 kW"
    assert sent_kw(decisions, "elektrolyse") == 1000.0
    breach = next(alarm for alarm in output.alarms if alarm.code == "grid_limit_breached")
    assert breach.target_id == "abgang"
    assert "300 kW over; nobody can give 0 kW" in breach.detail


def behind_a_ring(region: Region, *, power_kw_max: float = 2000.0) -> Region:
    """The feeder hangs on another one."""
    inner = region.feeders[0]
    ring = replace(inner, id="ring", power_kw_max=power_kw_max)
    assets = tuple(replace(asset, feeder="ring") if asset is inner else asset for asset in region.assets)
    return replace(region, assets=(*assets, ring))


def test_an_overloaded_outer_feeder_moves_what_is_behind_the_inner_one(region: Region) -> None:
    nested = behind_a_ring(region)
    image = image_of({("ring", Point.POWER_KW): 2300.0})
    decisions, output = decided(nested, tick_of(image, plan_of()))
    assert sent_kw(decisions, "werk") == pytest.approx(500.0 - 340.0), "down to 98 % of 2,000 kW"
    assert sent_kw(decisions, "elektrolyse") == 1000.0
    breach = next(alarm for alarm in output.alarms if alarm.code == "grid_limit_breached")
    assert breach.target_id == "ring"


def test_what_an_inner_feeder_gave_counts_in_the_outer_one(region: Region) -> None:
    nested = behind_a_ring(region)
    image = image_of({("abgang", Point.POWER_KW): 2300.0, ("ring", Point.POWER_KW): 2300.0})
    decisions, output = decided(nested, tick_of(image, plan_of()))
    assert sent_kw(decisions, "werk") == pytest.approx(500.0 - 340.0), "once for both"
    told = [alarm for alarm in output.alarms if alarm.code == "grid_limit_breached"]
    assert {alarm.target_id for alarm in told} == {"abgang", "ring"}


def test_an_overload_that_nobody_behind_the_feeder_can_take_off_is_told_with_its_size(region: Region) -> None:
    image = image_of({("abgang", Point.POWER_KW): 3000.0})
    decisions, output = decided(region, tick_of(image, plan_of()))
    assert sent_kw(decisions, "werk") == 0.0
    breach = next(alarm for alarm in output.alarms if alarm.code == "grid_limit_breached")
    assert "1000 kW over; nobody can give 500 kW" in breach.detail


def test_a_person_may_run_a_machine_whose_store_is_unknown(region: Region) -> None:
    request = Request(
        request_id="r1",
        kind=RequestKind.SET,
        asset_id="bhkw",
        power_kw=-1000.0,
        actor="operator",
        reason="test run",
        made_at=NOW,
        until=NOW + timedelta(hours=1),
    )
    image = image_of({("waermespeicher", Point.ENERGY_KWH): Quality.COMM_ERROR})
    decisions, _output = decided(region, tick_of(image, plan_of(), overrides=(request,)))
    assert sent_kw(decisions, "bhkw") == -850.0, "by its ramp"


def test_a_note_with_a_target_becomes_that_asset_s_alarm(region: Region) -> None:
    _decisions, output = decided(
        region, tick_of(image_of(), plan_of(), notes=("meter_drift@last: reads 2.0 % high",))
    )
    assert [(alarm.code, alarm.target_id, alarm.detail) for alarm in output.alarms] == [
        ("meter_drift", "last", "reads 2.0 % high")
    ]
