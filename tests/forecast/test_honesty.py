"""Whatever comes after a gate, the forecast made there is the same to the last bit."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.gates import DayAheadGate, Gates, LiveGates
from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BacktestOptions
from energy.forecast.judging.backtest_prior import Geometry, sized, with_prior
from energy.forecast.judging.rolling_origin import Origin, day_ahead, judge, within_day
from energy.forecast.ladder import Request, forecast, forecast_many
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import train
from energy.forecast.series import History, Kind, Prior, SeriesSpec

BERLIN = ZoneInfo("Europe/Berlin")
STEP_S = 3600
DAYS = 45
NOON = time(12, 0)
KINDS: tuple[Kind, ...] = ("load", "pv", "wind", "price")
STARTS = {"spring": datetime(2020, 2, 23, 23, tzinfo=UTC), "autumn": datetime(2020, 9, 20, 22, tzinfo=UTC)}
CHANGES = {"spring": date(2020, 3, 29), "autumn": date(2020, 10, 25)}
OF_THE_FILE = ("wall_s", "cpu_s", "n_marked", "data_faults", "data_faults_found")
"""What a report says of the run and of the whole file, judged or not."""
GARBAGE = (np.nan, 1e9, -1e9, 0.0, 7.0)


def spec_of(kind: Kind) -> SeriesSpec:
    return SeriesSpec(asset_id=kind, kind=kind, zone=BERLIN, holidays="DE-BY")


def history_of(kind: Kind, season: str) -> History:
    """Days around a clock change with all that a history can hold; plants with capacity and physics."""
    plant = kind in ("pv", "wind")
    rng = np.random.default_rng(3)
    at = np.arange(DAYS * 24)
    hour = at % 24
    weather = 10.0 + 5.0 * np.sin(at / 60.0) + rng.normal(size=at.size)
    sun = np.maximum(np.sin((hour - 5.0) / 12.0 * np.pi), 0.0)
    value = {
        "load": 500.0 + 80.0 * np.sin((hour - 8.0) / 24.0 * 2.0 * np.pi) - 4.0 * weather,
        "pv": 400.0 * sun * (0.5 + 0.03 * weather),
        "wind": np.clip(30.0 * weather, 0.0, None),
        "price": 60.0 - 3.0 * weather + 20.0 * sun,
    }[kind] + np.where(sun > 0.0, rng.normal(size=at.size), 0.0)
    value[200:205] = np.nan
    # a spike and a meter that stood still, so that marks on bad data have something to say
    value[480], value[520:540] = 9.0 * value.max(initial=1.0, where=np.isfinite(value)), value[520]
    published = value + rng.normal(size=at.size)
    return History(
        start=STARTS[season],
        value=value,
        step_s=STEP_S,
        known_ahead={
            "temperature_c": weather,
            "published_mw": published,
            "ghi_w_per_m2": 700.0 * sun,
            "wind_speed_100m_m_per_s": np.clip(0.6 * weather, 0.0, None),
        },
        past={"other_mw": value[::-1].copy()},
        capacity=np.linspace(1000.0, 2000.0, at.size) if plant else None,
        prior=Prior(name="physical", expected=0.9 * published) if plant else None,
    )


def spoiled(history: History, *, known: int, ahead: int) -> History:
    """Change every value that is not known when ``known`` periods are and inputs reach to ``ahead``."""

    def wrong(values: FloatArray, first: int) -> FloatArray:
        result = values.copy()
        result[first:] = np.resize(GARBAGE, result[first:].size)
        return result

    prior = history.prior
    return History(
        start=history.start,
        value=wrong(history.value, known),
        step_s=history.step_s,
        known_ahead={name: wrong(values, ahead) for name, values in history.known_ahead.items()},
        past={name: wrong(values, known) for name, values in history.past.items()},
        capacity=None if history.capacity is None else wrong(history.capacity, known),
        prior=None if prior is None else replace(prior, expected=wrong(prior.expected, ahead)),
    )


def numbers_of(value: object) -> Iterator[tuple[str, bytes]]:
    """Give everything that a model holds, to the last bit."""
    if is_dataclass(value):
        for field in fields(value):
            for name, content in numbers_of(getattr(value, field.name)):
                yield f"{field.name}.{name}", content
    elif isinstance(value, tuple):
        for part in value:
            yield from numbers_of(part)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}", value.tobytes()
    else:
        yield "", repr(value).encode()


def gate_of(kind: Kind, season: str, day: date) -> tuple[datetime, int, int]:
    """Give the noon before a local day, what is known there, and where that day ends."""
    start = STARTS[season]
    noon = datetime.combine(day - timedelta(days=1), NOON, BERLIN).astimezone(UTC)
    first = datetime.combine(day, time(0), BERLIN).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), BERLIN).astimezone(UTC)
    known_at = first if kind == "price" else noon
    return noon, (known_at - start) // timedelta(hours=1), (end - start) // timedelta(hours=1)


def days_of(season: str) -> tuple[date, ...]:
    """Give the file's second day (its gate is on the first), a plain day and those of the clock change."""
    first, change = STARTS[season].astimezone(BERLIN).date(), CHANGES[season]
    return (first + timedelta(days=1), change - timedelta(days=3), change, change + timedelta(days=1))


