"""Replay: on the complete input, across sealed segments and restarts, and honest where it cannot."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.app.replaying import replay_ticks, tick_input
from energy.controller.recorder import tick_body
from energy.controller.tick_input import TickInput
from energy.errors import BadInput
from energy.ledger.sealing import SealingLimits
from energy.ledger.upkeep import Upkeep, UpkeepRules
from energy.region.model import Region
from tests.controller.test_loop import MINUTE, NOW, FailingLedger, House

FEW = UpkeepRules(sealing=SealingLimits(entries_max=20, forgotten_per_step=20), inline=True)


@pytest.fixture
def house(region: Region, tmp_path: Path) -> House:
    return House(region=region, ledger=FailingLedger(tmp_path / "ledger.sqlite"))


async def kept(house: House, *, lives: int = 3, minutes: int = 40) -> None:
    """Let a controller live some times and hand back at the end of each, while days are sealed."""
    with Upkeep(house.ledger, FEW) as upkeep:
        for life in range(lives):
            controller = house.controller()
            for minute in range(minutes):
                at = NOW + (life * minutes + minute) * MINUTE
                await controller.tick(at)
                upkeep.step(at)
            await controller.hand_back(NOW + ((life + 1) * minutes - 1) * MINUTE)


async def test_ticks_replay_bit_for_bit_across_segments_and_restarts(house: House, tmp_path: Path) -> None:
    await kept(house)
    assert len(house.ledger.segments()) >= 2
    house.ledger.verify()
    report = replay_ticks(house.region, tmp_path, start=None, end=None)
    assert (report["ticks"], report["different"], report["not_replayable"]) == (123, 0, 0)
    middle = replay_ticks(house.region, tmp_path, start=NOW + 30 * MINUTE, end=NOW + 50 * MINUTE)
    assert (middle["ticks"], middle["different"], middle["not_replayable"]) == (21, 0, 0)


async def test_a_tick_whose_plan_was_removed_is_said_to_be_not_replayable(
    house: House, tmp_path: Path
) -> None:
    await kept(house)
    oldest = house.ledger.oldest_segment()
    assert oldest is not None
    house.ledger.enter_removal(oldest, (), NOW + timedelta(hours=3))
    house.ledger.delete_removed(oldest)
    report = replay_ticks(house.region, tmp_path, start=None, end=None)
    assert report["different"] == 0
    assert report["ticks"] + report["not_replayable"] < 123
    assert set(report["reasons"]) == {"its plan lies in a removed segment"}


async def test_other_code_is_named_and_another_region_refused(house: House, tmp_path: Path) -> None:
    await kept(house, lives=1, minutes=3)
    report = replay_ticks(house.region, tmp_path, start=None, end=None)
    assert report["other_code"] == {"not recorded": 4}, "this controller was not told its digest"
    elsewhere = dataclasses.replace(house.region, digest="0" * 64)
    with pytest.raises(BadInput, match="another region file"):
        replay_ticks(elsewhere, tmp_path, start=None, end=None)


async def test_no_field_of_the_input_can_be_forgotten(house: House) -> None:
    house.site.refusing.add("laden")
    controller = house.controller(uncommissioned=("speicher",))
    for minute in range(4):
        report = await controller.tick(NOW + minute * MINUTE)
    tick = dataclasses.replace(report.tick, notes=("one: two",), unread=("park",), exchange_mean_kw=1.5)
    data: Any = tick_body(tick, report.output, {})["input"]
    assert data.keys() == {field.name for field in dataclasses.fields(TickInput)} - {"plan"} | {"plan_id"}
    plans = {tick.plan.plan_id: tick.plan} if tick.plan is not None else {}
    assert tick_input(data, plans) == (tick, None)
    for name in data:
        lacking = {key: value for key, value in data.items() if key != name}
        again, reason = tick_input(lacking, plans)
        assert again is None
        assert reason is not None
        assert name in reason
