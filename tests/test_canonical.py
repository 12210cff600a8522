"""Canonical bytes: one value, one form, and back again."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.canonical import canonical_bytes, decode, decode_outcome, parse, plain
from energy.domain import (
    Applied,
    AssetPlan,
    Binding,
    Breach,
    Forecast,
    Image,
    Level,
    Limit,
    Limited,
    Plan,
    Point,
    Quality,
    Reading,
    Rejected,
    Request,
    RequestKind,
    Rung,
    Setpoint,
    Unreachable,
)
from energy.errors import RecordBroken

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(timezones=st.just(UTC))
points = st.sampled_from(Point)


def arrays(size: int) -> st.SearchStrategy[np.ndarray[Any, np.dtype[np.float64]]]:
    return st.lists(numbers, min_size=size, max_size=size).map(lambda values: np.array(values, dtype=float))


readings = st.builds(
    Reading,
    asset_id=texts,
    point=points,
    value=st.none() | numbers,
    quality=st.sampled_from(Quality),
    measured_at=moments,
)
images = st.builds(
    lambda at, found: Image(at=at, readings={(one.asset_id, one.point): one for one in found}),
    moments,
    st.lists(readings, max_size=6),
)
setpoints = st.builds(
    Setpoint,
    asset_id=texts,
    point=points,
    power_kw=numbers,
    valid_until=moments,
    level=st.sampled_from(Level),
    reason=texts,
)
outcomes = st.one_of(
    st.builds(Applied, setpoint=setpoints, read_back_kw=numbers, at=moments),
    st.builds(Limited, setpoint=setpoints, read_back_kw=numbers, at=moments, reason=texts),
    st.builds(Rejected, setpoint=setpoints, at=moments, reason=texts),
    st.builds(Unreachable, setpoint=setpoints, at=moments, reason=texts),
)
limits = st.builds(
    Limit,
    limit_id=texts,
    target_id=texts,
    power_kw_min=st.none() | numbers,
    power_kw_max=st.none() | numbers,
    level=st.sampled_from(Level),
    start=moments,
    until=st.none() | moments,
    reason=texts,
)
requests = st.builds(
    Request,
    request_id=texts,
    kind=st.sampled_from(RequestKind),
    asset_id=texts,
    power_kw=st.none() | numbers,
    actor=texts,
    reason=texts,
    made_at=moments,
    until=st.none() | moments,
)
plans = st.builds(
    Plan,
    plan_id=texts,
    region_id=texts,
    issued_at=moments,
    start=moments,
    rung=st.sampled_from(Rung),
    status=texts,
    gap=st.none() | numbers,
    objective_eur=st.dictionaries(texts, numbers, max_size=3),
    assets=st.dictionaries(
        texts,
        st.builds(AssetPlan, power_kw=arrays(4), states=st.dictionaries(texts, arrays(4), max_size=2)),
        max_size=3,
    ),
    marginal_price_eur_per_kwh=st.dictionaries(texts, arrays(4), max_size=2),
    binding=st.lists(
        st.builds(Binding, name=texts, asset_id=texts, periods=st.lists(st.integers(0, 191)).map(tuple)),
        max_size=2,
    ).map(tuple),
    breaches=st.lists(
        st.builds(Breach, name=texts, asset_id=texts, size=numbers, unit=texts, cost_eur=numbers), max_size=2
    ).map(tuple),
)


@settings(deadline=None)
@given(readings | images | setpoints | limits | requests)
def test_what_is_decoded_equals_what_was_encoded(value: Any) -> None:
    assert decode(type(value), parse(canonical_bytes(value))) == value


@settings(deadline=None)
@given(outcomes)
def test_an_outcome_comes_back_as_the_same_kind(outcome: Any) -> None:
    again = decode_outcome(parse(canonical_bytes(outcome)))
    assert type(again) is type(outcome)
    assert again == outcome
    assert decode(type(outcome), plain(outcome)) == outcome


@settings(deadline=None)
@given(plans | images)
def test_encoding_what_was_decoded_gives_the_same_bytes(value: Any) -> None:
    data = canonical_bytes(value)
    assert canonical_bytes(decode(type(value), parse(data))) == data


@settings(deadline=None)
@given(st.integers(0, 5), st.data())
def test_a_forecast_keeps_its_shape(periods: int, data: st.DataObject) -> None:
    given_forecast = Forecast(
        asset_id="pv",
        issued_at=T0,
        known_at=T0,
        model="seasonal",
        start=T0,
        quantiles_kw=data.draw(arrays(5 * periods)).reshape(5, periods),
    )
    again = decode(Forecast, parse(canonical_bytes(given_forecast)))
    assert again.quantiles_kw.tolist() == given_forecast.quantiles_kw.tolist()
    assert again.quantiles_kw.shape == (5, periods)


def test_the_form_is_sorted_tight_utf8_with_exact_floats() -> None:
    value = {"b": 0.1 + 0.2, "ä": T0, "a": [1, None, True, Point.POWER_KW, np.float64(2.0)]}
    expected = '{"a":[1,null,true,"power_kw",2.0],"b":0.30000000000000004,"ä":"2020-06-01T10:00:00Z"}'
    assert canonical_bytes(value) == expected.encode()


def test_a_whole_number_in_a_float_field_has_one_form() -> None:
    setpoint = Setpoint(
        asset_id="battery",
        point=Point.POWER_KW_SETPOINT,
        power_kw=5,
        valid_until=T0,
        level=Level.PLAN,
        reason="plan",
    )
    assert canonical_bytes(setpoint) == canonical_bytes(dataclasses.replace(setpoint, power_kw=5.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.array([1.0, np.nan]), "\ud800"])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        canonical_bytes({"value": value})


@pytest.mark.parametrize("value", [{1: 2}, {"a": object()}, {"a": {1, 2}}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)


def test_seconds_on_the_wall_are_not_part_of_the_bytes() -> None:
    plan = Plan(
        plan_id="p",
        region_id="r",
        issued_at=T0,
        start=T0,
        rung=Rung.RULES,
        status="rules",
        gap=None,
        objective_eur={},
        assets={},
        marginal_price_eur_per_kwh={},
        wall_s={"solve": 1.0},
    )
    assert canonical_bytes(plan) == canonical_bytes(dataclasses.replace(plan, wall_s={"solve": 2.0}))


def test_an_image_whose_key_and_reading_disagree_is_refused() -> None:
    reading = Reading(asset_id="pv", point=Point.POWER_KW, value=1.0, quality=Quality.GOOD, measured_at=T0)
    with pytest.raises(ValueError, match="says it is"):
        canonical_bytes(Image(at=T0, readings={("wind", Point.POWER_KW): reading}))


REQUEST = Request(
    request_id="r1",
    kind=RequestKind.SET,
    asset_id="battery",
    power_kw=1.0,
    actor="a",
    reason="b",
    made_at=T0,
    until=None,
)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "smash"}, "body.kind"),
        ({"power_kw": "1"}, "body.power_kw"),
        ({"power_kw": True}, "body.power_kw"),
        ({"made_at": "2020-06-01T10:00:00"}, "body.made_at"),
        ({"made_at": None}, "body.made_at"),
        ({"extra": 1}, "extra"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_their_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(RecordBroken, match=place):
        decode(Request, json.loads(canonical_bytes(REQUEST)) | change)


def test_a_missing_field_and_broken_json_are_refused() -> None:
    with pytest.raises(RecordBroken, match="made_at"):
        decode(Request, {"kind": "set"})
    with pytest.raises(RecordBroken, match="not canonical JSON"):
        parse(b"{")
    with pytest.raises(RecordBroken, match="is not one of"):
        decode_outcome({"outcome": "lost"})


def test_a_reason_that_is_not_known_travels_as_null_and_nothing_else_does():
    part = AssetPlan(
        power_kw=np.array([1.0, 2.0]), states={"price_eur_per_kwh_draw": np.array([np.nan, 0.08])}
    )
    data = canonical_bytes(part)
    assert data == b'{"power_kw":[1.0,2.0],"states":{"price_eur_per_kwh_draw":[null,0.08]}}'
    again = decode(AssetPlan, parse(data))
    np.testing.assert_array_equal(again.states["price_eur_per_kwh_draw"], [np.nan, 0.08])
    for wrong in (
        AssetPlan(power_kw=np.array([np.nan])),
        AssetPlan(power_kw=np.array([1.0]), states={"energy_kwh": np.array([np.nan])}),
        AssetPlan(power_kw=np.array([1.0]), states={"price_eur_per_kwh_draw": np.array([np.inf])}),
    ):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical_bytes(wrong)
    with pytest.raises(RecordBroken, match="only numbers"):
        decode(AssetPlan, {"power_kw": [None], "states": {}})
