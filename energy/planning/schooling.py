"""Who trains for a planner: a child of its own, or where time is simulated the planner itself."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.sqlite_reader import open_reader
from energy.planning.inputs import Record
from energy.planning.model_store import ModelStore
from energy.planning.trainer_child import TrainerChild
from energy.planning.training import Training, turn_of
from energy.region.loader import load_region
from energy.region.model import Region


class Schooling(Protocol):
    """Sees to it that models are trained."""

    def begin_if_due(self, at: datetime) -> None:
        """Begin what is due on what was known at a moment."""
        ...

    def notes(self) -> tuple[str, ...]:
        """Say what people must know of it."""
        ...

    def close(self) -> None:
        """End what was begun."""
        ...


class InTurn:
    """Trains at once and here: in each night a seventh of the assets, and those that have no model."""

    def __init__(self, region: Region, *, record: Record, store: ModelStore) -> None:
        self._region = region
        self._store = store
        self._training = Training(region, record=record, store=store, unjudged_first=True)

    def begin_if_due(self, at: datetime) -> None:
        """Train; what cannot be read or written now is tried again with the next plan."""
        with suppress(StoreUnavailable, RecordBroken):
            due = turn_of(self._region, self._store, at)
            if not due:
                return
            with self._store.only_trainer():
                for asset in due:
                    self._training.run(asset, known_at=at)

    def notes(self) -> tuple[str, ...]:
        """Nothing: what went wrong with an asset stands in its record."""
        return ()

    def close(self) -> None:
        """Nothing runs between two calls."""


def open_schooling(region_name: str, folder: Path, *, digest: str, in_turn: bool) -> Schooling:
    """Put it together from the planner's own arguments."""
    region, store = load_region(region_name), ModelStore(folder)
    if in_turn:
        return InTurn(region, record=open_reader(folder), store=store)
    return TrainerChild(region, store, (region_name, str(folder), digest))
