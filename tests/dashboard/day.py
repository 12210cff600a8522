"""A prepared data folder over Musterstadt: a morning of means, a tick, a plan with its forecasts, prices."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.domain import (
    Alarm,
    Applied,
    AssetPlan,
    Authority,
    Forecast,
    Level,
    Limited,
    Outcome,
    Plan,
    Point,
    Quality,
    Reading,
    Rejected,
    Rung,
    Setpoint,
    Severity,
    Status,
    Unreachable,
)
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.active_file import FILE_NAME as LEDGER_NAME
from energy.ledger.writer import Ledger
from energy.periods import HORIZON_PERIODS, PERIOD, period_start
from energy.ports import PlanAnswer

NOW = datetime(2020, 6, 17, 12, 7, 30, tzinfo=UTC)
DAY_START = datetime(2020, 6, 16, 22, tzinfo=UTC)
POWERS_KW = {
    "load": 6120.0,
    "grid_loss": 153.0,
    "wind_park": -1840.0,
    "pv_park": -4210.0,
    "hydro": -372.0,
    "battery": 650.0,
    "ev_hub": 280.0,
}
ALARM = Alarm(
    code="setpoint_limited",
    severity=Severity.WARNING,
    target_id="ev_hub",
    since=NOW - timedelta(minutes=4),
    detail="device holds 300 kW, asked were 280 kW",
)


def status(at: datetime = NOW, **changes: object) -> Status:
    """Give a status of a simulated region at 60 times real time."""
    made = Status(
        at=at,
        rung=Rung.OPTIMAL,
        plan_id="p-1",
        authority=Authority.AUTOMATIC,
        alarms=(),
        simulated=True,
        speed=60.0,
        tick_ms=41.5,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field names are those of Status


def readings(at: datetime = NOW, powers_kw: Mapping[str, float] = POWERS_KW) -> list[Reading]:
    """Give one good reading of every point; the grid meter reads the sum of the others."""
    values = {(asset_id, Point.POWER_KW): power for asset_id, power in powers_kw.items()}
    values["grid_point", Point.POWER_KW] = sum(powers_kw.values())
    values["battery", Point.ENERGY_KWH] = 2150.0
    values["pv_park", Point.POWER_KW_AVAILABLE] = -4600.0
    values["wind_park", Point.POWER_KW_AVAILABLE] = -1840.0
    values["ev_hub", Point.ENERGY_KWH_BACKLOG] = 820.0
    values["ev_hub", Point.ENERGY_KWH_URGENT] = 140.0
    return [
        Reading(asset_id=asset_id, point=point, value=value, quality=Quality.GOOD, measured_at=at)
        for (asset_id, point), value in values.items()
    ]


def setpoint(asset_id: str, point: Point, power_kw: float) -> Setpoint:
    """Give a setpoint out of the plan."""
    return Setpoint(
        asset_id=asset_id,
        point=point,
        power_kw=power_kw,
        valid_until=NOW + timedelta(minutes=2),
        level=Level.PLAN,
        reason="plan p-1",
    )


def outcomes() -> list[Outcome]:
    """Give one outcome of each kind."""
    return [
        Applied(setpoint=setpoint("battery", Point.POWER_KW_SETPOINT, 650.0), read_back_kw=650.0, at=NOW),
        Limited(
            setpoint=setpoint("ev_hub", Point.POWER_KW_MAX, 280.0),
            read_back_kw=300.0,
            at=NOW,
            reason="rounded to the device's step",
        ),
        Rejected(
            setpoint=setpoint("pv_park", Point.POWER_KW_MIN, -4210.0), at=NOW, reason="illegal data value"
        ),
        Unreachable(
            setpoint=setpoint("wind_park", Point.POWER_KW_MIN, -6000.0), at=NOW, reason="no answer in 1 s"
        ),
    ]


def hours(start: datetime, periods: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Give the local clock hour of each period (summer time)."""
    return ((np.arange(periods) * 0.25) + start.hour + start.minute / 60 + 2.0) % 24


