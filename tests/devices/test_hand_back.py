"""The loop over real registers: what somebody else set on an inverter outlives the controller."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from energy.controller.loop import Controller, Mode, Ports, power_kw_plausible
from energy.controller.memory import BilledPeak, recall
from energy.controller.plan_keeper import PlanKeeper
from energy.controller.recorder import Recorder
from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import maps_of
from energy.devices.write_budget import WriteBudget
from energy.devices.write_budget_file import FILE_NAME, CountInFile
from energy.domain import Applied, Point, Request, RequestKind
from energy.historian.memory_record import MemoryRecord
from energy.ledger.writer import Ledger
from tests.controller.test_loop import NoPrices, NoTime, ScriptedMailbox
from tests.controller.test_plan_keeper import ScriptedPlanner, rules
from tests.devices.conftest import AT, PATIENT, region_at
from tests.devices.inverter import ENABLE, KEPT_S, LEFT, LIMIT, POWER, TIMER, Inverter, Serve, map_of
from tests.devices.test_field import fill

TICK = timedelta(seconds=5)


class Plant:
    """An inverter and a grid meter under a controller with a ledger and a field's own file.

    One made ``after`` another is the controller started again before the same devices and files.
    """

    def __init__(self, serve: Serve, folder: Path, *, after: "Plant | None" = None) -> None:
        self._ports = (serve(), serve()) if after is None else after._ports
        (port, bank), (meter_port, meter) = self._ports
        self.inverter = Inverter(bank) if after is None else after.inverter
        if after is None:
            self.inverter.put(POWER, 2000)
            fill(meter, "generic_meter", {Point.POWER_KW: 500.0})
        region = region_at({"pv_park": port, "grid_point": meter_port})
        maps = {**maps_of(region), "generic_park_controller": map_of(folder)}
        self._record = CountInFile(folder / FILE_NAME)
        self.field = ModbusField(
            region, maps, FieldSettings(patience=PATIENT), budget=WriteBudget(self._record)
        )
        self.mailbox = ScriptedMailbox()
        self.ledger = Ledger(folder / "ledger.sqlite")
        peak = BilledPeak(period=AT.year, power_kw=0.0)
        memory = recall(self.ledger, billed_peak=peak, power_kw_max=power_kw_plausible(region))
        self.controller = Controller(
            region,
            mode=Mode(tick_s=TICK.total_seconds(), simulated=False, speed=1.0),
            ports=Ports(
                meter=self.field,
                dispatchable=self.field,
                recorder=Recorder(MemoryRecord(), self.ledger),
                requests=self.mailbox,
                prices=NoPrices(),
                stopwatch=NoTime,
            ),
            keeper=PlanKeeper(control=region.control, planner=ScriptedPlanner(), fallback=rules()),
            memory=memory,
        )

    async def close(self) -> None:
        await self.field.close()
        self.ledger.close()
        self._record.close()

    def ask(self, power_kw: float, at: datetime) -> None:
        """Let a person ask for a power for an hour."""
        request = Request(
            request_id="tighter",
            kind=RequestKind.SET,
            asset_id="pv_park",
            power_kw=power_kw,
            actor="schicht",
            reason="test",
            made_at=at,
            until=at + timedelta(hours=1),
        )
        self.mailbox.requests.append((1, request))

    async def run(self, ticks: int, at: datetime = AT) -> datetime:
        for _ in range(ticks):
            await self.controller.tick(at)
            at += TICK
            self.inverter.pass_s(5)
        return at


@pytest.mark.parametrize("percent", [30, 60, 100])
async def test_a_clean_hand_back_leaves_a_bound_that_is_not_ours(
    serve: Serve, tmp_path: Path, percent: int
) -> None:
    plant = Plant(serve, tmp_path)
    plant.inverter.put(LIMIT, 10 * percent)
    plant.inverter.put(ENABLE, 1)
    at = await plant.run(4)
    outcomes = await plant.controller.hand_back(at)
    plant.inverter.pass_s(10 * KEPT_S)
    found = [entry.body["target_id"] for entry in plant.ledger.entries(kind="limit_found")]
    await plant.close()
    assert [type(outcome) for outcome in outcomes] == [Applied]
    if percent < 100:
        assert found == ["pv_park"]
        assert (plant.inverter.shows(LIMIT), plant.inverter.shows(ENABLE)) == (10 * percent, 1)
        assert plant.inverter.shows(TIMER) == 0


async def test_a_bound_that_is_ours_ends_with_its_timer_after_a_hand_back(
    serve: Serve, tmp_path: Path
) -> None:
    plant = Plant(serve, tmp_path)
    at = await plant.run(4)
    await plant.controller.hand_back(at)
    assert plant.inverter.shows(TIMER) == KEPT_S
    assert plant.ledger.last("limit_found") is None
    plant.inverter.pass_s(KEPT_S)
    await plant.close()
    assert plant.inverter.shows(ENABLE) == 0


async def test_a_bound_set_by_others_while_we_run_is_kept(serve: Serve, tmp_path: Path) -> None:
    plant = Plant(serve, tmp_path)
    at = await plant.run(4)
    plant.inverter.put(LIMIT, 300)
    at = await plant.run(6, at)
    assert plant.inverter.shows(LIMIT) == 300
    [found] = plant.ledger.entries(kind="limit_found")
    assert found.body["reason"] == "set on the device by somebody else"
    assert found.body["power_kw_min"] == pytest.approx(-1200.0)
    await plant.controller.hand_back(at)
    await plant.close()
    assert plant.inverter.shows(LIMIT) == 300


async def test_a_found_bound_outlives_a_controller_that_tightened_it_and_was_killed(
    serve: Serve, tmp_path: Path
) -> None:
    plant = Plant(serve, tmp_path)
    plant.inverter.put(LIMIT, 300)
    plant.inverter.put(ENABLE, 1)
    at = await plant.run(3)
    plant.ask(-400.0, at)
    at = await plant.run(8, at)
    assert (plant.inverter.shows(LIMIT), plant.inverter.shows(TIMER)) == (100, KEPT_S)
    await plant.close()
    again = Plant(serve, tmp_path, after=plant)
    at = await again.run(2, at)
    outcomes = await again.controller.hand_back(at)
    await again.close()
    assert [type(outcome) for outcome in outcomes] == [Applied]
    again.inverter.pass_s(10 * KEPT_S)
    shown = [again.inverter.shows(address) for address in (LIMIT, TIMER, ENABLE)]
    assert shown == [300, 0, 1], "30 %, without a timer, as it was found"


async def test_a_bound_that_others_set_without_a_timer_while_we_run_outlives_us(
    serve: Serve, tmp_path: Path
) -> None:
    plant = Plant(serve, tmp_path)
    at = await plant.run(4)
    for address, value in {TIMER: 0, LEFT + 1: 0, LIMIT: 300, ENABLE: 1}.items():
        plant.inverter.put(address, value)
    at = await plant.run(6, at)
    assert [entry.body["target_id"] for entry in plant.ledger.entries(kind="limit_found")] == ["pv_park"]
    outcomes = await plant.controller.hand_back(at)
    await plant.close()
    assert [type(outcome) for outcome in outcomes] == [Applied]
    plant.inverter.pass_s(10 * KEPT_S)
    assert [plant.inverter.shows(address) for address in (LIMIT, TIMER, ENABLE)] == [300, 0, 1]
