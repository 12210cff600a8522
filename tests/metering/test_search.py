"""Meters against each other: what drifts is named, what is silent or in class is not."""

from dataclasses import replace

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.metering.nodes import MeterDrift, MeterRecord, Node, Unbalanced
from energy.metering.search import findings

PERIODS = 14 * 96
ONSET = PERIODS - 3 * 96
LIMIT = 0.005
NODES = (
    Node(meter_id="grid", member_ids=("north", "south", "battery")),
    Node(meter_id="north", member_ids=("town", "mill", "sun", "roof")),
    Node(meter_id="south", member_ids=("city", "works", "wind")),
)
METERS = ("town", "mill", "sun", "roof", "city", "works", "wind", "battery", "north", "south", "grid")


def truth_kw(seed: int) -> FloatArray:
    """Two feeders and a battery with shapes of their own, 14 days."""
    chance = np.random.default_rng(seed)
    hour = np.arange(PERIODS) / 4.0 % 24.0
    day = np.repeat(chance.uniform(0.3, 1.0, 14), 96)

    def noise() -> FloatArray:
        return np.convolve(chance.standard_normal(PERIODS + 15), np.ones(16) / 4.0, "valid")

    sun = np.maximum(0.0, np.sin(np.pi * (hour - 6.0) / 12.0)) * day
    members = {
        "town": 2500.0 + 800.0 * np.sin(np.pi * (hour - 8.0) / 12.0) + 100.0 * noise(),
        "mill": 900.0 + 500.0 * ((hour > 6.0) & (hour < 18.0)) + 40.0 * noise(),
        "sun": -3000.0 * sun,
        "roof": -50.0 * sun * (1.0 + 0.05 * noise()),
        "city": 4000.0 + 1500.0 * np.sin(np.pi * (hour - 10.0) / 12.0) + 150.0 * noise(),
        "works": 1200.0 + 300.0 * noise(),
        "wind": -np.abs(2000.0 + 1500.0 * noise()),
        "battery": 2000.0 * np.repeat(chance.integers(-1, 2, PERIODS // 8), 8),
    }
    north = members["town"] + members["mill"] + members["sun"] + members["roof"]
    south = members["city"] + members["works"] + members["wind"]
    rows = {**members, "north": north, "south": south, "grid": north + south + members["battery"]}
    return np.stack([rows[meter_id] for meter_id in METERS])


def read(seed: int) -> MeterRecord:
    """Constant errors within half the class limit, and noise."""
    chance = np.random.default_rng([seed, 1])
    true_kw = truth_kw(seed)
    constant = chance.uniform(-LIMIT / 2.0, LIMIT / 2.0, (len(METERS), 1))
    noise = LIMIT / 6.0 / np.sqrt(15.0) * chance.standard_normal(true_kw.shape)
    return MeterRecord(
        nodes=NODES,
        limit_fraction=dict.fromkeys(METERS, LIMIT),
        power_kw=true_kw * (1.0 + constant + noise),
    )


def drifting(record: MeterRecord, meter_id: str, fraction: float) -> MeterRecord:
    power_kw = record.power_kw.copy()
    power_kw[METERS.index(meter_id), ONSET:] *= 1.0 + fraction
    return replace(record, power_kw=power_kw)


@pytest.mark.parametrize("seed", range(6))
def test_meters_within_their_class_raise_nothing(seed: int) -> None:
    assert findings(read(seed)) == ()


@pytest.mark.parametrize("meter_id", [meter_id for meter_id in METERS if meter_id != "roof"])
@pytest.mark.parametrize("fraction", [0.02, -0.02])
def test_a_drift_of_two_percent_is_named_with_its_size_within_three_days(
    meter_id: str, fraction: float
) -> None:
    (found,) = findings(drifting(read(7), meter_id, fraction))
    assert isinstance(found, MeterDrift)
    assert found.meter_id == meter_id
    assert found.error_fraction == pytest.approx(fraction, abs=0.002)
    assert 0.0 < found.error_fraction_se < 0.002
    assert abs(found.since_period - ONSET) <= 24


def test_a_feeders_own_meter_is_told_apart_from_all_its_members() -> None:
    (found,) = findings(drifting(read(8), "south", 0.02))
    assert isinstance(found, MeterDrift)
    assert (found.meter_id, found.node_id) == ("south", "south")


def test_a_meter_too_small_to_see_names_no_other() -> None:
    told = findings(drifting(read(9), "roof", 0.02))
    assert not [one for one in told if isinstance(one, MeterDrift) and one.meter_id != "roof"]


def test_two_drifts_are_two_findings() -> None:
    both = drifting(drifting(read(10), "city", 0.02), "sun", -0.03)
    assert {one.meter_id for one in findings(both) if isinstance(one, MeterDrift)} == {"city", "sun"}


def test_a_change_within_the_class_is_no_drift() -> None:
    assert findings(drifting(read(11), "city", 0.003)) == ()


def test_a_silent_meter_is_no_drift() -> None:
    record = read(12)
    record.power_kw[METERS.index("works"), ONSET:] = np.nan
    assert findings(record) == ()


def test_a_silent_meter_does_not_hide_a_drift_on_another_feeder() -> None:
    record = drifting(read(12), "town", 0.02)
    record.power_kw[METERS.index("works"), ONSET:] = np.nan
    (found,) = findings(record)
    assert isinstance(found, MeterDrift)
    assert found.meter_id == "town"


def test_power_that_no_meter_sees_names_the_node_and_no_meter() -> None:
    record = read(13)
    record.power_kw[METERS.index("south"), ONSET:] += 150.0
    record.power_kw[METERS.index("grid"), ONSET:] += 150.0
    (found,) = findings(record)
    assert isinstance(found, Unbalanced)
    assert found.node_id == "south"
    assert found.size_kw == pytest.approx(150.0, rel=0.1)


def test_a_computed_past_that_adds_up_exactly_proves_nothing() -> None:
    record = read(14)
    record.power_kw[:, : PERIODS // 2] = truth_kw(14)[:, : PERIODS // 2]
    assert findings(record) == ()


def test_nothing_measured_finds_nothing() -> None:
    record = read(15)
    record.power_kw[:] = np.nan
    assert findings(record) == ()


def test_less_than_a_day_is_not_judged() -> None:
    record = drifting(read(16), "city", 0.02)
    record.power_kw[:, :-90] = np.nan
    assert findings(record) == ()
