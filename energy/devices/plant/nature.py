"""What nature and people do within quarter hours: means made smooth, with noise of seconds."""

from datetime import datetime
from typing import Protocol

import numpy as np

from energy.devices.plant.noise import key_of, uniforms
from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.periods import PERIOD_S, format_utc, periods_between
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_load import HeatLoad
from energy.region.history import RegionHistory, Series
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

SUBSTEP_S = 5.0
"""How finely the plant steps; the grid of sub-steps is anchored at the Unix epoch."""
NOISE_FRACTION = 0.01
"""Noise of one sub-step, uniform within plus or minus this; a quarter hour's mean moves by about 0.05 %."""


class Nature(Protocol):
    """What nobody steers, at any moment of a span: the recorded past, or a forecast in its place."""

    asset_ids: tuple[str, ...]
    """The assets that it moves, in the order of its rows."""
    start: datetime
    end: datetime

    def power_kw(self, times_s: FloatArray) -> FloatArray:
        """Give magnitudes at moments (Unix seconds, shape (n,)), shape (assets, n), never negative.

        As the history columns have them: power of loads and sources, arrivals at a hub, heat of a heat load,
        what a flexible load would draw, pumping that the water drawn asks for.
        """

    def temperature_c(self, times_s: FloatArray) -> FloatArray:
        """Give the temperature outside at moments, shape (n,); NaN where it is not known."""


def is_moved(asset: Asset) -> bool:
    """Tell whether nature moves the asset, so that a nature must have a row for it."""
    return isinstance(asset, Load | Generator | EvHub | FlexibleLoad | HeatLoad | PumpedReservoir)


def without_past(region: Region, history: RegionHistory) -> list[Fault]:
    """List the assets that a demo cannot simulate: nature moves them, and nobody says how."""
    return [
        Fault(
            file=str(region.folder / "region.yaml"),
            line=None,
            place=f"{asset.id}.history",
            value=None,
            limit="a demo cannot simulate this asset: it has no history to follow (a real plant needs none)",
            mend="name a file and a column under 'history', or leave the asset out of the demo's region",
        )
        for asset in region.assets
        if is_moved(asset) and not history.has(asset.id)
    ]


def require_past(region: Region, history: RegionHistory) -> None:
    """Refuse a region that a demo cannot simulate.

    Raises:
        BadInput: it names assets without a history.
    """
    if faults := without_past(region, history):
        raise BadInput(faults)


