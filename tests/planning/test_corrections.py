"""A planner's correction changes the forecast's band with its middle, within what the asset can do."""

import dataclasses
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.correction import Correction
from energy.domain import Forecast, Request, RequestKind
from energy.forecast.series import Kind, SeriesSpec
from energy.ledger.corrections import covering
from energy.periods import PERIOD
from energy.planning.corrections import corrected, with_corrections

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
SPREAD = np.array([[-20.0], [-10.0], [0.0], [10.0], [20.0]])


def spec_of(kind: Kind) -> SeriesSpec:
    return SeriesSpec(
        asset_id="a",
        kind=kind,
        rated_kw=150.0,
        zone=ZoneInfo("Europe/Berlin"),
        sign=-1 if kind in {"pv", "wind"} else 1,
    )


def forecast_of(kind: Kind, magnitude: float = 100.0) -> Forecast:
    spec = spec_of(kind)
    band = np.clip(magnitude + SPREAD * (magnitude > 0.0) + np.zeros((5, 8)), *spec.bounds)
    return Forecast(
        asset_id="a",
        issued_at=T0,
        known_at=T0,
        model="learned",
        start=T0,
        quantiles_kw=np.sort(spec.sign * band, axis=0),
    )


def request_of(
    *,
    factor: float | None = None,
    offset_kw: float | None = None,
    first: int = 2,
    last: int = 4,
    made: int = 0,
) -> Request:
    interval = Correction(
        start=T0 + first * PERIOD, end=T0 + last * PERIOD, factor=factor, offset_kw=offset_kw
    )
    return Request(
        request_id=f"c{made}",
        kind=RequestKind.CORRECT,
        asset_id="a",
        power_kw=None,
        actor="p",
        reason="r",
        made_at=T0 - timedelta(hours=1) + timedelta(minutes=made),
        until=interval.end,
        correction=interval,
    )


def test_a_factor_scales_the_band_of_a_load_in_its_interval_only() -> None:
    before = forecast_of("load")
    after = corrected(before, [request_of(factor=0.5)], spec_of("load"))
    assert after.model == "learned+corrected"
    assert after.quantiles_kw[:, 2].tolist() == [40.0, 45.0, 50.0, 55.0, 60.0]
    assert np.array_equal(
        np.delete(after.quantiles_kw, [2, 3], axis=1), np.delete(before.quantiles_kw, [2, 3], axis=1)
    )


def test_more_generation_is_more_negative_and_never_above_the_rated_power() -> None:
    after = corrected(forecast_of("wind"), [request_of(offset_kw=40.0)], spec_of("wind"))
    assert after.quantiles_kw[:, 2].tolist() == [-150.0, -150.0, -140.0, -130.0, -120.0]
    less = corrected(forecast_of("wind"), [request_of(offset_kw=-95.0)], spec_of("wind"))
    assert less.quantiles_kw[:, 2].tolist() == [-25.0, -15.0, -5.0, 0.0, 0.0]


def test_a_sun_that_is_down_stays_down() -> None:
    night = corrected(forecast_of("pv", 0.0), [request_of(offset_kw=40.0)], spec_of("pv"))
    assert not night.quantiles_kw.any()


def test_the_newest_of_two_counts_alone() -> None:
    old, new = request_of(factor=0.5), request_of(offset_kw=10.0, first=3, last=4, made=1)
    for order in ([old, new], [new, old]):
        after = corrected(forecast_of("load"), order, spec_of("load"))
        assert after.expected_kw[2:5].tolist() == [50.0, 110.0, 100.0]


def test_what_lies_elsewhere_changes_nothing_and_what_was_replaced_is_kept() -> None:
    before = forecast_of("load")
    elsewhere = [request_of(factor=0.5, first=-4, last=0), request_of(factor=0.5, first=8, last=9)]
    other = dataclasses.replace(request_of(factor=0.5), asset_id="b")
    after, replaced = with_corrections([before], [*elsewhere, other], [spec_of("load")])
    assert after[0] is before
    assert replaced == ()
    after, replaced = with_corrections([before], [request_of(factor=0.5)], [spec_of("load")])
    assert after[0].model == "learned+corrected"
    assert replaced[0] is before


def test_an_interval_off_the_grid_covers_the_quarter_hours_that_begin_in_it() -> None:
    odd = request_of(factor=0.5)
    given = Correction(start=T0 + timedelta(minutes=20), end=T0 + timedelta(minutes=50), factor=0.5)
    after = corrected(forecast_of("load"), [dataclasses.replace(odd, correction=given)], spec_of("load"))
    assert after.expected_kw.tolist() == [100.0, 100.0, 50.0, 50.0] + [100.0] * 4


def test_of_two_made_at_one_moment_the_one_taken_later_counts() -> None:
    first = dataclasses.replace(request_of(factor=0.5), request_id="z")
    second = dataclasses.replace(request_of(factor=2.0), request_id="a")
    after = corrected(forecast_of("load", 50.0), [first, second], spec_of("load"))
    assert after.expected_kw[2] == 100.0
    assert covering([first, second]) == {"z": "a"}
