"""A night's training as a whole: which assets, from which record, into which store."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.sqlite_reader import open_reader
from energy.periods import parse_utc
from energy.planning.model_store import ModelStore
from energy.planning.past import Expected
from energy.planning.training import Training, due_assets
from energy.region.loader import load_region
from energy.region.model import Region

Told = Callable[[int, int], None]
"""Told the assets done and in all."""


def train_due(region_name: str, folder: Path, *, digest: str, known_at: str) -> int:
    """Train what is due at a moment; gives the exit code: 0, or 1 where the night ended early."""
    region = load_region(region_name)
    if region.digest != digest:
        return 1
    at = parse_utc(known_at)
    try:
        train_assets(region, folder, due_assets(region, ModelStore(folder), at), known_at=at)
    except (StoreUnavailable, RecordBroken) as error:
        # the record cannot be read, or the disk is full: the old models stay
        sys.stderr.write(f"the night's training ended early: {error}\n")
        return 1
    return 0


def train_assets(
    region: Region, folder: Path, assets: Sequence[Expected], *, known_at: datetime, told: Told | None = None
) -> None:
    """Train some assets, one after the other, as the only trainer of a data folder.

    Raises:
        StoreUnavailable: another training runs, the record cannot be read, or the disk is full.
        RecordBroken: the record is damaged.
    """
    store = ModelStore(folder)
    with store.only_trainer(), open_reader(folder) as record:
        training = Training(region, record=record, store=store)
        for number, asset in enumerate(assets):
            training.run(asset, known_at=known_at)
            if told is not None:
                told(number + 1, len(assets))
