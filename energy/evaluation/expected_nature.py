"""Nature as it is expected: flat over each quarter hour. A copy of the plant runs over a forecast with it."""

import numpy as np

from energy.devices.plant.nature import is_moved
from energy.domain import FloatArray
from energy.evaluation.nominations import Outlook
from energy.periods import PERIOD, PERIOD_S
from energy.region.model import Region


class ExpectedNature:
    """Implements ``plant.nature.Nature`` over a forecast's medians."""

    def __init__(self, region: Region, outlook: Outlook) -> None:
        self.asset_ids = tuple(asset.id for asset in region.assets if is_moved(asset))
        self.start = outlook.start
        self._means_kw = np.stack([np.abs(outlook.expected_kw[one]) for one in self.asset_ids])
        self.end = outlook.start + self._means_kw.shape[1] * PERIOD
        self._temperature_c = outlook.temperature_c

    def power_kw(self, times_s: FloatArray) -> FloatArray:
        """Give the expected magnitudes at moments (Unix seconds, shape (n,)), shape (assets, n)."""
        return self._means_kw[:, self._index(times_s)]

    def temperature_c(self, times_s: FloatArray) -> FloatArray:
        """Give the expected temperature at moments, shape (n,); NaN where none is expected."""
        if self._temperature_c is None:
            return np.full(times_s.shape, np.nan)
        return self._temperature_c[self._index(times_s)]

    def _index(self, times_s: FloatArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        index = ((times_s - self.start.timestamp()) // PERIOD_S).astype(np.int64)
        return np.clip(index, 0, self._means_kw.shape[1] - 1)