class RecordedNature:
    """The recorded past: each quarter hour keeps its mean.

    Noise depends on the seed, the asset and the time alone, so it does not matter who asks when. What arrives
    at a hub or a flexible load stays flat over each quarter hour, without noise: it makes cohorts. So does
    the temperature.
    """

    def __init__(self, region: Region, history: RegionHistory, *, seed: int) -> None:
        """Prepare the series of the region.

        Raises:
            BadInput: an asset has no history, or the histories have no common span.
        """
        moved = [asset for asset in region.assets if is_moved(asset)]
        self.asset_ids = tuple(asset.id for asset in moved)
        series = _series_of(region, history, self.asset_ids)
        self.start = max(one.start for one in series)
        self.end = min(one.end for one in series)
        periods = periods_between(self.start, self.end)
        if periods < 1:
            raise _bad(
                region, "history", "no common quarter hour", "the files must overlap", "extend the histories"
            )
        self.means_kw: FloatArray = np.stack([_gapless(one.window(self.start, periods)) for one in series])
        self._edges_kw, self._middles_kw = _polyline(self.means_kw)
        self._smooth = np.array([[not isinstance(asset, EvHub | FlexibleLoad)] for asset in moved])
        self._keys = np.array([[key_of(seed, asset_id)] for asset_id in self.asset_ids], dtype=np.uint64)
        self._temperature_c = np.full(periods, np.nan)
        if region.temperature is not None:
            self._temperature_c = _within(history.temperature_c(), self.start, periods)

    def temperature_c(self, times_s: FloatArray) -> FloatArray:
        """Give the quarter hour's temperature at moments, shape (n,); NaN where the region has none."""
        index = ((times_s - self.start.timestamp()) // PERIOD_S).astype(np.int64)
        return self._temperature_c[np.clip(index, 0, self._temperature_c.size - 1)]

    def power_kw(self, times_s: FloatArray) -> FloatArray:
        """Give the powers at moments (Unix seconds, shape (n,)), shape (assets, n), never negative."""
        since_s = times_s - self.start.timestamp()
        last = self.means_kw.shape[1] - 1
        index = np.clip((since_s // PERIOD_S).astype(np.int64), 0, last)
        place = 2.0 * (since_s / PERIOD_S - index)
        edges_kw, middles_kw = self._edges_kw, self._middles_kw[:, index]
        rising_kw = edges_kw[:, index] + (middles_kw - edges_kw[:, index]) * place
        falling_kw = middles_kw + (edges_kw[:, index + 1] - middles_kw) * (place - 1.0)
        smooth_kw = np.where(place < 1.0, rising_kw, falling_kw)
        ticks = (times_s // SUBSTEP_S).astype(np.uint64)
        noise = 1.0 + NOISE_FRACTION * uniforms(self._keys + ticks[None, :])
        power_kw: FloatArray = np.where(self._smooth, smooth_kw * noise, self.means_kw[:, index])
        return np.maximum(power_kw, 0.0)


def require_inside(region: Region, nature: Nature, moment: datetime) -> None:
    """Refuse a moment that a nature does not reach.

    Raises:
        BadInput: it lies before its start or after its end.
    """
    if not nature.start <= moment <= nature.end:
        span = f"the history reaches from {format_utc(nature.start)} to {format_utc(nature.end)}"
        raise _bad(region, "time", format_utc(moment), span, "choose a moment inside it")


def _series_of(region: Region, history: RegionHistory, asset_ids: tuple[str, ...]) -> list[Series]:
    series: list[Series] = []
    faults: list[Fault] = []
    for asset_id in asset_ids:
        try:
            series.append(history.magnitude_kw(asset_id))
        except BadInput as error:
            faults.extend(error.faults)
    if faults:
        raise BadInput(faults)
    if not series:
        raise _bad(region, "assets", "none that moves", "a plant needs a load or a source", "add one")
    return series


def _within(series: Series, start: datetime, periods: int) -> FloatArray:
    """Give a series over a span; what it does not cover or misses is bridged from its nearest values."""
    first = periods_between(series.start, start)
    known = np.flatnonzero(np.isfinite(series.values))
    if not known.size:
        return np.full(periods, np.nan)
    return np.interp(np.arange(first, first + periods), known, series.values[known])


def _gapless(values_kw: FloatArray) -> FloatArray:
    """Bridge missing quarter hours by straight lines; a plant has to do something there."""
    known = np.isfinite(values_kw)
    if known.all() or not known.any():
        return np.nan_to_num(values_kw, nan=0.0)
    where = np.arange(values_kw.size)
    return np.interp(where, where[known], values_kw[known])


def _polyline(means_kw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the values at the edges (n + 1 of them) and in the middle of each quarter hour.

    Straight lines between them are continuous, keep each quarter hour's mean exactly and never fall below 0,
    because an edge is at most twice the mean beside it.
    """
    before = np.concatenate([means_kw[:, :1], means_kw], axis=1)
    after = np.concatenate([means_kw, means_kw[:, -1:]], axis=1)
    edges_kw = np.minimum(0.5 * (before + after), 2.0 * np.minimum(before, after))
    middles_kw = 2.0 * means_kw - 0.5 * (edges_kw[:, :-1] + edges_kw[:, 1:])
    return edges_kw, middles_kw


def _bad(region: Region, place: str, value: object, limit: str, mend: str) -> BadInput:
    file = str(region.folder / "region.yaml")
    return BadInput([Fault(file=file, line=None, place=place, value=value, limit=limit, mend=mend)])
