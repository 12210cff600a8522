"""A region's PV is expected from its own geometry, its wind from its own turbines under a forecast."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from energy.domain import FloatArray
from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.physical.wind_power import turbine_curve
from energy.forecast.series import History
from energy.planning.physical_prior import physical_prior
from energy.region.loader import load_region
from energy.region.place import Location
from energy.region.pv import Pv, PvPlane
from energy.region.turbines import TURBINES
from energy.region.wind import Wind

START = datetime(2021, 6, 1, tzinfo=UTC)
REGION = load_region("fichtelgebirge")
ROOFS = next(asset for asset in REGION.assets if isinstance(asset, Pv))
PARK = next(asset for asset in REGION.assets if isinstance(asset, Wind))
KNOWN = 96


def expected(asset: Pv | Wind, columns: Mapping[str, FloatArray] | None = None) -> FloatArray | None:
    history = History(start=START, value=np.full(KNOWN, np.nan), known_ahead=columns or {})
    prior = physical_prior(REGION, asset, history, PhysicalPriors())
    return None if prior is None else prior.expected


def yield_kwh(asset: Pv) -> float:
    power = expected(asset)
    assert power is not None
    return float(power[:KNOWN].sum()) / 4.0


def fields_of(kind: str) -> dict[str, Any]:
    return {
        "id": "one",
        "kind": kind,
        "name": {"de": "Eins", "en": "One"},
        "device": {"profile": "generic_park_controller", "host": "127.0.0.1"},
        "power_kw_rated": 100.0,
        "ramp_kw_per_s": 5.0,
    }


def test_a_roof_has_its_clear_sky_without_any_weather_and_reaches_over_the_horizon() -> None:
    power = expected(ROOFS)
    assert power is not None
    assert power.size >= KNOWN + 192
    assert np.isfinite(power).all()
    assert 0.3 * ROOFS.power_kw_rated < power.max() <= ROOFS.power_kw_rated


def test_peak_power_planes_and_place_count() -> None:
    usual = yield_kwh(ROOFS)
    assert yield_kwh(replace(ROOFS, power_kwp=0.5 * ROOFS.power_kw_rated)) < 0.6 * usual
    north = [PvPlane(tilt_degrees=45.0, azimuth_degrees=0.0)]
    assert yield_kwh(replace(ROOFS, planes=north)) < 0.9 * usual
    cape = Location(latitude=-34.0, longitude=18.0)
    assert yield_kwh(replace(ROOFS, location=cape)) < 0.7 * usual


def test_wind_needs_a_forecast_that_reaches_over_the_plan() -> None:
    assert expected(PARK) is None
    assert expected(PARK, {"wind_speed_10m_m_per_s": np.full(KNOWN + 100, 6.0)}) is None
    power = expected(PARK, {"wind_speed_10m_m_per_s": np.full(KNOWN + 192, 6.0)})
    assert power is not None
    assert 0.0 < power[0] < PARK.power_kw_rated
    assert np.isnan(power[-1])


def test_every_turbine_that_a_region_may_name_has_a_curve() -> None:
    for name in sorted(TURBINES):
        assert turbine_curve(name).share.max() == 1.0


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        ("wind", {"turbine_type": "V112/300"}, "did you mean V112/3300, V112/3000"),
        ("pv", {"planes": [{"tilt_degrees": 30, "azimuth_degrees": 180, "share": 0.4}]}, "add up to 1"),
        ("pv", {"power_kwp": 100_000.0}, "check the units"),
    ],
)
def test_what_cannot_be_is_refused_in_words(kind: str, wrong: dict[str, Any], words: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Pv if kind == "pv" else Wind)
    adapter.validate_python(fields_of(kind))
    with pytest.raises(ValidationError, match=words):
        adapter.validate_python({**fields_of(kind), **wrong})
