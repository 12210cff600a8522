"""Corrections of forecasts are taken, kept while they are open, and gone when they end."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from energy.controller.corrections import OPEN_PER_ASSET_MAX, Corrections
from energy.correction import Correction
from energy.domain import Request, RequestKind
from energy.region.loader import load_region
from energy.region.model import Region

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
GIVEN = Request(
    request_id="c1",
    kind=RequestKind.CORRECT,
    asset_id="load",
    power_kw=None,
    actor="p",
    reason="r",
    made_at=T0,
    until=T0 + timedelta(hours=3),
    correction=Correction(start=T0 + timedelta(hours=1), end=T0 + timedelta(hours=3), factor=0.8),
)


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("musterstadt")


def test_more_than_the_asset_can_be_is_refused_with_what_it_can_be(region: Region) -> None:
    wrong = Correction(start=T0 + timedelta(hours=1), end=T0 + timedelta(hours=3), offset_kw=-99_999.0)
    answer = Corrections().take(region, dataclasses.replace(GIVEN, asset_id="pv_park", correction=wrong), T0)
    assert answer.text == "refused: -99999 kW is more than pv_park can be: 7500 kW"


def test_a_correction_is_open_until_it_ends_or_is_withdrawn(region: Region) -> None:
    desk = Corrections()
    assert desk.take(region, GIVEN, T0).text.startswith("taken")
    assert desk.open_at(T0 + timedelta(hours=2)) == (GIVEN,)
    withdrawal = dataclasses.replace(
        GIVEN, request_id="w1", kind=RequestKind.WITHDRAW, until=None, correction=None, withdraws="c1"
    )
    assert desk.take(region, withdrawal, T0).text == "withdrawn"
    assert desk.open_at(T0) == ()
    assert desk.take(region, withdrawal, T0).text.startswith("refused")
    assert Corrections([GIVEN]).open_at(T0 + timedelta(hours=3)) == ()


@pytest.mark.parametrize("asset_id", ["battery", "grid_loss", "nobody"])
def test_what_is_not_forecast_is_not_corrected(region: Region, asset_id: str) -> None:
    answer = Corrections().take(region, dataclasses.replace(GIVEN, asset_id=asset_id), T0)
    assert answer.text == f"refused: {asset_id} is not forecast from its own past"


def test_too_late_and_too_many_are_refused(region: Region) -> None:
    desk = Corrections()
    assert "ended" in desk.take(region, GIVEN, T0 + timedelta(hours=3)).text
    for number in range(OPEN_PER_ASSET_MAX):
        desk.take(region, dataclasses.replace(GIVEN, request_id=f"c{number}"), T0)
    assert "at most 10" in desk.take(region, dataclasses.replace(GIVEN, request_id="more"), T0).text
