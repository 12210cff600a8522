"""A meter that begins to drift by 2 %: from the plant through the record to an alarm that names it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from energy.controller.decide import decide
from energy.controller.tick_input import TickInput
from energy.devices.plant.faults import DRIFT_FRACTION
from energy.devices.plant.meter_error import Meter
from energy.devices.plant.nature import RecordedNature
from energy.devices.plant.world import World
from energy.domain import Alarm, Image, Point, Quality, Reading, Rung
from energy.historian.memory_record import MemoryRecord
from energy.periods import parse_utc
from energy.planning.metering import MeterWatch, nodes_of
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.region.model import Region

SEED = 1
START = parse_utc("2020-05-11T22:00Z")
READ_EVERY = timedelta(seconds=120)
"""As far apart as samples may lie without a hole in the coverage."""
BEFORE, FOUND_WITHIN = timedelta(days=5), timedelta(days=3)
ONSET = START + BEFORE
ASK_EVERY = timedelta(hours=12)


Truth = tuple[tuple[datetime, Mapping[str, float]], ...]
"""By moment of reading, the power in kW of everything with an electricity meter."""
Notes = tuple[tuple[datetime, tuple[str, ...]], ...]


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


@pytest.fixture(scope="module")
def truth(region: Region) -> Truth:
    """Let the plant run by itself: nobody has to command anything for its meters to be compared."""
    nature = RecordedNature(region, RegionHistory(region), seed=SEED)
    world = World(region, nature=nature, start=START, rules={}, substep_s=READ_EVERY.total_seconds())
    meter_ids = dict.fromkeys(
        meter_id for node in nodes_of(region) for meter_id in (*node.member_ids, node.meter_id)
    )
    moments = []
    while world.at < ONSET + FOUND_WITHIN:
        world.advance_to(world.at + READ_EVERY)
        moments.append(
            (world.at, {meter_id: world.shown(meter_id)[Point.POWER_KW] for meter_id in meter_ids})
        )
    return tuple(moments)


def notes_with_drift(region: Region, truth: Truth, meter_id: str | None) -> Notes:
    """Read every meter into a record, one of them drifting from ``ONSET`` on, and ask the watch."""
    meters = {
        asset_id: Meter(asset_id, region.asset(asset_id).meter_class, seed=SEED) for asset_id in truth[0][1]
    }
    record = MemoryRecord()
    watch = MeterWatch(region, record)
    told = []
    for at, powers_kw in truth:
        if meter_id is not None and at - READ_EVERY == ONSET:
            meters[meter_id].set_drift(DRIFT_FRACTION, {})
        record.write_readings(
            [_reading(meters[asset_id], asset_id, power_kw, at) for asset_id, power_kw in powers_kw.items()]
        )
        if (at - START) % ASK_EVERY == timedelta():
            told.append((at, watch.notes(at)))
    return tuple(told)


def _reading(meter: Meter, asset_id: str, power_kw: float, at: datetime) -> Reading:
    shown = meter.reading({Point.POWER_KW: power_kw}, at.timestamp())
    return Reading(
        asset_id=asset_id,
        point=Point.POWER_KW,
        value=shown[Point.POWER_KW],
        quality=Quality.GOOD,
        measured_at=at,
    )


def alarms_of(region: Region, notes: tuple[str, ...], at: datetime) -> Sequence[Alarm]:
    """What a tick makes of the planner's notes."""
    tick = TickInput(
        image=Image(at=at, readings={}),
        tick_s=5.0,
        plan=None,
        rung=Rung.SAFE_STATE,
        limits=(),
        overrides=(),
        exchange_mean_kw=None,
        outcomes=(),
        alarms=(),
        unread=(),
        uncommissioned=(),
        behind=(),
        notes=notes,
    )
    return [alarm for alarm in decide(region, tick).alarms if alarm.code == "meter_drift"]


def found_in_time(region: Region, truth: Truth, meter_id: str) -> None:
    told = notes_with_drift(region, truth, meter_id)
    assert [notes for at, notes in told if at <= ONSET] == [()] * (BEFORE // ASK_EVERY)
    named = [(at, note) for at, notes in told for note in notes if note.startswith("meter_drift@")]
    assert {note.partition(":")[0] for _, note in named} == {f"meter_drift@{meter_id}"}
    assert named[0][0] - ONSET <= FOUND_WITHIN
    at, notes = told[-1]
    [alarm] = alarms_of(region, notes, at)
    assert alarm.target_id == meter_id
    assert alarm.detail.startswith("reads 2.0 %")
    assert " too high " in alarm.detail


@pytest.mark.long
def test_the_drifting_meter_is_named_within_three_days_and_nothing_before(
    region: Region, truth: Truth
) -> None:
    found_in_time(region, truth, "wind_nebelkopf")


@pytest.mark.long
@pytest.mark.parametrize("meter_id", ["feeder_ost", "load_granitstadt", "pv_park_schneebuch"])
def test_other_meters_are_found_as_well(region: Region, truth: Truth, meter_id: str) -> None:
    found_in_time(region, truth, meter_id)


@pytest.mark.long
def test_meters_within_their_class_are_left_in_peace(region: Region, truth: Truth) -> None:
    told = notes_with_drift(region, truth, None)
    assert {notes for _, notes in told} == {()}
