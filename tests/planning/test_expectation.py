"""From what is measured to what the optimiser takes: nothing missing is guessed."""

from datetime import timedelta

import numpy as np
import pytest

from energy.domain import Forecast, Point, Quality
from energy.planning.expectation import expected_kw, persisting_kw, states_at
from energy.region.model import Region
from tests.controller.networks import NOW, image_of, region_in

LEAD = timedelta(minutes=6)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


def test_states_are_carried_to_the_plan_s_start(region: Region) -> None:
    states = states_at(region, image_of(), start=NOW + LEAD, age_s_max=30.0)
    assert states["waermespeicher"] == {"energy_kwh": pytest.approx(5020.0)}, "200 kW for a tenth of an hour"
    assert states["bhkw"] == {"running_s": 7560.0, "standing_s": 0.0}
    assert states["pumpe"] == {"running_s": 0.0, "standing_s": 3960.0}
    assert states["wasserstoff"] == {"energy_kwh": 9000.0}
    assert states["hochbehaelter"] == {"volume_m3": 1500.0}
    assert states["werk"] == {"energy_kwh_backlog": 400.0, "energy_kwh_urgent": 0.0}


@pytest.mark.parametrize(
    ("asset_id", "point"),
    [
        ("waermespeicher", Point.ENERGY_KWH),
        ("bhkw", Point.RUNNING_S),
        ("wasserstoff", Point.ENERGY_KWH),
        ("hochbehaelter", Point.VOLUME_M3),
        ("werk", Point.ENERGY_KWH_BACKLOG),
    ],
)
def test_a_state_that_is_not_known_is_left_out(region: Region, asset_id: str, point: Point) -> None:
    image = image_of({(asset_id, point): Quality.COMM_ERROR})
    assert asset_id not in states_at(region, image, start=NOW, age_s_max=30.0)


def test_a_store_is_never_carried_beyond_its_capacity(region: Region) -> None:
    image = image_of({("waermespeicher", Point.ENERGY_KWH): 9990.0})
    states = states_at(region, image, start=NOW + LEAD, age_s_max=30.0)
    assert states["waermespeicher"] == {"energy_kwh": 10_000.0}


def test_rules_expect_that_everything_stays_as_measured(region: Region) -> None:
    expected = persisting_kw(region, image_of(), periods=4, age_s_max=30.0)
    assert {asset_id: values[0] for asset_id, values in expected.items()} == {
        "last": 2000.0,
        "dorf": 200.0,
        "verlust": 10.0,
        "waerme": 780.0,
        "hochbehaelter": 100.0,
        "werk": 500.0,
        "kuehlhaus": 100.0,
    }


def test_heat_that_is_not_measured_is_expected_at_half_its_greatest(region: Region) -> None:
    image = image_of({("waerme", Point.HEAT_KW): Quality.COMM_ERROR})
    assert persisting_kw(region, image, periods=4, age_s_max=30.0)["waerme"][0] == 1250.0


def test_losses_follow_the_loads_of_their_own_feeder(region: Region) -> None:
    forecasts = [
        Forecast(
            asset_id=asset_id,
            issued_at=NOW,
            known_at=NOW,
            model="test",
            start=NOW,
            quantiles_kw=np.full((5, 4), power_kw),
        )
        for asset_id, power_kw in (("last", 2000.0), ("dorf", 200.0))
    ]
    expected = expected_kw(region, forecasts, periods=4)
    assert expected["verlust"].tolist() == [10.0] * 4
