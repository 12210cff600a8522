"""TRAINING: a night of many assets with two years of history, judged and kept, and the memory it takes."""

import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from energy.planning.model_store import ModelStore
from energy.planning.past import TRAINING_WINDOW, expected_assets
from energy.planning.training import Training
from energy.region.loader import load_region
from tests.benchmarks.figure import Figure, Say, figure_of
from tests.planning.invented_years import InventedRecord, day

ASSETS = 60
KB = 1_000.0


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    say(f"nights: {ASSETS} assets, two years")
    yield from night_figures(assets=ASSETS)


def night_figures(*, assets: int) -> Iterator[Figure]:
    """Train the shipped assets in turn, night after night, until so many had their turn; processor time."""
    region = load_region("musterstadt")
    at = day(TRAINING_WINDOW.days)
    shipped = expected_assets(region)
    taken_s: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        training = Training(region, record=InventedRecord(), store=ModelStore(Path(folder)))
        for number in range(assets):
            night = at + timedelta(days=number // len(shipped))
            began_s = time.process_time()
            training.run(shipped[number % len(shipped)], known_at=night)
            taken_s.append(time.process_time() - began_s)
    yield figure_of(
        taken_s,
        name="nights.train_s_per_asset",
        unit="processor s",
        against=f"absolute: {TRAINING_WINDOW.days} days, candidate, judgement and final fit",
    )
    yield figure_of(
        [sum(taken_s) * ASSETS / assets],
        name=f"nights.train_s.{ASSETS}",
        unit="processor s",
        against=f"absolute: {ASSETS} assets on one core; wanted at most 600",
    )
    yield figure_of(
        [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB],
        name="nights.peak_mb",
        unit="MB",
        against="absolute: the whole process; wanted at most 2000",
    )
