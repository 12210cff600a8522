"""What every record promises of decisions and alarms, whichever keeps it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import (
    Alarm,
    Applied,
    AssetPlan,
    Authority,
    Forecast,
    Level,
    Outcome,
    Plan,
    Point,
    Rung,
    Setpoint,
    Severity,
    Status,
    Unreachable,
)
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import PlanAnswer

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """A record to write to, and its reading side after what was written is committed."""

    writer: MemoryRecord | SqliteRecord
    reader: Callable[[], MemoryRecord | SqliteRecord | SqliteReader]

    def ask(self) -> MemoryRecord | SqliteRecord | SqliteReader:
        self.writer.commit()
        return self.reader()


@pytest.fixture(params=["memory", "sqlite", "sqlite_through_reader"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    with ExitStack() as stack:
        if request.param == "memory":
            memory = MemoryRecord()
            yield Kept(memory, lambda: memory)
            return
        record = stack.enter_context(SqliteRecord(tmp_path))
        if request.param == "sqlite":
            yield Kept(record, lambda: record)
            return
        reader = stack.enter_context(open_reader(tmp_path))
        yield Kept(record, lambda: reader)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def plan(issued_at: datetime, *, plan_id: str) -> Plan:
    return Plan(
        plan_id=plan_id,
        region_id="here",
        issued_at=issued_at,
        start=T0 + PERIOD,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=None,
        objective_eur={"energy": -12.5},
        assets={
            "battery": AssetPlan(power_kw=np.array([1.0, -2.5]), states={"energy_kwh": np.array([3.0, 0.1])}),
            "grid": AssetPlan(power_kw=np.array([0.25, 1 / 3])),
        },
        marginal_price_eur_per_kwh={"electricity": np.array([0.1, 0.2])},
        wall_s={"solve": 0.5},
    )


def forecast(issued_at: datetime) -> Forecast:
    return Forecast(
        asset_id="wind",
        issued_at=issued_at,
        known_at=issued_at,
        model="seasonal",
        start=T0 + PERIOD,
        quantiles_kw=np.sort(np.linspace(-9.0, 0.0, 10).reshape(2, 5).T, axis=0),
    )


def test_a_plan_comes_back_as_it_was(kept: Kept) -> None:
    given = plan(T0, plan_id="first")
    kept.writer.write_plan(PlanAnswer(plan=given, forecasts=(forecast(T0),), notes=("stepped down",)))
    found = kept.ask().plan_at(T0)
    assert found is not None
    assert (found.plan_id, found.rung, found.objective_eur, found.wall_s) == (
        "first",
        Rung.OPTIMAL,
        {"energy": -12.5},
        {"solve": 0.5},
    )
    assert found.assets["battery"].states["energy_kwh"].tolist() == [3.0, 0.1]
    assert found.assets["grid"].power_kw.tolist() == [0.25, 1 / 3]
    assert found.marginal_price_eur_per_kwh["electricity"].tolist() == [0.1, 0.2]
    assert kept.ask().notes_at(T0) == ("stepped down",)
    (expected,) = kept.ask().forecasts_at(T0)
    assert expected.quantiles_kw.tolist() == forecast(T0).quantiles_kw.tolist()
    assert (expected.asset_id, expected.model, expected.issued_at) == ("wind", "seasonal", T0)


def test_the_latest_plan_issued_by_then_is_found(kept: Kept) -> None:
    for minutes, name in ((0, "a"), (15, "b"), (15, "b again"), (30, "c")):
        at = T0 + timedelta(minutes=minutes)
        kept.writer.write_plan(PlanAnswer(plan=plan(at, plan_id=name), forecasts=()))
    record = kept.ask()
    assert record.plan_at(T0 - seconds(1)) is None
    assert record.forecasts_at(T0 - seconds(1)) in ((), [])
    found = [record.plan_at(T0 + timedelta(minutes=minutes)) for minutes in (14, 15, 99)]
    assert [one.plan_id if one is not None else None for one in found] == ["a", "b again", "c"]
    between = record.plans_between(T0, T0 + timedelta(minutes=30))
    assert [one.plan_id for one in between] == ["a", "b", "b again"]


def outcome(at: datetime, asset_id: str = "battery") -> Outcome:
    setpoint = Setpoint(
        asset_id=asset_id,
        point=Point.POWER_KW_SETPOINT,
        power_kw=-1.5,
        valid_until=at + seconds(120),
        level=Level.PLAN,
        reason="plan",
    )
    return Applied(setpoint=setpoint, read_back_kw=-1.5, at=at)


def test_outcomes_come_back_in_order_and_the_latest_by_asset(kept: Kept) -> None:
    first, second = outcome(T0), outcome(T0 + seconds(60))
    lost = Unreachable(setpoint=outcome(T0, "pv").setpoint, at=T0 + seconds(60), reason="no answer in 2 s")
    kept.writer.write_outcomes([first])
    kept.writer.write_outcomes([second, lost])
    assert kept.ask().latest_outcomes() == {"battery": second, "pv": lost}
    assert kept.ask().outcomes_between(T0, T0 + seconds(60)) == [first]
    assert kept.ask().outcomes_between(T0, T0 + seconds(61)) == [first, second, lost]


def test_prices_are_those_published_by_then(kept: Kept) -> None:
    noon, evening = T0 + timedelta(hours=2), T0 + timedelta(hours=8)
    kept.writer.write_prices(published_at=noon, start=T0, price_eur_per_kwh=np.array([0.1, 0.2]))
    kept.writer.write_prices(published_at=evening, start=T0 + PERIOD, price_eur_per_kwh=np.array([0.3]))

    def known(at: datetime) -> list[float]:
        prices = kept.ask().published_prices(start=T0, end=T0 + 3 * PERIOD, known_at=at)
        return np.nan_to_num(prices, nan=-1.0).tolist()

    assert known(noon - seconds(1)) == [-1.0, -1.0, -1.0]
    assert known(noon) == [0.1, 0.2, -1.0]
    assert known(evening) == [0.1, 0.3, -1.0]


def test_an_alarm_is_an_event_when_it_appears_and_when_it_goes(kept: Kept) -> None:
    silent = Alarm(
        code="device_silent", severity=Severity.ALARM, target_id="wind", since=T0, detail="no answer"
    )
    for place, alarms in enumerate([(), (silent,), (silent,), ()]):
        status = Status(
            at=T0 + seconds(place),
            rung=Rung.RULES,
            plan_id=None,
            authority=Authority.AUTOMATIC,
            alarms=alarms,
            simulated=True,
            speed=60.0,
            tick_ms=1.0,
        )
        kept.writer.write_status(status)
    events = kept.ask().recent_events(10)
    assert [(event.appeared, event.at - T0, event.alarm) for event in events] == [
        (False, seconds(3), silent),
        (True, seconds(1), silent),
    ]
    assert kept.ask().recent_events(1) == events[:1]
