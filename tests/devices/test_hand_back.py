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
from energy.domain import Applied, Point
from energy.historian.memory_record import MemoryRecord
from energy.ledger import Ledger
from tests.controller.test_loop import NoPrices, NoTime, ScriptedMailbox
from tests.controller.test_plan_keeper import ScriptedPlanner, rules
from tests.devices.conftest import AT, PATIENT, region_at
from tests.devices.inverter import ENABLE, KEPT_S, LIMIT, POWER, TIMER, Inverter, Serve, map_of
from tests.devices.test_field import fill

TICK = timedelta(seconds=5)


class Plant:
    """An inverter and a grid meter under a controller with a ledger."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        (port, bank), (meter_port, meter) = serve(), serve()
        self.inverter = Inverter(bank)
        self.inverter.put(POWER, 2000)
        fill(meter, "generic_meter", {Point.POWER_KW: 500.0})
        region = region_at({"pv_park": port, "grid_point": meter_port})
        maps = {**maps_of(region), "generic_park_controller": map_of(folder)}
        self.field = ModbusField(region, maps, FieldSettings(patience=PATIENT))
        self.ledger = Ledger(folder / "ledger.sqlite")
        peak = BilledPeak(year=AT.year, power_kw=0.0)
        memory = recall(self.ledger, billed_peak=peak, power_kw_max=power_kw_plausible(region))
        self.controller = Controller(
            region,
            mode=Mode(tick_s=TICK.total_seconds(), simulated=False, speed=1.0),
            ports=Ports(
                meter=self.field,
                dispatchable=self.field,
                recorder=Recorder(MemoryRecord(), self.ledger),
                requests=ScriptedMailbox(),
                prices=NoPrices(),
                stopwatch=NoTime,
            ),
            keeper=PlanKeeper(control=region.control, planner=ScriptedPlanner(), fallback=rules()),
            memory=memory,
        )

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
    await plant.field.close()
    assert [type(outcome) for outcome in outcomes] == [Applied]
    if percent < 100:
        assert [entry.body["target_id"] for entry in plant.ledger.entries(kind="limit_found")] == ["pv_park"]
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
    await plant.field.close()
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
    await plant.field.close()
    assert plant.inverter.shows(LIMIT) == 300
