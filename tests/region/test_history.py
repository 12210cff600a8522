"""History files: every fault with its line, and series that never answer outside what they cover."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import BadInput, Fault
from energy.periods import PERIOD
from energy.region.history import RegionHistory, Series, read_history
from energy.region.history_file import FAULTS_MAX
from energy.region.loader import load_region

START = datetime(2020, 6, 1, tzinfo=UTC)


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _messages(path: Path, *columns: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(BadInput) as caught:
        read_history(path, columns)
    return [(fault.line, fault.place, fault.limit) for fault in caught.value.faults]


def test_empty_fields_are_missing_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.csv",
        "utc,remark,load_kw,price_eur_per_mwh",
        "2020-06-01T00:00Z,x,1.5,-3",
        "2020-06-01T02:15+02:00,,,4",
    )
    history = read_history(path, ["load_kw", "price_eur_per_mwh"])
    assert history.start == START
    assert np.array_equal(history.columns["load_kw"], [1.5, np.nan], equal_nan=True)
    assert history.columns["price_eur_per_mwh"].tolist() == [-3.0, 4.0]
    assert not history.columns["load_kw"].flags.writeable


def test_every_fault_comes_at_once_with_its_line(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.csv",
        "utc,load_kw,price_eur_per_mwh",
        "2020-06-01T00:00Z,-1,30",
        "",
        "2020-06-01T00:15Z,nan,thirty",
        "2020-06-01 00:30,1,30",
        "2020-06-01T01:15Z,1,99999",
        "2020-06-01T01:15Z,1,30",
        "2020-06-01T01:17Z,1",
        "2020-06-01T01:20Z,1,30",
    )
    assert _messages(path, "load_kw", "price_eur_per_mwh") == [
        (2, "load_kw", "must lie in 0 to 10000000 kW"),
        (4, "load_kw", "not a finite number"),
        (4, "price_eur_per_mwh", "not a finite number"),
        (5, "utc", "not a moment with its time zone"),
        (6, "utc", "quarter hours are missing before it"),
        (6, "price_eur_per_mwh", "must lie in -10000 to 10000 EUR/MWh"),
        (7, "utc", "the time repeats or runs backwards"),
        (8, "(line)", "the header has 3"),
        (9, "utc", "not the start of a quarter hour"),
        (9, "utc", "the time repeats or runs backwards"),
    ]


@pytest.mark.parametrize("fields", ["103,5,7", "103"])
def test_a_decimal_comma_never_shifts_the_columns(tmp_path: Path, fields: str) -> None:
    path = _write(
        tmp_path / "a.csv",
        "utc,load_kw,pv_kw",
        "2020-06-01T00:00Z,1,2",
        f"2020-06-01T00:15Z,{fields}",
        "2020-06-01T00:30Z,1,2",
    )
    with pytest.raises(BadInput) as caught:
        read_history(path, ["load_kw"])
    (fault,) = caught.value.faults
    assert (fault.line, fault.value) == (3, f"{fields.count(',') + 2} fields")
    assert fault.limit == "the header has 3"
    assert "a point, not a comma" in fault.mend


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        ("utc;load_kw", 1, "separated by commas"),
        ("utc,pv_kw", 1, "no such column"),
        ("time,load_kw", 1, "no such column"),
        ("utc,load_kw,load_kw", 1, "stands twice"),
        ("utc,load_kw", None, "at least one"),
    ],
)
def test_a_wrong_header_is_said_once(tmp_path: Path, header: str, line: int | None, words: str) -> None:
    path = _write(tmp_path / "a.csv", header)
    ((found_line, _, limit),) = _messages(path, "load_kw")
    assert found_line == line
    assert words in limit


def test_a_column_without_a_unit_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "utc,load", "2020-06-01T00:00Z,1")
    assert _messages(path, "load") == [(1, "load", "the column's name must end in its unit")]


def test_missing_torn_and_foreign_files_are_said_plainly(tmp_path: Path) -> None:
    whole = gzip.compress(b"utc,load_kw\n2020-06-01T00:00Z,1\n")
    torn, foreign = tmp_path / "torn.csv.gz", tmp_path / "foreign.csv.gz"
    torn.write_bytes(whole[:-12])
    foreign.write_bytes(b"utc,load_kw\n")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("utc,load_kw\n2020-06-01T00:00Z,1\nMünchen".encode("latin-1"))
    assert _messages(tmp_path / "none.csv", "load_kw")[0][2] == "no such file"
    assert _messages(torn, "load_kw")[0][2] == "the file cannot be read"
    assert _messages(foreign, "load_kw")[0][2] == "the file cannot be read"
    assert _messages(latin, "load_kw") == [(3, "(file)", "not UTF-8 text")]


def test_only_so_many_faults_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    lines = [f"{(START + index * PERIOD).isoformat()},-1" for index in range(250)]
    messages = _messages(_write(tmp_path / "a.csv", "utc,load_kw", *lines), "load_kw")
    assert len(messages) == FAULTS_MAX + 1
    assert messages[-1][0] is None


@settings(deadline=None)
@given(text=st.text(alphabet='utc,load_kw\n\r"0123456789-:TZ;. ', max_size=200))
def test_any_text_gives_a_history_or_faults(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_text(f"utc,load_kw\n{text}", encoding="utf-8", newline="")
    faults: tuple[Fault, ...] = ()
    periods = 0
    try:
        periods = read_history(path, ["load_kw"]).columns["load_kw"].size
    except BadInput as error:
        faults = error.faults
    assert bool(faults) is (periods == 0)
    assert all(fault.limit for fault in faults)


@settings(deadline=None)
@given(first=st.integers(-20, 60), periods=st.integers(0, 60))
def test_a_window_gives_its_periods_or_says_what_is_covered(first: int, periods: int) -> None:
    series = Series(start=START, values=np.arange(40.0))
    start = START + first * PERIOD + timedelta(minutes=7)
    if 0 <= first <= first + periods <= 40:
        assert series.window(start, periods).tolist() == list(range(first, first + periods))
    else:
        with pytest.raises(BadInput, match="covers 2020-06-01T00:00:00Z to 2020-06-01T10:00:00Z"):
            series.window(start, periods)


def test_at_gives_the_value_of_the_period_around_the_moment() -> None:
    series = Series(start=START, values=np.arange(4.0))
    assert series.at(START + timedelta(minutes=29)) == 1.0
    with pytest.raises(BadInput):
        series.at(START + timedelta(hours=1))


def test_sources_feed_in_and_loads_draw() -> None:
    history = RegionHistory(load_region("musterstadt"))
    for asset_id in ("wind_park", "pv_park", "hydro"):
        assert (history.power_kw(asset_id).values <= 0.0).all()
        assert np.array_equal(-history.power_kw(asset_id).values, history.magnitude_kw(asset_id).values)
    assert (history.power_kw("load").values > 0.0).all()


def test_losses_without_a_column_follow_the_loads() -> None:
    history = RegionHistory(load_region("musterstadt"))
    assert history.has("grid_loss")
    assert history.power_kw("grid_loss").values == pytest.approx(0.025 * history.power_kw("load").values)


def test_an_asset_without_history_is_named() -> None:
    history = RegionHistory(load_region("musterstadt"))
    assert not history.has("battery")
    with pytest.raises(BadInput, match=r"battery\.history"):
        history.power_kw("battery")
