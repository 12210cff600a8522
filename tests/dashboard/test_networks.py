"""Heat, hydrogen and water: sums in magnitudes, and what is not known is never 0."""

import pytest

from dashboard.networks import heat_of, hydrogen_of, water_of
from energy.domain import Point
from tests.dashboard.valley import HEAT_KW, readings, valley

REGION = valley()
KNOWN = {(item.asset_id, item.point): item.value for item in readings(REGION) if item.value is not None}


def without(asset_id, point):
    return {key: value for key, value in KNOWN.items() if key != (asset_id, point)}


def test_a_heat_network_is_drawn_up_in_magnitudes():
    first, second = heat_of(REGION, KNOWN)
    assert (first.taken_kw, first.produced_kw) == (6600.0, 5100.0)
    assert [(part.kind, part.power_kw) for part in first.producers] == [("chp", 3200.0), ("boiler", 1900.0)]
    assert first.stores[0].fraction == pytest.approx(0.63)
    assert first.stores[0].charging_kw == -1500.0
    assert second.stores[0].charging_kw == 180.0


def test_the_sources_of_heat_count_a_store_that_gives_and_close_the_balance():
    for network in heat_of(REGION, KNOWN):
        charging = sum(max(0.0, store.charging_kw) for store in network.stores)
        assert sum(part.power_kw for part in network.sources) == network.taken_kw + charging
    assert [part.kind for part in heat_of(REGION, KNOWN)[0].sources] == ["chp", "boiler", "heat_storage"]


@pytest.mark.parametrize("asset_id", ["chp_a", "boiler_a", "store_a"])
def test_an_unknown_producer_leaves_the_source_unknown(asset_id):
    network = heat_of(REGION, without(asset_id, Point.HEAT_KW))[0]
    assert network.sources is None
    assert network.taken_kw == HEAT_KW["heat_a"]


def test_an_unknown_demand_is_not_zero():
    assert heat_of(REGION, without("heat_a", Point.HEAT_KW))[0].taken_kw is None
    assert heat_of(REGION, {})[0].stores[0].fraction is None


def test_a_hydrogen_store_charges_by_what_is_made_beyond_its_offtake():
    (network,) = hydrogen_of(REGION, KNOWN)
    assert (network.produced_kw, network.taken_kw) == (4300.0, 3333.0)
    assert network.stores[0].charging_kw == 967.0
    (blind,) = hydrogen_of(REGION, without("electrolyser", Point.HYDROGEN_KW))
    assert blind.stores[0].charging_kw is None


def test_a_reservoir_knows_its_reserve():
    (reservoir,) = water_of(REGION, KNOWN)
    assert (reservoir.volume_m3, reservoir.reserve_fraction) == (1850.0, 0.3)
    assert water_of(REGION, {})[0].fraction is None