@pytest.mark.parametrize("gates", [DayAheadGate(at=NOON), LiveGates(horizon_h=36.0)], ids=["day", "live"])
@pytest.mark.parametrize("season", STARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_after_a_gate_changes_neither_model_nor_forecast(
    kind: Kind, season: str, gates: Gates
) -> None:
    history, spec = history_of(kind, season), spec_of(kind)
    for day in days_of(season):
        noon, known, end = gate_of(kind, season, day)
        false = spoiled(history, known=known, ahead=end)
        known_at = STARTS[season] + timedelta(hours=known)
        model, other = (train(spec, told, known_at, gates=gates, effort=LIVE) for told in (history, false))
        assert list(numbers_of(model)) == list(numbers_of(other))
        for used in {id(model): model, 0: None}.values():
            one, two = (
                Request(
                    spec=spec,
                    model=used,
                    history=told,
                    issued_at=noon,
                    start=known_at,
                    periods=end - known,
                    known_until=known_at if kind == "price" else None,
                )
                for told in (history, false)
            )
            (first,), (second,) = forecast_many([one]), forecast_many([two])
            assert first.model == second.model
            assert first.quantiles_kw.tobytes() == second.quantiles_kw.tobytes()


def test_the_forecast_does_look_at_what_came_before() -> None:
    history, spec = history_of("load", "spring"), spec_of("load")
    noon, known, end = gate_of("load", "spring", CHANGES["spring"])
    made = [
        forecast(spec, None, told, issued_at=noon, start=noon, periods=end - known).quantiles_kw
        for told in (history, spoiled(history, known=known - 1, ahead=end))
    ]
    assert not np.array_equal(made[0], made[1])


@pytest.mark.parametrize("season", STARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_gate_of_a_backtest_forecasts_as_if_the_file_ended_there(kind: Kind, season: str) -> None:
    spec = spec_of(kind)
    history = with_prior(replace(history_of(kind, season), prior=None), spec, Geometry())
    assert (history.prior is None) == (kind not in ("pv", "wind"))
    calendar = calendar_of(history.start, DAYS * 24, step_s=STEP_S, zone=BERLIN, holidays_of="DE-BY")
    gates = DayAheadGate(at=NOON, published=kind == "price")
    within = LiveGates(horizon_h=30.0)
    change = (CHANGES[season] - STARTS[season].astimezone(BERLIN).date()).days
    days = range(change - 4, change + 2)
    origins = tuple(day_ahead(calendar, gates, days))
    check(spec, history, origins, gates=gates)
    if kind != "price":
        days = range(change - 1, change + 1)
        check(spec, history, tuple(within_day(calendar, NOON, days, every_h=6, reach_h=30)), gates=within)


def check(spec: SeriesSpec, history: History, origins: Sequence[Origin], *, gates: Gates) -> None:
    whole = judge(spec, history, origins, gates=gates, retrain_days=28, prepared=sized)
    assert whole.rungs == {"learned": len(origins)}
    done = 0
    for number, origin in enumerate(origins):
        false = spoiled(history, known=origin.known, ahead=origin.ahead)
        part = judge(spec, false, origins[: number + 1], gates=gates, retrain_days=28, prepared=sized)
        done += origin.index.size
        assert part.quantiles.tobytes() == whole.quantiles[:, :done].tobytes()
        assert part.seasonal.tobytes() == whole.seasonal[:, :done].tobytes()


def test_a_backtest_says_the_same_whether_the_file_goes_on_or_not(tmp_path: Path) -> None:
    history = history_of("pv", "spring")
    reports = []
    for name, rows in (("whole.csv", DAYS * 24), ("cut.csv", 40 * 24 - 1)):
        path = tmp_path / name
        columns = {"pv_mw": history.value, **history.known_ahead, **history.past}
        columns["capacity_mw"] = np.asarray(history.capacity)
        lines = [",".join(["utc", *columns])]
        for row in range(rows):
            moment = (history.start + timedelta(hours=row)).isoformat()
            cells = [f"{values[row]:.6g}" for values in columns.values()]
            lines.append(",".join([moment, *cells]))
        path.write_text("\n".join(lines), encoding="utf-8")
        report = run_backtest(
            BacktestOptions(
                data=path,
                target="pv_mw",
                features_known=tuple(history.known_ahead),
                features_past=("other_mw",),
                capacity_column="capacity_mw",
                end=date(2020, 4, 4),
            )
        )
        reports.append({name: value for name, value in report.items() if name not in OF_THE_FILE})
    assert reports[0] == reports[1]
