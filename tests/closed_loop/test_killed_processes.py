"""Plant, controller and dashboard killed while they run: what the others do meanwhile, and what is left."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from energy.app.children import Child
from energy.app.clock import ScaledClock, wall_now
from energy.app.data_folder import LEDGER, REQUESTS
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.nature import SUBSTEP_S
from energy.domain import Point, Request, RequestKind
from energy.historian.preload import preload
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.reader import ledger_reader
from energy.mailbox import Mailbox
from energy.periods import format_utc, parse_utc
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from tests.closed_loop.ports import free_range

START = parse_utc("2020-05-18T06:00Z")
SPEED = 60.0
TICK_S = 15.0
WATCHDOG_S = 180.0
PATIENCE_S = 60.0
POLL_S = 0.2


class House:
    """The three processes of a simulated region, each killed and started by its name."""

    def __init__(self, folder: Path) -> None:
        self.region = load_region("musterstadt")
        self.folder = folder
        self.first_port = free_range(len(self.region.assets) + 1)
        self.web_port = self.first_port + len(self.region.assets)
        self.clock = ScaledClock(start=START, epoch=wall_now() + timedelta(seconds=3), speed=SPEED)
        self.children: dict[str, Child] = {}
        self.control_port = 0

    def start(self, name: str) -> None:
        time_of_house = ["--start", format_utc(START), "--epoch", format_utc(self.clock.epoch)]
        time_of_house += ["--speed", str(SPEED), "--first-port", str(self.first_port)]
        data = str(self.folder)
        arguments = {
            "plant": ["plant", "musterstadt", *time_of_house, "--state", data],
            "controller": ["run", "musterstadt", "--data", data, *time_of_house, "--tick", str(TICK_S)],
            "dashboard": ["dashboard", "musterstadt", "--data", data, "--port", str(self.web_port)],
        }[name]
        child = Child(name, arguments)
        self.children[name] = child
        if name == "plant":
            self.control_port = int(str(child.ready()["control_port"]))
        elif name == "controller":
            child.ready()

    def kill(self, name: str) -> None:
        os.kill(self.children[name].pid, signal.SIGKILL)
        self.children[name].stop()

    def close(self) -> None:
        for name in ("controller", "dashboard", "plant"):
            if name in self.children:
                self.children[name].stop()

    def ask(self, asset_id: str, power_kw: float) -> None:
        """Post a person's standing request."""
        at = self.clock.now()
        request = Request(
            request_id="test",
            kind=RequestKind.SET,
            asset_id=asset_id,
            power_kw=power_kw,
            actor="test",
            reason="a battery that discharges",
            made_at=at,
            until=at + timedelta(hours=1),
        )
        with Mailbox(self.folder / REQUESTS) as mailbox:
            mailbox.post(request)

    async def until_power(self, asset_id: str, power_kw: float) -> datetime:
        """Wait until an asset truly has a power; gives the simulated moment when that was seen."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S:
            if abs((await self.truth())[asset_id]["power_kw"] - power_kw) <= 1.0:
                return self.clock.now()
            await asyncio.sleep(POLL_S)
        raise AssertionError(f"{asset_id} does not reach {power_kw:g} kW within {PATIENCE_S:.0f} s")

    def get(self, path: str) -> Any:
        answer = httpx.get(f"http://127.0.0.1:{self.web_port}/api/v1/{path}", timeout=5.0)
        return answer.json() if answer.status_code == httpx.codes.OK else {}

    async def truth(self) -> dict[str, dict[str, float]]:
        async with await PlantControl.connect(self.control_port) as plant:
            return {asset_id: dict(values) for asset_id, values in (await plant.truth()).items()}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    with SqliteRecord(tmp_path) as record:
        preload(made.region, RegionHistory(made.region), record, start=START)
    try:
        yield made
    finally:
        made.close()


def until(what: str, holds: Callable[[], bool]) -> float:
    """Wait until something holds; gives the wall seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_S:
        try:
            if holds():
                return time.monotonic() - begun
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}")


