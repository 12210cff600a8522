"""Physics keeps to the sun, the modules' and turbines' limits, and the weather it is given."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.physical import expected as expected_module
from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.physical.photovoltaics import pv_power_kw
from energy.forecast.physical.plants import Plane, PvPlant, WindPlant
from energy.forecast.physical.sun_path import sun_over
from energy.forecast.physical.weather_names import weather_of
from energy.forecast.physical.wind_power import park_curve, turbine_curve
from energy.periods import parse_utc
from energy.planning.weather_quarters import quarter_hours
from energy.weather import WeatherForecast

SUMMER = datetime(2021, 6, 15, tzinfo=UTC)
PLACE = {"latitude": 50.1, "longitude": 11.6}
SOUTH = (Plane(tilt_degrees=30.0, azimuth_degrees=180.0, share=1.0),)
EAST = Plane(tilt_degrees=20.0, azimuth_degrees=90.0, share=0.5)
WEST = Plane(tilt_degrees=20.0, azimuth_degrees=270.0, share=0.5)


def plant_of(planes: tuple[Plane, ...] = SOUTH, *, kwp: float = 100.0, limit_kw: float = 100.0) -> PvPlant:
    return PvPlant(power_kwp=kwp, power_kw_limit=limit_kw, planes=planes, **PLACE)


def day_of(plant: PvPlant | WindPlant, weather: dict[str, FloatArray] | None = None) -> FloatArray:
    power = PhysicalPriors().expected_kw(plant, weather or {}, start=SUMMER, periods=96, step_s=900, known=0)
    assert power is not None
    return power


def test_clear_sky_without_weather_peaks_near_the_suns_noon_and_is_zero_at_night() -> None:
    power = day_of(plant_of())
    night = np.arange(96) * 0.25 < 2.5
    assert np.all(power[night] == 0.0)
    assert 10.5 < float(np.argmax(power)) / 4.0 < 12.0
    assert 40.0 < power.max() < 90.0


def test_more_light_never_yields_less() -> None:
    sun = np.maximum(0.0, np.sin((np.arange(96) / 4.0 - 3.0) / 16.0 * np.pi)) * 800.0
    powers = [
        day_of(plant_of(), {"ghi_w_per_m2": share * sun, "dhi_w_per_m2": 0.3 * share * sun})
        for share in (0.2, 0.5, 1.0)
    ]
    assert np.all(powers[0] <= powers[1] + 1e-9)
    assert np.all(powers[1] <= powers[2] + 1e-9)


def test_planes_add_up_below_the_inverters_limit() -> None:
    both = day_of(plant_of((EAST, WEST), limit_kw=100.0))
    single = [
        day_of(plant_of((Plane(tilt_degrees=20.0, azimuth_degrees=azimuth, share=0.5),), limit_kw=100.0))
        for azimuth in (90.0, 270.0)
    ]
    assert np.allclose(both, single[0] + single[1], rtol=0.05, atol=0.8)
    assert float(np.argmax(single[0])) < float(np.argmax(single[1]))


def test_the_inverter_clips_at_its_limit() -> None:
    free, clipped = day_of(plant_of()), day_of(plant_of(limit_kw=40.0))
    assert free.max() > 45.0
    assert clipped.max() <= 40.0 + 1e-9
    assert np.count_nonzero(clipped > 39.5) > 8


@pytest.mark.parametrize(
    "columns",
    [
        ("ghi_w_per_m2",),
        ("ghi_w_per_m2", "dhi_w_per_m2"),
        ("dni_w_per_m2", "dhi_w_per_m2"),
        ("cloud_cover_fraction",),
    ],
)
def test_every_kind_of_sky_gives_much_the_same_overcast_day(columns: tuple[str, ...]) -> None:
    sun = np.maximum(0.0, np.sin((np.arange(96) / 4.0 - 3.2) / 16.3 * np.pi)) ** 1.3
    weather = {
        "ghi_w_per_m2": 300.0 * sun,
        "dhi_w_per_m2": 280.0 * sun,
        "dni_w_per_m2": np.where(sun > 0.05, 25.0, 0.0),
        "cloud_cover_fraction": np.full(96, 0.93),
    }
    power = day_of(plant_of(), {name: weather[name] for name in columns})
    assert 130.0 < power.sum() / 4.0 < 330.0


def test_weather_that_ends_before_the_horizon_leaves_the_clear_sky_and_no_wind() -> None:
    short = {"ghi_w_per_m2": np.full(48, 100.0)}
    assert np.array_equal(day_of(plant_of(), short), day_of(plant_of()))
    gone = PhysicalPriors().expected_kw(
        WindPlant(power_kw_rated=10.0),
        {"wind_speed_10m_m_per_s": np.full(48, 5.0)},
        start=SUMMER,
        periods=96,
        step_s=900,
        known=48,
    )
    assert gone is None


def test_a_later_window_expects_the_same_of_the_same_periods() -> None:
    priors = PhysicalPriors()
    wind = np.random.default_rng(3).uniform(0.0, 15.0, 96 * 40)
    plant = WindPlant(power_kw_rated=100.0)

    def over(first: int) -> FloatArray:
        start = datetime.fromtimestamp(SUMMER.timestamp() + 900 * first, UTC)
        power = priors.expected_kw(
            plant,
            {"wind_speed_100m_m_per_s": wind[first:]},
            start=start,
            periods=wind.size - first,
            step_s=900,
            known=0,
        )
        assert power is not None
        return power

    assert np.array_equal(over(0)[500:], over(500))


def test_a_turbine_stands_below_cut_in_and_above_cut_out_and_reaches_its_rated_power() -> None:
    curve = turbine_curve("E-101/3050")
    assert curve.share[curve.wind_m_per_s < 2.0].max() == 0.0
    assert curve.share.max() == 1.0
    park = park_curve("E-101/3050")
    assert 0.8 < park.share.max() <= 0.95
    assert np.all(np.diff(park.share[park.wind_m_per_s < 11.0]) >= -1e-9)
    wind = np.tile([0.0, 1.0, 14.0, 60.0], 24)
    power = day_of(WindPlant(power_kw_rated=1000.0), {"wind_speed_100m_m_per_s": wind})[:4]
    assert power[0] == 0.0
    assert power[3] == 0.0
    assert 800.0 < power[2] <= 1000.0


def test_higher_hubs_and_colder_air_yield_more() -> None:
    wind = {"wind_speed_10m_m_per_s": np.full(96, 5.0)}
    low, high = (day_of(WindPlant(power_kw_rated=100.0, hub_height_m=hub), wind)[0] for hub in (80.0, 140.0))
    assert low < high
    warm, cold = (
        day_of(WindPlant(power_kw_rated=100.0), {**wind, "temperature_c": np.full(96, celsius)})[0]
        for celsius in (25.0, -10.0)
    )
    assert warm < cold


def test_files_own_names_become_weather() -> None:
    direct, diffuse = np.array([100.0]), np.array([50.0])
    weather = weather_of(
        {
            "radiation_direct_horizontal_de_w_per_m2": direct,
            "radiation_diffuse_horizontal_de_w_per_m2": diffuse,
            "temperature_de_c": np.array([7.0]),
            "load_forecast_mw": np.array([1.0]),
        }
    )
    assert {name: float(values[0]) for name, values in weather.items()} == {
        "dhi_w_per_m2": 50.0,
        "temperature_c": 7.0,
        "ghi_w_per_m2": 150.0,
    }


@pytest.mark.parametrize(
    ("column", "name", "value", "ours"),
    [
        ("GHI", "ghi_w_per_m2", 300.0, 300.0),
        ("shortwave_radiation_w_per_m2", "ghi_w_per_m2", 300.0, 300.0),
        ("solar_radiation_kw_per_m2", "ghi_w_per_m2", 0.3, 300.0),
        ("irradiance_w_m2", "ghi_w_per_m2", 300.0, 300.0),
        ("direct_normal_irradiance_w_per_m2", "dni_w_per_m2", 300.0, 300.0),
        ("diffuse_radiation_w_per_m2", "dhi_w_per_m2", 300.0, 300.0),
        ("t2m_k", "temperature_c", 283.15, 10.0),
        ("temp_celsius", "temperature_c", 10.0, 10.0),
        ("wind_speed_80m_km_per_h", "wind_speed_100m_m_per_s", 36.0, 10.0),
        ("windspeed_10m_m_s", "wind_speed_10m_m_per_s", 4.0, 4.0),
        ("ws100_m_per_s", "wind_speed_100m_m_per_s", 4.0, 4.0),
        ("cloud_cover_percent", "cloud_cover_fraction", 40.0, 0.4),
        ("pressure_msl_pa", "pressure_hpa", 101_300.0, 1013.0),
    ],
)
def test_weather_is_known_by_many_names_and_units(column: str, name: str, value: float, ours: float) -> None:
    assert {key: float(values[0]) for key, values in weather_of({column: np.array([value])}).items()} == {
        name: pytest.approx(ours)
    }


@pytest.mark.parametrize(
    "column",
    [
        "wind_gusts_10m_m_per_s",
        "dew_point_c",
        "soil_temperature_c",
        "cloud_cover_low_percent",
        "terrestrial_radiation_w_per_m2",
        "wind_mw",
        "pv_forecast_mw",
        "price_eur_per_mwh",
    ],
)
def test_what_is_like_weather_but_other_is_left_alone(column: str) -> None:
    assert weather_of({column: np.ones(1)}) == {}


def test_a_gap_of_one_station_leaves_the_others() -> None:
    both = weather_of(
        {"ghi_a_w_per_m2": np.array([np.nan, 200.0]), "ghi_b_w_per_m2": np.array([100.0, 400.0])}
    )
    assert both["ghi_w_per_m2"].tolist() == [100.0, 300.0]


def test_physics_is_not_imported_before_it_is_asked_for() -> None:
    text = Path(expected_module.__file__).read_text(encoding="utf-8")
    top = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert not any("photovoltaics" in line or "wind_power import" in line for line in top)


def test_an_hours_light_laid_into_its_last_minutes_of_sun_makes_no_needle() -> None:
    """On a January day the sun sets some minutes into an hour whose mean is stated as 49 W/m2."""
    day = parse_utc("2024-01-15T00:00Z")
    hours = np.zeros(24)
    hours[8:16] = [20.0, 90.0, 150.0, 190.0, 190.0, 150.0, 90.0, 49.0]
    for place in ((48.5, 11.0), (51.0, 11.0), (54.0, 11.0)):
        given = WeatherForecast(
            source="s",
            issued_at=day,
            known_at=day,
            start=day,
            step_s=3600,
            latitude=place[0],
            longitude=place[1],
            values={"ghi_w_per_m2": hours},
        )
        columns = dict(quarter_hours(given)[1])
        sun = sun_over(int(day.timestamp()), 96, 900, *place)
        power_kw = pv_power_kw(plant_of((EAST, WEST)), sun, columns, np.full(96, 1.0))
        afternoon = power_kw[14 * 4 :]
        assert np.diff(afternoon).max() <= 0.05 * power_kw.max(), afternoon.round(1)
