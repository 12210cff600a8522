"""The checker from outside must be able to fail: each invariant broken once on purpose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from energy.controller.decide import decide
from energy.domain import Applied, Decision, Level, Limit, Point, Quality
from energy.invariants import TickRecord, broken_invariants
from energy.region.model import Region
from tests.controller import networks
from tests.controller.conftest import NOW, ImageMaker, plan_of
from tests.controller.conftest import image_of as image_of  # noqa: PLC0414 - a fixture of the controller's tests
from tests.controller.conftest import region as region  # noqa: PLC0414 - a fixture of the controller's tests
from tests.controller.test_decide import CALM, tick_of


def record_of(region: Region, image_of: ImageMaker, **image_changes: object) -> TickRecord:
    image = image_of(image_changes.get("changes"))
    output = decide(region, tick_of(image, plan_of(CALM)))
    outcomes = [
        Applied(setpoint=item.setpoint, read_back_kw=item.setpoint.power_kw, at=NOW)
        for item in output.decisions
        if item.setpoint is not None
    ]
    return TickRecord(
        image=image, age_s_max=30.0, limits=(), decisions=output.decisions, outcomes=outcomes, truth=None
    )


def changed(record: TickRecord, asset_id: str, power_kw: float) -> TickRecord:
    decisions: list[Decision] = []
    for decision in record.decisions:
        if decision.asset_id == asset_id and decision.setpoint is not None:
            setpoint = replace(decision.setpoint, power_kw=power_kw)
            decisions.append(replace(decision, setpoint=setpoint))
        else:
            decisions.append(decision)
    return replace(record, decisions=decisions)


def names(region: Region, record: TickRecord) -> set[str]:
    return {item.name for item in broken_invariants(region, record)}


def test_a_good_tick_breaks_nothing(region: Region, image_of: ImageMaker) -> None:
    assert names(region, record_of(region, image_of)) == set()


@pytest.mark.parametrize(
    ("asset_id", "power_kw", "name"),
    [
        ("speicher", float("nan"), "a setpoint is a number"),
        ("speicher", 999.0, "a setpoint stays in the nameplate"),
        ("park", 50.0, "a setpoint stays in the nameplate"),
        ("laden", -5.0, "a setpoint stays in the nameplate"),
    ],
)
def test_a_wrong_setpoint_is_found(
    region: Region, image_of: ImageMaker, asset_id: str, power_kw: float, name: str
) -> None:
    assert name in names(region, changed(record_of(region, image_of), asset_id, power_kw))


def test_a_missing_decision_and_a_missing_outcome_are_found(region: Region, image_of: ImageMaker) -> None:
    record = record_of(region, image_of)
    assert "every commandable asset has one decision" in names(
        region, replace(record, decisions=record.decisions[1:])
    )
    assert "every setpoint has an outcome" in names(region, replace(record, outcomes=()))


def test_an_outcome_that_lies_is_found(region: Region, image_of: ImageMaker) -> None:
    record = record_of(region, image_of)
    first = record.outcomes[0]
    assert isinstance(first, Applied)
    lied = replace(first, read_back_kw=first.read_back_kw + 50.0)
    assert "applied means read back" in names(region, replace(record, outcomes=[lied, *record.outcomes[1:]]))


def test_an_unknown_empty_or_full_store_that_moves_is_found(region: Region, image_of: ImageMaker) -> None:
    for value, power_kw, name in (
        (Quality.COMM_ERROR, -40.0, "an unknown store stands still"),
        (10.0, -40.0, "an empty store is not discharged"),
        (419.0, 40.0, "a full store is not charged"),
    ):
        record = record_of(region, image_of, changes={("speicher", Point.ENERGY_KWH): value})
        assert name in names(region, changed(record, "speicher", power_kw))


def test_a_limit_that_is_not_kept_is_found(region: Region, image_of: ImageMaker) -> None:
    limit = Limit(
        limit_id="g",
        target_id="laden",
        power_kw_min=None,
        power_kw_max=20.0,
        level=Level.GRID_OPERATOR,
        start=NOW - timedelta(hours=1),
        until=None,
        reason="grid operator",
    )
    record = replace(record_of(region, image_of), limits=(limit,))
    assert "a limit in force is kept" in names(region, changed(record, "laden", 50.0))


def test_an_idle_battery_under_a_breached_grid_limit_is_found(region: Region, image_of: ImageMaker) -> None:
    record = record_of(region, image_of, changes={("netz", Point.POWER_KW): 1300.0})
    assert "an exchange over its limit calls the battery" not in names(region, record)
    assert "an exchange over its limit calls the battery" in names(region, changed(record, "speicher", 0.0))


def test_a_plant_outside_its_band_is_found(region: Region, image_of: ImageMaker) -> None:
    record = record_of(region, image_of)
    truth = {"speicher": {"power_kw": 0.0, "energy_kwh": 410.0}, "park": {"power_kw": -900.0}}
    assert {"a store stays in its band", "a plant stays in its nameplate"} <= names(
        region, replace(record, truth=truth)
    )


@pytest.mark.parametrize(
    ("asset_id", "truth"),
    [
        ("waermespeicher", {"energy_kwh": 10_100.0}),
        ("wasserstoff", {"energy_kwh": -100.0}),
        ("hochbehaelter", {"volume_m3": 2600.0}),
    ],
)
def test_a_store_of_another_carrier_outside_its_band_is_found(
    tmp_path_factory: pytest.TempPathFactory, asset_id: str, truth: dict[str, float]
) -> None:
    tal = networks.region_in(tmp_path_factory.mktemp("tal"))
    output = decide(tal, tick_of(networks.image_of(), networks.plan_of()))
    record = TickRecord(
        image=networks.image_of(),
        age_s_max=30.0,
        limits=(),
        decisions=output.decisions,
        outcomes=(),
        truth={asset_id: truth},
    )
    assert "a store stays in its band" in names(tal, record)
