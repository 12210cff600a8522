"""Everything that a forecast of an asset stands on, as it was known at a moment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from energy.forecast.marks.fault import Marks
from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.series import History
from energy.planning.marked import marked
from energy.planning.past import WINDOW, Expected, Past, series_spec
from energy.planning.prior import prior_of
from energy.planning.weather_columns import WeatherColumns
from energy.ports import MeansSource, WeatherSource
from energy.region.model import Region


class Record(MeansSource, WeatherSource, Protocol):
    """The record as forecasts see it: what was measured, and what was known ahead of the weather."""


class Inputs:
    """Puts together an asset's past and what is known ahead of it: the one way to a ``History``.

    Planning, training, backtests on the record and the evaluation all take their histories here, so that a
    model is asked with what it learned from.
    """

    def __init__(self, region: Region, record: Record) -> None:
        self._region = region
        self._past = Past(region, record)
        self._priors = PhysicalPriors()
        self._marks: dict[str, Marks] = {}
        self.weather = WeatherColumns(region, record)

    def history(self, asset: Expected, *, known_at: datetime, window: timedelta = WINDOW) -> History:
        """Give what was known of an asset at a moment, as far back as ``window``."""
        history = self._past.history(asset, known_at=known_at, window=window)
        history, self._marks[asset.id] = marked(asset, series_spec(self._region, asset), history)
        return self._with_what_is_known_ahead(asset, history, known_at=known_at)

    def measured(self, asset: Expected, *, known_at: datetime) -> History:
        """Give the same with whatever was measured in it: for who judges at gates of the past."""
        history = self._past.history(asset, known_at=known_at)
        return self._with_what_is_known_ahead(asset, history, known_at=known_at)

    def _with_what_is_known_ahead(self, asset: Expected, history: History, *, known_at: datetime) -> History:
        """Put the weather to a past, and what physics or a profile makes of it."""
        columns = self.weather.columns(asset, start=history.start, known_at=known_at)
        history = replace(history, known_ahead={**history.known_ahead, **columns})
        return replace(history, prior=prior_of(self._region, asset, history, priors=self._priors))

    @property
    def marks(self) -> Mapping[str, Marks]:
        """What was found in each asset's past when it was last asked for."""
        return self._marks

    def temperature(self, *, known_at: datetime) -> History | None:
        """Give the measured temperature outside; None where nothing depends on it."""
        return self._past.temperature(self._region, known_at=known_at)
