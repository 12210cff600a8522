"""An export is complete, says its units and signs, and appears all at once."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from energy.domain import (
    Applied,
    AssetPlan,
    Authority,
    Forecast,
    Level,
    Plan,
    Point,
    Quality,
    Reading,
    Rejected,
    Rung,
    Setpoint,
)
from energy.errors import BadInput, StoreUnavailable
from energy.historian.exchange.csv_table import Dialect, write_csv
from energy.historian.exchange.export import Wanted, export
from energy.historian.exchange.resolution import Resolution, spans_of
from energy.historian.exchange.tables import Batch, Column, Table
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import PlanAnswer
from energy.ports import Resolution as Step
from energy.region.asset import DeviceAddress, HistoryColumn, Name
from energy.region.load import Load
from energy.region.market import Market
from energy.region.model import Control, Region
from energy.region.place import Location
from energy.weather import WeatherForecast

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
END = T0 + 2 * PERIOD


@pytest.fixture
def region(tmp_path: Path) -> Region:
    town = Load(
        id="town",
        kind="load",
        name=Name(de="Stadt", en="Town"),
        device=DeviceAddress(profile="generic_meter", host="127.0.0.1"),
        power_kw_max=100.0,
    )
    return Region(
        folder=tmp_path,
        id="here",
        name=Name(de="Hier", en="Here"),
        description=None,
        zone=ZoneInfo("Europe/Berlin"),
        holidays="DE-BY",
        location=Location(latitude=50.0, longitude=11.0),
        illustrative=True,
        authority=Authority.AUTOMATIC,
        control=Control(),
        market=Market(day_ahead=HistoryColumn(file="prices.csv", column="price")),
        municipalities=(),
        assets=(town,),
        digest="0" * 64,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    setpoint = Setpoint(
        asset_id="town",
        point=Point.POWER_KW_MAX,
        power_kw=5.0,
        valid_until=END,
        level=Level.PLAN,
        reason="plan, says „so“",
    )
    plan = Plan(
        plan_id="p1",
        region_id="here",
        issued_at=T0,
        start=T0,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets={
            "town": AssetPlan(power_kw=np.array([1.0, 2.0]), states={"energy_kwh": np.array([3.0, 4.0])})
        },
        marginal_price_eur_per_kwh={"electricity": np.array([0.1, 0.2])},
    )
    forecast = Forecast(
        asset_id="town", issued_at=T0, known_at=T0, model="m", start=T0, quantiles_kw=np.ones((5, 2))
    )
    with SqliteRecord(data) as record:
        for second in range(0, 1801, 60):
            at = T0 + timedelta(seconds=second)
            values = {Point.POWER_KW: 4.0, Point.ENERGY_KWH_DRAWN: second / 900}
            record.write_readings(
                [
                    Reading(asset_id="town", point=p, value=v, quality=Quality.GOOD, measured_at=at)
                    for p, v in values.items()
                ]
            )
        record.write_outcomes(
            [
                Applied(setpoint=setpoint, read_back_kw=5.0, at=T0),
                Rejected(setpoint=setpoint, at=T0, reason="no"),
            ]
        )
        record.write_plan(PlanAnswer(plan=plan, forecasts=(forecast,)))
    return data


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_of_the_span_is_there(folder: Path, region: Region, tmp_path: Path) -> None:
    out, told = tmp_path / "out", list[float]()
    summary = export(folder, region, T0, END, out, on_progress=told.append)
    assert summary.rows == {
        "readings": 2,
        "forecasts": 2,
        "plans": 6,
        "outcomes": 2,
        "prices": 0,
        "weather": 0,
    }
    assert told[-1] == 1.0
    readings = table(out / "readings.csv")
    assert readings[0]["start_utc"] == "2020-06-01T10:00:00Z"
    assert [row["power_kw_draws_positive"] for row in readings] == ["4.0", "4.0"]
    assert [float(row["power_kw_from_registers_draws_positive"]) for row in readings] == pytest.approx([4, 4])
    assert readings[0]["energy_kwh_stored"] == ""
    outcomes = table(out / "outcomes.csv")
    assert [row["outcome"] for row in outcomes] == ["applied", "rejected"]
    assert outcomes[0]["reason"] == "plan, says „so“"
    assert outcomes[1]["power_kw_read_back_draws_positive"] == ""
    assert table(out / "forecasts.csv")[1]["power_kw_p95_draws_positive"] == "1.0"
    quantities = {row["quantity"] for row in table(out / "plans.csv")}
    assert quantities == {
        "power_kw_draws_positive",
        "energy_kwh",
        "marginal_price_electricity_eur_per_kwh",
    }
    about = json.loads((out / "README.json").read_text(encoding="utf-8"))
    plans = next(resource for resource in about["resources"] if resource["path"] == "plans.csv")
    assert plans["rows"] == 6
    units = {field["name"]: field.get("unit") for field in about["resources"][0]["schema"]["fields"]}
    assert units["power_kw_draws_positive"] == "kW"
    assert "positive draws" in about["sign"]


def test_a_span_without_data_gives_headers_only(folder: Path, region: Region, tmp_path: Path) -> None:
    later = T0 + timedelta(days=3)
    summary = export(folder, region, later, later + PERIOD, tmp_path / "out")
    assert set(summary.rows.values()) == {0}
    assert (tmp_path / "out" / "plans.csv").read_text(encoding="utf-8").startswith("issued_at_utc,")


def test_wrong_spans_and_taken_folders_are_refused_together(
    folder: Path, region: Region, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("keep")
    with pytest.raises(BadInput) as caught:
        export(folder, region, END, T0, taken)
    assert [fault.place for fault in caught.value.faults] == ["--to", "--out"]
    assert (taken / "mine.txt").read_text() == "keep"


def test_nothing_appears_when_the_record_is_missing(region: Region, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist yet"):
        export(tmp_path / "nowhere", region, T0, END, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("*.part*"))
    assert not list(tmp_path.glob(".*.part*"))


def test_a_german_spreadsheet_gets_semicolons_and_decimal_commas(
    folder: Path, region: Region, tmp_path: Path
) -> None:
    wanted = Wanted(dialect=Dialect(delimiter=";", decimal_comma=True))
    export(folder, region, T0, END, tmp_path / "out", wanted=wanted)
    text = (tmp_path / "out" / "readings.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].startswith("2020-06-01T10:00:00Z;town;4,0;1,0;")


def test_hours_and_days_are_means_of_their_quarter_hours(region: Region, tmp_path: Path) -> None:
    start = datetime(2020, 10, 24, 22, tzinfo=UTC)
    with SqliteRecord(tmp_path / "data") as record:
        record.import_means("town", Point.POWER_KW, start, np.arange(100.0))
        record.commit()
    expected: tuple[tuple[Resolution, int, float], ...] = (("1h", 25, 1.5), ("1d", 1, 49.5))
    for resolution, labels, first_kw in expected:
        out = tmp_path / resolution
        export(
            *(tmp_path / "data", region, start, start + timedelta(hours=25), out),
            wanted=Wanted(resolution=resolution),
        )
        rows = table(out / "readings.csv")
        assert len(rows) == labels
        assert rows[0]["start_utc"] == "2020-10-24T22:00:00Z"
        assert float(rows[0]["power_kw_draws_positive"]) == first_kw


def test_an_hour_is_weighted_by_coverage_as_the_record_does_it(region: Region, tmp_path: Path) -> None:
    reached_s = 105
    """The first reading after a gap stands for 120 s, of which so many lie in the quarter hour before."""
    first_kw = (495 * 9700.75 - reached_s * 6886.68) / (495 - reached_s)
    covered = ((first_kw, 495 - reached_s), (6886.68, 900), (52.49, 900), (2796.95, 900))
    with SqliteRecord(tmp_path / "data") as record:
        for number, (value, covered_s) in enumerate(covered):
            for second in range(0, covered_s, 15):
                at = T0 + number * PERIOD + timedelta(seconds=second + 15)
                reading(record, Point.POWER_KW, value, at)
        for number in (0, 1, 2, 4):
            reading(record, Point.ENERGY_KWH_DRAWN, 10.0 * number, T0 + number * PERIOD)
        reading(record, Point.POWER_KW, 0.0, T0 + 8 * PERIOD)
        record.commit()
        hour = record.roll_up("town", Point.POWER_KW, Step.HOUR, start=T0, end=T0 + 4 * PERIOD)
    export(
        *(tmp_path / "data", region, T0 + PERIOD, T0 + 4 * PERIOD, tmp_path / "out"),
        wanted=Wanted(resolution="1h"),
    )
    (row,) = table(tmp_path / "out" / "readings.csv")
    assert row["start_utc"] == "2020-06-01T10:00:00Z"
    assert float(row["power_kw_draws_positive"]) == pytest.approx(hour.value[0], rel=1e-12)
    assert float(row["power_kw_draws_positive"]) == pytest.approx(4245.50, abs=0.01)
    assert float(row["power_coverage_fraction"]) == pytest.approx(0.8875)
    assert row["power_kw_from_registers_draws_positive"] == "", "one quarter hour of it is not known"
    described = json.loads((tmp_path / "out" / "README.json").read_text(encoding="utf-8"))["resources"][0]
    assert "weighted" in described["description"]


def reading(record: SqliteRecord, point: Point, value: float, at: datetime) -> None:
    record.write_readings(
        [Reading(asset_id="town", point=point, value=value, quality=Quality.GOOD, measured_at=at)]
    )


def test_a_public_hour_leans_on_the_quarter_hours_that_were_well_measured() -> None:
    spans = spans_of(T0, T0 + 4 * PERIOD, "1h", ZoneInfo("Europe/Berlin"))
    values, coverage = np.array([9700.75, 6886.68, 52.49, 2796.95]), np.array([0.55, 1.0, 1.0, 1.0])
    assert spans.weighted_mean(values, coverage) == pytest.approx([4245.50], abs=0.01)
    values[0] = np.nan
    assert spans.weighted_mean(values, coverage) == pytest.approx([(6886.68 + 52.49 + 2796.95) / 3])


def test_a_history_that_was_imported_later_is_exported(region: Region, tmp_path: Path) -> None:
    with SqliteRecord(tmp_path / "data") as record:
        later = T0 + timedelta(days=300)
        record.import_means("town", Point.POWER_KW, T0, np.array([7.0]), known_at=later)
        record.commit()
    export(tmp_path / "data", region, T0, END, tmp_path / "out")
    assert [row["power_kw_draws_positive"] for row in table(tmp_path / "out" / "readings.csv")] == ["7.0"]


def test_a_price_that_was_corrected_stands_twice(region: Region, tmp_path: Path) -> None:
    with SqliteRecord(tmp_path / "data") as record:
        for hour, price in ((0, 0.08), (1, 0.09)):
            published_at = T0 - timedelta(hours=20 - hour)
            twice = np.array([price, price])
            record.write_prices(published_at=published_at, start=T0, price_eur_per_kwh=twice)
        record.commit()
    export(tmp_path / "data", region, T0, T0 + PERIOD, tmp_path / "out")
    rows = table(tmp_path / "out" / "prices.csv")
    assert [row["price_eur_per_kwh"] for row in rows] == ["0.08", "0.09"]
    assert rows[0]["published_at_utc"] == "2020-05-31T14:00:00Z"


def test_weather_is_exported_as_it_became_known(region: Region, tmp_path: Path) -> None:
    with SqliteRecord(tmp_path / "data") as record:
        record.write_weather(
            WeatherForecast(
                source="csv/region",
                issued_at=T0,
                known_at=T0 + timedelta(minutes=5),
                start=T0,
                step_s=3600,
                latitude=50.1,
                longitude=11.9,
                values={"temperature_c": np.array([7.5, np.nan, 8.5])},
            )
        )
        record.commit()
    export(tmp_path / "data", region, T0, T0 + PERIOD, tmp_path / "out")
    rows = table(tmp_path / "out" / "weather.csv")
    assert [(row["start_utc"], row["value"]) for row in rows] == [
        ("2020-06-01T10:00:00Z", "7.5"),
        ("2020-06-01T12:00:00Z", "8.5"),
    ]
    assert {row["variable"] for row in rows} == {"temperature_c"}
    assert rows[0]["known_at_utc"] == "2020-06-01T10:05:00Z"


def test_the_public_gets_nothing_of_a_single_meter(folder: Path, region: Region, tmp_path: Path) -> None:
    summary = export(folder, region, T0, END, tmp_path / "out", wanted=Wanted(public=True))
    assert summary.rows == {"public": 0}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.json", "public.csv"]


def test_parquet_holds_the_values_of_the_csv_with_unit_and_sign(
    folder: Path, region: Region, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    summary = export(folder, region, T0, END, out, wanted=Wanted(format="both"))
    for name, count in summary.rows.items():
        rows = pq.read_table(out / f"{name}.parquet").to_pylist()
        plain = table(out / f"{name}.csv")
        assert len(rows) == len(plain) == count
        for row, texts in zip(rows, plain, strict=True):
            assert {key: _text(value) for key, value in row.items()} == texts
    schema = pq.read_schema(out / "readings.parquet")
    power = schema.field("power_kw_draws_positive")
    assert power.metadata[b"unit"] == b"kW"
    assert power.metadata[b"sign"].startswith(b"positive draws")
    assert str(schema.field("start_utc").type) == "timestamp[ms, tz=UTC]"
    assert str(schema.field("asset_id").type).startswith("dictionary<")
    assert schema.metadata[b"region"] == b"here"
    assert schema.metadata[b"illustrative"] == b"true"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)


def test_a_text_of_a_device_is_no_formula_for_a_spreadsheet(tmp_path: Path) -> None:
    texts = Table(
        name="t",
        about="",
        columns=(Column(name="reason", type="text"), Column(name="power_kw", type="number")),
    )
    batch: Batch = {"reason": ["=1+1", "@SUM(A1)", "-2", "ramp", None], "power_kw": np.full(5, -1.5)}
    write_csv(tmp_path / "t.csv", texts, [batch], Dialect())
    rows = table(tmp_path / "t.csv")
    assert [row["reason"] for row in rows] == ["'=1+1", "'@SUM(A1)", "'-2", "ramp", ""]
    assert {row["power_kw"] for row in rows} == {"-1.5"}
