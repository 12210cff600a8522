"""A forecast keeps to its gate, its bounds, its rung and its bits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.domain import FloatArray, Forecast
from energy.forecast.ladder import Request, forecast, forecast_many
from energy.forecast.learned.model import Model, train
from energy.forecast.series import History, Kind, SeriesSpec
from energy.forecast.sun import sine_of_elevation

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2020, 3, 1, tzinfo=UTC)
DAYS = 40
PLACE = (50.1, 11.6)
RATED_KW = 1000.0
RUNGS = st.sampled_from(["learned", "seasonal"])
KINDS: tuple[Kind, ...] = ("load", "pv", "wind", "hydro", "ev_hub", "heat", "price", "temperature")


def spec_of(kind: Kind) -> SeriesSpec:
    feeds_in = kind in ("pv", "wind", "hydro")
    return SeriesSpec(
        asset_id=kind,
        kind=kind,
        zone=BERLIN,
        sign=-1 if feeds_in else 1,
        rated_kw=RATED_KW if feeds_in else None,
        holidays="DE-BY",
        location=PLACE,
    )


def series_of(kind: Kind, days: int = DAYS) -> FloatArray:
    """A plausible course with noise, as magnitudes, 96 a day."""
    rng = np.random.default_rng(7)
    at = np.arange(days * 96)
    hour = at % 96 / 4.0
    noise = rng.normal(size=at.size)
    slow = np.convolve(rng.normal(size=at.size + 199), np.ones(200) / 14.0, mode="valid")
    if kind == "pv":
        moments = np.asarray(START.timestamp() + 900.0 * at + 450.0, dtype=np.float64)
        sun = np.maximum(sine_of_elevation(moments, latitude=PLACE[0], longitude=PLACE[1]), 0.0)
        return np.clip(RATED_KW * sun * (0.6 + 0.2 * slow), 0.0, RATED_KW)
    if kind in ("wind", "hydro"):
        return np.clip(400.0 + 300.0 * slow, 0.0, RATED_KW)
    weekend = np.where((at // 96 + 6) % 7 >= 5, 0.8, 1.0)
    shape = 500.0 * weekend * (1.0 + 0.3 * np.sin((hour - 8.0) / 24.0 * 2.0 * np.pi)) + 10.0 * noise
    if kind == "temperature":
        return 8.0 * slow + 4.0 * np.sin((hour - 9.0) / 24.0 * 2.0 * np.pi)
    return shape - 500.0 if kind == "price" else np.maximum(shape, 0.0)


def history_of(kind: Kind, days: int = DAYS) -> History:
    return History(start=START, value=series_of(kind, days))


@pytest.fixture(scope="module")
def models() -> dict[Kind, Model]:
    at = START + timedelta(days=DAYS - 5)
    trained = {kind: train(spec_of(kind), history_of(kind), at) for kind in KINDS}
    return {kind: model for kind, model in trained.items() if model is not None}


def made(kind: Kind, model: Model | None, history: History, at: datetime, periods: int = 192) -> Forecast:
    return forecast(spec_of(kind), model, history, issued_at=at, start=at, periods=periods)


def same(one: Forecast, other: Forecast) -> bool:
    return one.model == other.model and one.quantiles_kw.tobytes() == other.quantiles_kw.tobytes()


def test_every_kind_gets_a_learned_model(models: dict[Kind, Model]) -> None:
    assert set(models) == set(KINDS)


def test_the_next_quarter_hour_is_nearly_as_good_as_the_last_measured_value() -> None:
    days, first = 150, 145 * 96
    history, spec = history_of("wind", days), spec_of("wind")
    value = history.value
    model = train(spec, history, START + timedelta(days=145))
    assert model is not None
    errors = []
    for known in range(first, first + 384, 7):
        at = START + timedelta(minutes=15 * known)
        errors.append(abs(-made("wind", model, history, at, periods=1).quantiles_kw[2, 0] - value[known]))
    lasting = np.abs(np.diff(value[first : first + 384])).mean()
    assert np.mean(errors) < 1.25 * lasting


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_last_reading_leaves_the_next_quarter_hour_finite(
    models: dict[Kind, Model], kind: Kind
) -> None:
    at, value = START + timedelta(days=DAYS - 5), series_of(kind)
    value[(DAYS - 5) * 96 - 1] = np.nan
    made_kw = made(kind, models[kind], History(start=START, value=value), at, periods=4).quantiles_kw
    assert np.isfinite(made_kw).all()


@settings(deadline=None, max_examples=20)
@given(kind=st.sampled_from(KINDS), quarter=st.integers(0, 3 * 96), rung=RUNGS)
def test_values_after_the_gate_change_no_bit(
    models: dict[Kind, Model], kind: Kind, quarter: int, rung: str
) -> None:
    at = START + timedelta(days=DAYS - 5, minutes=15 * quarter)
    known = (DAYS - 5) * 96 + quarter
    value = series_of(kind)
    lied = value.copy()
    lied[known:] = np.nan if quarter % 2 else 1e6
    model = models[kind] if rung == "learned" else None
    true = made(kind, model, History(start=START, value=value), at)
    assert same(true, made(kind, model, History(start=START, value=lied), at))
    assert same(true, made(kind, model, History(start=START, value=value[:known]), at))


@pytest.mark.parametrize("kind", ["load", "pv", "wind"])
def test_training_does_not_look_past_known_at(kind: Kind, models: dict[Kind, Model]) -> None:
    value = series_of(kind)
    at = START + timedelta(days=DAYS - 5)
    value[(DAYS - 5) * 96 :] = 1e6
    again = train(spec_of(kind), History(start=START, value=value), at)
    history = history_of(kind)
    assert again is not None
    assert same(made(kind, models[kind], history, at), made(kind, again, history, at))


@settings(deadline=None, max_examples=25)
@given(kind=st.sampled_from(KINDS), quarter=st.integers(0, 3 * 96), rung=RUNGS)
def test_quantiles_are_ordered_finite_and_within_what_the_asset_can_do(
    models: dict[Kind, Model], kind: Kind, quarter: int, rung: str
) -> None:
    at = START + timedelta(days=DAYS - 5, minutes=15 * quarter)
    result = made(kind, models[kind] if rung == "learned" else None, history_of(kind), at)
    band = result.quantiles_kw
    assert result.model == rung
    assert band.shape == (5, 192)
    assert np.isfinite(band).all()
    assert (np.diff(band, axis=0) >= 0.0).all()
    if kind in ("pv", "wind", "hydro"):
        assert band.max() <= 0.0
        assert band.min() >= -RATED_KW
    elif kind not in ("price", "temperature"):
        assert band.min() >= 0.0


def test_prices_may_be_negative(models: dict[Kind, Model]) -> None:
    band = made("price", models["price"], history_of("price"), START + timedelta(days=DAYS - 5)).quantiles_kw
    assert band[2].min() < 0.0


def test_temperatures_may_be_negative(models: dict[Kind, Model]) -> None:
    cold = History(start=START, value=series_of("temperature") - 15.0)
    at = START + timedelta(days=DAYS - 5)
    for model in (models["temperature"], None):
        assert made("temperature", model, cold, at).quantiles_kw[2].max() < 0.0


def test_many_forecasts_are_bit_for_bit_the_single_ones(models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5, hours=7)
    rungs = [(kind, model) for kind in KINDS for model in (models[kind], None)]
    requests = [
        Request(spec=spec_of(kind), model=model, history=history_of(kind), issued_at=at, start=at)
        for kind, model in rungs
    ]
    singles = [made(kind, model, history_of(kind), at) for kind, model in rungs]
    for _ in range(2):
        batch = forecast_many(requests)
        assert len(batch) == len(singles)
        assert all(same(one, other) for one, other in zip(batch, singles, strict=True))
    assert forecast_many([]) == ()


@pytest.mark.parametrize("kind", ["load", "heat"])
@pytest.mark.parametrize("rung", ["learned", "seasonal"])
def test_one_absurd_reading_moves_a_forecast_little(models: dict[Kind, Model], kind: Kind, rung: str) -> None:
    known = (DAYS - 5) * 96
    at = START + timedelta(days=DAYS - 5)
    value = series_of(kind)
    spoilt = value.copy()
    spoilt[known - 1] *= 6.0
    model = models[kind] if rung == "learned" else None
    true = made(kind, model, History(start=START, value=value), at).quantiles_kw
    got = made(kind, model, History(start=START, value=spoilt), at).quantiles_kw
    assert np.abs(got[2] - true[2]).max() < 0.05 * value.mean()


def test_a_new_level_counts_from_its_second_reading_on(models: dict[Kind, Model]) -> None:
    known = (DAYS - 5) * 96
    value = series_of("load")
    value[known - 2 : known] += 3.0 * value.mean()
    at = START + timedelta(days=DAYS - 5)
    usual = made("load", models["load"], history_of("load"), at, periods=1).quantiles_kw[2, 0]
    raised = made("load", models["load"], History(start=START, value=value), at, periods=1).quantiles_kw[2, 0]
    assert raised > 2.0 * usual


@pytest.mark.parametrize("rung", ["learned", "seasonal"])
def test_night_is_night(models: dict[Kind, Model], rung: str) -> None:
    at = START + timedelta(days=DAYS - 5)
    model = models["pv"] if rung == "learned" else None
    band = made("pv", model, history_of("pv"), at).quantiles_kw
    hour = np.arange(192) % 96 / 4.0
    assert not band[:, (hour < 3.0) | (hour >= 20.0)].any()
    assert (band[2, (hour > 9.0) & (hour < 13.0)] < 0.0).all()


def test_night_is_night_without_any_history() -> None:
    at = START + timedelta(days=1)
    band = made("pv", None, History(start=START, value=np.empty(0)), at).quantiles_kw
    hour = np.arange(192) % 96 / 4.0
    assert not band[:, hour < 3.0].any()
    assert band[0].min() < -0.5 * RATED_KW


def test_rungs_go_down_with_the_history(models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5)
    history = history_of("load")
    young = replace(history, start=at - timedelta(days=1), value=history.value[:96])
    assert made("load", models["load"], history, at).model == "learned"
    assert made("load", None, history, at).model == "seasonal"
    assert made("load", None, young, at).model == "flat"
    assert train(spec_of("load"), young, at) is None


def test_a_flat_forecast_spans_what_the_last_day_measured() -> None:
    value = np.linspace(100.0, 200.0, 96)
    result = made("load", None, History(start=START, value=value), START + timedelta(days=1))
    assert result.model == "flat"
    assert np.allclose(result.quantiles_kw[:, 0], np.quantile(value, [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_a_model_of_another_series_is_not_used(models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5)
    assert made("load", models["heat"], history_of("load"), at).model == "seasonal"


@pytest.mark.parametrize("kind", ["load", "pv"])
def test_the_same_history_gives_the_same_bits(kind: Kind, models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5)
    again = train(spec_of(kind), history_of(kind), at)
    history = history_of(kind)
    assert same(made(kind, models[kind], history, at), made(kind, again, history, at))


@pytest.mark.parametrize("kind", KINDS)
def test_gaps_do_not_break_a_forecast(kind: Kind, models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5)
    value = series_of(kind)
    value[200:500] = np.nan
    value[(DAYS - 5) * 96 - 20 :] = np.nan
    for model in (models[kind], None):
        assert np.isfinite(made(kind, model, History(start=START, value=value), at).quantiles_kw).all()
    assert train(spec_of(kind), History(start=START, value=value), at) is not None


def test_what_was_just_measured_pulls_the_near_hours_more_than_the_far_ones() -> None:
    at = START + timedelta(days=DAYS - 5)
    value = series_of("wind")
    calm, storm = value.copy(), value.copy()
    last = slice((DAYS - 5) * 96 - 8, (DAYS - 5) * 96)
    calm[last], storm[last] = 0.0, RATED_KW
    low = made("wind", None, History(start=START, value=calm), at).expected_kw
    high = made("wind", None, History(start=START, value=storm), at).expected_kw
    pull = low - high
    assert pull[0] > 0.5 * RATED_KW
    assert abs(pull[-1]) < 0.1 * RATED_KW


def test_prices_published_ahead_count_as_known(models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 5)
    until = at + timedelta(days=1)
    history = history_of("price")
    changed = history.value.copy()
    changed[(DAYS - 5) * 96 : (DAYS - 4) * 96] += 300.0
    one, other = (
        forecast(
            spec_of("price"),
            models["price"],
            replace(history, value=value),
            issued_at=at,
            start=until,
            periods=96,
            known_until=until,
        )
        for value in (history.value, changed)
    )
    assert one.issued_at == at
    assert other.expected_kw.mean() > one.expected_kw.mean() + 20.0


def test_a_column_known_ahead_is_used() -> None:
    rng = np.random.default_rng(3)
    push = np.repeat(rng.normal(size=DAYS), 96)
    history = History(
        start=START, value=series_of("load") * (1.0 + 0.1 * push), known_ahead={"temperature_c": push}
    )
    at = START + timedelta(days=DAYS - 3)
    spec = spec_of("load")
    model = train(spec, history, at)
    blind = train(spec, replace(history, known_ahead={}), at)
    truth = history.value[(DAYS - 3) * 96 :][:192]

    def error(with_model: Model | None, of: History) -> float:
        expected = forecast(spec, with_model, of, issued_at=at, start=at).expected_kw
        return float(np.abs(expected - truth).mean())

    assert error(model, history) < 0.7 * error(blind, replace(history, known_ahead={}))


def test_a_horizon_beyond_what_is_known_is_refused() -> None:
    at = START + timedelta(days=DAYS - 5)
    with pytest.raises(ValueError, match="days ahead"):
        made("load", None, history_of("load"), at, periods=300)


def test_a_start_off_the_grid_is_refused() -> None:
    at = START + timedelta(days=DAYS - 5)
    with pytest.raises(ValueError, match="not on the grid"):
        forecast(spec_of("load"), None, history_of("load"), issued_at=at, start=at + timedelta(minutes=7))


def test_the_band_widens_when_errors_grow_after_learning(models: dict[Kind, Model]) -> None:
    at = START + timedelta(days=DAYS - 1)
    value = series_of("load")
    wild = value.copy()
    late = slice((DAYS - 5) * 96, (DAYS - 1) * 96)
    wild[late] *= 1.0 + 0.2 * np.sin(np.arange(4 * 96))
    calm, nervous = (
        made("load", models["load"], History(start=START, value=of), at, periods=96).quantiles_kw
        for of in (value, wild)
    )
    assert (nervous[4] - nervous[0]).mean() > 1.5 * (calm[4] - calm[0]).mean()
