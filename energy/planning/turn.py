"""Training where there is no folder to keep models in: after a plan, in this process, judged by nobody.

An evaluation simulates weeks from a common start: no model is old enough there to be compared with.
"""

from contextlib import suppress
from datetime import date, datetime

from energy.errors import StoreUnavailable
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import train
from energy.planning.inputs import Inputs, Record
from energy.planning.models_at_hand import LearnedHere
from energy.planning.past import expected_assets, series_spec
from energy.planning.training import TURN_DAYS
from energy.region.model import Region


class TurnTraining:
    """Trains once a local day: an asset without a model at once, the others in turn, each once a week."""

    def __init__(self, region: Region, *, record: Record, learned: LearnedHere) -> None:
        self._region = region
        self._inputs = Inputs(region, record)
        self._learned = learned
        self._trained_on: date | None = None

    def train_if_due(self, at: datetime) -> None:
        """Train on what was known at a moment, unless this local day has had its turn."""
        today = at.astimezone(self._region.zone).date()
        if today == self._trained_on:
            return
        self._trained_on = today
        turn = today.toordinal() % TURN_DAYS
        for index, asset in enumerate(expected_assets(self._region)):
            if asset.id in self._learned.models and index % TURN_DAYS != turn:
                continue
            with suppress(StoreUnavailable):
                history = self._inputs.history(asset, known_at=at)
                model = train(series_spec(self._region, asset), history, at, effort=LIVE)
                if model is not None:
                    self._learned.keep(model)
