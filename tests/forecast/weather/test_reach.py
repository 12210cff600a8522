"""A learned model and weather that is missing: in part, or altogether."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.ladder import forecast
from energy.forecast.learned.model import train
from energy.forecast.series import History, SeriesSpec

DAYS, AHEAD, MISSING = 120, 192, 24
START = datetime(2020, 1, 1, tzinfo=UTC)
KNOWN = 96 * DAYS
NOW = START + timedelta(days=DAYS)
SPEC = SeriesSpec(asset_id="town", kind="load", zone=ZoneInfo("Europe/Berlin"), rated_kw=1000.0)


def test_a_model_goes_without_the_end_that_no_weather_reaches_and_falls_without_any() -> None:
    rng = np.random.default_rng(3)
    day = 2.0 * np.pi * np.arange(KNOWN + AHEAD) / 96.0
    warm_c = 10.0 + 8.0 * np.sin(day) + np.cumsum(rng.normal(0.0, 0.15, day.size))
    load_kw = 400.0 + 100.0 * np.sin(day) - 8.0 * warm_c + rng.normal(0.0, 5.0, day.size)

    def with_weather(values: FloatArray) -> History:
        return History(start=START, value=load_kw[:KNOWN], known_ahead={"temperature_c": values})

    model = train(SPEC, with_weather(warm_c), NOW)
    assert model is not None
    short_c = warm_c.copy()
    short_c[-MISSING:] = np.nan
    whole = forecast(SPEC, model, with_weather(warm_c), issued_at=NOW, start=NOW)
    short = forecast(SPEC, model, with_weather(short_c), issued_at=NOW, start=NOW)
    none = forecast(SPEC, model, History(start=START, value=load_kw[:KNOWN]), issued_at=NOW, start=NOW)
    assert (whole.model, short.model, none.model) == ("learned", "learned", "seasonal")
    reached = slice(0, AHEAD - MISSING)
    assert whole.quantiles_kw[:, reached].tobytes() == short.quantiles_kw[:, reached].tobytes()
    assert np.isfinite(short.quantiles_kw).all()
    end_kw = load_kw[KNOWN + AHEAD - MISSING :]
    errors_kw = [np.abs(item.expected_kw[-MISSING:] - end_kw).mean() for item in (whole, short, none)]
    assert errors_kw[0] < errors_kw[1] < 1.5 * errors_kw[2]
