"""What a year's energy is worth on any CSV, from the first day on."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.errors import BadInput
from energy.forecast.calendar import calendar_of
from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BacktestOptions
from energy.forecast.judging.backtest_prior import sized
from energy.forecast.judging.backtest_profile import Year
from energy.forecast.profiles.outgrown import PROFILE_DAYS
from energy.forecast.profiles.standard_load import standard_load
from energy.forecast.series import History, Kind, Prior

START = datetime(2023, 1, 8, 23, tzinfo=UTC)
DAYS = 40
ENERGY_KWH = 3_000_000.0


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village that draws as households do, a tenth more than was thought, with some noise."""
    zone = BacktestOptions(data=Path(), target="").zone
    calendar = calendar_of(START, DAYS * 96, step_s=900, zone=zone, holidays_of="DE-BY")
    noise = np.random.default_rng(3).normal(1.0, 0.05, DAYS * 96)
    load = 1.1 * ENERGY_KWH * standard_load(calendar, zone, {"h25": 1.0}) * noise
    path = tmp_path_factory.mktemp("village") / "village.csv"
    moments = [START + timedelta(minutes=15 * number) for number in range(DAYS * 96)]
    rows = [f"{moment:%Y-%m-%dT%H:%MZ},{value:.2f}" for moment, value in zip(moments, load, strict=True)]
    path.write_text("utc,load_kw\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def _options(
    path: Path, *, year: Year | None = None, history_days: int | None = None, kind: Kind = "load"
) -> BacktestOptions:
    return BacktestOptions(
        data=path,
        target="load_kw",
        holidays="DE-BY",
        start=date(2023, 1, 20),
        end=date(2023, 2, 3),
        kind=kind,
        history_days=history_days,
        year=year if year is not None else Year(),
    )


def test_the_first_day_is_named_after_its_profile_and_better_than_without(village: Path) -> None:
    year = Year(energy=ENERGY_KWH, shares={"h25": 1.0})
    known = run_backtest(_options(village, history_days=1, year=year))
    unknown = run_backtest(_options(village, history_days=1))
    assert known["model"] == "profile"
    assert known["prior"] == "profile"
    assert unknown["model"] != "profile"
    assert isinstance(known["mae"], float)
    assert isinstance(unknown["mae"], float)
    assert known["mae"] < 0.5 * unknown["mae"]


def test_measured_days_mend_a_wrong_year(village: Path) -> None:
    half = Year(energy=0.5 * ENERGY_KWH, shares={"h25": 1.0})
    right = run_backtest(_options(village, history_days=7, year=half))
    assert right["model"] == "profile"
    assert isinstance(right["nmae"], float)
    assert right["nmae"] < 0.15


def test_ten_measured_days_say_more_than_a_profile(village: Path) -> None:
    year = Year(energy=ENERGY_KWH, shares={"g25": 1.0})
    outgrown = run_backtest(_options(village, history_days=PROFILE_DAYS, year=year))
    unknown = run_backtest(_options(village, history_days=PROFILE_DAYS))
    assert outgrown["model"] == unknown["model"] == "seasonal"
    assert outgrown["mae"] == unknown["mae"]


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (Year(energy=1.0, shares={"h25": 0.5}), "shares of 0 to 1 that add up to 1"),
        (Year(energy=1.0, shares={"h0": 1.0}), "no such profile.*h25, g25"),
        (Year(energy=1.0, shares={"h25": 1.5, "g25": -0.5}), "shares of 0 to 1"),
        (Year(shares={"h25": 1.0}), "give --yearly-energy"),
        (Year(energy=0.0), "above 0"),
    ],
)
def test_a_wrong_year_is_refused_in_words(village: Path, year: Year, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        run_backtest(_options(village, year=year))


def test_there_is_no_profile_of_the_wind(village: Path) -> None:
    options = _options(village, kind="wind", year=Year(energy=1.0))
    with pytest.raises(BadInput, match="PV and wind take their weather"):
        run_backtest(options)


def test_a_plant_of_two_days_is_sized_by_them() -> None:
    seen = History(
        start=START, value=np.full(192, 30.0), prior=Prior(name="physical", expected=np.full(400, 0.5))
    )
    mended = sized(seen).prior
    assert mended is not None
    assert mended.expected.tolist() == [30.0] * 400
