"""A device that was silent for long: what stands there when it answers again is looked at as at the start."""

from pathlib import Path

import pytest

from energy.domain import Point
from energy.region.model import Region
from tests.controller.conftest import NOW
from tests.controller.test_loop import MINUTE, FailingLedger, House


@pytest.fixture
def house(region: Region, tmp_path: Path) -> House:
    return House(region=region, ledger=FailingLedger(tmp_path / "ledger.sqlite"))


async def test_a_bound_that_somebody_sets_while_the_device_is_silent_is_not_overwritten_on_its_return(
    house: House,
) -> None:
    controller = house.controller()
    for minute in range(3):
        await controller.tick(NOW + minute * MINUTE)
    house.site.silent.add("park")
    for minute in range(3, 15):
        await controller.tick(NOW + minute * MINUTE)
    house.site.values["park", Point.POWER_KW_MIN] = -180.0
    house.site.silent.clear()
    for minute in range(15, 18):
        report = await controller.tick(NOW + minute * MINUTE)
        assert house.site.held_kw("park", Point.POWER_KW_MIN) == -180.0
    assert ("foreign_write", "park") in {(alarm.code, alarm.target_id) for alarm in report.output.alarms}
    assert house.ledger.last("limit_found") is not None
