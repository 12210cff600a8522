"""What physics says of a file's series: its prior, from the weather columns that are known ahead."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from energy.domain import FloatArray
from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.physical.plants import USUAL_PLANES, Plane, Plant, PvPlant, WindPlant
from energy.forecast.physical.weather_names import weather_of
from energy.forecast.series import History, Prior, SeriesSpec

SCALE_DAYS = 7
"""Where no capacity is given, the first days of the file say how large the plant is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How the modules stand, in degrees; None takes the usual mix."""

    tilt_degrees: float | None = None
    azimuth_degrees: float | None = None

    @property
    def planes(self) -> tuple[Plane, ...]:
        """One plane where either angle is given (30 degrees, south), else the usual mix."""
        if self.tilt_degrees is None and self.azimuth_degrees is None:
            return USUAL_PLANES
        tilt = 30.0 if self.tilt_degrees is None else self.tilt_degrees
        azimuth = 180.0 if self.azimuth_degrees is None else self.azimuth_degrees
        return (Plane(tilt_degrees=tilt, azimuth_degrees=azimuth, share=1.0),)


def with_prior(history: History, spec: SeriesSpec, geometry: Geometry) -> History:
    """Put the prior to a history that holds the whole file; as it is where physics has nothing to say.

    It is a share of the installed power, from the weather alone: ``sized`` turns it into power at each gate.
    """
    plant = _plant(spec, geometry)
    if plant is None:
        return history
    weather = weather_of(history.known_ahead)
    share = _share(plant, weather, history)
    if share is None:
        return history
    return replace(history, prior=Prior(name="physical", expected=share))


def sized(seen: History) -> History:
    """Turn the prior of what is known at a gate into power, by the capacity known there and no later one.

    A profile already has its power from the year's energy that was stated.
    """
    if seen.prior is None or seen.prior.name != "physical":
        return seen
    share = seen.prior.expected
    return replace(seen, prior=replace(seen.prior, expected=share * _size(seen, share)))


def _plant(spec: SeriesSpec, geometry: Geometry) -> Plant | None:
    if spec.kind == "pv":
        latitude, longitude = spec.location
        return PvPlant(
            power_kwp=1.0,
            power_kw_limit=1.0,
            planes=geometry.planes,
            latitude=latitude,
            longitude=longitude,
        )
    return WindPlant(power_kw_rated=1.0) if spec.kind == "wind" else None


def _share(plant: Plant, weather: Mapping[str, FloatArray], history: History) -> FloatArray | None:
    """Expected power as a share of the installed one; of a clear sky where no weather tells of it."""
    periods = history.value.size
    return PhysicalPriors().expected_kw(
        plant, weather, start=history.start, periods=periods, step_s=history.step_s, known=periods
    )


def _size(history: History, share: FloatArray) -> FloatArray:
    """Installed power by period, the last known one carried on; without one, what fits the first days."""
    if history.capacity is not None:
        known = np.isfinite(history.capacity) & (history.capacity > 0.0)
        if known.any():
            last = np.maximum.accumulate(np.where(known, np.arange(known.size), -1))
            by_period = history.capacity[np.where(last < 0, int(np.argmax(known)), last)]
            return np.concatenate([by_period, np.full(share.size - by_period.size, by_period[-1])])
    first = slice(0, min(SCALE_DAYS * 86_400 // history.step_s, history.value.size))
    both = np.isfinite(history.value[first]) & np.isfinite(share[first])
    measured, expected = history.value[first][both].sum(), share[first][both].sum()
    scale = float(measured / expected) if expected > 0.0 and measured > 0.0 else 1.0
    return np.full(share.size, scale)