def expected_kw(start: datetime, periods: int) -> dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Give a smooth power of each asset."""
    hour = hours(start, periods)
    sun = np.clip(np.sin((hour - 5.0) / 16.0 * np.pi), 0.0, None)
    load = 5200 + 1300 * np.exp(-(((hour - 11.5) / 3.5) ** 2)) + 1500 * np.exp(-(((hour - 19.0) / 2.5) ** 2))
    battery = 900 * np.sin((hour - 9.0) / 24.0 * 4.0 * np.pi)
    series = {
        "load": load,
        "grid_loss": 0.025 * load,
        "wind_park": -1500 - 900 * np.cos(hour / 24.0 * 2.0 * np.pi),
        "pv_park": -5600.0 * sun**1.4,
        "hydro": np.full(periods, -370.0),
        "battery": battery,
        "ev_hub": 150 + 250 * np.exp(-(((hour - 18.5) / 2.0) ** 2)),
    }
    return series | {"grid_point": np.sum(list(series.values()), axis=0)}


def forecasts(start: datetime) -> tuple[Forecast, ...]:
    """Give forecasts whose band widens with the lead time."""
    made = []
    for asset_id, median in expected_kw(start, HORIZON_PERIODS).items():
        if asset_id in {"grid_point", "battery", "grid_loss"}:
            continue
        width = np.abs(median) * np.linspace(0.03, 0.22, HORIZON_PERIODS)
        quantiles = np.array(
            [median - 1.6 * width, median - 0.6 * width, median, median + 0.6 * width, median + 1.6 * width]
        )
        made.append(
            Forecast(
                asset_id=asset_id,
                issued_at=start - timedelta(minutes=2),
                known_at=start - timedelta(minutes=2),
                model="test",
                start=start,
                quantiles_kw=quantiles,
            )
        )
    return tuple(made)


def plan(start: datetime, plan_id: str = "p-1") -> Plan:
    """Give a plan over the horizon."""
    powers = expected_kw(start, HORIZON_PERIODS)
    stored = np.clip(2150.0 + np.cumsum(powers["battery"]) * 0.25 * 0.9, 200.0, 4200.0)
    hour = hours(start, HORIZON_PERIODS)
    return Plan(
        plan_id=plan_id,
        region_id="musterstadt",
        issued_at=start - timedelta(minutes=2),
        start=start,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0004,
        objective_eur={"energy": 4123.5, "wear": 21.0},
        assets={
            asset_id: AssetPlan(
                power_kw=power, states={"energy_kwh": stored} if asset_id == "battery" else {}
            )
            for asset_id, power in powers.items()
        },
        marginal_price_eur_per_kwh={"electricity": 0.045 + 0.03 * np.cos((hour - 19.5) / 12 * np.pi)},
    )


def write_history(record: SqliteRecord, until: datetime = NOW) -> None:
    """Record this morning's means."""
    periods = (period_start(until) - DAY_START) // PERIOD
    noise = np.random.default_rng(1)
    for asset_id, power in expected_kw(DAY_START, periods).items():
        values = power * (1.0 + 0.02 * noise.standard_normal(periods))
        record.import_means(asset_id, Point.POWER_KW, DAY_START, values)
    stored = np.clip(1200.0 + np.cumsum(expected_kw(DAY_START, periods)["battery"]) * 0.2, 200.0, 4200.0)
    record.import_means("battery", Point.ENERGY_KWH, DAY_START, stored)


def write_tick(
    record: SqliteRecord, at: datetime = NOW, powers_kw: Mapping[str, float] = POWERS_KW, **changes: object
) -> None:
    """Record one tick."""
    record.write_readings(readings(at, powers_kw))
    record.write_status(status(at, **changes))
    record.commit()


def prepare(folder: Path) -> None:
    """Write a whole data folder."""
    with SqliteRecord(folder) as record:
        write_history(record)
        prices = 0.04 + 0.03 * np.cos((hours(DAY_START, 192) - 19.5) / 12 * np.pi)
        record.write_prices(published_at=NOW - timedelta(hours=1), start=DAY_START, price_eur_per_kwh=prices)
        start = period_start(NOW)
        record.write_plan(PlanAnswer(plan=plan(start), forecasts=forecasts(start)))
        record.write_outcomes(outcomes())
        write_tick(record, alarms=(ALARM,))
    with Ledger(folder / LEDGER_NAME) as ledger:
        ledger.append("tick", NOW, {"plan_id": "p-1"})
