"""The prior of a plant over a run of periods: worked out block by block, each block once.

The libraries of sun and wind are imported when the first plant is asked for: a controller that starts does
not wait a second for them.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

import numpy as np

from energy.domain import FloatArray
from energy.forecast.physical.plants import Plant, PvPlant, WindPlant, has_sunlight, has_wind

BLOCK_S = 16 * 86_400
"""Power is worked out in blocks counted from 1970, so that the same block is the same every time."""
PV_COLUMNS = (
    *("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "cloud_cover_fraction"),
    *("temperature_c", "wind_speed_10m_m_per_s"),
)
WIND_COLUMNS = ("wind_speed_100m_m_per_s", "wind_speed_10m_m_per_s", "temperature_c", "pressure_hpa")
_BLOCKS_KEPT = 4096
"""Half a year of 300 plants; a block of quarter hours takes 12 kB."""


class PhysicalPriors:
    """Works out what plants are expected to yield, and keeps each block by what it was worked out from."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Plant, int, int, bytes], FloatArray] = {}

    def expected_kw(
        self,
        plant: Plant,
        columns: Mapping[str, FloatArray],
        *,
        start: datetime,
        periods: int,
        step_s: int,
        known: int,
        needed: int | None = None,
    ) -> FloatArray | None:
        """Expect the power of each period, shape (periods,).

        Args:
            plant: what stands there.
            columns: weather by its name, from ``start`` on; what is missing at the end counts as unknown.
            start: the first period's label.
            periods: how many.
            step_s: how long each is.
            known: how many of them lie before the horizon.
            needed: up to which period the weather must reach; None asks for all of them.

        Returns:
            NaN where the weather of the past is not known. Sun falls back on the clear sky for the whole run
            where the weather does not reach over the horizon; wind gives None there.
        """
        names = PV_COLUMNS if isinstance(plant, PvPlant) else WIND_COLUMNS
        weather = {name: _fitted(columns[name], periods) for name in names if name in columns}
        if isinstance(plant, PvPlant) and not has_sunlight(weather):
            weather = {}
        if isinstance(plant, WindPlant) and not has_wind(weather):
            return None
        first_s = int(start.timestamp())
        if first_s % step_s:
            raise ValueError(f"{start.isoformat()} is not on a grid of {step_s} s")
        power = self._over(plant, weather, first_s=first_s, periods=periods, step_s=step_s)
        if np.isfinite(power[known:needed]).all():
            return power
        if isinstance(plant, WindPlant):
            return None
        return self._over(plant, {}, first_s=first_s, periods=periods, step_s=step_s)

    def _over(
        self, plant: Plant, weather: Mapping[str, FloatArray], *, first_s: int, periods: int, step_s: int
    ) -> FloatArray:
        size = BLOCK_S // step_s
        result = np.empty(periods)
        begin = 0
        while begin < periods:
            number, offset = divmod(first_s + begin * step_s, BLOCK_S)
            offset //= step_s
            end = min(periods, begin + size - offset)
            laid = {name: _laid(values[begin:end], offset, size) for name, values in weather.items()}
            result[begin:end] = self._block(plant, number, step_s, laid)[offset : offset + end - begin]
            begin = end
        return result

    def _block(self, plant: Plant, number: int, step_s: int, weather: Mapping[str, FloatArray]) -> FloatArray:
        digest = blake2b(digest_size=16)
        for name, values in weather.items():
            digest.update(name.encode())
            digest.update(values.tobytes())
        key = (plant, number, step_s, digest.digest())
        kept = self._kept.pop(key, None)
        if kept is None:
            kept = _power(plant, number, step_s, weather)
        self._kept[key] = kept
        if len(self._kept) > _BLOCKS_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept


def _power(plant: Plant, number: int, step_s: int, weather: Mapping[str, FloatArray]) -> FloatArray:
    if isinstance(plant, WindPlant):
        from energy.forecast.physical.wind_power import wind_power_kw  # noqa: PLC0415 (see above)

        return wind_power_kw(plant, weather)
    from energy.forecast.physical.photovoltaics import pv_power_kw  # noqa: PLC0415 (see above)
    from energy.forecast.physical.sun_path import sun_over  # noqa: PLC0415 (see above)

    first_s = number * BLOCK_S
    sun = sun_over(first_s, BLOCK_S // step_s, step_s, plant.latitude, plant.longitude)
    at_s = first_s + np.arange(BLOCK_S // step_s, dtype=np.int64) * step_s
    month = at_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return pv_power_kw(plant, sun, weather, month.astype(np.float64))


def _laid(values: FloatArray, offset: int, size: int) -> FloatArray:
    """Lay values into their block; NaN around them, which physics leaves NaN."""
    block = np.full(size, np.nan)
    block[offset : offset + values.size] = values
    return block


def _fitted(values: FloatArray, periods: int) -> FloatArray:
    result = np.full(periods, np.nan)
    count = min(values.size, periods)
    result[:count] = values[:count]
    return result
