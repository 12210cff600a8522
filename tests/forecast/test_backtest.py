"""The judge counts right, looks no further than the gate, and names every fault of its input."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.errors import BadInput
from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BacktestOptions

START = datetime(2020, 2, 29, 23, tzinfo=UTC)


def write(path: Path, columns: dict[str, FloatArray], *, step_s: int = 900) -> Path:
    count = next(iter(columns.values())).size
    lines = [",".join(["utc", *columns])]
    for row in range(count):
        moment = START + timedelta(seconds=row * step_s)
        cells = ["" if np.isnan(values[row]) else repr(float(values[row])) for values in columns.values()]
        lines.append(",".join([moment.isoformat().replace("+00:00", "Z"), *cells]))
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def weekly(days: int, slots: int = 96) -> FloatArray:
    """Exactly periodic over a week, in UTC, different on each day."""
    at = np.arange(days * slots)
    return 100.0 + 20.0 * np.sin(2.0 * np.pi * at / slots) + 5.0 * np.cos(2.0 * np.pi * at / (7 * slots))


def noisy(days: int, slots: int = 96) -> FloatArray:
    return weekly(days, slots) + np.random.default_rng(2).normal(size=days * slots)


def options(path: Path, **changes: Any) -> BacktestOptions:
    plain = BacktestOptions(data=path, target="load_kw")
    return replace(plain, **changes)


def judge(path: Path, **changes: Any) -> Any:
    return json.loads(json.dumps(run_backtest(options(path, **changes)), allow_nan=False))


def test_a_weekly_series_is_forecast_without_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", {"load_kw": weekly(28)})
    report = judge(path, start=date(2020, 3, 22))
    assert report["baselines"]["week"]["mae"] == pytest.approx(0.0, abs=1e-9)
    assert report["baselines"]["d1"]["mae"] > 1.0
    assert report["mae"] < 0.002 * report["baselines"]["d1"]["mae"]


def test_the_report_has_every_key_that_others_rely_on(tmp_path: Path) -> None:
    load = noisy(42)
    path = write(tmp_path / "a.csv", {"load_kw": load, "operator_kw": load + 3.0})
    steps: list[tuple[int, int]] = []
    report: Any = run_backtest(
        options(path, operator="operator_kw", start=date(2020, 4, 3)),
        lambda done, of: steps.append((done, of)),
    )
    json.dumps(report, allow_nan=False)
    wanted = {
        "mae",
        "rmse",
        "nmae",
        "bias",
        "mape",
        "pinball",
        "coverage",
        "n",
        "wall_s",
        "baselines",
        "model",
        "step",
    }
    assert wanted | {"by_hour", "by_month", "by_lead_time"} <= set(report)
    assert set(report["coverage"]) == {"p05_p95", "p25_p75"}
    for name in ("d1", "d2", "week", "operator"):
        assert set(report["baselines"][name]) >= {"mae", "mape"}
    assert report["baselines"]["operator"]["mae"] == pytest.approx(3.0)
    assert report["model"] == "learned"
    assert set(report["by_hour"]) == {f"{hour:02d}" for hour in range(24)}
    assert set(report["by_month"]) == {"2020-04"}
    assert set(report["by_lead_time"]) == {str(lead) for lead in range(12, 36)}
    assert sum(score["n"] for score in report["by_hour"].values()) == report["n"]
    assert steps[-1] == (len(steps), len(steps))


@pytest.mark.parametrize(
    ("day", "periods"), [(date(2020, 3, 28), 96), (date(2020, 3, 29), 92)], ids=["plain", "clock change"]
)
def test_a_local_day_is_judged_in_full(tmp_path: Path, day: date, periods: int) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(32)})
    assert judge(path, start=day, end=day + timedelta(days=1))["n"] == periods


def test_hours_are_judged_as_well(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(32, 24)}, step_s=3600)
    report = judge(path, start=date(2020, 3, 29), end=date(2020, 3, 30))
    assert report["n"] == 23
    assert report["step"] == "60 min"


def test_what_comes_after_the_gate_changes_nothing_before_it(tmp_path: Path) -> None:
    load = noisy(40)
    day = date(2020, 4, 3)
    gate = int((datetime(2020, 4, 2, 10, tzinfo=UTC) - START).total_seconds()) // 900
    lied = load.copy()
    lied[gate:] = load[gate:] * 3.0
    span = {"start": day, "end": day + timedelta(days=1)}
    true = judge(write(tmp_path / "a.csv", {"load_kw": load}), **span)
    false = judge(write(tmp_path / "b.csv", {"load_kw": lied}), **span)
    hours = true["by_hour"]
    for hour, score in hours.items():
        rows = gate + 12 * 4 + int(hour) * 4 + np.arange(4)
        # the truth tripled: with the same forecast the bias falls by twice the truth's mean
        shift = score["bias"] - false["by_hour"][hour]["bias"]
        assert shift == pytest.approx(2.0 * load[rows].mean(), rel=1e-9)


def test_within_the_day_near_hours_are_forecast_better_than_far_ones(tmp_path: Path) -> None:
    drift = np.cumsum(np.random.default_rng(4).normal(size=40 * 96)) * 0.5
    path = write(tmp_path / "a.csv", {"load_kw": weekly(40) + drift})
    report = judge(path, intraday=True, every_h=6, reach_h=8, start=date(2020, 4, 2), end=date(2020, 4, 8))
    leads = report["by_lead_time"]
    assert list(leads) == ["0.25", "0.5", "1", "2", "3", "6", "12"]
    assert leads["0.25"]["n"] == 6 * 4
    assert leads["0.25"]["mae"] < leads["6"]["mae"]
    assert report["n"] == 6 * 4 * 32
    assert set(report["baselines"]) > {"persistence", "d1", "week"}
    assert report["baselines"]["persistence"]["skill"] > 0.0
    # each period once, by the last forecast made of it
    assert report["cost_eur"] == pytest.approx(
        0.065 * 0.25 * sum(leads[name]["mae"] * leads[name]["n"] for name in leads if float(name) <= 6.0)
    )


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"every_h": 5}, "every-h"), ({"reach_h": 49}, "reach-h"), ({"kind": "price"}, "intraday")],
)
def test_an_impossible_day_is_refused(tmp_path: Path, wrong: dict[str, Any], place: str) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(20)})
    assert faults_of(path, intraday=True, **wrong) == [(None, place)]


def test_an_error_costs_the_distance_of_the_imbalance_price(tmp_path: Path) -> None:
    price = np.full(32 * 96, 80.0)
    columns = {"load_kw": noisy(32), "price_eur_per_mwh": price, "imbalance_eur_per_mwh": price - 130.0}
    path = write(tmp_path / "a.csv", columns)
    span = {"start": date(2020, 3, 30)}
    usual = judge(path, **span)
    priced = judge(path, price="price_eur_per_mwh", imbalance_price="imbalance_eur_per_mwh", **span)
    assert usual["cost_eur"] == pytest.approx(0.065 * 0.25 * usual["mae"] * usual["n"])
    assert priced["cost_eur"] == pytest.approx(2.0 * usual["cost_eur"])
    week = priced["baselines"]["week"]
    assert week["cost_eur"] == pytest.approx(2.0 * 0.065 * 0.25 * week["mae"] * priced["n"])


def test_prices_without_a_unit_or_a_partner_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(20), "price": noisy(20)})
    assert faults_of(path, price="price") == [(None, "price"), (None, "price")]


def test_missing_values_are_left_out_and_never_zero(tmp_path: Path) -> None:
    load = noisy(32)
    load[-40:-20] = np.nan
    path = write(tmp_path / "a.csv", {"load_kw": load})
    report = judge(path, start=date(2020, 3, 31))
    assert report["n_missing"] == 20
    assert report["mae"] < 5.0


def test_a_capacity_column_carries_growth_from_the_first_gate_that_knows_it_on(tmp_path: Path) -> None:
    growth = np.repeat(np.where(np.arange(40) < 36, 1.0, 2.0), 96)
    path = write(tmp_path / "a.csv", {"load_kw": noisy(40) * growth, "capacity_kw": 200.0 * growth})
    span = {"start": date(2020, 4, 7)}
    assert judge(path, capacity_column="capacity_kw", **span)["mae"] < 0.3 * judge(path, **span)["mae"]


def faults_of(path: Path, **changes: Any) -> Sequence[tuple[int | None, str]]:
    with pytest.raises(BadInput) as caught:
        run_backtest(options(path, **changes))
    assert all(fault.mend and fault.limit and fault.file == str(path) for fault in caught.value.faults)
    return [(fault.line, fault.place) for fault in caught.value.faults]


def test_all_faults_of_a_file_are_named_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(20)})
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].split(",")[0] + ",many"
    lines[9] = lines[9].replace("Z,", ",")
    lines[12] = "soon," + lines[12].split(",")[1]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = faults_of(path, features_known=("weather_c",), holidays="XX-YY", gate=time(12, 7))
    assert found == [
        (None, "holidays"),
        (None, "gate"),
        (1, "(header)"),
        (5, "load_kw"),
        (13, "utc"),
        (10, "utc"),
    ]


@pytest.mark.parametrize("cells", ["103,5,7", "103"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_decimal_comma_never_shifts_the_columns(tmp_path: Path, name: str, cells: str) -> None:
    path = write(tmp_path / name, {"load_kw": noisy(20), "pv_kw": noisy(20)})
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode().splitlines()
    lines[4:40] = [f"{line.split(',')[0]},{cells}" for line in lines[4:40]]
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    with pytest.raises(BadInput) as caught:
        run_backtest(options(path))
    first, *_, last = caught.value.faults
    assert (first.line, first.value) == (5, f"{cells.count(',') + 2} fields")
    assert first.limit == "the header has 3"
    assert "a point, not a comma" in first.mend
    assert last.value == "16 more like this"


def test_a_german_spreadsheet_is_read_as_it_is(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", {"load_kw": noisy(20)})
    lines = plain.read_text(encoding="utf-8").splitlines()
    german = tmp_path / "b.csv"
    told = [line.replace("Z,", "+00:00,").replace(",", ";").replace(".", ",") for line in lines]
    german.write_text("\r\n".join(told), encoding="utf-8")
    span = {"start": date(2020, 3, 18), "end": date(2020, 3, 19)}
    assert judge(german, **span)["mae"] == judge(plain, **span)["mae"]
    told[7] = told[7].split(";")[0] + ";1.234"
    german.write_text("\n".join(told), encoding="utf-8")
    assert faults_of(german) == [(8, "load_kw")]


def test_a_torn_file_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", {"load_kw": noisy(20)})
    content = bytearray(path.read_bytes())
    content[200:260] = b"x" * 60
    path.write_bytes(content)
    assert faults_of(path) == [(None, "(file)")]


def test_doubled_and_missing_lines_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(20)})
    lines = path.read_text(encoding="utf-8").splitlines()
    lines.insert(30, lines[29])
    del lines[100]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert faults_of(path) == [(31, "utc"), (101, "utc")]


def test_a_short_file_and_a_wrong_grid_are_refused(tmp_path: Path) -> None:
    assert faults_of(write(tmp_path / "a.csv", {"load_kw": noisy(5)})) == [(None, "utc")]
    assert faults_of(write(tmp_path / "b.csv", {"load_kw": noisy(20)}, step_s=600)) == [(2, "utc")]


def test_days_outside_the_file_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"load_kw": noisy(20)})
    assert faults_of(path, start=date(2021, 1, 1)) == [(None, "from"), (None, "to")]


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.csv") == [(None, "(file)")]
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"not gzip")
    assert faults_of(broken) == [(None, "(file)")]
