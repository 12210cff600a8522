"""What a test leaves behind: on devices that must be read before a write, and on a broken way back."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from energy.app.clock import ScaledClock
from energy.app.commissioning import Job, commission
from energy.app.conversation import Conversation, Pause
from energy.app.data_folder import LEDGER
from energy.app.ports_of_region import on_ports
from energy.devices.field_settings import FieldSettings
from energy.devices.layout import Table
from energy.devices.map_library import maps_of
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.write_budget import CountInMemory, WriteBudget
from energy.domain import Point
from energy.ledger.writer import Ledger
from energy.region.loader import load_region
from tests.closed_loop.commission_site import (
    MOVED,
    NOON,
    SPEED,
    SUNSPEC_BATTERY,
    SUNSPEC_PARK,
    TIMEOUT_S,
    Site,
    rewrite,
    step,
    verdicts,
    with_map,
)

pytestmark = pytest.mark.long


async def test_a_sunspec_battery_passes_and_is_handed_back(site: Callable[..., Site]) -> None:
    town = site(NOON, change=with_map(*SUNSPEC_BATTERY))
    result = await town.witnessed("battery", "--yes")
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["authority_max"] == "automatic"
    assert step(json.loads(result.stdout), "hand_back")["values"]["held_kw"] == pytest.approx(0.0)
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)


def as_delivered(folder: Path) -> None:
    """Let the park fall back to its full power until somebody sets it up."""
    rewrite(folder, r"(- id: pv_park\n(?:.*\n)*?.*safe_fraction: )0\.6", r"\g<1>1.0")


async def test_a_sunspec_park_passes_and_is_handed_back(site: Callable[..., Site]) -> None:
    town = site(NOON, change=with_map(*SUNSPEC_PARK), change_plant=as_delivered)
    result = await town.witnessed("pv_park", "--yes")
    assert result.returncode == 0, result.stdout
    hand_back = step(json.loads(result.stdout), "hand_back")
    assert hand_back["values"]["held_kw"] == pytest.approx(-4500.0, abs=1.0)
    assert (await town.truth("pv_park"))["power_kw_min"] == pytest.approx(-4500.0, abs=1.0)


async def test_an_interrupted_test_hands_a_sunspec_battery_back(site: Callable[..., Site]) -> None:
    town = site(NOON, change=with_map(*SUNSPEC_BATTERY))
    process = town.begin("battery", "--value", "power_kw=0", "--yes", *MOVED)
    await town.moved("battery", "power_kw_setpoint", 100.0)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert step(json.loads(said), "hand_back")["verdict"] == "passed", said
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)


async def limit_by_somebody_else(town: Site, percent: int) -> None:
    """Bound the park as a grid operator's box does: the percentage and the switch, and no timer."""
    region = on_ports(load_region(str(town.town)), town.first_port)
    asset = region.asset("pv_park")
    endpoint = ModbusEndpoint(asset.device.endpoint, Patience())
    await endpoint.open()
    try:
        scale = maps_of(region)[asset.device.profile].scale_factors[-1]
        (factor,) = await endpoint.read(asset.device.unit, scale.table, address=scale.address, count=1)
        raw = round(percent / 10.0 ** (factor - 0x10000 if factor & 0x8000 else factor))
        for address, value in ((40294, 0), (40292, raw), (40291, 1)):
            await endpoint.write(
                asset.device.unit, Table.HOLDING, address=address, values=[value], single=False
            )
    finally:
        endpoint.close()


async def test_a_limit_of_somebody_else_is_handed_back_exactly_as_it_was_found(
    site: Callable[..., Site],
) -> None:
    town = site(NOON, change=with_map(*SUNSPEC_PARK))
    await limit_by_somebody_else(town, 80)
    result = await town.witnessed("pv_park", "--yes")
    protocol = json.loads(result.stdout)
    assert verdicts(result)["sign"] == "passed", result.stdout
    hand_back = step(protocol, "hand_back")
    assert hand_back["verdict"] == "passed", result.stdout
    assert hand_back["values"]["held_kw"] == pytest.approx(-6000.0, abs=1.0), "not the safe state, -4500"
    assert "limit that was found" in hand_back["words"][0]
    assert -6000.0 not in protocol["sent_kw"], "it is not ours"


class StumblingClock:
    """A clock that fails a few times, once the test shall end."""

    def __init__(self, clock: ScaledClock, stop: asyncio.Event, failures: int) -> None:
        self._clock = clock
        self._stop = stop
        self._left = failures

    def now(self) -> datetime:
        """See ``Clock``."""
        if self._stop.is_set() and self._left > 0:
            self._left -= 1
            raise OSError("no time source")
        return self._clock.now()


@pytest.mark.parametrize(("failures", "verdict"), [(2, "passed"), (3, "failed")])
async def test_a_hand_back_that_breaks_is_tried_again_and_always_recorded(
    site: Callable[..., Site], failures: int, verdict: str
) -> None:
    town = site(NOON)
    region = on_ports(load_region(str(town.town)), town.first_port)
    asset, stop = region.asset("battery"), asyncio.Event()
    job = Job(
        region=region,
        asset=asset,
        content=maps_of(region)[asset.device.profile],
        tester="meier",
        witness="Erika Muster",
        settings=FieldSettings(),
        simulated=True,
        readings_only=False,
        start=False,
    )
    pause = Pause(stop, speed=SPEED)
    talk = Conversation(
        pause, values={Point.POWER_KW: 0.0}, flows_kw=(100.0, -100.0), yes=True, out=sys.stderr
    )
    clock = StumblingClock(town.clock, stop, failures)
    town.data.mkdir()
    with Ledger(town.data / LEDGER) as ledger:
        making = asyncio.create_task(commission(job, talk, ledger, clock, WriteBudget(CountInMemory())))
        await town.moved("battery", "power_kw_setpoint", 100.0)
        pause.end()
        result = await making
    assert result.interrupted
    (entry,) = town.entries("commission")
    hand_back = step(entry.body, "hand_back")
    assert hand_back["verdict"] == verdict
    assert ("no time source" in hand_back["words"][0]) is (verdict == "failed")
    held_kw = (await town.truth("battery"))["power_kw_setpoint"]
    assert held_kw == pytest.approx(0.0 if verdict == "passed" else 100.0)
