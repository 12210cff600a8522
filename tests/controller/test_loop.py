"""The loop on a scripted field: what survives restarts, outages and bad days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from energy.app.replaying import replay_ticks
from energy.controller.loop import Controller, Mode, Ports, power_kw_plausible
from energy.controller.memory import BilledPeak, Memory, recall
from energy.controller.plan_keeper import PlanKeeper
from energy.controller.recorder import Recorder
from energy.domain import (
    Applied,
    Outcome,
    Point,
    Quality,
    Reading,
    Rejected,
    Request,
    RequestKind,
    Rung,
    Setpoint,
    Unreachable,
)
from energy.errors import StoreUnavailable
from energy.historian.memory_record import MemoryRecord
from energy.ledger.chain import Draft, Entry
from energy.ledger.writer import Ledger
from energy.region.model import Region
from tests.controller.conftest import NOW, VALUES
from tests.controller.test_plan_keeper import ScriptedPlanner, rules

MINUTE = timedelta(minutes=1)


@dataclass
class ScriptedField:
    """Devices that hold what they are sent; any of them can be silent or refuse."""

    values: dict[tuple[str, Point], float] = field(
        default_factory=lambda: {**VALUES, ("laden", Point.POWER_KW_MAX): 150.0}
    )
    silent: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    sent: list[Setpoint] = field(default_factory=list)
    reads: int = 0

    async def read(self, at: datetime) -> Sequence[Reading]:
        self.reads += 1
        return [
            Reading(
                asset_id=asset_id,
                point=point,
                value=None if asset_id in self.silent else value,
                quality=Quality.COMM_ERROR if asset_id in self.silent else Quality.GOOD,
                measured_at=at,
            )
            for (asset_id, point), value in self.values.items()
        ]

    async def apply(self, setpoints: Sequence[Setpoint], at: datetime) -> Sequence[Outcome]:
        return [self._apply(setpoint, at) for setpoint in setpoints]

    def _apply(self, setpoint: Setpoint, at: datetime) -> Outcome:
        self.sent.append(setpoint)
        if setpoint.asset_id in self.silent:
            return Unreachable(setpoint=setpoint, at=at, reason="silent")
        if setpoint.asset_id in self.refusing:
            return Rejected(setpoint=setpoint, at=at, reason="refused")
        self.values[setpoint.asset_id, setpoint.point] = setpoint.power_kw
        return Applied(setpoint=setpoint, read_back_kw=setpoint.power_kw, at=at)

    def held_kw(self, asset_id: str, point: Point) -> float:
        return self.values[asset_id, point]

    def sent_to(self, asset_id: str) -> list[float]:
        return [setpoint.power_kw for setpoint in self.sent if setpoint.asset_id == asset_id]


@dataclass
class ScriptedMailbox:
    """Requests by their number."""

    requests: list[tuple[int, Request]] = field(default_factory=list)

    def requests_after(self, sequence: int) -> Sequence[tuple[int, Request]]:
        return [item for item in self.requests if item[0] > sequence]


class NoPrices:
    """Publishes nothing."""

    def published(self, at: datetime) -> None:
        assert at.tzinfo is not None


class NoTime:
    """A stopwatch of a world without wall time."""

    def seconds(self) -> float:
        return 0.0


class FailingLedger(Ledger):
    """A ledger whose disk is full whenever a test says so."""

    full = False

    def append_many(self, entries: Sequence[Draft]) -> Sequence[Entry]:
        if self.full:
            raise StoreUnavailable("disk full")
        return super().append_many(entries)


@dataclass
class House:
    """A controller on a scripted field with a real ledger."""

    region: Region
    ledger: FailingLedger
    site: ScriptedField = field(default_factory=ScriptedField)
    mailbox: ScriptedMailbox = field(default_factory=ScriptedMailbox)
    record: MemoryRecord = field(default_factory=MemoryRecord)
    planner: ScriptedPlanner = field(default_factory=ScriptedPlanner)

    def controller(self, memory: Memory | None = None, *, uncommissioned: tuple[str, ...] = ()) -> Controller:
        return Controller(
            self.region,
            mode=Mode(tick_s=60.0, simulated=False, speed=1.0),
            ports=Ports(
                meter=self.site,
                dispatchable=self.site,
                recorder=Recorder(self.record, self.ledger),
                requests=self.mailbox,
                prices=NoPrices(),
                stopwatch=NoTime,
            ),
            keeper=PlanKeeper(control=self.region.control, planner=self.planner, fallback=rules()),
            memory=memory if memory is not None else self.recalled(),
            uncommissioned=uncommissioned,
        )

    def recalled(self) -> Memory:
        peak = BilledPeak(period=2020, power_kw=0.0)
        return recall(self.ledger, billed_peak=peak, power_kw_max=power_kw_plausible(self.region))


@pytest.fixture
def house(region: Region, tmp_path: Path) -> House:
    return House(region=region, ledger=FailingLedger(tmp_path / "ledger.sqlite"))


async def test_a_limit_found_at_start_is_kept_and_survives_a_restart(house: House) -> None:
    house.site.values["park", Point.POWER_KW_MIN] = -120.0
    first = house.controller()
    for minute in range(3):
        await first.tick(NOW + minute * MINUTE)
    assert set(house.site.sent_to("park")) == {-120.0}
    second = house.controller()
    await second.tick(NOW + 4 * MINUTE)
    assert house.site.held_kw("park", Point.POWER_KW_MIN) == -120.0


async def test_a_device_silent_at_the_first_tick_is_not_written_before_its_bound_is_read(
    house: House,
) -> None:
    house.site.values["park", Point.POWER_KW_MIN] = -120.0
    house.site.silent.add("park")
    controller = house.controller()
    await controller.tick(NOW)
    assert house.site.sent_to("park") == []
    house.site.silent.clear()
    await controller.tick(NOW + MINUTE)
    assert house.site.sent_to("park") == [-120.0]


async def test_a_limit_tightened_while_we_were_down_is_kept_tight(house: House) -> None:
    house.site.values["park", Point.POWER_KW_MIN] = -300.0
    await house.controller().tick(NOW)
    house.site.values["park", Point.POWER_KW_MIN] = -60.0
    await house.controller().tick(NOW + MINUTE)
    assert house.site.held_kw("park", Point.POWER_KW_MIN) == -60.0


async def test_the_safe_value_is_ours_only_if_the_ledger_shows_that_we_commanded_the_asset(
    house: House,
) -> None:
    house.site.values["park", Point.POWER_KW_MIN] = -420.0
    stranger = house.controller()
    for minute in range(2):
        await stranger.tick(NOW + minute * MINUTE)
    assert house.site.sent_to("park")[-1] == -420.0, "a grid operator's step may equal the safe state"
    house.mailbox.requests.append((1, request(RequestKind.CLEAR_LIMIT, "park")))
    for minute in range(2, 6):
        await stranger.tick(NOW + minute * MINUTE)
    assert house.site.sent_to("park")[-1] == -600.0
    house.site.values["park", Point.POWER_KW_MIN] = -420.0  # its watchdog, while we were down
    returned = house.controller()
    for minute in range(6, 10):
        await returned.tick(NOW + minute * MINUTE)
    assert house.site.sent_to("park")[-1] == -600.0


async def test_a_value_of_ours_that_did_not_arrive_is_not_taken_for_a_limit(house: House) -> None:
    controller = house.controller()
    await controller.tick(NOW)
    await controller.tick(NOW + MINUTE)
    held = house.site.held_kw("laden", Point.POWER_KW_MAX)
    house.site.refusing.add("laden")
    house.site.values["laden", Point.ENERGY_KWH_URGENT] = 30.0
    for minute in range(2, 5):
        await controller.tick(NOW + minute * MINUTE)
    assert house.site.held_kw("laden", Point.POWER_KW_MAX) == held
    restarted = house.controller()
    await restarted.tick(NOW + 6 * MINUTE)
    assert house.ledger.last("limit_found") is None


async def test_hand_back_leaves_safe_states_and_keeps_found_limits(house: House) -> None:
    house.site.values["laden", Point.POWER_KW_MAX] = 10.0
    house.site.values["netz", Point.POWER_KW] = 1500.0
    controller = house.controller()
    await controller.tick(NOW)
    await controller.hand_back(NOW + MINUTE)
    assert house.site.held_kw("speicher", Point.POWER_KW_SETPOINT) == 0.0
    assert house.site.held_kw("park", Point.POWER_KW_MIN) == pytest.approx(-420.0)
    assert house.site.held_kw("laden", Point.POWER_KW_MAX) == 10.0
    restarted = house.controller()
    await restarted.tick(NOW + 2 * MINUTE)
    found = house.ledger.entries(kind="limit_found")
    assert [entry.body["target_id"] for entry in found] == ["laden"]
    assert house.ledger.last("handed_back") is not None


async def test_a_bound_that_somebody_sets_while_we_run_is_kept_told_and_never_handed_back(
    house: House,
) -> None:
    controller = house.controller()
    for minute in range(3):
        await controller.tick(NOW + minute * MINUTE)
    house.site.values["park", Point.POWER_KW_MIN] = -60.0
    for minute in range(3, 6):
        report = await controller.tick(NOW + minute * MINUTE)
        assert house.site.held_kw("park", Point.POWER_KW_MIN) == -60.0
    alarms = {(alarm.code, alarm.target_id) for alarm in report.output.alarms}
    assert ("foreign_write", "park") in alarms
    await controller.hand_back(NOW + 6 * MINUTE)
    assert house.site.held_kw("park", Point.POWER_KW_MIN) == -60.0
    restarted = house.controller()
    report = await restarted.tick(NOW + 7 * MINUTE)
    assert house.site.held_kw("park", Point.POWER_KW_MIN) == -60.0
    assert ("foreign_write", "park") in {(alarm.code, alarm.target_id) for alarm in report.output.alarms}
    assert [entry.body["target_id"] for entry in house.ledger.entries(kind="limit_found")] == ["park"]


async def test_while_the_ledger_fails_nothing_is_sent_and_nothing_is_read(house: House) -> None:
    controller = house.controller()
    await controller.tick(NOW)
    sent, house.ledger.full = len(house.site.sent), True
    house.mailbox.requests.append((1, request(RequestKind.SET, "speicher", power_kw=40.0)))
    for minute in range(1, 4):
        with pytest.raises(StoreUnavailable):
            await controller.tick(NOW + minute * MINUTE)
    assert len(house.site.sent) == sent
    assert house.site.reads == 2, "reading feeds some watchdogs: only the first failing tick read"
    house.ledger.full = False
    await controller.tick(NOW + 4 * MINUTE)
    assert house.site.sent_to("speicher")[-1] == 40.0
    taken = house.ledger.last("request")
    assert taken is not None
    assert taken.body["answer"] == "taken: 40.0 kW", (
        "what was taken while the disk was full is recorded later"
    )
    house.ledger.verify()


async def test_one_lost_answer_is_bridged_and_a_long_silence_is_not(house: House) -> None:
    controller = house.controller()
    for minute in range(3):
        await controller.tick(NOW + minute * MINUTE)
    house.site.silent.add("speicher")
    bridged = await controller.tick(NOW + 3 * MINUTE)
    assert bridged.tick.image.value("speicher", Point.ENERGY_KWH, age_s_max=120.0) == 200.0
    late = await controller.tick(NOW + 6 * MINUTE)
    assert house.site.sent_to("speicher")[-1] == 0.0
    assert {"asset_in_safe_state", "device_silent"} <= {alarm.code for alarm in late.output.alarms}


async def test_a_register_reset_does_not_become_the_billed_peak(house: House) -> None:
    controller = house.controller()
    for minute in range(40):
        at = NOW + minute * MINUTE
        house.site.values["netz", Point.ENERGY_KWH_DRAWN] = 1000.0 + 250.0 * minute / 60.0
        house.site.values["netz", Point.ENERGY_KWH_FED_IN] = 5e6 if minute < 20 else 0.0
        await controller.tick(at)
    entry = house.ledger.last("tick")
    assert entry is not None
    assert entry.body["billed_peak"]["power_kw"] <= 260.0
    for minute in range(40, 60):
        house.site.values["netz", Point.ENERGY_KWH_DRAWN] = 1000.0 + 250.0 * minute / 60.0
        await controller.tick(NOW + minute * MINUTE)
    entry = house.ledger.last("tick")
    assert entry is not None
    assert entry.body["billed_peak"] == {"period": 2020, "power_kw": pytest.approx(250.0)}


async def test_clock_trouble_sends_safe_states_and_forgets_the_plans(house: House) -> None:
    controller = house.controller()
    for minute in range(3):
        calm = await controller.tick(NOW + minute * MINUTE)
    assert calm.tick.rung is Rung.OPTIMAL
    jumped = await controller.tick(NOW + timedelta(hours=1), trouble="the clock stepped by 3600.0 s")
    assert jumped.tick.rung is Rung.SAFE_STATE
    assert house.site.held_kw("speicher", Point.POWER_KW_SETPOINT) == 0.0
    assert ("clock_trouble", "alarm") in {(alarm.code, alarm.severity) for alarm in jumped.output.alarms}


async def test_an_asset_that_does_not_follow_is_an_alarm_and_not_built_on(house: House) -> None:
    house.site.values["netz", Point.POWER_KW] = 1100.0
    controller = house.controller()
    for minute in range(4):
        report = await controller.tick(NOW + minute * MINUTE)  # the battery holds -200 kW and does nothing
    codes = {alarm.code: alarm for alarm in report.output.alarms}
    assert "setpoint_not_followed" in codes
    assert "grid_limit_breached" in codes
    assert house.site.held_kw("laden", Point.POWER_KW_MAX) == 0.0, "charging gives what the battery does not"


def request(kind: RequestKind, asset_id: str, *, power_kw: float | None = None) -> Request:
    return Request(
        request_id=f"{kind}-{asset_id}",
        kind=kind,
        asset_id=asset_id,
        power_kw=power_kw,
        actor="schicht",
        reason="test",
        made_at=NOW,
        until=NOW + timedelta(hours=1),
    )


async def test_a_persons_request_survives_a_clean_restart(house: House) -> None:
    first = house.controller()
    for minute in range(2):
        await first.tick(NOW + minute * MINUTE)
    house.mailbox.requests.append((1, request(RequestKind.SET, "speicher", power_kw=40.0)))
    await first.tick(NOW + 2 * MINUTE)
    assert house.site.sent_to("speicher")[-1] == 40.0
    await first.hand_back(NOW + 3 * MINUTE)
    assert house.site.sent_to("speicher")[-1] == 0.0, "handing back leaves the safe state, not the request"
    second = house.controller()
    await second.tick(NOW + 4 * MINUTE)
    assert house.site.sent_to("speicher")[-1] == 40.0


async def test_a_devices_score_goes_on_over_a_restart(house: House) -> None:
    for run in range(2):
        controller = house.controller()
        for minute in range(3):
            await controller.tick(NOW + (4 * run + minute) * MINUTE)
    scores = house.record.scores(NOW - MINUTE, NOW + timedelta(minutes=15))
    assert scores["laden"].asked_s == 4 * 60.0, "the tick after a start judges nothing that was not watched"
    assert house.record.latest_conduct()["laden"].at == NOW + 6 * MINUTE


async def test_who_is_late_is_still_late_after_a_restart(house: House) -> None:
    house.site.values["netz", Point.POWER_KW] = 1100.0
    first = house.controller()
    for minute in range(3):
        await first.tick(NOW + minute * MINUTE)
    second = house.controller()
    report = await second.tick(NOW + 3 * MINUTE)
    assert [item.state for item in report.tick.behind if item.asset_id == "speicher"] == ["not_followed"]


async def test_an_uncommissioned_asset_is_never_written_to_and_its_ticks_replay(
    house: House, tmp_path: Path
) -> None:
    controller = house.controller(uncommissioned=("speicher",))
    for minute in range(3):
        report = await controller.tick(NOW + minute * MINUTE)
    await controller.hand_back(NOW + 3 * MINUTE)
    assert house.site.sent_to("speicher") == []
    assert house.site.sent_to("laden") != []
    assert "not_commissioned" in {alarm.code for alarm in report.output.alarms}
    replayed = replay_ticks(house.region, tmp_path / "ledger.sqlite", start=None, end=None)
    assert (replayed["ticks"], replayed["different"]) == (4, 0), "handing back too"