def powers_known(house: House) -> set[bool]:
    """Whether the pages show a fresh and good power, over all assets."""
    return {asset["power_kw"] is not None for asset in house.get("assets")["assets"]}


async def test_each_process_dies_alone(house: House) -> None:
    for name in ("plant", "controller", "dashboard"):
        house.start(name)
    until("a plan is in force", lambda: house.get("status").get("rung") == "optimal")

    house.kill("plant")
    until("the controller sees silence", lambda: powers_known(house) == {False})
    assert house.get("status")["presence"] == "live", "the controller goes on without the field"
    house.start("plant")
    until("the field is back", lambda: powers_known(house) == {True})
    until("no alarm of a silent device is left", lambda: "device_silent" not in alarm_codes(house))

    house.kill("controller")
    killed_at = house.clock.now()
    until("the page says that the controller is silent", lambda: house.get("status")["presence"] == "silent")
    left = killed_at + timedelta(seconds=WATCHDOG_S + 30.0) - house.clock.now()
    await asyncio.sleep(max(0.0, left.total_seconds() / SPEED))
    truth = await house.truth()
    assert abs(truth["battery"]["power_kw"]) < 1.0, "the battery's own watchdog brought it to rest"
    assert truth["battery"]["power_kw_setpoint"] == pytest.approx(0.0)
    assert truth["ev_hub"]["power_kw_max"] == pytest.approx(120.0)
    house.start("controller")
    until("the controller is back", lambda: house.get("status")["presence"] == "live")
    controller_back_at = house.clock.now()

    house.kill("dashboard")
    before = recorded_at(house)
    until("the controller records on without pages", lambda: recorded_at(house) > before)
    house.start("dashboard")
    until("the pages are back", lambda: house.get("status").get("presence") == "live")
    house.close()

    with ledger_reader(house.folder / LEDGER) as ledger:
        ledger.verify()
        kinds = {entry.kind for entry in ledger.entries()}
    assert {"start", "tick", "plan", "hand_back"} <= kinds
    gaps = gaps_s(house)
    outage_s = (controller_back_at - killed_at).total_seconds()
    assert sum(gap > outage_s + 2 * TICK_S for gap in gaps) == 0, "no hole is wider than the outage"


async def test_a_discharging_battery_rests_within_its_watchdog_when_the_controller_is_killed(
    house: House,
) -> None:
    asked_kw = -800.0
    house.start("plant")
    house.start("controller")
    until("the controller ticks", lambda: (house.folder / LEDGER).exists() and has_ticked(house))
    house.ask("battery", asked_kw)
    await house.until_power("battery", asked_kw)

    house.kill("controller")
    killed_at = house.clock.now()
    held_kw = (await house.truth())["battery"]["power_kw"]
    assert held_kw == pytest.approx(asked_kw, abs=1.0), "it was discharging when the controller died"
    rested_at = await house.until_power("battery", 0.0)

    watchdog = timedelta(seconds=WATCHDOG_S)
    slack = timedelta(seconds=SPEED * POLL_S + SUBSTEP_S)
    assert rested_at - killed_at <= watchdog + slack, "the device's own watchdog, not anybody's luck"


def has_ticked(house: House) -> bool:
    with open_reader(house.folder) as reader:
        return reader.status() is not None


def alarm_codes(house: House) -> set[str]:
    return {alarm["code"] for alarm in house.get("status").get("alarms", [])}


def recorded_at(house: House) -> datetime:
    with open_reader(house.folder) as reader:
        status = reader.status()
    assert status is not None
    return status[0].at


def gaps_s(house: House) -> list[float]:
    """Distances between the grid point's samples, good or not, in simulated seconds."""
    with open_reader(house.folder) as reader:
        samples = reader.samples(
            house.region.grid_point.id, Point.POWER_KW, start=START, end=START + timedelta(hours=3)
        )
    moments = np.asarray(samples.at_ms, dtype=float) / 1000.0
    return [float(gap) for gap in np.diff(moments)]
