"""What every record promises, whichever keeps it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

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
    Quality,
    Reading,
    Rung,
    Setpoint,
    Severity,
    Status,
    Unreachable,
)
from energy.errors import BadInput
from energy.historian.limits import LATE_S_MAX, POINTS_PER_QUERY_MAX
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD, local_day
from energy.ports import PlanAnswer

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
POWER = Point.POWER_KW


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


def reading(
    at: datetime,
    value: float | None,
    *,
    asset_id: str = "wind",
    point: Point = POWER,
    quality: Quality = Quality.GOOD,
) -> Reading:
    return Reading(asset_id=asset_id, point=point, value=value, quality=quality, measured_at=at)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def ticks(start: datetime, end: datetime, every_s: float = 60.0) -> list[datetime]:
    return [start + seconds(every_s) * index for index in range(int((end - start) / seconds(every_s)) + 1)]


def mean(kept: Kept, start: datetime, *, known_at: datetime | None = None) -> tuple[float, float]:
    means = kept.ask().means(
        "wind", POWER, start=start, end=start + PERIOD, known_at=known_at or start + timedelta(days=9)
    )
    return float(means.value[0]), float(means.coverage[0])


def test_latest_is_the_newest_reading_of_each_point_whatever_its_quality(kept: Kept) -> None:
    silent = reading(T0 + seconds(5), None, quality=Quality.COMM_ERROR)
    kept.writer.write_readings([reading(T0, 1.0), reading(T0, 7.0, point=Point.ENERGY_KWH)])
    kept.writer.write_readings([silent])
    kept.writer.write_readings([reading(T0 + seconds(2), 3.0)])
    latest = kept.ask().latest()
    assert latest["wind", POWER] == silent
    assert latest["wind", Point.ENERGY_KWH].value == 7.0
    assert len(latest) == 2


def test_late_data_do_not_hide_the_present_but_a_clock_that_went_back_does(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 1.0)])
    kept.writer.write_readings([reading(T0 - seconds(LATE_S_MAX), 2.0)])
    assert kept.ask().latest()["wind", POWER].value == 1.0
    went_back = reading(T0 - seconds(LATE_S_MAX + 1), 3.0)
    kept.writer.write_readings([went_back])
    assert kept.ask().latest()["wind", POWER] == went_back
    on = reading(T0 - seconds(LATE_S_MAX - 4), 4.0)
    kept.writer.write_readings([on])
    assert kept.ask().latest()["wind", POWER] == on


def test_a_mean_is_weighted_by_time(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 0.0), reading(T0 + seconds(60), 10.0)])
    kept.writer.write_readings([reading(at, 40.0) for at in ticks(T0 + seconds(120), T0 + PERIOD)])
    value, coverage = mean(kept, T0)
    assert value == pytest.approx((60 * 10.0 + 840 * 40.0) / 900)
    assert coverage == 1.0


def test_a_mean_appears_only_once_its_period_is_over_and_known(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        assert np.isnan(mean(kept, T0)[0])
        kept.writer.write_readings([reading(at, 5.0)])
    assert np.isnan(mean(kept, T0, known_at=T0 + PERIOD - seconds(1))[0])
    assert mean(kept, T0, known_at=T0 + PERIOD) == (5.0, 1.0)


def test_a_gap_shows_in_the_coverage_not_in_the_value(kept: Kept) -> None:
    kept.writer.write_readings([reading(at, 4.0) for at in ticks(T0, T0 + seconds(300))])
    kept.writer.write_readings(
        [reading(at, None, quality=Quality.COMM_ERROR) for at in ticks(T0 + seconds(360), T0 + seconds(660))]
    )
    kept.writer.write_readings([reading(at, 4.0) for at in ticks(T0 + seconds(720), T0 + PERIOD)])
    value, coverage = mean(kept, T0)
    assert value == pytest.approx(4.0)
    assert coverage == pytest.approx((300 + 120 + 180) / 900)


def test_a_silent_series_still_gets_its_mean_when_others_show_that_the_period_is_over(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 3.0), reading(T0 + seconds(60), 3.0)])
    kept.writer.write_readings([reading(T0 + PERIOD, 1.0, asset_id="pv")])
    assert mean(kept, T0) == (pytest.approx(3.0), pytest.approx(60 / 900))


def test_only_good_readings_count(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        kept.writer.write_readings([reading(at, 2.0)])
        kept.writer.write_readings([reading(at + seconds(20), 900.0, quality=Quality.IMPLAUSIBLE)])
        kept.writer.write_readings([reading(at + seconds(30), float("nan"))])
    assert mean(kept, T0) == (pytest.approx(2.0), 1.0)


def test_a_good_reading_is_not_replaced_by_a_worse_one_of_the_same_moment(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        kept.writer.write_readings([reading(at, 2.0)])
        kept.writer.write_readings([reading(at, 2.0, quality=Quality.STALE)])
    assert mean(kept, T0) == (pytest.approx(2.0), 1.0)


def test_late_readings_change_the_period_they_belong_to(kept: Kept) -> None:
    moments = ticks(T0, T0 + 3 * PERIOD)
    late = [at for at in moments if T0 + seconds(240) < at <= T0 + seconds(1500)]
    kept.writer.write_readings([reading(at, 6.0) for at in moments if at not in late])
    assert mean(kept, T0)[1] == pytest.approx(240 / 900)
    kept.writer.write_readings([reading(at, 12.0) for at in reversed(late)])
    assert mean(kept, T0) == (pytest.approx((240 * 6.0 + 660 * 12.0) / 900), pytest.approx(1.0))
    assert mean(kept, T0 + PERIOD) == (pytest.approx((600 * 12.0 + 300 * 6.0) / 900), pytest.approx(1.0))
    assert mean(kept, T0 + 2 * PERIOD) == (pytest.approx(6.0), pytest.approx(1.0))


def test_a_correction_of_the_same_moment_counts(kept: Kept) -> None:
    kept.writer.write_readings([reading(at, 6.0) for at in ticks(T0, T0 + PERIOD)])
    kept.writer.write_readings([reading(T0 + seconds(60), 15.0)])
    assert mean(kept, T0)[0] == pytest.approx((60 * 15.0 + 840 * 6.0) / 900)


@pytest.mark.parametrize(("day", "periods"), [(date(2020, 3, 29), 92), (date(2020, 10, 25), 100)])
def test_no_mean_is_lost_over_a_clock_change(kept: Kept, day: date, periods: int) -> None:
    start, end = local_day(day, ZoneInfo("Europe/Berlin"))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(start, end)])
    means = kept.ask().means("wind", POWER, start=start, end=end, known_at=end)
    assert means.value.shape == (periods,)
    assert np.allclose(means.value, 1.0)
    assert np.allclose(means.coverage, 1.0)


def test_energies_come_from_registers_at_the_boundaries(kept: Kept) -> None:
    for at in ticks(T0 - seconds(30), T0 + 2 * PERIOD + seconds(30)):
        hours = (at - T0) / timedelta(hours=1)
        drawn = reading(at, 100.0 + 12.0 * hours, point=Point.ENERGY_KWH_DRAWN)
        kept.writer.write_readings([drawn, reading(at, 50.0 + 2.0 * hours, point=Point.ENERGY_KWH_FED_IN)])
    end = T0 + 2 * PERIOD
    energy = kept.ask().energy_means("wind", start=T0 - PERIOD, end=end + PERIOD, known_at=end)
    assert energy.value[1:3] == pytest.approx([10.0, 10.0])
    assert np.isnan(energy.value[[0, 3]]).all()
    assert energy.coverage.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_an_asset_with_one_register_balances_too(kept: Kept) -> None:
    for at, energy_kwh in ((T0, 5.0), (T0 + PERIOD, 6.0)):
        missing = reading(at, None, point=Point.ENERGY_KWH_FED_IN, quality=Quality.NOT_IMPLEMENTED)
        kept.writer.write_readings([reading(at, energy_kwh, point=Point.ENERGY_KWH_DRAWN), missing])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert energy.value.tolist() == [4.0]


def test_a_register_that_is_set_back_or_not_read_gives_no_energy(kept: Kept) -> None:
    readings = [
        (T0, 900.0),
        (T0 + PERIOD, 3.0),
        (T0 + 2 * PERIOD, 4.0),
        (T0 + 3 * PERIOD + seconds(200), 5.0),
    ]
    for at, energy_kwh in readings:
        kept.writer.write_readings([reading(at, energy_kwh, point=Point.ENERGY_KWH_DRAWN)])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + 3 * PERIOD, known_at=T0 + 9 * PERIOD)
    assert np.isnan(energy.value).tolist() == [True, False, True]


def test_late_register_readings_complete_a_boundary(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 1.0, point=Point.ENERGY_KWH_DRAWN)])
    kept.writer.write_readings([reading(T0 + PERIOD + seconds(40), 3.0, point=Point.ENERGY_KWH_DRAWN)])
    kept.writer.write_readings([reading(T0 + PERIOD - seconds(20), 2.0, point=Point.ENERGY_KWH_DRAWN)])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert energy.value == pytest.approx([4 * (1.0 + 20 / 60)])


def test_imported_history_is_there_at_once_and_yields_to_measurements(kept: Kept) -> None:
    kept.writer.import_means("wind", POWER, T0 - 2 * PERIOD, np.array([7.0, np.nan, 9.0]))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(T0, T0 + PERIOD)])
    kept.writer.import_means("wind", POWER, T0, np.array([8.0]))
    means = kept.ask().means("wind", POWER, start=T0 - 2 * PERIOD, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert means.value.tolist() == [7.0, 1.0, 1.0]
    assert means.coverage == pytest.approx([1.0, 120 / 900, 1.0])


def test_one_measurement_that_reaches_back_leaves_imported_history_alone(kept: Kept) -> None:
    kept.writer.import_means("wind", POWER, T0 - PERIOD, np.array([7.0]))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(T0, T0 + PERIOD)])
    assert mean(kept, T0 - PERIOD) == (7.0, 1.0)


def test_an_unknown_asset_has_no_values(kept: Kept) -> None:
    means = kept.ask().means("nobody", POWER, start=T0, end=T0 + 4 * PERIOD, known_at=T0)
    assert np.isnan(means.value).all()
    assert not means.coverage.any()
    energy = kept.ask().energy_means("nobody", start=T0, end=T0 + PERIOD, known_at=T0)
    assert np.isnan(energy.value).all()


def test_a_question_that_is_too_big_is_refused(kept: Kept) -> None:
    with pytest.raises(BadInput, match="at most"):
        kept.ask().means("wind", POWER, start=T0, end=T0 + (POINTS_PER_QUERY_MAX + 1) * PERIOD, known_at=T0)
    with pytest.raises(BadInput, match="before the start"):
        kept.ask().means("wind", POWER, start=T0, end=T0 - PERIOD, known_at=T0)


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
