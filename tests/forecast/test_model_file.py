"""A model comes back from its file to the last bit, or not at all."""

import dataclasses
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import RecordBroken
from energy.forecast.ladder import forecast
from energy.forecast.learned.model import Model, train
from energy.forecast.learned.model_checks import faults_of
from energy.forecast.learned.model_file import StoredModel, model_bytes, model_from
from energy.forecast.series import History, SeriesSpec

START = datetime(2021, 1, 4, tzinfo=UTC)
DAYS = 40
AT = START + timedelta(days=DAYS)
SPEC = SeriesSpec(asset_id="load", kind="load", zone=ZoneInfo("Europe/Berlin"), holidays="DE-BY")


def history_of() -> History:
    at = np.arange(DAYS * 96)
    rng = np.random.default_rng(3)
    weather = 10.0 + 5.0 * np.sin(2.0 * np.pi * np.arange((DAYS + 3) * 96) / 960.0)
    value = (
        300.0 + 100.0 * np.sin(2.0 * np.pi * at / 96.0) + 4.0 * weather[: at.size] + rng.normal(size=at.size)
    )
    return History(start=START, value=value, known_ahead={"temperature_c": weather})


@pytest.fixture(scope="module")
def stored() -> StoredModel:
    model, twin = (train(SPEC, history_of(), at) for at in (AT, AT - timedelta(days=14)))
    assert model is not None
    return StoredModel(
        series="load", region_digest="0" * 64, trained_at=AT, days=DAYS, model=model, twin=twin
    )


def quantiles(model: Model) -> bytes:
    made = forecast(SPEC, model, history_of(), issued_at=AT, start=AT)
    assert made.model == "learned"
    return made.quantiles_kw.tobytes()


def test_a_model_read_back_forecasts_the_same_to_the_last_bit(stored: StoredModel) -> None:
    data = model_bytes(stored)
    back = model_from(data)
    assert faults_of(back.model, SPEC) == []
    assert quantiles(back.model) == quantiles(stored.model)
    assert model_bytes(back) == data


def test_a_model_without_a_twin_comes_back(stored: StoredModel) -> None:
    alone = dataclasses.replace(stored, twin=None)
    assert model_from(model_bytes(alone)).twin is None


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_changed_byte_is_found(stored: StoredModel, data: st.DataObject) -> None:
    content = bytearray(model_bytes(stored))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecordBroken):
        model_from(bytes(content))


@settings(deadline=None, max_examples=60)
@given(share=st.floats(0.0, 1.0, exclude_max=True))
def test_a_file_cut_short_is_found(stored: StoredModel, share: float) -> None:
    content = model_bytes(stored)
    with pytest.raises(RecordBroken):
        model_from(content[: int(share * len(content))])


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=4000))
def test_no_bytes_at_all_do_more_than_being_refused(content: bytes) -> None:
    with pytest.raises(RecordBroken):
        model_from(content)
    with pytest.raises(RecordBroken):
        model_from(sealed(content))


def sealed(body: bytes) -> bytes:
    """What someone writes who knows how the checksum is made."""
    return b"energiewaage-model 1 " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def body_of(stored: StoredModel) -> bytes:
    return model_bytes(stored).partition(b"\n")[2]


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_lies_under_a_right_checksum_never_reach_a_forecast(stored: StoredModel, data: st.DataObject) -> None:
    body = bytearray(body_of(stored))
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = model_from(sealed(bytes(body)))
    except RecordBroken:
        return
    if faults_of(back.model, SPEC) or not back.model.fits(SPEC, history_of()):
        return
    made = forecast(SPEC, back.model, history_of(), issued_at=AT, start=AT)
    assert np.isfinite(made.quantiles_kw).all()


def changed(model: Model, **arrays: Any) -> Model:
    return dataclasses.replace(model, trees=dataclasses.replace(model.trees, **arrays))


def test_trees_that_do_not_end_or_lead_outside_are_refused(stored: StoredModel) -> None:
    model = stored.model
    nodes = model.trees.left.size
    inner = int(np.flatnonzero(model.trees.left != np.arange(nodes))[1])
    for wrong in (-1, nodes, 2**31 - 1, 0):
        left = model.trees.left.copy()
        left[inner] = wrong
        assert faults_of(changed(model, left=left), SPEC), wrong
    feature = model.trees.feature.copy()
    feature[inner] = 4000
    assert faults_of(changed(model, feature=feature), SPEC)
    assert faults_of(changed(model, roots=model.trees.roots[:0]), SPEC)
    assert faults_of(changed(model, value=np.full(nodes, np.nan)), SPEC)
    assert faults_of(changed(model, value=model.trees.value[:-1]), SPEC)


def test_a_ridge_of_other_features_is_refused(stored: StoredModel) -> None:
    ridge = stored.model.ridge
    short = dataclasses.replace(
        ridge, mean=ridge.mean[:-1], spread=ridge.spread[:-1], weight=ridge.weight[:-1]
    )
    assert "features" in faults_of(dataclasses.replace(stored.model, ridge=short), SPEC)[0]
    flat = dataclasses.replace(ridge, spread=np.zeros_like(ridge.spread))
    assert faults_of(dataclasses.replace(stored.model, ridge=flat), SPEC)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"learned_by": "', '"learned_by": "0'),
        ('".model.step_s": 900', '".model.step_s": true'),
        ('".model.near": true', '".model.near": 1'),
        ('".model.known_at": "', '".model.known_at": "x'),
        ('".days": 40', '".days": NaN'),
        ('".days": 40', '".days": 40, ".more": 1'),
        ('"float64", [', '"object", ['),
        ('"float64", [', '"float64", [-1, '),
        ('"float64", [', '"float64", [100000000000, '),
    ],
)
def test_a_header_that_asks_for_something_else_is_refused(
    stored: StoredModel, before: str, after: str
) -> None:
    header, _, rest = body_of(stored).partition(b"\n")
    assert before in header.decode()
    with pytest.raises(RecordBroken):
        model_from(sealed(header.decode().replace(before, after, 1).encode() + b"\n" + rest))


def test_a_deep_header_is_refused() -> None:
    with pytest.raises(RecordBroken):
        model_from(sealed(b"[" * 100_000 + b"\n"))


def test_the_file_of_another_library_is_refused(stored: StoredModel) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, ridge=stored.model.ridge.mean)
    with pytest.raises(RecordBroken, match="no model of ours"):
        model_from(buffer.getvalue())
    assert json.loads(body_of(stored).partition(b"\n")[0])["learned_by"]
